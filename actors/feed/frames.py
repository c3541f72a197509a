"""PURE: the bytes of one receive → the whole messages in them (RFC 6455, the receiving half of a client).

Theory of operation. An exchange sends thousands of small, whole, unmasked text frames a second, many of
them in one read. So there is one short loop for exactly those, and everything else goes the long way
round: a frame that is not a whole data frame (a fragment, a control frame, one with reserved bits) is
handled by `_rarely`, which may be slow because it is rare.

Control frames are not answered here: they are handed over whole in `controls`, for a library to obey.
Compression is never offered by us, so reserved bits are an error, as is a mask from a server.
"""

from __future__ import annotations

from actors.runtime.errors import ConnectionLost

FINAL, OPCODE, RESERVED, MASKED = 0x80, 0x0F, 0x70, 0x80
CONTINUATION, TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10
CONTROL_BYTES_MAX = 125

_WHOLE = (FINAL | TEXT, FINAL | BINARY)


class FrameError(ConnectionLost):
    """The server broke the WebSocket protocol. `code` is the close code that tells it so."""

    def __init__(self, message: str, code: int = 1002) -> None:
        super().__init__(f"the server broke the WebSocket protocol ({code}): {message}")
        self.code = code


class FrameParser:
    """Feed it what was read, and it returns the messages that are complete.

    After each `receive`, `controls` holds the control frames that came with them, as raw bytes and in order;
    the caller takes them away. Raises `FrameError`; the parser is of no use afterwards. What comes after a
    close frame is ignored.
    """

    __slots__ = (
        "_fragments",
        "_fragments_size",
        "_is_closed",
        "_kind",
        "_needed",
        "_rest",
        "controls",
        "message_bytes_max",
    )

    def __init__(self, message_bytes_max: int) -> None:
        self.message_bytes_max = message_bytes_max
        self.controls: list[bytes] = []
        self._rest = bytearray()
        self._needed = 0
        self._kind = 0
        self._fragments: list[bytes] = []
        self._fragments_size = 0
        self._is_closed = False

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes, text and binary alike, in order."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []  # most of a large message is still to come: do not look again
            data = bytes(self._rest)
            self._rest.clear()
        messages: list[bytes] = []
        position, stop, end = 0, 2, len(data)
        while stop <= end:
            start, size = position + 2, data[position + 1]
            if size >= 126:
                start, size = self._long_size(data, start, size)
            stop = start + size
            if stop > end:
                break
            payload = data[start:stop]
            if data[position] in _WHOLE and not self._kind:
                if not payload.isascii():
                    _check_text(data[position], payload)
                messages.append(payload)
            else:
                self._rarely(data[position], payload, data[position:stop], messages)
                if self._is_closed:
                    return messages  # what stands behind a close frame is not part of the conversation
            position, stop = stop, stop + 2
        self._rest += data[position:]
        self._needed = stop - position
        return messages

    def _long_size(self, data: bytes, start: int, size: int) -> tuple[int, int]:
        """Where the payload starts, and its size; of a header that is not whole, at least what it needs."""
        if size > 127:
            raise FrameError("a masked frame from a server")
        width = 2 if size == 126 else 8
        if len(data) - start < width:
            return start + width, 0
        size = int.from_bytes(data[start : start + width], "big")
        if size < 126 or (width == 8 and not 65_536 <= size < 2**63):
            raise FrameError("a size that is not written as short as it can be")
        if size > self.message_bytes_max:
            raise FrameError(f"a frame of {size} bytes, more than {self.message_bytes_max}", 1009)
        return start + width, size

    def _rarely(self, head: int, payload: bytes, frame: bytes, messages: list[bytes]) -> None:
        opcode = head & OPCODE
        if head & RESERVED:
            raise FrameError("reserved bits, and no extension that explains them")
        if opcode in (CLOSE, PING, PONG):
            if not head & FINAL or len(payload) > CONTROL_BYTES_MAX:
                raise FrameError("a control frame that is fragmented or too long")
            self.controls.append(frame)
            self._is_closed = opcode == CLOSE
        elif opcode in (CONTINUATION, TEXT, BINARY):
            self._fragment(opcode, payload, bool(head & FINAL), messages)
        else:
            raise FrameError(f"the reserved opcode {opcode}")

    def _fragment(self, opcode: int, payload: bytes, final: bool, messages: list[bytes]) -> None:
        if (opcode == CONTINUATION) != bool(self._kind):
            raise FrameError("a message within a fragmented message, or a fragment of none")
        self._kind = self._kind or opcode
        self._fragments.append(payload)
        self._fragments_size += len(payload)
        if self._fragments_size > self.message_bytes_max:
            raise FrameError(f"a message of more than {self.message_bytes_max} bytes", 1009)
        if final:
            message = b"".join(self._fragments)
            _check_text(self._kind, message)
            messages.append(message)
            self._kind, self._fragments, self._fragments_size = 0, [], 0


def _check_text(kind: int, payload: bytes) -> None:
    try:
        if kind & OPCODE == TEXT:
            payload.decode()
    except UnicodeDecodeError:
        raise FrameError("text that is not UTF-8", 1007) from None
