"""Questions to the embedded history, each a plain function of a connection that answers with one page.

Ticks and trades are looked up bucket by bucket. Which buckets hold any of an instrument: of sealed minutes
`tick_minute` and `trade_minute` tell it; newer ones are few, and each is tried.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from actors.market.losses import EVERYTHING
from actors.market.rows import BarRow, TickRow, TradeRow
from actors.sinks._sqlite_minutes import buckets_of
from actors.sinks._sqlite_schema import BUCKET_NS, BUCKETS_PER_MINUTE
from actors.sinks._sqlite_trade_ids import stored_id, told_id
from actors.sinks.base import InstrumentKey, Span

NEVER_NS = (1 << 63) - 1
MINUTES_AT_ONCE = 32

Connection = sqlite3.Connection


class Page(Struct, frozen=True):
    """What is asked for: `limit` rows of [from_ns, to_ns), `newest` first or oldest, beyond `after`."""

    from_ns: int
    to_ns: int
    limit: int
    newest: bool
    after: tuple[int, str] | None

    @property
    def order(self) -> str:
        """The word of SQL for it."""
        return "DESC" if self.newest else "ASC"

    @property
    def beyond(self) -> str:
        """How what comes later compares."""
        return "<" if self.newest else ">"


def page_of(span: Span, after: tuple[int, str] | None, limit: int) -> Page:
    """One page of a span. Moments that no row can have are cut off."""
    from_ns = 0 if span.from_ns is None else min(max(span.from_ns, 0), NEVER_NS)
    to_ns = NEVER_NS if span.to_ns is None else min(max(span.to_ns, 0), NEVER_NS)
    newest = span.order == "newest"
    if after is not None and newest:
        to_ns = min(to_ns, max(after[0], -1) + 1)
    elif after is not None:
        from_ns = max(from_ns, min(after[0], NEVER_NS))
    return Page(from_ns, to_ns, limit, newest, after)


def instrument_of(connection: Connection, of: InstrumentKey) -> int | None:
    """The number of an instrument; `None` if nothing of it was ever written."""
    row = connection.execute(
        "SELECT id FROM instrument WHERE exchange = ? AND market = ? AND symbol = ?",
        (of.exchange, of.market, of.symbol),
    ).fetchone()
    return None if row is None else row[0]


def state_of(connection: Connection, name: str) -> int:
    """What the writer noted down, 0 without a note."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else row[0]


def latest(connection: Connection, exchange: str | None, market: str | None) -> list[TickRow]:
    """The newest tick of every instrument, or of those of one exchange or market."""
    rows = connection.execute(
        """SELECT ts, exchange, market, symbol, price, volume, high_24h, low_24h, change_24h, bid, ask
        FROM latest CROSS JOIN instrument ON instrument.id = latest.instrument
        WHERE exchange = coalesce(?, exchange) AND market = coalesce(?, market)""",
        (exchange, market),
    )
    return [TickRow(*row) for row in rows]


def instruments(connection: Connection) -> list[InstrumentKey]:
    """All that rows were ever kept of."""
    names = connection.execute("SELECT exchange, market, symbol FROM instrument")
    return [InstrumentKey(*each) for each in names if EVERYTHING not in each]


class Kept(NamedTuple):
    """A table that is clustered by buckets: its name, its columns, what tells rows of one moment apart."""

    table: str
    columns: str
    tie: str


TICKS = Kept("tick", "ts, price, volume, high_24h, low_24h, change_24h, bid, ask", "ts")
TRADES = Kept("trade", "ts, trade_id, price, size, side, count, backfill", "trade_id")


def ticks(connection: Connection, of: InstrumentKey, page: Page) -> list[TickRow]:
    """The ticks of an instrument."""
    names = (of.exchange, of.market, of.symbol)
    after = None if page.after is None else (page.after[0], page.after[0])
    return [TickRow(ts, *names, *rest) for ts, *rest in _rows(connection, TICKS, of, page, after)]


def trades(connection: Connection, of: InstrumentKey, page: Page) -> list[TradeRow]:
    """The trades of an instrument."""
    names = (of.exchange, of.market, of.symbol)
    after = None if page.after is None else (page.after[0], stored_id(page.after[1]))
    return [
        TradeRow(ts, *names, told_id(trade_id), price, size, side, count, bool(backfill))
        for ts, trade_id, price, size, side, count, backfill in _rows(connection, TRADES, of, page, after)
    ]


