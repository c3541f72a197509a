"""A hub of the stream without sockets, and clients that read what they are sent."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import msgpack
import trio

from actors.market.events import Trade
from actors.market.tick import Changes, Pair, Tick
from actors.runtime.settings import StreamSettings
from tests.web.harness import NOW_NS, Switch, application, model, report
from tests.web.populated import BTC, OFFERS, records, ticker, trade
from web.api.tape import INTERVALS
from web.inbound import Conduct
from web.readmodel import ReadModel
from web.site import Site
from web.stream.attention import Topic
from web.stream.client import Client
from web.stream.decoding import Format
from web.stream.desk import Desk
from web.stream.hub import StreamHub
from web.visitor import Visitor

EVERYTHING: tuple[Topic, ...] = (
    "ticker", "book", "quality", "trades", "liquidations", "notices", *INTERVALS.values(),
)  # fmt: skip
KEY = "bybit:linear:BTCUSDT"
ETH_KEY = "bybit:linear:ETHUSDT"
VISITOR = Visitor("c-1", "127.0.0.1", NOW_NS)


class Pipe:
    """What a client's socket takes: everything, unless it is `stuck`; `closed` is when it is gone."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self.frames = 0
        self.stuck = self.closed = False
        self._writing = False
        self._moving = trio.Event()

    def write_now(self, frame: bytes, *more: bytes) -> memoryview | None:
        """Take it, or half of it."""
        if self.closed:
            raise trio.BrokenResourceError
        if self._writing:
            raise trio.WouldBlock
        data = b"".join((frame, *more))
        if not self.stuck:
            self.taken += data
            return None
        self._writing = True
        self.taken += data[: len(data) // 2]
        return memoryview(data)[len(data) // 2 :]

    async def finish(self, rest: memoryview) -> None:
        """Take the rest as soon as nothing is stuck."""
        await self._moves()
        self.taken += rest
        self._writing = False

    async def send_frame(self, frame: bytes) -> None:
        """Take a frame in turn."""
        await self._moves()
        self.taken += frame
        await trio.lowlevel.checkpoint()

    async def _moves(self) -> None:
        while self.stuck and not self.closed:
            await self._moving.wait()
        if self.closed:
            self._writing = False
            raise trio.BrokenResourceError

    def loosen(self) -> None:
        """Take again."""
        self.stuck, moving = False, self._moving
        self._moving = trio.Event()
        moving.set()

    def break_off(self) -> None:
        """Nobody is there any more."""
        self.closed = True
        self.loosen()


def payloads(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take whole frames out of `data`: the first byte and the payload, inflated, of each."""
    while len(data) >= 2:
        start, size = 2, data[1]
        if size == 126:
            start, size = 4, int.from_bytes(data[2:4])
        elif size == 127:
            start, size = 10, int.from_bytes(data[2:10])
        if len(data) < start + size:
            return
        first, payload = data[0], bytes(data[start : start + size])
        if first & 0x40:
            payload = zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
        del data[: start + size]
        yield first, payload


class Listener:
    """One client: says things, and reads what came since it read last."""

    def __init__(self, hub: StreamHub, format: Format = "json", *, deflate: bool = False) -> None:  # noqa: A002
        self.hub, self.format, self.deflate = hub, format, deflate
        self.pipe = Pipe()
        self.left: list[Exception | None] = []
        self._stack = ExitStack()
        self.client: Client = self._stack.enter_context(
            hub.connect(self.pipe, self._leave, format, deflate=deflate, visitor=VISITOR)
        )
        self.desk = Desk(hub, self.client, Conduct(1e6, 1e6))
        self.req_id = 0

    def _leave(self, error: Exception | None) -> None:
        self.left.append(error)

    def say(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request; its answer."""
        self.req_id += 1
        return self.send({"method": method, "params": params, "req_id": self.req_id})

    def send(self, message: Any) -> dict[str, Any]:
        """Send a message as it is; its answer."""
        data: str | bytes = json.dumps(message) if self.format == "json" else msgpack.packb(message)
        reply = self.desk.reply(data, trio.current_time(), self.hub.site.now_ns())
        if reply.begins is not None:
            self.hub.activate(reply.begins)
        answer: dict[str, Any] = self._decoded(reply.payload)
        return answer

    def subscribe(self, channel: str, **params: Any) -> dict[str, Any]:
        """Subscribe; what the answer says."""
        answer = self.say("subscribe", channel=channel, **params)
        assert answer["success"], answer
        result: dict[str, Any] = answer["result"]
        return result

    def _decoded(self, payload: bytes) -> Any:
        return json.loads(payload) if self.format == "json" else msgpack.unpackb(payload)

    def read(self) -> list[Any]:
        """What came since the last call."""
        found = list(payloads(self.pipe.taken))
        for first, _ in found:
            assert first & 0x0F == (1 if self.format == "json" else 2)
        return [self._decoded(payload) for _, payload in found]

    def data(self) -> list[dict[str, Any]]:
        """The data frames that came since the last call."""
        return [each for each in self.read() if "sub" in each]

    def close(self) -> None:
        """Go."""
        self._stack.close()


class Stage:
    """A hub that runs, its read model, and a hand to publish with."""

    def __init__(self, read_model: ReadModel, switch: Switch, settings: StreamSettings) -> None:
        self.app = application(read_model, switch, offers=OFFERS, stream=settings)
        self.site: Site = self.app.extensions["tickwell"]
        self.read_model, self.switch, self.hub = read_model, switch, self.site.stream
        self.listeners: list[Listener] = []

    def listen(self, format: Format = "json", *, deflate: bool = False) -> Listener:  # noqa: A002
        """A new client."""
        listener = Listener(self.hub, format, deflate=deflate)
        self.listeners.append(listener)
        return listener

    def publish(
        self, *pairs: Pair, whole: bool = False, values: dict[str, Any] | None = None, **changes: Any
    ) -> int:
        """Publish a tick of Bybit: tickers of `pairs` with these values, and changes. Returns its offset."""
        told = records(*(ticker("bybit", pair, **(values or {})) for pair in pairs))
        found = Changes(tickers=[each.ticker for each in told], **changes)
        self.read_model.publish(Tick("bybit", NOW_NS, told, found, whole=whole))
        offset: int = self.hub.journal.offset
        return offset

    def price(self, price: float, *pairs: Pair, **values: Any) -> int:
        """Publish a price of these instruments, of BTC by default."""
        return self.publish(*(pairs or (BTC,)), values={"price": price, **values})

    def trades(self, *numbers: int, pair: Pair = BTC) -> int:
        """Publish trades by their numbers."""
        return self.publish(trades={pair: [named(number, pair) for number in numbers]})


def named(number: int, pair: Pair) -> Trade:
    """A trade of an instrument."""
    return trade(number, symbol=pair[1])


async def settled() -> None:
    """Until nothing more happens at this moment."""
    await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def stage(*, attentive: bool = True, **settings: Any) -> AsyncIterator[Stage]:
    """A hub that runs; in the end nothing may be left of its clients.

    `attentive`: it notes everything from the beginning, as if somebody had read it just before.
    """
    stage = Stage(model(), Switch(), StreamSettings(**settings))
    stage.read_model.report([report()])
    if attentive:
        stage.hub.journal.open(EVERYTHING)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.hub.run)
        await settled()
        yield stage
        for listener in stage.listeners:
            listener.close()
        await settled()
        assert stage.hub.is_empty
        nursery.cancel_scope.cancel()
