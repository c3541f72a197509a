"""Every kind of sink that is drilled. A new one is one more line of `OPENERS`, and its rig."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.drills.outages import DRILLS, Drill
from tests.drills.questdb_rig import PASSWORD, USER, QuestDBRig
from tests.drills.redis_rig import OPTIONS, RedisRig
from tests.drills.rigs import Rig
from tests.drills.small_disk import small_disk
from tests.drills.sqlite_rig import SqliteRig
from tests.sinks import questdb_server, redis_server
from tests.sinks.fetch_questdb import NEWEST

# So small that a full disk is met within a second, and not after what QuestDB has reserved ahead.
_SMALL_STEPS = {"cairo_wal_writer_data_append_page_size": "64k", "cairo_wal_segment_rollover_size": "256k"}


@contextmanager
def _sqlite(folder: Path) -> Iterator[Rig]:
    with small_disk(folder, 512) as disk:
        yield SqliteRig(disk)


@contextmanager
def _questdb(folder: Path) -> Iterator[Rig]:
    options = {"user": USER, "password": PASSWORD, **_SMALL_STEPS}
    with small_disk(folder, 2048) as disk, questdb_server.running(NEWEST, folder, **options) as server:
        yield QuestDBRig(server, disk)


@contextmanager
def _redis(folder: Path) -> Iterator[Rig]:
    with small_disk(folder, 1024) as disk, redis_server.running(folder, *OPTIONS) as server:
        yield RedisRig(server, disk)


OPENERS: dict[str, Callable[[Path], AbstractContextManager[Rig]]] = {
    "sqlite": _sqlite,
    "questdb": _questdb,
    "redis": _redis,
}
# The embedded history lives with its process, and asks for no password.
_CANNOT = {("sqlite", "killed mid-batch"), ("sqlite", "wrong password")}


def drills_of(sink: str) -> list[Drill]:
    """What can happen to it."""
    return [drill for drill in DRILLS if (sink, drill.name) not in _CANNOT]
