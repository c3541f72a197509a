"""PURE: which REST requests are due, within the weight that the exchange allows."""

from __future__ import annotations

from collections.abc import Iterable

from actors.exchanges.base import Fetch
from actors.market.rhythm import NS_PER_S

RETRY_AFTER_S = 30.0


class Budget:
    """The request weight of one market, shared by its connections. It refills evenly; ten seconds' worth may
    be spent at once."""

    BURST_S = 10.0

    def __init__(self, weight_per_min: float) -> None:
        self._weight_per_s = weight_per_min / 60
        self._free_at_ns = 0

    def spend(self, weight: float, now_ns: int) -> bool:
        """Take `weight`; `False` when there is none left now."""
        if self._free_at_ns > now_ns + self.BURST_S * NS_PER_S:
            return False
        cost_ns = int(weight / self._weight_per_s * NS_PER_S)
        self._free_at_ns = max(self._free_at_ns, now_ns) + cost_ns
        return True

    def rest(self, patience_s: float, now_ns: int) -> None:
        """Spend nothing for a while: the exchange asked for it."""
        self._free_at_ns = max(self._free_at_ns, now_ns + int((patience_s + self.BURST_S) * NS_PER_S))


class Agenda:
    """The requests of one connection's life, each due at its time."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._due_ns: dict[Fetch, int] = {}

    def ask(self, fetches: Iterable[Fetch], now_ns: int) -> None:
        """Put requests on the agenda; one that is there already keeps its time."""
        for fetch in fetches:
            self._due_ns.setdefault(fetch, now_ns)

    def retain(self, symbols: Iterable[str]) -> None:
        """Forget the requests for all other symbols."""
        kept = {"", *symbols}
        self._due_ns = {fetch: due for fetch, due in self._due_ns.items() if fetch.symbol in kept}

    def next(self, now_ns: int) -> Fetch | None:
        """The request to send now, if one is due and can be afforded."""
        if not self._due_ns:
            return None
        fetch = min(self._due_ns, key=self._due_ns.__getitem__)
        if self._due_ns[fetch] > now_ns or not self._budget.spend(fetch.weight, now_ns):
            return None
        return fetch

    def answered(self, fetch: Fetch, now_ns: int) -> None:
        """It was answered: ask again when it repeats."""
        if fetch.every_s is None:
            self._due_ns.pop(fetch, None)
        elif fetch in self._due_ns:
            self._due_ns[fetch] = now_ns + int(fetch.every_s * NS_PER_S)

    def failed(self, fetch: Fetch, retry_after_s: float | None, now_ns: int) -> None:
        """It failed: later, and if the exchange asked for patience, everything later."""
        if retry_after_s is not None:
            self._budget.rest(retry_after_s, now_ns)
        if fetch in self._due_ns:
            self._due_ns[fetch] = now_ns + int(RETRY_AFTER_S * NS_PER_S)
