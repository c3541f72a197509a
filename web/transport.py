"""One client's byte stream: every write has a deadline, and writers take turns.

Hypercorn shields its socket writes from cancellation, so a client that stops reading would hold its
connection, and a shutdown, for ever. The deadline therefore lives here, below Hypercorn. The same
object is what a WebSocket handler finds in `websocket.scope["state"]["transport"]`: through it a frame
that was built once goes to a thousand clients without a thousand encodings.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct

import trio

PIECE_BYTES = 64 * 1024
UNSENT_BYTES_MAX = 64 * 1024
LINGER_S = 0.5
DRAIN_BYTES_MAX = 256 * 1024

Wire = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class ClientStream:
    """The stream that Hypercorn and the frame writers share.

    A client must take each `PIECE_BYTES` of a write within `stall_s`, or the connection is dropped. A write
    is never torn: once begun it ends, or the connection does, whoever is cancelled meanwhile. `lost` says
    that a write has failed, `stalled` that it was for too long under way, `deflate` that the client can read
    compressed frames, `asked` that a whole request has come, `expires_ns` until when its token lets it listen
    (Unix ns). `sent_bytes` are those that the system took.
    """

    def __init__(self, wire: Wire, stall_s: float) -> None:
        self.secure = isinstance(wire, trio.SSLStream)
        self.socket = (wire.transport_stream if isinstance(wire, trio.SSLStream) else wire).socket
        self.lost = self.stalled = self.asked = False
        self.sent_bytes = 0
        self.expires_ns: int | None = None
        self._wire = wire
        self._stall_s = stall_s
        self._turn = trio.Semaphore(1, max_value=1)
        self.deflate = False
        self._descriptor = self.socket.fileno()
        self._sealed = False
        self._closing = False
        self._receiving = False
        self._drained_bytes = 0
        self._peer_done = trio.Event()
        bound_kernel_buffers(self.socket, stall_s)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Write `data`, in turn; `trio.BrokenResourceError` when the client does not take it in time."""
        async with self._turn:
            await self._write(data)

    async def send_frame(self, frame: bytes) -> None:
        """Write one whole WebSocket frame, in turn; `trio.ClosedResourceError` once a close was sent."""
        async with self._turn:
            if self._sealed:
                raise trio.ClosedResourceError("this WebSocket has said goodbye")
            await self._write(frame)

    def write_now(self, frame: bytes, *more: bytes) -> memoryview | None:
        """Write what the kernel takes of one whole frame (or of `more` pieces), without waiting.

        Returns what is left: whoever gets that has the turn, and must `finish` it. Raises
        `trio.WouldBlock` while another write is under way, and `trio.ClosedResourceError` or
        `trio.BrokenResourceError` when there is nobody to write to.
        """
        if self._sealed or self._closing:
            raise trio.ClosedResourceError("this WebSocket has said goodbye")
        if not self._turn.value:
            raise trio.WouldBlock
        sent = 0
        try:
            if not self.secure:
                sent = (
                    os.writev(self._descriptor, (frame, *more)) if more else os.write(self._descriptor, frame)
                )
        except BlockingIOError:
            pass
        except OSError as error:
            self.lost = True
            raise trio.BrokenResourceError(str(error)) from error
        self.sent_bytes += sent
        if sent == len(frame) + sum(map(len, more)):
            return None  # nothing was awaited: nobody else could have taken the turn
        self._turn.acquire_nowait()
        return memoryview(b"".join((frame, *more)) if more else frame)[sent:]

    async def finish(self, rest: memoryview) -> None:
        """Write what `write_now` left, within the deadline, and pass on the turn."""
        try:
            await self._write(rest)
        finally:
            self._turn.release()

    def seal(self) -> None:
        """No more frames: a close frame is about to be written, and nothing may follow it."""
        self._sealed = True

    async def _write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            self.lost = True
            raise trio.ClosedResourceError("this connection is closed")
        view = memoryview(data)
        try:
            await self._write_pieces(view)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.lost = True
            raise

    async def _write_pieces(self, view: memoryview) -> None:
        # The shield keeps frames whole: a reader of half a frame could make no sense of the next one.
        with trio.CancelScope(shield=True) as deadline:
            for start in range(0, len(view), PIECE_BYTES):
                deadline.deadline = trio.current_time() + self._stall_s
                await self._wire.send_all(view[start : start + PIECE_BYTES])
                self.sent_bytes += min(PIECE_BYTES, len(view) - start)
        if deadline.cancelled_caught:
            self.stalled = True
            self.abort()
            raise trio.BrokenResourceError(f"the client took nothing for {self._stall_s:g} s")

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """The next bytes from the client; `b""` at the end. While we close, what comes is thrown away."""
        if self._closing and self._receiving:
            raise trio.ClosedResourceError("this connection is closing")
        while True:
            data = await self._receive(max_bytes)
            if not data or not self._closing:
                return data
            self._drained_bytes += len(data)
            if self._drained_bytes > DRAIN_BYTES_MAX:
                self._peer_done.set()
                return b""

    async def _receive(self, max_bytes: int | None) -> bytes:
        data = b""
        self._receiving = True
        try:
            data = bytes(await self._wire.receive_some(max_bytes))
        finally:
            self._receiving = False
            if not data:
                self._peer_done.set()
        return data

    async def send_eof(self) -> None:
        """Hypercorn asks for this before every `aclose`, which does it itself, within a deadline."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Say goodbye and close, within `LINGER_S`. Calling it again does nothing.

        The pause lets the client's last bytes arrive: closing a socket with unread bytes resets the
        connection, and a reset can overtake the close frame or the answer that was just written.
        """
        if self._closing:
            await trio.lowlevel.checkpoint()
            return
        self._closing = True
        try:
            with trio.move_on_after(LINGER_S), contextlib.suppress(*GONE):
                await self._farewell()
        finally:
            self.socket.close()

    async def _farewell(self) -> None:
        if isinstance(self._wire, trio.SSLStream):
            await self._wire.aclose()
            return
        await self._wire.send_eof()
        if self._receiving:
            await self._peer_done.wait()
        elif not self._peer_done.is_set():
            await self.receive_some(PIECE_BYTES)

    def abort(self) -> None:
        """Drop the connection now, with everything that is still unsent."""
        self._closing = True
        if self.socket.fileno() >= 0:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()


GONE = (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError, OSError)


def bound_kernel_buffers(client: trio.socket.SocketType, stall_s: float) -> None:
    """Let a client that does not read be noticed early, and one that vanished be noticed at all.

    Without a bound Linux takes megabytes on behalf of a client before a write waits. Systems that lack
    these options rely on the write deadline alone.
    """
    options = {"TCP_NOTSENT_LOWAT": UNSENT_BYTES_MAX, "TCP_USER_TIMEOUT": int(stall_s * 5_000)}
    for name, value in options.items():
        option = getattr(socket, name, 25 if name == "TCP_NOTSENT_LOWAT" and LINUX else None)
        if option is not None:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.IPPROTO_TCP, option, value)


LINUX = hasattr(socket, "AF_NETLINK")
