"""One case on one open connection, from the side that asks."""

from __future__ import annotations

from collections.abc import Callable

import trio

from tests.rfc6455.case import Case, Seen, pieces
from tests.rfc6455.closing import BYE
from tests.rfc6455.frames import BINARY, CLOSE, CONTINUATION, PONG, TEXT, Frame, Reader, encoded

ANSWER_S = 10.0
END_S = 10.0
WRITE_BYTES = 1 << 20


class Line:
    """An open connection: it sends what a case says, and notes what comes.

    `is_client` says that we are the one who masks. `heard` is given every message, and returns what it shows
    of ours, if it does.
    """

    def __init__(
        self, stream: trio.abc.Stream, seen: Seen, heard: Callable[[Frame], bytes | None], *, is_client: bool
    ) -> None:
        self._stream, self._seen, self._heard, self._is_client = stream, seen, heard, is_client
        self._reader = Reader()
        self._parts: list[Frame] = []
        self._changed = trio.Event()

    def changed(self) -> None:
        """Look again whether everything is there."""
        self._changed.set()

    async def play(self, case: Case, already: bytes = b"") -> None:
        """Send everything, wait for what must come of it, say goodbye if nobody did, and wait for the end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, already)
            await self._write(case)
            with trio.move_on_after(ANSWER_S):
                await self._until(lambda: self._is_over(case))
            if not case.close and self._seen.close is None:
                await self._send(encoded(BYE, masked=self._is_client))
            with trio.move_on_after(END_S):
                await self._until(lambda: self._seen.ended)
            nursery.cancel_scope.cancel()

    def _is_over(self, case: Case) -> bool:
        seen = self._seen
        is_all = len(seen.messages) >= len(case.messages) and len(seen.pongs) >= len(case.pongs)
        return seen.ended or (is_all and not case.close)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()
            self._changed = trio.Event()

    async def _write(self, case: Case) -> None:
        masked = self._is_client is not case.is_masked_wrongly
        whole = b"".join(encoded(frame, masked=masked) for frame in case.frames)
        for piece in pieces(whole, case.chop_bytes or WRITE_BYTES):
            await self._send(piece)

    async def _send(self, data: bytes) -> None:
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError:
            await trio.lowlevel.checkpoint()  # the other side may refuse before it has read everything

    async def _read(self, already: bytes) -> None:
        data = already
        try:
            while True:
                for frame in self._reader.feed(data):
                    self._take(frame)
                self.changed()
                data = bytes(await self._stream.receive_some(1 << 18))
                if not data:
                    break
        except trio.BrokenResourceError:
            pass
        self._seen.ended = True
        self.changed()

    def _take(self, frame: Frame) -> None:
        seen = self._seen
        if seen.close is not None:
            seen.late += 1
        elif frame.opcode == CLOSE:
            seen.close = int.from_bytes(frame.payload[:2], "big") if frame.payload else 1005
        elif frame.opcode == PONG:
            seen.pongs.append(frame.payload)
        elif frame.opcode in (TEXT, BINARY, CONTINUATION):
            self._parts.append(frame)
            if frame.final:
                first, payload = self._parts[0], b"".join(part.payload for part in self._parts)
                self._parts = []
                shown = self._heard(Frame(first.opcode, payload, True, first.reserved))
                seen.messages += [] if shown is None else [shown]
