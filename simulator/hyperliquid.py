"""Hyperliquid WebSocket: one subscription per message, echoes with defaults, abrupt ends on unknown coins.

What can be subscribed is in `hyperliquid_topics.py`, the info endpoint in `hyperliquid_info.py`, the
payloads in `hyperliquid_frames.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator import hyperliquid_frames as payloads
from simulator import hyperliquid_info
from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_frame, to_json
from simulator.hyperliquid_feeds import SnapshotFeed, TradesFeed
from simulator.hyperliquid_frames import message
from simulator.hyperliquid_info import Info
from simulator.hyperliquid_topics import canonical, is_precise, topic_of
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.tape import TapeTrade
from simulator.venue import Feed, VenueServer
from simulator.world import MoveKind, World

BAD_COIN_DELAY_S: Final = 0.05  # the real server needs up to 100 ms
CONTEXT_PERIOD_S: Final = 1.0
MIDS_PERIOD_S: Final = 5.0


class HyperliquidServer(VenueServer):
    """The simulated Hyperliquid: perps, spot pairs and one builder dex on one address."""

    name = "hyperliquid"
    markets = ("perp", "spot")
    market = "hyperliquid"

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings)
        self._subscriptions = 0
        self._info = Info(world, settings.hyperliquid_weight)

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
            subscription = canonical(request["subscription"])
            if method not in ("subscribe", "unsubscribe"):
                raise ValueError(method)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            self._error(connection, f"Error parsing JSON into valid websocket request: {text}")
            return
        if method == "subscribe":
            self._subscribe(connection, subscription)
        else:
            self._unsubscribe(connection, subscription)

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
        self._show(connection, feed)
        connection.flush()

    def _is_known(self, subscription: dict[str, Any]) -> bool:
        if subscription["type"] == "allMids":
            return subscription["dex"] in (None, "", "xyz")
        return subscription["coin"] in self.instruments and is_precise(subscription)

    def _show(self, connection: Connection, feed: Feed) -> None:
        """Start a subscription: all but candles show their state at once, trades begin with the past."""
        self.tell_time()
        if not self.attach(connection, feed) or feed.topic.startswith("candle:"):
            return
        text = feed.past() if isinstance(feed, TradesFeed) else feed.render()
        if text:
            self.send(connection, feed, text)

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
        coin = self.instruments[subscription["coin"]]
        if kind == "bbo":
            return Feed(topic, coin, lambda: payloads.book_top(coin, self.world.now_ms))
        if kind == "activeAssetCtx":
            return Feed(topic, coin, lambda: self._context(coin), CONTEXT_PERIOD_S)
        if kind == "l2Book":
            return SnapshotFeed(self, topic, coin, subscription, self.settings.hyperliquid_book_s)
        if kind == "candle":
            series = self.world.candles(coin, subscription["interval"])
            return Feed(topic, coin, lambda: message("candle", series.row(series.current)))
        return TradesFeed(topic, coin, self.world.start_ms)

    def _context(self, instrument: Instrument) -> str:
        if instrument.kind == "spot":
            context = payloads.spot_context(instrument)
            return message("activeSpotAssetCtx", {"coin": instrument.symbol, "ctx": context})
        context = payloads.perp_context(instrument)
        return message("activeAssetCtx", {"coin": instrument.symbol, "ctx": context})

    def _mids(self, dex: str) -> str:
        data: dict[str, Any] = {"mids": hyperliquid_info.mids(self.world, dex)}
        if dex:
            data["dex"] = dex
        return message("allMids", data)

    def trade_id(self, instrument: Instrument, trade: TapeTrade) -> str:
        """The `tid`."""
        return str(payloads.trade_number(trade.id))

    def past_trades(self, feed: Feed) -> str:
        """What every subscription begins with anyway: the fault sends it twice."""
        return feed.past() if isinstance(feed, TradesFeed) else ""

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
        feed = self.feeds.get(f"trades:{symbol}")
        if feed is not None and feed.subscribers:
            self.publish_periodic(feed)
        for interval in instrument.series:
            feed = self.feeds.get(f"candle:{symbol}:{interval}")
            if feed is not None and feed.subscribers:
                self.publish(feed, feed.render())

    def sweep(self, connection: Connection, now_s: float) -> None:
        """Drop a client to which nothing was sent for a minute."""
        if now_s - connection.sent_s > self.settings.hyperliquid_silence_s:
            connection.abort()

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """The info endpoint."""
        return self._info.answer(method, path, body, self.now_s)
