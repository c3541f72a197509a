"""A server that says where it listens as soon as it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio
from quart_trio import QuartTrio

from actors.runtime.settings import WebSettings


async def announced(
    serve: Callable[..., Awaitable[None]],
    app: QuartTrio,
    settings: WebSettings,
    stop: trio.Event,
    shutdown_grace_s: float,
    announce: Callable[[Sequence[tuple[str, int]]], None],
) -> None:
    """Serve until `stop`; `announce` is told the addresses."""
    async with trio.open_nursery() as nursery:
        server = partial(serve, shutdown_grace_s=shutdown_grace_s)
        announce(await nursery.start(server, app, settings, stop))
