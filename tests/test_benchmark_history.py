"""What the benchmarks of history measure with: rows as a hub keeps them, and a past that it could have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from actors.market.rows import BarRow, TickRow, TradeRow
from actors.sinks.base import InstrumentKey, Span
from actors.sinks.sqlite import Retention, SqliteHistory, SqliteSink
from benchmarks import past
from benchmarks.rows import NS_PER_S, ROWS_PER_S, SYMBOLS, Market
from benchmarks.wire import symbol
from tests.sinks.fakes import key_of

MINUTE_NS = 60 * NS_PER_S
NOW_NS = 30_000_000 * MINUTE_NS
LIQUID = InstrumentKey("bybit", "linear", symbol(3))


def test_rows_come_at_their_rate_each_with_a_key_of_its_own() -> None:
    rows = [row for step in Market(NOW_NS - NS_PER_S).steps(2) for row in step]
    kinds = Counter(map(type, rows))
    assert kinds[TickRow] == 20 * SYMBOLS
    assert kinds[BarRow] == SYMBOLS  # a minute ended
    without_bars = len(rows) - SYMBOLS
    assert abs(without_bars - 2 * ROWS_PER_S) < 0.01 * ROWS_PER_S
    assert len({key_of(row) for row in rows}) == len(rows)


def test_rows_are_of_the_time_in_which_they_come() -> None:
    market = Market(NOW_NS)
    for step in market.steps(2):
        times = [row.ts for row in step if not isinstance(row, BarRow)]
        assert market.now_ns - NS_PER_S // 5 < min(times) <= max(times) <= market.now_ns
        ids = [row.trade_id for row in step if isinstance(row, TradeRow)]
        assert len({len(each) for each in ids}) == 2  # numbers and UUIDs


async def test_a_made_past_answers_as_one_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    past.make(path, NOW_NS, hours=1, bar_days=1)
    sink = SqliteSink(path, Retention(), lambda: NOW_NS)
    await sink.open()
    await sink.aclose()
    history = SqliteHistory(path)
    ticks = [row async for page in history.ticks(LIQUID, Span(limit=5000)) for row in page]
    bars = [row async for page in history.bars(LIQUID, 60, Span(limit=5000)) for row in page]
    stats = await history.stats(LIQUID, NOW_NS - 50 * MINUTE_NS - 1, NOW_NS)
    assert len(await history.latest()) == past.INSTRUMENTS
    assert (len(ticks), len(bars)) == (3600, 1440)
    within = [row.price for row in ticks if row.ts >= NOW_NS - 50 * MINUTE_NS - 1]
    assert (stats.count, stats.minimum, stats.maximum) == (len(within), min(within), max(within))
    history.close()
