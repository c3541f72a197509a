"""What all of Bybit's messages share, and what the texts of their numbers mean: see `bybit.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, TypeAlias

from msgspec import Meta, MsgspecError, Raw, Struct
from msgspec.json import Decoder

from actors.exchanges.base import Command
from actors.market.events import Event

INFINITY = float("inf")
LARGEST = 1.7e308
NS_PER_MS = 1_000_000
MS_MAX = (2**63 - 1) // NS_PER_MS
MALFORMED = (MsgspecError, ValueError, TypeError, OverflowError, RecursionError)

Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=MS_MAX)]
Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=LARGEST)]
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=LARGEST)]
Fraction: TypeAlias = Annotated[float, Meta(ge=-1e300, le=1e300)]  # it is still a number as percent


class Message(Struct, gc=False):
    """Every frame: data has a `topic`, an answer to a request of ours has `success`."""

    topic: str = ""
    type: str = ""
    ts: Milliseconds | None = None
    cts: Milliseconds | None = None
    data: Raw = Raw(b"null")
    success: bool | None = None
    op: str | None = None
    ret_msg: str | None = None
    req_id: str | None = None


decode_message = Decoder(Message).decode


class Stream(ABC):
    """What one topic tells about one instrument, and what must be remembered of it."""

    __slots__ = ("symbol", "topic")

    def __init__(self, topic: str, symbol: str) -> None:
        self.topic = topic
        self.symbol = symbol

    @abstractmethod
    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
        """What a frame of this topic means; `None` where it cannot be used yet. Raises `MALFORMED`."""

    def leave(self) -> None:  # noqa: B027 - most have nothing to forget
        """It is being unsubscribed: what comes after this belongs to a new subscription."""


def to_price(text: str) -> float | None:
    """A price, or the size that belongs to one: nothing and zero both mean that there is none."""
    number = float(text or 0.0)
    if 0.0 <= number < INFINITY:
        return number or None
    raise ValueError(f"not a price: {text}")


def to_amount(text: str) -> float | None:
    """What may be zero, but not negative."""
    number = float(text or 0.0)
    if 0.0 <= number < INFINITY:
        return number if text else None
    raise ValueError(f"not an amount: {text}")


def to_rate(text: str) -> float | None:
    """What may have either sign."""
    number = float(text or 0.0)
    if -INFINITY < number < INFINITY:
        return number if text else None
    raise ValueError(f"not a rate: {text}")


def to_percent(text: str) -> float | None:
    """A fraction as percent: moving the decimal point in the text adds no binary noise."""
    number = float(f"{text}e2" if text else 0.0)
    if -INFINITY < number < INFINITY:
        return number if text else None
    raise ValueError(f"not a fraction: {text}")


def to_moment(text: str) -> int | None:
    """Milliseconds as nanoseconds; zero is no time."""
    milliseconds = int(text or 0)
    if 0 <= milliseconds <= MS_MAX:
        return milliseconds * NS_PER_MS or None
    raise ValueError(f"not a time: {text}")
