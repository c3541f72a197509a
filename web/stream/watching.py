"""Order books are followed at the exchange while somebody subscribes to them: short leases, often renewed."""

from __future__ import annotations

from collections.abc import Iterable

from actors.runtime.errors import NotOffered, NotWatchable, TooManyBooks
from web.site import Site
from web.stream.ladder import depth_needed
from web.stream.options import Options
from web.stream.selection import Rejected
from web.stream.selectors import split_key

LEASE_S = 20.0
RENEW_S = 8.0


class Watching:
    """Counts who wants which book how deep. What cannot be followed now is tried again with each renewal."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._wanted: dict[tuple[str, int], int] = {}
        self.refused: dict[str, Rejected] = {}

    def __len__(self) -> int:
        return len(self._wanted)

    def open(self, options: Options, keys: Iterable[str]) -> None:
        """One more wants these books."""
        depth = depth_needed(options.depth, options.grouping)
        for key in keys:
            self._wanted[key, depth] = self._wanted.get((key, depth), 0) + 1
            self._watch(key, depth)

    def close(self, options: Options, keys: Iterable[str]) -> None:
        """One less wants them; the leases of the last one end by themselves."""
        depth = depth_needed(options.depth, options.grouping)
        for key in keys:
            left = self._wanted.get((key, depth), 0) - 1
            if left > 0:
                self._wanted[key, depth] = left
            else:
                self._wanted.pop((key, depth), None)
                self.refused.pop(key, None)
        if not self._wanted:
            self._wanted.clear()  # only this gives its memory back

    def renew(self) -> None:
        """Prolong all leases."""
        for key, depth in list(self._wanted):
            self._watch(key, depth)

    def _watch(self, key: str, depth: int) -> None:
        exchange, (market, symbol) = split_key(key)
        try:
            self._site.control.watch(exchange, market, symbol, depth, LEASE_S)
        except NotWatchable as error:
            self.refused[key] = Rejected(key, _code(error), str(error), [])
        else:
            self.refused.pop(key, None)


def _code(error: NotWatchable) -> str:
    if isinstance(error, TooManyBooks):
        return "limit_exceeded"
    return "not_offered" if isinstance(error, NotOffered) else "unknown_symbol"
