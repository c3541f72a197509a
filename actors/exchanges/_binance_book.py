"""Binance's order books: a REST snapshot and the stream of changes, joined by two different rules.

The pages are "How to manage a local order book correctly" of both documentations. Common to both: open
the stream and keep its events, then ask for the snapshot, drop what is older than the snapshot, check that
the first event left meets it, apply that and all others. Quantities are absolute; 0 removes a level, often
one that is not known. `U` and `u` are the first and the final update id of an event, `L` is the snapshot's
`lastUpdateId`. What differs:

                          spot                              USD-M futures
    drop                  u <= L                            u < L
    first event           U <= L+1 <= u                     U <= L <= u
    each further event    U == u of the one before, + 1     pu == u of the one before

Spot's page words the first event as "`U` <= `L` <= `u`", which real streams break: many go on with
`U` == `L`+1. Futures ids count the changes of all symbols, so that there `U` is hardly ever the `u` before
it plus 1; an `L` from `pu` to `U` is as good as one from `U` on, because nothing happened to this book in
between.

The snapshot has 500 levels a side. What lies beyond its worst price is not known until the next one, so a
price that moves far uses a side up. That is foreseen: when it has lost a third of its levels, the next
snapshot is asked for while the book goes on, and takes its place without a gap.
"""

from __future__ import annotations

from collections import deque
from urllib.parse import quote

from msgspec.structs import replace

from actors.exchanges._binance_known import DEPTH_MAX, LEVELS_MAX, SNAPSHOT_LEVELS, KnownBook
from actors.exchanges._binance_orders import NS_PER_S, Orders
from actors.exchanges._binance_rest import Depth
from actors.exchanges._binance_rules import FuturesRule, Rule, SpotRule
from actors.exchanges._binance_wire import NS_PER_MS, DepthUpdate
from actors.exchanges.base import BOOK, Command, Fetch
from actors.market.events import BookDelta, BookSnapshot, Event, Gap
from actors.market.instrument import SPOT

RENEW_BELOW = 350
RENEW_EVERY_S = 10
BUFFER_MAX = 150  # 15 s of changes, as long as an answer may take
REPEATS_MAX = 20
WAIT_S = 10
RETRY_S = 1.0


class LocalBook:
    """One symbol's book in one connection's life.

    While it is `whole` it tells every change. `buffer` holds the updates since a snapshot is wanted (`None`
    while none is); `snapshot` is one that is newer than all of them, and waits for the update that meets it.
    """

    __slots__ = (
        "_broken",
        "_fetch",
        "_known",
        "_last_id",
        "_loaded_ns",
        "_orders",
        "_renew_ns",
        "_repeats",
        "_rule",
        "_snapshot",
        "_symbol",
        "buffer",
        "whole",
    )

    def __init__(self, symbol: str, rule: Rule, fetch: Fetch) -> None:
        self.whole = False
        self.buffer: deque[DepthUpdate] | None = _buffer()
        self._symbol = symbol
        self._rule = rule
        self._fetch = fetch
        self._known = KnownBook(Depth(0, [], []))
        self._last_id = 0
        self._repeats = 0
        self._broken = False
        self._snapshot: Depth | None = None
        self._loaded_ns = 0
        self._orders = Orders()
        self._renew_ns = 0

    def update(self, update: DepthUpdate, ts_recv: int) -> list[Event | Command]:
        """What one update of the stream means, and the order for a snapshot if one is needed now."""
        told = self._apply(update, ts_recv) if self.whole else self._keep(update)
        if self._snapshot is not None:
            told = [*told, *self._join(ts_recv)]
            if ts_recv - self._loaded_ns > WAIT_S * NS_PER_S:
                self._snapshot = None  # its id is from another world than the stream's
        if self.buffer is None and self._known.left() < RENEW_BELOW and ts_recv >= self._renew_ns:
            self.buffer = _buffer(update)
        if self.buffer is not None and self._snapshot is None and self._orders.place(ts_recv):
            return [*told, replace(self._fetch, mends=self._broken)]
        return told

    def load(self, snapshot: Depth, ts_recv: int) -> list[Event | Command]:
        """What the answer to an order means."""
        if self.buffer is None:
            return []  # the same order was answered before
        self._orders.answered()
        self._snapshot, self._loaded_ns = snapshot, ts_recv
        return self._join(ts_recv)

    # --- While it is whole ---

    def _apply(self, update: DepthUpdate, ts_recv: int) -> list[Event | Command]:
        is_repeat = update.last_id <= self._last_id
        if is_repeat and self._repeats < REPEATS_MAX:
            self._repeats += 1  # if there is no end of it, the exchange counts anew
            return []
        if is_repeat or not self._rule.follows(update, self._last_id):
            return self._break(update, "sequence", *_hole(update, self._last_id), ts_recv)
        self._repeats, self._last_id = 0, update.last_id
        bids, asks = self._known.update(update.bids, update.asks)
        if self.buffer is not None:
            self.buffer.append(update)
        if fault := self._known.fault():
            return self._break(update, *fault, None, ts_recv)
        page = self._known.book.page()
        return [BookDelta(self._symbol, bids, asks, update.last_id, _time(update), ts_recv, page)]

    def _break(
        self, update: DepthUpdate, cause: str, reason: str, missed: int | None, ts_recv: int
    ) -> list[Event | Command]:
        """It is no longer whole. What was buffered for the next snapshot still leads to it without a hole."""
        if cause == "sequence" or self.buffer is None:
            self.buffer = _buffer(update)
        self.whole, self._broken, self._repeats = False, True, 0
        self._orders.needed(ts_recv)
        return [Gap(self._symbol, BOOK, cause, reason, ts_recv, missed)]

    # --- Until it is whole ---

    def _keep(self, update: DepthUpdate) -> list[Event | Command]:
        """Buffer an update; a hole makes everything before it useless."""
        buffer = self.buffer = self.buffer if self.buffer is not None else _buffer()
        if buffer:
            last_id = buffer[-1].last_id
            if update.last_id == last_id:
                return []
            if update.last_id < last_id or not self._rule.follows(update, last_id):
                buffer.clear()
        buffer.append(update)
        return []

    def _join(self, ts_recv: int) -> list[Event | Command]:
        """Join the snapshot and the buffer, if they meet by now."""
        buffer, snapshot = self.buffer, self._snapshot
        if buffer is None or snapshot is None:
            return []
        known_id = buffer[-1].last_id if buffer else self._last_id
        while buffer and self._rule.precedes(buffer[0], snapshot.last_id):
            buffer.popleft()
        if not buffer and known_id != snapshot.last_id:
            return []  # it is newer than all that came: the next update decides
        self._snapshot = None
        if buffer and not self._rule.meets(buffer[0], snapshot.last_id):
            return []  # it is older than all that came: another one will be ordered
        return self._begin(snapshot, buffer, ts_recv)

    def _begin(self, snapshot: Depth, updates: deque[DepthUpdate], ts_recv: int) -> list[Event | Command]:
        known = KnownBook(snapshot)
        for update in updates:
            known.update(update.bids, update.asks)
        if known.fault():
            return []
        ts_event = _time(updates[-1]) if updates else (snapshot.engine_ms or 0) * NS_PER_MS or None
        if self.whole:
            self._orders = Orders()  # a renewal is no trouble, after which to be careful
        self._orders.settled(ts_recv)
        self._known, self.whole, self._broken, self.buffer = known, True, False, None
        self._last_id = updates[-1].last_id if updates else snapshot.last_id
        self._renew_ns = ts_recv + RENEW_EVERY_S * NS_PER_S
        bids, asks = known.book.top(LEVELS_MAX)
        return [BookSnapshot(self._symbol, bids, asks, DEPTH_MAX, self._last_id, ts_event, ts_recv)]


