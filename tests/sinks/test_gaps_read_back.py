"""What is missing, read back from every history: the same answers from each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from msgspec.structs import replace

from actors.market.losses import EVERYTHING
from actors.market.rows import GapRow
from actors.sinks import sqlite
from actors.sinks.base import History, InstrumentKey, Order, Span
from actors.sinks.sqlite import SqliteHistory, SqliteSink
from tests.sinks.conformance import T0, S
from tests.sinks.test_sqlite import FOREVER

BTC = InstrumentKey("demo", "linear", "BTCUSDT")
ETH = InstrumentKey("demo", "linear", "ETHUSDT")
EVERYWHERE = InstrumentKey(EVERYTHING, EVERYTHING, EVERYTHING)


class Keep(Protocol):
    """Writes rows by a sink of a run that began then, and gives the history that has them."""

    async def __call__(self, rows: list[GapRow], began_s: int = 0) -> History: ...


def gap(
    from_s: float,
    to_s: float | None,
    channel: str = "trades",
    of: InstrumentKey = BTC,
    *,
    healed: bool = False,
) -> GapRow:
    to_ts = None if to_s is None else T0 + int(to_s * S)
    from_ts = T0 + int(from_s * S)
    place = (of.exchange, of.market, of.symbol)
    return GapRow(from_ts, *place, channel, to_ts, "network", "connection lost", 3, 1, healed)


@pytest.fixture(params=["sqlite", "questdb"])
def keep(request: pytest.FixtureRequest) -> Iterator[Keep]:
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("tmp_path") / "history.db"
        history = SqliteHistory(path)

        async def kept(rows: list[GapRow], began_s: int = 0) -> History:
            sink = SqliteSink(path, FOREVER, lambda: T0 + began_s * S)
            await sink.write(rows)
            await sink.aclose()
            return history

        yield kept
        history.close()
        return
    server = request.getfixturevalue("questdb_server")
    questdb = pytest.importorskip("actors.sinks.questdb")

    async def sent(rows: list[GapRow], began_s: int = 0) -> History:
        sink = questdb.QuestDBSink(server.url, began_ns=T0 + began_s * S)
        await sink.open()
        await sink.write(rows)
        await sink.aclose()
        server.settle()
        history: History = questdb.QuestDBHistory(server.url)
        return history

    yield sent


async def told(history: History, of: InstrumentKey, span: Span) -> list[GapRow]:
    return [row async for page in history.gaps(of, span) for row in page]


pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]


async def test_gaps_that_overlap_are_told_in_both_orders(keep: Keep) -> None:
    long, before, inside, after = gap(0, 50), gap(5, 9), gap(20, 21, healed=True), gap(60, None)
    history = await keep([long, before, inside, after, gap(20, None, of=ETH)])
    assert await told(history, BTC, Span()) == [after, inside, before, long]
    assert await told(history, BTC, Span(order="oldest")) == [long, before, inside, after]
    assert await told(history, BTC, Span(T0 + 10 * S, T0 + 60 * S)) == [inside, long]
    assert await told(history, BTC, Span(T0 + 70 * S)) == [after]


async def test_both_ends_of_a_gap_belong_to_it_and_the_end_of_a_span_does_not(keep: Keep) -> None:
    only = gap(10, 20)
    history = await keep([only])
    assert await told(history, BTC, Span(T0 + 20 * S, None)) == [only]
    assert await told(history, BTC, Span(T0 + 20 * S + 1, None)) == []
    assert await told(history, BTC, Span(None, T0 + 10 * S + 1)) == [only]
    assert await told(history, BTC, Span(None, T0 + 10 * S)) == []


async def test_what_is_missing_of_all_history_is_missing_of_each_instrument(keep: Keep) -> None:
    lost, own = gap(10, 20, "outbox", EVERYWHERE), gap(15, 16)
    history = await keep([lost, own])
    assert await told(history, BTC, Span()) == [own, lost]
    assert await told(history, ETH, Span()) == [lost]
    assert await told(history, InstrumentKey("nobody", "spot", "X"), Span(T0 + 15 * S)) == [lost]


async def test_what_was_open_ends_where_the_next_run_begins(keep: Keep) -> None:
    """Nobody else would close it: whoever opened it is gone. Some of it comes out of the outbox later."""
    ended, still_open, of_eth, late = gap(0, 5), gap(10, None), gap(20, None, "book", ETH), gap(30, None)
    await keep([ended, still_open, of_eth], 0)
    anew = gap(70, None)
    history = await keep([late, anew], 60)
    began_ns = T0 + 60 * S
    assert await told(history, BTC, Span()) == [
        anew,
        replace(late, to_ts=began_ns),
        replace(still_open, to_ts=began_ns),
        ended,
    ]
    assert await told(history, BTC, Span(T0 + 61 * S)) == [anew]
    assert await told(history, ETH, Span()) == [replace(of_eth, to_ts=began_ns)]


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_every_gap_is_on_one_page_whatever_its_size(
    keep: Keep, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some reach into the span from far before it, and three channels share each moment."""
    monkeypatch.setattr(sqlite, "PAGE_ROWS", 4)
    channels = ("book", "ticker", "trades")
    rows = [gap(each, each + 100, channel) for each in range(8) for channel in channels]
    history = await keep(rows)
    expected = rows if order == "oldest" else rows[::-1]
    for limit in (1, 2, 5, 50):
        found: list[GapRow] = []
        while page := await told(history, BTC, Span(T0 + 50 * S, None, limit, order, _after(found))):
            found += page
        assert found == expected


def _after(found: list[GapRow]) -> tuple[int, str] | None:
    return (found[-1].ts, found[-1].channel) if found else None
