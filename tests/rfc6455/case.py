"""What a case is: what one side sends, and what the other must make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.rfc6455.frames import BINARY, CONTINUATION, TEXT, Frame

Verdict = Literal["passed", "not strict", "failed"]
GOOD_CLOSE, PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = 1000, 1002, 1007, 1009
NO_CODE = 1005


@dataclass(frozen=True, kw_only=True)
class Speech:
    """How one side is spoken to so that it shows what it understood.

    `said` makes a text message that holds some bytes, `sized` a message of exactly so many bytes. `sizes` are
    of large messages; one of `fragmented` bytes is sent in `fragments` of so many bytes, one of `chopped`
    bytes in small writes; of `crowd` messages at once each has one of the `crowd_sizes`.
    """

    said: Callable[[bytes], bytes]
    sized: Callable[[int, int], bytes]
    message_bytes_max: int
    sizes: Sequence[int]
    fragmented: int
    fragments: Sequence[int]
    chopped: int
    crowd: int
    crowd_sizes: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case, with its number in the Autobahn test suite, or the number of the rule in the RFC.

    `messages` and `pongs` are what must come of the frames, in order. `close` are the codes with which the
    other side may end it, without which it must go on until it is told goodbye. `chop_bytes` is how much is
    written at once. `is_masked_wrongly` leaves the mask out where it must be, and the other way round.
    """

    number: str
    words: str
    frames: Sequence[Frame]
    messages: Sequence[bytes] = ()
    pongs: Sequence[bytes] = ()
    close: tuple[int, ...] = ()
    chop_bytes: int | None = None
    is_masked_wrongly: bool = False
    extensions: str = ""

    @property
    def section(self) -> str:
        """The section of the suite."""
        return self.number.partition(".")[0]

    @property
    def is_binary(self) -> bool:
        """Whether its messages are."""
        return any(frame.opcode == BINARY for frame in self.frames)


@dataclass
class Seen:
    """What the other side did. `close` is the code of its close frame, `None` if none came; `late` counts
    what came after it. `ended` says that it closed the connection."""

    messages: list[bytes] = field(default_factory=list)
    pongs: list[bytes] = field(default_factory=list)
    close: int | None = None
    late: int = 0
    ended: bool = False
    error: str = ""


def judged(case: Case, seen: Seen) -> tuple[Verdict, str]:
    """How the other side did, and why that is not good."""
    wanted = case.close or (GOOD_CLOSE, NO_CODE)
    messages, pongs = list(case.messages), list(case.pongs)
    told = f"messages {shown(seen.messages)}, pongs {shown(seen.pongs)}, close {seen.close}"
    if seen.error or seen.late or not seen.ended:
        return "failed", seen.error or f"{told}, {seen.late} frames after it, ended: {seen.ended}"
    if seen.close is not None and seen.close not in wanted:
        return "failed", f"{told}: expected {' or '.join(map(str, wanted))}"
    if seen.messages == messages and seen.pongs == pongs:
        return ("passed", "") if seen.close else ("not strict", "dropped without a close frame")
    if case.close and begins(messages, seen.messages) and begins(pongs, seen.pongs):
        return "not strict", f"what came before the fault was not handed on: {told}"
    return "failed", f"{told}: expected messages {shown(messages)}, pongs {shown(pongs)}"


def begins(whole: list[bytes], part: list[bytes]) -> bool:
    """Whether `part` is how `whole` begins."""
    return whole[: len(part)] == part


def shown(payloads: Sequence[bytes]) -> str:
    """Payloads, cut short."""
    return f"{len(payloads)} {[payload[:20] for payload in payloads[:3]]}"


def fragments(opcode: int, *parts: bytes) -> list[Frame]:
    """One message in fragments."""
    last = len(parts) - 1
    return [
        Frame(CONTINUATION if number else opcode, part, final=number == last)
        for number, part in enumerate(parts)
    ]


def pieces(data: bytes, size: int) -> list[bytes]:
    """`data` in pieces of so many bytes."""
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


def halves(data: bytes) -> Iterator[bytes]:
    """`data` in two."""
    yield data[: len(data) // 2]
    yield data[len(data) // 2 :]


KINDS = {TEXT: "text", BINARY: "binary"}
