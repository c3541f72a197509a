"""Funding rates as they were, from the embedded history."""

from __future__ import annotations

from sqlite3 import Connection

from actors.market.rows import FundingRow
from actors.sinks._sqlite_reading import Page, instrument_of
from actors.sinks.base import InstrumentKey


def funding(connection: Connection, of: InstrumentKey, page: Page, every_ns: int = 0) -> list[FundingRow]:
    """The funding rates of an instrument; with `every_ns`, the last of each such slice of time."""
    slice_ns = every_ns or 1  # no two rates of an instrument share a moment
    from_ns, to_ns = _without(page, slice_ns)
    query = f"""SELECT max(ts), funding_rate, funding_interval_h, next_funding_ts, mark_price, index_price,
        open_interest FROM funding_rate WHERE instrument = ? AND ts >= ? AND ts < ?
        GROUP BY ts / ? ORDER BY ts / ? {page.order} LIMIT ?"""  # noqa: S608 - a word of ours
    asked = (instrument_of(connection, of), from_ns, to_ns, slice_ns, slice_ns, page.limit)
    names = (of.exchange, of.market, of.symbol)
    return [FundingRow(ts, *names, *rest) for ts, *rest in connection.execute(query, asked)]


def _without(page: Page, slice_ns: int) -> tuple[int, int]:
    """The bounds without the slice where the last page ended."""
    if page.after is None:
        return page.from_ns, page.to_ns
    start_ns = page.after[0] // slice_ns * slice_ns
    if page.newest:
        return page.from_ns, min(page.to_ns, start_ns)
    return max(page.from_ns, start_ns + slice_ns), page.to_ns
