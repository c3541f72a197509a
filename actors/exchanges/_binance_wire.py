"""What Binance streams, as it is written there: the shapes that `binance.py` gives a meaning.

JSON keys are case-significant (`e` is the event, `E` its time; `b` the bid, `B` its size). Numbers are
decimal strings; a number that is not finite, or that is negative where it must not be, is refused by
the decoder itself. Keys that are not named here are ignored: Binance adds some without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from msgspec import UNSET, Meta, MsgspecError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder

NS_PER_MS = 1_000_000
USD_M = 1
COIN_M = 2

Amount: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e300)]
Price: TypeAlias = Annotated[float, Meta(gt=0.0, le=1e300)]
Rate: TypeAlias = Annotated[float, Meta(ge=-1e300, le=1e300)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=(2**63 - 1) // NS_PER_MS)]
RequestId: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Id: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Level: TypeAlias = tuple[Amount, Amount]
Nothing: TypeAlias = Literal[""]


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


class DepthUpdate(Struct, gc=False):
    """`depthUpdate`: ids `first_id` to `last_id`; the update before it ended with `previous_id` (futures)."""

    symbol: str = field(name="s")
    event_ms: Milliseconds = field(name="E")
    first_id: Id = field(name="U")
    last_id: Id = field(name="u")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")
    previous_id: Id | None = field(name="pu", default=None)
    engine_ms: Milliseconds | None = field(name="T", default=None)
    kind: int = field(name="st", default=USD_M)


class SpotTrade(Struct, gc=False):
    """`trade`. Where the buyer is the maker, the taker sold."""

    symbol: str = field(name="s")
    id: Id = field(name="t")
    price: Amount = field(name="p")
    size: Amount = field(name="q")
    engine_ms: Milliseconds = field(name="T")
    buyer_is_maker: bool = field(name="m")


class AggregateTrade(Struct, gc=False):
    """`aggTrade`: the trades `first_fill` to `last_fill` of one taker at one price."""

    symbol: str = field(name="s")
    id: Id = field(name="a")
    price: Amount = field(name="p")
    size: Amount = field(name="q")
    first_fill: Id = field(name="f")
    last_fill: Id = field(name="l")
    engine_ms: Milliseconds = field(name="T")
    buyer_is_maker: bool = field(name="m")
    kind: int = field(name="st", default=USD_M)


class LiquidationOrder(Struct, gc=False):
    """The order inside a `forceOrder`: its own side, its average price, what it has filled."""

    symbol: str = field(name="s")
    side: Literal["BUY", "SELL"] = field(name="S")
    average_price: Amount = field(name="ap")
    filled: Amount = field(name="z")
    engine_ms: Milliseconds = field(name="T")
    kind: int = field(name="st", default=USD_M)


class ForceOrder(Struct, gc=False):
    """`forceOrder`: at most one per second and symbol, the latest."""

    order: LiquidationOrder = field(name="o")


class Bar(Struct, gc=False):
    """The bar inside a `kline`: `turnover` is in quote; `taker_volume` is what takers bought."""

    start_ms: Milliseconds = field(name="t")
    interval: str = field(name="i")
    open: Price = field(name="o")
    high: Price = field(name="h")
    low: Price = field(name="l")
    close: Price = field(name="c")
    volume: Amount = field(name="v")
    turnover: Amount = field(name="q")
    trades: Id = field(name="n")
    taker_volume: Amount = field(name="V")
    closed: bool = field(name="x")


class Kline(Struct, gc=False):
    """`kline`."""

    symbol: str = field(name="s")
    bar: Bar = field(name="k")
    kind: int = field(name="st", default=USD_M)


Data = TypeVar("Data")


class Combined(Struct, Generic[Data], gc=False):
    """A frame of a combined stream, decoded whole in one pass."""

    stream: str
    data: Data


class Shape(NamedTuple):
    """The decoders of one kind of stream: for a whole frame in one pass, and for the data alone."""

    frame: Callable[[bytes], Combined[Any]]
    data: Callable[[bytes | Raw], Any]


def _shape(data: Any) -> Shape:
    return Shape(Decoder(Combined[data], strict=False).decode, Decoder(data, strict=False).decode)


DAY_TICKER = _shape(DayTicker)
BOOK_TICKER = _shape(BookTicker)
MARK_PRICE = _shape(MarkPrice)
DEPTH_UPDATE = _shape(DepthUpdate)
SPOT_TRADE = _shape(SpotTrade)
AGGREGATE_TRADE = _shape(AggregateTrade)
FORCE_ORDER = _shape(ForceOrder)
KLINE = _shape(Kline)

Loose: TypeAlias = Message | list[Raw] | str | float | bool | None

MALFORMED = (MsgspecError, ValueError, RecursionError)

decode_message = Decoder(Loose).decode
