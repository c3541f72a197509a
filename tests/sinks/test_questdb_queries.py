"""The questions in the documents give what they promise, on a real QuestDB, as they stand there."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.market.rows import TickRow
from actors.sinks.questdb import QuestDBSink
from tests.sinks.conformance import S, tick
from tests.sinks.questdb_server import QuestDBServer

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]

DOCUMENT = Path(__file__).parents[2] / "docs" / "questdb.md"
LATEST, MINUTES, DAY = re.findall(
    r"^```sql\n(.*?);\n^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def bybit(row: TickRow) -> TickRow:
    return replace(row, exchange="bybit")


async def keep(server: QuestDBServer, *rows: TickRow) -> None:
    sink = QuestDBSink(server.url)
    await sink.open()
    await sink.write([bybit(row) for row in rows])
    await sink.aclose()
    server.settle()


async def test_the_latest_price_of_each_instrument(each_questdb: QuestDBServer) -> None:
    await keep(each_questdb, tick(1, price=2.0), tick(0, price=1.0), tick(0, symbol="ETHUSDT", price=3.0))
    found = {row[3]: row[4:] for row in each_questdb.query(LATEST)}
    assert found == {"BTCUSDT": [2.0, 1.5, 2.5], "ETHUSDT": [3.0, 2.5, 3.5]}


async def test_minutes_of_a_day(each_questdb: QuestDBServer) -> None:
    await keep(each_questdb, *(tick(at, price=price) for at, price in [(0, 5), (20, 9), (59, 7), (60, 1)]))
    assert [row[1:] for row in each_questdb.query(MINUTES)] == [[5.0, 9.0, 5.0, 7.0], [1.0, 1.0, 1.0, 1.0]]


async def test_what_a_day_came_to(each_questdb: QuestDBServer) -> None:
    now_ns = time.time_ns()
    hours = [(30, 1.0), (20, 100.0), (10, 50.0), (1, 110.0)]
    await keep(
        each_questdb, *(replace(tick(price=price), ts=now_ns - ago * 3600 * S) for ago, price in hours)
    )
    ((*numbers, change),) = each_questdb.query(DAY)
    assert numbers == [3, 50.0, 110.0, pytest.approx(260 / 3), 100.0, 110.0]
    assert change == pytest.approx(10.0)
