"""Binance spot and USD-M futures, public market data.

Rules, with the page of Binance's documentation (developers.binance.com) that states each:

- "WebSocket Streams / General": stream names are lower case. A stream that does not exist is
  acknowledged and stays silent, so that only the listing tells a mistake. The server pings, and our
  pongs count against the limit of 5 messages per second (spot) or 10 (futures); 1024 streams per
  connection; a connection ends after 24 h, `serverShutdown` says so earlier. Requests above about 4 KB
  were seen to be dropped without a word.
- "USD-M / Connect": since April 2026 book data comes from `/public` and everything else from `/market`;
  a stream asked on the wrong route is acknowledged and silent.
- "USD-M / change log": since June 2026 COIN-M events arrive as well, marked `st: 2`.
- "24hrTicker": a rolling window of 24 h, `P` is percent. "bookTicker": sent at changes only; on spot
  without a time. A side that is empty is "0.00000000" (futures "0"), price and size.
- "Mark Price": `r` is the funding rate of the period that ends at `T`; dated contracts say "" and 0.
- "Trade" (spot) and "Aggregate Trade" (USD-M): `m` says that the buyer was the maker: the taker sold.
- "Liquidation Order": at most one per second and symbol, the latest; `S` is the side of the order.
- "How to manage a local order book correctly": see `_binance_book.py`.
- "Open Interest" and "Get Funding Rate Info" are REST only; who is not in fundingInfo pays every 8 h.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

from msgspec import Raw

from actors.exchanges import _binance_listing as listing
from actors.exchanges import _binance_requests as requests
from actors.exchanges import _binance_rest as rest
from actors.exchanges import _binance_tickers as tickers
from actors.exchanges import _binance_wire as wire
from actors.exchanges._binance_book import LocalBooks
from actors.exchanges._binance_known import DEPTH_MAX
from actors.exchanges._binance_trades import Trades
from actors.exchanges.base import (
    BOOK,
    CANDLES,
    LIQUIDATIONS,
    QUOTE,
    TICKER,
    TRADES,
    Command,
    Fetch,
    Limits,
    Rollover,
    Topic,
    Turnover,
)
from actors.market.events import Event, TickerUpdate
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError

COMBINED_HEAD = b'{"stream":"'

Meanings: TypeAlias = list[Event | Command]
Kind: TypeAlias = tuple[str, str, wire.Shape, Callable[[Any, str, int], Meanings]]


class Codec:
    """One life of one connection: all of spot, or one route (`market`, `public`) of USD-M futures."""

    exchange: ClassVar[str] = "binance"
    title: ClassVar[str] = "Binance"
    markets: ClassVar[tuple[str, ...]] = (LINEAR, SPOT)

    depth_max: int = DEPTH_MAX
    ping_every_s: float | None = None
    drops_on_unknown_topic = False

    def __init__(self, market: str) -> None:
        self.market = market
        spot = market == SPOT
        self.limits = Limits(
            topics_per_request=50,  # 50 names of the longest kind are 3.4 KB
            requests_per_s=3.0 if spot else 6.0,
            topics_per_connection=1000,
            lifetime_s=23 * 3600.0,
            fetch_weight_per_min=4800.0 if spot else 1900.0,  # of 6000 and 2400
        )
        self.stream_url = "wss://stream.binance.com:9443" if spot else "wss://fstream.binance.com"
        self.rest_url = "https://api.binance.com" if spot else "https://fapi.binance.com"
        self.sampled: tuple[str, ...] = () if spot else (LIQUIDATIONS,)
        self.offers = (TICKER, QUOTE, TRADES, BOOK, *self.sampled, CANDLES)
        self.heard: dict[str, int] = {}
        self._asked: dict[str, None] = {}  # the symbols of the last `fetches`, in order
        self._funding_interval_h: dict[str, float | None] | None = None  # once told: the exceptions from 8
        self._trades = Trades(market)
        self._books = LocalBooks(market)
        kinds = self._kinds()
        self._by_stream = {ending.encode(): (shape, meaning) for ending, _, shape, meaning in kinds}
        self._by_event = {event: (shape, meaning) for _, event, shape, meaning in kinds if event}

    def _kinds(self) -> list[Kind]:
        """Every kind of data: how the name of its stream ends, its event, its shape, its meaning.

        The changes of a book are known by their stream only: the best 20 levels call themselves the same.
        """
        depths = ("depth@100ms", "depth", "depth@500ms", "depth@0ms")
        common: list[Kind] = [
            ("ticker", "24hrTicker", wire.DAY_TICKER, self._day_ticker),
            ("bookTicker", "bookTicker", wire.BOOK_TICKER, self._book_ticker),
            ("kline_1m", "kline", wire.KLINE, self._kline),
            *((ending, "", wire.DEPTH_UPDATE, self._depth) for ending in depths),
        ]
        if self.market == SPOT:
            return [*common, ("trade", "trade", wire.SPOT_TRADE, self._spot_trade)]
        return [
            *common,
            ("aggTrade", "aggTrade", wire.AGGREGATE_TRADE, self._aggregate_trade),
            ("markPrice@1s", "markPriceUpdate", wire.MARK_PRICE, self._mark_price),
            ("forceOrder", "forceOrder", wire.FORCE_ORDER, self._force_order),
        ]

    # --- What to ask ---

    def stream_path(self, route: str) -> str:
        return f"/{route}/stream" if route else "/stream"

    def topics(self, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
        return requests.topics(self.market, symbol, channels)

    def book(self, symbol: str, depth: int) -> Topic:
        """One stream serves every depth."""
        return requests.book(self.market, symbol)

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        for topic in topics:
            if topic.channel == BOOK:
                self._books.enter(topic.symbol)
        return requests.encode_request("SUBSCRIBE", topics, request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        for topic in topics:
            if topic.channel == BOOK:
                self._books.leave(topic.symbol)
        return requests.encode_request("UNSUBSCRIBE", topics, request_id)

    def ping(self) -> bytes:
        """Never due, because the server pings; a question that changes nothing."""
        return requests.encode_request("LIST_SUBSCRIPTIONS", [], 0)

    # --- What arrives ---

    def receive(self, frame: bytes, ts_recv: int) -> Meanings:
        try:
            if frame.startswith(COMBINED_HEAD):
                name = frame[11 : frame.find(b'"', 11)]
                kind = self._by_stream.get(name[name.find(b"@") + 1 :])
                if kind is not None:
                    shape, meaning = kind
                    combined = shape.frame(frame)
                    return meaning(combined.data, combined.stream, ts_recv)
            return self._receive_any(frame, ts_recv)
        except wire.MALFORMED as error:
            raise DecodeError(f"binance: {error}") from error

    def _receive_any(self, frame: bytes | Raw, ts_recv: int) -> Meanings:
        """Combined frames by the name of their stream, raw ones by their event; arrays item by item."""
        message = wire.decode_message(frame)
        if isinstance(message, list):
            return [event for item in message for event in self._receive_any(item, ts_recv)]
        if not isinstance(message, wire.Message):
            return []
        if stream := message.stream:
            kind = self._by_stream.get(stream.partition("@")[2].encode())
            if kind is None:
                return self._receive_any(message.data, ts_recv)
            return kind[1](kind[0].data(message.data), stream, ts_recv)
        if message.event:
            return self._raw(message.event, frame, ts_recv)
        if message.update_id and message.bid_size and message.ask_size:
            return self._raw("bookTicker", frame, ts_recv)
        return requests.answer(message)

    def _raw(self, event: str, data: bytes | Raw, ts_recv: int) -> Meanings:
        if event == "serverShutdown":
            return [Rollover(event)]
        kind = self._by_event.get(event)
        return kind[1](kind[0].data(data), "", ts_recv) if kind is not None else []

    def _day_ticker(self, day: wire.DayTicker, stream: str, ts_recv: int) -> Meanings:
        if day.kind == wire.COIN_M:
            return []
        name = day.symbol.lower()
        self.heard[stream or f"{name}@ticker"] = ts_recv
        update = tickers.day_ticker(day, ts_recv)
        if day.bid is None or day.ask is None or f"{name}@bookTicker" in self.heard:
            return [update]
        return [update, tickers.quote_of(day, day.event_ms, ts_recv)]

    def _book_ticker(self, sides: wire.BookTicker, stream: str, ts_recv: int) -> Meanings:
        if sides.kind == wire.COIN_M:
            return []
        self.heard[stream or f"{sides.symbol.lower()}@bookTicker"] = ts_recv
        return [tickers.quote_of(sides, sides.engine_ms or sides.event_ms, ts_recv)]

    def _mark_price(self, mark: wire.MarkPrice, stream: str, ts_recv: int) -> Meanings:
        if mark.kind == wire.COIN_M:
            return []
        self.heard[stream or f"{mark.symbol.lower()}@markPrice@1s"] = ts_recv
        return [tickers.mark_price(mark, self._funding_interval_h, ts_recv)]

    def _spot_trade(self, trade: wire.SpotTrade, stream: str, ts_recv: int) -> Meanings:
        told = self._trades.spot(trade, ts_recv)
        self.heard[stream or f"{trade.symbol.lower()}@trade"] = ts_recv
        return told

    def _aggregate_trade(self, trade: wire.AggregateTrade, stream: str, ts_recv: int) -> Meanings:
        if trade.kind == wire.COIN_M:
            return []
        told = self._trades.aggregate(trade, ts_recv)
        self.heard[stream or f"{trade.symbol.lower()}@aggTrade"] = ts_recv
        return told

    def _depth(self, update: wire.DepthUpdate, stream: str, ts_recv: int) -> Meanings:
        if update.kind == wire.COIN_M:
            return []
        told = self._books.update(update, ts_recv)
        self.heard[stream] = ts_recv
        return told

    def _force_order(self, forced: wire.ForceOrder, stream: str, ts_recv: int) -> Meanings:
        order = forced.order
        if order.kind == wire.COIN_M:
            return []
        self.heard[stream or f"{order.symbol.lower()}@forceOrder"] = ts_recv
        told = tickers.liquidation(order, ts_recv)
        return [told] if told is not None else []

    def _kline(self, kline: wire.Kline, stream: str, ts_recv: int) -> Meanings:
        if kline.kind == wire.COIN_M or kline.bar.interval != "1m":
            return []
        self.heard[stream or f"{kline.symbol.lower()}@kline_1m"] = ts_recv
        return [tickers.candle(kline, ts_recv)]

    # --- What no stream tells ---

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """`symbols` are all that are wanted now: who is not among them is told nothing more."""
        if route == "public":
            return []
        self._asked = dict.fromkeys(symbols)
        if not self._asked:
            return []
        clock = rest.time_fetch(self.market)
        if self.market == SPOT:
            return [clock]
        return [clock, rest.funding_info_fetch(), *map(rest.open_interest_fetch, self._asked)]

    def missed_trades(self, symbol: str) -> Fetch | None:
        return rest.trades_fetch(self.market, symbol)

    def candles(self, symbol: str) -> Fetch | None:
        return rest.candles_fetch(self.market, symbol)

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> Meanings:
        try:
            return self._fetched(fetch, body, ts_recv)
        except wire.MALFORMED as error:
            raise DecodeError(f"binance: {error}") from error

    def _fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> Meanings:
        match fetch.tag:
            case "book":
                return self._books.load(fetch.symbol, rest.decode_depth(body), ts_recv)
            case "trades":
                return self._trades.recovered(fetch.symbol, body, ts_recv)
            case "candles":
                return rest.candles(fetch.symbol, body, ts_recv)
            case "time":
                return [rest.server_time(body, ts_recv)]
            case "open_interest":
                return [rest.open_interest(body, ts_recv)]
            case "funding_info":
                told = {row.symbol: row.hours or None for row in rest.decode_funding_info(body)}
                self._funding_interval_h = told
                return [_interval(symbol, told, ts_recv) for symbol in self._asked]
        return []

    # --- What can be traded ---

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        return listing.requests(self.market)

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        try:
            if fetch.tag == "exchange_info":
                return listing.instruments(self.exchange, self.market, body)
            return listing.turnovers(body)
        except wire.MALFORMED as error:
            raise DecodeError(f"binance: {error}") from error


def _interval(symbol: str, told: dict[str, float | None], ts_recv: int) -> TickerUpdate:
    return TickerUpdate(
        symbol, {"funding_interval_h": told.get(symbol, rest.FUNDING_INTERVAL_H)}, None, ts_recv
    )
