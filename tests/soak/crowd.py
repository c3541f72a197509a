"""Clients that come, read for a while, and go: politely, without a word, or after they stopped reading."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import trio
import trio_websocket

STAY_S = (2.0, 40.0)
PAUSE_S = (0.1, 5.0)
ANSWER_S = 30.0
CHANNELS = ("ticker", "quote", "trades", "bars", "book")
KEYS = ("bybit:linear:BTCUSDT", "binance:*:ETH*", "hyperliquid:linear:*", "bybit:spot:top:5")
PATHS = ("/api/v1/tickers", "/api/v1/hub", "/api/v1/quality", "/api/v1/spreads", "/metrics", "/health")
GOINGS = ("goodbye", "goodbye", "vanished", "deaf")


@dataclass
class Crowd:
    """So many clients at once, for ever. What they did and saw is counted.

    `breaks` are sequences that were not kept, `failures` what should not have happened.
    """

    port: int
    size: int
    dice: random.Random
    connections: int = 0
    frames: int = 0
    told_missing: int = 0
    breaks: int = 0
    goings: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    here: int = 0

    async def come_and_go(self) -> None:
        """Until it is cancelled."""
        async with trio.open_nursery() as nursery:
            for number in range(self.size):
                nursery.start_soon(self._visit_for_ever, number)

    async def _visit_for_ever(self, number: int) -> None:
        visits = (self._ask, self._stream, self._stream, self._realtime)
        while True:
            await trio.sleep(self.dice.uniform(*PAUSE_S))
            visit = visits[number % len(visits)]
            try:
                await visit()
            except* (OSError, trio.BrokenResourceError, trio_websocket.HandshakeError) as errors:
                self.failures[type(errors.exceptions[0]).__name__] += 1
            except* trio.TooSlowError:
                self.failures[f"{visit.__name__} was too slow"] += 1

    async def _opened(self) -> trio.SocketStream:
        with trio.CancelScope(shield=True):  # so that none comes about and is not counted
            stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self.connections += 1
        return stream

    async def _ask(self) -> None:
        """One question over REST, on a connection of its own."""
        path = self.dice.choice(PATHS)
        request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
        async with await self._opened() as stream:
            with trio.fail_after(ANSWER_S):
                await stream.send_all(request.encode())
                answer = bytes(await stream.receive_some(65_536))
                while await stream.receive_some(65_536):
                    pass
        status = answer[9:12].decode()
        if status not in ("200", "503"):  # 503: the hub says how it is
            self.failures[f"{path}: {status}"] += 1

    async def _stream(self) -> None:
        """`/ws`, with a subscription or two, whose frames must be numbered without a hole."""
        async with trio.open_nursery() as nursery:
            client = await self._upgraded(nursery, "/ws")
            for number in range(self.dice.randint(1, 2)):
                params = {"channel": self.dice.choice(CHANNELS), "symbols": [self.dice.choice(KEYS)]}
                request = {"method": "subscribe", "req_id": number, "params": params}
                await client.send_message(json.dumps(request))
            await self._read(client, Sequences(self))
            await self._go(client, nursery)

    async def _realtime(self) -> None:
        """`/ws/realtime/{exchange}`."""
        async with trio.open_nursery() as nursery:
            exchange = self.dice.choice(("bybit", "binance", "hyperliquid"))
            client = await self._upgraded(nursery, f"/ws/realtime/{exchange}")
            await self._read(client, None)
            await self._go(client, nursery)

    async def _upgraded(self, nursery: trio.Nursery, path: str) -> Any:
        stream = await self._opened()
        with trio.fail_after(ANSWER_S):
            return await trio_websocket.wrap_client_stream(nursery, stream, "127.0.0.1", path)

    async def _read(self, client: Any, sequences: Sequences | None) -> None:
        self.here += 1
        try:
            with trio.move_on_after(self.dice.uniform(*STAY_S)):
                while True:
                    message = await client.get_message()
                    self.frames += 1
                    if sequences is not None:
                        sequences.take(json.loads(message))
        except trio_websocket.ConnectionClosed as closed:
            self.failures[f"closed: {closed.reason and closed.reason.code}"] += 1
        finally:
            self.here -= 1

    async def _go(self, client: Any, nursery: trio.Nursery) -> None:
        going = self.dice.choice(GOINGS)
        self.goings[going] += 1
        if going == "deaf":
            await trio.sleep(self.dice.uniform(0, 10))  # its queue is full, and nothing is taken any more
        if going == "goodbye":
            with trio.move_on_after(5):
                await client.aclose()
        await trio.aclose_forcefully(client._stream)
        nursery.cancel_scope.cancel()


class Sequences:
    """The numbers of every subscription's frames, which go up by one."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._newest: dict[int, int] = {}

    def take(self, frame: dict[str, Any]) -> None:
        """Look at a frame."""
        if frame.get("type") == "gap" and "sub" in frame.get("data", {}):
            self._crowd.told_missing += 1
        if "sub" not in frame or "seq" not in frame:
            return
        sub, number = frame["sub"], frame["seq"]
        self._crowd.breaks += number != self._newest.get(sub, 0) + 1
        self._newest[sub] = number


def crowd_of(port: int, size: int, seed: int) -> Crowd:
    """A crowd that does the same with the same seed, as far as the clock lets it."""
    return Crowd(port, size, random.Random(seed))
