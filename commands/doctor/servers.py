"""The servers that the settings name beside the exchanges: sinks, and the bus between several machines."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from actors.bus.configured import connect_of
from actors.runtime.errors import FeedError, SettingsError, SinkError, leaf_errors
from actors.runtime.settings import Settings
from actors.sinks.configured import DATABASE
from commands.doctor.findings import Subject

_EXTRA = "install its client: pip install 'tickwell[{0}]'"


def questions(settings: Settings) -> dict[str, Callable[[], Awaitable[str]]]:
    """What is asked of every server that is wanted; the answer is words, the subject its section."""
    asked: dict[str, Callable[[], Awaitable[str]]] = {}
    if settings.questdb.enabled:
        asked["sink:questdb"] = lambda: _questdb(settings)
    if settings.redis.enabled:
        asked["sink:redis"] = lambda: _redis(settings)
    if settings.nats.enabled:
        asked["sink:nats"] = lambda: _nats(settings)
    if settings.bus.is_used:
        asked["bus"] = lambda: _bus(settings)
    return asked


async def examine_server(subject: Subject, question: Callable[[], Awaitable[str]]) -> None:
    """Ask, and say what came of it."""
    kind = subject.name.removeprefix("sink:")
    try:
        subject.ok("connection", await question())
    except ImportError:
        subject.fail("connection", "its client is not installed", _EXTRA.format(kind))
    except Exception as error:
        cause = leaf_errors(error)[0]
        if not isinstance(cause, SinkError | FeedError | SettingsError):
            raise
        advice = f"start the server, open the way to it, or correct the address: [{subject.name}] url"
        subject.fail("connection", str(cause), advice)


def examine_history(subject: Subject, settings: Settings) -> None:
    """Whether the embedded history can be read. A hub may be writing it meanwhile."""
    path = Path(settings.data.directory).absolute() / DATABASE
    if not path.exists():
        subject.ok("history", f"{path} will be made")
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as database:
            tables = database.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone()
        subject.ok("history", f"{path}: {path.stat().st_size >> 20} MB in {tables[0]} tables")
    except (sqlite3.Error, OSError) as error:
        advice = "put the file aside, with its -wal and -shm, and keep a copy: the next start makes a new one"
        subject.fail("history", f"{path}: {error}", advice)


async def _questdb(settings: Settings) -> str:
    from actors.sinks._questdb_address import Address
    from actors.sinks._questdb_http import Doors
    from actors.sinks._questdb_tables import speaks_qwp

    address = Address.parse(settings.questdb.url)
    async with Doors(address, 5.0).open() as server:
        await speaks_qwp(server)
        await server.ask("SELECT 1")
        version = ".".join(map(str, await server.version()))
    return f"{address}, version {version}"


async def _redis(settings: Settings) -> str:
    from actors.sinks._redis_address import Address
    from actors.sinks.redis import RedisSink

    sink = RedisSink(settings.redis.url)
    try:
        await sink.open()
    finally:
        await sink.aclose()
    return f"{Address.parse(settings.redis.url)} lets us in"


async def _nats(settings: Settings) -> str:
    from actors.nats.address import Address
    from actors.nats.link import linked

    address = Address.parse(settings.nats.url)
    async with linked(address):
        return f"{address} lets us in"


async def _bus(settings: Settings) -> str:
    async with connect_of(settings.bus)() as bus:
        extent, nodes = await bus.extent(), await bus.nodes()
    alive = f"{len(nodes)} nodes alive" + (f" ({', '.join(sorted(nodes))})" if nodes else "")
    return f"{settings.bus.kind}: {extent.newest - extent.kept_after} messages kept, {alive}"
