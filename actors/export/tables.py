"""The tables that can be exported, and their columns in Parquet.

The columns are those of the rows, named as in any other sink; exchange, market and symbol stand in the
folders. Moments are microseconds in UTC, because hardly any function of DuckDB takes nanoseconds; words that
repeat are dictionaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, get_args

import pyarrow as pa
from msgspec.structs import fields

from actors.export.layout import Period
from actors.market.rows import BarRow, FundingRow, GapRow, LiquidationRow, Row, TickRow, TradeRow

NS_PER_US = 1000
MOMENT = pa.timestamp("us", tz="UTC")
WORD = pa.dictionary(pa.int32(), pa.string())
_BY_FIELD = {
    "ts": MOMENT,
    "to_ts": MOMENT,
    "next_funding_ts": MOMENT,
    "trade_id": pa.string(),
    "reason": pa.string(),
}
_BY_PYTHON_TYPE = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: WORD}
_NAMES = {"ts": "timestamp", "high_24h": "high24h", "low_24h": "low24h", "change_24h": "change24h"}
_IN_FOLDERS = ("exchange", "market", "symbol")


@dataclass(frozen=True)
class Table:
    """The rows of one kind, and how long one file goes on."""

    name: str
    row_type: type[Row]
    period: Period

    @cached_property
    def schema(self) -> pa.Schema:
        """Its columns, the time first."""
        return pa.schema(
            [
                pa.field(
                    _NAMES.get(each.name, each.name), _type_of(each.name, each.type), _is_optional(each.type)
                )
                for each in fields(self.row_type)
                if each.name not in _IN_FOLDERS
            ]
        )

    @cached_property
    def _values(self) -> attrgetter[Any]:
        return attrgetter(*(each.name for each in fields(self.row_type) if each.name not in _IN_FOLDERS))

    def columns(self, rows: Sequence[Row]) -> pa.Table:
        """Rows, of which there is at least one, as columns."""
        values = zip(*map(self._values, rows), strict=True)
        arrays = [_array(each, field.type) for each, field in zip(values, self.schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == MOMENT:
        values = [None if each is None else each // NS_PER_US for each in values]
    return pa.array(values, kind)


def _type_of(name: str, hint: object) -> pa.DataType:
    plain = [each for each in get_args(hint) or (hint,) if each is not type(None)]
    return _BY_FIELD.get(name) or _BY_PYTHON_TYPE[plain[0]]


def _is_optional(hint: object) -> bool:
    return type(None) in get_args(hint)


TABLES = {
    table.name: table
    for table in (
        Table("ticks", TickRow, "date"),
        Table("trades", TradeRow, "date"),
        Table("bars", BarRow, "month"),
        Table("liquidations", LiquidationRow, "month"),
        Table("funding", FundingRow, "month"),
        Table("gaps", GapRow, "month"),
    )
}
