"""Clients for the simulator tests: a running simulator, a JSON WebSocket client, raw upgrades, REST."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import httpx
import msgspec
import trio
from trio_websocket import WebSocketConnection, wrap_client_stream

from simulator import Simulator, SimulatorSettings
from simulator.instruments import Market
from tests.patience import PATIENCE_S


@asynccontextmanager
async def running(*, is_paused: bool = False, **options: Any) -> AsyncIterator[Simulator]:
    """A listening simulator that ends with the block; its world may stand still at first."""
    simulator = Simulator(SimulatorSettings(**{"symbols": 16, "rate": 600.0, **options}))
    if is_paused:
        simulator.pause()
    async with trio.open_nursery() as nursery:
        await nursery.start(simulator.serve)
        yield simulator
        nursery.cancel_scope.cancel()


class Client:
    """A WebSocket client that speaks JSON and never waits for ever."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self.received = 0

    async def send(self, value: object) -> None:
        await self.socket.send_message(value if isinstance(value, str) else json.dumps(value))

    async def receive(self) -> Any:
        with trio.fail_after(PATIENCE_S):
            return json.loads(await self._next())

    async def _next(self) -> str | bytes:
        message = await self.socket.get_message()
        self.received += 1
        return message

    async def until(self, is_wanted: Callable[[Any], bool]) -> Any:
        """The first message that is wanted; others are dropped."""
        with trio.fail_after(PATIENCE_S):
            while True:
                message = await self._next()
                try:
                    value = json.loads(message)
                except ValueError:
                    continue
                if is_wanted(value):
                    return value

    async def ask(self, value: object, is_answer: Callable[[Any], bool]) -> Any:
        await self.send(value)
        return await self.until(is_answer)


@asynccontextmanager
async def connected(simulator: Simulator, path: str) -> AsyncIterator[Client]:
    """A connected client; a server that does not answer the closing handshake is not waited for.

    The stream is opened here because trio_websocket leaves it open when the server goes away abruptly.
    """
    stream = await trio.open_tcp_stream("127.0.0.1", simulator.port)
    async with stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(nursery, stream, f"127.0.0.1:{simulator.port}", path)
        yield Client(socket)
        with trio.move_on_after(0.2):
            await socket.aclose()
        nursery.cancel_scope.cancel()


async def upgrade(simulator: Simulator, path: str) -> trio.SocketStream:
    """Send a WebSocket handshake by hand and return the stream, the answer unread."""
    stream = await trio.open_tcp_stream("127.0.0.1", simulator.port)
    head = (
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "",
        "",
    )
    await stream.send_all("\r\n".join(head).encode())
    return stream


def masked(text: str) -> bytes:
    """A client text frame with an all-zero mask."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload
    return bytes((0x81, 0xFE)) + len(payload).to_bytes(2, "big") + bytes(4) + payload


async def request(simulator: Simulator, method: str, path: str, body: object = None) -> httpx.Response:
    """One REST request."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{simulator.port}", timeout=PATIENCE_S) as client:
        return await client.request(method, path, json=body)


async def get(simulator: Simulator, path: str) -> Any:
    """The JSON of one GET."""
    return (await request(simulator, "GET", path)).json()


def change_limits(simulator: Simulator, **limits: float) -> None:
    """Let other time limits hold from now on: short ones only once they are the subject."""
    simulator.settings = msgspec.structs.replace(simulator.settings, **limits)
    for venue in simulator.venues:
        venue.settings = simulator.settings


def let_time_go_evenly(simulator: Simulator) -> None:
    """For the venues a tick always takes the same, however late it is: so many ticks later things are due."""
    for venue in simulator.venues:
        venue.tick = partial(_evenly, venue.tick, count(venue.now_s, venue.settings.tick_s))  # type: ignore[method-assign]


def _evenly(tick: Callable[[float], None], moments_s: Iterator[float], now_s: float) -> None:
    tick(next(moments_s))


def trade_unseen(simulator: Simulator, market: Market, symbol: str, trades: int) -> None:
    """Let a paused world move until so many trades were done, of which nobody is told."""
    tape = simulator.world.markets[market][symbol].trades
    enough = tape.total + trades
    while tape.total < enough:
        list(simulator.world.advance(simulator.world.true_ms, 1))


async def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for a condition inside this process."""
    with trio.fail_after(PATIENCE_S):
        while not is_true():
            await trio.sleep(0.005)
