"""The vocabulary: everything that travels from an exchange to a reader, as immutable values.

Times are integer nanoseconds since the Unix epoch: `ts_event` is the exchange's clock (`None` where a
message carries no time), `ts_recv` is ours. Prices are in quote units, sizes and volumes in base
units, rates are fractions, changes are percent. What an exchange does not tell is `None`: never 0,
never NaN. New channels are new structs here and a new member of `Event`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.instrument import Instrument

Value: TypeAlias = float | int | None
Side: TypeAlias = Literal["buy", "sell"]
PositionSide: TypeAlias = Literal["long", "short"]
Levels: TypeAlias = list[tuple[float, float]]  # (price, size)
State: TypeAlias = Literal["connecting", "syncing", "live", "stale", "gapped", "halted", "refused"]


class TickerUpdate(Struct, frozen=True, gc=False):
    """Some fields of one instrument's `Ticker`.

    `values` maps names of `Ticker` fields to their new values. A name that is absent is unchanged;
    a name that maps to `None` is now unknown.
    """

    symbol: str
    values: dict[str, Value]
    ts_event: int | None
    ts_recv: int


class Quote(Struct, frozen=True, gc=False):
    """The best bid and ask of one instrument. An empty side is `None`, price and size."""

    symbol: str
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    ts_event: int | None
    ts_recv: int


class Trade(Struct, frozen=True, gc=False):
    """One public trade; `side` is the aggressor's.

    `trade_id` is the exchange's own, unique within the instrument. `order` sorts trades of the same
    instant where the exchange numbers them, else 0. `count` is how many fills an aggregated trade
    stands for. `backfill` marks what did not come as it happened: fetched over REST after a gap, or the
    history that some exchanges repeat to every new subscriber.
    """

    symbol: str
    trade_id: str
    price: float
    size: float
    side: Side
    ts_event: int
    ts_recv: int
    order: int = 0
    count: int = 1
    backfill: bool = False


class BookSnapshot(Struct, frozen=True, gc=False):
    """A whole order book, best level first on both sides; it replaces whatever was known.

    `depth` is how many levels per side the exchange tells at most. `update_id` is the exchange's number of
    this state, `None` where it has none.
    """

    symbol: str
    bids: Levels
    asks: Levels
    depth: int
    update_id: int | None
    ts_event: int | None
    ts_recv: int


class Page(Struct, frozen=True, gc=False):
    """All levels of an order book at one moment, as its codec keeps them: prices ascend on both sides."""

    bid_prices: list[float]
    bid_sizes: dict[float, float]
    ask_prices: list[float]
    ask_sizes: dict[float, float]

    def top(self, depth: int) -> tuple[Levels, Levels]:
        """The best `depth` levels of bids and asks, the best first."""
        bids = [(price, self.bid_sizes[price]) for price in reversed(self.bid_prices[-depth:])]
        return bids, [(price, self.ask_sizes[price]) for price in self.ask_prices[:depth]]


class BookDelta(Struct, frozen=True, gc=False):
    """Levels that changed since the last snapshot or delta of this book: absolute sizes, 0 deletes.

    A codec tells it only after it has checked that nothing is missing before it. `page` is what the book has
    become, which costs a tenth of making it a second time; without one, it is what it was.
    """

    symbol: str
    bids: Levels
    asks: Levels
    update_id: int | None
    ts_event: int | None
    ts_recv: int
    page: Page | None = None


class Liquidation(Struct, frozen=True, gc=False):
    """A position that its exchange closed by force; `side` is the position's, not the order's."""

    symbol: str
    side: PositionSide
    price: float
    size: float
    ts_event: int
    ts_recv: int


class Candle(Struct, frozen=True, gc=False):
    """The exchange's own bar, for what our trades do not cover. `interval_s` is its length.

    `turnover`, `trades` and `taker_buy_volume` are `None` where the exchange does not tell them.
    """

    symbol: str
    interval_s: int
    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float | None
    trades: int | None
    taker_buy_volume: float | None
    closed: bool
    ts_recv: int


class Gap(Struct, frozen=True):
    """Something of a channel was missed: a hole in its sequence, a book that contradicts itself.

    `cause` is one word (`sequence`, `crossed`, `depth`, `orphan`: a delta without its snapshot, ...),
    `reason` says it in words with the numbers. `missed` counts what is missing where that is known.
    """

    symbol: str
    channel: str
    cause: str
    reason: str
    ts_recv: int
    missed: int | None = None


class TradesRecovered(Struct, frozen=True):
    """The answer to a request for missed trades ends here: `oldest_ts` is how far back it reached.

    `whole` says that the exchange has told every trade since then.
    """

    symbol: str
    oldest_ts: int | None
    whole: bool


class ServerTime(Struct, frozen=True):
    """The exchange's clock as it answered a question; `ts_sent` is when we had asked (0: not known yet)."""

    ts_event: int
    ts_recv: int
    ts_sent: int = 0


class Following(Struct, frozen=True):
    """From now on this connection follows these channels of an instrument, none of which has spoken yet.

    `steady` are those that repeat themselves, so that their silence means something. `instead` names the
    connection from which it takes them over, if another told them until now.
    """

    symbol: str
    channels: tuple[str, ...]
    steady: tuple[str, ...]
    ts_recv: int
    instead: str = ""


class Unfollowed(Struct, frozen=True):
    """A channel of an instrument is no longer wanted (the last watcher of a book has left)."""

    symbol: str
    channel: str


class FeedUp(Struct, frozen=True):
    """A connection is open: what it follows can come now."""

    ts_recv: int


class FeedDown(Struct, frozen=True):
    """A connection ended: whatever it carried is stale until it carries it again."""

    reason: str
    ts_recv: int


class Silent(Struct, frozen=True):
    """One stream of an instrument said nothing for longer than its rhythm allows."""

    symbol: str
    topic: str
    channel: str = "ticker"
    reason: str = ""
    ts_recv: int = 0


class Heard(Struct, frozen=True):
    """A stream that was silent speaks again, or one that need not speak was accepted."""

    symbol: str
    topic: str
    channel: str = "ticker"
    ts_recv: int = 0


class Denied(Struct, frozen=True):
    """The exchange refused a stream, in its own words."""

    symbol: str
    channel: str
    reason: str
    ts_recv: int


class Listed(Struct, frozen=True):
    """What the exchange's listing tells about an instrument that is followed."""

    instrument: Instrument
    ts_recv: int = 0


class Removed(Struct, frozen=True):
    """An instrument is no longer followed: delisted, or no longer wanted."""

    symbol: str


Event: TypeAlias = (
    TickerUpdate
    | Quote
    | Trade
    | BookSnapshot
    | BookDelta
    | Liquidation
    | Candle
    | Gap
    | TradesRecovered
    | ServerTime
    | Following
    | Unfollowed
    | FeedUp
    | FeedDown
    | Silent
    | Heard
    | Denied
    | Listed
    | Removed
)


class Source(Struct, frozen=True):
    """Where a batch comes from: one connection of one market. `life` numbers its reconnections."""

    exchange: str
    market: str
    connection: str
    life: int


class Batch(Struct, frozen=True):
    """The events of one socket read, in the order in which they arrived.

    What was `fetched` over REST fills fields, and proves nothing about the stream.
    """

    source: Source
    events: list[Event]
    fetched: bool = False
