"""What liquidations come to, from the embedded history. They are clustered by time: a window is one range."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any

from actors.market.losses import CHANNEL as WHOLE_HISTORY
from actors.market.rows import LiquidationRow
from actors.sinks._sqlite_reading import instrument_of
from actors.sinks.base import (
    GAP_BEGINS_BEFORE_NS,
    GAPS_MAX,
    InstrumentKey,
    LiquidationGap,
    LiquidationsAsked,
    LiquidationsFound,
    LiquidationSlice,
    liquidation_gap,
)

SECOND_NS = 1_000_000_000
_FROM = "FROM liquidation CROSS JOIN instrument ON instrument.id = liquidation.instrument WHERE"
NOTHING = LiquidationsFound([], [], None, [])


def liquidations(connection: Connection, asked: LiquidationsAsked) -> LiquidationsFound:
    """The slices of a window, and the biggest in it."""
    conditions, values = _conditions(connection, asked)
    slices = connection.execute(
        f"""SELECT ts / ? * ? AS slice, exchange, market, side, count(*), sum(price * size)
        {_FROM} {conditions} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
        (asked.slice_ns, asked.slice_ns, *values),
    )
    biggest = connection.execute(
        f"""SELECT ts, exchange, market, symbol, side, price, size
        {_FROM} {conditions} ORDER BY price * size DESC, ts DESC LIMIT ?""",
        (*values, asked.biggest_max),
    )
    found = [LiquidationSlice(*row) for row in slices], [LiquidationRow(*row) for row in biggest]
    (since_ns,) = connection.execute("SELECT min(ts) FROM liquidation").fetchone()
    return LiquidationsFound(*found, since_ns, _gaps(connection, asked))


def _gaps(connection: Connection, asked: LiquidationsAsked) -> list[LiquidationGap]:
    """What all instruments of a market missed in the same second is told once."""
    conditions, values = _whose(connection, asked)
    rows = connection.execute(
        f"""SELECT min(ts), max(to_ts), exchange, market, count(*)
        FROM gap CROSS JOIN instrument ON instrument.id = gap.instrument
        WHERE ts >= ? AND ts < ? AND (to_ts IS NULL OR to_ts >= ?) AND NOT healed
        AND (channel = ? OR (channel = ? {conditions}))
        GROUP BY exchange, market, ts / ?, to_ts / ? ORDER BY 1, 3, 4 LIMIT ?""",  # noqa: S608 - words of ours
        (
            *(asked.from_ns - GAP_BEGINS_BEFORE_NS, asked.to_ns, asked.from_ns),
            *(WHOLE_HISTORY, "liquidations", *values, SECOND_NS, SECOND_NS, GAPS_MAX),
        ),
    )
    return [liquidation_gap(*row) for row in rows]


def _conditions(connection: Connection, asked: LiquidationsAsked) -> tuple[str, list[Any]]:
    conditions, values = _whose(connection, asked)
    when = "ts >= ? AND ts < ? AND price * size >= ?"
    return f"{when} {conditions}", [asked.from_ns, asked.to_ns, asked.value_min, *values]


def _whose(connection: Connection, asked: LiquidationsAsked) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for column, value in (("exchange", asked.exchange), ("market", asked.market)):
        if value is not None:
            conditions.append(f"AND {column} = ?")
            values.append(value)
    if asked.of is not None:
        known = _known(connection, asked.of)
        conditions.append(f"AND instrument IN ({', '.join('?' * len(known))})")
        values += known
    return " ".join(conditions), values


def _known(connection: Connection, of: tuple[InstrumentKey, ...]) -> list[int]:
    found = (instrument_of(connection, each) for each in of)
    return [number for number in found if number is not None]
