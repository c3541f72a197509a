"""An exchange in memory: it speaks Bybit's linear protocol to the real codec, and fails by script."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from actors.exchanges.base import Fetch
from actors.feed.transport import Connection, Rest, Transport
from actors.runtime.errors import ConnectionLost
from actors.runtime.ini import read_settings
from actors.runtime.settings import Settings

BEAT_S = 0.25


def mock_now_ns() -> int:
    """Unix time under a mock clock."""
    return 1_700_000_000_000_000_000 + int(trio.current_time() * 1e9)


def settings_for(tmp_path: Any, linear: str = "BTCUSDT, ETHUSDT, SOLUSDT", **supervisor: object) -> Settings:
    """Settings of one exchange with one market."""
    lines = [f"{key} = {value}" for key, value in supervisor.items()]
    path = tmp_path / "settings.ini"
    path.write_text("\n".join(["[supervisor]", *lines, "[exchange:bybit]", f"linear = {linear}"]))
    return read_settings(path, {}, ["bybit"])


@dataclass
class ScriptedExchange:
    """Every symbol's price is the count of whole seconds on the clock, told four times a second."""

    listed: list[str] = field(default_factory=lambda: ["BTCUSDT", "ETHUSDT", "SOLUSDT"])
    down: Exception | None = None
    rest_down: Exception | None = None
    stalled: bool = False
    mute: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
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
    topics: dict[str, None] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    ended: str | None = None
    woken: trio.Event = field(default_factory=trio.Event)

    async def receive(self) -> list[bytes]:
        while True:
            with trio.move_on_after(BEAT_S):
                await self.woken.wait()
            if self.ended is not None:
                raise ConnectionLost(self.ended)
            frames = [json.dumps(answer).encode() for answer in self.answers]
            self.answers.clear()
            frames += [self._data(topic, "delta") for topic in self._audible()]
            if frames:
                return frames

    async def send(self, payload: bytes) -> None:
        await trio.lowlevel.checkpoint()
        request = json.loads(payload)
        self.exchange.sent.append(request)
        if request["op"] == "ping":
            self.answers.append({"success": True, "ret_msg": "pong", "op": "ping"})
            return
        bad = [topic for topic in request["args"] if topic.split(".")[1] in self.exchange.unknown]
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
        self.topics[topic] = None
        if topic in self._audible():
            self.answers.append(json.loads(self._data(topic, "snapshot")))

    def _audible(self) -> list[str]:
        return [
            topic for topic in self.topics if topic not in self.exchange.mute and not self.exchange.stalled
        ]

    def _data(self, topic: str, kind: str) -> bytes:
        symbol = topic.split(".")[1]
        data = {"symbol": symbol, "lastPrice": str(1 + int(trio.current_time()))}
        if kind == "snapshot":
            data |= {"markPrice": "7", "bid1Price": "1", "bid1Size": "2", "ask1Price": "3", "ask1Size": "4"}
        message = {"topic": topic, "type": kind, "data": data, "cs": 1, "ts": mock_now_ns() // 1_000_000}
        return json.dumps(message).encode()


@dataclass
class ScriptedRest:
    exchange: ScriptedExchange

    async def fetch(self, fetch: Fetch) -> bytes:
        await trio.sleep(0.01)
        if self.exchange.rest_down is not None:
            raise self.exchange.rest_down
        if "instruments-info" in fetch.path:
            rows = [self._instrument(symbol) for symbol in self.exchange.listed]
        else:
            rows = [{"symbol": s, "turnover24h": str(9 - n)} for n, s in enumerate(self.exchange.listed)]
        result = {"category": "linear", "list": rows, "nextPageCursor": ""}
        return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "time": 1}).encode()

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
