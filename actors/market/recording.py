"""What of the live picture becomes history: changes → rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import isfinite

from actors.market.events import Liquidation, Trade
from actors.market.reports import Bar, Hole
from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.market.tick import Changes, Pair
from actors.market.ticker import Ticker

NS_PER_S = 1_000_000_000
RECORDED_BARS_S = frozenset((60, 3600, 86_400))
TS_MAX_NS = (1 << 63) - 1
REASON_LENGTH_MAX = 300
ID_LENGTH_MAX = 200

_Funding = tuple[float, float | None, int | None]


class _Track:
    """What is remembered of one instrument: what was recorded, and what waits for its turn."""

    __slots__ = ("due_ns", "funding", "told_ns")

    def __init__(self) -> None:
        self.due_ns = 0
        self.told_ns = 0
        self.funding: _Funding | None = None


class Recorder:
    """`rows` of what changed, oldest first within each instrument and kind.

    Tickers are kept once per `history_interval_s` and symbol (0: every change that is told): the first at
    once, then the newest of each interval. The time of a row is when we received it, and a ticker that is
    not live, has no price or brings nothing newer is left out, so an old price is never recorded as new.
    Bars of 1 m, 1 h and 1 d are recorded when they have closed and whenever they are revised after that;
    trades, liquidations and holes as they are told; funding when it changed.

    What no database could take (NaN, infinities, impossible times) is counted in `rejected` instead. Memory
    grows with the number of instruments, not with time.
    """

    def __init__(self, history_interval_s: float = 1.0) -> None:
        self._interval_ns = int(history_interval_s * NS_PER_S)
        self._tracks: dict[str, dict[Pair, _Track]] = {}
        self._waiting: dict[str, dict[Pair, TickRow]] = {}
        self.rejected: Counter[str] = Counter()

    def rows(self, exchange: str, changes: Changes, now_ns: int) -> list[Row]:
        """The rows of one exchange's changes; call it with empty ones too, for what has become due."""
        rows: list[Row] = [*self._of_tickers(exchange, changes.tickers, now_ns)]
        rows += self._of_trades(exchange, changes)
        rows += self._of_bars(exchange, changes)
        rows += self._of_liquidations(exchange, changes)
        rows += [gap_row(hole) for hole in changes.holes]
        rows += self._of_removed(exchange, changes.removed)
        return rows

    def _of_tickers(self, exchange: str, tickers: Iterable[Ticker], now_ns: int) -> Iterator[Row]:
        tracks = self._tracks.setdefault(exchange, {})
        waiting = self._waiting.setdefault(exchange, {})
        for ticker in tickers:
            pair = ticker.market, ticker.symbol
            track = tracks.get(pair)
            if track is None:
                track = tracks[pair] = _Track()
            price = self._news(ticker, track)
            if price is not None:
                waiting[pair] = tick_row(ticker, price)
                yield from self._of_funding(ticker, track)
        for pair in [pair for pair in waiting if tracks[pair].due_ns <= now_ns]:
            track, row = tracks[pair], waiting.pop(pair)
            # Not from now on: else each row would be late by a part of a tick, and there would be fewer.
            next_ns = track.due_ns + self._interval_ns
            track.due_ns = next_ns if next_ns > now_ns else now_ns + self._interval_ns
            track.told_ns = row.ts
            yield row

    def _news(self, ticker: Ticker, track: _Track) -> float | None:
        """The price, if it is the current one and newer than what was recorded."""
        price = ticker.price
        if ticker.quality != "live" or price is None or ticker.ts_recv <= track.told_ns:
            return None
        return price if self._is_sound("tick", ticker.ts_recv, price) else None

    def _of_funding(self, ticker: Ticker, track: _Track) -> Iterator[FundingRow]:
        rate = _finite(ticker.funding_rate)
        if rate is None:
            return
        funding = rate, _finite(ticker.funding_interval_h), ticker.next_funding_ts
        if funding != track.funding:
            track.funding = funding
            yield funding_row(ticker, *funding)

    def _of_removed(self, exchange: str, removed: Iterable[Pair]) -> Iterator[Row]:
        """The last that was known of what is gone, which is then forgotten."""
        tracks, waiting = self._tracks[exchange], self._waiting[exchange]
        for pair in removed:
            tracks.pop(pair, None)
            last = waiting.pop(pair, None)
            if last is not None:
                yield last

    def _of_trades(self, exchange: str, changes: Changes) -> Iterator[TradeRow]:
        for (market, symbol), trades in changes.trades.items():
            for trade in trades:
                if self._is_sound("trade", trade.ts_event, trade.price, trade.size, trade.trade_id):
                    yield trade_row(exchange, market, symbol, trade)

    def _of_bars(self, exchange: str, changes: Changes) -> Iterator[BarRow]:
        for (market, symbol), bars in changes.bars.items():
            for bar in bars:
                if bar.closed and bar.interval_s in RECORDED_BARS_S and self._is_sound_bar(bar):
                    yield bar_row(exchange, market, symbol, bar)

    def _is_sound_bar(self, bar: Bar) -> bool:
        prices = bar.open + bar.high + bar.low + bar.close
        return self._is_sound("bar", bar.start_ns, prices, bar.volume)

    def _of_liquidations(self, exchange: str, changes: Changes) -> Iterator[LiquidationRow]:
        for (market, symbol), liquidations in changes.liquidations.items():
            for each in liquidations:
                if self._is_sound("liquidation", each.ts_event, each.price, each.size):
                    yield liquidation_row(exchange, market, symbol, each)

    def _is_sound(self, kind: str, ts: int, price: float, size: float = 0.0, name: str = "") -> bool:
        if isfinite(price) and isfinite(size) and 0 <= ts <= TS_MAX_NS and _is_name(name):
            return True
        self.rejected[kind] += 1
        return False


