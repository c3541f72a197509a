"""A hub in memory that speaks the protocol by script: a test says what it sends, and when it fails.

It answers `subscribe`, `unsubscribe`, `set`, `subscriptions` and `ping` by itself, unless the script says
otherwise, and keeps every request. Its own WebSocket is wsproto's server side.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import wraps
from typing import Any, TypeAlias

import anyio
import msgspec
from anyio.abc import TaskGroup
from tickwell_client import Hub, connect
from tickwell_client.address import Address
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate

from tests.clients.pipes import Pipe, pipe
from tests.clients.two_loops import on_both_loops

Asked = dict[str, Any]
EPOCH = "e1"
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


Test: TypeAlias = Callable[["ScriptedHub", Hub], Awaitable[None]]


class Peer:
    """One client's connection, seen from the hub."""

    def __init__(self, hub: ScriptedHub, stream: Pipe) -> None:
        self.hub = hub
        self.stream = stream
        self.wire = WSConnection(ConnectionType.SERVER)
        self.is_binary = False
        self.seqs: dict[int, int] = {}
        self.subs: dict[int, Asked] = {}

    async def run(self) -> None:
        with suppress(*GONE):
            while True:
                self.wire.receive_data(await self.stream.receive())
                for event in self.wire.events():
                    await self.on(event)

    async def on(self, event: Any) -> None:
        if isinstance(event, Request):
            await self.upgrade(event)
        elif isinstance(event, TextMessage | BytesMessage):
            await self.asked(
                msgspec.msgpack.decode(event.data)
                if isinstance(event, BytesMessage)
                else msgspec.json.decode(event.data)
            )
        elif isinstance(event, Ping):
            await self.stream.send(self.wire.send(event.response()))
        elif isinstance(event, CloseConnection):
            self.hub.goodbyes.append(int(event.code))
            if self.wire.state is ConnectionState.CLOSED:
                return
            await self.stream.send(self.wire.send(event.response()))

    async def upgrade(self, request: Request) -> None:
        self.hub.upgrades.append(request)
        if self.hub.rejections:
            status, headers, body = self.hub.rejections.pop(0)
            answer = self.wire.send(RejectConnection(status_code=status, headers=headers, has_body=True))
            await self.stream.send(answer + self.wire.send(RejectData(data=body)))
            await self.stream.aclose()
            return
        protocol = request.subprotocols[0]
        self.is_binary = protocol.endswith("msgpack")
        accept = AcceptConnection(subprotocol=protocol, extensions=[PerMessageDeflate()])
        await self.stream.send(self.wire.send(accept))
        if self.hub.greets:
            await self.send(self.hub.welcome())

    async def asked(self, message: Asked) -> None:
        self.hub.asked.append(message)
        method, params = message["method"], message.get("params") or {}
        script = self.hub.scripts.get(method)
        result = script(params) if script else self.usual(method, params)
        if result is None:
            return
        answer = {"method": method, "req_id": message.get("req_id"), "time_in": 1.5, "time_out": 2.5}
        if isinstance(result, Refusal):
            if result.code == "rate_limited":  # the message was not read
                answer |= {"method": None, "req_id": None}
            await self.send({**answer, "success": False, "error": vars(result)})
            return
        await self.send({**answer, "success": True, "result": result})
        if method == "subscribe" and self.hub.on_subscribed:
            await self.hub.on_subscribed(self, result["sub"], params)

    def usual(self, method: str, params: Asked) -> Any:
        if method == "subscribe":
            sub = len(self.seqs) + 1
            self.seqs[sub], self.subs[sub] = 0, params
            recovered = self.hub.recovers if "resume" in params else None
            told = {"sub": sub, "channel": params["channel"], "keys": params.get("symbols", [])}
            return told | {"epoch": self.hub.epoch, "offset": self.hub.offset, "recovered": recovered}
        if method == "unsubscribe":
            self.subs.pop(params["sub"], None)
            return {"subs": [params["sub"]]}
        if method == "subscriptions":
            return {
                "subscriptions": [{"sub": sub, "channel": each["channel"]} for sub, each in self.subs.items()]
            }
        return {"ts": 1, "params": params}

    async def send(self, message: dict[str, Any]) -> None:
        data = msgspec.msgpack.encode(message) if self.is_binary else msgspec.json.encode(message)
        event = BytesMessage(data) if self.is_binary else TextMessage(data.decode())
        await self.stream.send(self.wire.send(event))

    async def data(self, sub: int, *records: Any, kind: str = "update", **more: Any) -> None:
        """One data frame, with the next `seq` and `offset`."""
        self.seqs[sub] += 1
        self.hub.offset += 1
        channel = self.subs[sub]["channel"] if sub in self.subs else "gone"
        frame = {"sub": sub, "seq": self.seqs[sub], "channel": channel, "type": kind, "data": list(records)}
        await self.send({**frame, "offset": self.hub.offset, "epoch": self.hub.epoch, "ts_out": 1, **more})

    async def system(self, kind: str, **data: Any) -> None:
        await self.send({"channel": "system", "type": kind, "data": data})

    async def close(self, code: int, reason: str = "") -> None:
        with suppress(*GONE):
            await self.stream.send(self.wire.send(CloseConnection(code, reason)))

    async def cut(self) -> None:
        """End it without a word."""
        await self.stream.aclose()


