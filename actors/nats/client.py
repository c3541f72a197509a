"""The client of nats-py, and the two things in which it must not be trusted. The only file that uses private
names of its: `_process_info` and `_flush_pending` (2.16)."""

from __future__ import annotations

import asyncio
from typing import Any

from nats.aio.client import Client
from nats.errors import SecureConnWantedError


class CarefulClient(Client):
    """`demands_tls`: no word is said to a server without TLS. The client itself would go on in plain text,
    password and all, when a server, or whoever stands before it, says that it has none."""

    def __init__(self, *, demands_tls: bool) -> None:
        super().__init__()
        self._demands_tls = demands_tls

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if initial_connection and self._demands_tls:
            if not (info.get("tls_required") or info.get("tls_available")):
                raise SecureConnWantedError
            info["tls_required"] = True
        await super()._process_info(info, initial_connection)

    async def settle(self, timeout_s: float) -> None:
        """Wait until the server has dealt with all that was said. Raises `TimeoutError`.

        `flush` alone does not tell: its PING goes straight to the socket and overtakes what is still in the
        client's buffer. So that is emptied first.
        """
        await asyncio.wait_for(self._flush_pending(force_flush=True), timeout_s)
        await self.flush(timeout_s)  # type: ignore[arg-type]
