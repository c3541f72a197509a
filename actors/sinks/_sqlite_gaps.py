"""What is missing: the gaps of one instrument, and those of all history, from the embedded history."""

from __future__ import annotations

import sqlite3
from typing import Any

from actors.market.losses import EVERYTHING
from actors.market.rows import GapRow
from actors.sinks._sqlite_reading import Page, instrument_of
from actors.sinks.base import InstrumentKey

ALL_OF_HISTORY = InstrumentKey(EVERYTHING, EVERYTHING, EVERYTHING)


def gaps(connection: sqlite3.Connection, of: InstrumentKey, page: Page) -> list[GapRow]:
    """The gaps that overlap a page's time. Both ends of a gap belong to it; an open one has no end."""
    beyond = "" if page.after is None else f"AND (ts, channel) {page.beyond} (?, ?)"
    query = f"""SELECT ts, exchange, market, symbol, channel, to_ts, cause, reason, missed, recovered, healed
        FROM gap CROSS JOIN instrument ON instrument.id = gap.instrument
        WHERE instrument IN (?, ?) AND ts < ? AND (to_ts IS NULL OR to_ts >= ?) {beyond}
        ORDER BY ts {page.order}, channel {page.order} LIMIT ?"""  # noqa: S608 - words of ours
    instruments = (instrument_of(connection, each) for each in (of, ALL_OF_HISTORY))
    asked = (*instruments, page.to_ns, page.from_ns, *(page.after or ()), page.limit)
    return [_gap(*row) for row in connection.execute(query, asked)]


def _gap(ts: int, *rest: Any) -> GapRow:
    *told, healed = rest
    return GapRow(ts, *(*told, bool(healed)))