class Refusal:
    """What a script returns to have a request refused."""

    def __init__(
        self, code: str, message: str = "no", field: str | None = None, temporary: bool = False
    ) -> None:
        self.code, self.message, self.field, self.temporary = code, message, field, temporary


class ScriptedHub:
    """The hub, and what a test changes of it."""

    def __init__(self) -> None:
        self.epoch, self.offset, self.recovers, self.greets = EPOCH, 100, True, True
        self.heartbeat_ms, self.messages_per_s = 5000, 20
        self.asked: list[Asked] = []
        self.goodbyes: list[int] = []
        self.upgrades: list[Request] = []
        self.peers: list[Peer] = []
        self.dialled_at: list[float] = []
        self.rejections: list[tuple[int, list[tuple[bytes, bytes]], bytes]] = []
        self.scripts: dict[str, Callable[[Asked], Any]] = {}
        self.on_subscribed: Any = None
        self.failures: list[Exception] = []
        self.tasks: TaskGroup
        self._changed = anyio.Event()

    def welcome(self) -> dict[str, Any]:
        limits = {"subscriptions": 256, "messages_per_s": self.messages_per_s, "message_bytes": 65_536}
        data = {"connection_id": "c-1", "protocol": 1, "server": "tickwell/0", "epoch": self.epoch, "ts": 1}
        data |= {"heartbeat_ms": self.heartbeat_ms, "limits": limits, "formats": ["json", "msgpack"]}
        return {"channel": "system", "type": "welcome", "data": data}

    async def dial(self, _: Address) -> Pipe:
        """What a client dials with."""
        self.dialled_at.append(anyio.current_time())
        if self.failures:
            raise self.failures.pop(0)
        ours, theirs = pipe()
        peer = Peer(self, ours)
        self.peers.append(peer)
        self.tasks.start_soon(peer.run)
        return theirs

    @property
    def peer(self) -> Peer:
        """The newest connection."""
        return self.peers[-1]

    def requests(self, method: str) -> list[Asked]:
        """The parameters of every request of this method so far."""
        return [each.get("params") or {} for each in self.asked if each["method"] == method]

    async def until_asked(self, method: str, count: int = 1) -> Peer:
        """Wait until so many such requests came."""
        while len(self.requests(method)) < count:
            await anyio.sleep(0.01)
        return self.peer


@asynccontextmanager
async def scripted_hub() -> AsyncIterator[ScriptedHub]:
    """A hub that runs while the block does."""
    hub = ScriptedHub()
    async with anyio.create_task_group() as hub.tasks:
        yield hub
        hub.tasks.cancel_scope.cancel()


def with_hub(
    **options: Any,
) -> Callable[[Callable[[ScriptedHub, Hub], Awaitable[None]]], Callable[..., None]]:
    """Make a test, on both loops, of a coroutine function of a scripted hub and a client connected to it."""

    def decorate(test: Callable[[ScriptedHub, Hub], Awaitable[None]]) -> Callable[..., None]:
        @on_both_loops
        @wraps(test)
        async def connected() -> None:
            async with scripted_hub() as scripted, connect("hub", dial=scripted.dial, **options) as hub:
                await test(scripted, hub)

        return connected

    return decorate
