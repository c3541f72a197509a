"""Liquidations and funding rates, read back from every history: the same answers from each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from actors.market.losses import EVERYTHING
from actors.market.rows import FundingRow, GapRow, LiquidationRow, Row
from actors.sinks.base import (
    History,
    InstrumentKey,
    LiquidationGap,
    LiquidationsAsked,
    LiquidationSlice,
    Span,
)
from actors.sinks.sqlite import SqliteHistory, SqliteSink
from tests.sinks.conformance import T0, S
from tests.sinks.test_sqlite import FOREVER

BTC = InstrumentKey("demo", "linear", "BTCUSDT")
ETH = InstrumentKey("demo", "linear", "ETHUSDT")
MINUTE = 60 * S
START = T0 // MINUTE * MINUTE
HOUR = LiquidationsAsked(START, START + 60 * MINUTE, MINUTE)

Keep: TypeAlias = Callable[[list[Row]], Awaitable[History]]

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]


@pytest.fixture(params=["sqlite", "questdb"])
def keep(request: pytest.FixtureRequest) -> Iterator[Keep]:
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("tmp_path") / "history.db"
        history = SqliteHistory(path)

        async def kept(rows: list[Row]) -> History:
            sink = SqliteSink(path, FOREVER, lambda: T0)
            await sink.write(rows)
            await sink.aclose()
            return history

        yield kept
        history.close()
        return
    server = request.getfixturevalue("questdb_server")
    questdb = pytest.importorskip("actors.sinks.questdb")

    async def sent(rows: list[Row]) -> History:
        sink = questdb.QuestDBSink(server.url, began_ns=T0)
        await sink.open()
        await sink.write(rows)
        await sink.aclose()
        server.settle()
        history: History = questdb.QuestDBHistory(server.url)
        return history

    yield sent


def liquidation(
    at_s: float, size: float, side: str = "long", of: InstrumentKey = BTC, price: float = 100.0
) -> LiquidationRow:
    ts = START + int(at_s * S)
    return LiquidationRow(ts, of.exchange, of.market, of.symbol, side, price, size)


def at(at_s: float) -> int:
    return START + int(at_s * S)


def gap(
    from_s: float,
    to_s: float | None,
    of: InstrumentKey,
    channel: str = "liquidations",
    *,
    healed: bool = False,
) -> GapRow:
    to_ts = None if to_s is None else at(to_s)
    place = (of.exchange, of.market, of.symbol)
    return GapRow(at(from_s), *place, channel, to_ts, "disconnected", "lost", None, 0, healed)


def funding(at_s: int, rate: float, of: InstrumentKey = BTC) -> FundingRow:
    ts = START + at_s * S
    return FundingRow(
        ts, of.exchange, of.market, of.symbol, rate, 8.0, START + 8 * 3600 * S, 100.0, None, 5e6
    )


async def test_liquidations_are_added_up_by_slice_market_and_side(keep: Keep) -> None:
    spot = InstrumentKey("other", "spot", "BTCUSDT")
    history = await keep(
        [
            liquidation(-1, 50.0),
            liquidation(0, 1.0),
            liquidation(59, 2.0, of=ETH),
            liquidation(59, 3.0, "short"),
            liquidation(60, 4.0),
            liquidation(61, 5.0, of=spot),
            liquidation(3600, 60.0),
        ]
    )
    found = await history.liquidations(HOUR)
    assert found.slices == [
        LiquidationSlice(START, "demo", "linear", "long", 2, 300.0),
        LiquidationSlice(START, "demo", "linear", "short", 1, 300.0),
        LiquidationSlice(START + MINUTE, "demo", "linear", "long", 1, 400.0),
        LiquidationSlice(START + MINUTE, "other", "spot", "long", 1, 500.0),
    ]
    assert found.since_ns == START - S


async def test_the_biggest_by_worth_come_first_and_of_equals_the_newest(keep: Keep) -> None:
    many_coins = liquidation(1, 1000.0, price=0.01)
    early, late, most = liquidation(2, 3.0), liquidation(9, 3.0, "short"), liquidation(5, 7.0)
    history = await keep([many_coins, early, late, most])
    assert (await history.liquidations(replace(HOUR, biggest_max=3))).biggest == [most, late, early]
    assert (await history.liquidations(replace(HOUR, biggest_max=0))).biggest == []


async def test_they_are_narrowed_down_by_exchange_market_instruments_and_worth(keep: Keep) -> None:
    other = InstrumentKey("other", "spot", "BTCUSDT")
    history = await keep([liquidation(1, 1.0), liquidation(2, 2.0, of=ETH), liquidation(3, 3.0, of=other)])

    async def sizes(**narrower: object) -> list[float]:
        return [row.size for row in (await history.liquidations(replace(HOUR, **narrower))).biggest]

    assert await sizes(exchange="demo") == [2.0, 1.0]
    assert await sizes(market="spot") == [3.0]
    assert await sizes(of=(ETH, other)) == [3.0, 2.0]
    assert await sizes(of=(InstrumentKey("demo", "linear", "NOBODY"),)) == []
    assert await sizes(of=()) == []
    assert await sizes(value_min=200) == [3.0, 2.0]


async def test_nothing_is_known_where_nothing_was_kept(keep: Keep) -> None:
    found = await (await keep([])).liquidations(HOUR)
    assert (found.slices, found.biggest, found.since_ns, found.gaps) == ([], [], None, [])


async def test_what_is_missing_is_told_once_for_all_instruments_of_a_market(keep: Keep) -> None:
    everywhere = InstrumentKey(EVERYTHING, EVERYTHING, EVERYTHING)
    spot = InstrumentKey("other", "spot", "BTCUSDT")
    history = await keep(
        [
            gap(10, 20, BTC),
            gap(10.25, 20.5, ETH),
            gap(-90, -1, BTC),
            gap(-90, 5, ETH),
            gap(30, 40, BTC, "trades"),
            gap(30, 40, BTC, healed=True),
            gap(50, None, spot),
            gap(55, 56, everywhere, "outbox"),
            gap(3600, 3700, BTC),
        ]
    )
    found = await history.liquidations(HOUR)
    assert found.gaps == [
        LiquidationGap(at(-90), at(5), "demo", "linear", 1),
        LiquidationGap(at(10), at(20.5), "demo", "linear", 2),
        LiquidationGap(at(50), None, "other", "spot", 1),
        LiquidationGap(at(55), at(56), None, None, 0),
    ]
    narrowed = await history.liquidations(replace(HOUR, exchange="other"))
    assert [each.exchange for each in narrowed.gaps] == ["other", None]


async def test_funding_rates_are_told_in_both_orders_each_once(keep: Keep) -> None:
    rows = [funding(60 * each, each / 1e4) for each in range(5)]
    history = await keep([*rows, funding(30, 0.5, ETH)])
    assert await _all(history.funding(BTC, Span())) == rows[::-1]
    assert await _all(history.funding(BTC, Span(order="oldest"))) == rows
    assert await _all(history.funding(BTC, Span(rows[1].ts, rows[4].ts, order="oldest"))) == rows[1:4]
    assert await _all(history.funding(BTC, Span(limit=2, after=(rows[3].ts, "")))) == [rows[2], rows[1]]


async def test_of_each_slice_of_time_the_last_funding_rate_is_told_once(keep: Keep) -> None:
    rows = [funding(20 * each, each / 1e4) for each in range(9)]
    last = [rows[2], rows[5], rows[8]]
    history = await keep([*rows, funding(30, 0.5, ETH)])
    assert await _all(history.funding(BTC, Span(), MINUTE)) == last[::-1]
    assert await _all(history.funding(BTC, Span(order="oldest"), MINUTE)) == last
    assert await _all(history.funding(BTC, Span(rows[1].ts, rows[5].ts), MINUTE)) == [rows[4], rows[2]]
    assert await _all(history.funding(BTC, Span(limit=2, after=(last[2].ts, "")), MINUTE)) == last[1::-1]
    oldest = Span(limit=1, order="oldest", after=(last[0].ts, ""))
    assert await _all(history.funding(BTC, oldest, MINUTE)) == [last[1]]


async def _all(pages: AsyncIterator[list[FundingRow]]) -> list[FundingRow]:
    return [row async for page in pages for row in page]