def _buffer(*updates: DepthUpdate) -> deque[DepthUpdate]:
    return deque(updates, maxlen=BUFFER_MAX)


def _hole(update: DepthUpdate, last_id: int) -> tuple[str, int | None]:
    """What is missing in words and, where ids count one symbol's changes, in numbers."""
    if update.previous_id is not None:
        return f"an update that follows {update.previous_id} came after {last_id}", None
    missed = update.first_id - last_id - 1
    return f"update {update.first_id} came after {last_id}", missed if missed > 0 else None


def _time(update: DepthUpdate) -> int:
    return (update.engine_ms or update.event_ms) * NS_PER_MS


class LocalBooks:
    """The books that one connection carries. One that nobody subscribes any more is forgotten."""

    def __init__(self, market: str) -> None:
        spot = market == SPOT
        self._rule: Rule = SpotRule() if spot else FuturesRule()
        self._numbered = not spot
        self._path, self._weight = ("/api/v3/depth", 25.0) if spot else ("/fapi/v1/depth", 10.0)
        self._books: dict[str, LocalBook] = {}
        self._left: set[str] = set()

    def update(self, update: DepthUpdate, ts_recv: int) -> list[Event | Command]:
        """What one update of a stream means. Raises `ValueError`."""
        symbol = update.symbol
        if update.first_id > update.last_id or (update.previous_id is None and self._numbered):
            raise ValueError(f"no update: {update.first_id} to {update.last_id} after {update.previous_id}")
        book = self._books.get(symbol)
        if book is None:
            if symbol in self._left:
                return []  # it was under way while we left
            book = self._books[symbol] = LocalBook(symbol, self._rule, self._fetch(symbol))
        return book.update(update, ts_recv)

    def load(self, symbol: str, snapshot: Depth, ts_recv: int) -> list[Event | Command]:
        """What a snapshot means."""
        book = self._books.get(symbol)
        return book.load(snapshot, ts_recv) if book is not None else []

    def enter(self, symbol: str) -> None:
        """Its stream is being subscribed."""
        self._left.discard(symbol)

    def leave(self, symbol: str) -> None:
        """Its stream is being left."""
        self._books.pop(symbol, None)
        self._left.add(symbol)

    def _fetch(self, symbol: str) -> Fetch:
        query = f"symbol={quote(symbol)}&limit={SNAPSHOT_LEVELS}"
        return Fetch(
            "book", f"{self._path}?{query}", symbol, weight=self._weight, urgent=True, retry_s=RETRY_S
        )
