"""PURE: what one connection of one node has said of one instrument, as far as it can be said again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from msgspec import structs

from actors.market.book import Book
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Denied,
    Event,
    Following,
    Gap,
    Heard,
    Liquidation,
    Quote,
    Silent,
    TickerUpdate,
    Trade,
    TradesRecovered,
    Unfollowed,
)
from actors.market.rhythm import NS_PER_S

TRADES_KEPT_NS = 60 * NS_PER_S
TRADES_KEPT_MAX = 5000
LEVELS_MAX = 10_000
BOOK, TRADES = "book", "trades"
_GAP = "\0"  # stands for no topic


class _Ladder:
    """A book, folded from its deltas."""

    __slots__ = ("book", "depth", "newest")

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.book, self.depth = Book(), snapshot.depth
        self.newest: BookSnapshot | BookDelta = snapshot
        self.book.load(snapshot.bids, snapshot.asks)

    def turn(self, delta: BookDelta) -> None:
        self.book.update(delta.bids, delta.asks)
        self.newest = delta

    def snapshot(self) -> BookSnapshot:
        bids, asks = self.book.top(LEVELS_MAX)
        newest = self.newest
        return BookSnapshot(
            newest.symbol, bids, asks, self.depth, newest.update_id, newest.ts_event, newest.ts_recv
        )


class Carried:
    """`note` every event of the instrument, `again` says what they have come to.

    `channels` are those that are followed, each with whether it is steady. `trades` are those of the last
    minute, all of them since `trades_since_ns`, which may heal what another node has missed.
    """

    __slots__ = (
        "_books",
        "_filled",
        "_quote",
        "_standing",
        "_ticker",
        "_times",
        "channels",
        "symbol",
        "trades",
        "trades_since_ns",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.channels: dict[str, bool] = {}
        self.trades: deque[Trade] = deque()
        self.trades_since_ns: int | None = None
        self._ticker: TickerUpdate | None = None
        self._filled: TickerUpdate | None = None
        self._quote: Quote | None = None
        self._books: _Ladder | Gap | None = None
        self._times: dict[str, int] = {}  # of channels without a newest value: when they were heard
        self._standing: dict[tuple[str, str], Event] = {}

    def note(self, event: Event, *, fetched: bool) -> None:
        """Remember one event. What is over with it is forgotten."""
        if type(event) is TickerUpdate:
            self._take(event, fetched=fetched)
        elif type(event) is Quote:
            self._quote = event
        elif type(event) is Trade:
            if not event.backfill:
                self._trade(event)
        elif type(event) is BookDelta:
            if isinstance(self._books, _Ladder):
                self._books.turn(event)
        elif isinstance(event, BookSnapshot):
            if BOOK in self.channels:  # what was unfollowed may still be under way
                self._books = _Ladder(event)
        else:
            self._note_rarely(event)

    def ready(self) -> bool:
        """Whether everything that tells what is newest has come."""
        come = {
            "ticker": self._ticker is not None,
            "quote": self._quote is not None,
            "book": isinstance(self._books, _Ladder),
        }
        return bool(self.channels) and all(come.get(channel, True) for channel in self.channels)

    def paged(self, delta: BookDelta) -> BookDelta:
        """The delta with what the book has become by now, which does not travel."""
        if not isinstance(self._books, _Ladder) or self._books.newest is not delta:
            return delta
        return structs.replace(delta, page=self._books.book.page())

    def following(self, ts_recv: int) -> Following | None:
        """What is followed; `None` when it is nothing."""
        if not self.channels:
            return None
        steady = tuple(channel for channel, is_steady in self.channels.items() if is_steady)
        return Following(self.symbol, tuple(self.channels), steady, ts_recv)

    def filled(self) -> Iterator[Event]:
        """The fields that came over REST."""
        if self._filled is not None:
            yield self._filled

    def again(self) -> Iterator[Event]:
        """Everything else, in an order that can be told, after what is followed."""
        if self._ticker is not None:
            yield self._ticker
        if self._quote is not None:
            yield self._quote
        if self._books is not None:
            yield self._books.snapshot() if isinstance(self._books, _Ladder) else self._books
        for channel, ts_recv in self._times.items():
            if channel in self.channels:
                yield Heard(self.symbol, channel, channel, ts_recv)
        yield from self._standing.values()

    def interrupt(self) -> None:
        """The connection is gone: what trades come later do not join those before."""
        self.trades.clear()
        self.trades_since_ns = None

    def _trade(self, trade: Trade) -> None:
        trades = self.trades
        trades.append(trade)
        self._times[TRADES] = trade.ts_recv
        if self.trades_since_ns is None:
            self.trades_since_ns = trade.ts_event
        while len(trades) > TRADES_KEPT_MAX or trades[0].ts_recv < trade.ts_recv - TRADES_KEPT_NS:
            self.trades_since_ns = trades.popleft().ts_event + 1

    def _take(self, event: TickerUpdate, *, fetched: bool) -> None:
        known = self._filled if fetched else self._ticker
        merged = event if known is None else structs.replace(event, values=known.values | event.values)
        if fetched:
            self._filled = merged
        else:
            self._ticker = merged

    def _note_rarely(self, event: Event) -> None:
        if isinstance(event, Following):
            for channel in event.channels:
                if channel not in self.channels:
                    self._forget(channel)
                self.channels[channel] = channel in event.steady
        elif isinstance(event, Unfollowed):
            self._forget(event.channel)
            self.channels.pop(event.channel, None)
        elif isinstance(event, Liquidation | Candle):
            self._times["liquidations" if isinstance(event, Liquidation) else "candles"] = event.ts_recv
        elif isinstance(event, Gap) and event.channel == BOOK:
            self._books = event if BOOK in self.channels else None
        elif isinstance(event, Gap | Silent | Denied):
            topic = event.topic if isinstance(event, Silent) else _GAP if isinstance(event, Gap) else ""
            self._standing[event.channel, topic] = event
        elif isinstance(event, TradesRecovered):
            self._standing.pop((TRADES, _GAP), None)
        elif isinstance(event, Heard):
            self._hear(event)

    def _hear(self, event: Heard) -> None:
        self._standing.pop((event.channel, event.topic), None)
        self._standing.pop((event.channel, ""), None)
        self._times[event.channel] = event.ts_recv
        if event.channel == TRADES and self.trades_since_ns is None:
            self.trades_since_ns = event.ts_recv + NS_PER_S  # the clocks may differ

    def _forget(self, channel: str) -> None:
        """What is followed anew has not spoken."""
        self._times.pop(channel, None)
        self._standing = {mark: event for mark, event in self._standing.items() if mark[0] != channel}
        if channel == TRADES:
            self.interrupt()
        elif channel == "ticker":
            self._ticker = None
        elif channel == "quote":
            self._quote = None
        elif channel == "book":
            self._books = None
