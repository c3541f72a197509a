"""The stream as server-sent events: one subscription, told over plain HTTP to who has no WebSocket.

An event is a frame: `event:` its type, `data:` the frame, `id:` the position for `Last-Event-ID`. The reader
is a client of the hub like any other: what it does not take in time is merged, never queued.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, AsyncExitStack
from types import TracebackType
from typing import Any

import msgspec
import trio
from msgspec import Struct
from quart.wrappers.response import ResponseBody

from web.inbound import Conduct
from web.problems import Problem
from web.site import Site
from web.stream import answers, frames
from web.stream.client import Client
from web.stream.desk import Desk
from web.stream.errors import RequestError
from web.stream.frames import Body
from web.stream.requests import Subscribe
from web.visitor import Visitor

FAREWELL_S = 0.5
GOODBYE_MS = 1000
RETRY = b"retry: 2000\n\n"


class _Head(Struct):
    """What an event's other lines tell of a message."""

    channel: str
    type: str | None = None
    offset: int | None = None
    epoch: str | None = None

    @property
    def event(self) -> str:
        return self.type or self.channel

    @property
    def id_line(self) -> str:
        return "" if self.offset is None else f"id: {self.epoch}:{self.offset}\n"


_read_head = msgspec.json.Decoder(_Head).decode


def event(payload: bytes) -> bytes:
    """A message in JSON as an event. JSON has no line breaks, so its data is one line."""
    head = _read_head(payload)
    return f"event: {head.event}\n{head.id_line}data: ".encode() + payload + b"\n\n"


def named_event(name: str, structure: Any) -> bytes:
    """Something that is no message of the socket."""
    return f"event: {name}\ndata: ".encode() + answers.encode(structure, "json") + b"\n\n"


class EventClient(Client):
    """A client whose frames are events."""

    route = "events"

    def message(self, structure: Any) -> bytes:
        """A message of its own."""
        return event(answers.encode(structure, "json"))

    def dress(self, sub: int, seq: int, body: Body) -> tuple[bytes, bytes]:
        """A frame of its subscription, in pieces."""
        return event(frames.head(sub, seq, body.pairs, "json") + body.rest), b""


class EventOutlet:
    """Where the hub leaves events, and a response takes them: never more than one piece waits.

    It is taken only when the one before has been written: so a slow reader holds up its client, not the hub.
    """

    def __init__(self) -> None:
        self._piece = b""
        self._hungry = self._closed = False
        self._changed = trio.Event()

    def write_now(self, frame: bytes, *more: bytes) -> memoryview | None:
        """Hand over to a reader that waits. `trio.WouldBlock` while it is writing what it took before."""
        if self._closed:
            raise trio.ClosedResourceError("this reader has gone")
        if not self._hungry:
            raise trio.WouldBlock
        self._put(b"".join((frame, *more)))
        return None

    async def finish(self, rest: memoryview) -> None:
        """What `write_now` leaves, which is nothing."""
        await self.send_frame(bytes(rest))

    async def send_frame(self, frame: bytes) -> None:
        """Hand over as soon as the reader waits."""
        while not self._hungry:
            if self._closed:
                raise trio.ClosedResourceError("this reader has gone")
            await self._changed.wait()
        self._put(frame)
        await trio.lowlevel.checkpoint()

    async def take(self) -> bytes:
        """The next piece; empty at the end."""
        self._hungry = not self._piece
        self._wake()
        while not self._piece and not self._closed:
            await self._changed.wait()
        self._hungry = False
        piece, self._piece = self._piece, b""
        return piece

    def close(self) -> None:
        """What is there is still taken, and nothing more."""
        self._closed = True
        self._hungry = False
        self._wake()

    def _put(self, piece: bytes) -> None:
        self._piece, self._hungry = piece, False
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()


class EventStream(ResponseBody):
    """The body of a response. Inside its `async with` block a client is connected; then nothing is left."""

    def __init__(self, site: Site, wanted: Subscribe, address: str, stop: trio.Event) -> None:
        self._site = site
        self._wanted = wanted
        self._address = address
        self._stop = stop
        self._outlet = EventOutlet()
        self._stack = AsyncExitStack()
        self._first = b""

    async def __aenter__(self) -> EventStream:
        async with AsyncExitStack() as stack:
            try:
                stack.enter_context(self._site.stream.doors.enter(self._address))
            except Problem as problem:  # somebody else took the last place meanwhile
                self._refuse(RequestError("limit_exceeded", problem.detail, temporary=True))
                return self
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            stack.callback(self._outlet.close)
            client = stack.enter_context(self._connect())
            self._begin(client)
            nursery.start_soon(self._go_away, client)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, exc_type: type, exc_value: BaseException, tb: TracebackType) -> None:
        await self._stack.aclose()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> bytes:
        """The next events: first what the subscription is."""
        first, self._first = self._first, b""
        piece = first or await self._outlet.take()
        if not piece:
            raise StopAsyncIteration
        return piece

    def _connect(self) -> AbstractContextManager[Client]:
        visitor = Visitor.at(self._address, self._site.now_ns())
        return self._site.stream.connect(
            self._outlet, self._leave, "json", deflate=False, visitor=visitor, kind=EventClient
        )

    def _begin(self, client: Client) -> None:
        try:
            result, subscription = Desk(self._site.stream, client, Conduct()).subscribe(self._wanted)
        except RequestError as error:
            self._refuse(error)
            return
        self._first = RETRY + named_event("subscribed", result)
        if subscription is not None:
            self._site.stream.activate(subscription)

    def _refuse(self, error: RequestError) -> None:
        self._first = RETRY + named_event("error", answers.error_out(error))
        self._outlet.close()

    def _leave(self, error: Exception | None) -> None:
        if error is not None:
            self._site.quiet.failure("web: a reader of events failed", error, logging.ERROR)
        self._outlet.close()

    async def _go_away(self, client: Client) -> None:
        """Tell the last state of everything, and that the hub goes."""
        await self._stop.wait()
        with trio.move_on_after(FAREWELL_S):
            for pieces in self._site.stream.turns.last(client):
                await self._outlet.send_frame(pieces)
            goodbye = answers.going_away(GOODBYE_MS, "the hub stops or restarts")
            await self._outlet.send_frame(client.message(goodbye))
        self._outlet.close()
