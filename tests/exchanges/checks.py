"""What must hold for everything that a codec ever returns, from whatever it was given."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from actors.exchanges.base import BOOK, CHANNELS, Command, Fetch, Resync, Send
from actors.market.book import Book
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Levels,
    Liquidation,
    Quote,
    ServerTime,
    TickerUpdate,
    Trade,
    TradesRecovered,
)
from actors.market.ticker import Ticker
from tests.exchanges.cases import EVENTS

SIGNED = {"change_24h", "funding_rate"}
OURS = {"exchange", "market", "symbol", "name", "ts_event", "ts_recv", "quality"}
DERIVED = {"change_1m", "change_5m", "change_1h"}
NAMES = set(Ticker.__struct_fields__) - OURS - DERIVED


def check(results: Iterable[Event | Command] | None, ts_recv: int) -> None:
    """No impossible number, no time but ours, no request to anywhere else."""
    for result in results or []:
        if isinstance(result, EVENTS):
            check_event(result, ts_recv)
        elif isinstance(result, Fetch):
            check_request(result)
        elif isinstance(result, Resync):
            assert result.topic
        elif isinstance(result, Send):
            json.loads(result.payload)


def check_event(event: Event, ts_recv: int) -> None:
    assert type(event) in CHECKS, f"no codec tells {type(event).__name__}"
    assert getattr(event, "ts_recv", ts_recv) == ts_recv
    msgspec.msgpack.encode(event)  # no integer beyond 64 bits
    CHECKS[type(event)](event)


def check_ticker(event: TickerUpdate) -> None:
    assert event.values.keys() <= NAMES
    for name, value in event.values.items():
        if value is not None:
            assert isinstance(value, int if name == "next_funding_ts" else float), (name, value)
            assert math.isfinite(value), (name, value)
            assert value >= 0 or name in SIGNED, (name, value)
    check_moment(event.ts_event)


def check_quote(event: Quote) -> None:
    for price, size in ((event.bid, event.bid_size), (event.ask, event.ask_size)):
        assert (price is None) == (size is None)
        if price is not None and size is not None:
            check_levels([(price, size)])
    check_moment(event.ts_event)


def check_trade(event: Trade) -> None:
    assert event.trade_id
    assert isinstance(event.trade_id, str)
    check_positive(event.price)
    check_positive(event.size)
    assert event.side in ("buy", "sell")
    assert event.count >= 1
    assert isinstance(event.order, int)
    check_moment(event.ts_event)


def check_snapshot(event: BookSnapshot) -> None:
    check_levels(event.bids)
    check_levels(event.asks)
    assert event.depth >= max(len(event.bids), len(event.asks), 1)
    prices = [price for price, _ in reversed(event.bids)] + [price for price, _ in event.asks]
    assert prices == sorted(set(prices)), "best first, each price once, and not crossed"
    assert all(size for _, size in event.bids + event.asks)
    check_moment(event.ts_event)


def check_delta(event: BookDelta) -> None:
    check_levels(event.bids)
    check_levels(event.asks)
    check_moment(event.ts_event)


def check_liquidation(event: Liquidation) -> None:
    assert event.side in ("long", "short")
    check_positive(event.price)
    check_positive(event.size)
    check_moment(event.ts_event)


def check_candle(event: Candle) -> None:
    assert event.interval_s > 0
    for price in (event.open, event.high, event.low, event.close):
        check_positive(price)
    for amount in (event.volume, event.turnover, event.trades, event.taker_buy_volume):
        assert amount is None or (math.isfinite(amount) and amount >= 0)
    assert isinstance(event.closed, bool)
    check_moment(event.start_ns)


def check_gap(event: Gap) -> None:
    assert event.channel in CHANNELS
    assert event.cause.isidentifier()
    assert event.reason.strip()
    assert event.missed is None or event.missed > 0


def check_recovered(event: TradesRecovered) -> None:
    assert event.oldest_ts is not None or not event.whole
    check_moment(event.oldest_ts)


def check_time(event: ServerTime) -> None:
    check_moment(event.ts_event)


CHECKS: dict[type, Callable[[Any], None]] = {
    TickerUpdate: check_ticker,
    Quote: check_quote,
    Trade: check_trade,
    BookSnapshot: check_snapshot,
    BookDelta: check_delta,
    Liquidation: check_liquidation,
    Candle: check_candle,
    Gap: check_gap,
    TradesRecovered: check_recovered,
    ServerTime: check_time,
}


def check_moment(moment: int | None) -> None:
    assert moment is None or (isinstance(moment, int) and moment >= 0)


def check_positive(number: float) -> None:
    assert isinstance(number, float)
    assert 0 < number < math.inf


def check_levels(levels: Levels) -> None:
    for price, size in levels:
        check_positive(price)
        assert isinstance(size, float)
        assert 0 <= size < math.inf


def check_request(fetch: Fetch) -> None:
    """The path is relative: whoever fetches decides which host it is sent to."""
    assert fetch.path.startswith("/")
    assert not fetch.path.startswith("//")
    assert "://" not in fetch.path
    assert fetch.path.isascii()
    assert " " not in fetch.path
    assert fetch.weight > 0
    assert fetch.every_s is None or fetch.every_s > 0
    assert fetch.retry_s > 0
    assert fetch.body is None or isinstance(json.loads(fetch.body), dict)


class Books:
    """What a reader makes of book events; whatever contradicts itself fails the test.

    `whole` holds the books that may be trusted now, each with the number of its state.
    """

    def __init__(self) -> None:
        self.whole: dict[str, tuple[Book, int | None]] = {}

    def read(self, results: Iterable[Event | Command] | None) -> None:
        for result in results or []:
            if isinstance(result, BookSnapshot):
                book = Book()
                book.load(result.bids, result.asks)
                self.whole[result.symbol] = book, result.update_id
            elif isinstance(result, BookDelta):
                self._change(result)
            elif isinstance(result, Gap) and result.channel == BOOK:
                self.whole.pop(result.symbol, None)

    def _change(self, delta: BookDelta) -> None:
        assert delta.symbol in self.whole, "a delta of a book that is not whole"
        book, number = self.whole[delta.symbol]
        book.update(delta.bids, delta.asks)
        assert delta.page == book.page() if delta.page else not (delta.bids or delta.asks)
        assert not book.is_crossed()
        assert number is None or delta.update_id is None or delta.update_id > number
        self.whole[delta.symbol] = book, delta.update_id
