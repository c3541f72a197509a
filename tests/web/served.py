"""A hub that is really served, for the loopback tests, and the hands to poke it with."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import trio
import trio_websocket
from quart_trio import QuartTrio

from actors.market.tick import Record, Tick
from actors.market.ticker import Ticker
from actors.runtime.settings import StreamSettings, TokenSettings, WebSettings
from actors.sinks.base import History
from tests.patience import HANGS_AFTER_S, PATIENCE_S
from web.app import create_app
from web.fanout import Fanout
from web.limits import Limits
from web.offers import Offers
from web.readmodel import ReadModel
from web.server import serve

TICK_NS = 200_000_000


class NoControl:
    """A control that remembers what runs."""

    def __init__(self) -> None:
        self.on = {"bybit": True, "hyperliquid": True}

    async def start(self, exchange: str | None) -> None:
        """Mark as running."""
        self.on.update({name: True for name in self.on if exchange in (None, name)})

    async def stop(self, exchange: str | None) -> None:
        """Mark as stopped."""
        self.on.update({name: False for name in self.on if exchange in (None, name)})

    def running(self, exchange: str) -> bool:
        """Whether it is marked as running."""
        return self.on[exchange]

    def watch(self, exchange: str, market: str, symbol: str, depth: int, for_s: float | None = None) -> None:
        """No book is followed."""


@dataclass
class Hub:
    """A served web with its read model."""

    app: QuartTrio
    fanout: Fanout
    model: ReadModel
    nursery: trio.Nursery
    settings: WebSettings
    limits: Limits
    stop: trio.Event = field(default_factory=trio.Event)
    ended: trio.Event = field(default_factory=trio.Event)
    clients: list[trio_websocket.WebSocketConnection] = field(default_factory=list)
    port: int = 0
    ts: int = 1_766_523_600_000_000_000

    async def start(self) -> None:
        """Serve, with a stop of its own."""
        self.stop, self.ended = trio.Event(), trio.Event()
        [(_, self.port)] = await self.nursery.start(self._serve)

    async def _serve(self, task_status: trio.TaskStatus[list[tuple[str, int]]]) -> None:
        call = partial(serve, shutdown_grace_s=20.0, limits=self.limits, task_status=task_status)
        await call(self.app, self.settings, self.stop)
        self.ended.set()

    def publish(self, *symbols: str, price: float = 1.0, padding: int = 0, market: str = "linear") -> None:
        """Publish one tick that changes `symbols`."""
        self.ts += TICK_NS
        body = {"price": price, "market": market, "padding": "x" * padding}
        records = [
            Record(
                Ticker(exchange="bybit", market=market, symbol=symbol, quality="live"),
                json.dumps({"symbol": symbol, **body}).encode(),
            )
            for symbol in symbols
        ]
        self.model.publish(Tick("bybit", self.ts, records))

    async def publish_for_ever(self, *symbols: str, padding: int = 0, interval_s: float = 0.05) -> None:
        """Publish a tick every `interval_s`, each with a new price."""
        price = 1.0
        while True:
            self.publish(*symbols, price=price, padding=padding)
            price += 1
            await trio.sleep(interval_s)

    def url(self, query: str = "", exchange: str = "bybit") -> str:
        """The address of the realtime socket."""
        return f"ws://127.0.0.1:{self.port}/ws/realtime/{exchange}{query}"

    async def connect(self, query: str = "", **options: Any) -> trio_websocket.WebSocketConnection:
        """A client that the test closes, or the end of the test. Over TLS where the hub speaks it."""
        url = self.url(query)
        if self.settings.tls_certificate:
            url = url.replace("ws://127.0.0.1", "wss://localhost")
            options["ssl_context"] = ssl.create_default_context(cafile=self.settings.tls_certificate)
        client = await trio_websocket.connect_websocket_url(
            self.nursery, url, message_queue_size=100, **options
        )
        self.clients.append(client)
        return client

    async def raw(self, receive_buffer_bytes: int | None = None) -> trio.SocketStream:
        """A TCP connection to the hub."""
        client = trio.socket.socket()
        if receive_buffer_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        try:
            await client.connect(("127.0.0.1", self.port))
        except OSError:
            client.close()
            raise
        return trio.SocketStream(client)

    async def alive(self) -> None:
        """Fail unless the hub answers."""
        status, _ = await exchange_bytes(
            self, b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        assert status == 200


@asynccontextmanager
async def hub(
    settings: WebSettings | None = None,
    limits: Limits | None = None,
    history: History | None = None,
    stream: StreamSettings | None = None,
    offers: Offers | None = None,
    tokens: Mapping[str, TokenSettings] | None = None,
) -> AsyncIterator[Hub]:
    """A hub on a free port of loopback, stopped at the end, within seconds."""
    settings = settings or WebSettings(port=0, client_stall_s=1.0)
    model = ReadModel(["bybit", "hyperliquid"], now_ns=lambda: 1_766_523_600_500_000_000)
    app = create_app(
        model,
        NoControl(),
        settings,
        stop=trio.Event(),
        now_ns=model.now_ns,
        history=history,
        stream=stream,
        offers=offers,
        tokens=tokens,
    )
    with trio.fail_after(HANGS_AFTER_S):
        async with trio.open_nursery() as nursery:
            served = Hub(app, app.extensions["tickwell"].fanout, model, nursery, settings, limits or Limits())
            with trio.fail_after(PATIENCE_S):
                await served.start()
            yield served
            for client in served.clients:
                # trio-websocket leaves the socket open when the server closes first.
                await trio.aclose_forcefully(client._stream)
            served.stop.set()
            with trio.fail_after(PATIENCE_S):
                await served.ended.wait()
            nursery.cancel_scope.cancel()


async def exchange_bytes(served: Hub, request: bytes) -> tuple[int, bytes]:
    """Send raw bytes and read to the end: the status (0 for none) and everything that came."""
    with trio.fail_after(PATIENCE_S):
        async with await served.raw() as stream:
            await stream.send_all(request)
            answer = await read_to_end(stream)
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0, answer


async def read_to_end(stream: trio.SocketStream) -> bytes:
    """Everything until the peer closes or resets."""
    answer = bytearray()
    with trio.fail_after(PATIENCE_S), suppress(trio.BrokenResourceError):
        async for data in stream:
            answer += data
    return bytes(answer)


async def message(client: trio_websocket.WebSocketConnection) -> dict[str, Any]:
    """The next message, decoded."""
    with trio.fail_after(PATIENCE_S):
        decoded: dict[str, Any] = json.loads(await client.get_message())
    return decoded


async def message_of(client: trio_websocket.WebSocketConnection, type_: str) -> dict[str, Any]:
    """The next message of one type."""
    while True:
        received = await message(client)
        if received["type"] == type_:
            return received


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that no event announces."""
    with trio.fail_after(PATIENCE_S):
        while not condition():
            await trio.sleep(0.01)


