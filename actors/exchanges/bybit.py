"""Bybit v5. The rules, with the page of bybit-exchange.github.io/docs/v5 that states each:

- "Websocket / Ticker": derivatives send a `snapshot`, then `delta`s in which an absent field has not
  changed (so a delta before its snapshot applies to nothing); spot sends snapshots only, without bid and
  ask. `price24hPcnt` is a fraction. `openInterest` counts both sides, `singleOpenInterest` one.
  Spot's `usdIndexPrice` is the coin's price in dollars, not the market's index. (Measured: no value is an
  empty string, and an empty side of the book is "" or the price "0".)
- "Websocket / Orderbook": level 1 sends snapshots only, and the same `u` again after 3 s without change.
  `cts` is the matching engine's time. `orderbook.rpi` and `orderbook.full` are other channels.
- "Websocket / Connect": `{"op":"ping"}` every 20 s, and the answer's `op` is "ping" too; at most 21,000
  characters of topics per connection, on spot 10 topics per request. An answer names no topics unless it
  refuses one, and may come after the first data.
- "Get Instruments Info": linear comes in pages, spot does not; `fundingInterval` is minutes.
- "Error Codes": `retCode` inside HTTP 200; 10006 and 10018 are rate limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar
from urllib.parse import quote

from msgspec import UNSET
from msgspec.json import encode

from actors.exchanges._bybit_wire import (
    INTERESTS,
    MALFORMED,
    NS_PER_MS,
    THEIRS,
    Message,
    Ordinary,
    Page,
    Row,
    decode_answer,
    decode_book,
    decode_message,
    decode_ordinary,
    decode_ticker,
    drop_sizes_without_price,
    ordinary_values,
    to_amount,
    to_moment,
    to_percent,
    to_price,
    to_rate,
)
from actors.exchanges.base import (
    QUOTE,
    TICKER,
    Acknowledged,
    Command,
    Fetch,
    Limits,
    Refused,
    Topic,
    Turnover,
)
from actors.market.events import Event, Quote, TickerUpdate, Value
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError, RateLimited

DOLLARS = ("USDT", "USDC")

ORDINARY_HEAD = b'{"topic":"tickers.'
_MEANINGS: dict[str, Callable[[str], Value]] = {
    "volume_24h": to_amount,
    "turnover_24h": to_amount,
    "change_24h": to_percent,
    "funding_rate": to_rate,
    "funding_interval_h": to_amount,
    "next_funding_ts": to_moment,
}
_OURS = {theirs: ours for ours, theirs in THEIRS.items() if theirs not in INTERESTS}


def _values(data: dict[str, str]) -> dict[str, Value]:
    """A ticker's fields in our words, except open interest, for messages that are not ordinary."""
    values = {_OURS[name]: _MEANINGS.get(_OURS[name], to_price)(data[name]) for name in data if name in _OURS}
    drop_sizes_without_price(values)
    return values


def _best(levels: list[tuple[str, str]]) -> tuple[float | None, float | None]:
    """The first level's price and size; an empty side has neither."""
    if not levels:
        return None, None
    price, size = to_price(levels[0][0]), to_price(levels[0][1])
    return (price, size) if price and size else (None, None)


def _request(op: str, topics: Sequence[Topic], request_id: int) -> bytes:
    return encode({"req_id": str(request_id), "op": op, "args": [topic.name for topic in topics]})


def _answered(message: Message) -> list[Event | Command]:
    """An answer to a request. Pongs, and acknowledgements that name nothing, mean nothing."""
    reason, id_text = message.ret_msg or "", message.req_id or ""
    request_id = int(id_text) if re.fullmatch("[0-9]{1,18}", id_text) else None
    if message.success is False:
        found = re.search(r"(?:,topic:|^Invalid symbol :\[)([^\s,\]]+)\]?$", reason)
        topic = found[1] if found else None
        if topic and "already subscribed" in reason:
            return [Acknowledged(topic=topic)]
        return [Refused(reason, request_id, topic)]
    if message.success and message.op in ("subscribe", "unsubscribe") and request_id is not None:
        return [Acknowledged(request_id)]
    return []


def _instrument(market: str, row: Row) -> Instrument:
    """`1000PEPE` is lots of 1000 PEPE; `1INCH` is a name."""
    lots = re.fullmatch(r"(10{3,})(\D.*)", row.base_coin)
    return Instrument(
        exchange=Codec.exchange,
        market=market,
        symbol=row.symbol,
        base=lots[2] if lots else row.base_coin,
        quote=row.quote_coin,
        tick_size=to_price(row.price_filter.tick_size),
        lot_size=to_price(row.lot_size_filter.qty_step or row.lot_size_filter.base_precision),
        multiplier=float(lots[1]) if lots else 1.0,
        funding_interval_h=row.funding_interval / 60.0 if row.funding_interval else None,
    )


