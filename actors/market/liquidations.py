"""The newest liquidations of one market, each once."""

from __future__ import annotations

from collections import Counter, deque

from actors.market.events import Liquidation


class Liquidations:
    """Two connections that overlap tell the same: what equals one of the newest is the same.

    By symbol, `duplicates` counts those, and `untold` what nobody drained in time.
    """

    KEPT = 1000

    def __init__(self) -> None:
        self._newest: deque[Liquidation] = deque(maxlen=self.KEPT)
        self._known: set[tuple[str, int, str, float, float]] = set()
        self._new: deque[Liquidation] = deque(maxlen=self.KEPT)
        self.duplicates: Counter[str] = Counter()
        self.untold: Counter[str] = Counter()

    def take(self, event: Liquidation) -> None:
        """Take one, unless it is known."""
        mark = _mark(event)
        if mark in self._known:
            self.duplicates[event.symbol] += 1
            return
        if len(self._newest) == self.KEPT:
            self._known.discard(_mark(self._newest[0]))
        self._known.add(mark)
        self._newest.append(event)
        if len(self._new) == self.KEPT:
            self.untold[self._new[0].symbol] += 1
        self._new.append(event)

    def drain(self) -> dict[str, list[Liquidation]]:
        """Those since the last call, by symbol."""
        new = by_symbol(self._new)
        self._new.clear()
        return new

    def everything(self) -> dict[str, list[Liquidation]]:
        """Those that are kept, by symbol."""
        return by_symbol(self._newest)


def by_symbol(events: deque[Liquidation]) -> dict[str, list[Liquidation]]:
    """Group, in order."""
    grouped: dict[str, list[Liquidation]] = {}
    for event in events:
        grouped.setdefault(event.symbol, []).append(event)
    return grouped


def _mark(event: Liquidation) -> tuple[str, int, str, float, float]:
    return event.symbol, event.ts_event, event.side, event.price, event.size
