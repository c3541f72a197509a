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
- "Open Interest" and "Get Funding Rate Info" are REST only; who is not in fundingInfo pays every 8 h.
- "Exchange Information": perpetuals are PERPETUAL, and TRADIFI_PERPETUAL for stocks and commodities.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, TypeAlias
from urllib.parse import quote

from msgspec import UNSET, Raw
from msgspec.json import encode

from actors.exchanges import _binance_wire as wire
from actors.exchanges._binance_wire import NS_PER_MS
from actors.exchanges.base import (
    QUOTE,
    TICKER,
    Acknowledged,
    Command,
    Fetch,
    Limits,
    Refused,
    Rollover,
    Topic,
    Turnover,
)
from actors.market.events import Event, Quote, TickerUpdate, Value
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError

DOLLARS = ("USDT", "USDC")
PERPETUALS = ("PERPETUAL", "TRADIFI_PERPETUAL")
FUNDING_INTERVAL_H = 8.0

Meanings: TypeAlias = list[Event | Command]
Meaning: TypeAlias = Callable[[bytes | Raw, str, int], Meanings]


class Codec:
    """One life of one connection: all of spot, or one route (`market`, `public`) of USD-M futures."""

    exchange: ClassVar[str] = "binance"
    title: ClassVar[str] = "Binance"
    markets: ClassVar[tuple[str, ...]] = (LINEAR, SPOT)

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
            fetch_weight_per_min=3000.0 if spot else 1200.0,
        )
        self.stream_url = "wss://stream.binance.com:9443" if spot else "wss://fstream.binance.com"
        self.rest_url = "https://api.binance.com" if spot else "https://fapi.binance.com"
        self.heard: dict[str, int] = {}
        self._asked: dict[str, None] = {}  # the symbols of the last `fetches`, in order
        self._funding_interval_h: dict[str, float | None] | None = None  # once told: the exceptions from 8
        self._by_stream: dict[str, Meaning] = {"ticker": self._day_ticker, "bookTicker": self._book_ticker}
        self._by_event: dict[str, Meaning] = {
            "24hrTicker": self._day_ticker,
            "bookTicker": self._book_ticker,
            "serverShutdown": _shutdown,
        }
        if not spot:
            self._by_stream["markPrice@1s"] = self._by_event["markPriceUpdate"] = self._mark_price

    # --- What to ask ---

    def stream_path(self, route: str) -> str:
        return f"/{route}/stream" if route else "/stream"

    def topics(self, symbol: str) -> Sequence[Topic]:
        name = symbol.lower()
        if self.market == SPOT:
            return (
                Topic(f"{name}@ticker", symbol, TICKER),
                Topic(f"{name}@bookTicker", symbol, QUOTE, steady=False, greets=False),
            )
        return (
            Topic(f"{name}@ticker", symbol, TICKER, "market"),
            Topic(f"{name}@markPrice@1s", symbol, TICKER, "market"),
            Topic(f"{name}@bookTicker", symbol, QUOTE, "public", steady=False, greets=False),
        )

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return encode(wire.Request("SUBSCRIBE", [topic.name for topic in topics], request_id))

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return encode(wire.Request("UNSUBSCRIBE", [topic.name for topic in topics], request_id))

    def ping(self) -> bytes:
        """Never due, because the server pings; a question that changes nothing."""
        return encode(wire.Request("LIST_SUBSCRIPTIONS", [], 0))

    # --- What arrives ---

    def receive(self, frame: bytes, ts_recv: int) -> Meanings:
        try:
            return self._meaning(frame, ts_recv)
        except wire.MALFORMED as error:
            raise DecodeError(f"binance: {error}") from error

    def _meaning(self, frame: bytes | Raw, ts_recv: int) -> Meanings:
        """Combined frames by the name of their stream, raw ones by their event; arrays item by item."""
        message = wire.decode_message(frame)
        if isinstance(message, list):
            return [event for item in message for event in self._meaning(item, ts_recv)]
        if not isinstance(message, wire.Message):
            return []
        if stream := message.stream:
            meaning = self._by_stream.get(stream.partition("@")[2])
            return meaning(message.data, stream, ts_recv) if meaning else self._meaning(message.data, ts_recv)
        if message.event:
            meaning = self._by_event.get(message.event)
            return meaning(frame, "", ts_recv) if meaning else []
        if message.update_id and message.bid_size and message.ask_size:
            return self._book_ticker(frame, "", ts_recv)
        return _answer(message)

    def _day_ticker(self, data: bytes | Raw, stream: str, ts_recv: int) -> Meanings:
        day = wire.decode_day_ticker(data)
        if day.kind == wire.COIN_M:
            return []
        symbol, ts_event = day.symbol, day.event_ms * NS_PER_MS
        self.heard[stream or f"{symbol.lower()}@ticker"] = ts_recv
        values: dict[str, Value] = {
            "price": day.price or None,
            "volume_24h": day.volume,
            "turnover_24h": day.turnover,
            "change_24h": day.change,
            "high_24h": day.high or None,
            "low_24h": day.low or None,
        }
        events: Meanings = [TickerUpdate(symbol, values, ts_event, ts_recv)]
        if day.bid is not None and day.ask is not None and f"{symbol.lower()}@bookTicker" not in self.heard:
            events.append(_quote(day, ts_event, ts_recv))
        return events

    def _book_ticker(self, data: bytes | Raw, stream: str, ts_recv: int) -> Meanings:
        book = wire.decode_book_ticker(data)
        if book.kind == wire.COIN_M:
            return []
        self.heard[stream or f"{book.symbol.lower()}@bookTicker"] = ts_recv
        milliseconds = book.engine_ms or book.event_ms
        return [_quote(book, milliseconds * NS_PER_MS if milliseconds else None, ts_recv)]

    def _mark_price(self, data: bytes | Raw, stream: str, ts_recv: int) -> Meanings:
        mark = wire.decode_mark_price(data)
        if mark.kind == wire.COIN_M:
            return []
        self.heard[stream or f"{mark.symbol.lower()}@markPrice@1s"] = ts_recv
        values: dict[str, Value] = {"mark_price": mark.mark or None}
        if mark.index is not UNSET:
            values["index_price"] = mark.index or None
        if mark.rate is not UNSET:
            values["funding_rate"] = None if mark.rate == "" else mark.rate
        if mark.next_funding_ms is not UNSET:
            values["next_funding_ts"] = (mark.next_funding_ms or 0) * NS_PER_MS or None
        if self._funding_interval_h is not None:
            values["funding_interval_h"] = self._funding_interval_h.get(mark.symbol, FUNDING_INTERVAL_H)
        return [TickerUpdate(mark.symbol, values, mark.event_ms * NS_PER_MS, ts_recv)]

    # --- What no stream tells ---

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """`symbols` are all that are wanted now: who is not among them is told nothing more."""
        if self.market == SPOT or route != "market":
            return []
        self._asked = dict.fromkeys(symbols)
        interests = [
            Fetch("open_interest", f"/fapi/v1/openInterest?symbol={quote(symbol)}", symbol, every_s=60.0)
            for symbol in self._asked
        ]
        if not interests:
            return []
        return [Fetch("funding_info", "/fapi/v1/fundingInfo", every_s=3600.0), *interests]

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event]:
        try:
            if fetch.tag == "open_interest":
                answer = wire.decode_open_interest(body)
                ts_event = answer.time * NS_PER_MS if answer.time else None
                return [TickerUpdate(answer.symbol, {"open_interest": answer.interest}, ts_event, ts_recv)]
            if fetch.tag == "funding_info":
                told = {row.symbol: row.hours or None for row in wire.decode_funding_info(body)}
                self._funding_interval_h = told
                return [_interval(symbol, told, ts_recv) for symbol in self._asked]
        except wire.MALFORMED as error:
            raise DecodeError(f"binance: {error}") from error
        return []

    # --- What can be traded ---

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        if self.market == SPOT:
            return [
                Fetch("exchange_info", "/api/v3/exchangeInfo", weight=20.0),
                Fetch("day_turnover", "/api/v3/ticker/24hr", weight=80.0),
            ]
        return [
            Fetch("exchange_info", "/fapi/v1/exchangeInfo", weight=1.0),
            Fetch("day_turnover", "/fapi/v1/ticker/24hr", weight=40.0),
        ]

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        """Turnovers only of what is quoted in dollars: those in lira and rupiah cannot be compared."""
        try:
            if fetch.tag == "exchange_info":
                listed = wire.decode_exchange_info(body).symbols
                return [_instrument(row, self.market) for row in listed if self._lists(row)]
            rows = wire.decode_day_turnover(body)
            return [Turnover(row.symbol, row.turnover) for row in rows if row.symbol.endswith(DOLLARS)]
        except wire.MALFORMED as error:
            raise DecodeError(f"binance: {error}") from error

    def _lists(self, row: wire.Listed) -> bool:
        if row.status != "TRADING":
            return False
        return self.market == SPOT or (row.contract in PERPETUALS and row.quote in DOLLARS)


