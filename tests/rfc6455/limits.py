"""Sections 9 and 10: much, in large and small pieces."""

from __future__ import annotations

from collections.abc import Iterator

from tests.rfc6455.case import KINDS, TOO_BIG, Case, Speech, fragments, pieces
from tests.rfc6455.frames import BINARY, TEXT, Frame

CHOPS = (64, 128, 256, 512, 1024, 2048)


def loads(speech: Speech) -> Iterator[Case]:
    """Section 9."""
    for part, opcode in ((0, TEXT), (1, BINARY)):
        kind = KINDS[opcode]
        for number, size in enumerate(speech.sizes, 1):
            words = f"{kind} of {size:,} bytes"
            yield _within(speech, f"9.{1 + part}.{number}", words, opcode, size)
        message = speech.sized(opcode, speech.fragmented)
        for number, size in enumerate(speech.fragments, 1):
            yield Case(
                number=f"9.{3 + part}.{number}",
                messages=[message],
                words=f"{kind} of {speech.fragmented:,} bytes in fragments of {size:,}",
                frames=fragments(opcode, *pieces(message, size)),
            )
        for number, chop_bytes in enumerate(CHOPS, 1):
            words = f"{kind} of {speech.chopped:,} bytes in writes of {chop_bytes:,}"
            yield _within(speech, f"9.{5 + part}.{number}", words, opcode, speech.chopped, chop_bytes)
        for number, size in enumerate(speech.crowd_sizes, 1):
            message = speech.sized(opcode, size)
            yield Case(
                number=f"9.{7 + part}.{number}",
                words=f"{speech.crowd:,} messages of {size} bytes, {kind}",
                frames=[Frame(opcode, message)] * speech.crowd,
                messages=[message] * speech.crowd,
            )


def automatic(speech: Speech) -> Iterator[Case]:
    """Section 10."""
    message = speech.sized(TEXT, 65_536)
    frames = fragments(TEXT, *pieces(message, 1300))
    yield Case(
        number="10.1.1", words="text of 65,536 bytes in fragments of 1,300", frames=frames, messages=[message]
    )


def _within(
    speech: Speech, number: str, words: str, opcode: int, size: int, chop_bytes: int | None = None
) -> Case:
    message = speech.sized(opcode, size)
    is_too_big = size > speech.message_bytes_max
    return Case(
        number=number,
        words=words + (", more than is taken" if is_too_big else ""),
        frames=[Frame(opcode, message)],
        messages=[] if is_too_big else [message],
        close=(TOO_BIG,) if is_too_big else (),
        chop_bytes=chop_bytes,
    )
