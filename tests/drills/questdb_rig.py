"""Trouble for a real QuestDB."""

from __future__ import annotations

from collections.abc import Mapping

from actors.sinks.base import Sink
from actors.sinks.questdb import QuestDBSink
from tests.drills.paced_load import PacedLoad
from tests.drills.rigs import Trouble
from tests.drills.small_disk import SmallDisk
from tests.sinks.questdb_server import QuestDBServer
from tests.sinks.test_questdb_outages import SEEDS_TABLE

USER, PASSWORD = "hub", "right"


class QuestDBRig:
    """A server whose root is on a disk of its own."""

    def __init__(self, server: QuestDBServer, disk: SmallDisk) -> None:
        self.name = f"QuestDB {server.version}"
        self._server, self._disk = server, disk

    def reset(self) -> None:
        self._disk.free()
        self._server.ensure()
        self._server.drop_everything()

    def sink(self, timeout_s: float) -> Sink:
        return QuestDBSink(self._server.url.replace("//", f"//{USER}:{PASSWORD}@"), timeout_s=timeout_s)

    def kept(self, load: PacedLoad) -> list[int]:
        self._server.settle()
        ticks = self._server.query("SELECT cast(timestamp AS long) FROM market_data")
        trades = self._server.query("SELECT trade_id FROM trades")
        return [load.number_at(ts) for (ts,) in ticks] + [int(number) for (number,) in trades]

    def told_missing(self) -> int:
        self._server.settle()
        [[missed]] = self._server.query("SELECT sum(missed) FROM gaps WHERE channel = 'outbox'")
        return missed or 0

    def troubles(self) -> Mapping[str, Trouble]:
        server = self._server
        return {
            "down at start": Trouble(server.kill, server.start),
            "killed mid-batch": Trouble(server.kill, server.start),
            "frozen": Trouble(server.freeze, server.thaw),
            "restarted empty": Trouble(self._kill_and_empty, server.start),
            "wrong password": Trouble(lambda: self._restart("another"), lambda: self._restart(PASSWORD)),
            "wrong schema": Trouble(lambda: self._ask(SEEDS_TABLE), self._rename),
            "disk full": Trouble(self._disk.fill, self._free_and_resume),
        }

    def _restart(self, password: str) -> None:
        self._server.kill()
        self._server.guard(USER, password)
        self._server.start()

    def _kill_and_empty(self) -> None:
        self._server.kill()
        self._server.empty()

    def _ask(self, statement: str) -> None:
        self._server.query(statement)

    def _rename(self) -> None:
        self._ask("RENAME TABLE market_data TO market_data_old")

    def _free_and_resume(self) -> None:
        """Whoever frees the disk also resumes what QuestDB has suspended meanwhile, as its words say."""
        self._disk.free()
        for (name,) in self._server.query("SELECT name FROM wal_tables() WHERE suspended"):
            self._ask(f"ALTER TABLE {name} RESUME WAL")
