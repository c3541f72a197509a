"""How long each table is kept, and the sweeping that sees to it: one small slice after another.

A slice is one short transaction, so that neither the next write nor a checkpoint waits for long. Freed pages
are used again; the file shrinks by slices too, once a good part of it is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from actors.sinks._sqlite_minutes import Minutes
from actors.sinks._sqlite_schema import BUCKET_NS, MINUTE_NS, NS_PER_S
from actors.sinks._sqlite_writing import Writer, transaction

DAY_NS = 86_400 * NS_PER_S
ROUND_NS = 300 * NS_PER_S
SLICE_ROWS = 2000
SLICE_SERIES = 500
SLICE_PAGES = 128
FREE_SHARE = 0.1  # of the file: below, freed pages simply wait for new rows
FREE_PAGES_MIN = 2000

Days: TypeAlias = Annotated[float, Meta(ge=0, le=36_500)]


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How many days of each table are kept; 0 for ever. `bytes_max` is the most that rows may take, 0 for no
    such limit: above it the oldest ticks and trades go first, whatever their days say. It is looked at every
    five minutes.

    Ticks are thinned out in two steps: as they are for `ticks_days`, then one line per minute (first, last,
    lowest, highest, average, count) for `tick_minutes_days`. Bars are kept by their length: below an hour,
    below a day, and longer.
    """

    ticks_days: Days = 7
    tick_minutes_days: Days = 30
    trades_days: Days = 7
    bars_minute_days: Days = 90
    bars_hour_days: Days = 0
    bars_day_days: Days = 0
    liquidations_days: Days = 365
    funding_days: Days = 365
    gaps_days: Days = 365
    bytes_max: Annotated[int, Meta(ge=0)] = 0


# The primary keys of the tables that are swept in their own order, which begins with the time.
_KEYS = {
    "tick": ("bucket", "instrument", "ts"),
    "trade": ("bucket", "instrument", "ts", "trade_id"),
    "liquidation": ("ts", "instrument", "side", "price", "size"),
    "funding_rate": ("ts", "instrument"),
    "gap": ("ts", "instrument", "channel"),
}


class Series(NamedTuple):
    """Rows of one instrument that lie together, and what of them is too old."""

    statement: str
    asked: tuple[int, ...]


_OLD_MINUTES = {
    table: f"""DELETE FROM {table} WHERE instrument = ?1 AND minute < min(?2, coalesce(
        (SELECT minute FROM {table} WHERE instrument = ?1
        ORDER BY minute LIMIT 1 OFFSET {SLICE_ROWS}), ?2))"""  # noqa: S608 - names of ours
    for table in ("tick_minute", "trade_minute")
}
_OLD_BARS = f"""DELETE FROM bar WHERE instrument = ?1 AND interval_s = ?2 AND ts < min(?3, coalesce(
    (SELECT ts FROM bar WHERE instrument = ?1 AND interval_s = ?2
    ORDER BY ts LIMIT 1 OFFSET {SLICE_ROWS}), ?3))"""  # noqa: S608 - a number of ours
_NEXT_INTERVAL = "SELECT min(interval_s) FROM bar WHERE instrument = ? AND interval_s > ?"


