"""Ten million rows of history in one file, as the hub itself would have written them.

Of the liquid instruments a ticker and a trade every second of the last 25 hours, of all others a ticker every
half minute; of half of the instruments a week of minute bars. SQLite makes the rows, in the order of their
keys; what each minute comes to is made by the writer's own code.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from actors.sinks._sqlite_files import connect
from actors.sinks._sqlite_schema import BUCKET_NS, NS_PER_S, migrate
from actors.sinks._sqlite_writing import Writer, transaction
from benchmarks.harness import ROOT, say
from benchmarks.wire import symbol

PATH = ROOT / "benchmarks" / "results" / "past.db"
INSTRUMENTS, LIQUID, WITH_BARS = 600, 30, 300
HOURS, BAR_DAYS = 25, 7
FRESH_S = 1800.0

_NUMBERS = """CREATE TEMP TABLE number AS WITH RECURSIVE up (n) AS
    (SELECT 0 UNION ALL SELECT n + 1 FROM up WHERE n < 10079) SELECT n FROM up"""
_SECONDS = "CREATE TEMP TABLE second (n INTEGER PRIMARY KEY)"
# Each statement is given the first bucket or minute, and how many there are. CROSS JOIN keeps their order.
_TICKS = f"""INSERT INTO tick SELECT
    ?1 + number.n, id, (?1 + number.n) * {BUCKET_NS} + second.n * {NS_PER_S} + id,
    100 + id + abs(random() % 100) * 0.01, 65000.5, 106.0 + id, 95.0 + id, 1.25, 99.9 + id, 100.1 + id
    FROM number CROSS JOIN instrument CROSS JOIN second WHERE number.n < ?2 AND second.n <
    CASE WHEN id <= {LIQUID} THEN 10 ELSE (number.n + id) % 3 = 0 END"""
_TRADES = f"""INSERT INTO trade SELECT
    ?1 + number.n, id, (?1 + number.n) * {BUCKET_NS} + second.n * {NS_PER_S} + id,
    (number.n * 10 + second.n) * {LIQUID} + id, 100 + id + abs(random() % 100) * 0.01, 0.125, 'buy', 1, 0
    FROM number CROSS JOIN instrument CROSS JOIN second WHERE number.n < ?2 AND id <= {LIQUID}"""
_BARS = f"""INSERT INTO bar SELECT id, 60, (?1 + number.n) * {60 * NS_PER_S},
    100.5 + id, 101.0 + id, 99.0 + id, 100.7 + id, 1250.5, 125050.0, 420, 600.25, 1, 1, 0, 'trades'
    FROM instrument CROSS JOIN number WHERE number.n < ?2 AND id <= {WITH_BARS}"""
_LATEST = """INSERT INTO latest
    SELECT instrument, max(ts), price, volume, high_24h, low_24h, change_24h, bid, ask
    FROM tick WHERE bucket >= ? GROUP BY instrument"""


def prepare(target: Path) -> None:
    """Put a copy of the file where a hub will write on. One that is older than half an hour is made anew."""
    if not PATH.exists() or time.time() - PATH.stat().st_mtime > FRESH_S:
        say("  making ten million rows")
        PATH.parent.mkdir(exist_ok=True)
        PATH.unlink(missing_ok=True)
        fresh = PATH.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        make(fresh, time.time_ns())
        fresh.rename(PATH)
    shutil.copyfile(PATH, target)


def make(path: Path, now_ns: int, hours: int = HOURS, bar_days: int = BAR_DAYS) -> None:
    """A file with the ticks and trades of so many hours before `now_ns`, and the bars of so many days."""
    with closing(connect(path)) as connection:
        migrate(connection)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_NUMBERS)
        connection.execute(_SECONDS)
        connection.executemany("INSERT INTO second VALUES (?)", [(second,) for second in range(10)])
        with transaction(connection):
            fill(connection, now_ns, hours, bar_days)
        writer = Writer(connection)  # it finds all minutes unsealed
        with transaction(connection):
            for minutes in (writer.ticks, writer.trades):
                minutes.seal(now_ns, 1 << 62)
        connection.execute("PRAGMA journal_mode = DELETE")


def fill(connection: sqlite3.Connection, now_ns: int, hours: int, bar_days: int) -> None:
    """All rows but the sums."""
    names = [("bybit", "linear", symbol(number)) for number in range(INSTRUMENTS)]
    connection.executemany("INSERT INTO instrument VALUES (NULL, ?, ?, ?)", names)
    buckets, minutes = hours * 360, bar_days * 1440
    bucket, minute = now_ns // BUCKET_NS - buckets, now_ns // (60 * NS_PER_S) - minutes
    connection.execute(_TICKS, (bucket, buckets))
    connection.execute(_TRADES, (bucket, buckets))
    connection.execute(_BARS, (minute, minutes))
    connection.execute(_LATEST, (bucket + buckets - 6,))


def size() -> tuple[int, int]:
    """Rows and bytes of the prepared file, without the sums."""
    with closing(sqlite3.connect(PATH)) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("tick", "trade", "bar")
        ]
    return sum(counts), PATH.stat().st_size
