"""What an outbox takes and gives, and how it knows that a record is whole."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from actors.market.rows import Row
from actors.sinks._outbox_file import Record

_decoder = msgspec.msgpack.Decoder(list[Row])


class Bounds(Struct, frozen=True):
    """How much an outbox may hold, and for how long."""

    bytes_max: int = 1 << 30
    age_max_s: float = 7 * 86_400.0


class Parcel(Struct, frozen=True):
    """Batches of an outbox, from the one called `first` to `last`, with all of their rows.

    `at_ns` is when the first of them was accepted.
    """

    first: int
    last: int
    at_ns: int
    rows: list[Row]


@dataclass(eq=False)
class Batch:
    """Rows on their way to a sink, accepted from `at_ns` on; `kept` is where the outbox has them."""

    rows: list[Row]
    at_ns: int
    kept: Parcel | None = None


class Refusal(Struct, frozen=True):
    """Rows that a sink will never take, and why."""

    rows: list[Row]
    reason: str


def checksum(number: int, at_ns: int, rows: int, body: bytes) -> int:
    """The CRC-32 of a record."""
    return zlib.crc32(body, zlib.crc32(f"{number} {at_ns} {rows}".encode()))


def decoded(record: Record) -> list[Row] | None:
    """The rows of a record; `None` if it is damaged."""
    number, at_ns, count, crc, body = record
    if not isinstance(body, bytes) or checksum(number, at_ns, count, body) != crc:
        return None
    try:
        rows = _decoder.decode(body)
    except msgspec.DecodeError:
        return None
    return rows if len(rows) == count else None
