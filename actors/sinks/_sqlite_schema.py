"""The tables of the embedded history, and how a file of an older version becomes one of this version.

Ticks and trades come for all instruments at once and are read one instrument at a time. Clustered by
instrument, each batch would touch one page per instrument: measured, 17 MB written per second for 3,000
ticks of 70 bytes. So they are clustered by buckets of ten seconds first, then by instrument: 1.6 MB, and old
ones go in whole ranges. `tick_minute` and `trade_minute` hold what each minute of an instrument comes to;
they make long windows cheap and tell a reader which buckets to look into. Every minute before
`state.tick_sealed` (`trade_sealed`) is in them, and is up to date.

The views are for people: the same columns as in any other sink.
"""

from __future__ import annotations

import sqlite3
from functools import cache

from actors.runtime.errors import SinkRefused

APPLICATION_ID = 0x5469636B  # "Tick"

NS_PER_S = 1_000_000_000
BUCKET_NS = 10 * NS_PER_S
MINUTE_NS = 60 * NS_PER_S
BUCKETS_PER_MINUTE = MINUTE_NS // BUCKET_NS

_TABLES = (
    """CREATE TABLE instrument (
        id INTEGER PRIMARY KEY, exchange TEXT NOT NULL, market TEXT NOT NULL, symbol TEXT NOT NULL,
        UNIQUE (exchange, market, symbol)) STRICT""",
    "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE tick (
        bucket INTEGER NOT NULL, instrument INTEGER NOT NULL, ts INTEGER NOT NULL CHECK (ts >= 0),
        price REAL NOT NULL, volume REAL, high_24h REAL, low_24h REAL, change_24h REAL, bid REAL, ask REAL,
        PRIMARY KEY (bucket, instrument, ts)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE latest (
        instrument INTEGER PRIMARY KEY, ts INTEGER NOT NULL,
        price REAL NOT NULL, volume REAL, high_24h REAL, low_24h REAL, change_24h REAL, bid REAL, ask REAL
        ) STRICT""",
    """CREATE TABLE tick_minute (
        instrument INTEGER NOT NULL, minute INTEGER NOT NULL, count INTEGER NOT NULL,
        minimum REAL NOT NULL, maximum REAL NOT NULL, total REAL NOT NULL,
        first REAL NOT NULL, first_ts INTEGER NOT NULL, last REAL NOT NULL, last_ts INTEGER NOT NULL,
        PRIMARY KEY (instrument, minute)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE trade (
        bucket INTEGER NOT NULL, instrument INTEGER NOT NULL, ts INTEGER NOT NULL CHECK (ts >= 0),
        trade_id ANY NOT NULL, price REAL NOT NULL, size REAL NOT NULL, side TEXT NOT NULL,
        count INTEGER NOT NULL, backfill INTEGER NOT NULL,
        PRIMARY KEY (bucket, instrument, ts, trade_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE trade_minute (
        instrument INTEGER NOT NULL, minute INTEGER NOT NULL, count INTEGER NOT NULL,
        volume REAL NOT NULL, turnover REAL NOT NULL,
        PRIMARY KEY (instrument, minute)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE bar (
        instrument INTEGER NOT NULL, interval_s INTEGER NOT NULL, ts INTEGER NOT NULL CHECK (ts >= 0),
        open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL, volume REAL NOT NULL,
        turnover REAL, trades INTEGER, taker_buy_volume REAL,
        closed INTEGER NOT NULL, revision INTEGER NOT NULL, gap INTEGER NOT NULL, source TEXT NOT NULL,
        PRIMARY KEY (instrument, interval_s, ts)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE liquidation (
        ts INTEGER NOT NULL CHECK (ts >= 0), instrument INTEGER NOT NULL,
        side TEXT NOT NULL, price REAL NOT NULL, size REAL NOT NULL,
        PRIMARY KEY (ts, instrument, side, price, size)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE funding_rate (
        ts INTEGER NOT NULL CHECK (ts >= 0), instrument INTEGER NOT NULL, funding_rate REAL NOT NULL,
        funding_interval_h REAL, next_funding_ts INTEGER,
        mark_price REAL, index_price REAL, open_interest REAL,
        PRIMARY KEY (ts, instrument)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE gap (
        ts INTEGER NOT NULL CHECK (ts >= 0), instrument INTEGER NOT NULL, channel TEXT NOT NULL,
        to_ts INTEGER, cause TEXT NOT NULL, reason TEXT NOT NULL,
        missed INTEGER, recovered INTEGER NOT NULL, healed INTEGER NOT NULL,
        PRIMARY KEY (ts, instrument, channel)) STRICT, WITHOUT ROWID""",
)

_UUID_TEXT = (
    "lower(substr(h,1,8)||'-'||substr(h,9,4)||'-'||substr(h,13,4)||'-'||substr(h,17,4)||'-'||substr(h,21))"
)
_VIEWS = (
    """CREATE VIEW market_data AS SELECT ts AS timestamp, exchange, symbol, market, price, volume,
        high_24h AS high24h, low_24h AS low24h, change_24h AS change24h, bid, ask
        FROM tick JOIN instrument ON instrument.id = tick.instrument""",
    f"""CREATE VIEW trades AS SELECT timestamp, exchange, symbol, market,
        CASE kind WHEN 'blob' THEN {_UUID_TEXT} ELSE CAST(trade_id AS TEXT) END AS trade_id,
        price, size, side, count, backfill FROM (
            SELECT *, ts AS timestamp, typeof(trade_id) AS kind, hex(trade_id) AS h
            FROM trade JOIN instrument ON instrument.id = trade.instrument)""",  # noqa: S608 - a constant
    """CREATE VIEW bars AS SELECT ts AS timestamp, exchange, symbol, market, interval_s,
        open, high, low, close, volume, turnover, trades, taker_buy_volume, closed, revision, gap, source
        FROM bar JOIN instrument ON instrument.id = bar.instrument""",
    """CREATE VIEW liquidations AS SELECT ts AS timestamp, exchange, symbol, market, side, price, size
        FROM liquidation JOIN instrument ON instrument.id = liquidation.instrument""",
    """CREATE VIEW funding AS SELECT ts AS timestamp, exchange, symbol, market, funding_rate,
        funding_interval_h, next_funding_ts, mark_price, index_price, open_interest
        FROM funding_rate JOIN instrument ON instrument.id = funding_rate.instrument""",
    """CREATE VIEW gaps AS SELECT ts AS timestamp, exchange, symbol, market, channel, to_ts, cause, reason,
        missed, recovered, healed FROM gap JOIN instrument ON instrument.id = gap.instrument""",
)

# So that what one instrument has of these few is found without reading what all have.
_BY_INSTRUMENT = (
    "CREATE INDEX liquidation_by_instrument ON liquidation (instrument, ts)",
    "CREATE INDEX funding_rate_by_instrument ON funding_rate (instrument, ts)",
    "CREATE INDEX gap_by_instrument ON gap (instrument, ts, to_ts)",
)

# The statements of step n lead from version n to version n + 1. Steps that were published never change.
STEPS: tuple[tuple[str, ...], ...] = ((*_TABLES, *_VIEWS), _BY_INSTRUMENT)


def migrate(connection: sqlite3.Connection, steps: tuple[tuple[str, ...], ...] = STEPS) -> None:
    """Bring a file, new or older, to this version, wholly or not at all.

    Raises `SinkRefused` when it is newer, belongs to another program, or its tables are not ours.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check_owner(connection)
        version = _number(connection, "user_version")
        if version > len(steps):
            raise SinkRefused(f"the file has schema version {version}, this program knows up to {len(steps)}")
        for step in steps[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        _check_tables(connection, steps)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    value: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value


def _check_owner(connection: sqlite3.Connection) -> None:
    if _number(connection, "application_id") != APPLICATION_ID and _schema(connection):
        raise SinkRefused("the file is another program's database")


def _check_tables(connection: sqlite3.Connection, steps: tuple[tuple[str, ...], ...]) -> None:
    found = _schema(connection)
    for name, expected in _expected(steps).items():
        if found.get(name) != expected:
            raise SinkRefused(f"`{name}` is not ours: expected {expected!r}, found {found.get(name)!r}")


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    """The statement that made each table and view, without its layout."""
    made = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: " ".join(sql.split()) for name, sql in made}


@cache
def _expected(steps: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for step in steps:
            for statement in step:
                model.execute(statement)
        return _schema(model)
    finally:
        model.close()