def _rows(
    connection: Connection, kept: Kept, of: InstrumentKey, page: Page, after: tuple[int, Any] | None
) -> list[tuple[Any, ...]]:
    instrument = instrument_of(connection, of)
    if instrument is None or page.from_ns >= page.to_ns:
        return []
    beyond = "" if after is None else f"AND (ts, {kept.tie}) {page.beyond} (?, ?)"
    query = f"""SELECT {kept.columns} FROM {kept.table}
        WHERE bucket = ? AND instrument = ? AND ts >= ? AND ts < ? {beyond}
        ORDER BY ts {page.order}, {kept.tie} {page.order} LIMIT ?"""  # noqa: S608 - words of ours
    found: list[tuple[Any, ...]] = []
    for bucket in _buckets(connection, kept.table, instrument, page):
        asked = (bucket, instrument, page.from_ns, page.to_ns, *(after or ()), page.limit - len(found))
        found += connection.execute(query, asked)
        if len(found) >= page.limit:
            break
    return found


def _buckets(connection: Connection, table: str, instrument: int, page: Page) -> Iterator[int]:
    """The buckets that may hold rows of a page, in its order. What age has deleted is not looked for."""
    from_ns = max(page.from_ns, state_of(connection, f"{table}_swept"))
    first, last = from_ns // BUCKET_NS, (page.to_ns - 1) // BUCKET_NS
    sealed = state_of(connection, f"{table}_sealed")
    told = _told_buckets(connection, table, instrument, first, last, sealed, page)
    tried = open_buckets(connection, table, max(first, sealed * BUCKETS_PER_MINUTE), last)
    if page.newest:
        yield from reversed(tried)
        yield from told
    else:
        yield from told
        yield from tried


def _told_buckets(
    connection: Connection, table: str, instrument: int, first: int, last: int, sealed: int, page: Page
) -> Iterator[int]:
    query = f"""SELECT minute FROM {table}_minute WHERE instrument = ? AND minute BETWEEN ? AND ?
        ORDER BY minute {page.order} LIMIT ?"""  # noqa: S608 - words of ours
    oldest, newest = first // BUCKETS_PER_MINUTE, min(last // BUCKETS_PER_MINUTE, sealed - 1)
    while True:
        asked = (instrument, oldest, newest, MINUTES_AT_ONCE)
        minutes = [minute for (minute,) in connection.execute(query, asked)]
        for minute in minutes:
            buckets = buckets_of(minute)
            inside = [bucket for bucket in buckets if first <= bucket <= last]
            yield from reversed(inside) if page.newest else inside
        if len(minutes) < MINUTES_AT_ONCE:
            return
        if page.newest:
            newest = minutes[-1] - 1
        else:
            oldest = minutes[-1] + 1


def open_buckets(connection: Connection, table: str, first: int, last: int) -> list[int]:
    """The buckets of a range that hold anything at all, oldest first: each found by one step."""
    query = f"SELECT min(bucket) FROM {table} WHERE bucket BETWEEN ? AND ?"  # noqa: S608 - a name of ours
    found: list[int] = []
    while True:
        (bucket,) = connection.execute(query, (first, last)).fetchone()
        if bucket is None:
            return found
        found.append(bucket)
        first = bucket + 1


def bars(connection: Connection, of: InstrumentKey, interval_s: int, page: Page) -> list[BarRow]:
    """The bars of one length of an instrument."""
    from_ns, to_ns = _without(page)
    query = f"""SELECT ts, open, high, low, close, volume, turnover, trades, taker_buy_volume,
        closed, revision, gap, source FROM bar WHERE instrument = ? AND interval_s = ? AND ts >= ? AND ts < ?
        ORDER BY ts {page.order} LIMIT ?"""  # noqa: S608 - a word of ours
    rows = connection.execute(query, (instrument_of(connection, of), interval_s, from_ns, to_ns, page.limit))
    return [_bar(of, interval_s, *row) for row in rows]


def _bar(of: InstrumentKey, interval_s: int, ts: int, *rest: Any) -> BarRow:
    *numbers, closed, revision, gap, source = rest
    values = (interval_s, *numbers, bool(closed), revision, bool(gap), source)
    return BarRow(ts, of.exchange, of.market, of.symbol, *values)


def _without(page: Page) -> tuple[int, int]:
    """The bounds without the moment where the last page ended: no two bars of one length share one."""
    if page.after is None:
        return page.from_ns, page.to_ns
    if page.newest:
        return page.from_ns, min(page.to_ns, page.after[0])
    return max(page.from_ns, page.after[0] + 1), page.to_ns
