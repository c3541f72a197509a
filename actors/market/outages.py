"""The record of what could not be trusted: one hole for every time that a channel left `live`.

Trades keep their own holes, because what was missed of them can be fetched back.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from msgspec.structs import replace

from actors.market.events import State
from actors.market.quality import Stream
from actors.market.reports import Hole

_Mark: TypeAlias = tuple[str, str, str]  # (symbol, channel, connection)


class Outages:
    """`observe` every change of a stream's state; `drain` the holes that began or ended."""

    KEPT = 200

    def __init__(self, exchange: str, market: str) -> None:
        self._exchange = exchange
        self._market = market
        self._open: dict[_Mark, Hole] = {}
        self._closed: deque[Hole] = deque(maxlen=self.KEPT)
        self._changed: dict[_Mark, list[Hole]] = {}

    def observe(self, stream: Stream, before: State) -> None:
        """A stream's state changed."""
        mark = (stream.symbol, stream.channel, stream.connection)
        if stream.state == "live":
            self._close(mark, stream.since_ns)
        elif before == "live" and stream.state in ("stale", "gapped"):
            self._open[mark] = self._hole(stream)
            self._tell(mark, self._open[mark])

    def leave(self, symbol: str, channel: str, connection: str, now_ns: int) -> None:
        """A channel is no longer followed: from now on nothing is missed of it."""
        self._close((symbol, channel, connection), now_ns)

    def inherit(self, symbol: str, channel: str, before: str, connection: str) -> None:
        """A channel goes over from one connection to another: what is missing of it is still missing."""
        mark, heir = (symbol, channel, before), (symbol, channel, connection)
        if mark in self._open:
            self._open[heir] = self._open.pop(mark)
        if mark in self._changed:
            self._changed[heir] = self._changed.pop(mark) + self._changed.pop(heir, [])

    def remove(self, symbol: str) -> None:
        """An instrument is gone, and with it what was open of it."""
        for holes in (self._open, self._changed):
            for mark in [mark for mark in holes if mark[0] == symbol]:
                del holes[mark]

    def drain(self) -> list[Hole]:
        """What began or ended since the last call."""
        changed = [hole for holes in self._changed.values() for hole in holes]
        self._changed.clear()
        return changed

    def everything(self) -> list[Hole]:
        """What is open, after the newest of what ended."""
        return [*self._closed, *self._open.values()]

    def _close(self, mark: _Mark, now_ns: int) -> None:
        hole = self._open.pop(mark, None)
        if hole is not None:
            closed = replace(hole, to_ns=max(now_ns, hole.from_ns))
            self._closed.append(closed)
            self._tell(mark, closed)

    def _tell(self, mark: _Mark, hole: Hole) -> None:
        """A reader needs the newest of each hole, and no more of one channel than are kept of all."""
        holes = self._changed.setdefault(mark, [])
        if holes and holes[-1].from_ns == hole.from_ns:
            holes.pop()
        holes.append(hole)
        del holes[: -self.KEPT]

    def _hole(self, stream: Stream) -> Hole:
        gap = stream.gap if stream.state == "gapped" else None
        cause = gap.cause if gap is not None else "disconnected" if stream.dead else "silent"
        return Hole(
            exchange=self._exchange,
            market=self._market,
            symbol=stream.symbol,
            channel=stream.channel,
            from_ns=max(stream.rhythm.last_ns, stream.carried_ns) or stream.since_ns,
            to_ns=None,
            cause=cause,
            reason=stream.reason,
            missed=gap.missed if gap is not None else None,
        )
