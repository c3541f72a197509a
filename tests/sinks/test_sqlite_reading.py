"""Reading the embedded history back: paging, bounds, the newest, and what a window comes to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.market.rows import BarRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkUnavailable
from actors.sinks.base import InstrumentKey, Order, Span, Stats
from actors.sinks.sqlite import SqliteHistory, SqliteSink
from tests.sinks.conformance import T0, R, S, bar, tick, trade
from tests.sinks.test_sqlite import FOREVER
from tests.thoroughness import cases

BTC = InstrumentKey("demo", "linear", "BTCUSDT")
ETH = InstrumentKey("demo", "linear", "ETHUSDT")
NOBODY = InstrumentKey("demo", "spot", "BTCUSDT")

searching = settings(
    max_examples=cases(10, 25),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


async def keep(path: Path, *batches: list[Row], now_s: float = 0) -> None:
    """Write each batch through a sink of its own, with a clock that goes from T0 to `now_s` after it."""
    for number, batch in enumerate(batches, 1):
        now_ns = T0 + int(now_s * S) * number // len(batches)
        sink = SqliteSink(path, FOREVER, lambda now_ns=now_ns: now_ns)  # type: ignore[misc]
        await sink.write(batch)
        await sink.aclose()


async def everything(pages: AsyncIterator[list[R]]) -> list[R]:
    return [row async for page in pages for row in page]


def pages_of(history: SqliteHistory, kind: type[Row], span: Span) -> AsyncIterator[Sequence[Row]]:
    if kind is TickRow:
        return history.ticks(BTC, span)
    return history.trades(BTC, span) if kind is TradeRow else history.bars(BTC, 60, span)


async def in_steps(history: SqliteHistory, kind: type[Row], span: Span) -> list[Row]:
    """All of a span through a cursor, `span.limit` rows at a time."""
    found: list[Row] = []
    while True:
        step = [row async for page in pages_of(history, kind, span) for row in page]
        if not step:
            return found
        found += step
        last = step[-1]
        span = replace(span, after=(last.ts, last.trade_id if isinstance(last, TradeRow) else ""))


# Moments around a few minutes, many of them shared, some years away.
moments = st.one_of(
    st.integers(0, 400).map(lambda quarter: T0 + quarter * S // 4),
    st.integers(0, 40).map(lambda minute: T0 + minute * 60 * S),
    st.sampled_from([0, 5, T0 - 10**17, T0 + 10**17]),
)
tick_rows = st.builds(
    lambda ts, price, symbol: replace(tick(symbol=symbol), ts=ts, price=price),
    moments,
    st.floats(0.001, 1e6),
    st.sampled_from(["BTCUSDT", "BTCUSDT", "BTCUSDT", "ETHUSDT"]),
)
trade_rows = st.builds(
    lambda ts, number, price: replace(trade(), ts=ts, trade_id=number, price=price),
    moments,
    st.sampled_from(["9", "10", "x1", "8d5dbb0c-0b1a-5a3b-9d3f-0123456789ab"]),
    st.floats(0.001, 1e6),
)
bar_rows = st.builds(
    bar,
    st.integers(0, 30),
    st.integers(0, 3),
    st.floats(1, 100),
)
batches = st.lists(st.lists(st.one_of(tick_rows, trade_rows, bar_rows), max_size=25), min_size=1, max_size=8)
clocks = st.sampled_from([0, 90, 600, 10**9])


def model(told: list[list[Row]]) -> dict[type[Row], list[Row]]:
    """What is to be kept of BTC: each row once by its key; of a bar the newest revision."""
    by_key: dict[tuple[object, ...], Row] = {}
    for row in (row for batch in told for row in batch if row.symbol == "BTCUSDT"):
        if isinstance(row, BarRow):
            known = by_key.get((BarRow, row.ts))
            if not isinstance(known, BarRow) or row.revision >= known.revision:
                by_key[BarRow, row.ts] = row
        else:
            by_key.setdefault((type(row), row.ts, getattr(row, "trade_id", "")), row)
    kept = sorted(by_key.values(), key=lambda row: row.ts)
    return {kind: [row for row in kept if type(row) is kind] for kind in (TickRow, TradeRow, BarRow)}


def sorted_rows(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.ts, getattr(row, "trade_id", "")))


@searching
@given(
    told=batches,
    now_s=clocks,
    steps=st.integers(1, 7),
    order=st.sampled_from(["newest", "oldest"]),
    bounds=st.tuples(st.none() | moments, st.none() | moments),
)
def test_paging_tells_every_row_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[list[Row]],
    now_s: float,
    steps: int,
    order: Order,
    bounds: tuple[int | None, int | None],
) -> None:
    path = tmp_path_factory.mktemp("paging") / "history.db"
    kept = model(told)

    async def main() -> None:
        await keep(path, *told, now_s=now_s)
        history = SqliteHistory(path)
        span = Span(*bounds, limit=steps, order=order)
        low, high = bounds[0] or 0, 1 << 62 if bounds[1] is None else bounds[1]
        for kind in kept:
            expected = [row for row in kept[kind] if low <= row.ts < high]
            found = await in_steps(history, kind, span)
            times = [row.ts for row in found]
            assert times == sorted(times, reverse=order == "newest")
            assert sorted_rows(found) == sorted_rows(expected)
        history.close()

    trio.run(main)


def brute_stats(kept: dict[type[Row], list[Row]], from_ns: int, to_ns: int) -> Stats:
    ticks = [row for row in kept[TickRow] if isinstance(row, TickRow) and from_ns <= row.ts < to_ns]
    trades = [row for row in kept[TradeRow] if isinstance(row, TradeRow) and from_ns <= row.ts < to_ns]
    prices = [row.price for row in ticks]
    volume = sum(row.size for row in trades)
    return Stats(
        count=len(ticks),
        minimum=min(prices, default=None),
        maximum=max(prices, default=None),
        average=sum(prices) / len(prices) if prices else None,
        first=prices[0] if prices else None,
        last=prices[-1] if prices else None,
        first_ts=ticks[0].ts if ticks else None,
        last_ts=ticks[-1].ts if ticks else None,
        volume=volume if trades else None,
        vwap=sum(row.size * row.price for row in trades) / volume if trades else None,
    )


def assert_alike(found: Stats, expected: Stats) -> None:
    """Sums may be added up in another order; all else is the same."""
    for name in ("average", "volume", "vwap"):
        assert getattr(found, name) == (
            None if getattr(expected, name) is None else pytest.approx(getattr(expected, name), rel=1e-12)
        )
    plain = {"average": None, "volume": None, "vwap": None}
    assert replace(found, **plain) == replace(expected, **plain)


@searching
@given(
    told=st.lists(st.lists(st.one_of(tick_rows, trade_rows), max_size=25), min_size=1, max_size=8),
    now_s=clocks,
    bounds=st.lists(st.tuples(moments, moments), min_size=3, max_size=6),
)
def test_stats_are_what_counting_gives(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[list[Row]],
    now_s: float,
    bounds: list[tuple[int, int]],
) -> None:
    path = tmp_path_factory.mktemp("stats") / "history.db"
    kept = model(told)

    async def main() -> None:
        await keep(path, *told, now_s=now_s)
        history = SqliteHistory(path)
        for from_ns, to_ns in [*bounds, (0, 1 << 62)]:
            assert_alike(await history.stats(BTC, from_ns, to_ns), brute_stats(kept, from_ns, to_ns))
        history.close()

    trio.run(main)


async def test_stats_are_exact_while_the_clock_goes_on(tmp_path: Path) -> None:
    """Seconds are written one by one, so that minutes are sealed on the way, with stragglers between."""
    random = Random(7)
    now = [T0]
    sink = SqliteSink(tmp_path / "history.db", FOREVER, lambda: now[0])
    history = SqliteHistory(tmp_path / "history.db")
    told: list[list[Row]] = []
    for second in range(200):
        now[0] = T0 + second * S
        late_s = random.choice([0, 0, 0, -70, -130])
        told.append([tick(second + late_s + 0.25, price=random.uniform(90, 110)), trade(second, str(second))])
        await sink.write(told[-1])
        from_ns, to_ns = sorted(T0 + random.randrange(-200, 200) * S + 7 for _ in range(2))
        assert_alike(await history.stats(BTC, from_ns, to_ns), brute_stats(model(told), from_ns, to_ns))
    await sink.aclose()


async def test_minutes_that_were_open_at_a_restart_are_sealed_after_it(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    told: list[list[Row]] = [[tick(30, price=90.0), trade(30, "1")], [tick(90), trade(90, "2")], [tick(400)]]
    for batch, now_s in zip(told, (31, 91, 600), strict=True):
        await keep(path, batch, now_s=now_s)
    history = SqliteHistory(path)
    assert_alike(await history.stats(BTC, T0, T0 + 300 * S), brute_stats(model(told), T0, T0 + 300 * S))
    assert await everything(history.ticks(BTC, Span())) == [tick(400), tick(90), tick(30, price=90.0)]


async def test_bars_tell_the_volume_of_whole_minutes_and_trades_that_of_the_ends(tmp_path: Path) -> None:
    rows: list[Row] = [trade(second, str(second)) for second in range(0, 300, 10)]
    bars: list[Row] = [replace(bar(minute), volume=10.0, turnover=1000.0) for minute in (1, 2)]
    await keep(tmp_path / "history.db", rows + bars, now_s=1000)
    history = SqliteHistory(tmp_path / "history.db")
    whole = await history.stats(BTC, T0, T0 + 300 * S)
    assert whole.volume == 2 * 10.0 + (6 + 12) * 0.25
    assert whole.vwap == pytest.approx((2000 + 18 * 0.25 * 100.5) / 24.5)
    cut = await history.stats(BTC, T0 + 30 * S, T0 + 195 * S)  # 3 trades, two bars, 2 trades
    assert cut.volume == 2 * 10.0 + (3 + 2) * 0.25


async def test_a_bar_without_turnover_has_no_part_in_the_average_price(tmp_path: Path) -> None:
    bars: list[Row] = [
        replace(bar(0), volume=10.0, turnover=None),
        replace(bar(1), volume=2.0, turnover=50.0),
    ]
    await keep(tmp_path / "history.db", bars)
    found = await SqliteHistory(tmp_path / "history.db").stats(BTC, T0, T0 + 120 * S)
    assert (found.volume, found.vwap, found.count, found.last) == (12.0, 25.0, 0, None)


async def test_the_latest_is_the_newest_by_time_not_by_arrival(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    now = [T0]
    sink = SqliteSink(path, FOREVER, lambda: now[0])
    history = SqliteHistory(path)
    assert await history.latest() == []
    spot = replace(tick(3), market="spot")
    await sink.write([tick(5), tick(4), tick(1, "ETHUSDT"), spot])
    assert set(await history.latest()) == {tick(5), tick(1, "ETHUSDT"), spot}
    await sink.write([tick(2), tick(2, "ETHUSDT")])
    assert set(await history.latest()) == {tick(5), tick(2, "ETHUSDT"), spot}
    assert await history.latest("demo", "spot") == [spot]
    assert await history.latest("other") == []
    await sink.aclose()


async def test_what_was_never_heard_of_has_no_history(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    history = SqliteHistory(path)
    for _ in range(2):  # without a file, and then with one
        assert await everything(history.ticks(NOBODY, Span())) == []
        assert await everything(history.trades(NOBODY, Span())) == []
        assert await everything(history.bars(NOBODY, 60, Span())) == []
        assert (await history.stats(NOBODY, 0, T0)).count == 0
        await keep(path, [tick(), trade(), bar()])


async def test_a_span_may_be_anything(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    await keep(path, [tick(0), tick(1)])
    history = SqliteHistory(path)
    for span, count in (
        (Span(limit=0), 0),
        (Span(limit=-1), 0),
        (Span(from_ns=T0 + S, to_ns=T0), 0),
        (Span(from_ns=-(10**30), to_ns=10**30), 2),
        (Span(from_ns=T0, to_ns=T0 + S), 1),
        (Span(after=(T0 + S, "")), 1),
        (Span(after=(T0, ""), order="oldest"), 1),
    ):
        assert len(await everything(history.ticks(BTC, span))) == count, span
    assert (await history.stats(BTC, -(10**30), 10**30)).count == 2


async def test_a_long_span_comes_in_pages(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    await keep(path, [tick(second) for second in range(3100)], now_s=10**6)
    pages = [len(page) async for page in SqliteHistory(path).ticks(BTC, Span(limit=3000))]
    assert pages == [1441, 1441, 118]


async def test_a_closed_history_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    await keep(path, [tick()])
    history = SqliteHistory(path)
    assert len(await history.latest()) == 1
    history.close()
    with pytest.raises(SinkUnavailable, match="closed"):
        await history.latest()
