"""Groups of clients with equal wishes: a frame is built once per group and tick, and shared by all of it.

A client that is still busy with one tick when the next comes simply asks later, with the number of the
tick that it saw last: it gets the newest, and what lies between is merged, never queued.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from web import wire
from web.readmodel import Board, ReadModel
from web.wishes import Wish, resolve

SHARED_FRAMES_MAX = 64


class Group:
    """All clients with one wish, and the frames of the current tick that they share."""

    def __init__(self, wish: Wish, board: Board, now_ns: Callable[[], int]) -> None:
        self.wish = wish
        self.board = board
        self.clients = 0
        self.built = 0
        self.conflated = 0
        self._now_ns = now_ns
        self._frames: dict[tuple[str, int], bytes | None] = {}
        self._frames_seq = -1
        self._folded = frozenset(symbol.casefold() for symbol in wish.symbols or ())
        self._symbols: set[str] = set()
        self._listing = -1

    def initial(self) -> bytes:
        """The frame that a new client starts with."""
        return self._shared("initial", 0, self._build_initial) or b""

    def update(self, since: int) -> bytes | None:
        """The frame for a client that last saw tick `since`; `None` when nothing it wants has changed."""
        self.conflated += max(0, self.board.seq - since - 1)
        after = since if self.wish.mode == "changes" else 0
        return self._shared("update", after, lambda: self._build_update(after))

    def heartbeat(self) -> bytes:
        """The frame that says "still here" when no tick or no change came for a while."""
        return self._market_data(self.board.seq if self.wish.mode == "changes" else 0)

    def unknown_symbols(self) -> list[str]:
        """The wished symbols that nobody knows; empty while nothing at all is known yet."""
        known = self.board.symbols(self.wish.market)
        return [symbol for symbol in self.wish.symbols or () if known and not resolve(symbol, known)]

    def _shared(self, kind: str, after: int, build: Callable[[], bytes | None]) -> bytes | None:
        if self._frames_seq != self.board.seq:
            self._frames.clear()
            self._frames_seq = self.board.seq
        if (kind, after) in self._frames:
            return self._frames[kind, after]
        self.built += 1
        frame = build()
        # A client alone keeps its frame only while it sends it: a thousand filters cost no memory at rest.
        if self.clients > 1 and len(self._frames) < SHARED_FRAMES_MAX:
            self._frames[kind, after] = frame
        return frame

    def _build_initial(self) -> bytes:
        return wire.text_frame(wire.initial_data(self.wish.exchange, self._bodies(0), self._now_ns()))

    def _build_update(self, after: int) -> bytes | None:
        changes = self.wish.mode == "changes"
        if changes and not self._bodies(after) and not self._removed(after):
            return None
        return self._market_data(after)

    def _market_data(self, after: int) -> bytes:
        removed = self._removed(after) if self.wish.mode == "changes" else []
        board, now_ns = self.board, self._now_ns()
        ts_ns = board.ts or now_ns
        bodies = self._bodies(after)
        return wire.text_frame(
            wire.market_data(self.wish.exchange, bodies, ts_ns, now_ns, self.wish.mode, removed)
        )

    def _bodies(self, after: int) -> list[bytes]:
        market = self.wish.market
        records = self.board.changed_after(after)
        if market is not None:
            records = (record for record in records if record.market == market)
        if self.wish.symbols is None:
            return [record.body for record in records]
        symbols = self._resolved()
        return [record.body for record in records if record.symbol in symbols]

    def _removed(self, after: int) -> list[str]:
        return [
            f"{self.wish.exchange}:{market}:{symbol}"
            for market, symbol in self.board.removed_after(after)
            if self.wish.market in (None, market)
            and (self.wish.symbols is None or symbol.casefold() in self._folded)
        ]

    def _resolved(self) -> set[str]:
        """The symbols that the wish means today; looked up again when the listing changed."""
        if self._listing != self.board.listing:
            self._listing = self.board.listing
            known = self.board.symbols(self.wish.market)
            self._symbols = set().union(*(resolve(symbol, known) for symbol in self.wish.symbols or ()))
        return self._symbols


class Fanout:
    """Who is connected, grouped by wish. Leaving is immediate, and an empty group is forgotten."""

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model
        self._groups: dict[Wish, Group] = {}
        self.active: Counter[str] = Counter(dict.fromkeys(read_model.exchanges, 0))
        self.conflated_total = 0

    @contextmanager
    def join(self, wish: Wish) -> Iterator[Group]:
        """Be a member of the wish's group inside the block."""
        group = self._groups.get(wish)
        if group is None:
            board = self._read_model.boards[wish.exchange]
            group = self._groups[wish] = Group(wish, board, self._read_model.now_ns)
        group.clients += 1
        self.active[wish.exchange] += 1
        try:
            yield group
        finally:
            group.clients -= 1
            self.active[wish.exchange] -= 1
            if not group.clients:
                self.conflated_total += group.conflated
                del self._groups[wish]

    @property
    def groups(self) -> list[Group]:
        """The groups that have clients now."""
        return list(self._groups.values())
