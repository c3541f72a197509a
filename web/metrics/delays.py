"""How late everything is: the data, the ticks, and the loop that all of it runs in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import trio

from web.metrics.families import Family, Sample, counter, gauge, histogram
from web.readmodel import Board
from web.site import Site

MARKET = ("exchange", "market")

LATENCY = histogram(
    "event_latency_seconds",
    "From the exchange's time of an event to its arrival, corrected by the clock offset. Not of every event.",
    *MARKET,
)
DWELL = histogram(
    "hub_dwell_seconds",
    "From the arrival of an event until it is told to clients. Of the same events.",
    *MARKET,
)
OFFSET = gauge("clock_offset_seconds", "How far an exchange's clock is ahead of ours.", *MARKET)
ERROR = gauge("clock_error_seconds", "Within how much the offset is known, either way.", *MARKET)
INSTRUMENTS = gauge("instruments", "Instruments that are shown.", *MARKET)
TICKS = counter("ticks_total", "Ticks: the times that the picture was handed to the web.", "exchange")
TICK_LAG = gauge("tick_lag_seconds", "How late the last tick was.", "exchange")
LATE_TICKS = counter("late_ticks_total", "Ticks that were more than 0.2 s late.", "exchange")
LOOP_LAG = histogram("loop_lag_seconds", "How late a task wakes that only sleeps, ten times a second.")
LOOP_LAG_MAX = gauge("loop_lag_max_seconds", "The longest of these of the last minute.")

FAMILIES: tuple[Family, ...] = (
    LATENCY, DWELL, OFFSET, ERROR, INSTRUMENTS, TICKS, TICK_LAG, LATE_TICKS, LOOP_LAG, LOOP_LAG_MAX,
)  # fmt: skip


def samples(site: Site) -> Iterator[Sample]:
    """Of every exchange and market, and of the process."""
    for board in site.read_model.boards.values():
        yield from _latencies(board)
        yield from _ticks(board)
    yield LOOP_LAG.of(site.loop.lags.report())
    yield LOOP_LAG_MAX.of(site.loop.max_s(trio.current_time()))


def _latencies(board: Board) -> Iterator[Sample]:
    for market, report in board.picture.latencies.items():
        place = board.exchange, market
        yield LATENCY.of(report.delays, *place)
        yield DWELL.of(report.dwells, *place)
        if report.clock_offset_ms is not None and report.clock_error_ms is not None:
            yield OFFSET.of(report.clock_offset_ms / 1e3, *place)
            yield ERROR.of(report.clock_error_ms / 1e3, *place)


def _ticks(board: Board) -> Iterator[Sample]:
    yield TICKS.of(board.seq, board.exchange)
    yield TICK_LAG.of(max(0.0, board.lag_ms) / 1e3, board.exchange)
    yield LATE_TICKS.of(board.late_ticks, board.exchange)
    shown = Counter(market for market, _ in board.entries)
    for market in board.markets():
        yield INSTRUMENTS.of(shown[market], board.exchange, market)
