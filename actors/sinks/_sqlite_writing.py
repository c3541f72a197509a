"""Rows into tables: one transaction per write, each row once by its key."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow
from actors.runtime.errors import SinkRefused
from actors.sinks._sqlite_minutes import AT_ONCE, Minutes, make_tick_minute, make_trade_minute
from actors.sinks._sqlite_schema import BUCKET_NS
from actors.sinks._sqlite_trade_ids import stored_id

Values = tuple[Any, ...]

_TICK = "INSERT INTO tick VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_TRADE = "INSERT INTO trade VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LATEST = """INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (instrument) DO UPDATE SET ts = excluded.ts, price = excluded.price, volume = excluded.volume,
    high_24h = excluded.high_24h, low_24h = excluded.low_24h, change_24h = excluded.change_24h,
    bid = excluded.bid, ask = excluded.ask WHERE excluded.ts > latest.ts"""
_BAR = """INSERT INTO bar VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (instrument, interval_s, ts) DO UPDATE SET open = excluded.open, high = excluded.high,
    low = excluded.low, close = excluded.close, volume = excluded.volume, turnover = excluded.turnover,
    trades = excluded.trades, taker_buy_volume = excluded.taker_buy_volume, closed = excluded.closed,
    revision = excluded.revision, gap = excluded.gap, source = excluded.source
    WHERE excluded.revision > bar.revision OR excluded.gap < bar.gap
    OR (excluded.revision = bar.revision AND excluded.gap = bar.gap
        AND (excluded.source = bar.source OR bar.source = 'exchange' OR excluded.source = 'trades'))"""
_LIQUIDATION = "INSERT INTO liquidation VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_FUNDING = "INSERT INTO funding_rate VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_GAP = "INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Instruments(dict[tuple[str, str, str], int]):
    """The small number of each (exchange, market, symbol); a new one gets its own on first use."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        known = connection.execute("SELECT exchange, market, symbol, id FROM instrument")
        super().__init__({(exchange, market, symbol): number for exchange, market, symbol, number in known})
        self._connection = connection

    def __missing__(self, key: tuple[str, str, str]) -> int:
        self._connection.execute("INSERT OR IGNORE INTO instrument VALUES (NULL, ?, ?, ?)", key)
        number: int = self._connection.execute(
            "SELECT id FROM instrument WHERE exchange = ? AND market = ? AND symbol = ?", key
        ).fetchone()[0]
        self[key] = number
        return number


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is written inside."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class Writer:
    """Takes rows, in order. After an error it is thrown away: what it remembers may be wrong then.

    A gap that was open when an earlier run ended is over when this one began (`began_ns`): nobody else would
    ever say so.
    """

    def __init__(self, connection: sqlite3.Connection, began_ns: int = 0) -> None:
        self.connection = connection
        self.began_ns = began_ns
        self.ticks = Minutes(connection, "tick", make_tick_minute)
        self.trades = Minutes(connection, "trade", make_trade_minute)
        self._instruments = Instruments(connection)
        self._by_kind: dict[type[Row], Callable[[list[Any]], None]] = {
            TickRow: self._write_ticks,
            TradeRow: self._write_trades,
            BarRow: self._write_bars,
            LiquidationRow: self._write_liquidations,
            FundingRow: self._write_funding,
            GapRow: self._write_gaps,
        }

    def end_gaps_of_earlier_runs(self) -> None:
        """End those that are in the file."""
        with transaction(self.connection):
            self.connection.execute(
                "UPDATE gap SET to_ts = ?1 WHERE to_ts IS NULL AND ts < ?1", (self.began_ns,)
            )

    def write(self, rows: Sequence[Row], now_ns: int) -> None:
        """One transaction; may raise what SQLite raises."""
        by_kind: defaultdict[type[Row], list[Row]] = defaultdict(list)
        for row in rows:
            by_kind[type(row)].append(row)
        with transaction(self.connection):
            for kind, alike in by_kind.items():
                self._writes(kind)(alike)
            at_most = max(AT_ONCE, len(rows))
            self.ticks.seal(now_ns, at_most)
            self.trades.seal(now_ns, at_most)

    def _writes(self, kind: type[Row]) -> Callable[[list[Any]], None]:
        try:
            return self._by_kind[kind]
        except KeyError:
            raise SinkRefused(f"there is no table for {kind.__name__}") from None

    def _put(self, statement: str, values: Sequence[Values]) -> None:
        self.connection.executemany(statement, values)

    def _write_ticks(self, rows: list[TickRow]) -> None:
        ids = self._instruments
        values = [
            (r.ts // BUCKET_NS, ids[r.exchange, r.market, r.symbol], r.ts,
             r.price, r.volume, r.high_24h, r.low_24h, r.change_24h, r.bid, r.ask)
            for r in rows
        ]  # fmt: skip
        newest: dict[int, Values] = {}
        for value in values:
            known = newest.get(value[1])
            if known is None or value[2] > known[2]:
                newest[value[1]] = value
        self._put(_TICK, values)
        self._put(_LATEST, [value[1:] for value in newest.values()])
        self.ticks.note([value[1:3] for value in values])

    def _write_trades(self, rows: list[TradeRow]) -> None:
        ids = self._instruments
        values = [
            (r.ts // BUCKET_NS, ids[r.exchange, r.market, r.symbol], r.ts, stored_id(r.trade_id),
             r.price, r.size, r.side, r.count, r.backfill)
            for r in rows
        ]  # fmt: skip
        self._put(_TRADE, values)
        self.trades.note([value[1:3] for value in values])

    def _write_bars(self, rows: list[BarRow]) -> None:
        ids = self._instruments
        values = [
            (ids[r.exchange, r.market, r.symbol], r.interval_s, r.ts, r.open, r.high, r.low, r.close,
             r.volume, r.turnover, r.trades, r.taker_buy_volume, r.closed, r.revision, r.gap, r.source)
            for r in rows
        ]  # fmt: skip
        self._put(_BAR, values)

    def _write_liquidations(self, rows: list[LiquidationRow]) -> None:
        ids = self._instruments
        self._put(
            _LIQUIDATION,
            [(r.ts, ids[r.exchange, r.market, r.symbol], r.side, r.price, r.size) for r in rows],
        )

    def _write_funding(self, rows: list[FundingRow]) -> None:
        ids = self._instruments
        values = [
            (r.ts, ids[r.exchange, r.market, r.symbol], r.funding_rate, r.funding_interval_h,
             r.next_funding_ts, r.mark_price, r.index_price, r.open_interest)
            for r in rows
        ]  # fmt: skip
        self._put(_FUNDING, values)

    def _write_gaps(self, rows: list[GapRow]) -> None:
        ids = self._instruments
        values = [
            (r.ts, ids[r.exchange, r.market, r.symbol], r.channel, self._end_of(r), r.cause, r.reason,
             r.missed, r.recovered, r.healed)
            for r in rows
        ]  # fmt: skip
        self._put(_GAP, values)

    def _end_of(self, gap: GapRow) -> int | None:
        """Its end. What an outbox kept of an earlier run is as old as that run."""
        return self.began_ns if gap.to_ts is None and gap.ts < self.began_ns else gap.to_ts
