"""Hyperliquid WebSocket: one subscription per message, echoes with defaults, abrupt ends on unknown coins.

The info endpoint is in `hyperliquid_info.py`, the payloads in `hyperliquid_frames.py`.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator import hyperliquid_frames as payloads
from simulator import hyperliquid_info
from simulator.candles import INTERVALS_MS, CandleSeries
from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_frame, to_json
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.venue import Feed, VenueServer
from simulator.world import MoveKind, World

BAD_COIN_DELAY_S: Final = 0.05  # the real server needs up to 100 ms
CONTEXT_PERIOD_S: Final = 1.0
MIDS_PERIOD_S: Final = 5.0
BOOK_PERIOD_S: Final = 5.4
FAST_BOOK_PERIOD_S: Final = 0.54
HISTORIC_TRADES: Final = 30
COIN_CHANNELS: Final = frozenset({"bbo", "trades", "activeAssetCtx", "candle", "l2Book"})


class HyperliquidServer(VenueServer):
    """The simulated Hyperliquid: perps, spot pairs and one builder dex on one address."""

    name = "hyperliquid"
    markets = ("perp", "spot")
    market = "hyperliquid"

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings)
        self._subscriptions = 0
        self._trades: dict[str, deque[dict[str, Any]]] = {}
        self._candles: dict[str, dict[str, CandleSeries]] = {}

    def accepts(self, path: str) -> bool:
        """One address for everything."""
        return path == "/ws"

    def open(self, connection: Connection, path: str, query: Mapping[str, str]) -> None:
        """Nothing to prepare: the protocol has no connection id."""

    def receive(self, connection: Connection, text: str) -> None:
        """Answer one request."""
        try:
            request = msgspec.json.decode(text)
            method = request["method"]
            if method == "ping":
                connection.answer(json_frame({"channel": "pong"}))
                return
            subscription = self._canonical(request["subscription"])
            if method not in ("subscribe", "unsubscribe"):
                raise ValueError(method)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            self._error(connection, f"Error parsing JSON into valid websocket request: {text}")
            return
        if method == "subscribe":
            self._subscribe(connection, subscription)
        else:
            self._unsubscribe(connection, subscription)

    def _canonical(self, given: dict[str, Any]) -> dict[str, Any]:
        """The subscription with its defaults filled in, as the echo shows it."""
        kind = given["type"]
        if kind == "allMids":
            return {"type": kind, "dex": given.get("dex")}
        if kind not in COIN_CHANNELS:
            raise ValueError(kind)
        subscription: dict[str, Any] = {"type": kind, "coin": str(given["coin"])}
        if kind == "candle":
            if given["interval"] not in INTERVALS_MS:
                raise ValueError(given["interval"])
            subscription["interval"] = given["interval"]
        if kind == "l2Book":
            subscription["nSigFigs"] = given.get("nSigFigs")
            subscription["mantissa"] = given.get("mantissa")
            subscription["fast"] = bool(given.get("fast", False))
        return subscription

    def _error(self, connection: Connection, text: str) -> None:
        connection.answer(json_frame({"channel": "error", "data": text}))

    def _subscribe(self, connection: Connection, subscription: dict[str, Any]) -> None:
        topic = topic_of(subscription)
        if not self._is_known(subscription) or self.is_refused(topic):
            # No error frame here: the real server just drops the line.
            connection.abort(delay_s=BAD_COIN_DELAY_S)
            return
        if topic in connection.topics:
            self._error(connection, f"Already subscribed: {to_json(subscription).decode()}")
            return
        if self._subscriptions >= self.settings.hyperliquid_subscriptions:
            limit = self.settings.hyperliquid_subscriptions
            self._error(connection, f"Cannot track more than {limit} total subscriptions.")
            return
        feed = self.feeds.get(topic)
        if feed is None:
            feed = self.feeds[topic] = self._make_feed(topic, subscription)
        connection.topics[topic] = None
        self._subscriptions += 1
        data = {"method": "subscribe", "subscription": subscription}
        connection.answer(json_frame({"channel": "subscriptionResponse", "data": data}))
        self.attach(connection, feed)
        self._send_first(connection, feed)
        connection.flush()

    def _is_known(self, subscription: dict[str, Any]) -> bool:
        if subscription["type"] == "allMids":
            return subscription["dex"] in (None, "", "xyz")
        return subscription["coin"] in self.instruments and subscription.get("nSigFigs") in (None, 2, 3, 4, 5)

    def _unsubscribe(self, connection: Connection, subscription: dict[str, Any]) -> None:
        topic = topic_of(subscription)
        if topic not in connection.topics:
            self._error(connection, f"Already unsubscribed: {to_json(subscription).decode()}")
            return
        del connection.topics[topic]
        self._subscriptions -= 1
        self.detach(connection, topic)
        data = {"method": "unsubscribe", "subscription": subscription}
        connection.answer(json_frame({"channel": "subscriptionResponse", "data": data}))

    def forget(self, connection: Connection) -> None:
        """Give the connection's share of the subscription limit back."""
        self._subscriptions -= len(connection.topics)
        super().forget(connection)

    def _make_feed(self, topic: str, subscription: dict[str, Any]) -> Feed:
        kind = subscription["type"]
        if kind == "allMids":
            dex = subscription["dex"] or ""
            return Feed(topic, None, lambda: self._mids(dex), MIDS_PERIOD_S)
        instrument = self.instruments[subscription["coin"]]
        if kind == "bbo":
            return Feed(topic, instrument, lambda: payloads.book_top(instrument, self.world.now_ms))
        if kind == "activeAssetCtx":
            return Feed(topic, instrument, lambda: self._context(instrument), CONTEXT_PERIOD_S)
        if kind == "l2Book":
            is_fast = subscription["fast"]
            period_s = FAST_BOOK_PERIOD_S if is_fast else BOOK_PERIOD_S
            return Feed(topic, instrument, lambda: self._book(instrument, is_fast), period_s)
        if kind == "candle":
            series = self.candles(instrument, subscription["interval"])
            return Feed(topic, instrument, lambda: _message("candle", series.row(series.current)))
        return Feed(topic, instrument, lambda: _message("trades", list(self._history(instrument))))

    def _send_first(self, connection: Connection, feed: Feed) -> None:
        """Everything but candles shows its state at once; trades start with some old ones."""
        if not feed.topic.startswith("candle:"):
            self.send(connection, feed, feed.render())

    def _context(self, instrument: Instrument) -> str:
        if instrument.kind == "spot":
            context = payloads.spot_context(instrument)
            return _message("activeSpotAssetCtx", {"coin": instrument.symbol, "ctx": context})
        context = payloads.perp_context(instrument)
        return _message("activeAssetCtx", {"coin": instrument.symbol, "ctx": context})

    def _mids(self, dex: str) -> str:
        data: dict[str, Any] = {"mids": hyperliquid_info.mids(self.world, dex)}
        if dex:
            data["dex"] = dex
        return _message("allMids", data)

    def _book(self, instrument: Instrument, is_fast: bool) -> str:
        levels = payloads.FAST_BOOK_LEVELS if is_fast else payloads.BOOK_LEVELS
        data = payloads.book(instrument, self.world.now_ms, levels)
        if is_fast:
            data["fast"] = True
        return _message("l2Book", data)

    def _history(self, instrument: Instrument) -> deque[dict[str, Any]]:
        """The latest trades; when there are none yet, some are invented for the past minutes."""
        trades = self._trades.get(instrument.symbol)
        if trades is None:
            trades = self._trades[instrument.symbol] = deque(maxlen=HISTORIC_TRADES)
            if instrument.live:
                now_ms = self.world.now_ms
                trades.extend(
                    payloads.trade(instrument, now_ms - age * 7_000, self.random) for age in range(12, 0, -1)
                )
        return trades

    def candles(self, instrument: Instrument, interval: str) -> CandleSeries:
        """The candle series of a coin, started when first asked for."""
        series = self._candles.setdefault(instrument.symbol, {})
        if interval not in series:
            series[interval] = CandleSeries(instrument, interval, self.world.now_ms, self.world.seed)
        return series[interval]

    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """A new top of the book goes out as bbo; a trade also as trades and candles."""
        symbol = instrument.symbol
        if kind == "mark":
            return
        top = self.feeds.get(f"bbo:{symbol}")
        if top is not None and top.subscribers:
            self.publish(top, top.render())
        if kind == "trade":
            self._on_trade(instrument, symbol)

    def _on_trade(self, instrument: Instrument, symbol: str) -> None:
        now_ms = self.world.now_ms
        if symbol in self._trades:
            done = payloads.trade(instrument, now_ms, self.random)
            self._trades[symbol].append(done)
            feed = self.feeds.get(f"trades:{symbol}")
            if feed is not None and feed.subscribers:
                self.publish(feed, _message("trades", [done]))
        for interval, series in self._candles.get(symbol, {}).items():
            series.trade(now_ms)
            feed = self.feeds.get(f"candle:{symbol}:{interval}")
            if feed is not None and feed.subscribers:
                self.publish(feed, feed.render())

    def sweep(self, connection: Connection, now_s: float) -> None:
        """Drop a client to which nothing was sent for a minute."""
        if now_s - connection.sent_s > self.settings.hyperliquid_silence_s:
            connection.abort()

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """The info endpoint."""
        return hyperliquid_info.answer(self.world, self.candles, method, path, body)


def topic_of(subscription: dict[str, Any]) -> str:
    """The text that names a subscription here: `bbo:BTC`, `candle:BTC:1h`, `allMids`, `allMids:xyz`."""
    kind = subscription["type"]
    if kind == "allMids":
        return f"allMids:{subscription['dex']}" if subscription["dex"] else "allMids"
    if kind == "candle":
        return f"candle:{subscription['coin']}:{subscription['interval']}"
    if kind == "l2Book" and subscription["fast"]:
        return f"l2Book:{subscription['coin']}:fast"
    return f"{kind}:{subscription['coin']}"


def _message(channel: str, data: object) -> str:
    return to_json({"channel": channel, "data": data}).decode()
