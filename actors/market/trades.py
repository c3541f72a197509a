"""All trades of one market: tapes, bars and holes, fed by connections that come and go."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from actors.market.bars import DAY_S
from actors.market.events import (
    Candle,
    Event,
    FeedDown,
    Following,
    Gap,
    Heard,
    Removed,
    Silent,
    Source,
    Trade,
    TradesRecovered,
    Unfollowed,
)
from actors.market.holes import CHANNEL, NS_PER_S
from actors.market.reports import Bar, Hole
from actors.market.trade_stream import TradeLimits, TradeStream

__all__ = ["TradeChanges", "TradeCounts", "TradeLimits", "Trades"]


class TradeChanges(Struct, frozen=True):
    """What is told about trades, by symbol. Trades are the oldest first; bars by interval and start."""

    trades: dict[str, list[Trade]]
    bars: dict[str, list[Bar]]
    holes: list[Hole]


class TradeCounts(Struct, frozen=True):
    """What became of one instrument's trades.

    `too_old` could not be proven new, `too_late` came after their bar was let go, `untold` were more than
    could be handed on between two drains. `gaps` counts the holes.
    """

    duplicates: int = 0
    out_of_order: int = 0
    too_old: int = 0
    too_late: int = 0
    untold: int = 0
    gaps: int = 0


class Trades:
    """`take` each trade, `apply` what else concerns them, go `sweeping` now and then, `drain` what changed.

    It outlives connections: what one says after another is matched by the ids and times of the trades. Events
    that do not concern trades are ignored.
    """

    STEP = 20  # instruments between two moments for others
    ORDERLY_S = 1.0  # a connection tells the trades of different instruments in order, but for so long

    def __init__(self, exchange: str, market: str, limits: TradeLimits | None = None) -> None:
        self._exchange = exchange
        self._market = market
        self._limits = limits or TradeLimits()
        self._streams: dict[str, TradeStream] = {}
        self._dirty: dict[TradeStream, None] = {}
        self._holes: dict[tuple[str, int], Hole] = {}
        self._untold_holes: dict[tuple[str, int], Hole] = {}

    def take(self, source: Source, trade: Trade) -> None:
        """One trade, from whichever connection."""
        stream = self._streams.get(trade.symbol) or self._stream(trade.symbol)
        if stream.take(source, trade):
            self._dirty[stream] = None

    def apply(self, source: Source, event: Event) -> None:
        """What a connection says beside trades: candles, what was fetched, its comings and goings."""
        if isinstance(event, Candle):
            self._touched(event.symbol).bars.fill(event)
        elif isinstance(event, Following):
            if CHANNEL in event.channels:
                self._touched(event.symbol).follow(source, is_heir=bool(event.instead))
        elif isinstance(event, TradesRecovered):
            self._touched(event.symbol).recover(event.oldest_ts, event.whole)
        elif isinstance(event, FeedDown):
            self._lose(source, event)
        elif isinstance(event, Removed):
            self.remove(event.symbol)
        elif isinstance(event, Gap | Silent | Heard | Unfollowed) and event.channel == CHANNEL:
            self._note(source, event)

    def sweeping(self, now_ns: int) -> Iterator[None]:
        """Close the bars whose time is over, with moments in between for others, who may change what they
        like. `now_ns` is the exchange's time."""
        for number, stream in enumerate(list(self._streams.values()), 1):
            if self._streams.get(stream.symbol) is stream and stream.sweep(now_ns):
                self._dirty[stream] = None
            if number % self.STEP == 0:
                yield

    def drain(self, upto_s: int = DAY_S) -> TradeChanges:
        """What changed since the last call. Of new trades, the newest `trades_kept` of each instrument.

        Bars that are longer than `upto_s` are as of the last sweep: a reader who comes several times a second
        need not have them made anew each time.
        """
        trades: dict[str, list[Trade]] = {}
        bars: dict[str, list[Bar]] = {}
        for stream in self._dirty:
            if fresh := stream.drain():
                trades[stream.symbol] = fresh
            if changed := stream.bars.drain(upto_s):
                bars[stream.symbol] = changed
        self._gather_holes()
        holes, self._untold_holes = self._untold_holes, {}
        self._dirty.clear()
        return TradeChanges(trades, bars, list(holes.values()))

    def everything(self) -> TradeChanges:
        """All that is known now, told or not: the newest trades, all bars, the newest holes."""
        for stream in self._streams.values():
            stream.settle()
        self._gather_holes()
        return TradeChanges(
            {symbol: trades for symbol, each in self._streams.items() if (trades := each.tape.newest())},
            {symbol: bars for symbol, each in self._streams.items() if (bars := each.bars.everything())},
            list(self._holes.values()),
        )

    def newest(self, symbol: str, count: int) -> list[Trade]:
        """The newest trades of one instrument, oldest first; none of an unknown one."""
        stream = self._streams.get(symbol)
        return stream.tape.newest(count) if stream else []

    def counts(self, symbol: str) -> TradeCounts:
        """The counters of one instrument since it is known; zeros for an unknown one."""
        stream = self._streams.get(symbol)
        if stream is None:
            return TradeCounts()
        tape = stream.tape
        return TradeCounts(
            tape.duplicates,
            tape.out_of_order,
            tape.too_old,
            stream.bars.too_late,
            stream.untold,
            stream.holes.opened,
        )

    def reset(self) -> None:
        """What was known stays, and trades are missed until each connection tells them again."""
        for stream in self._streams.values():
            stream.cease(stream.told_until_ns, "restart", "the hub began anew to listen")
            self._dirty[stream] = None

    def remove(self, symbol: str) -> None:
        """Forget an instrument, and its holes with it."""
        stream = self._streams.pop(symbol, None)
        if stream is not None:
            self._dirty.pop(stream, None)
        for table in (self._holes, self._untold_holes):
            for key in [key for key in table if key[0] == symbol]:
                del table[key]

    def _note(self, source: Source, event: Gap | Silent | Heard | Unfollowed) -> None:
        stream = self._touched(event.symbol)
        if not stream.is_carried_by(source):
            return
        if isinstance(event, Heard):
            stream.source = source
            stream.hear(event.ts_recv)
        elif isinstance(event, Gap):
            stream.cease(stream.told_until_ns, event.cause, event.reason, event.missed)
        elif isinstance(event, Silent):
            stream.cease(stream.told_until_ns, "silent", event.reason or "trades fell silent")
        else:
            stream.cease(stream.told_until_ns, "unfollowed", "no longer wanted")

    def _lose(self, source: Source, event: FeedDown) -> None:
        lost = [each for each in self._streams.values() if each.source and each.is_carried_by(source)]
        told_ns = max([each.carried_until_ns() for each in lost], default=0) - int(self.ORDERLY_S * NS_PER_S)
        for stream in lost:
            stream.cease(max(stream.told_until_ns, told_ns), "disconnect", event.reason)
            self._dirty[stream] = None

    def _touched(self, symbol: str) -> TradeStream:
        stream = self._streams.get(symbol) or self._stream(symbol)
        self._dirty[stream] = None
        return stream

    def _stream(self, symbol: str) -> TradeStream:
        stream = TradeStream(self._exchange, self._market, symbol, self._limits)
        self._streams[symbol] = stream
        return stream

    def _gather_holes(self) -> None:
        for stream in self._dirty:
            for hole in stream.holes.drain():
                self._holes[hole.symbol, hole.from_ns] = hole
                self._untold_holes[hole.symbol, hole.from_ns] = hole
        while len(self._holes) > self._limits.holes_kept:
            del self._holes[next(iter(self._holes))]
