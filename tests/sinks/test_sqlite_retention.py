"""How long the embedded history keeps what, and that sweeping is done in small steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkUnavailable
from actors.sinks import _sqlite_retention as retention
from actors.sinks._sqlite_retention import Retention, Sweeper
from actors.sinks.base import InstrumentKey, Span
from actors.sinks.sqlite import SqliteHistory, SqliteSink
from tests.sinks.conformance import T0, S, bar, funding, gap, liquidation, tick, trade
from tests.sinks.test_sqlite import FOREVER, read

BTC = InstrumentKey("demo", "linear", "BTCUSDT")
DAY_S = 86_400


@dataclass
class Stage:
    """A history whose clock is ours."""

    path: Path
    now_s: float = 0

    def sink(self, **rules: Any) -> SqliteSink:
        return SqliteSink(self.path, replace(FOREVER, **rules), lambda: T0 + int(self.now_s * S))

    async def later(self, sink: SqliteSink, now_s: float) -> None:
        """Time goes on; each write sweeps a little, and more of them come than two rounds need: the first
        one may have begun before."""
        for self.now_s in (now_s, now_s + retention.ROUND_NS / S):
            for number in range(60):
                await sink.write([tick(self.now_s + number / 100, "NOWUSDT")])
        store = sink._store
        assert store is not None
        assert store.sweeper.resting(T0 + int(self.now_s * S))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "history.db")


def of_btc(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row.symbol == "BTCUSDT"]


async def test_each_table_has_days_of_its_own(stage: Stage) -> None:
    sink = stage.sink(
        ticks_days=1, trades_days=2, bars_minute_days=3, bars_hour_days=4,
        liquidations_days=5, funding_days=6, gaps_days=7,
    )  # fmt: skip
    rows: list[Row] = []
    for day in range(10):
        at_s = day * DAY_S
        rows += [tick(at_s), trade(at_s, str(day)), liquidation(at_s), funding(at_s), gap(at_s, at_s + 1)]
        rows += [bar(day * 1440, interval_s=interval_s) for interval_s in (60, 3600, 86_400)]
    await sink.write(rows)
    await stage.later(sink, 9 * DAY_S + 60)

    kept = {
        kind: of_btc(read(stage.path, kind))
        for kind in (TickRow, TradeRow, LiquidationRow, FundingRow, GapRow)
    }
    assert {kind: len(found) for kind, found in kept.items()} == {
        TickRow: 1, TradeRow: 2, LiquidationRow: 5, FundingRow: 6, GapRow: 7,
    }  # fmt: skip
    assert kept[TickRow] == [tick(9 * DAY_S)]
    bars = read(stage.path, BarRow)
    assert [sum(each.interval_s == length for each in bars) for length in (60, 3600, 86_400)] == [3, 4, 10]
    assert sink.report.swept_rows == 9 + 8 + 5 + 4 + 3 + 7 + 6
    await sink.aclose()


async def test_nothing_goes_when_all_is_kept_for_ever(stage: Stage) -> None:
    sink = stage.sink()
    rows: list[Row] = [tick(0), trade(0), bar(0), liquidation(0), funding(0), gap(0, 1)]
    await sink.write(rows)
    await stage.later(sink, 10_000 * DAY_S)
    assert sink.report.swept_rows == 0
    assert of_btc(read(stage.path, TickRow)) == rows[:1]
    await sink.aclose()


async def test_minutes_outlive_their_ticks(stage: Stage) -> None:
    sink = stage.sink(ticks_days=1, trades_days=1, tick_minutes_days=3)
    await sink.write([tick(second, price=100.0 + second) for second in range(300)])
    await sink.write([trade(second, str(second)) for second in range(300)])
    history = SqliteHistory(stage.path)
    window = (T0 + 60 * S, T0 + 240 * S)
    before = await history.stats(BTC, *window)
    assert (before.count, before.minimum, before.maximum, before.volume) == (180, 160.0, 339.0, 45.0)

    await stage.later(sink, 2 * DAY_S)
    assert of_btc(read(stage.path, TickRow)) == []
    assert [page async for page in history.ticks(BTC, Span())] == []
    assert await history.stats(BTC, *window) == before
    cut = await history.stats(BTC, T0 + 30 * S, T0 + 240 * S)  # its first half minute is gone
    assert cut == before

    await sink.write([tick(200.5, price=1.0)])  # far too late: it cannot spoil what is known of its minute
    assert await history.stats(BTC, *window) == before

    await stage.later(sink, 4 * DAY_S)
    assert (await history.stats(BTC, *window)).count == 0
    assert of_btc(read(stage.path, TickRow)) == []
    await sink.aclose()


async def test_who_was_not_heard_of_for_so_long_is_not_among_the_latest(stage: Stage) -> None:
    sink = stage.sink(ticks_days=1)
    history = SqliteHistory(stage.path)
    await sink.write([tick(0)])
    assert await history.latest() == [tick(0)]
    await stage.later(sink, 2 * DAY_S)
    assert [row.symbol for row in await history.latest()] == ["NOWUSDT"]
    assert BTC in await history.instruments()
    await sink.aclose()


async def test_a_slice_is_small_and_the_rest_waits(stage: Stage) -> None:
    sink = stage.sink(ticks_days=1)
    await sink.write([tick(second / 10) for second in range(3 * retention.SLICE_ROWS)])
    await sink.write([tick(700, "OTHER")])
    stage.now_s = 3 * DAY_S
    await sink.write([tick(stage.now_s, "OTHER")])
    before = sink.report.swept_rows
    assert 0 < before <= retention.SLICE_ROWS  # few rows came, few went
    await sink.write([tick(stage.now_s + 1, "OTHER")])
    assert before < sink.report.swept_rows <= 2 * retention.SLICE_ROWS
    await sink.aclose()


async def test_sweeping_keeps_up_with_writing(stage: Stage) -> None:
    sink = stage.sink(ticks_days=1)
    batch = 5000
    for number in range(6):
        stage.now_s = number * DAY_S
        await sink.write([tick(stage.now_s + index / 1000) for index in range(batch)])
        stage.now_s += 3600
        await sink.write([tick(stage.now_s, "OTHER")])
    assert sink.report.swept_rows >= 3 * batch
    await sink.aclose()


async def test_the_oldest_ticks_and_trades_go_when_rows_take_too_much(stage: Stage) -> None:
    limit = 2_000_000
    sink = stage.sink(bytes_max=limit)
    for number in range(40):
        stage.now_s = number * 400
        await sink.write([tick(stage.now_s + index / 10) for index in range(1500)])
        await sink.write([trade(stage.now_s + index / 10, f"{number}-{index}") for index in range(500)])
    await stage.later(sink, stage.now_s + 1000)
    report = sink.report
    assert report.used_bytes <= limit * 1.01
    assert report.trimmed_rows == report.swept_rows > 1000
    kept = of_btc(read(stage.path, TickRow))
    assert kept[-1].ts > T0 + 39 * 400 * S  # the newest are there
    assert kept[0].ts > T0 + 400 * S  # the oldest are not
    await sink.aclose()


async def test_the_file_shrinks_when_much_of_it_is_free(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FREE_PAGES_MIN", 20)
    sink = stage.sink(ticks_days=1)
    await sink.write([tick(second) for second in range(20_000)])
    await sink.aclose()
    full = sink.report.used_bytes
    await stage.later(sink, 3 * DAY_S)
    await sink.aclose()
    assert stage.path.stat().st_size < full / 4


async def test_trouble_in_sweeping_is_told_and_does_not_refuse_rows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sink = stage.sink(ticks_days=1)

    def fail(*_: object) -> bool:
        raise SinkUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Sweeper, "slice", fail)
        await sink.write([tick(0)])
        assert "the disk is full" in str(sink.report.problem)
    assert "the disk is full" in caplog.text
    assert read(stage.path, TickRow) == [tick(0)]
    await stage.later(sink, 2 * DAY_S)
    assert sink.report.problem is None
    await sink.aclose()


def test_the_defaults_keep_what_they_say() -> None:
    assert Retention().ticks_days < Retention().tick_minutes_days < Retention().bars_minute_days
    assert Retention().bars_hour_days == Retention().bars_day_days == 0
