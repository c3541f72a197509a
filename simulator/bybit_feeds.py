"""Bybit's topics beyond tickers: depth-limited order books, trades, liquidations, candles."""

from typing import TYPE_CHECKING, Final

from simulator.bybit_frames import (
    MATCHED_EARLIER_MS,
    candle_texts,
    envelope,
    levels_text,
    liquidations,
    top_of_book,
    trades,
)
from simulator.candles import Candle
from simulator.depth import Depth, Level
from simulator.feed import Feed
from simulator.instruments import Instrument

if TYPE_CHECKING:
    from simulator.bybit import BybitServer

BOOK_PERIODS_S: Final = {"50": 0.02, "200": 0.1, "1000": 0.2}
LIQUIDATION_PERIOD_S: Final = 0.5
KLINE_PERIOD_S: Final = 1.0
HISTORY_TRADES: Final = 50  # repeated to a new subscriber by a `trade_history` fault
# Ours by Bybit's; weeks and months, which do not begin at multiples of their length, are not offered.
INTERVALS: Final = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "360": "6h",
    "720": "12h",
    "D": "1d",
}


class BybitBook(Feed):
    """orderbook.50/200/1000: a snapshot for every subscriber, then deltas of what is within the depth.

    A level that leaves the depth is deleted although it still stands; one that enters it is inserted.
    `update` is one more with every delta.
    """

    __slots__ = ("_asks", "_bids", "_book_of", "_depth", "_is_crossed", "_levels", "_venue", "update")

    def __init__(self, venue: "BybitServer", instrument: Instrument, levels: str) -> None:
        topic = f"orderbook.{levels}.{instrument.symbol}"
        super().__init__(topic, instrument, self._delta, BOOK_PERIODS_S[levels], "book")
        self._venue = venue
        self._book_of = instrument
        self._levels = int(levels)
        self._depth: Depth = venue.world.depth(instrument)
        self._is_crossed = False
        self.update = instrument.update_id
        self._bids: dict[float, float] = {}  # as the subscribers have it
        self._asks: dict[float, float] = {}
        self.wake()

    def wake(self) -> None:
        """Nobody listened: the book is simply what it is now."""
        bids, asks = self._depth.levels(self._levels)
        self._bids, self._asks = dict(bids), dict(asks)
        self.cursor = self._depth.update_id
        self.update += 1

    def snapshot(self) -> str:
        """The whole book as the other subscribers have it, so that the next delta fits for all."""
        return self._message("snapshot", list(self._bids.items()), list(self._asks.items()))

    def _delta(self) -> str:
        """What changed within the depth since the last push; empty when nothing did."""
        if self._venue.is_struck("restart_book", self):
            self.wake()
            self.update = 1
            return self.snapshot()
        is_crossing = self._venue.is_struck("crossed", self)
        if self.cursor == self._depth.update_id and not is_crossing and not self._is_crossed:
            return ""
        self.cursor = self._depth.update_id
        new_bids, new_asks = map(dict, self._depth.levels(self._levels))
        self._is_crossed = is_crossing
        if is_crossing and new_asks:
            new_bids = dict([next(iter(new_asks.items())), *new_bids.items()])
        bids, asks = _difference(self._bids, new_bids), _difference(self._asks, new_asks)
        self._bids, self._asks = new_bids, new_asks
        if not bids and not asks:
            return ""
        self.update += 1
        return self._message("delta", sorted(bids, reverse=True), sorted(asks))

    def _message(self, kind: str, bids: list[Level], asks: list[Level]) -> str:
        venue, instrument = self._venue, self._book_of
        now_ms = venue.world.now_ms
        bid_text = levels_text(venue.category, instrument, bids)
        ask_text = levels_text(venue.category, instrument, asks)
        data = (
            f'{{"s":"{instrument.symbol}","b":[{bid_text}],"a":[{ask_text}],"u":{self.update},'
            f'"seq":{instrument.sequence}}},"cts":{now_ms - MATCHED_EARLIER_MS}}}'
        )
        return envelope(venue.category, self.topic, kind, now_ms, data)


def _difference(old: dict[float, float], new: dict[float, float]) -> list[Level]:
    """Levels that are new or have another size, and with size 0 those that are gone."""
    return [*(new.items() - old.items()), *((price, 0.0) for price in old.keys() - new.keys())]


