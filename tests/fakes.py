"""An exchange in memory: it speaks Bybit's linear protocol to the real codec, and fails by script.

Every symbol's price is the count of whole seconds on the clock; four times a second it trades once, under an
id that counts the quarters of a second, and its book's best bid has the size of that count.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from actors.exchanges.base import Fetch
from actors.feed.transport import Connection, Rest, Transport
from actors.runtime.errors import ConnectionClosed
from actors.runtime.ini import read_settings
from actors.runtime.settings import Settings

BEAT_S = 0.25
RECENT_TRADES_MAX = 1000


def mock_now_ns() -> int:
    """Unix time under a mock clock."""
    return 1_700_000_000_000_000_000 + int(trio.current_time() * 1e9)


def quarters() -> int:
    """The count of quarters of a second under a mock clock."""
    return round(trio.current_time() / BEAT_S)


def settings_for(
    tmp_path: Any,
    linear: str = "BTCUSDT, ETHUSDT, SOLUSDT",
    *,
    linear_books: str = "",
    book_grace_s: float = 60,
    **supervisor: object,
) -> Settings:
    """Settings of one exchange with one market."""
    lines = [f"{key} = {value}" for key, value in supervisor.items()]
    market = ["[market]", f"book_grace_s = {book_grace_s}"]
    bybit = ["[exchange:bybit]", f"linear = {linear}", f"linear_books = {linear_books}"]
    path = tmp_path / "settings.ini"
    nothing_kept = ["[sink:history]", "enabled = no", "[alerts]", "enabled = no"]
    path.write_text("\n".join(["[supervisor]", *lines, *market, *bybit, *nothing_kept]))
    return read_settings(path, {}, ["bybit"])


@dataclass
class ScriptedExchange:
    """`mute` topics say nothing, `unknown` symbols or topics are refused."""

    listed: list[str] = field(default_factory=lambda: ["BTCUSDT", "ETHUSDT", "SOLUSDT"])
    down: Exception | None = None
    rest_down: Exception | None = None
    stalled: bool = False
    mute: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    quiet: set[str] = field(default_factory=lambda: {"allLiquidation"})
    attempts: int = 0
    most_open: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    open: list[ScriptedConnection] = field(default_factory=list)

    def transport(self) -> Transport:
        return Transport(self.connect, self.open_rest)

    @asynccontextmanager
    async def connect(self, url: str) -> AsyncIterator[Connection]:
        self.attempts += 1
        await trio.sleep(0.01)
        if self.down is not None:
            raise self.down
        connection = ScriptedConnection(self)
        self.open.append(connection)
        self.most_open = max(self.most_open, len(self.open))
        try:
            yield connection
        finally:
            self.open.remove(connection)

    @asynccontextmanager
    async def open_rest(self, base_url: str) -> AsyncIterator[Rest]:
        yield ScriptedRest(self)

    def drop(self, words: str = "dropped by script") -> None:
        """End every open connection."""
        for connection in self.open:
            connection.ended = words
            connection.woken.set()


@dataclass
class ScriptedConnection:
    exchange: ScriptedExchange
    topics: dict[str, int] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    ended: str | None = None
    woken: trio.Event = field(default_factory=trio.Event)

    async def receive(self) -> list[bytes]:
        while True:
            with trio.move_on_after(BEAT_S):
                await self.woken.wait()
            if self.ended is not None:
                raise ConnectionClosed(self.ended)
            frames = [json.dumps(answer).encode() for answer in self.answers]
            self.answers.clear()
            frames += [frame for topic in self._audible() for frame in self._data(topic, "delta")]
            if frames:
                return frames

    async def send(self, payload: bytes) -> None:
        await trio.lowlevel.checkpoint()
        request = json.loads(payload)
        self.exchange.sent.append(request)
        if request["op"] == "ping":
            self.answers.append({"success": True, "ret_msg": "pong", "op": "ping"})
            return
        unknown = self.exchange.unknown
        bad = [topic for topic in request["args"] if topic in unknown or topic.split(".")[-1] in unknown]
        words = f"error:handler not found,topic:{bad[0]}" if bad else ""
        self.answers.append(
            {"success": not bad, "ret_msg": words, "req_id": request["req_id"], "op": request["op"]}
        )
        for topic in [] if bad else request["args"]:
            self._take(request["op"], topic)

    def _take(self, operation: str, topic: str) -> None:
        if operation == "unsubscribe":
            self.topics.pop(topic, None)
            return
        self.topics[topic] = 0
        if topic in self._audible():
            self.answers += [json.loads(frame) for frame in self._data(topic, "snapshot")]

    def _audible(self) -> list[str]:
        mute = self.exchange.mute | {
            each for each in self.topics if each.split(".")[0] in self.exchange.quiet
        }
        return [topic for topic in self.topics if topic not in mute and not self.exchange.stalled]

    def _data(self, topic: str, kind: str) -> list[bytes]:
        now_ms = mock_now_ns() // 1_000_000
        data = self._ticker(topic, kind) if topic.startswith("tickers.") else self._book(topic, kind)
        if topic.startswith("publicTrade."):
            kind, data = "snapshot", [trade(topic.split(".")[1], quarters())]
        message = {"topic": topic, "type": kind, "data": data, "cs": 1, "ts": now_ms, "cts": now_ms}
        return [json.dumps(message).encode()]

    def _ticker(self, topic: str, kind: str) -> Any:
        data = {"symbol": topic.split(".")[1], "lastPrice": str(1 + int(trio.current_time()))}
        if kind == "snapshot":
            data |= {"markPrice": "7", "bid1Price": "1", "bid1Size": "2", "ask1Price": "3", "ask1Size": "4"}
        return data

    def _book(self, topic: str, kind: str) -> Any:
        """A snapshot starts the count of updates, and each delta is one more."""
        self.topics[topic] = number = 1 if kind == "snapshot" else self.topics[topic] + 1
        bids = [["9", str(quarters())], *([["8", "1"]] if kind == "snapshot" else [])]
        asks = [["10", "3"]] if kind == "snapshot" else []
        return {"s": topic.split(".")[-1], "b": bids, "a": asks, "u": number, "seq": number}


def trade(symbol: str, number: int) -> dict[str, Any]:
    """The trade that happened at the `number`-th quarter of a second."""
    ms = mock_now_ns() // 1_000_000 - (quarters() - number) * 250
    return {"T": ms, "s": symbol, "S": "Buy", "v": "1", "p": "5", "i": f"{symbol}-{number}", "seq": number}


@dataclass
class ScriptedRest:
    exchange: ScriptedExchange

    async def fetch(self, fetch: Fetch) -> bytes:
        await trio.sleep(0.01)
        if self.exchange.rest_down is not None:
            raise self.exchange.rest_down
        now_ns = mock_now_ns()
        answer = {"retCode": 0, "retMsg": "OK", "result": self._result(fetch), "time": now_ns // 1_000_000}
        return json.dumps(answer).encode()

    def _result(self, fetch: Fetch) -> dict[str, Any]:
        if fetch.path.startswith("/v5/market/time"):
            return {"timeSecond": str(mock_now_ns() // 10**9), "timeNano": str(mock_now_ns())}
        rows: list[Any] = []
        if "instruments-info" in fetch.path:
            rows = [self._instrument(symbol) for symbol in self.exchange.listed]
        elif "tickers" in fetch.path:
            rows = [{"symbol": s, "turnover24h": str(9 - n)} for n, s in enumerate(self.exchange.listed)]
        elif "recent-trade" in fetch.path:
            newest = range(quarters(), max(-1, quarters() - RECENT_TRADES_MAX), -1)
            rows = [_recent(trade(fetch.symbol, number)) for number in newest]
        return {"category": "linear", "list": rows, "nextPageCursor": ""}

    def _instrument(self, symbol: str) -> dict[str, Any]:
        return {
            "symbol": symbol,
            "contractType": "LinearPerpetual",
            "status": "Trading",
            "baseCoin": symbol.removesuffix("USDT"),
            "quoteCoin": "USDT",
            "fundingInterval": 480,
            "priceFilter": {"tickSize": "0.1"},
            "lotSizeFilter": {"qtyStep": "0.001"},
        }


def _recent(trade: dict[str, Any]) -> dict[str, Any]:
    """A trade as REST writes it."""
    names = {"i": "execId", "s": "symbol", "p": "price", "v": "size", "S": "side", "seq": "seq"}
    return {ours: trade[theirs] for theirs, ours in names.items()} | {"time": str(trade["T"])}
