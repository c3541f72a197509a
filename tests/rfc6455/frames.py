"""Frames as RFC 6455 draws them, written and read without any library: what is tested uses one."""

from __future__ import annotations

from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = bytes.fromhex("37fa213d")  # the RFC's own example
RSV1 = 4


@dataclass(frozen=True)
class Frame:
    """One frame; `reserved` are its three reserved bits as a number, RSV1 being 4."""

    opcode: int
    payload: bytes = b""
    final: bool = True
    reserved: int = 0


def encoded(frame: Frame, *, masked: bool) -> bytes:
    """A frame as it travels."""
    size, mask_bit = len(frame.payload), 0x80 if masked else 0
    head = bytes([(0x80 if frame.final else 0) | frame.reserved << 4 | frame.opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65_536:
        head += bytes([mask_bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([mask_bit | 127]) + size.to_bytes(8, "big")
    return head + (MASK + masking(frame.payload, MASK) if masked else frame.payload)


def masking(data: bytes, mask: bytes) -> bytes:
    """`data` under a mask, or without it again."""
    whole = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(data), "big")


class Reader:
    """The frames in what is read, in order."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._data += data
        found = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def _next(self) -> Frame | None:
        if len(self._data) < 2:
            return None
        head, size, start = self._data[0], self._data[1] & 0x7F, 2
        width = {126: 2, 127: 8}.get(size, 0)
        if width:
            size, start = int.from_bytes(self._data[2 : 2 + width], "big"), 2 + width
        masked = self._data[1] & 0x80
        stop = start + (4 if masked else 0) + size
        if len(self._data) < max(stop, 2 + width):
            return None
        payload = bytes(self._data[stop - size : stop])
        if masked:
            payload = masking(payload, bytes(self._data[start : start + 4]))
        del self._data[:stop]
        return Frame(head & 0x0F, payload, bool(head & 0x80), head >> 4 & 7)
