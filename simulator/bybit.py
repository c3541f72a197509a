"""Bybit v5 public WebSocket, linear and spot: requests, answers, limits, ticker and orderbook.1 frames.

One `BybitServer` per category. The two differ in acks, error texts, limits and ticker style, as the real
ones do. The REST side is in `bybit_rest.py`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from simulator import bybit_rest
from simulator.bybit_ticker import Category, LinearTicker, spot_ticker
from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_frame
from simulator.instruments import Instrument, plain
from simulator.settings import SimulatorSettings
from simulator.venue import Feed, VenueServer
from simulator.world import MoveKind, World

ARGUMENT_CHARACTERS: Final = 21_000  # per connection, all requests together
SPOT_ARGUMENTS: Final = 10  # per request
REPEAT_CHECK_S: Final = 0.1  # how often quiet books are looked for
EARLY_SNAPSHOT_SHARE: Final = 0.2  # how often the first snapshot overtakes the ack


class BybitServer(VenueServer):
    """One category (linear or spot) of the simulated Bybit."""

    name = "bybit"
    rate_limit_body = b'{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{}}'

    def __init__(
        self, category: Category, world: World, board: FaultBoard, settings: SimulatorSettings
    ) -> None:
        self.category = category
        self.market = "bybit-linear" if category == "linear" else "bybit-spot"
        self.markets = (category,)
        super().__init__(world, board, settings)
        self._tickers: dict[str, LinearTicker] = {}
        self._next_repeat_s = 0.0
        self._books: list[Feed] = []
        self._path = f"/v5/public/{category}"
        for instrument in self.instruments.values():
            if instrument.status != "Closed":
                self._list_feeds(instrument)

    def _list_feeds(self, instrument: Instrument) -> None:
        symbol = instrument.symbol
        if self.category == "linear":
            self._tickers[symbol] = LinearTicker(instrument, self.world)
            render: Callable[[], str] = self._tickers[symbol].snapshot
        else:
            render = partial(spot_ticker, instrument, self.world)
        self.feeds[f"tickers.{symbol}"] = Feed(f"tickers.{symbol}", instrument, render)
        book = Feed(f"orderbook.1.{symbol}", instrument, partial(self._book, instrument))
        self.feeds[book.topic] = book
        self._books.append(book)

    def _book(self, instrument: Instrument) -> str:
        """The full top of the book; `ts` comes before `type` here."""
        now_ms = self.world.now_ms
        bids = asks = ""
        if instrument.live:
            bids = _level(instrument, instrument.bid, instrument.bid_size)
            asks = _level(instrument, instrument.ask, instrument.ask_size)
        return (
            f'{{"topic":"orderbook.1.{instrument.symbol}","ts":{now_ms},"type":"snapshot","data":'
            f'{{"s":"{instrument.symbol}","b":[{bids}],"a":[{asks}],"u":{instrument.update_id},'
            f'"seq":{instrument.sequence}}},"cts":{now_ms - 2}}}'
        )

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
            feed = self.feeds[topic]
            connection.topics[topic] = None
            connection.topic_characters += len(topic)
            self.attach(connection, feed)
            feed.due_s = self.now_s + self.settings.bybit_repeat_s
            self.send(connection, feed, feed.render())
        if is_early:
            self._acknowledge(connection, request)
        connection.flush()

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
            if topic not in self.feeds or self.is_refused(topic):
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
            book = self.feeds[f"orderbook.1.{symbol}"]
            if book.subscribers:
                self.publish(book, self._book(instrument))
                book.due_s = self.now_s + self.settings.bybit_repeat_s
        ticker = self.feeds[f"tickers.{symbol}"]
        if not ticker.subscribers:
            return
        if self.category == "linear":
            delta = self._tickers[symbol].delta(kind, self.random.random())
            if delta:
                self.publish(ticker, delta)
        elif kind == "trade":
            self.publish(ticker, ticker.render())

    def tick(self, now_s: float) -> None:
        """Repeat quiet books with the same `u`."""
        super().tick(now_s)
        if now_s < self._next_repeat_s:
            return
        self._next_repeat_s = now_s + REPEAT_CHECK_S
        for book in self._books:
            if book.subscribers and book.due_s <= now_s:
                book.due_s = now_s + self.settings.bybit_repeat_s
                self.publish(book, book.render())

    def sweep(self, connection: Connection, now_s: float) -> None:
        """A socket without subscriptions is dropped after a minute."""
        if not connection.topics and now_s - connection.opened_s > self.settings.bybit_idle_s:
            connection.abort()

    def markets_of(self, path: str, query: Mapping[str, str]) -> tuple[str, ...]:
        """REST requests name their category."""
        return (query["category"],) if "category" in query else self.markets

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """REST: both categories are answered from one address."""
        return bybit_rest.answer(self.world, path, query)


def _level(instrument: Instrument, price: float, size: float) -> str:
    """One price level without padding zeros; nothing for an empty side."""
    if not size:
        return ""
    return f'["{plain(price, instrument.tick_decimals)}","{plain(size, instrument.size_decimals)}"]'
