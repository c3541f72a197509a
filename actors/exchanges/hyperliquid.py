"""Hyperliquid, public market data: perpetuals (builders' dexes too) and spot.

Rules, with the page of Hyperliquid's documentation (hyperliquid.gitbook.io/hyperliquid-docs) that states
each; "measured" means seen in live frames and stated nowhere:

- "WebSocket / Subscriptions": one subscription per request. `activeAssetCtx` comes complete about every
  second, without a time; for a spot coin its channel is `activeSpotAssetCtx`. `bbo` comes at changes.
  Books: `_hyperliquid_book.py`; trades and candles: `_hyperliquid_trades.py`. Liquidations are not public.
- "WebSocket / Timeouts and heartbeats": who has been sent nothing for 60 s is cut off; we ping every 20 s.
- Measured: an answer echoes the subscription with defaults filled in; a coin that does not exist, or in
  the wrong case, cuts the connection and every subscription with it; a greeting that is not JSON may come
  first.
- "Rate limits", per IP: 1000 subscriptions in total, 2000 messages and REST weight 1200 per minute;
  most questions weigh 20, `candleSnapshot` one more per 60 rows.
- "Funding": `funding` is a fraction per hour, paid at every full hour.
- "Perpetuals / meta": contexts join the universe by position, delisted rows included; `kPEPE` is 1000 PEPE;
  names on a builder's dex begin with the dex (`xyz:NVDA`). "Spot": pairs are `PURR/USDC` or `@107`,
  their tokens are named by `index`, contexts join by `coin`.

No stream tells the price, the high and the low of a day. The price is the last trade's, else the mid,
else the mark; high and low are those of the last 24 hourly candles: one REST question per coin and hour,
and in between the trades (or, where those are not wanted, the candles of a minute, which end in a trade).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges._hyperliquid_book import DEPTH, Books, book_topic
from actors.exchanges._hyperliquid_coin import HOUR_MS, Coin
from actors.exchanges._hyperliquid_listing import ask_pairs, ask_perpetuals, pairs, perpetuals
from actors.exchanges._hyperliquid_requests import answer, ask_day, ask_past, ended, error, request
from actors.exchanges._hyperliquid_trades import (
    MINUTE,
    Meanings,
    extremes,
    past_candles,
    read_candle,
    read_trades,
)
from actors.exchanges._hyperliquid_wire import NS_PER_MS
from actors.exchanges.base import BOOK, CANDLES, QUOTE, TICKER, TRADES, Fetch, Limits, Topic, Turnover
from actors.market.events import Quote, TickerUpdate, Value
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError

HOUR_NS = HOUR_MS * NS_PER_MS
GREETING = b"Websocket connection established"
FORGOTTEN_AFTER_NS = 60_000 * NS_PER_MS  # a context that was away that long was not subscribed


class Codec:
    """One life of one connection; perpetuals and spot share its address."""

    exchange: ClassVar[str] = "hyperliquid"
    title: ClassVar[str] = "Hyperliquid"
    markets: ClassVar[tuple[str, ...]] = (LINEAR, SPOT)

    stream_url = "wss://api.hyperliquid.xyz"
    rest_url = "https://api.hyperliquid.xyz"
    ping_every_s: float | None = 20.0
    drops_on_unknown_topic = True
    offers: tuple[str, ...] = (TICKER, QUOTE, TRADES, BOOK, CANDLES)
    sampled: tuple[str, ...] = ()
    depth_max = DEPTH

    def __init__(self, market: str) -> None:
        self.market = market
        self.limits = Limits(
            topics_per_request=1,
            requests_per_s=25.0,
            topics_per_market=800 if market == LINEAR else 200,  # together the 1000 of one IP
            fetch_weight_per_min=600.0,
        )
        self.heard: dict[str, int] = {}
        self._coins: dict[str, Coin] = {}
        self._books = Books()
        self._meanings: dict[type, Callable[[Any, int], Meanings]] = {
            wire.PerpContextFrame: self._perpetual,
            wire.SpotContextFrame: self._spot,
            wire.BestFrame: self._best,
            wire.BookFrame: self._book,
            wire.TradesFrame: self._trades,
            wire.CandleFrame: self._candle,
            wire.AnswerFrame: self._answer,
            wire.ErrorFrame: self._error,
        }

    # --- What to ask ---

    def stream_path(self, route: str) -> str:
        return "/ws"

    def topics(self, symbol: str, channels: Collection[str]) -> Sequence[Topic]:
        """A ticker takes its price and its day's range from the trades, or else from the candles."""
        topics = [
            Topic(f"activeAssetCtx:{symbol}", symbol, TICKER),
            Topic(f"bbo:{symbol}", symbol, QUOTE, steady=False, greets=False),
            Topic(f"trades:{symbol}", symbol, TRADES, steady=False, greets=False),
        ]
        candle = CANDLES if CANDLES in channels or TRADES in channels else TICKER
        topics.append(Topic(f"candle:{symbol}:{MINUTE}", symbol, candle, steady=False, greets=False))
        return [topic for topic in topics if topic.channel in channels]

    def book(self, symbol: str, depth: int) -> Topic:
        return book_topic(symbol)

    def subscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return request("subscribe", topics[0])

    def unsubscribe(self, topics: Sequence[Topic], request_id: int) -> bytes:
        return request("unsubscribe", topics[0])

    def ping(self) -> bytes:
        return b'{"method":"ping"}'

    # --- What arrives ---

    def receive(self, frame: bytes, ts_recv: int) -> Meanings:
        try:
            message = wire.decode_frame(frame)
        except wire.MALFORMED as problem:
            if _means_nothing(frame):
                return []
            raise DecodeError(f"hyperliquid: {problem}") from problem
        return self._meanings[type(message)](message.data, ts_recv)

    def _coin(self, symbol: str) -> Coin:
        coin = self._coins.get(symbol)
        if coin is None:
            coin = self._coins[symbol] = Coin()
        return coin

    def _perpetual(self, data: wire.CoinContext, ts_recv: int) -> Meanings:
        ctx = data.ctx
        values: dict[str, Value] = {
            "index_price": ctx.oracle_px or None,
            "funding_rate": ctx.funding,
            "funding_interval_h": 1.0,
            "next_funding_ts": (ts_recv // HOUR_NS + 1) * HOUR_NS,
            "open_interest": ctx.open_interest,
        }
        return self._context(data, values, ts_recv)

    def _spot(self, data: wire.CoinContext, ts_recv: int) -> Meanings:
        return self._context(data, {}, ts_recv)

    def _context(self, data: wire.CoinContext, values: dict[str, Value], ts_recv: int) -> Meanings:
        symbol, ctx = data.coin, data.ctx
        topic = f"activeAssetCtx:{symbol}"
        coin = self._coin(symbol)
        if ts_recv - self.heard.get(topic, ts_recv) > FORGOTTEN_AFTER_NS:
            coin.asked, coin.hour_ends = False, 0
        self.heard[topic] = ts_recv
        coin.mid_px, coin.mark_px, coin.prev_day_px = ctx.mid_px, ctx.mark_px, ctx.prev_day_px
        values["price"], values["change_24h"] = coin.price_and_change()
        values["volume_24h"] = ctx.day_base_vlm
        values["turnover_24h"] = ctx.day_ntl_vlm
        values["mark_price"] = ctx.mark_px or None
        meanings: Meanings = [TickerUpdate(symbol, values, None, ts_recv)]
        if ts_recv >= coin.hour_ends:
            meanings += self._new_hour(symbol, coin, ts_recv)
        if coin.candles_wanted:
            coin.candles_wanted = False
            meanings.append(ask_past(symbol, ts_recv // NS_PER_MS))
        return meanings

    def _best(self, data: wire.Best, ts_recv: int) -> Meanings:
        self.heard[f"bbo:{data.coin}"] = ts_recv
        bid, bid_size = _side(data.bbo, 0)
        ask, ask_size = _side(data.bbo, 1)
        return [Quote(data.coin, bid, bid_size, ask, ask_size, data.time * NS_PER_MS, ts_recv)]

    def _book(self, data: wire.Book, ts_recv: int) -> Meanings:
        told = self._books.receive(data, ts_recv)
        if told is None:
            return []
        self.heard[f"l2Book:{data.coin}"] = ts_recv
        return told

    def _trades(self, trades: list[wire.Trade], ts_recv: int) -> Meanings:
        by_symbol: dict[str, list[wire.Trade]] = {}
        for trade in trades:
            by_symbol.setdefault(trade.coin, []).append(trade)
        told: Meanings = []
        for symbol, each in by_symbol.items():
            self.heard[f"trades:{symbol}"] = ts_recv
            told += read_trades(symbol, self._coin(symbol), each, ts_recv)
        return told

    def _candle(self, candle: wire.Candle, ts_recv: int) -> Meanings:
        if candle.interval != MINUTE:
            return []
        self.heard[f"candle:{candle.coin}:{MINUTE}"] = ts_recv
        return read_candle(candle.coin, self._coin(candle.coin), candle, ts_recv)

    def _answer(self, echo: wire.Echo, ts_recv: int) -> Meanings:
        self._left(ended(echo))
        return answer(echo, ts_recv)

    def _error(self, text: str, ts_recv: int) -> Meanings:
        self._left(ended(text))
        return error(text, ts_recv)

    def _left(self, topic: str | None) -> None:
        """What comes next of this topic is the beginning of another subscription."""
        kind, _, symbol = (topic or "").partition(":")
        if kind == "l2Book":
            self._books.leave(symbol)
        elif kind == "trades" and symbol in self._coins:
            self._coins[symbol].trades_begun = False

    def _new_hour(self, symbol: str, coin: Coin, ts_recv: int) -> Meanings:
        """The window slides even where nothing is traded; a new answer mends whatever was missed.

        Who waits for an answer asks no second time: the streams fill in what came to pass meanwhile.
        """
        coin.hour_ends = (ts_recv // HOUR_NS + 1) * HOUR_NS
        meanings: Meanings = [_range_update(symbol, coin, ts_recv)] if coin.slide(ts_recv) else []
        if not coin.asked:
            coin.asked = True
            meanings.append(ask_day(symbol, ts_recv // NS_PER_MS))
        return meanings

    # --- What no stream tells ---

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """None that are known without a clock: `receive` asks for the candles of each coin."""
        return []

    def missed_trades(self, symbol: str) -> Fetch | None:
        """A new subscription tells the past by itself; REST has nothing beyond it."""
        return None

    def candles(self, symbol: str) -> Fetch | None:
        """The last 500 minutes. Before anything was heard, the time is not known: the next context asks."""
        newest_ns = max(self.heard.values(), default=0)
        self._coin(symbol).candles_wanted = not newest_ns
        return ask_past(symbol, newest_ns // NS_PER_MS) if newest_ns else None

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> Meanings:
        try:
            if fetch.tag == "past":
                return [*past_candles(fetch.symbol, wire.decode_candles(body), ts_recv)]
            return self._day(fetch.symbol, wire.decode_hours(body), ts_recv) if fetch.tag == "candles" else []
        except wire.MALFORMED as problem:
            raise DecodeError(f"hyperliquid: {problem}") from problem

    def _day(self, symbol: str, hours: list[wire.Hour], ts_recv: int) -> Meanings:
        coin = self._coin(symbol)
        for hour in hours:
            coin.widen(hour.start_ms, hour.high, hour.low)
        coin.seeded, coin.asked = True, False
        coin.slide(ts_recv)
        return [_range_update(symbol, coin, ts_recv)]

    # --- What can be traded ---

    def listing(self, wanted: Iterable[str]) -> Sequence[Fetch]:
        """The main exchange always, a builder's where a symbol begins with its name; `top:20` is none."""
        if self.market == SPOT:
            return [ask_pairs()]
        dexes = {name.partition(":")[0] for name in wanted if ":" in name} - {"", "top"}
        return [ask_perpetuals(dex) for dex in ("", *sorted(dexes))]

    def receive_listing(self, fetch: Fetch, body: bytes) -> Sequence[Instrument | Turnover | Fetch]:
        try:
            return pairs(body) if fetch.tag == "pairs" else perpetuals(fetch.symbol, body)
        except wire.MALFORMED as problem:
            raise DecodeError(f"hyperliquid: {problem}") from problem


def _side(levels: list[wire.Level | None], index: int) -> tuple[float | None, float | None]:
    """An empty side is `null`, or is not there."""
    level = levels[index] if index < len(levels) else None
    return (level.px, level.sz) if level and level.px and level.sz else (None, None)


def _range_update(symbol: str, coin: Coin, ts_recv: int) -> TickerUpdate:
    return TickerUpdate(symbol, extremes(coin), None, ts_recv)


def _means_nothing(frame: bytes) -> bool:
    """The greeting, and JSON of any channel but ours."""
    if frame.startswith(GREETING):
        return True
    try:
        other = wire.decode_other(frame)
    except wire.MALFORMED:
        return False
    return not isinstance(other, wire.Other) or other.channel not in wire.CHANNELS
