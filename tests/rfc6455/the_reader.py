"""The side of the feeds: a server that plays the case, and our reader, which must hand on what it says."""

from __future__ import annotations

import base64
import hashlib
from functools import partial

import trio

from actors.feed import opening, transport
from actors.feed.transport import UPGRADES
from actors.runtime.errors import FeedError
from tests.rfc6455.case import Case, Seen, Speech
from tests.rfc6455.frames import BINARY, Frame
from tests.rfc6455.line import ANSWER_S, END_S, Line
from tests.web.served import head_of

KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


SPEECH = Speech(
    said=bytes,
    sized=lambda opcode, size: (b"\xfe" if opcode == BINARY else b"*") * size,
    message_bytes_max=opening.MESSAGE_BYTES_MAX,
    sizes=(65_536, 262_144, 1_048_576, 4_194_304, 8_388_608, 16_777_216),
    fragmented=4_194_304,
    fragments=(64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304),
    chopped=1_048_576,
    crowd=1000,
    crowd_sizes=(0, 16, 64, 256, 1024, 4096),
)


class TheReader:
    """One of the two ways in which feeds are read."""

    speech = SPEECH

    def __init__(self, way: str) -> None:
        self.name = f"the reader, `{way}`"
        self._connect = partial(transport.connect, upgraded=UPGRADES[way])

    async def play(self, case: Case) -> tuple[Case, Seen]:
        """The case, and what was seen."""
        seen = Seen()
        with trio.move_on_after(ANSWER_S + END_S + 5) as patience:
            async with trio.open_nursery() as nursery:
                serve = partial(self._serve, case, seen, nursery.cancel_scope)
                [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
                nursery.start_soon(self._read, listener.socket.getsockname()[1], seen)
        if patience.cancelled_caught:
            seen.error = "it never ended"
        return case, seen

    async def _read(self, port: int, seen: Seen) -> None:
        try:
            async with self._connect(f"ws://127.0.0.1:{port}/") as connection:
                while True:
                    for message in await connection.receive():
                        seen.messages.append(message)
                    self._line.changed()
        except* FeedError:
            pass

    async def _serve(self, case: Case, seen: Seen, over: trio.CancelScope, stream: trio.SocketStream) -> None:
        head = await head_of(stream)
        if b"sec-websocket-extensions" in head.lower():
            seen.error = "an extension was offered"
        await stream.send_all(accepting(head))
        self._line = Line(stream, seen, ignored, is_client=False)
        await self._line.play(case)
        over.cancel()


def accepting(head: bytes) -> bytes:
    """The answer to an upgrade."""
    key = head.lower().partition(b"sec-websocket-key:")[0]
    key = head[len(key) + len("sec-websocket-key:") :].partition(b"\r\n")[0].strip()
    accept = base64.b64encode(hashlib.sha1(key + KEY.encode()).digest()).decode()
    lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
    return "\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept}", "", ""]).encode()


def ignored(frame: Frame) -> bytes | None:
    """Our reader has nothing to say that matters."""
    return None
