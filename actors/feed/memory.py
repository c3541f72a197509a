"""PURE: what a connection learns while another still speaks for it, kept for the moment it takes over."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from msgspec import Struct, structs

from actors.exchanges.base import BOOK
from actors.market.book import Book
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Liquidation,
    Quote,
    ServerTime,
    TickerUpdate,
    Trade,
    TradesRecovered,
)

KEPT_MAX = 10_000

_CHANNEL_OF: dict[type, str] = {Trade: "trades", Liquidation: "liquidations", Candle: "candles"}
_KEPT = (Trade, Liquidation, Candle, Gap, TradesRecovered, ServerTime)


class _Page(Struct):
    """One book, and the newest event that changed it."""

    book: Book
    depth: int
    newest: BookSnapshot | BookDelta


class Memory:
    """Folds what has a newest value (fields, quotes, books), and keeps the newest of the rest (trades)."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._tickers: dict[str, TickerUpdate] = {}
        self._quotes: dict[str, Quote] = {}
        self._pages: dict[str, _Page | Gap] = {}
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
            self._begin_page(event)
        elif isinstance(event, BookDelta):
            self._turn_page(event)
        elif isinstance(event, Gap) and event.channel == BOOK:
            self._pages[event.symbol] = event
        elif isinstance(event, _KEPT):
            self._keep(event)

    def lacks(self, books: Iterable[str]) -> list[str]:
        """Those of these books that never came."""
        return [symbol for symbol in books if symbol not in self._pages]

    def recall(self, now_ns: int) -> list[Event]:
        """Everything that was remembered, in an order that can be told."""
        told: list[Event] = [*self._tickers.values(), *self._quotes.values()]
        told += [page if isinstance(page, Gap) else _snapshot(page) for page in self._pages.values()]
        told += [_overflow(symbol, channel, count, now_ns) for (symbol, channel), count in self._lost.items()]
        return told + list(self._kept)

    def _begin_page(self, event: BookSnapshot) -> None:
        book = Book()
        book.load(event.bids, event.asks)
        self._pages[event.symbol] = _Page(book, event.depth, event)

    def _turn_page(self, event: BookDelta) -> None:
        page = self._pages.get(event.symbol)
        if isinstance(page, _Page):
            page.book.update(event.bids, event.asks)
            page.newest = event

    def _keep(self, event: Event) -> None:
        self._kept.append(event)
        if len(self._kept) > self._kept_max:
            lost = self._kept.popleft()
            if isinstance(lost, Trade | Liquidation | Candle):
                self._lost[lost.symbol, _CHANNEL_OF[type(lost)]] += 1


def _snapshot(page: _Page) -> BookSnapshot:
    newest = page.newest
    bids, asks = page.book.top(len(page.book.bids) + len(page.book.asks))
    return BookSnapshot(
        newest.symbol, bids, asks, page.depth, newest.update_id, newest.ts_event, newest.ts_recv
    )


def _overflow(symbol: str, channel: str, count: int, now_ns: int) -> Gap:
    words = f"{count} could not be kept while one connection took over from another"
    return Gap(symbol, channel, "overflow", words, now_ns, count)
