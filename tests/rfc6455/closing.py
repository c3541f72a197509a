"""Section 7: how connections end."""

from __future__ import annotations

from collections.abc import Iterator

from tests.rfc6455.case import GOOD_CLOSE, NO_CODE, NOT_UTF8, PROTOCOL_ERROR, TOO_BIG, Case, Speech, halves
from tests.rfc6455.frames import CLOSE, CONTINUATION, PING, TEXT, Frame

VALID = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
INVALID = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
BEYOND = (5000, 65_535)
BYE = Frame(CLOSE, GOOD_CLOSE.to_bytes(2, "big"))


def closing(code: int, reason: bytes = b"") -> Frame:
    """A close frame."""
    return Frame(CLOSE, code.to_bytes(2, "big") + reason)


def closes(speech: Speech) -> Iterator[Case]:
    """Section 7."""
    yield from _after_close(speech)
    yield from _payloads()
    for number, code in enumerate(VALID, 1):
        yield Case(
            number=f"7.7.{number}", words=f"the code {code}", frames=[closing(code)], close=(code, GOOD_CLOSE)
        )
    for number, code in enumerate(INVALID, 1):
        words = f"the code {code}, which nobody may send"
        yield Case(number=f"7.9.{number}", words=words, frames=[closing(code)], close=(PROTOCOL_ERROR,))
    for number, code in enumerate(BEYOND, 1):
        words = f"the code {code}, of which the RFC says nothing"
        either = (code, GOOD_CLOSE, PROTOCOL_ERROR)
        yield Case(number=f"7.13.{number}", words=words, frames=[closing(code)], close=either)


def _after_close(speech: Speech) -> Iterator[Case]:
    hello = speech.said(b"Hello")
    text, (first, second) = Frame(TEXT, hello), halves(hello)
    good = (GOOD_CLOSE,)
    yield Case(number="7.1.1", words="text, and goodbye", frames=[text], messages=[hello])
    yield Case(number="7.1.2", words="two closes", frames=[BYE, BYE], close=good)
    yield Case(number="7.1.3", words="a ping after the close", frames=[BYE, Frame(PING)], close=good)
    yield Case(number="7.1.4", words="text after the close", frames=[BYE, text], close=good)
    begun, rest = Frame(TEXT, first, final=False), Frame(CONTINUATION, second)
    yield Case(number="7.1.5", words="a close between two fragments", frames=[begun, BYE, rest], close=good)
    large = speech.sized(TEXT, 256 * 1024)
    is_too_big = len(large) > speech.message_bytes_max
    yield Case(
        number="7.1.6",
        words="text of 256 KiB, a close, a ping",
        frames=[Frame(TEXT, large), BYE, Frame(PING)],
        messages=[] if is_too_big else [large],
        close=(TOO_BIG,) if is_too_big else good,
    )


def _payloads() -> Iterator[Case]:
    fault = (PROTOCOL_ERROR,)
    yield Case(
        number="7.3.1", words="a close without a code", frames=[Frame(CLOSE)], close=(NO_CODE, GOOD_CLOSE)
    )
    yield Case(number="7.3.2", words="a close of one byte", frames=[Frame(CLOSE, b"a")], close=fault)
    for number, reason in ((3, b""), (4, b"Hello"), (5, b"*" * 123)):
        words = f"a close with a reason of {len(reason)} bytes"
        yield Case(number=f"7.3.{number}", words=words, frames=[closing(1000, reason)], close=(GOOD_CLOSE,))
    long = closing(1000, b"*" * 124)
    yield Case(number="7.3.6", words="a close with a reason of 124 bytes", frames=[long], close=fault)
    bad = closing(1000, b"\xce\xba\xed\xa0\x80")
    yield Case(
        number="7.5.1", words="a reason that is not UTF-8", frames=[bad], close=(NOT_UTF8, PROTOCOL_ERROR)
    )