def _shutdown(data: bytes | Raw, stream: str, ts_recv: int) -> Meanings:
    return [Rollover("serverShutdown")]


def _side(price: float | None, size: float | None) -> tuple[float | None, float | None]:
    """An empty side is written as zero."""
    return (price, size) if price and size else (None, None)


def _quote(sides: wire.BookTicker | wire.DayTicker, ts_event: int | None, ts_recv: int) -> Quote:
    bid, bid_size = _side(sides.bid, sides.bid_size)
    ask, ask_size = _side(sides.ask, sides.ask_size)
    return Quote(sides.symbol, bid, bid_size, ask, ask_size, ts_event, ts_recv)


def _answer(message: wire.Message) -> Meanings:
    """An answer to a request: nothing but `result: null` is an acknowledgement."""
    request_id = message.id if isinstance(message.id, int) else None
    reason = message.error.msg if message.error else message.msg
    if reason or message.error:
        return [Refused(reason or "refused without a reason", request_id)]
    if message.result is None and request_id is not None:
        return [Acknowledged(request_id)]
    return []


def _interval(symbol: str, told: dict[str, float | None], ts_recv: int) -> TickerUpdate:
    return TickerUpdate(symbol, {"funding_interval_h": told.get(symbol, FUNDING_INTERVAL_H)}, None, ts_recv)


def _in_base_coin(coin: str) -> tuple[str, float]:
    """`1000PEPE` is lots of 1000 PEPE, `1MBABYDOGE` lots of a million; `1INCH` is a name."""
    found = re.fullmatch(r"(1000|1000000|1M)(\D.+)", coin)
    if not found:
        return coin, 1.0
    return found[2], 1e6 if found[1] == "1M" else float(found[1])


def _instrument(row: wire.Listed, market: str) -> Instrument:
    steps = {rule.kind: rule.tick_size or rule.step_size for rule in row.filters}
    base, multiplier = _in_base_coin(row.base)
    return Instrument(
        exchange=Codec.exchange,
        market=market,
        symbol=row.symbol,
        base=base,
        quote=row.quote,
        tick_size=steps.get("PRICE_FILTER") or None,
        lot_size=steps.get("LOT_SIZE") or None,
        multiplier=multiplier,
    )
