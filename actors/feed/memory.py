"""PURE: what a connection learns while another still speaks for it, kept for the moment it takes over."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from msgspec import Struct, structs

from actors.exchanges.base import BOOK
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Liquidation,
    Page,
    Quote,
    ServerTime,
    TickerUpdate,
    Trade,
    TradesRecovered,
)

KEPT_MAX = 10_000
LEVELS_MAX = 10_000

_CHANNEL_OF: dict[type, str] = {Trade: "trades", Liquidation: "liquidations", Candle: "candles"}
_KEPT = (Trade, Liquidation, Candle, Gap, TradesRecovered, ServerTime)


class _Kept(Struct):
    """One book: the snapshot it began with, the newest event, and the newest that tells all of it."""

    snapshot: BookSnapshot
    newest: BookSnapshot | BookDelta
    page: Page | None = None


class Memory:
    """Folds what has a newest value (fields, quotes, books), and keeps the newest of the rest (trades)."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._tickers: dict[str, TickerUpdate] = {}
        self._quotes: dict[str, Quote] = {}
        self._books: dict[str, _Kept | Gap] = {}
        self._kept: deque[Event] = deque()
        self._kept_max = kept_max
        self._lost: Counter[tuple[str, str]] = Counter()

    def note(self, event: Event) -> None:
        """Remember one event; what only says how well a connection does is not kept."""
        if isinstance(event, TickerUpdate):
            earlier = self._tickers.get(event.symbol)
            values = event.values if earlier is None else earlier.values | event.values
            self._tickers[event.symbol] = structs.replace(event, values=values)
        elif isinstance(event, Quote):
            self._quotes[event.symbol] = event
        elif isinstance(event, BookSnapshot):
            self._begin(event)
        elif isinstance(event, BookDelta):
            self._turn(event)
        elif isinstance(event, Gap) and event.channel == BOOK:
            self._books[event.symbol] = event
        elif isinstance(event, _KEPT):
            self._keep(event)

    def lacks(self, books: Iterable[str]) -> list[str]:
        """Those of these books that never came."""
        return [symbol for symbol in books if symbol not in self._books]

    def recall(self, now_ns: int) -> list[Event]:
        """Everything that was remembered, in an order that can be told."""
        told: list[Event] = [*self._tickers.values(), *self._quotes.values()]
        told += [book if isinstance(book, Gap) else _snapshot(book) for book in self._books.values()]
        told += [_overflow(symbol, channel, count, now_ns) for (symbol, channel), count in self._lost.items()]
        return told + list(self._kept)

    def _begin(self, event: BookSnapshot) -> None:
        self._books[event.symbol] = _Kept(event, event)

    def _turn(self, event: BookDelta) -> None:
        book = self._books.get(event.symbol)
        if isinstance(book, _Kept):
            book.page = event.page or book.page
            book.newest = event

    def _keep(self, event: Event) -> None:
        self._kept.append(event)
        if len(self._kept) > self._kept_max:
            lost = self._kept.popleft()
            if isinstance(lost, Trade | Liquidation | Candle):
                self._lost[lost.symbol, _CHANNEL_OF[type(lost)]] += 1


def _snapshot(book: _Kept) -> BookSnapshot:
    newest, snapshot, page = book.newest, book.snapshot, book.page
    bids, asks = page.top(LEVELS_MAX) if page is not None else (snapshot.bids, snapshot.asks)
    return BookSnapshot(
        newest.symbol, bids, asks, snapshot.depth, newest.update_id, newest.ts_event, newest.ts_recv
    )


def _overflow(symbol: str, channel: str, count: int, now_ns: int) -> Gap:
    words = f"{count} could not be kept while one connection took over from another"
    return Gap(symbol, channel, "overflow", words, now_ns, count)
