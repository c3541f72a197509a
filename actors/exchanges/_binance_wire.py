"""What Binance sends, as it is written there: the shapes that `binance.py` gives a meaning.

JSON keys are case-significant (`e` is the event, `E` its time; `b` the bid, `B` its size). Numbers are
decimal strings; a number that is not finite, or that is negative where it must not be, is refused by
the decoder itself. Keys that are not named here are ignored: Binance adds some without notice.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, MsgspecError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder

NS_PER_MS = 1_000_000
USD_M = 1
COIN_M = 2

Amount: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e300)]
Rate: TypeAlias = Annotated[float, Meta(ge=-1e300, le=1e300)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=(2**63 - 1) // NS_PER_MS)]
RequestId: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Nothing: TypeAlias = Literal[""]

# --- Streams -------------------------------------------------------------------------------------------


class Problem(Struct):
    """Why a request was refused."""

    msg: str = ""


class Message(Struct):
    """The outside of any frame.

    A combined frame has `stream` and `data`. A raw one is the data itself: with `e`, or, for the
    spot book ticker, known only by its keys. An answer has `result`, `error` or `code` and `msg`.
    """

    stream: str = ""
    data: Raw = Raw(b"null")
    event: str = field(name="e", default="")
    update_id: Any = field(name="u", default=None)
    bid_size: Any = field(name="B", default=None)
    ask_size: Any = field(name="A", default=None)
    result: Any = UNSET
    error: Problem | None = None
    msg: str = ""
    id: RequestId | str | None = None


class DayTicker(Struct):
    """`24hrTicker`: a rolling window of 24 h. `change` is percent. Only spot tells bid and ask here."""

    symbol: str = field(name="s")
    event_ms: Milliseconds = field(name="E")
    price: Amount | None = field(name="c", default=None)
    change: Rate | None = field(name="P", default=None)
    high: Amount | None = field(name="h", default=None)
    low: Amount | None = field(name="l", default=None)
    volume: Amount | None = field(name="v", default=None)
    turnover: Amount | None = field(name="q", default=None)
    bid: Amount | None = field(name="b", default=None)
    bid_size: Amount | None = field(name="B", default=None)
    ask: Amount | None = field(name="a", default=None)
    ask_size: Amount | None = field(name="A", default=None)
    kind: int = field(name="st", default=USD_M)


class BookTicker(Struct):
    """`bookTicker`: the best bid and ask at every change. Spot tells no time; `T` is the engine's clock."""

    symbol: str = field(name="s")
    bid: Amount = field(name="b")
    bid_size: Amount = field(name="B")
    ask: Amount = field(name="a")
    ask_size: Amount = field(name="A")
    engine_ms: Milliseconds | None = field(name="T", default=None)
    event_ms: Milliseconds | None = field(name="E", default=None)
    kind: int = field(name="st", default=USD_M)


class MarkPrice(Struct):
    """`markPriceUpdate`. Dated contracts say `r: ""` and `T: 0`; old frames say no `i`."""

    symbol: str = field(name="s")
    event_ms: Milliseconds = field(name="E")
    mark: Amount = field(name="p")
    index: Amount | Nothing | UnsetType | None = field(name="i", default=UNSET)
    rate: Rate | Nothing | UnsetType | None = field(name="r", default=UNSET)
    next_funding_ms: Milliseconds | UnsetType | None = field(name="T", default=UNSET)
    kind: int = field(name="st", default=USD_M)


# --- REST ----------------------------------------------------------------------------------------------


class OpenInterest(Struct):
    """`/fapi/v1/openInterest`: one side, in base coin."""

    symbol: str
    interest: Amount = field(name="openInterest")
    time: Milliseconds | None = None


class FundingInfo(Struct):
    """`/fapi/v1/fundingInfo`: only symbols whose interval or caps were adjusted are listed."""

    symbol: str
    hours: Amount = field(name="fundingIntervalHours", default=8.0)


class Filter(Struct):
    """One rule of an instrument: PRICE_FILTER has a `tickSize`, LOT_SIZE a `stepSize`."""

    kind: str = field(name="filterType")
    tick_size: Amount | None = field(name="tickSize", default=None)
    step_size: Amount | None = field(name="stepSize", default=None)


class Listed(Struct):
    """One instrument of `exchangeInfo`. Spot says no `contractType`."""

    symbol: str
    status: str
    base: str = field(name="baseAsset")
    quote: str = field(name="quoteAsset")
    contract: str = field(name="contractType", default="")
    filters: list[Filter] = []


class ExchangeInfo(Struct):
    """Every instrument of a market, in one answer without pages."""

    symbols: list[Listed]


class DayTurnover(Struct):
    """One row of `ticker/24hr`."""

    symbol: str
    turnover: Amount = field(name="quoteVolume", default=0.0)


class Request(Struct):
    """What we send."""

    method: str
    params: list[str]
    id: int


Loose: TypeAlias = Message | list[Raw] | str | float | bool | None

MALFORMED = (MsgspecError, ValueError, RecursionError)

decode_message = Decoder(Loose).decode
decode_day_ticker = Decoder(DayTicker, strict=False).decode
decode_book_ticker = Decoder(BookTicker, strict=False).decode
decode_mark_price = Decoder(MarkPrice, strict=False).decode
decode_open_interest = Decoder(OpenInterest, strict=False).decode
decode_funding_info = Decoder(list[FundingInfo], strict=False).decode
decode_exchange_info = Decoder(ExchangeInfo, strict=False).decode
decode_day_turnover = Decoder(list[DayTurnover], strict=False).decode
