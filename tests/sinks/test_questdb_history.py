"""History read back from a real QuestDB: each row once and in order, whatever the page; sums as by hand."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from typing import TypeVar

import pytest
import trio
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.market.rows import BarRow, Row, TickRow, TradeRow
from actors.runtime.errors import HistoryTimeout, SinkUnavailable
from actors.sinks import _questdb_pages
from actors.sinks.base import InstrumentKey, Order, Span, Stats
from actors.sinks.questdb import QuestDBHistory, QuestDBSink
from tests.sinks.conformance import T0, S, bar, tick, trade
from tests.sinks.questdb_server import QuestDBServer

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]

BTC = InstrumentKey("demo", "linear", "BTCUSDT")
R = TypeVar("R", TickRow, TradeRow, BarRow)


async def keep(server: QuestDBServer, *rows: Row) -> QuestDBHistory:
    """A history of these rows."""
    sink = QuestDBSink(server.url)
    await sink.open()
    await sink.write(rows)
    await sink.aclose()
    server.settle()
    return QuestDBHistory(server.url)


async def every(pages: AsyncIterator[list[R]]) -> list[R]:
    return [row async for page in pages for row in page]


async def test_rows_come_back_in_both_orders_within_their_bounds(each_questdb: QuestDBServer) -> None:
    ticks = [tick(second) for second in range(10)]
    history = await keep(each_questdb, *ticks, tick(3, symbol="ETHUSDT"), bar(1), bar(2, interval_s=3600))
    span = Span(from_ns=T0 + 2 * S, to_ns=T0 + 8 * S)
    assert await every(history.ticks(BTC, span)) == ticks[2:8][::-1]
    assert await every(history.ticks(BTC, Span(order="oldest"))) == ticks
    assert await every(history.ticks(BTC, Span(limit=3))) == ticks[:-4:-1]
    assert await every(history.bars(BTC, 60, Span())) == [bar(1)]
    assert await every(history.bars(BTC, 3600, Span())) == [bar(2, interval_s=3600)]
    assert await every(history.bars(BTC, 5, Span())) == []


async def test_the_latest_of_every_instrument(each_questdb: QuestDBServer) -> None:
    old, new, eth = tick(0), tick(90_000), tick(5, symbol="ETHUSDT")
    history = await keep(each_questdb, new, old, eth)
    assert {row.symbol: row for row in await history.latest(None, None)} == {"BTCUSDT": new, "ETHUSDT": eth}
    assert len(await history.latest("demo", "linear")) == 2
    assert await history.latest("demo", "spot") == []


async def test_who_was_silent_for_a_week_is_not_the_latest_any_more(questdb_server: QuestDBServer) -> None:
    """As in the embedded history, and so that the answer takes no longer when years were written."""
    week_s = 7 * 86_400
    gone, still, newest = tick(0, "GONEUSDT"), tick(1, "STILLUSDT"), tick(week_s)
    history = await keep(questdb_server, gone, still, newest)
    assert {row.symbol for row in await history.latest(None, None)} == {"STILLUSDT", "BTCUSDT"}
    assert {row.symbol for row in await history.latest("demo", "linear")} == {"STILLUSDT", "BTCUSDT"}


async def test_who_is_silent_for_long_is_still_remembered(questdb_server: QuestDBServer) -> None:
    week_s = 7 * 86_400
    gone = replace(bar(interval_s=86_400), symbol="GONEUSDT")
    history = await keep(questdb_server, gone, tick(0, "GONEUSDT"), tick(1 + week_s))
    assert [each.symbol for each in await history.instruments()] == ["BTCUSDT", "GONEUSDT"]


async def test_a_clock_that_was_ahead_hides_nobody(questdb_server: QuestDBServer) -> None:
    ahead = replace(tick(symbol="AHEADUSDT"), ts=time.time_ns() + 30 * 86_400 * S)
    history = await keep(questdb_server, tick(1), ahead)
    assert {row.symbol for row in await history.latest(None, None)} == {"BTCUSDT", "AHEADUSDT"}


async def test_trades_of_one_moment_are_paged_by_their_ids(
    each_questdb: QuestDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_questdb_pages, "ROWS_PER_PAGE", 4)
    burst = [trade(1, str(number)) for number in range(1, 13)]
    rows = [trade(0, "0"), *burst, trade(2, "90"), trade(2, "91")]
    history = await keep(each_questdb, *rows)
    assert await every(history.trades(BTC, Span(order="oldest"))) == rows
    assert await every(history.trades(BTC, Span())) == rows[::-1]
    for cut in range(1, len(rows)):
        after = (rows[cut - 1].ts, rows[cut - 1].trade_id)
        assert await every(history.trades(BTC, Span(order="oldest", after=after))) == rows[cut:]


@seed(20_240_501)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_pages_of_any_size_give_every_row_once(
    data: st.DataObject, paged: tuple[QuestDBHistory, list[TradeRow]], monkeypatch: pytest.MonkeyPatch
) -> None:
    history, rows = paged
    bounds = st.none() | st.integers(T0 - S, T0 + 12 * S)
    span = Span(data.draw(bounds), data.draw(bounds), data.draw(st.integers(1, 30)), data.draw(_ORDERS))
    monkeypatch.setattr(_questdb_pages, "ROWS_PER_PAGE", data.draw(st.integers(1, 12)))
    assert await _paged(history, span) == _expected(rows, span)


_ORDERS: st.SearchStrategy[Order] = st.sampled_from(["newest", "oldest"])


async def _paged(history: QuestDBHistory, span: Span) -> list[TradeRow]:
    """As a caller pages: `limit` rows at a time, each page after the last row of the one before."""
    read: list[TradeRow] = []
    while True:
        after = (read[-1].ts, read[-1].trade_id) if read else None
        page = await every(history.trades(BTC, Span(span.from_ns, span.to_ns, span.limit, span.order, after)))
        assert len(page) <= span.limit
        read += page
        if len(page) < span.limit:
            return read


def _expected(rows: list[TradeRow], span: Span) -> list[TradeRow]:
    inside = [
        row
        for row in rows
        if (span.from_ns is None or row.ts >= span.from_ns) and (span.to_ns is None or row.ts < span.to_ns)
    ]
    return inside[::-1] if span.order == "newest" else inside


@pytest.fixture
def paged(questdb_server: QuestDBServer) -> tuple[QuestDBHistory, list[TradeRow]]:
    rows = [trade(number // 3, str(90 + number)) for number in range(32)]
    return trio.run(keep, questdb_server, *rows), rows


async def test_the_numbers_of_a_window(each_questdb: QuestDBServer) -> None:
    ticks = [tick(second, price=float(price)) for second, price in enumerate([5, 3, 9, 4])]
    history = await keep(each_questdb, *ticks, tick(50, price=1000.0))
    assert await history.stats(BTC, T0, T0 + 4 * S) == Stats(
        4, 3.0, 9.0, 5.25, 5.0, 4.0, T0, T0 + 3 * S, None, None
    )
    assert (await history.stats(BTC, T0 - 9 * S, T0)).count == 0


async def test_volume_is_of_bars_and_of_trades_around_them(
    each_questdb: QuestDBServer,
) -> None:
    around = [trade(-5, "1", price=10.0), trade(30, "2", price=1.0), trade(125, "3", price=20.0)]
    history = await keep(each_questdb, *around, bar(0), bar(1))
    stats = await history.stats(BTC, T0 - 10 * S, T0 + 130 * S)
    assert stats.volume == 2 * 3.5 + 2 * 0.25
    assert stats.vwap == pytest.approx((2 * 352.5 + 0.25 * 30) / 7.5)
    only_trades = await history.stats(BTC, T0 + 20 * S, T0 + 40 * S)
    assert (only_trades.volume, only_trades.vwap) == (0.25, 1.0)


async def test_every_digit_of_a_number_comes_back(each_questdb: QuestDBServer) -> None:
    numbers = random.Random(20_240_502)
    prices = [numbers.random() * 10.0 ** numbers.randint(-12, 12) for _ in range(2000)]
    edges = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, 1e22, 1e-7, 123456789.123456789]
    names = (BTC.exchange, BTC.market, BTC.symbol)
    rows = [TickRow(T0 + at, *names, price, *[None] * 6) for at, price in enumerate([*prices, *edges])]
    history = await keep(each_questdb, *rows)
    assert await every(history.ticks(BTC, Span(order="oldest", limit=10_000))) == rows


async def test_nothing_was_ever_written(each_questdb: QuestDBServer) -> None:
    history = QuestDBHistory(each_questdb.url)
    assert await every(history.trades(BTC, Span())) == []
    assert await history.latest(None, None) == []
    assert await history.stats(BTC, 0, T0) == Stats(0, *[None] * 9)


@pytest.mark.parametrize(
    "symbol", ["'", "x' OR ''='", "a\\", "a;b", "a\n", "", "x" * 65, "(", '"', "\x00", "%"]
)
async def test_a_name_that_is_no_name_never_reaches_the_server(symbol: str) -> None:
    history = QuestDBHistory("http://127.0.0.1:1")
    for key in (InstrumentKey("demo", "linear", symbol), InstrumentKey(symbol, "linear", "BTCUSDT")):
        with pytest.raises(ValueError, match="names no exchange"):
            await every(history.ticks(key, Span()))
    with pytest.raises(ValueError, match="names no exchange"):
        await history.latest(None, symbol)


@pytest.mark.parametrize("symbol", ["币安人生USDT", "@107", "PURR/USDC", "xyz:TSLA", "BTC-27JUN25", "kPEPE"])
async def test_every_spelling_of_an_exchange_is_found(questdb_server: QuestDBServer, symbol: str) -> None:
    row = tick(0, symbol=symbol)
    history = await keep(questdb_server, row)
    assert await every(history.ticks(InstrumentKey("demo", "linear", symbol), Span())) == [row]


async def test_a_server_that_is_silent_is_a_time_out_and_one_that_is_gone_is_unavailable(
    questdb_server: QuestDBServer,
) -> None:
    history = QuestDBHistory(questdb_server.url, timeout_s=0.3)
    questdb_server.freeze()
    try:
        with pytest.raises(HistoryTimeout, match=r"within 0\.3 s"):
            await history.latest(None, None)
    finally:
        questdb_server.thaw()
    with pytest.raises(SinkUnavailable, match="cannot be reached"):
        await QuestDBHistory("http://127.0.0.1:1").latest(None, None)