class Sweeper:
    """Deletes what is too old. It lives in the writer's thread, between two writes."""

    def __init__(self, writer: Writer, retention: Retention) -> None:
        self._writer = writer
        self._connection = writer.connection
        self._retention = retention
        self._round: Iterator[int] | None = None
        self._next_round_ns = 0
        self.swept_rows = 0
        self.trimmed_rows = 0

    def sweep(self, written: int, now_ns: int) -> None:
        """Delete about twice as many rows as were written, in slices, if so many are due."""
        for _ in range(1 + 2 * written // SLICE_ROWS):
            if not self.slice(now_ns):
                return

    def slice(self, now_ns: int) -> bool:
        """One slice; whether there may be another. May raise what SQLite raises."""
        if self.resting(now_ns):
            return False
        self._round = self._round or self._slices(now_ns)
        deleted = next(self._round, None)
        if deleted is None:
            self.rest(now_ns)
            return False
        self.swept_rows += deleted
        return True

    def rest(self, now_ns: int) -> None:
        """Give up this round; the next one begins when it is due."""
        self._round = None
        self._next_round_ns = now_ns + ROUND_NS

    def resting(self, now_ns: int) -> bool:
        """Whether nothing is due yet."""
        return self._round is None and now_ns < self._next_round_ns

    def _slices(self, now_ns: int) -> Iterator[int]:
        keep = self._retention
        yield from self._sweep_rows("tick", self._writer.ticks, _cutoff(keep.ticks_days, now_ns))
        yield from self._sweep_rows("trade", self._writer.trades, _cutoff(keep.trades_days, now_ns))
        yield from self._sweep_range("liquidation", _cutoff(keep.liquidations_days, now_ns))
        yield from self._sweep_range("funding_rate", _cutoff(keep.funding_days, now_ns))
        yield from self._sweep_range("gap", _cutoff(keep.gaps_days, now_ns))
        yield self._sweep_latest(_cutoff(keep.ticks_days, now_ns))
        yield from self._sweep_series(self._series(now_ns))
        yield from self._trim()
        yield from self._shrink()

    def _sweep_rows(self, table: str, minutes: Minutes, cutoff_ns: int) -> Iterator[int]:
        """Rows in buckets, as far as their minutes are sealed: their sums stay when they go."""
        upto_ns = min(cutoff_ns - cutoff_ns % MINUTE_NS, minutes.sealed * MINUTE_NS)
        oldest = self._oldest_bucket(table)
        if oldest is not None and oldest < upto_ns // BUCKET_NS:
            with transaction(self._connection):
                minutes.swept(max(upto_ns, minutes.swept_ns))
            yield from self._sweep_range(table, upto_ns // BUCKET_NS)

    def _oldest_bucket(self, table: str) -> int | None:
        found: int | None = self._connection.execute(f"SELECT min(bucket) FROM {table}").fetchone()[0]  # noqa: S608
        return found

    def _sweep_range(self, table: str, before: int) -> Iterator[int]:
        """Rows whose key begins with less than `before`, in the order of their keys."""
        columns = ", ".join(_KEYS[table])
        leading, marks = _KEYS[table][0], ", ".join("?" * len(_KEYS[table]))
        bound = f"SELECT {columns} FROM {table} WHERE {leading} < ? ORDER BY {columns} LIMIT 1 OFFSET ?"  # noqa: S608
        upto = f"DELETE FROM {table} WHERE ({columns}) < ({marks})"  # noqa: S608
        rest = f"DELETE FROM {table} WHERE {leading} < ?"  # noqa: S608
        while True:
            end = self._connection.execute(bound, (before, SLICE_ROWS)).fetchone()
            deleted = self._delete(upto, end) if end else self._delete(rest, (before,))
            if deleted:
                yield deleted
            if end is None:
                return

    def _delete(self, statement: str, asked: tuple[object, ...]) -> int:
        with transaction(self._connection):
            return self._connection.execute(statement, asked).rowcount

    def _sweep_latest(self, before_ns: int) -> int:
        """What nobody has heard of for so long is not told as the latest any more. It counts as no row."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM latest WHERE ts < ?", (before_ns,))
        return 0

    def _sweep_series(self, series: Iterator[Series]) -> Iterator[int]:
        """Some series at a time. What is left of a long one waits for the next round."""
        while True:
            few = list(islice(series, SLICE_SERIES))
            if not few:
                return
            while few:
                yield self._sweep_some(few)

    def _sweep_some(self, few: list[Series]) -> int:
        deleted = 0
        with transaction(self._connection):
            while few and deleted < SLICE_ROWS:
                deleted += self._connection.execute(*few.pop()).rowcount
        return deleted

    def _series(self, now_ns: int) -> Iterator[Series]:
        keep = self._retention
        minutes = {
            "tick_minute": _cutoff(keep.tick_minutes_days, now_ns) // MINUTE_NS,
            "trade_minute": _cutoff(keep.tick_minutes_days, now_ns) // MINUTE_NS,
        }
        for (instrument,) in self._connection.execute("SELECT id FROM instrument").fetchall():
            for table, before in minutes.items():
                if before:
                    yield Series(_OLD_MINUTES[table], (instrument, before))
            for interval_s in self._intervals(instrument):
                before = _cutoff(self._bar_days(interval_s), now_ns)
                if before:
                    yield Series(_OLD_BARS, (instrument, interval_s, before))

    def _intervals(self, instrument: int) -> Iterator[int]:
        """The lengths of bars that an instrument has, each found by one step into the index."""
        interval_s = 0
        while True:
            (interval_s,) = self._connection.execute(_NEXT_INTERVAL, (instrument, interval_s)).fetchone()
            if interval_s is None:
                return
            yield interval_s

    def _bar_days(self, interval_s: int) -> float:
        if interval_s < 3600:
            return self._retention.bars_minute_days
        return self._retention.bars_hour_days if interval_s < 86_400 else self._retention.bars_day_days

    def _trim(self) -> Iterator[int]:
        """The oldest bucket of ticks or trades, again and again, while rows take too much."""
        tables = {"tick": self._writer.ticks, "trade": self._writer.trades}
        while self._retention.bytes_max and self.used_bytes() > self._retention.bytes_max:
            oldest = {table: self._oldest_bucket(table) for table in tables}
            sealed = {
                table: bucket
                for table, bucket in oldest.items()
                if bucket is not None and (bucket + 1) * BUCKET_NS <= tables[table].sealed * MINUTE_NS
            }
            if not sealed:
                return
            table = min(sealed, key=lambda each: sealed[each])
            for deleted in self._sweep_rows(table, tables[table], _next_minute_ns(sealed[table])):
                self.trimmed_rows += deleted
                yield deleted

    def _shrink(self) -> Iterator[int]:
        """Give free pages back to the disk, from the end of the file."""
        while self.free_pages() > max(FREE_PAGES_MIN, FREE_SHARE * self._pragma("page_count")):
            # `execute` would take one step of it, which is one page; `executescript` takes all.
            self._connection.executescript(f"PRAGMA incremental_vacuum({SLICE_PAGES})")
            yield 0

    def free_pages(self) -> int:
        """Pages of the file that hold nothing."""
        return self._pragma("freelist_count")

    def free_bytes(self) -> int:
        """What of the file holds nothing."""
        return self.free_pages() * self._pragma("page_size")

    def used_bytes(self) -> int:
        """What of the file holds rows."""
        return (self._pragma("page_count") - self.free_pages()) * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        value: int = self._connection.execute(f"PRAGMA {name}").fetchone()[0]
        return value


def _cutoff(days: float, now_ns: int) -> int:
    """Before when rows are too old; 0 for never."""
    return max(0, now_ns - int(days * DAY_NS)) if days else 0


def _next_minute_ns(bucket: int) -> int:
    return (bucket * BUCKET_NS // MINUTE_NS + 1) * MINUTE_NS
