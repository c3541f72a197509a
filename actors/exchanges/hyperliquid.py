"""Hyperliquid, public market data: perpetuals (builders' dexes too) and spot.

Rules, with the page of Hyperliquid's documentation (hyperliquid.gitbook.io/hyperliquid-docs) that states
each; "measured" means seen in live frames and stated nowhere:

- "WebSocket / Subscriptions": one subscription per request. `activeAssetCtx` comes complete about every
  second, without a time; for a spot coin its channel is `activeSpotAssetCtx`. `bbo` comes at changes.
- "WebSocket / Timeouts and heartbeats": who has been sent nothing for 60 s is cut off; we ping every 20 s.
- Measured: an answer echoes the subscription with defaults filled in; a coin that does not exist, or in
  the wrong case, cuts the connection and every subscription with it; the first `trades` frame is up to
  30 past trades; a greeting that is not JSON may come first.
- "Rate limits", per IP: 1000 subscriptions in total, 2000 messages and REST weight 1200 per minute;
  most questions weigh 20, `candleSnapshot` one more per 60 rows.
- "Funding": `funding` is a fraction per hour, paid at every full hour.
- "Perpetuals / meta": contexts join the universe by position, delisted rows included; `kPEPE` is 1000 PEPE;
  names on a builder's dex begin with the dex (`xyz:NVDA`). "Spot": pairs are `PURR/USDC` or `@107`,
  their tokens are named by `index`, contexts join by `coin`.

No stream tells the price, the high and the low of a day. The price is the last trade's, else the mid,
else the mark; high and low are those of the last 24 hourly candles: one REST question per coin and hour,
and the candle stream in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

from msgspec.json import encode

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges._hyperliquid_coin import HOUR_MS, Coin
from actors.exchanges._hyperliquid_listing import ask_pairs, ask_perpetuals, pairs, perpetuals
from actors.exchanges._hyperliquid_requests import answer, error, request
from actors.exchanges._hyperliquid_wire import NS_PER_MS
from actors.exchanges.base import (
    QUOTE,
    TICKER,
    Command,
    Fetch,
    Limits,
    Topic,
    Turnover,
)
from actors.market.events import Event, Quote, TickerUpdate, Value
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError

HOUR_NS = HOUR_MS * NS_PER_MS
GREETING = b"Websocket connection established"
FORGOTTEN_AFTER_NS = 60_000 * NS_PER_MS  # a context that was away that long was not subscribed
CANDLES_WEIGHT = 20.0 + 25.0 / 60.0

Meanings: TypeAlias = list[Event | Command]


class Codec:
    """One life of one connection; perpetuals and spot share its address."""

    exchange: ClassVar[str] = "hyperliquid"
    title: ClassVar[str] = "Hyperliquid"
    markets: ClassVar[tuple[str, ...]] = (LINEAR, SPOT)

    stream_url = "wss://api.hyperliquid.xyz"
    rest_url = "https://api.hyperliquid.xyz"
    ping_every_s: float | None = 20.0
    drops_on_unknown_topic = True

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
        self._meanings: dict[type, Callable[[Any, int], Meanings]] = {
            wire.PerpContextFrame: self._perpetual,
            wire.SpotContextFrame: self._spot,
            wire.BestFrame: self._best,
            wire.TradesFrame: self._trades,
            wire.CandleFrame: self._candle,
            wire.AnswerFrame: answer,
            wire.ErrorFrame: error,
        }

    # --- What to ask ---

    def stream_path(self, route: str) -> str:
        return "/ws"

    def topics(self, symbol: str) -> Sequence[Topic]:
        return (
            Topic(f"activeAssetCtx:{symbol}", symbol, TICKER),
            Topic(f"bbo:{symbol}", symbol, QUOTE, steady=False, greets=False),
            Topic(f"trades:{symbol}", symbol, TICKER, steady=False, greets=False),
            Topic(f"candle:{symbol}:1h", symbol, TICKER, steady=False, greets=False),
        )

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
        return meanings

    def _best(self, data: wire.Best, ts_recv: int) -> Meanings:
        self.heard[f"bbo:{data.coin}"] = ts_recv
        bid, bid_size = _side(data.bbo, 0)
        ask, ask_size = _side(data.bbo, 1)
        return [Quote(data.coin, bid, bid_size, ask, ask_size, data.time * NS_PER_MS, ts_recv)]

    def _trades(self, trades: list[wire.Trade], ts_recv: int) -> Meanings:
        """Only the newest of each coin counts: what is past, or comes again, changes no price."""
        newer: dict[str, Coin] = {}
        for trade in trades:
            self.heard[f"trades:{trade.coin}"] = ts_recv
            coin = self._coin(trade.coin)
            if trade.px and (trade.time, trade.tid) > coin.trade:
                coin.trade, coin.trade_px = (trade.time, trade.tid), trade.px
                newer[trade.coin] = coin
        return [_price_update(symbol, coin, ts_recv) for symbol, coin in newer.items()]

    def _candle(self, candle: wire.Candle, ts_recv: int) -> Meanings:
        """Before the answer about the day is here, the current hour alone says nothing about it."""
        if candle.interval != "1h":
            return []
        self.heard[f"candle:{candle.coin}:1h"] = ts_recv
        coin = self._coin(candle.coin)
        news = coin.add(candle) and coin.slide(ts_recv)
        return [_extremes(candle.coin, coin, ts_recv)] if news else []

    def _new_hour(self, symbol: str, coin: Coin, ts_recv: int) -> Meanings:
        """The window slides even where nothing is traded; a new answer mends whatever was missed.

        Who waits for an answer asks no second time: the streams fill in what came to pass meanwhile.
        """
        coin.hour_ends = (ts_recv // HOUR_NS + 1) * HOUR_NS
        meanings: Meanings = [_extremes(symbol, coin, ts_recv)] if coin.slide(ts_recv) else []
        if not coin.asked:
            coin.asked = True
            meanings.append(_ask_candles(symbol, ts_recv // NS_PER_MS))
        return meanings

    # --- What no stream tells ---

    def fetches(self, symbols: Iterable[str], route: str) -> Sequence[Fetch]:
        """None that are known without a clock: `receive` asks for the candles of each coin."""
        return []

    def receive_fetched(self, fetch: Fetch, body: bytes, ts_recv: int) -> list[Event]:
        if fetch.tag != "candles":
            return []
        coin = self._coin(fetch.symbol)
        try:
            for candle in wire.decode_candles(body):
                coin.add(candle)
        except wire.MALFORMED as problem:
            raise DecodeError(f"hyperliquid: {problem}") from problem
        coin.seeded, coin.asked = True, False
        coin.slide(ts_recv)
        return [_extremes(fetch.symbol, coin, ts_recv)]

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


def _price_update(symbol: str, coin: Coin, ts_recv: int) -> TickerUpdate:
    price, change = coin.price_and_change()
    ts_event = coin.trade[0] * NS_PER_MS
    return TickerUpdate(symbol, {"price": price, "change_24h": change}, ts_event, ts_recv)


def _extremes(symbol: str, coin: Coin, ts_recv: int) -> TickerUpdate:
    high, low = coin.extremes
    return TickerUpdate(symbol, {"high_24h": high, "low_24h": low}, None, ts_recv)


def _ask_candles(symbol: str, now_ms: int) -> Fetch:
    hours = wire.CandleRange(symbol, "1h", now_ms - 25 * HOUR_MS, now_ms)
    body = encode(wire.CandleQuestion("candleSnapshot", hours))
    return Fetch("candles", "/info", symbol, body, CANDLES_WEIGHT)


def _means_nothing(frame: bytes) -> bool:
    """The greeting, and JSON of any channel but ours."""
    if frame.startswith(GREETING):
        return True
    try:
        other = wire.decode_other(frame)
    except wire.MALFORMED:
        return False
    return not isinstance(other, wire.Other) or other.channel not in wire.CHANNELS
