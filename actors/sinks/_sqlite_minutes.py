"""What each minute of an instrument comes to, kept up to date by the writer.

A minute that is over is sealed once, from its rows, a few instruments with each write. A row that comes
later makes its minute anew at once. So a reader may trust every minute before the sealed one, and looks at
rows only for what is newer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from actors.sinks._sqlite_pieces import piece_of
from actors.sinks._sqlite_schema import BUCKETS_PER_MINUTE, MINUTE_NS, NS_PER_S

# So long after its end, a minute is over: rows that come later are rare, and cost a little more.
GRACE_NS = 5 * NS_PER_S
AT_ONCE = 300

Make = Callable[[sqlite3.Connection, int, int], None]

_IN_MINUTE = "instrument = ? AND bucket IN (?, ?, ?, ?, ?, ?)"
_TICKS = f"SELECT ts, price FROM tick WHERE {_IN_MINUTE} ORDER BY ts"  # noqa: S608 - a constant
_KEEP_TICKS = "INSERT OR REPLACE INTO tick_minute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP_TRADES = f"""INSERT OR REPLACE INTO trade_minute
    SELECT ?, ?, count(*), total(size), total(price * size) FROM trade WHERE {_IN_MINUTE}"""  # noqa: S608


def buckets_of(minute: int) -> range:
    """The buckets of a minute, oldest first."""
    return range(minute * BUCKETS_PER_MINUTE, (minute + 1) * BUCKETS_PER_MINUTE)


def make_tick_minute(connection: sqlite3.Connection, instrument: int, minute: int) -> None:
    """What the ticks of a minute come to, from its rows."""
    ticks = connection.execute(_TICKS, (instrument, *buckets_of(minute))).fetchall()
    piece = piece_of(ticks)
    if piece is not None:
        connection.execute(_KEEP_TICKS, (instrument, minute, *piece))


def make_trade_minute(connection: sqlite3.Connection, instrument: int, minute: int) -> None:
    """What the trades of a minute come to, from its rows."""
    connection.execute(_KEEP_TRADES, (instrument, minute, instrument, *buckets_of(minute)))


class Minutes:
    """The minutes of one table, `tick` or `trade`. All of it happens inside the writer's transactions."""

    def __init__(self, connection: sqlite3.Connection, table: str, make: Make) -> None:
        self._connection = connection
        self._table = table
        self._make = make
        self._open: dict[int, set[int]] = {}
        self.sealed = self._state("sealed")
        self.swept_ns = self._state("swept")
        self._recall()

    def _state(self, name: str) -> int:
        asked = (f"{self._table}_{name}",)
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", asked).fetchone()
        return int(row[0]) if row else 0

    def _recall(self) -> None:
        """The minutes that are not sealed yet, after a restart."""
        seen = self._connection.execute(
            f"SELECT DISTINCT bucket, instrument FROM {self._table} WHERE bucket >= ?",  # noqa: S608
            (self.sealed * BUCKETS_PER_MINUTE,),
        )
        for bucket, instrument in seen:
            self._open.setdefault(bucket // BUCKETS_PER_MINUTE, set()).add(instrument)

    def note(self, rows: Iterable[tuple[int, int]]) -> None:
        """Rows were written: (instrument, ts) of each."""
        for minute, instrument in {(ts // MINUTE_NS, instrument) for instrument, ts in rows}:
            if minute >= self.sealed:
                self._open.setdefault(minute, set()).add(instrument)
            elif minute * MINUTE_NS >= self.swept_ns:  # of a minute that lost rows to age, the old sums stay
                self._make(self._connection, instrument, minute)

    def seal(self, now_ns: int, at_most: int = AT_ONCE) -> None:
        """Seal minutes that are over, oldest first: so many of an instrument each."""
        while at_most > 0 and self._open:
            minute = min(self._open)
            if (minute + 1) * MINUTE_NS + GRACE_NS > now_ns:
                return
            waiting = self._open[minute]
            while waiting and at_most > 0:
                self._make(self._connection, waiting.pop(), minute)
                at_most -= 1
            if not waiting:
                del self._open[minute]
                self.sealed = minute + 1
                self._keep("sealed", self.sealed)

    def swept(self, upto_ns: int) -> None:
        """Rows before this moment are being deleted."""
        self.swept_ns = upto_ns
        self._keep("swept", upto_ns)

    def _keep(self, name: str, value: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO state VALUES (?, ?)", (f"{self._table}_{name}", value)
        )