class Codec:
    """One life of one connection to `/v5/public/linear` or `/v5/public/spot`."""

    exchange: ClassVar[str] = "bybit"
    title: ClassVar[str] = "Bybit"
    markets: ClassVar[tuple[str, ...]] = (LINEAR, SPOT)

    stream_url = "wss://stream.bybit.com"
    rest_url = "https://api.bybit.com"
    ping_every_s: float | None = 20.0
    drops_on_unknown_topic = False

    def __init__(self, market: str) -> None:
        self.market = market
        batch = 10 if market == SPOT else 200
        self.limits = Limits(topics_per_request=batch, requests_per_s=10.0, topic_chars_per_connection=20_000)
        self.heard: dict[str, int] = {}
        self._one_sided: dict[str, bool] = {}  # symbols with a snapshot: do they tell singleOpenInterest?
        self._newest_u: dict[str, int] = {}

    def stream_path(self, route: str) -> str:
        return f"/v5/public/{self.market}"

    def topics(self, symbol: str) -> Sequence[Topic]:
        """A spot ticker moves with its trades, so its silence means nothing; the book repeats itself."""
        ticker = Topic(f"tickers.{symbol}", symbol, TICKER, steady=self.market == LINEAR)
        return (ticker,) if self.market == LINEAR else (ticker, Topic(f"orderbook.1.{symbol}", symbol, QUOTE))

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return _request("subscribe", topics, request_id)

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return _request("unsubscribe", topics, request_id)

    def ping(self) -> bytes:
        return b'{"op":"ping"}'

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        if frame.startswith(ORDINARY_HEAD):
            try:
                return self._ordinary(decode_ordinary(frame), ts_recv)
            except MALFORMED:
                pass  # something in it is not ordinary: the long way knows what it means
        return self._receive_any(frame, ts_recv)

    def _receive_any(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        try:
            message = decode_message(frame)
            topic = message.topic
            if topic.startswith("tickers."):
                return self._ticker(message, topic[8:], ts_recv)
            if topic.startswith("orderbook.1."):
                return self._quote(message, topic[12:], ts_recv)
        except MALFORMED as error:
            raise DecodeError(f"bybit: {error}"[:200]) from error
        if not topic:
            return _answered(message)
        self.heard[topic] = ts_recv
        return []

    def _ordinary(self, message: Ordinary, ts_recv: int) -> list[Event | Command]:
        symbol, numbers = message.topic[8:], message.data
        if message.type != "snapshot" and symbol not in self._one_sided:
            return []
        values = ordinary_values(numbers)
        if numbers.one_sided_interest is not UNSET:
            values["open_interest"] = numbers.one_sided_interest
            self._one_sided[symbol] = True
        elif numbers.two_sided_interest is not UNSET and not self._one_sided.get(symbol):
            values["open_interest"] = numbers.two_sided_interest / 2.0
        return self._told(message, symbol, values, ts_recv)

    def _ticker(self, message: Message, symbol: str, ts_recv: int) -> list[Event | Command]:
        if message.type != "snapshot" and symbol not in self._one_sided:
            return []
        data = decode_ticker(message.data)
        values = _values(data)
        if "singleOpenInterest" in data:
            values["open_interest"] = to_amount(data["singleOpenInterest"])
            self._one_sided[symbol] = True
        elif "openInterest" in data and not self._one_sided.get(symbol):
            both_sides = to_amount(data["openInterest"])
            values["open_interest"] = None if both_sides is None else both_sides / 2.0
        return self._told(message, symbol, values, ts_recv)

    def _told(
        self, message: Message | Ordinary, symbol: str, values: dict[str, Value], ts_recv: int
    ) -> list[Event | Command]:
        """The event of a ticker that told `values`."""
        if message.type == "snapshot":
            self._one_sided.setdefault(symbol, False)
        self.heard[message.topic] = ts_recv
        ts_event = message.ts * NS_PER_MS if message.ts else None
        return [TickerUpdate(symbol, values, ts_event, ts_recv)] if values else []

    def _quote(self, message: Message, symbol: str, ts_recv: int) -> list[Event | Command]:
        if message.type != "snapshot":
            return []
        book = decode_book(message.data)
        (bid, bid_size), (ask, ask_size) = _best(book.b), _best(book.a)
        self.heard[message.topic] = ts_recv
        if self._newest_u.get(symbol) == book.u:
            return []
        self._newest_u[symbol] = book.u
        ts = message.cts or message.ts
        ts_event = ts * NS_PER_MS if ts else None
        return [Quote(symbol, bid, bid_size, ask, ask_size, ts_event, ts_recv)]

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        return ()

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event]:
        return []

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        query = f"category={self.market}"
        instruments = Fetch("instruments", f"/v5/market/instruments-info?{query}&limit=1000")
        return instruments, Fetch("tickers", f"/v5/market/tickers?{query}")

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        try:
            answer = decode_answer(body)
            if answer.ret_code in (10006, 10018):
                raise RateLimited(f"bybit: {answer.ret_msg}")
            if answer.ret_code != 0 or answer.result is None:
                raise DecodeError(f"bybit: {answer.ret_code} {answer.ret_msg}")
            return list(self._listed(fetch, answer.result))
        except MALFORMED as error:
            raise DecodeError(f"bybit: {error}"[:200]) from error

    def _listed(self, fetch: Fetch, page: Page) -> Iterator[Instrument | Turnover | Fetch]:
        """Turnovers only of what is quoted in dollars: those in reais or in bitcoin cannot be compared."""
        for row in page.rows:
            if fetch.tag == "tickers":
                if self.market == LINEAR or row.symbol.endswith(DOLLARS):
                    yield Turnover(row.symbol, to_amount(row.turnover24h) or 0.0)
            elif row.status == "Trading" and (self.market == SPOT or row.contract_type == "LinearPerpetual"):
                yield _instrument(self.market, row)
        if page.next_page_cursor and self.market == LINEAR:
            first, _, _ = fetch.path.partition("&cursor=")
            path = f"{first}&cursor={quote(page.next_page_cursor, safe='')}"
            if path != fetch.path:  # a page that names itself would never end
                yield Fetch(fetch.tag, path)
