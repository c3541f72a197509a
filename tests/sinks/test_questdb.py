"""The QuestDB sink keeps every sink's promises, on a real server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.sinks._questdb_schema import TABLE_OF, TIMESTAMP
from actors.sinks.questdb import QuestDBSink
from tests.sinks.conformance import SinkConformance
from tests.sinks.questdb_server import QuestDBServer

# Each test opens sinks of its own, which the client takes for a habit.
pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]

R = TypeVar("R", TickRow, TradeRow, BarRow, LiquidationRow, FundingRow, GapRow)


def stored(server: QuestDBServer, kind: type[R]) -> list[R]:
    """All rows of a kind, oldest first."""
    server.settle()
    table = TABLE_OF[kind]
    columns = ", ".join(
        f'cast("{column.name}" as long)' if column.type == TIMESTAMP else f'"{column.name}"'
        for column in table.columns
    )
    order = ", ".join(f'"{key}"' for key in table.keys)
    return [kind(*row) for row in server.query(f"SELECT {columns} FROM {table.name} ORDER BY {order}")]


class QuestDBRig:
    """One server, and sinks that write into it."""

    kinds: Sequence[type[Row]] = tuple(TABLE_OF)

    def __init__(self, server: QuestDBServer) -> None:
        self.server = server

    def sink(self) -> QuestDBSink:
        return QuestDBSink(self.server.url, timeout_s=5)

    async def stored(self, kind: type[R]) -> list[R]:
        return stored(self.server, kind)

    async def take_down(self) -> None:
        self.server.kill()

    async def bring_back(self) -> None:
        self.server.start()

    async def change_schema(self) -> None:
        self.server.drop_everything()
        self.server.query("CREATE TABLE market_data (timestamp TIMESTAMP, price STRING) TIMESTAMP(timestamp)")


class TestQuestDB(SinkConformance):
    @pytest.fixture
    def rig(self, questdb_server: QuestDBServer) -> QuestDBRig:
        return QuestDBRig(questdb_server)
