"""What Hyperliquid sends, as it is written there: the shapes that `hyperliquid.py` gives a meaning.

Every stream frame names its channel first and carries its data beside it. Numbers are decimal strings;
one that is not finite, or that is negative where it must not be, is refused by the decoder itself.
The order of keys differs from source to source, and keys that are not named here are ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta, MsgspecError, Struct, field
from msgspec.json import Decoder

NS_PER_MS = 1_000_000

Amount: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e300)]
Rate: TypeAlias = Annotated[float, Meta(ge=-1e300, le=1e300)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=(2**63 - 1) // NS_PER_MS)]
Decimals: TypeAlias = Annotated[int, Meta(ge=0, le=18)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]

# --- Streams -------------------------------------------------------------------------------------------


class Context(Struct, rename="camel"):
    """An asset's context, complete each time. Spot has no funding, open interest and oracle.

    `funding` is a fraction per hour, `openInterest` one side in base coin, `dayNtlVlm` quote units.
    """

    mark_px: Amount | None = None
    mid_px: Amount | None = None
    prev_day_px: Amount | None = None
    oracle_px: Amount | None = None
    day_ntl_vlm: Amount | None = None
    day_base_vlm: Amount | None = None
    funding: Rate | None = None
    open_interest: Amount | None = None


class CoinContext(Struct):
    coin: str
    ctx: Context


class PerpContextFrame(Struct, tag_field="channel", tag="activeAssetCtx"):
    data: CoinContext


class SpotContextFrame(Struct, tag_field="channel", tag="activeSpotAssetCtx"):
    """The answer to an `activeAssetCtx` subscription of a spot coin."""

    data: CoinContext


class Level(Struct):
    px: Amount
    sz: Amount


class Best(Struct):
    """Best bid, best ask: `null` where a side is empty, and seen with one element only."""

    coin: str
    time: Milliseconds
    bbo: list[Level | None]


class BestFrame(Struct, tag_field="channel", tag="bbo"):
    data: Best


class Book(Struct):
    """Bids and asks, at most 20 each, best first; `fast` marks the stream of five, which is another one."""

    coin: str
    time: Milliseconds
    levels: tuple[list[Level], list[Level]]
    fast: bool = False


class BookFrame(Struct, tag_field="channel", tag="l2Book"):
    data: Book


class Trade(Struct):
    """`side` is the aggressor's: A has sold (it hit the bid), B has bought."""

    coin: str
    side: Literal["A", "B"]
    px: Amount
    sz: Amount
    time: Milliseconds
    tid: int


class TradesFrame(Struct, tag_field="channel", tag="trades"):
    """Several trades; the first frame of a subscription is up to 30 past ones."""

    data: list[Trade]


class Candle(Struct):
    """`t` is the first millisecond. Pushed at trades only; there is no sign that it is closed."""

    coin: str = field(name="s")
    interval: str = field(name="i")
    start_ms: Milliseconds = field(name="t")
    open: Amount = field(name="o")
    high: Amount = field(name="h")
    low: Amount = field(name="l")
    close: Amount = field(name="c")
    volume: Amount = field(name="v")
    trades: Count | None = field(name="n", default=None)


class CandleFrame(Struct, tag_field="channel", tag="candle"):
    data: Candle


class Subscription(Struct, omit_defaults=True):
    """What a request names, and what an answer echoes with defaults filled in."""

    type: str = ""
    coin: str | None = None
    interval: str | None = None


class Echo(Struct):
    """A request as an answer repeats it; an error's text may hold the subscription alone."""

    method: str = ""
    subscription: Subscription | None = None
    type: str = ""
    coin: str | None = None
    interval: str | None = None


class AnswerFrame(Struct, tag_field="channel", tag="subscriptionResponse"):
    data: Echo


class ErrorFrame(Struct, tag_field="channel", tag="error"):
    data: str


class Other(Struct):
    """Any frame with a channel that means nothing here: `pong`, `post`, …"""

    channel: str = ""


class Request(Struct):
    """What we send: one subscription at a time."""

    method: str
    subscription: Subscription


# --- REST ----------------------------------------------------------------------------------------------


class CandleRange(Struct, rename="camel"):
    coin: str
    interval: str
    start_time: int
    end_time: int


class CandleQuestion(Struct):
    type: str
    req: CandleRange


class Hour(Struct):
    """Of an hour's candle, what the high and the low of a day are made of."""

    start_ms: Milliseconds = field(name="t")
    high: Amount = field(name="h")
    low: Amount = field(name="l")


class InfoQuestion(Struct, omit_defaults=True):
    """`dex` names a builder's exchange; the main one has no name."""

    type: str
    dex: str = ""


class Perpetual(Struct, rename="camel"):
    """`isDelisted` is there only when true; delisted rows keep their place."""

    name: str
    sz_decimals: Decimals
    is_delisted: bool = False


class Perpetuals(Struct, rename="camel"):
    """`collateralToken` 0 is USDC."""

    universe: list[Perpetual]
    collateral_token: int = 0


class Pair(Struct):
    """`tokens` are base and quote, by the tokens' own `index` (not their place in the list)."""

    name: str
    tokens: tuple[int, int]


class Token(Struct, rename="camel"):
    name: str
    index: int
    sz_decimals: Decimals


class Pairs(Struct):
    universe: list[Pair]
    tokens: list[Token]


class SpotContext(Struct, rename="camel"):
    coin: str
    day_ntl_vlm: Amount = 0.0


Frame: TypeAlias = (
    PerpContextFrame
    | SpotContextFrame
    | BestFrame
    | BookFrame
    | TradesFrame
    | CandleFrame
    | AnswerFrame
    | ErrorFrame
)
CHANNELS = {frame.__struct_config__.tag for frame in get_args(Frame)}
MALFORMED = (MsgspecError, ValueError, RecursionError)

decode_frame = Decoder(Frame, strict=False).decode
decode_other = Decoder(Other | list[object] | str | float | bool | None).decode
decode_echo = Decoder(Echo).decode
decode_hours = Decoder(list[Hour], strict=False).decode
decode_candles = Decoder(list[Candle], strict=False).decode
decode_perpetuals = Decoder(tuple[Perpetuals, list[Context | None]], strict=False).decode
decode_pairs = Decoder(tuple[Pairs, list[SpotContext]], strict=False).decode
