"""REST over the embedded history: what was written is what is told, the same as of any other history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from quart_trio import QuartTrio

from actors.sinks.sqlite import Retention, SqliteHistory, SqliteSink
from tests.web.fake_history import FakeHistory, remembering
from tests.web.harness import NOW_NS, application
from tests.web.populated import populated
from tests.web.test_history_paging import ask, walk

PATHS = [
    "/api/v1/tickers/bybit:linear:BTCUSDT/history",
    "/api/v1/trades/bybit:linear:BTCUSDT/history",
    "/api/v1/bars/bybit:linear:BTCUSDT/history",
    "/api/v1/tickers/bybit:linear:GONEUSDT/history",
    "/api/prices/BTCUSDT/FUTURES/history",
]


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[tuple[QuartTrio, QuartTrio]]:
    """A hub over the embedded history, and one over the same rows in memory."""
    remembered = remembering()
    path = folder / "history.db"
    sink = SqliteSink(path, Retention(), lambda: NOW_NS)
    await sink.open()
    await sink.write(remembered.rows)
    await sink.flush()
    history = SqliteHistory(path)
    try:
        yield (
            application(populated(), history=history),
            application(populated(), history=FakeHistory(remembered.rows)),
        )
    finally:
        history.close()
        await sink.aclose()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query",
    [
        {"limit": 97},
        {"order": "oldest", "limit": 250},
        {"from": "-5m", "limit": 40},
        {"to": "-90s", "limit": 500},
    ],
)
async def test_every_page_tells_the_same(tmp_path: Path, path: str, query: dict[str, Any]) -> None:
    async with both(tmp_path) as (embedded, in_memory):
        assert await walk(embedded, path, **query) == await walk(in_memory, path, **query)


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "1h", "4h", "1d"])
async def test_every_length_of_bars_is_told_the_same(tmp_path: Path, interval: str) -> None:
    path = "/api/prices/BTCUSDT/FUTURES/history"
    async with both(tmp_path) as (embedded, in_memory):
        told = await walk(embedded, path, interval=interval, limit=3)
        assert told == await walk(in_memory, path, interval=interval, limit=3)
        assert told


async def test_the_latest_and_the_statistics(tmp_path: Path) -> None:
    async with both(tmp_path) as (embedded, in_memory):
        latest = [(await ask(app, "/api/prices/latest"))["data"] for app in (embedded, in_memory)]
        assert sorted(latest[0], key=str) == sorted(latest[1], key=str)
        stats = [
            (await ask(app, "/api/prices/BTCUSDT/FUTURES/stats"))["data"] for app in (embedded, in_memory)
        ]
        told = ("count", "min", "max", "avg", "first", "last", "first_ts", "last_ts", "change")
        assert [stats[0][name] for name in told] == [stats[1][name] for name in told]


async def test_many_may_read_at_once(tmp_path: Path) -> None:
    async with both(tmp_path) as (embedded, _):
        statuses: list[int] = []

        async def reader(path: str) -> None:
            statuses.append((await embedded.test_client().get(path)).status_code)

        async with trio.open_nursery() as nursery:
            for path in PATHS * 4:
                nursery.start_soon(reader, path)
        assert statuses == [200] * len(PATHS) * 4
