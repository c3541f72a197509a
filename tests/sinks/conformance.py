"""What every sink promises, as tests: inherit `SinkConformance` and give it a `rig` fixture.

class TestMySink(SinkConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> SinkRig: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import pytest
from msgspec.structs import replace

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks.base import Sink

R = TypeVar("R", TickRow, TradeRow, BarRow, LiquidationRow, FundingRow, GapRow)

S = 1_000_000_000
T0 = 1_700_000_040 * S  # the start of a minute


class SinkRig(Protocol):
    """One store, empty at first, and the sinks that write into it."""

    kinds: Sequence[type[Row]]
    """The kinds of rows that this sink keeps."""

    def sink(self) -> Sink:
        """A new sink on the same store, not yet open."""

    async def stored(self, kind: type[R]) -> list[R]:
        """Everything of a kind that the store holds, oldest first."""

    async def take_down(self) -> None:
        """Make the store unavailable, to sinks that are open and to those that are not."""

    async def bring_back(self) -> None:
        """The store is available again, with all that it held."""

    async def change_schema(self) -> None:
        """Give the store, which a sink has opened before, a schema that is none of ours."""


def tick(at_s: float = 0, symbol: str = "BTCUSDT", price: float = 100.5) -> TickRow:
    ts = T0 + int(at_s * S)
    return TickRow(ts, "demo", "linear", symbol, price, 12.5, 110.0, 90.0, -1.25, price - 0.5, price + 0.5)


def trade(at_s: float = 0, trade_id: str = "1", symbol: str = "BTCUSDT", price: float = 100.5) -> TradeRow:
    return TradeRow(T0 + int(at_s * S), "demo", "linear", symbol, trade_id, price, 0.25, "buy", 1, False)


def bar(minute: int = 0, revision: int = 0, close: float = 101.0, interval_s: int = 60) -> BarRow:
    return BarRow(
        T0 + minute * 60 * S, "demo", "linear", "BTCUSDT", interval_s,
        100.0, 102.0, 99.0, close, 3.5, 352.5, 7, 1.5, True, revision, False, "trades",
    )  # fmt: skip


def liquidation(at_s: float = 0, size: float = 2.0) -> LiquidationRow:
    return LiquidationRow(T0 + int(at_s * S), "demo", "linear", "BTCUSDT", "long", 99.5, size)


def funding(at_s: float = 0, rate: float = 0.0001) -> FundingRow:
    ts = T0 + int(at_s * S)
    return FundingRow(ts, "demo", "linear", "BTCUSDT", rate, 8.0, T0 + 3600 * S, 100.1, 100.2, 5e6)


def gap(at_s: float = 0, to_s: float | None = None, recovered: int = 0) -> GapRow:
    to_ts = None if to_s is None else T0 + int(to_s * S)
    return GapRow(
        T0 + int(at_s * S), "demo", "linear", "BTCUSDT", "trades", to_ts,
        "network", "connection lost", None, recovered, to_s is not None,
    )  # fmt: skip


SAMPLES: dict[type[Row], list[Row]] = {
    TickRow: [tick(0), tick(1, price=101.5), tick(75, price=99.5)],
    TradeRow: [trade(0, "1"), trade(1, "2"), trade(75, "3")],
    BarRow: [bar(0), bar(1), bar(2, interval_s=60)],
    LiquidationRow: [liquidation(0), liquidation(1), liquidation(75)],
    FundingRow: [funding(0), funding(1, 0.0002), funding(75, -0.0001)],
    GapRow: [gap(0, 1), gap(2, 3, recovered=5), gap(75)],
}
SPARSE: dict[type[Row], Row] = {
    TickRow: TickRow(T0, "demo", "spot", "A", 0.00000001, None, None, None, None, None, None),
    BarRow: replace(bar(), turnover=None, trades=None, taker_buy_volume=None, source="exchange"),
    FundingRow: FundingRow(T0, "demo", "linear", "A", 0.0, None, None, None, None, None),
}


@asynccontextmanager
async def opened(rig: SinkRig) -> AsyncIterator[Sink]:
    sink = rig.sink()
    await sink.open()
    try:
        yield sink
    finally:
        await sink.aclose()


async def save(sink: Sink, *rows: Row) -> None:
    await sink.write(rows)
    await sink.flush()


async def assert_stored(rig: SinkRig, *rows: Row) -> None:
    """These rows and no others, of each kind that is among them."""
    for kind in dict.fromkeys(map(type, rows)):
        expected = [row for row in rows if type(row) is kind]
        assert await rig.stored(kind) == expected


class SinkConformance:
    """The promises. Each test has a store of its own."""

    def samples(self, rig: SinkRig) -> list[Row]:
        return [row for kind in rig.kinds for row in SAMPLES[kind]]

    def wants(self, rig: SinkRig, *rows: Row) -> list[Row]:
        """Of these rows, those whose kind the sink keeps."""
        return [row for row in rows if type(row) in rig.kinds]

    async def test_what_was_flushed_comes_back_whole_and_in_order(self, rig: SinkRig) -> None:
        async with opened(rig) as sink:
            await save(sink, *self.samples(rig))
        await assert_stored(rig, *self.samples(rig))

    async def test_what_is_not_known_stays_unknown(self, rig: SinkRig) -> None:
        rows = self.wants(rig, *SPARSE.values())
        async with opened(rig) as sink:
            await save(sink, *rows)
        await assert_stored(rig, *rows)

    async def test_rows_that_come_late_take_their_place_in_time(self, rig: SinkRig) -> None:
        rows = self.samples(rig)
        async with opened(rig) as sink:
            await save(sink, *reversed(rows))
        await assert_stored(rig, *rows)

    async def test_the_same_rows_twice_are_there_once(self, rig: SinkRig) -> None:
        rows = self.samples(rig)
        async with opened(rig) as sink:
            await save(sink, *rows, *rows)
            await save(sink, *rows)
        await assert_stored(rig, *rows)

    async def test_nothing_is_nothing(self, rig: SinkRig) -> None:
        async with opened(rig) as sink:
            await save(sink)
        for kind in rig.kinds:
            assert await rig.stored(kind) == []  # type: ignore[type-var]

    async def test_trades_of_one_moment_are_told_apart(self, rig: SinkRig) -> None:
        rows = self.wants(rig, trade(0, "7"), trade(0, "8", price=100.0), trade(0, "9"))
        async with opened(rig) as sink:
            await save(sink, *rows)
        await assert_stored(rig, *rows)

    async def test_trade_ids_stay_as_they_are(self, rig: SinkRig) -> None:
        ids = ["0", "007", "92233720368547758070", "-5", "+5", "1e3", "٣", "a b", "'\"\\",
               "8d5dbb0c-0b1a-5a3b-9d3f-0123456789ab", "8D5DBB0C-0B1A-5A3B-9D3F-0123456789AB"]  # fmt: skip
        rows = self.wants(rig, *(trade(index, each) for index, each in enumerate(ids)))
        async with opened(rig) as sink:
            await save(sink, *rows)
            await save(sink, *rows)
        await assert_stored(rig, *rows)

    async def test_liquidations_of_one_moment_are_told_apart(self, rig: SinkRig) -> None:
        rows = self.wants(rig, liquidation(0, 1.0), liquidation(0, 2.0))
        async with opened(rig) as sink:
            await save(sink, *rows)
        await assert_stored(rig, *rows)

    async def test_the_newest_revision_of_a_bar_counts(self, rig: SinkRig) -> None:
        told = self.wants(rig, bar(0, 0, 101.0), bar(0, 1, 101.5), bar(0, 2, 100.5))
        async with opened(rig) as sink:
            for row in told:
                await save(sink, row)
            await save(sink, *told)  # sent once more, in the same order
        await assert_stored(rig, *told[-1:])

    async def test_the_newest_word_on_a_gap_counts(self, rig: SinkRig) -> None:
        told = self.wants(rig, gap(0), gap(0, to_s=5), gap(0, to_s=5, recovered=9))
        async with opened(rig) as sink:
            await save(sink, *told)
        await assert_stored(rig, *told[-1:])

    async def test_instruments_are_told_apart(self, rig: SinkRig) -> None:
        one = tick(0)
        others = [
            replace(one, symbol="ETHUSDT"),
            replace(one, market="spot"),
            replace(one, exchange="other"),
            replace(one, symbol="币-USDT"),
            replace(one, symbol="purr/USDC"),
        ]
        rows = self.wants(rig, one, *others)
        async with opened(rig) as sink:
            await save(sink, *rows)
        assert {row.symbol + row.market + row.exchange for row in await rig.stored(TickRow)} == {
            row.symbol + row.market + row.exchange for row in rows
        }

    async def test_flushed_rows_outlive_a_sink_that_was_never_closed(self, rig: SinkRig) -> None:
        abandoned = rig.sink()
        await abandoned.open()
        await save(abandoned, *self.samples(rig))
        async with opened(rig) as sink:
            await save(sink, *self.samples(rig))
        await assert_stored(rig, *self.samples(rig))
        await abandoned.aclose()

    async def test_rows_sent_again_after_a_crash_before_the_flush_are_there_once(self, rig: SinkRig) -> None:
        crashed = rig.sink()
        await crashed.open()
        await crashed.write(self.samples(rig))
        await crashed.aclose()
        async with opened(rig) as sink:
            await save(sink, *self.samples(rig))
        await assert_stored(rig, *self.samples(rig))

    async def test_it_can_be_opened_again(self, rig: SinkRig) -> None:
        first, *rest = self.samples(rig)
        async with opened(rig) as sink:
            await save(sink, first)
            await sink.open()
            await save(sink, *rest)
        async with opened(rig):
            pass
        await assert_stored(rig, first, *rest)

    async def test_a_store_that_is_down_at_the_start_is_unavailable(self, rig: SinkRig) -> None:
        await rig.take_down()
        sink = rig.sink()
        with pytest.raises(SinkUnavailable):
            await sink.open()
            await save(sink, *self.samples(rig))
        await rig.bring_back()
        await sink.open()
        await save(sink, *self.samples(rig))
        await sink.aclose()
        await assert_stored(rig, *self.samples(rig))

    async def test_a_store_that_goes_down_is_unavailable_and_takes_the_rows_when_it_is_back(
        self, rig: SinkRig
    ) -> None:
        first, *rest = self.samples(rig)
        async with opened(rig) as sink:
            await save(sink, first)
            await rig.take_down()
            with pytest.raises(SinkUnavailable) as caught:
                await save(sink, *rest)
            assert str(caught.value)
            await rig.bring_back()
            await sink.open()
            await save(sink, *rest)
        await assert_stored(rig, first, *rest)

    async def test_a_schema_that_is_none_of_ours_is_refused(self, rig: SinkRig) -> None:
        async with opened(rig) as sink:
            await save(sink, *self.samples(rig))
        await rig.change_schema()
        sink = rig.sink()
        with pytest.raises(SinkRefused) as caught:
            await sink.open()
            await save(sink, *self.samples(rig))
        assert str(caught.value)
        await sink.aclose()

    async def test_closing_never_raises(self, rig: SinkRig) -> None:
        await rig.sink().aclose()
        sink = rig.sink()
        await sink.open()
        await rig.take_down()
        await sink.aclose()
        await sink.aclose()
        await rig.bring_back()
