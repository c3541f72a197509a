"""Are the tables there, and are they ours? A writer must know: for lines without a table QuestDB makes one
without upsert keys, and then rows that are written twice are there twice."""

from __future__ import annotations

from typing import Any

from actors.runtime.errors import SinkUnavailable
from actors.sinks._questdb_http import Conversation
from actors.sinks._questdb_schema import TABLES, Found, Table

OLDEST = (9, 1)
OLDEST_QWP = (10,)
_NAMES = ", ".join(f"'{table.name}'" for table in TABLES)
_THERE = f"SELECT name, suspended, errorMessage FROM wal_tables() WHERE name IN ({_NAMES})"  # noqa: S608
_WITHOUT_LOG = f"SELECT table_name FROM tables() WHERE NOT walEnabled AND table_name IN ({_NAMES})"  # noqa: S608


async def speaks_qwp(server: Conversation) -> bool:
    """Whether it takes QWP, or lines only. Raises `SinkUnavailable` where the server is too old for us."""
    version = await server.version()
    told = ".".join(map(str, version)) or "of an unknown version"
    if version < OLDEST:
        raise SinkUnavailable(f"this QuestDB is {told}; 9.1 or later is needed, which keeps nanoseconds")
    return version >= OLDEST_QWP


async def prepare(server: Conversation) -> dict[Table, str]:
    """Make the tables that are missing; which of them cannot take our rows, and why.

    Raises `SinkUnavailable` also when one is suspended: what it is given would be kept, and not be seen.
    """
    there = {name: (suspended, error) for name, suspended, error in await server.ask(_THERE)}
    _refuse_suspended(there)
    missing = [table for table in TABLES if table.name not in there]
    for table in missing:
        await server.ask(table.creation())
    return await _misfits(server, any_without_log=bool(missing))


async def _misfits(server: Conversation, *, any_without_log: bool) -> dict[Table, str]:
    without_log = {name for (name,) in await server.ask(_WITHOUT_LOG)} if any_without_log else set()
    columns = _by_table(await server.ask(" UNION ALL ".join(_columns_of(table) for table in TABLES)))
    misfits = {table: table.misfit(columns[table.name]) for table in TABLES}
    for table in TABLES:
        if table.name in without_log:
            misfits[table] = f"the table {table.name} has no write-ahead log: ALTER TABLE … SET TYPE WAL"
    return {table: words for table, words in misfits.items() if words}


def _refuse_suspended(there: dict[str, tuple[bool, str]]) -> None:
    for name, (suspended, error) in there.items():
        if suspended:
            why = f" ({error})" if error else ""
            raise SinkUnavailable(f"the table {name} is suspended{why}: ALTER TABLE {name} RESUME WAL")


def _columns_of(table: Table) -> str:
    return (
        f"SELECT '{table.name}' AS name, \"column\", type, upsertKey, designated "  # noqa: S608
        f"FROM table_columns('{table.name}')"
    )


def _by_table(columns: list[list[Any]]) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {table.name: [] for table in TABLES}
    for table, name, type_, is_key, is_designated in columns:
        found[table].append(Found(name, type_, is_key, is_designated))
    return found
