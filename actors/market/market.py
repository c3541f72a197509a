"""The live picture: the newest of everything, folded from the events of all exchanges.

Rules that keep an old price from looking new:

1.  What a connection said in an earlier life never mixes with what it says now (`tickers.py`).
2.  When a connection ends, everything that it carried is stale until it carries it again (`quality.py`).
3.  So is what is silent, or older than its stream's own rhythm promises (`rhythm.py`).
4.  What is known from before the start is stale, and gone with the first word of a stream (`tickers.py`).
5.  A sequence with a hole in it is `gapped` until it is whole again, and the hole is kept (`outages.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from actors.market.events import Batch
from actors.market.quality import Stream
from actors.market.reports import LatencyReport, QualityReport
from actors.market.rhythm import NS_PER_S, Patience
from actors.market.rows import TickRow
from actors.market.segment import Segment
from actors.market.tick import Changes, Pair
from actors.market.ticker import Ticker
from actors.market.trades import TradeChanges, TradeCounts, TradeLimits

AGE_EVERY_NS = 10 * NS_PER_S
REPORT_EVERY_NS = NS_PER_S
DELAYS_PER_DRAIN = 20
MINUTE_S = 60


class Market:
    """`apply` batches, `sweep` now and then, `drain` what changed."""

    def __init__(self, patience: Patience, limits: TradeLimits | None = None) -> None:
        self._patience = patience
        self._limits = limits or TradeLimits()
        self._segments: dict[tuple[str, str], Segment] = {}
        self._aged_ns = 0
        self._reported_ns = 0
        self._swept_ns = 0

    def reset(self, now_ns: int = 0) -> None:
        """What was known stays to be seen, and is stale until each connection begins a new life.

        What earlier lives left on the way proves nothing: not even that they still live.
        """
        for segment in self._segments.values():
            segment.reset("the hub's picture began anew", now_ns)

    def apply(self, batch: Batch) -> None:
        """Fold the events of one batch into the picture."""
        self._segment(batch.source.exchange, batch.source.market).apply(batch)

    def remember(self, rows: Iterable[TickRow]) -> None:
        """Show what was known before the start, as stale, where nothing newer was told."""
        for row in rows:
            self._segment(row.exchange, row.market).remember(row)

    def _segment(self, exchange: str, market: str) -> Segment:
        segment = self._segments.get((exchange, market))
        if segment is None:
            segment = Segment(exchange, market, self._patience, self._limits)
            self._segments[exchange, market] = segment
        return segment

    def sweep(self, now_ns: int) -> None:
        """Mark what has been silent for too long, close bars whose time has passed."""
        for _ in self.sweeping(now_ns):
            pass

    def sweeping(self, now_ns: int) -> Iterator[None]:
        """As `sweep`, with moments in between for others: for them to apply, or to drain."""
        self._swept_ns = now_ns
        aging = now_ns - self._aged_ns >= AGE_EVERY_NS
        if aging:
            self._aged_ns = now_ns
        for segment in list(self._segments.values()):
            segment.qualities.sweep(now_ns)
            if aging:
                segment.tickers.age(now_ns)
            yield from segment.trades.sweeping(now_ns + segment.exchange_ahead_ns)

    def drain(self, now_ns: int | None = None) -> dict[str, Changes]:
        """What changed since the last call, by exchange."""
        now_ns = self._swept_ns if now_ns is None else now_ns
        reporting = now_ns - self._reported_ns >= REPORT_EVERY_NS
        if reporting:
            self._reported_ns = now_ns
        drained: dict[str, Changes] = {}
        for segment in self._segments.values():
            _join(drained.setdefault(segment.exchange, Changes()), segment, now_ns, reporting)
        return drained

    def everything(self, now_ns: int | None = None) -> dict[str, Changes]:
        """All that is known, by exchange."""
        now_ns = self._swept_ns if now_ns is None else now_ns
        known: dict[str, Changes] = {}
        for segment in self._segments.values():
            _join_all(known.setdefault(segment.exchange, Changes()), segment, now_ns)
        return known

    def tickers(self) -> list[Ticker]:
        """Every record."""
        return [ticker for changes in self.everything().values() for ticker in changes.tickers]


def _join(into: Changes, segment: Segment, now_ns: int, reporting: bool) -> None:
    """Add what changed in one market."""
    trades = segment.trades.drain(MINUTE_S)
    tickers = segment.tickers.drain(now_ns)
    _measure(segment, tickers, trades, now_ns)
    _add_trades(into, segment, trades)
    into.tickers.extend(tickers)
    into.books.update({(segment.market, view.symbol): view for view in segment.books.drain()})
    into.liquidations.update(
        {(segment.market, symbol): events for symbol, events in segment.liquidations.drain().items()}
    )
    into.holes.extend(segment.outages.drain())
    into.instruments.extend(segment.listed.values())
    into.removed.extend((segment.market, symbol) for symbol in segment.removed)
    into.unfollowed.extend((segment.market, symbol) for symbol in segment.unfollowed)
    into.qualities.extend(_reports(segment, reporting))
    if reporting:
        into.latencies.append(_latency(segment))
    segment.listed.clear()
    segment.removed.clear()
    segment.unfollowed.clear()


def _join_all(into: Changes, segment: Segment, now_ns: int) -> None:
    """Add all that is known of one market."""
    _add_trades(into, segment, segment.trades.everything())
    into.tickers.extend(segment.tickers.everything(now_ns))
    into.books.update({(segment.market, view.symbol): view for view in segment.books.everything()})
    into.liquidations.update(
        {(segment.market, symbol): events for symbol, events in segment.liquidations.everything().items()}
    )
    into.holes.extend(segment.outages.everything())
    into.instruments.extend(segment.instruments.values())
    into.qualities.extend(_report(segment, stream) for stream in segment.qualities.all())
    into.latencies.append(_latency(segment))


def _add_trades(into: Changes, segment: Segment, trades: TradeChanges) -> None:
    def pair(symbol: str) -> Pair:
        return segment.market, symbol

    into.trades.update({pair(symbol): events for symbol, events in trades.trades.items()})
    into.bars.update({pair(symbol): bars for symbol, bars in trades.bars.items()})
    into.holes.extend(trades.holes)


def _reports(segment: Segment, reporting: bool) -> list[QualityReport]:
    """Every change of state at once; what only counts on, once a second."""
    changed = segment.qualities.changed
    streams: list[Stream] = list(changed)
    if reporting:
        streams += [
            stream
            for stream in segment.qualities.all()
            if stream not in changed and stream.messages != stream.messages_told
        ]
    reports = [_report(segment, stream) for stream in streams]
    changed.clear()
    return reports


def _report(segment: Segment, stream: Stream) -> QualityReport:
    stream.messages_told = stream.messages
    counts = _counts(segment, stream)
    return QualityReport(
        exchange=segment.exchange,
        market=segment.market,
        symbol=stream.symbol,
        channel=stream.channel,
        state=stream.state,
        since_ns=stream.since_ns,
        reason=stream.reason,
        last_ns=stream.rhythm.last_ns or None,
        threshold_ns=segment.qualities.threshold_ns(stream),
        messages=stream.messages,
        gaps=counts.gaps,
        resyncs=stream.resyncs,
        duplicates=counts.duplicates,
        out_of_order=counts.out_of_order,
        too_old=counts.too_old,
        too_late=counts.too_late,
        untold=counts.untold,
    )


def _counts(segment: Segment, stream: Stream) -> TradeCounts:
    """What became of what a stream told; of most channels, only the gaps are counted."""
    symbol = stream.symbol
    if stream.channel == "trades":
        return segment.trades.counts(symbol)
    if stream.channel == "liquidations":
        known = segment.liquidations
        return TradeCounts(known.duplicates[symbol], untold=known.untold[symbol], gaps=stream.gaps)
    return TradeCounts(gaps=stream.gaps)


def _measure(segment: Segment, tickers: list[Ticker], trades: TradeChanges, now_ns: int) -> None:
    """Sample how late the data is: trades tell it best, tickers where there are none."""
    moments = [
        (trade.ts_event, trade.ts_recv)
        for events in trades.trades.values()
        for trade in islice(reversed(events), DELAYS_PER_DRAIN)
        if not trade.backfill
    ]
    if not trades.trades:
        moments = [
            (ticker.ts_event, ticker.ts_recv)
            for ticker in tickers[:DELAYS_PER_DRAIN]
            if ticker.ts_event is not None
            and ticker.quality == "live"
            and segment.tickers.tells_time(ticker.symbol)
        ]
    ahead_ns = segment.exchange_ahead_ns
    segment.delays.take([ts_recv - ts_event + ahead_ns for ts_event, ts_recv in moments], now_ns)
    segment.dwells.take([now_ns - ts_recv for _, ts_recv in moments], now_ns)


def _latency(segment: Segment) -> LatencyReport:
    offset_ns, error_ns = segment.clock.offset_ns, segment.clock.error_ns
    return LatencyReport(
        exchange=segment.exchange,
        market=segment.market,
        p50_ms=segment.delays.quantile_ms(0.5),
        p99_ms=segment.delays.quantile_ms(0.99),
        dwell_p50_ms=segment.dwells.quantile_ms(0.5),
        dwell_p99_ms=segment.dwells.quantile_ms(0.99),
        clock_offset_ms=None if offset_ns is None else offset_ns / 1e6,
        clock_error_ms=None if error_ns is None else error_ns / 1e6,
        delays=segment.delays.ever.report(),
        dwells=segment.dwells.ever.report(),
    )
