"""Frames whose body is shared by many clients, and whose head is each client's own.

Only `sub` and `seq` differ between clients with equal wishes, so they stand first, and the rest of the
message is built, and compressed, once. In a compressed frame the head is a *stored* block of deflate (RFC
1951, 3.2.4): it ends on a whole byte, and whatever was compressed with a fresh window may follow it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from web.deflate import LEVEL, TAIL, WINDOW_BITS
from web.stream.decoding import Format

DEFLATE_BYTES_MIN = 1024
TEXT, BINARY, COMPRESSED = 0x81, 0x82, 0x40

_pack = msgspec.msgpack.encode


class Body(Struct, frozen=True):
    """What follows the head: `rest` of the message, `deflated` the same compressed, or empty.

    `pairs` is how many keys are in `rest`: MessagePack counts them at the beginning.
    """

    rest: bytes
    pairs: int
    deflated: bytes = b""


class Part(Struct, frozen=True):
    """One key of a message and its value, which is encoded already."""

    name: str
    value: bytes


def body(parts: Sequence[Part], format: Format, *, deflate: bool = False) -> Body:  # noqa: A002
    """The shared rest of a message, of these keys."""
    if format == "json":
        rest = b",".join(b'"%b":%b' % (part.name.encode(), part.value) for part in parts) + b"}"
    else:
        rest = b"".join(_pack(part.name) + part.value for part in parts)
    worth = deflate and len(rest) >= DEFLATE_BYTES_MIN
    return Body(rest, len(parts), deflated(rest) if worth else b"")


def deflated(data: bytes) -> bytes:
    """`data` compressed with a fresh window, to its last byte, without the end that RFC 7692 leaves out."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def array(records: Sequence[bytes], format: Format) -> bytes:  # noqa: A002
    """Encoded values as one array."""
    if format == "json":
        return b"[" + b",".join(records) + b"]"
    return array_head(len(records)) + b"".join(records)


def array_head(count: int) -> bytes:
    """How an array of MessagePack begins."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2) if count < 65_536 else b"\xdd" + count.to_bytes(4)


def encoded(value: Any, format: Format) -> bytes:  # noqa: A002
    """A value in either format."""
    return msgspec.json.encode(value) if format == "json" else _pack(value)


def head(sub: int, seq: int, pairs: int, format: Format) -> bytes:  # noqa: A002
    """How a message of a subscription begins."""
    if format == "json":
        return b'{"sub":%d,"seq":%d,' % (sub, seq)
    return bytes((0x80 | pairs + 2,)) + b"\xa3sub" + _pack(sub) + b"\xa3seq" + _pack(seq)


def frame(sub: int, seq: int, shared: Body, format: Format) -> tuple[bytes, bytes]:  # noqa: A002
    """One WebSocket frame: what is this client's, and what is everybody's."""
    own = head(sub, seq, shared.pairs, format)
    opcode = TEXT if format == "json" else BINARY
    if not shared.deflated:
        return header(opcode, len(own) + len(shared.rest)) + own, shared.rest
    size = len(own)
    stored = b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + own
    return header(opcode | COMPRESSED, len(stored) + len(shared.deflated)) + stored, shared.deflated


def message(payload: bytes, format: Format) -> bytes:  # noqa: A002
    """A whole message as one frame."""
    return header(TEXT if format == "json" else BINARY, len(payload)) + payload


def header(first: int, length: int) -> bytes:
    """The header of an unmasked, final frame (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((first, length))
    return (
        bytes((first, 126)) + length.to_bytes(2)
        if length < 65_536
        else bytes((first, 127)) + length.to_bytes(8)
    )
