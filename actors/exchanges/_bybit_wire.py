"""What Bybit's messages look like, and what the texts of their numbers mean: see `bybit.py`."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, MsgspecError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder

from actors.market.events import Value

INFINITY = float("inf")
NS_PER_MS = 1_000_000
MS_MAX = (2**63 - 1) // NS_PER_MS
MALFORMED = (MsgspecError, ValueError, TypeError, OverflowError, RecursionError)
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=MS_MAX)]
Price: TypeAlias = Annotated[float, Meta(ge=0, le=1.7e308)] | UnsetType
Rate: TypeAlias = Annotated[float, Meta(ge=-1.7e308, le=1.7e308)] | UnsetType

# Our names of a ticker's numbers, and Bybit's.
THEIRS = {
    "price": "lastPrice",
    "bid": "bid1Price",
    "bid_size": "bid1Size",
    "ask": "ask1Price",
    "ask_size": "ask1Size",
    "high_24h": "highPrice24h",
    "low_24h": "lowPrice24h",
    "mark_price": "markPrice",
    "index_price": "indexPrice",
    "volume_24h": "volume24h",
    "turnover_24h": "turnover24h",
    "change_24h": "price24hPcnt",
    "funding_rate": "fundingRate",
    "funding_interval_h": "fundingIntervalHour",
    "next_funding_ts": "nextFundingTime",
    "one_sided_interest": "singleOpenInterest",
    "two_sided_interest": "openInterest",
}
INTERESTS = (THEIRS["one_sided_interest"], THEIRS["two_sided_interest"])


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


class Numbers(Struct, gc=False, rename=THEIRS.get):
    """The numbers of an ordinary linear ticker, in our words and straight to floats.

    What is not ordinary (an empty text, NaN, a negative price) does not fit: that message goes the long way.
    """

    price: Price = UNSET
    bid: Price = UNSET
    bid_size: Price = UNSET
    ask: Price = UNSET
    ask_size: Price = UNSET
    high_24h: Price = UNSET
    low_24h: Price = UNSET
    mark_price: Price = UNSET
    index_price: Price = UNSET
    volume_24h: Price = UNSET
    turnover_24h: Price = UNSET
    change_24h: Rate = UNSET
    funding_rate: Rate = UNSET
    funding_interval_h: Price = UNSET
    next_funding_ts: Milliseconds | UnsetType = UNSET
    one_sided_interest: Price = UNSET
    two_sided_interest: Price = UNSET


class Ordinary(Struct, gc=False):
    """An ordinary ticker message, decoded whole in one pass."""

    topic: str
    type: str
    data: Numbers
    ts: Milliseconds | None = None


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
decode_ordinary = Decoder(Ordinary, strict=False).decode
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


def drop_sizes_without_price(values: dict[str, Value]) -> None:
    """A side that has no price has no size either."""
    for side, size in (("bid", "bid_size"), ("ask", "ask_size")):
        if side in values and values[side] is None:
            values[size] = None


def ordinary_values(told: Numbers) -> dict[str, Value]:  # noqa: C901 - a table costs twice as much
    """The fields that an ordinary ticker tells, open interest aside; the long way would find the same."""
    values: dict[str, Value] = {}
    if told.price is not UNSET:
        values["price"] = told.price or None
    if told.bid is not UNSET:
        values["bid"] = told.bid or None
    if told.bid_size is not UNSET:
        values["bid_size"] = told.bid_size or None
    if told.ask is not UNSET:
        values["ask"] = told.ask or None
    if told.ask_size is not UNSET:
        values["ask_size"] = told.ask_size or None
    if told.high_24h is not UNSET:
        values["high_24h"] = told.high_24h or None
    if told.low_24h is not UNSET:
        values["low_24h"] = told.low_24h or None
    if told.mark_price is not UNSET:
        values["mark_price"] = told.mark_price or None
    if told.index_price is not UNSET:
        values["index_price"] = told.index_price or None
    if told.volume_24h is not UNSET:
        values["volume_24h"] = told.volume_24h
    if told.turnover_24h is not UNSET:
        values["turnover_24h"] = told.turnover_24h
    if told.change_24h is not UNSET:
        values["change_24h"] = round(told.change_24h * 100, 10)
    if told.funding_rate is not UNSET:
        values["funding_rate"] = told.funding_rate
    if told.funding_interval_h is not UNSET:
        values["funding_interval_h"] = told.funding_interval_h
    if told.next_funding_ts is not UNSET:
        values["next_funding_ts"] = told.next_funding_ts * NS_PER_MS or None
    if told.bid == 0 or told.ask == 0:
        drop_sizes_without_price(values)
    return values
