"""Bybit v5 public WebSocket, linear and spot: requests, answers, limits, and when which feed speaks.

One `BybitServer` per category. The two differ in acks, error texts, limits and ticker style, as the real
ones do. Books, trades, liquidations and candles are in `bybit_feeds.py`, REST is in `bybit_rest.py`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import msgspec
import trio

from simulator import bybit_frames, bybit_rest
from simulator.bybit_feeds import BybitBook, BybitTrades, make_feed
from simulator.bybit_limits import BybitLimits
from simulator.bybit_ticker import Category, LinearTicker, spot_ticker
from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_frame
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.tape import TapeTrade
from simulator.venue import Feed, VenueServer
from simulator.world import MoveKind, World

ARGUMENT_CHARACTERS: Final = 21_000  # per connection, all requests together
SPOT_ARGUMENTS: Final = 10  # per request
REPEAT_CHECK_S: Final = 0.1  # how often quiet books are looked for
EARLY_SNAPSHOT_SHARE: Final = 0.2  # how often the first snapshot overtakes the ack


class BybitServer(VenueServer):
    """One category (linear or spot) of the simulated Bybit."""

    name = "bybit"
    depth_paths = frozenset(("/v5/market/orderbook",))
    rate_limit_body = b'{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{}}'

    def __init__(
        self,
        category: Category,
        world: World,
        board: FaultBoard,
        settings: SimulatorSettings,
        rest_limits: BybitLimits,
    ) -> None:
        self.category = category
        self.market = "bybit-linear" if category == "linear" else "bybit-spot"
        self.markets = (category,)
        super().__init__(world, board, settings)
        self._rest_limits = rest_limits
        self._tickers: dict[str, LinearTicker] = {}
        self._next_repeat_s = 0.0
        self._tops: list[Feed] = []  # orderbook.1
        self._late: list[tuple[float, Connection, BybitBook]] = []  # snapshots that a fault holds back
        self._path = f"/v5/public/{category}"

    def _feed(self, topic: str) -> Feed | None:
        """The feed of a topic, made for its first subscriber; None when there is no such topic."""
        feed = self.feeds.get(topic)
        if feed is None:
            feed = self._ticker(topic) if topic.startswith("tickers.") else make_feed(self, topic)
            if feed is None:
                return None
            self.feeds[topic] = feed
            if topic.startswith("orderbook.1."):
                self._tops.append(feed)
        instrument = feed.instrument
        return None if instrument is None or instrument.status == "Closed" else feed

    def _ticker(self, topic: str) -> Feed | None:
        instrument = self.instruments.get(topic.removeprefix("tickers."))
        if instrument is None or instrument.status == "Closed":
            return None
        if self.category == "spot":
            return Feed(topic, instrument, partial(spot_ticker, instrument, self.world))
        ticker = self._tickers[instrument.symbol] = LinearTicker(instrument, self.world)
        return Feed(topic, instrument, ticker.snapshot)

    def accepts(self, path: str) -> bool:
        """Only the category's own address."""
        return path == self._path

    def open(self, connection: Connection, path: str, query: Mapping[str, str]) -> None:
        """Give the connection an id in Bybit's style."""
        letters = "0123456789abcdefghijklmnopqrstuv"
        connection.conn_id = "".join(self.random.choices(letters, k=20)) + f"-{connection.number:x}"

    def receive(self, connection: Connection, text: str) -> None:
        """Answer ping, subscribe and unsubscribe; anything else gets an error text."""
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            self._reply(connection, {"op": ""}, False, f"Failed to decode incoming data, err:{error}")
            return
        if not isinstance(request, dict) or not isinstance(request.get("args", []), list):
            self._reply(connection, {"op": ""}, False, "Failed to decode incoming data, err:wrong type")
            return
        operation = request.get("op")
        if operation == "ping":
            self._reply(connection, request, True, "pong")
        elif operation == "subscribe":
            self._subscribe(connection, request)
        elif operation == "unsubscribe":
            self._unsubscribe(connection, request)
        else:
            self._reply(connection, request, False, "error:invalid op")

    def _reply(self, connection: Connection, request: dict[str, Any], success: bool, text: str) -> None:
        """An answer names no topics; linear always carries a req_id, spot only when it was given one."""
        answer: dict[str, Any] = {"success": success, "ret_msg": text, "conn_id": connection.conn_id}
        if self.category == "linear" or request.get("req_id"):
            answer["req_id"] = str(request.get("req_id", ""))
        answer["op"] = str(request.get("op", ""))
        connection.answer(json_frame(answer))

    def _subscribe(self, connection: Connection, request: dict[str, Any]) -> None:
        topics = [str(topic) for topic in request.get("args") or ()]
        refusal = self._refusal(connection, topics)
        if refusal:
            self._reply(connection, request, False, refusal)
            return
        is_early = self.random.random() < EARLY_SNAPSHOT_SHARE
        if not is_early:
            self._acknowledge(connection, request)
        for topic in topics:
            self._add(connection, topic)
        if is_early:
            self._acknowledge(connection, request)
        connection.flush()

    def _add(self, connection: Connection, topic: str) -> None:
        """Note the topic, attach it, and send what a new subscriber gets at once: books and tickers."""
        connection.topics[topic] = None
        connection.topic_characters += len(topic)
        feed = self._feed(topic)
        if feed is None or not self.attach(connection, feed):
            return
        if isinstance(feed, BybitBook):
            late = self.strike("late_snapshot", feed)
            if late is None:
                self.send(connection, feed, feed.snapshot())
            else:
                self._late.append((self.now_s + late.late_s, connection, feed))
        elif topic.startswith(("tickers.", "orderbook.1.")):
            feed.due_s = self.now_s + self.settings.bybit_repeat_s
            self.send(connection, feed, feed.render())

    def _acknowledge(self, connection: Connection, request: dict[str, Any]) -> None:
        text = "" if self.category == "linear" else str(request["op"])
        self._reply(connection, request, True, text)

    def _refusal(self, connection: Connection, topics: list[str]) -> str:
        """Why the whole request is refused; empty when it is fine. One bad topic refuses all."""
        if not topics:
            return "error:args is empty"
        if self.category == "spot" and len(topics) > SPOT_ARGUMENTS:
            return f"args size >{SPOT_ARGUMENTS}"
        if connection.topic_characters + sum(map(len, topics)) > ARGUMENT_CHARACTERS:
            return f"error:args length exceeds {ARGUMENT_CHARACTERS}"
        seen: set[str] = set()
        for topic in topics:
            if self._feed(topic) is None or self.is_refused(topic):
                if self.category == "spot":
                    return f"Invalid symbol :[{topic}]"
                return f"error:handler not found,topic:{topic}"
            if topic in connection.topics or topic in seen:
                return f"error:already subscribed,topic:{topic}"
            seen.add(topic)
        return ""

    def _unsubscribe(self, connection: Connection, request: dict[str, Any]) -> None:
        for topic in map(str, request.get("args") or ()):
            if topic in connection.topics:
                del connection.topics[topic]
                connection.topic_characters -= len(topic)
                self.detach(connection, topic)
        self._acknowledge(connection, request)

    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """A quote or trade re-sends orderbook.1; the ticker sends what changed (linear) or all (spot)."""
        symbol = instrument.symbol
        if kind != "mark":
            top = self.feeds.get(f"orderbook.1.{symbol}")
            if top is not None and top.subscribers:
                self.publish(top, top.render())
                top.due_s = self.now_s + self.settings.bybit_repeat_s
        if kind == "trade":
            tape = self.feeds.get(f"publicTrade.{symbol}")
            if tape is not None and tape.subscribers:
                self.publish_periodic(tape)
        ticker = self.feeds.get(f"tickers.{symbol}")
        if ticker is not None and ticker.subscribers:
            self._move_ticker(ticker, symbol, kind)

    def _move_ticker(self, ticker: Feed, symbol: str, kind: MoveKind) -> None:
        if self.category == "spot":
            if kind == "trade":
                self.publish(ticker, ticker.render())
            return
        delta = self._tickers[symbol].delta(kind, self.random.random())
        if delta:
            self.publish(ticker, delta)

    def tick(self, now_s: float) -> None:
        """Repeat quiet books with the same `u`, and send snapshots that were held back."""
        super().tick(now_s)
        if self._late:
            self._send_late(now_s)
        if now_s < self._next_repeat_s:
            return
        self._next_repeat_s = now_s + REPEAT_CHECK_S
        for top in self._tops:
            if top.subscribers and top.due_s <= now_s:
                top.due_s = now_s + self.settings.bybit_repeat_s
                self.publish(top, top.render())

    def _send_late(self, now_s: float) -> None:
        for due_s, connection, book in self._late:
            if due_s <= now_s and connection in book.subscribers:
                self.send(connection, book, book.snapshot())
        self._late = [entry for entry in self._late if entry[0] > now_s]

    def trade_id(self, instrument: Instrument, trade: TapeTrade) -> str:
        """A uuid on linear, digits on spot."""
        return bybit_frames.trade_id(self.category, instrument, trade)

    def past_trades(self, feed: Feed) -> str:
        """The newest trades again."""
        return feed.past() if isinstance(feed, BybitTrades) else ""

    def sweep(self, connection: Connection, now_s: float) -> None:
        """A socket without subscriptions is dropped after a minute."""
        if not connection.topics and now_s - connection.opened_s > self.settings.bybit_idle_s:
            connection.abort()

    def markets_of(self, path: str, query: Mapping[str, str]) -> tuple[str, ...]:
        """REST requests name their category."""
        return (query["category"],) if "category" in query else self.markets

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """REST: both categories are answered from one address, within its limits."""
        refusal = self._rest_limits.refusal(path, trio.current_time(), self.world.now_ms)
        return refusal or bybit_rest.answer(self.world, path, query, self._book_update)

    def _book_update(self, instrument: Instrument) -> int:
        """The number REST gives a book: that of orderbook.1000 when somebody follows it."""
        feed = self.feeds.get(f"orderbook.1000.{instrument.symbol}")
        return feed.update if isinstance(feed, BybitBook) else instrument.update_id
