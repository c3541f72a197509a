"""The embedded history from end to end, for whoever copies it: every table, one instrument at a time.

Everything here blocks. A page is a question of its own and holds nothing afterwards: a hub that writes to the
file meanwhile neither waits nor finds its log growing behind a long read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks import _sqlite_reading as reading
from actors.sinks._sqlite_files import LOCK_WAIT_S, plain_errors
from actors.sinks._sqlite_reading import Page
from actors.sinks._sqlite_schema import APPLICATION_ID, STEPS
from actors.sinks.base import InstrumentKey

PAGE_ROWS = 5000
Tie = tuple[Any, ...]


@dataclass(frozen=True)
class Kept:
    """A table that is found by instrument and time. `place` is what orders its rows, the time first."""

    table: str
    columns: str
    place: tuple[str, ...]
    row_type: type[Row]

    def query(self, has_after: bool) -> str:
        """The statement for one page."""
        places, marks = ", ".join(self.place), ", ".join("?" * len(self.place))
        beyond = f"AND ({places}) > ({marks})" if has_after else ""
        interval = "AND interval_s = ?" if self.row_type is BarRow else ""
        return f"""SELECT {self.columns} FROM {self.table} WHERE instrument = ? {interval}
            AND ts >= ? AND ts < ? {beyond} ORDER BY {places} LIMIT ?"""  # noqa: S608 - words of ours


KEPT: dict[type[Row], Kept] = {
    BarRow: Kept(
        "bar",
        "ts, interval_s, open, high, low, close, volume, turnover, trades, taker_buy_volume, "
        "closed, revision, gap, source",
        ("ts",),
        BarRow,
    ),
    LiquidationRow: Kept(
        "liquidation", "ts, side, price, size", ("ts", "side", "price", "size"), LiquidationRow
    ),
    FundingRow: Kept(
        "funding_rate",
        "ts, funding_rate, funding_interval_h, next_funding_ts, mark_price, index_price, open_interest",
        ("ts",),
        FundingRow,
    ),
    GapRow: Kept(
        "gap",
        "ts, channel, to_ts, cause, reason, missed, recovered, healed",
        ("ts", "channel"),
        GapRow,
    ),
}
FLAGS = ("closed", "gap", "healed")


class Archive:
    """Reads the file of a history. Raises `SinkUnavailable` where it is not to be read, and `SinkRefused`
    where it is not ours, or of a newer version."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SinkUnavailable(f"{path}: there is no history here")
        self._path = path
        with plain_errors(path):
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_WAIT_S, isolation_level=None
            )
            self._connection.execute("PRAGMA query_only = ON")
            self._check()

    def _check(self) -> None:
        owner, version = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
        if owner != APPLICATION_ID:
            raise SinkRefused("the file is another program's database")
        if version > len(STEPS):
            raise SinkRefused(f"it has schema version {version}, this program knows up to {len(STEPS)}")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def instruments(self) -> list[InstrumentKey]:
        """Every instrument that anything was ever written of, in the order of their names."""
        with plain_errors(self._path):
            found = self._connection.execute(
                "SELECT exchange, market, symbol FROM instrument ORDER BY exchange, market, symbol"
            )
            return [InstrumentKey(*names) for names in found]

    def rows(
        self, kind: type[Row], of: InstrumentKey, from_ns: int, to_ns: int, interval_s: int = 60
    ) -> Iterator[Sequence[Row]]:
        """The rows of a kind in [from_ns, to_ns), oldest first, in pages; of bars, those of one length."""
        page = Page(from_ns, to_ns, PAGE_ROWS, newest=False, after=None)
        if kind is TickRow:
            return self._bucketed(reading.ticks, of, page, lambda row: "")
        if kind is TradeRow:
            return self._bucketed(reading.trades, of, page, lambda row: row.trade_id)
        return self._by_instrument(KEPT[kind], of, page, (interval_s,) if kind is BarRow else ())

    def _bucketed(
        self,
        read: Callable[[sqlite3.Connection, InstrumentKey, Page], Sequence[Row]],
        of: InstrumentKey,
        page: Page,
        tie_of: Callable[[Any], str],
    ) -> Iterator[Sequence[Row]]:
        while True:
            rows = self._asked(lambda connection: read(connection, of, page))  # noqa: B023 - asked at once
            if rows:
                yield rows
            if len(rows) < page.limit:
                return
            last = rows[-1]
            page = replace(page, from_ns=last.ts, after=(last.ts, tie_of(last)))

    def _by_instrument(
        self, kept: Kept, of: InstrumentKey, page: Page, interval: tuple[int, ...]
    ) -> Iterator[Sequence[Row]]:
        instrument = self._asked(lambda connection: reading.instrument_of(connection, of))
        after: Tie = ()
        while True:
            asked = (instrument, *interval, page.from_ns, page.to_ns, *after, page.limit)
            query = kept.query(bool(after))
            found = self._asked(lambda connection: connection.execute(query, asked).fetchall())  # noqa: B023
            if found:
                yield [_row(kept, of, values) for values in found]
            if len(found) < page.limit:
                return
            last = dict(zip(kept.columns.split(", "), found[-1], strict=True))
            after = tuple(last[name] for name in kept.place)

    def _asked(self, question: Callable[[sqlite3.Connection], Any]) -> Any:
        with plain_errors(self._path):
            self._connection.execute("BEGIN")
            try:
                return question(self._connection)
            finally:
                self._connection.execute("ROLLBACK")


def _row(kept: Kept, of: InstrumentKey, values: Sequence[Any]) -> Row:
    told = dict(zip(kept.columns.split(", "), values, strict=True))
    flags = {name: bool(told[name]) for name in FLAGS if name in told}
    names = {"exchange": of.exchange, "market": of.market, "symbol": of.symbol}
    return kept.row_type(**{**told, **flags, **names})
