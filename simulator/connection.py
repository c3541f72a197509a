"""One WebSocket client of the simulator: inbound through wsproto, outbound as ready-made bytes.

Venues put frames into `pending` without waiting; `flush` (once per tick, and after each control answer)
wakes the writer, which sends everything gathered so far in one go.
"""

import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio
from wsproto import WSConnection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from simulator.faults import Fault

if TYPE_CHECKING:
    from simulator.venue import VenueServer

READ_BYTES: Final = 65_536
PENDING_FRAMES_LIMIT: Final = 200_000  # a client this far behind is dropped, as an exchange would
CLOSE_WAIT_S: Final = 1.0


class Connection:
    """The server side of one WebSocket."""

    def __init__(
        self, number: int, stream: trio.SocketStream, websocket: WSConnection, venue: "VenueServer", path: str
    ) -> None:
        self.number = number
        self.venue = venue
        self.path = path
        self.markets = venue.markets
        self.topics: dict[str, None] = {}
        self.combined = True  # Binance: wrapped frames
        self.route = ""  # Binance USD-M: public, market or legacy
        self.conn_id = ""
        self.topic_characters = 0
        self.inbound_times: deque[float] = deque()
        self.opened_s = self.sent_s = self.pinged_s = trio.current_time()
        self.unanswered_s: float | None = None  # when the oldest unanswered ping left
        self.pongs = 0
        self.frames_sent = 0
        self.stalled = False
        self.blackholed = False
        self.slow: Fault | None = None
        self.closing = False
        self.scope = trio.CancelScope()
        self._pending: list[bytes] = []
        self._wake = trio.Event()
        self._sending = trio.Lock()
        self._stream = stream
        self._websocket = websocket
        self._reset = False
        self._text: list[str] = []

    def deliver(self, data: bytes) -> None:
        """Queue one data frame; a stalled connection loses it."""
        if not self.stalled and not self.closing:
            self._pending.append(data)

    def answer(self, data: bytes) -> None:
        """Queue one control frame (ack, pong, error) and send it without waiting for the tick."""
        if not self.closing:
            self._pending.append(data)
            self._wake.set()

    def flush(self) -> None:
        """Wake the writer when something is waiting."""
        if self._pending:
            self._wake.set()
            if len(self._pending) > PENDING_FRAMES_LIMIT:
                self.abort()

    def ping(self) -> None:
        """Send a WebSocket ping, as Binance does."""
        self.pinged_s = trio.current_time()
        if self.unanswered_s is None:
            self.unanswered_s = self.pinged_s
        self.answer(self._websocket.send(Ping(str(int(self.pinged_s * 1000)).encode())))

    def close(self, code: int, reason: str = "") -> None:
        """Close with a close frame; the client has a second to answer it."""
        if self.closing:
            return
        self.answer(self._websocket.send(CloseConnection(code=code, reason=reason)))
        self.closing = True
        self.scope.deadline = trio.current_time() + CLOSE_WAIT_S

    def abort(self, *, delay_s: float = 0.0, reset: bool = False) -> None:
        """Drop the TCP connection without a close frame, with an RST when `reset`."""
        self._reset = self._reset or reset
        self.scope.deadline = min(self.scope.deadline, trio.current_time() + delay_s)

    async def run(self, first_bytes: bytes, on_ready: Callable[[], None]) -> None:
        """Serve until either side ends it; the caller closes the stream."""
        try:
            with self.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    on_ready()
                    await self._read(first_bytes)
                    nursery.cancel_scope.cancel()
        finally:
            if self._reset:
                # Zero linger: closing sends RST instead of FIN.
                self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def _read(self, data: bytes) -> None:
        try:
            while self._process(data):
                data = await self._stream.receive_some(READ_BYTES)
                if not data:
                    return
            await self._say_goodbye()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    def _process(self, data: bytes) -> bool:
        """Handle what arrived; False when the connection is over."""
        try:
            if data:
                self._websocket.receive_data(data)
            return all(self._take(event) for event in self._websocket.events())
        except (RemoteProtocolError, LocalProtocolError, UnicodeDecodeError):
            with suppress(LocalProtocolError):
                self.close(int(CloseReason.PROTOCOL_ERROR))
            return False

    def _take(self, event: object) -> bool:
        """Handle one inbound event; False when the connection is over."""
        if self.blackholed:
            return True
        if isinstance(event, CloseConnection):
            if not self.closing:
                self.answer(self._websocket.send(event.response()))
                self.closing = True
            return False
        if self.closing:
            return True
        if isinstance(event, Ping):
            self.answer(self._websocket.send(event.response()))
            self.venue.on_inbound(self)
        elif isinstance(event, Pong):
            self.unanswered_s = None
            self.pongs += 1
            self.venue.on_inbound(self)
        elif isinstance(event, BytesMessage):
            self.venue.on_inbound(self)
        elif isinstance(event, TextMessage):
            self._take_text(event)
        return True

    def _take_text(self, event: TextMessage) -> None:
        self._text.append(event.data)
        if event.message_finished:
            text = "".join(self._text)
            self._text.clear()
            if self.venue.on_inbound(self):
                self.venue.tell_time()
                self.venue.receive(self, text)

    async def _say_goodbye(self) -> None:
        """Let the answer to the client's close frame leave before the socket closes."""
        with trio.move_on_after(CLOSE_WAIT_S):
            await self._send()

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                await self._send()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.scope.cancel()

    async def _send(self) -> None:
        """Send everything gathered so far; the lock keeps frames whole when two tasks say something."""
        async with self._sending:
            batch, self._pending = self._pending, []
            if batch and not self.blackholed:
                await self._send_batch(batch)

    async def _send_batch(self, batch: list[bytes]) -> None:
        data = b"".join(batch)
        if self.slow is None:
            await self._stream.send_all(data)
        else:
            await self._drip(data, self.slow)
        self.frames_sent += len(batch)
        self.venue.frames_sent += len(batch)
        self.sent_s = trio.current_time()

    async def _drip(self, data: bytes, fault: Fault) -> None:
        """Send in small pieces with pauses; the rest goes at once when the fault is over."""
        for start in range(0, len(data), fault.piece_bytes):
            if self.slow is None:
                await self._stream.send_all(data[start:])
                return
            await self._stream.send_all(data[start : start + fault.piece_bytes])
            await trio.sleep(fault.delay_s)
