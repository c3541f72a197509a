"""Which order books are wanted of one market, how deep, and until when.

A book costs its exchange's attention and our processor, so it is subscribed only while somebody wants it:
the settings (`stand`, for good), a reader over REST (`want`, a lease that each reading renews), or a socket
(`hold` and `release`, after which it stays for a grace time, because readers come back).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from actors.market.rhythm import NS_PER_S
from actors.runtime.errors import TooManyBooks

DEPTH_MAX = 200
FOREVER_NS = float("inf")


class _Wish(Struct):
    """Somebody wants a book at one depth: so many hold it, and it is leased until then."""

    until_ns: float = 0.0
    holders: int = 0

    def ends_ns(self) -> float:
        return FOREVER_NS if self.holders else self.until_ns


class Demand:
    """Counts who wants which book. `books_max` bounds how many symbols' books are wanted at once."""

    def __init__(self, grace_s: float = 60.0, books_max: int = 200) -> None:
        self._grace_ns = int(grace_s * NS_PER_S)
        self.books_max = books_max
        self._standing: dict[str, int] = {}
        self._wishes: dict[str, dict[int, _Wish]] = {}
        self._wanted: dict[str, int] = {}
        self._good_until_ns = 0.0  # until then `_wanted` need not be reckoned anew

    def stand(self, symbols: Iterable[str], depth: int) -> tuple[str, ...]:
        """Set the books that are wanted for good. Returns those for which there is no room."""
        asked = list(dict.fromkeys(symbols))
        self._standing = dict.fromkeys(asked[: self.books_max], depth)
        self._good_until_ns = 0.0
        return tuple(asked[self.books_max :])

    def want(self, symbol: str, depth: int, until_ns: int | None, now_ns: int) -> None:
        """Lease a book until then, or for the grace time. Raises `TooManyBooks`, or `ValueError`."""
        wish = self._wish(symbol, depth, now_ns)
        wish.until_ns = max(wish.until_ns, now_ns + self._grace_ns if until_ns is None else until_ns)
        self._good_until_ns = 0.0

    def hold(self, symbol: str, depth: int, now_ns: int) -> None:
        """Want a book until it is released as often. Raises `TooManyBooks`, or `ValueError`."""
        self._wish(symbol, depth, now_ns).holders += 1
        self._good_until_ns = 0.0

    def release(self, symbol: str, depth: int, now_ns: int) -> None:
        """One holder less. After the last one the book is still wanted for the grace time."""
        wish = self._wishes.get(symbol, {}).get(depth)
        if wish is not None and wish.holders:
            wish.holders -= 1
            wish.until_ns = max(wish.until_ns, now_ns + self._grace_ns)
            self._good_until_ns = 0.0

    def retain(self, symbols: Iterable[str]) -> None:
        """Forget the books of all other symbols: they are no longer followed."""
        kept = set(symbols)
        self._standing = {symbol: depth for symbol, depth in self._standing.items() if symbol in kept}
        self._wishes = {symbol: wishes for symbol, wishes in self._wishes.items() if symbol in kept}
        self._good_until_ns = 0.0

    def wanted(self, now_ns: int) -> dict[str, int]:
        """The books that are wanted now, each as deep as the deepest wish.

        The same object until something changes: comparing is cheap, and changing it is forbidden.
        """
        if now_ns >= self._good_until_ns:
            self._reckon(now_ns)
        return self._wanted

    def _wish(self, symbol: str, depth: int, now_ns: int) -> _Wish:
        if not 1 <= depth <= DEPTH_MAX:
            raise ValueError(f"a book has 1 to {DEPTH_MAX} levels, not {depth}")
        wanted = self.wanted(now_ns)
        if symbol not in wanted and len(wanted) >= self.books_max:
            raise TooManyBooks(f"{self.books_max} order books are watched already; try again later")
        return self._wishes.setdefault(symbol, {}).setdefault(depth, _Wish())

    def _reckon(self, now_ns: int) -> None:
        self._drop_ended(now_ns)
        wanted = {symbol: max(wishes) for symbol, wishes in self._wishes.items()}
        for symbol, depth in self._standing.items():
            wanted[symbol] = max(depth, wanted.get(symbol, 0))
        if wanted != self._wanted:
            self._wanted = wanted
        ends = (wish.ends_ns() for wishes in self._wishes.values() for wish in wishes.values())
        self._good_until_ns = min(ends, default=FOREVER_NS)

    def _drop_ended(self, now_ns: int) -> None:
        for symbol, wishes in list(self._wishes.items()):
            lasting = {depth: wish for depth, wish in wishes.items() if wish.ends_ns() > now_ns}
            if lasting:
                self._wishes[symbol] = lasting
            else:
                del self._wishes[symbol]
