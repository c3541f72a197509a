"""Questions to QuestDB as SQL. Its HTTP interface binds no parameters, so nothing enters a statement but
numbers that are `int` and names that pass `quoted`."""

from __future__ import annotations

from actors.market.losses import EVERYTHING
from actors.sinks._questdb_schema import BARS, GAPS, MARKET_DATA, TIMESTAMP, TRADES, Column, Table
from actors.sinks.base import InstrumentKey, Order

MINUTE_S, DAY_S = 60, 86_400
MINUTE_NS = MINUTE_S * 1_000_000_000
LATEST_WITHIN_NS = 7 * 86_400 * 1_000_000_000
NAME_CHARACTERS_MAX = 64
_BESIDE_LETTERS_AND_DIGITS = frozenset("-_.:@/+ ")
_OF_ALL = " AND ".join(f"{name} = '{EVERYTHING}'" for name in ("exchange", "market", "symbol"))

# ruff: noqa: S608 - every value in these statements is an int or went through `quoted`


def quoted(name: str) -> str:
    """A name as a literal. Raises `ValueError` for whatever is in no exchange's spelling, quotes among it."""
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or not all(map(_is_harmless, name)):
        raise ValueError(f"{name[:NAME_CHARACTERS_MAX]!r} names no exchange, market or symbol")
    return f"'{name}'"


def instant(ns: int) -> str:
    """A moment; in this form QuestDB finds it by its partitions."""
    return f"cast({int(ns)} as timestamp_ns)"


def page(
    table: Table, of: InstrumentKey, *, lowest_ns: int | None, end_ns: int | None, order: Order, rows: int,
    interval_s: int | None = None, reach_ns: int | None = None,
) -> str:  # fmt: skip
    """The next rows of an instrument from `lowest_ns` (inclusive) to `end_ns` (exclusive), by time alone:
    sorted by anything more, QuestDB would read the whole range for each page. Of gaps, only those that last
    until `reach_ns`, and also those of all history."""
    direction = "DESC" if order == "newest" else "ASC"
    conditions = _conditions(of, lowest_ns, end_ns, interval_s, table, reach_ns)
    return (
        f'SELECT {_all_of(table)} FROM "{table.name}" WHERE {conditions} '
        f'ORDER BY "timestamp" {direction} LIMIT {int(rows)}'
    )


def moment(table: Table, of: InstrumentKey, ns: int, reach_ns: int | None = None) -> str:
    """All rows of an instrument at one moment."""
    conditions = _conditions(of, ns, ns + 1, None, table, reach_ns)
    return f'SELECT {_all_of(table)} FROM "{table.name}" WHERE {conditions}'


def newest() -> str:
    """When the newest tick of all was; one of a clock that was ahead is none."""
    return f'SELECT cast(max("timestamp") as long) FROM "{MARKET_DATA.name}" WHERE "timestamp" <= now()'


def latest(exchange: str | None, market: str | None, newest_ns: int) -> str:
    """The newest tick of every instrument that has one within a week of the newest of all: without a bound,
    QuestDB would read all that was ever written to find who was silent for longest."""
    given = {"exchange": exchange, "market": market}
    conditions = [f"{name} = {quoted(value)}" for name, value in given.items() if value is not None]
    conditions.append(f'"timestamp" > {instant(newest_ns - LATEST_WITHIN_NS)}')
    return (
        f'SELECT {_all_of(MARKET_DATA)} FROM "{MARKET_DATA.name}" WHERE {" AND ".join(conditions)} '
        f'LATEST ON "timestamp" PARTITION BY exchange, market, symbol'
    )


def instruments() -> str:
    """Every instrument that has a bar of a day: these are few, and everything that trades has one."""
    return f'SELECT DISTINCT exchange, market, symbol FROM "{BARS.name}" WHERE interval_s = {DAY_S}'


def end_open_gaps(ns: int) -> str:
    """The statement that ends what is open since before a moment."""
    return (
        f'UPDATE "{GAPS.name}" SET to_ts = {instant(ns)} WHERE to_ts IS NULL AND "timestamp" < {instant(ns)}'
    )


def tick_stats(of: InstrumentKey, from_ns: int, to_ns: int) -> str:
    """Count, minimum, maximum, average, first, last, and when the first and the last were."""
    return (
        "SELECT count(), min(price), max(price), avg(price), first(price), last(price), "
        'cast(first("timestamp") as long), cast(last("timestamp") as long) '
        f'FROM "{MARKET_DATA.name}" WHERE {_conditions(of, from_ns, to_ns, None)}'
    )


def bars_traded(of: InstrumentKey, from_ns: int, to_ns: int) -> str:
    """Of the minutes that lie in a window whole: the first, the last, count, volume, turnover, and the volume
    of those whose turnover is known."""
    conditions = _conditions(of, from_ns, to_ns - MINUTE_NS + 1, MINUTE_S)
    return (
        'SELECT cast(min("timestamp") as long), cast(max("timestamp") as long), count(), sum(volume), '
        "sum(turnover), sum(CASE WHEN turnover IS NULL THEN 0.0 ELSE volume END) "
        f'FROM "{BARS.name}" WHERE {conditions}'
    )


def trades_traded(of: InstrumentKey, from_ns: int, to_ns: int) -> str:
    """Count, volume and turnover of the trades of a window."""
    conditions = _conditions(of, from_ns, to_ns, None)
    return f'SELECT count(), sum(size), sum(price * size) FROM "{TRADES.name}" WHERE {conditions}'


def _conditions(
    of: InstrumentKey, lowest_ns: int | None, end_ns: int | None, interval_s: int | None,
    table: Table | None = None, reach_ns: int | None = None,
) -> str:  # fmt: skip
    own = (
        f"exchange = {quoted(of.exchange)} AND market = {quoted(of.market)} AND symbol = {quoted(of.symbol)}"
    )
    conditions = [f"({own} OR {_OF_ALL})" if table is GAPS else own]
    if reach_ns is not None:
        conditions.append(f'("to_ts" IS NULL OR "to_ts" >= {instant(reach_ns)})')
    if interval_s is not None:
        conditions.append(f"interval_s = {int(interval_s)}")
    if lowest_ns is not None:
        conditions.append(f'"timestamp" >= {instant(lowest_ns)}')
    if end_ns is not None:
        conditions.append(f'"timestamp" < {instant(end_ns)}')
    return " AND ".join(conditions)


def _all_of(table: Table) -> str:
    return ", ".join(map(_told, table.columns))


def _told(column: Column) -> str:
    return f'cast("{column.name}" as long)' if column.type == TIMESTAMP else f'"{column.name}"'


def _is_harmless(character: str) -> bool:
    return character.isalnum() or character in _BESIDE_LETTERS_AND_DIGITS
