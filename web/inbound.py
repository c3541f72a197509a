"""What clients of the realtime socket may say, and how much of it. Pure: time is handed in."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import UNSET, Struct, UnsetType

from web import wire

MESSAGES_PER_S = 20.0
MESSAGES_BURST = 60.0
ERRORS_PER_MINUTE = 100


class ClientMessage(Struct):
    """Any message of a client; `ts` is given back as it came."""

    type: str
    ts: int | float | str | UnsetType | None = UNSET


class TooManyErrors(Exception):
    """The client has sent too much that cannot be understood: it is not worth talking to."""


@dataclass
class Conduct:
    """How a client behaves: how much it says, after a burst, and how often it is not understood."""

    messages_per_s: float = MESSAGES_PER_S
    burst: float = MESSAGES_BURST
    counted_s: float = 0.0
    errors: int = 0
    minute_began_s: float = 0.0

    def __post_init__(self) -> None:
        self.allowance = self.burst

    def admit(self, now_s: float) -> bool:
        """Whether one more message may be read now."""
        earned = (now_s - self.counted_s) * self.messages_per_s
        self.allowance = min(self.burst, self.allowance + earned)
        self.counted_s = now_s
        if self.allowance < 1:
            return False
        self.allowance -= 1
        return True

    def count_error(self, now_s: float) -> None:
        """Note a message that was not understood. `TooManyErrors` when it is one too many in a minute."""
        if now_s - self.minute_began_s >= 60 or not self.errors:
            self.minute_began_s, self.errors = now_s, 0
        self.errors += 1
        if self.errors > ERRORS_PER_MINUTE:
            raise TooManyErrors(f"{self.errors} errors in a minute")


@dataclass
class Inbound(Conduct):
    """Answers one client's messages, and counts what it does wrong."""

    def answer(self, message: str | bytes | None, now_s: float, now_ns: int) -> bytes:
        """The answer to a message. `TooManyErrors` when an error would be one too many in a minute."""
        code, words = (
            "rate_limited",
            f"more than {self.messages_per_s:g} messages per second: this one was not read",
        )
        if self.admit(now_s):
            try:
                return wire.pong(now_ns, read_ping(message).ts)
            except ValueError as error:
                code, words = "bad_message", str(error)
        self.count_error(now_s)
        return wire.error(code, words)


def read_ping(message: str | bytes | None) -> ClientMessage:
    """The ping in a message; `ValueError` says what is wrong and what would be right."""
    right = 'send JSON text like {"type": "ping"}'
    if not message:
        raise ValueError(f"an empty message says nothing: {right}")
    if isinstance(message, bytes):
        raise ValueError(f"binary messages are not understood: {right}")
    try:
        said = msgspec.json.decode(message, type=ClientMessage)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"{error}: {right}") from None
    if said.type != "ping":
        raise ValueError(f"unknown type {said.type[:40]!r}: {right}")
    return said
