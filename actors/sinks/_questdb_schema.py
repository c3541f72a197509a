"""The tables in QuestDB: their columns follow from the rows of `actors/market/rows.py`.

QuestDB keeps each row once by its upsert keys, which must hold the designated timestamp: of rows with equal
keys the last one written stays. Text that repeats is a SYMBOL (a number into a dictionary); ids and
sentences are VARCHAR. Times are TIMESTAMP_NS, so that no digit of ours is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from msgspec.structs import fields

from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow

BOOLEAN = "BOOLEAN"
DOUBLE = "DOUBLE"
LONG = "LONG"
SYMBOL = "SYMBOL"
TIMESTAMP = "TIMESTAMP_NS"
VARCHAR = "VARCHAR"

_BY_PYTHON_TYPE = {bool: BOOLEAN, int: LONG, float: DOUBLE, str: SYMBOL}
_BY_FIELD = {
    "ts": TIMESTAMP,
    "to_ts": TIMESTAMP,
    "next_funding_ts": TIMESTAMP,
    "trade_id": VARCHAR,
    "reason": VARCHAR,
}
_COLUMN_NAMES = {
    "ts": "timestamp",
    "high_24h": "high24h",
    "low_24h": "low24h",
    "change_24h": "change24h",
}
_INSTRUMENT = ("exchange", "market", "symbol")


@dataclass(frozen=True)
class Column:
    """One column, and the field of the row that fills it."""

    name: str
    type: str
    field: str


@dataclass(frozen=True)
class Found:
    """A column as the server describes it."""

    name: str
    type: str
    is_key: bool
    is_designated: bool


@dataclass(frozen=True)
class Table:
    """Where the rows of one kind go. `own_keys` are the keys beside time and instrument."""

    name: str
    row_type: type[Row]
    own_keys: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """In the order of the row's fields, the timestamp first."""
        return tuple(
            Column(_COLUMN_NAMES.get(field.name, field.name), _type_of(field.name, field.type), field.name)
            for field in fields(self.row_type)
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The upsert keys."""
        return ("timestamp", *_INSTRUMENT, *self.own_keys)

    def creation(self) -> str:
        """The statement that makes it, if it is not there."""
        columns = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        keys = ", ".join(f'"{key}"' for key in self.keys)
        return (
            f'CREATE TABLE IF NOT EXISTS "{self.name}" ({columns}) TIMESTAMP("timestamp") '
            f"PARTITION BY DAY WAL DEDUP UPSERT KEYS({keys})"
        )

    def misfit(self, found: Iterable[Found]) -> str | None:
        """What to tell when the table that is there cannot take our rows: both schemas. More columns than
        ours do no harm."""
        there = {column.name: column for column in found}
        fits = (
            all(column.name in there and there[column.name].type == column.type for column in self.columns)
            and {column.name for column in there.values() if column.is_key} == set(self.keys)
            and there["timestamp"].is_designated
        )
        return None if fits else self._both_schemas(there.values())

    def _both_schemas(self, found: Iterable[Found]) -> str:
        theirs = _told((c.name, c.type, c.is_key) for c in found)
        ours = _told((c.name, c.type, c.name in self.keys) for c in self.columns)
        return (
            f"the table {self.name} is not ours: it is ({theirs}), and we write ({ours}); rename it, and a "
            f"new one is made: RENAME TABLE {self.name} TO {self.name}_old"
        )


def _told(columns: Iterable[tuple[str, str, bool]]) -> str:
    return ", ".join(f"{name} {type_}{' key' if is_key else ''}" for name, type_, is_key in columns)


def _type_of(field: str, hint: object) -> str:
    plain = [each for each in get_args(hint) or (hint,) if each is not type(None)]
    return _BY_FIELD.get(field) or _BY_PYTHON_TYPE[plain[0]]


MARKET_DATA = Table("market_data", TickRow)
TRADES = Table("trades", TradeRow, ("trade_id",))
BARS = Table("bars", BarRow, ("interval_s",))
LIQUIDATIONS = Table("liquidations", LiquidationRow, ("side", "price", "size"))
FUNDING = Table("funding", FundingRow)
GAPS = Table("gaps", GapRow, ("channel",))

TABLES = (MARKET_DATA, TRADES, BARS, LIQUIDATIONS, FUNDING, GAPS)
TABLE_OF: dict[type[Row], Table] = {table.row_type: table for table in TABLES}