def _is_name(name: str) -> bool:
    return len(name) <= ID_LENGTH_MAX and "\0" not in name


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def tick_row(ticker: Ticker, price: float) -> TickRow:
    """A ticker that has a price."""
    return TickRow(
        ticker.ts_recv,
        ticker.exchange,
        ticker.market,
        ticker.symbol,
        price,
        _finite(ticker.volume_24h),
        _finite(ticker.high_24h),
        _finite(ticker.low_24h),
        _finite(ticker.change_24h),
        _finite(ticker.bid),
        _finite(ticker.ask),
    )


def funding_row(
    ticker: Ticker, rate: float, interval_h: float | None, next_funding_ts: int | None
) -> FundingRow:
    """A ticker's funding, with what belongs to it."""
    return FundingRow(
        ticker.ts_recv,
        ticker.exchange,
        ticker.market,
        ticker.symbol,
        rate,
        interval_h,
        next_funding_ts,
        _finite(ticker.mark_price),
        _finite(ticker.index_price),
        _finite(ticker.open_interest),
    )


def trade_row(exchange: str, market: str, symbol: str, trade: Trade) -> TradeRow:
    """One trade."""
    return TradeRow(
        trade.ts_event,
        exchange,
        market,
        symbol,
        trade.trade_id,
        trade.price,
        trade.size,
        trade.side,
        trade.count,
        trade.backfill,
    )


def bar_row(exchange: str, market: str, symbol: str, bar: Bar) -> BarRow:
    """One bar."""
    return BarRow(
        bar.start_ns,
        exchange,
        market,
        symbol,
        bar.interval_s,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        _finite(bar.turnover),
        bar.trades,
        _finite(bar.taker_buy_volume),
        bar.closed,
        bar.revision,
        bar.gap,
        bar.source,
    )


def liquidation_row(exchange: str, market: str, symbol: str, event: Liquidation) -> LiquidationRow:
    """One liquidation."""
    return LiquidationRow(event.ts_event, exchange, market, symbol, event.side, event.price, event.size)


def gap_row(hole: Hole) -> GapRow:
    """A hole, as it is known now. The words may be an exchange's own, of any length."""
    return GapRow(
        hole.from_ns,
        hole.exchange,
        hole.market,
        hole.symbol,
        hole.channel,
        hole.to_ns,
        hole.cause,
        hole.reason.replace("\0", "")[:REASON_LENGTH_MAX],
        hole.missed,
        hole.recovered,
        hole.healed,
    )
