"""PURE: which REST requests are due, within the weight that the exchange allows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from msgspec import Struct

from actors.exchanges.base import Fetch
from actors.market.rhythm import NS_PER_S

URGENT, ORDINARY, LAST = 0, 1, 2


class Budget:
    """The request weight of one market, shared by its connections. It refills evenly; ten seconds' worth may
    be spent at once, but not all of it by what can wait: an urgent request always finds something left."""

    BURST_S = 10.0
    SHARES = (1.0, 0.8, 0.5)

    def __init__(self, weight_per_min: float) -> None:
        self._weight_per_s = weight_per_min / 60
        self._free_at_ns = 0

    def spend(self, weight: float, now_ns: int, rank: int = URGENT) -> bool:
        """Take `weight`; `False` when there is none left now for what ranks so."""
        if self._free_at_ns > now_ns + self.BURST_S * self.SHARES[rank] * NS_PER_S:
            return False
        cost_ns = int(weight / self._weight_per_s * NS_PER_S)
        self._free_at_ns = max(self._free_at_ns, now_ns) + cost_ns
        return True

    def rest(self, patience_s: float, now_ns: int) -> None:
        """Spend nothing for a while: the exchange asked for it."""
        self._free_at_ns = max(self._free_at_ns, now_ns + int((patience_s + self.BURST_S) * NS_PER_S))


class _Entry(Struct):
    """When a request is due. `order` tells apart what is due at the same time; `again` says that it was asked
    for while it was under way."""

    rank: int
    due_ns: int
    order: int
    again: bool


class Agenda:
    """The requests of one connection's life, each due at its time.

    A few are under way at once, so that one slow answer holds nothing up, and never the same one twice: one
    that is asked for while it is under way is sent again when it is answered.
    """

    AT_ONCE = 4
    AT_ONCE_UNLESS_URGENT = 3

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._entries: dict[Fetch, _Entry] = {}
        self._under_way: set[Fetch] = set()
        self._orders = count()

    def ask(self, fetches: Iterable[Fetch], now_ns: int, *, last: bool = False) -> None:
        """Put requests on the agenda, `last` ones behind all others; one that is there keeps its time."""
        for fetch in fetches:
            entry, under_way = self._entries.get(fetch), fetch in self._under_way
            if entry is None:
                rank = URGENT if fetch.urgent else LAST if last else ORDINARY
                self._entries[fetch] = _Entry(rank, now_ns, next(self._orders), under_way)
            elif under_way and fetch.every_s is None:
                entry.again = True

    def take_over(self, earlier: Agenda, now_ns: int) -> None:
        """Ask what another connection left unanswered. What its books need concerns its own books only."""
        for fetch, entry in earlier._entries.items():
            if fetch.every_s is None and entry.rank != URGENT:
                self.ask([fetch], now_ns, last=entry.rank == LAST)

    def retain(self, symbols: Iterable[str], books: Iterable[str]) -> None:
        """Forget the requests for all other symbols, and the urgent ones for all other books."""
        kept, kept_urgent = {"", *symbols}, {"", *books}
        self._entries = {
            fetch: entry
            for fetch, entry in self._entries.items()
            if fetch.symbol in (kept_urgent if fetch.urgent else kept)
        }

    def next(self, now_ns: int) -> Fetch | None:
        """The request to send now, if one is due and can be afforded. It is then under way."""
        if not self._entries or len(self._under_way) >= self.AT_ONCE:
            return None
        due = (each for each in self._entries.items() if each[1].due_ns <= now_ns)
        waiting = ((e.rank, e.due_ns, e.order, fetch) for fetch, e in due if fetch not in self._under_way)
        rank, _, _, fetch = min(waiting, default=(LAST, 0, 0, None))
        if fetch is None or (rank != URGENT and len(self._under_way) >= self.AT_ONCE_UNLESS_URGENT):
            return None
        if not self._budget.spend(fetch.weight, now_ns, rank):
            return None
        self._under_way.add(fetch)
        return fetch

    def answered(self, fetch: Fetch, now_ns: int) -> None:
        """It was answered: ask again when it repeats, or was asked for meanwhile."""
        self._under_way.discard(fetch)
        entry = self._entries.get(fetch)
        if entry is not None and fetch.every_s is None and not entry.again:
            del self._entries[fetch]
        elif entry is not None:
            self._postpone(entry, 0.0 if entry.again else fetch.every_s or 0.0, now_ns)

    def failed(self, fetch: Fetch, retry_after_s: float | None, now_ns: int) -> None:
        """It failed: later, and if the exchange asked for patience, everything later."""
        self._under_way.discard(fetch)
        if retry_after_s is not None:
            self._budget.rest(retry_after_s, now_ns)
        if (entry := self._entries.get(fetch)) is not None:
            self._postpone(entry, fetch.retry_s, now_ns)

    def _postpone(self, entry: _Entry, delay_s: float, now_ns: int) -> None:
        entry.again = False
        entry.due_ns, entry.order = now_ns + int(delay_s * NS_PER_S), next(self._orders)
