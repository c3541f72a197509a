"""What Bybit's messages look like, and what the texts of their numbers mean: see `bybit.py`."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, MsgspecError, Raw, Struct, field
from msgspec.json import Decoder

INFINITY = float("inf")
NS_PER_MS = 1_000_000
MS_MAX = (2**63 - 1) // NS_PER_MS
MALFORMED = (MsgspecError, ValueError, TypeError, OverflowError, RecursionError)
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=MS_MAX)]


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


class Book(Struct, gc=False):
    """Level 1: at most one price and size per side."""

    b: list[tuple[str, str]]
    a: list[tuple[str, str]]
    u: int


class Filter(Struct, frozen=True, rename="camel"):
    """The steps of price and of size; for size linear says `qtyStep`, spot `basePrecision`."""

    tick_size: str = ""
    qty_step: str = ""
    base_precision: str = ""


class Row(Struct, rename="camel"):
    """One instrument of either listing: instruments have no turnover, tickers only that."""

    symbol: str
    base_coin: str = ""
    quote_coin: str = ""
    status: str = ""
    contract_type: str = ""
    price_filter: Filter = Filter()
    lot_size_filter: Filter = Filter()
    funding_interval: float | None = None
    turnover24h: str = ""


class Page(Struct, rename="camel"):
    """A page of a listing: the last one has no cursor."""

    rows: list[Row] = field(name="list", default_factory=list)
    next_page_cursor: str | None = None


class Answer(Struct, rename="camel"):
    """Every REST answer; `result` means something only where `retCode` is 0."""

    ret_code: int
    ret_msg: str = ""
    result: Page | None = None


decode_message = Decoder(Message).decode
decode_ticker = Decoder(dict[str, Any]).decode  # a new field of any kind must not hide the known ones
decode_book = Decoder(Book).decode
decode_answer = Decoder(Answer).decode


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