class BybitTrades(Feed):
    """publicTrade: sent with every trade move; several trades of one moment share a message."""

    __slots__ = ("_tape_of", "_venue")

    def __init__(self, venue: "BybitServer", instrument: Instrument) -> None:
        super().__init__(f"publicTrade.{instrument.symbol}", instrument, self._new, 0.0, "trades")
        self._venue = venue
        self._tape_of = instrument

    def wake(self) -> None:
        """A subscriber hears of what happens from now on."""
        self.cursor = self._tape_of.trade_id

    def _new(self) -> str:
        printed = self._tape_of.trades.since(self.cursor)
        if not printed:
            return ""
        self.cursor = printed[-1].id
        return trades(self._venue.category, self._tape_of, printed, self._venue.world.now_ms)

    def past(self) -> str:
        """The newest trades again; empty before the first one."""
        printed = [row for row in self._tape_of.trades.newest(HISTORY_TRADES) if row.id <= self.cursor]
        if not printed:
            return ""
        return trades(self._venue.category, self._tape_of, printed, self._venue.world.now_ms)


class BybitLiquidations(Feed):
    """allLiquidation: what was liquidated within the last half second, when anything was."""

    __slots__ = ("_positions_of", "_venue")

    def __init__(self, venue: "BybitServer", instrument: Instrument) -> None:
        topic = f"allLiquidation.{instrument.symbol}"
        super().__init__(topic, instrument, self._new, LIQUIDATION_PERIOD_S, "liquidations")
        self._venue = venue
        self._positions_of = instrument

    def wake(self) -> None:
        """A subscriber hears of what happens from now on."""
        self.cursor = self._venue.world.liquidations

    def _new(self) -> str:
        found = [row for row in self._positions_of.liquidations if row.id > self.cursor]
        if not found:
            return ""
        self.cursor = found[-1].id
        return liquidations(self._positions_of, found, self._venue.world.now_ms)


class BybitCandles(Feed):
    """kline: the open candle every second; when a new one opens, the closed one once more as confirmed."""

    __slots__ = ("_interval", "_series", "_venue")

    def __init__(self, venue: "BybitServer", instrument: Instrument, interval: str) -> None:
        super().__init__(f"kline.{interval}.{instrument.symbol}", instrument, self._now, KLINE_PERIOD_S)
        self._venue = venue
        self._interval = interval
        self._series = venue.world.candles(instrument, INTERVALS[interval])
        self.wake()

    def wake(self) -> None:
        """The first message holds the open candle only; `cursor` is where the last sent one starts."""
        now_ms = self._venue.world.now_ms
        self.cursor = now_ms - now_ms % self._series.length_ms

    def _now(self) -> str:
        world = self._venue.world
        start_ms = world.now_ms - world.now_ms % self._series.length_ms
        closed = self._series.filled(self.cursor, start_ms - 1) if start_ms > self.cursor else []
        self.cursor = start_ms
        rows = [self._row(candle, is_closed=True) for candle in closed]
        rows.append(self._row(self._series.at(world.now_ms), is_closed=False))
        data = f"[{','.join(rows)}]}}"
        return envelope(self._venue.category, self.topic, "snapshot", world.now_ms, data)

    def _row(self, candle: Candle, *, is_closed: bool) -> str:
        series = self._series
        end_ms = candle.start_ms + series.length_ms - 1
        texts = candle_texts(self._venue.category, series.instrument, candle)
        numbers = "".join([f'"{name}":"{text}",' for name, text in texts.items()])
        timestamp = end_ms if is_closed else self._venue.world.now_ms
        return (
            f'{{"start":{candle.start_ms},"end":{end_ms},"interval":"{self._interval}",{numbers}'
            f'"confirm":{"true" if is_closed else "false"},"timestamp":{timestamp}}}'
        )


def make_feed(venue: "BybitServer", topic: str) -> Feed | None:
    """The feed of a topic other than tickers; None when this category has no such topic."""
    kind, _, rest = topic.partition(".")
    option, _, symbol = rest.rpartition(".")
    instrument = venue.instruments.get(symbol)
    if instrument is None or instrument.status == "Closed":
        return None
    if kind == "publicTrade" and not option:
        return BybitTrades(venue, instrument)
    if kind == "allLiquidation" and not option and venue.category == "linear":
        return BybitLiquidations(venue, instrument)
    if kind == "kline" and option in INTERVALS:
        return BybitCandles(venue, instrument, option)
    if kind == "orderbook" and option in BOOK_PERIODS_S:
        return BybitBook(venue, instrument, option)
    if kind == "orderbook" and option == "1":
        return Feed(topic, instrument, lambda: top_of_book(instrument, venue.world.now_ms))
    return None
