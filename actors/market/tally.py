"""How a bar comes about: the sum of its trades, or of the shorter bars in it."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from actors.market.events import Candle, Trade
from actors.market.reports import Bar, BarSource

_DIRECT: dict[BarSource, int] = {"trades": 0, "backfill": 1, "exchange": 2}
_ENDS = Struct("<4q")
_ORDER_MAX = (1 << 63) - 1
ENDS_BYTES = _ENDS.size


class Tally:
    """The sum of some trades, the same in whatever order they come; it begins with one of them.

    The open is the price of the earliest by `(ts_event, order)`, the close that of the latest. Where an
    exchange does not number the trades of one moment, they count as they came.
    """

    __slots__ = (
        "close",
        "first_ns",
        "first_order",
        "has_backfill",
        "high",
        "last_ns",
        "last_order",
        "low",
        "open",
        "taker_buy_volume",
        "trades",
        "turnover",
        "volume",
    )

    def __init__(self, trade: Trade) -> None:
        self.open = self.high = self.low = self.close = trade.price
        self.first_ns = self.last_ns = trade.ts_event
        self.first_order = self.last_order = trade.order
        self.volume = trade.size
        self.turnover = trade.price * trade.size
        self.taker_buy_volume = trade.size if trade.side == "buy" else 0.0
        self.trades = trade.count
        self.has_backfill = trade.backfill

    def add(self, trade: Trade) -> None:
        """Count one more trade."""
        price, size, ts_event = trade.price, trade.size, trade.ts_event
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        if ts_event > self.last_ns or (ts_event == self.last_ns and trade.order >= self.last_order):
            self.close, self.last_ns, self.last_order = price, ts_event, trade.order
        elif ts_event < self.first_ns or (ts_event == self.first_ns and trade.order < self.first_order):
            self.open, self.first_ns, self.first_order = price, ts_event, trade.order
        self.volume += size
        self.turnover += price * size
        self.trades += trade.count
        if trade.side == "buy":
            self.taker_buy_volume += size
        if trade.backfill:
            self.has_backfill = True

    def merge(self, later: Tally) -> None:
        """Count the trades of another tally, which came after those of this one."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        if (later.last_ns, later.last_order) >= (self.last_ns, self.last_order):
            self.close, self.last_ns, self.last_order = later.close, later.last_ns, later.last_order
        if (later.first_ns, later.first_order) < (self.first_ns, self.first_order):
            self.open, self.first_ns, self.first_order = later.open, later.first_ns, later.first_order
        self.volume += later.volume
        self.turnover += later.turnover
        self.taker_buy_volume += later.taker_buy_volume
        self.trades += later.trades
        self.has_backfill = self.has_backfill or later.has_backfill

    def copy(self) -> Tally:
        """The same again, to be counted on by itself."""
        twin = Tally.__new__(Tally)
        twin.open, twin.high, twin.low, twin.close = self.open, self.high, self.low, self.close
        twin.first_ns, twin.first_order = self.first_ns, self.first_order
        twin.last_ns, twin.last_order = self.last_ns, self.last_order
        twin.volume, twin.turnover, twin.trades = self.volume, self.turnover, self.trades
        twin.taker_buy_volume, twin.has_backfill = self.taker_buy_volume, self.has_backfill
        return twin

    def ends(self) -> bytes:
        """`ENDS_BYTES` of what its bar does not tell: which trades its open and its close are."""
        orders = min(self.first_order, _ORDER_MAX), min(self.last_order, _ORDER_MAX)
        return _ENDS.pack(self.first_ns, self.last_ns, *orders)

    @classmethod
    def of(cls, bar: Bar, ends: bytes) -> Tally:
        """The tally that a bar was made of, from the bar and its `ends`."""
        tally = cls.__new__(cls)
        tally.open, tally.high, tally.low, tally.close = bar.open, bar.high, bar.low, bar.close
        tally.volume, tally.turnover = bar.volume, bar.turnover or 0.0
        tally.trades, tally.taker_buy_volume = bar.trades or 0, bar.taker_buy_volume or 0.0
        tally.first_ns, tally.last_ns, tally.first_order, tally.last_order = _ENDS.unpack(ends)
        tally.has_backfill = bar.source == "backfill"
        return tally

    def bar(self, symbol: str, interval_s: int, start_ns: int, closed: bool, revision: int, gap: bool) -> Bar:
        """What was counted, as the bar of this time."""
        return Bar(
            symbol,
            interval_s,
            start_ns,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.turnover,
            self.trades,
            self.taker_buy_volume,
            closed,
            revision,
            gap,
            "backfill" if self.has_backfill else "trades",
        )


def fold(parts: Sequence[Bar], interval_s: int, start_ns: int, closed: bool, revision: int, gap: bool) -> Bar:
    """One bar of shorter ones, of which there is at least one, in the order of their time.

    It tells only what all of them tell, has a gap where one has, and its source is the least direct of
    theirs. The price of a bar without volume is an older bar's, and counts only where nothing was traded.
    """
    if len(parts) == 1:
        return _longer(parts[0], interval_s, start_ns, closed, revision, gap)
    traded = [part for part in parts if part.volume] or parts
    first = traded[0]
    high, low = first.high, first.low
    for part in traded:
        if part.high > high:
            high = part.high
        if part.low < low:
            low = part.low
    volume, turnover, trades, taker_buy_volume = _sums(parts)
    source = first.source
    for part in parts:
        gap = gap or part.gap
        if part.source != source and _DIRECT[part.source] > _DIRECT[source]:
            source = part.source
    return Bar(
        first.symbol,
        interval_s,
        start_ns,
        first.open,
        high,
        low,
        traded[-1].close,
        volume,
        turnover,
        trades,
        taker_buy_volume,
        closed,
        revision,
        gap,
        source,
    )


def _longer(part: Bar, interval_s: int, start_ns: int, closed: bool, revision: int, gap: bool) -> Bar:
    return Bar(
        part.symbol,
        interval_s,
        start_ns,
        part.open,
        part.high,
        part.low,
        part.close,
        part.volume,
        part.turnover,
        part.trades,
        part.taker_buy_volume,
        closed,
        revision,
        gap or part.gap,
        part.source,
    )


def _sums(parts: Sequence[Bar]) -> tuple[float, float | None, int | None, float | None]:
    """Volume, turnover, trades, taker-buy volume; `None` where one of the parts does not tell."""
    volume = 0.0
    turnover: float | None = 0.0
    trades: int | None = 0
    taker_buy_volume: float | None = 0.0
    for part in parts:
        volume += part.volume
        turnover = None if turnover is None or part.turnover is None else turnover + part.turnover
        trades = None if trades is None or part.trades is None else trades + part.trades
        if taker_buy_volume is not None:
            taker_buy_volume = (
                None if part.taker_buy_volume is None else taker_buy_volume + part.taker_buy_volume
            )
    return volume, turnover, trades, taker_buy_volume


def bar_of(candle: Candle) -> Bar:
    """The exchange's own bar, as one of ours."""
    return Bar(
        candle.symbol,
        candle.interval_s,
        candle.start_ns,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.turnover,
        candle.trades,
        candle.taker_buy_volume,
        candle.closed,
        0,
        False,
        "exchange",
    )
