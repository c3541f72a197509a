"""What a window of time comes to: exact at any bounds, and cheap however long it is.

The whole minutes in the middle are told by the sums that the writer keeps, the two ends by the rows
themselves. Where age has deleted the rows, the ends are left out: such a window is exact to the minute.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from actors.sinks._sqlite_pieces import Piece, joined, piece_of
from actors.sinks._sqlite_reading import instrument_of, open_buckets, state_of
from actors.sinks._sqlite_schema import BUCKET_NS, MINUTE_NS
from actors.sinks.base import InstrumentKey, Stats

Connection = sqlite3.Connection

NO_STATS = Stats(0, None, None, None, None, None, None, None, None, None)


class Traded(NamedTuple):
    """How much was traded. `valued` is the part of `volume` whose `turnover` is known."""

    rows: int
    volume: float
    turnover: float
    valued: float


def stats(connection: Connection, of: InstrumentKey, from_ns: int, to_ns: int) -> Stats:
    """The ticks of [from_ns, to_ns), and what was traded in it."""
    instrument = instrument_of(connection, of)
    if instrument is None or from_ns >= to_ns:
        return NO_STATS
    piece = _ticks(connection, instrument, from_ns, to_ns)
    traded = list(_traded(connection, instrument, from_ns, to_ns))
    known = any(part.rows for part in traded)
    valued = sum(part.valued for part in traded)
    return Stats(
        count=piece.rows if piece else 0,
        minimum=piece.minimum if piece else None,
        maximum=piece.maximum if piece else None,
        average=piece.total / piece.rows if piece else None,
        first=piece.first if piece else None,
        last=piece.last if piece else None,
        first_ts=piece.first_ts if piece else None,
        last_ts=piece.last_ts if piece else None,
        volume=sum(part.volume for part in traded) if known else None,
        vwap=sum(part.turnover for part in traded) / valued if valued else None,
    )


class _Cut(NamedTuple):
    """A window in three: the rows before `middle_ns`, whole minutes, and the rows from `end_ns` on."""

    middle_ns: int
    end_ns: int


def _cut(connection: Connection, table: str, from_ns: int, to_ns: int) -> _Cut:
    """Only sealed minutes are in the middle. Without any, all of the window is before it."""
    sealed_ns = state_of(connection, f"{table}_sealed") * MINUTE_NS
    middle_ns = _minute_from(from_ns) * MINUTE_NS
    end_ns = min(to_ns // MINUTE_NS * MINUTE_NS, sealed_ns)
    return _Cut(middle_ns, end_ns) if middle_ns < end_ns else _Cut(to_ns, to_ns)


def _minute_from(ts: int) -> int:
    return -(-ts // MINUTE_NS)


def _ticks(connection: Connection, instrument: int, from_ns: int, to_ns: int) -> Piece | None:
    cut = _cut(connection, "tick", from_ns, to_ns)
    minutes = connection.execute(
        """SELECT count, minimum, maximum, total, first, first_ts, last, last_ts FROM tick_minute
        WHERE instrument = ? AND minute >= ? AND minute < ? ORDER BY minute""",
        (instrument, _minute_from(cut.middle_ns), cut.end_ns // MINUTE_NS),
    )
    return joined(
        [
            piece_of(_tick_rows(connection, instrument, from_ns, cut.middle_ns)),
            *map(Piece._make, minutes),
            piece_of(_tick_rows(connection, instrument, cut.end_ns, to_ns)),
        ]
    )


def _tick_rows(connection: Connection, instrument: int, from_ns: int, to_ns: int) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    for bucket in open_buckets(connection, "tick", from_ns // BUCKET_NS, (to_ns - 1) // BUCKET_NS):
        found += connection.execute(
            """SELECT ts, price FROM tick
            WHERE bucket = ? AND instrument = ? AND ts >= ? AND ts < ? ORDER BY ts""",
            (bucket, instrument, from_ns, to_ns),
        )
    return found


def _traded(connection: Connection, instrument: int, from_ns: int, to_ns: int) -> Iterator[Traded]:
    """Bars of whole minutes know best: they mend what trades miss. Trades tell the rest of the window."""
    first_ns, last_ns, count, volume, turnover, valued = connection.execute(
        """SELECT min(ts), max(ts), count(*), total(volume), total(turnover),
        total(CASE WHEN turnover IS NULL THEN 0 ELSE volume END) FROM bar
        WHERE instrument = ? AND interval_s = 60 AND ts >= ? AND ts <= ?""",
        (instrument, from_ns, to_ns - MINUTE_NS),
    ).fetchone()
    if not count:
        yield from _trades(connection, instrument, from_ns, to_ns)
        return
    yield Traded(count, volume, turnover, valued)
    yield from _trades(connection, instrument, from_ns, first_ns)
    yield from _trades(connection, instrument, last_ns + MINUTE_NS, to_ns)


def _trades(connection: Connection, instrument: int, from_ns: int, to_ns: int) -> Iterator[Traded]:
    cut = _cut(connection, "trade", from_ns, to_ns)
    count, volume, turnover = connection.execute(
        """SELECT total(count), total(volume), total(turnover) FROM trade_minute
        WHERE instrument = ? AND minute >= ? AND minute < ?""",
        (instrument, _minute_from(cut.middle_ns), cut.end_ns // MINUTE_NS),
    ).fetchone()
    yield Traded(count, volume, turnover, volume)
    for begin_ns, end_ns in ((from_ns, cut.middle_ns), (cut.end_ns, to_ns)):
        for bucket in open_buckets(connection, "trade", begin_ns // BUCKET_NS, (end_ns - 1) // BUCKET_NS):
            count, volume, turnover = connection.execute(
                """SELECT count(*), total(size), total(price * size) FROM trade
                WHERE bucket = ? AND instrument = ? AND ts >= ? AND ts < ?""",
                (bucket, instrument, begin_ns, end_ns),
            ).fetchone()
            yield Traded(count, volume, turnover, volume)
