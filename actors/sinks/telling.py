"""The state of a sink in the log: a line when it changes, or gets its reason; none for each attempt."""

from __future__ import annotations

import logging

from actors.market.sinkstatus import SinkStatus

_GOOD = {"ok", "catching_up"}
_logger = logging.getLogger("tickwell.persist")


class Teller:
    """`tell` after every fact that changed. Trouble is a warning, and tells why."""

    def __init__(self, status: SinkStatus) -> None:
        self._status = status
        self._told: tuple[str, bool] = ("starting", False)

    def tell(self, now_ns: int) -> None:
        """Find the state anew, and tell it if it is another one than was told last."""
        status = self._status
        status.settle(now_ns)
        trouble = status.trouble
        state = (status.state, trouble is not None)
        if state == self._told or (state, self._told[0]) == (("down", False), "starting"):
            return
        (before, _), self._told = self._told, state
        words = "sink %s: %s (was %s), %d rows wait on disk%s"
        reason = "" if trouble is None else f": {trouble}"
        level = self._level(before, trouble)
        _logger.log(level, words, status.name, status.state, before, status.outbox_rows, reason)

    def _level(self, before: str, trouble: str | None) -> int:
        if trouble is not None:
            return logging.WARNING
        is_quiet = {before, self._status.state} <= _GOOD or before == "starting"
        return logging.DEBUG if is_quiet else logging.INFO