async def close_code(client: trio_websocket.WebSocketConnection) -> int:
    """Read until the server closes; its code."""
    with trio.fail_after(PATIENCE_S):
        while True:
            try:
                await client.get_message()
            except trio_websocket.ConnectionClosed as closed:
                return int(closed.reason.code) if closed.reason else 0


async def note_gaps(client: trio_websocket.WebSocketConnection, gaps_s: list[tuple[float, float]]) -> None:
    """Read for ever, noting from when to when (`time.monotonic`) there was no message."""
    last_s = time.monotonic()
    while True:
        await client.get_message()
        gaps_s.append((last_s, time.monotonic()))
        _, last_s = gaps_s[-1]


def upgrade(path: str = "/ws/realtime/bybit", *extra: str) -> bytes:
    """A correct upgrade request, with more header lines."""
    lines = [
        f"GET {path} HTTP/1.1",
        "host: localhost",
        "connection: Upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        *extra,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def head_of(stream: trio.SocketStream) -> bytes:
    """The head of an answer, byte by byte, so that nothing after it is consumed."""
    head = bytearray()
    with trio.fail_after(PATIENCE_S):
        while not head.endswith(b"\r\n\r\n"):
            byte = await stream.receive_some(1)
            if not byte:
                break
            head += byte
    return bytes(head)


async def opened(served: Hub, receive_buffer_bytes: int | None = None, query: str = "") -> trio.SocketStream:
    """A raw WebSocket connection, right after the answer to its upgrade."""
    stream = await served.raw(receive_buffer_bytes)
    with trio.fail_after(PATIENCE_S):
        await stream.send_all(upgrade(f"/ws/realtime/bybit{query}"))
    assert (await head_of(stream)).startswith(b"HTTP/1.1 101")
    return stream


class FrameReader:
    """Whole frames of a server, as they come: the first byte and the payload."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream, self.data = stream, bytearray()

    async def next(self) -> tuple[int, bytes]:
        await self.need(4)
        start, size = 2, self.data[1]
        if size == 126:
            start, size = 4, int.from_bytes(self.data[2:4], "big")
        elif size == 127:
            await self.need(10)
            start, size = 10, int.from_bytes(self.data[2:10], "big")
        await self.need(start + size)
        head, payload = self.data[0], bytes(self.data[start : start + size])
        del self.data[: start + size]
        return head, payload

    async def need(self, count: int) -> None:
        with trio.fail_after(PATIENCE_S):
            while len(self.data) < count:
                piece = await self.stream.receive_some(65_536)
                assert piece, "the hub closed the connection"
                self.data += piece
