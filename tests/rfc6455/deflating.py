"""Sections 12 and 13: compressed messages (RFC 7692), for who agrees to them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.rfc6455.case import NOT_UTF8, PROTOCOL_ERROR, TOO_BIG, Case, Speech, pieces
from tests.rfc6455.frames import CONTINUATION, PING, RSV1, TEXT, Frame

PLAIN = "permessage-deflate"
OFFERS = (
    PLAIN,
    f"{PLAIN}; server_no_context_takeover",
    f"{PLAIN}; server_max_window_bits=9",
    f"{PLAIN}; server_max_window_bits=15",
    f"{PLAIN}; server_no_context_takeover; server_max_window_bits=9",
    f"{PLAIN}; server_no_context_takeover; server_max_window_bits=15",
    f"{PLAIN}; server_max_window_bits=9, {PLAIN}; server_no_context_takeover, {PLAIN}",
)
SIZES = (64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536)
MESSAGES = 20
BOMB_BYTES = 8 * 1024 * 1024


def compressed(message: bytes, level: int = 6) -> bytes:
    """A message by itself, as RFC 7692, 7.2.1 writes it."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    data = compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return data.removesuffix(b"\x00\x00\xff\xff")


def split(message: bytes, size: int) -> list[Frame]:
    """A compressed message in fragments: RSV1 is on the first one only."""
    parts = pieces(compressed(message), size)
    return [
        Frame(CONTINUATION if number else TEXT, part, number == len(parts) - 1, 0 if number else RSV1)
        for number, part in enumerate(parts)
    ]


def compressions(speech: Speech) -> Iterator[Case]:
    """Sections 12 and 13."""
    for number, size in enumerate(SIZES, 1):
        message = speech.sized(TEXT, size)
        frames = [Frame(TEXT, compressed(message), reserved=RSV1)] * MESSAGES
        words = f"{MESSAGES} compressed messages of {size:,} bytes"
        yield Case(
            number=f"12.1.{number}",
            words=words,
            frames=frames,
            messages=[message] * MESSAGES,
            extensions=PLAIN,
        )
        yield Case(
            number=f"12.2.{number}",
            words=f"one of {size:,} bytes in fragments of 16",
            frames=split(message, 16),
            messages=[message],
            extensions=PLAIN,
        )
    yield from _rules(speech)
    hello = speech.said(b"Hello " * 50)
    for number, offer in enumerate(OFFERS, 1):
        yield Case(
            number=f"13.{number}.1",
            words=f"`{offer}`",
            frames=[Frame(TEXT, hello)] * 2,
            messages=[hello] * 2,
            extensions=offer,
        )


def _rules(speech: Speech) -> Iterator[Case]:
    """RFC 7692, 6 and 7."""
    hello = speech.said(b"Hello")
    squeezed = Frame(TEXT, compressed(hello), reserved=RSV1)
    told: list[tuple[str, list[Frame], list[bytes], tuple[int, ...]]] = [
        ("compressed and plain in turns", [squeezed, Frame(TEXT, hello)] * 2, [hello] * 4, ()),
        ("compressed without a gain", [Frame(TEXT, compressed(hello, 0), reserved=RSV1)], [hello], ()),
        ("a ping between compressed fragments", _with_ping(hello), [hello], ()),
        ("RSV1 on a later fragment", _marked_late(hello), [], (PROTOCOL_ERROR,)),
        ("RSV1 on a ping", [Frame(PING, b"", reserved=RSV1)], [], (PROTOCOL_ERROR,)),
        ("RSV2 on compressed text", [Frame(TEXT, compressed(hello), reserved=6)], [], (PROTOCOL_ERROR,)),
        (
            "what cannot be inflated",
            [Frame(TEXT, b"\xff" * 20, reserved=RSV1)],
            [],
            (NOT_UTF8, PROTOCOL_ERROR),
        ),
        ("compressed text that is not UTF-8", _spoilt(speech), [], (NOT_UTF8,)),
        ("8 MiB in 8 KiB", [Frame(TEXT, compressed(b" " * BOMB_BYTES), reserved=RSV1)], [], (TOO_BIG,)),
    ]
    for number, (words, frames, messages, close) in enumerate(told, 1):
        pongs = [b"ping"] if any(frame == Frame(PING, b"ping") for frame in frames) else []
        yield Case(
            number=f"12.3.{number}",
            words=words,
            frames=frames,
            messages=messages,
            pongs=pongs,
            close=close,
            extensions=PLAIN,
        )


def _with_ping(message: bytes) -> list[Frame]:
    first, *rest = split(message, 8)
    return [first, Frame(PING, b"ping"), *rest]


def _marked_late(message: bytes) -> list[Frame]:
    first, second, *rest = split(message, 8)
    return [first, Frame(CONTINUATION, second.payload, second.final, RSV1), *rest]


def _spoilt(speech: Speech) -> list[Frame]:
    return [Frame(TEXT, compressed(speech.said(b"\xed\xa0\x80")), reserved=RSV1)]
