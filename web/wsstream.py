"""One WebSocket inside Hypercorn, bounded: message size, fragments, frames per second, early bytes.

Hypercorn 0.18 keeps reading and buffering after "message too big", counts characters for bytes, breaks
when bytes arrive before the handshake was answered, and ends protocol errors without a close frame. This
class replaces those parts of `hypercorn.protocol.ws_stream.WSStream` (private names used: `_accept`,
`_handle_events`, `_send_wsproto_event`, `app_put`, `connection`, `handshake`, `scope`, and
the module's `PerMessageDeflate`, which it would use to compress every client's copy of the same frame).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import trio
from hypercorn.protocol import ws_stream
from hypercorn.protocol.events import Body, Data, Event, Request, StreamClosed
from hypercorn.protocol.ws_stream import WSStream
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping, TextMessage
from wsproto.events import Event as FrameEvent
from wsproto.frame_protocol import CloseReason

from web.deflate import SharedDeflate
from web.transport import ClientStream

MESSAGE_BYTES_MAX = SharedDeflate.INFLATED_BYTES_MAX
FRAGMENTS_MAX = 1024
FRAMES_PER_S_MAX = 1000
FRAMES_PER_TURN = 64

setattr(ws_stream, "PerMessageDeflate", SharedDeflate)  # noqa: B010 - the name is private to Hypercorn


class TooMuch(Exception):
    """The client broke a limit; `code` is what the close frame says."""

    def __init__(self, code: CloseReason) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass
class Inbox:
    """The message that is being put together, and the limits on how it may come."""

    parts: list[str | bytes] = field(default_factory=list)
    length_bytes: int = 0
    second: int = 0
    frames: int = 0

    def count(self, now_s: float) -> None:
        """Count one frame; raise `TooMuch` when this second has had its share."""
        if int(now_s) != self.second:
            self.second, self.frames = int(now_s), 0
        self.frames += 1
        if self.frames > FRAMES_PER_S_MAX:
            raise TooMuch(CloseReason.POLICY_VIOLATION)

    def add(self, event: Message[Any]) -> dict[str, Any] | None:
        """Take a fragment. The whole message, as ASGI writes it, once its last fragment is here."""
        text = isinstance(event, TextMessage)
        self.length_bytes += len(event.data.encode() if isinstance(event, TextMessage) else event.data)
        if self.length_bytes > MESSAGE_BYTES_MAX or len(self.parts) >= FRAGMENTS_MAX:
            raise TooMuch(CloseReason.MESSAGE_TOO_BIG)
        self.parts.append(event.data if text else bytes(event.data))
        if not event.message_finished:
            return None
        parts, self.parts, self.length_bytes = self.parts, [], 0
        if text:
            return {"type": "websocket.receive", "bytes": None, "text": "".join(map(str, parts))}
        whole = b"".join(part for part in parts if isinstance(part, bytes))
        return {"type": "websocket.receive", "bytes": whole, "text": None}


class BoundedWSStream(WSStream):
    """A WebSocket that a client cannot make us spend much on."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.inbox = Inbox()
        self.early = bytearray()
        self.transport: ClientStream | None = None

    async def handle(self, event: Event) -> None:
        """Take an event of the connection. What comes before the handshake is answered waits for it."""
        if isinstance(event, Request):
            self.transport = event.state.get("transport")
        early = isinstance(event, (Body, Data)) and not self.closed and not self.handshake.accepted
        if early and isinstance(event, (Body, Data)):
            self.early += event.data
            if len(self.early) > MESSAGE_BYTES_MAX and self.transport is not None:
                self.transport.abort()
            return
        await super().handle(event)

    async def app_send(self, message: Any) -> None:
        """Take a message of the application; after `None` it has ended, and nobody reads its queue."""
        if message is None:
            self.app_put = None
        await super().app_send(message)

    async def _accept(self, message: Any) -> None:
        await super()._accept(message)
        if self.transport is not None:
            extensions = self.connection._proto.extensions
            self.transport.deflate = any(extension.enabled() for extension in extensions)
        if self.early:
            early, self.early = bytes(self.early), bytearray()
            await super().handle(Data(stream_id=self.stream_id, data=early))

    async def _handle_events(self) -> None:
        try:
            for turn, event in enumerate(self.connection.events(), 1):
                if self.closed:
                    return
                self.inbox.count(trio.current_time())
                await self._on_frame(event)
                if turn % FRAMES_PER_TURN == 0:
                    await trio.lowlevel.checkpoint()
        except TooMuch as limit:
            await self._end(CloseConnection(code=limit.code))

    async def _on_frame(self, event: FrameEvent) -> None:
        if isinstance(event, Message):
            message = self.inbox.add(event)
            if message is not None and self.app_put is not None:
                await self.app_put(message)
        elif isinstance(event, Ping):
            await self._send_wsproto_event(event.response())
        elif isinstance(event, CloseConnection):
            theirs = self.connection.state is ConnectionState.REMOTE_CLOSING
            await self._end(event.response() if theirs else CloseConnection(code=event.code))

    async def _end(self, goodbye: CloseConnection) -> None:
        await self._send_wsproto_event(goodbye)
        await self.send(StreamClosed(stream_id=self.stream_id))

    async def _send_wsproto_event(self, event: FrameEvent) -> None:
        if isinstance(event, CloseConnection) and self.transport is not None:
            self.transport.seal()
        await super()._send_wsproto_event(event)
