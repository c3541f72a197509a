"""What liquidations come to, from QuestDB. Nothing enters a statement but whole numbers and quoted names."""

from __future__ import annotations

from actors.market.losses import CHANNEL as WHOLE_HISTORY
from actors.market.rows import LiquidationRow
from actors.sinks._questdb_http import Conversation
from actors.sinks._questdb_pages import asked as told
from actors.sinks._questdb_questions import instant, quoted
from actors.sinks._questdb_schema import GAPS, LIQUIDATIONS
from actors.sinks.base import (
    GAP_BEGINS_BEFORE_NS,
    GAPS_MAX,
    InstrumentKey,
    LiquidationsAsked,
    LiquidationsFound,
    LiquidationSlice,
    liquidation_gap,
)

# ruff: noqa: S608 - every value in these statements is an int or went through `quoted`
_TIME = 'cast("timestamp" as long)'
_UNTIL = "cast(to_ts as long)"
CHANNEL = "liquidations"


async def liquidations_of(server: Conversation, asked: LiquidationsAsked) -> LiquidationsFound:
    """The slices of a window, and the biggest in it. Raises `HistoryTimeout`."""
    slices = [LiquidationSlice(*row) for row in await told(server, slices_question(asked))]
    slices.sort(key=lambda each: (each.ts, each.exchange, each.market, each.side))
    biggest = [LiquidationRow(*row) for row in await told(server, biggest_question(asked))]
    oldest = await told(server, f'SELECT cast(min("timestamp") as long) FROM "{LIQUIDATIONS.name}"')
    gaps = [liquidation_gap(*row) for row in await told(server, gaps_question(asked))]
    return LiquidationsFound(slices, biggest, oldest[0][0] if oldest else None, gaps)


def slices_question(asked: LiquidationsAsked) -> str:
    """Count and value of every slice, market and side."""
    slice_ns = int(asked.slice_ns)
    return (
        f"SELECT {_TIME} / {slice_ns} * {slice_ns} AS slice, exchange, market, side, count(), "
        f'sum(price * size) FROM "{LIQUIDATIONS.name}" WHERE {_conditions(asked)} '
        "GROUP BY slice, exchange, market, side"
    )


def biggest_question(asked: LiquidationsAsked) -> str:
    """Those that are worth most."""
    return (
        f"SELECT ts, exchange, market, symbol, side, price, size FROM (SELECT {_TIME} AS ts, exchange, "
        f'market, symbol, side, price, size, price * size AS value FROM "{LIQUIDATIONS.name}" '
        f"WHERE {_conditions(asked)}) ORDER BY value DESC, ts DESC LIMIT {int(asked.biggest_max)}"
    )


def gaps_question(asked: LiquidationsAsked) -> str:
    """What is missing; what all instruments of a market missed in the same second is told once."""
    whose = " AND ".join([f"channel = {quoted(CHANNEL)}", *_whose(asked)])
    return (
        "SELECT ts, to_ts, exchange, market, instruments FROM (SELECT "
        f"min({_TIME}) AS ts, max({_UNTIL}) AS to_ts, exchange, market, count() AS instruments, "
        f"{_TIME} / 1000000000 AS begin, {_UNTIL} / 1000000000 AS until "
        f'FROM "{GAPS.name}" WHERE "timestamp" >= {instant(asked.from_ns - GAP_BEGINS_BEFORE_NS)} '
        f'AND "timestamp" < {instant(asked.to_ns)} AND NOT healed '
        f"AND (to_ts IS NULL OR to_ts >= {instant(asked.from_ns)}) "
        f"AND (channel = {quoted(WHOLE_HISTORY)} OR ({whose})) "
        f"GROUP BY exchange, market, begin, until) ORDER BY ts, exchange, market LIMIT {GAPS_MAX}"
    )


def _conditions(asked: LiquidationsAsked) -> str:
    conditions = [
        f'"timestamp" >= {instant(asked.from_ns)}',
        f'"timestamp" < {instant(asked.to_ns)}',
        f"price * size >= {int(asked.value_min)}",
        *_whose(asked),
    ]
    return " AND ".join(conditions)


def _whose(asked: LiquidationsAsked) -> list[str]:
    given = {"exchange": asked.exchange, "market": asked.market}
    conditions = [f"{name} = {quoted(value)}" for name, value in given.items() if value is not None]
    if asked.of is not None:
        conditions.append(f"({' OR '.join(map(_is, asked.of)) or 'false'})")
    return conditions


def _is(of: InstrumentKey) -> str:
    names = {"exchange": of.exchange, "market": of.market, "symbol": of.symbol}
    return f"({' AND '.join(f'{column} = {quoted(name)}' for column, name in names.items())})"
