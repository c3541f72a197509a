"""The columns of the table: what each shows, how wide it is, and how it sorts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commands.console.numbers import compact, fixed, is_known, percent, span
from commands.console.picture import Picture, Row

GAP = 1


@dataclass(frozen=True)
class Column:
    """`rank`: the narrower the terminal, the lower ranks only. `is_text` stands left and sorts from A."""

    name: str
    head: str
    width: int
    rank: int
    value: Callable[[Row], Any]
    text: Callable[[Row], str]
    is_text: bool = False


def numeric(
    name: str, head: str, width: int, rank: int, field: str, written: Callable[[Any], str], scale: float = 1.0
) -> Column:
    """A column of one field that is a number."""

    def value(row: Row) -> Any:
        told = row.values.get(field)
        return told * scale if is_known(told) else None

    return Column(name, head, width, rank, value, lambda row: written(value(row)))


def priced(name: str, head: str, rank: int) -> Column:
    """A column of prices, with as many decimals as the instrument has."""

    def value(row: Row) -> Any:
        return row.values.get(name)

    return Column(name, head, 12, rank, value, lambda row: fixed(value(row), row.decimals))


SYMBOL = Column("symbol", "SYMBOL", 12, 0, lambda row: row.symbol, lambda row: row.symbol, is_text=True)
PRICE = Column(
    "price",
    "LAST",
    14,
    0,
    lambda row: row.values.get("price"),
    lambda row: fixed(row.values.get("price"), row.decimals),
)
CHANGE = numeric("change_24h", "24H", 9, 2, "change_24h", percent)
CHANGES = ("change_24h", "change_1h")
COLUMNS: tuple[Column, ...] = (
    SYMBOL,
    Column("exchange", "EXCHANGE", 11, 1, lambda row: row.exchange, lambda row: row.exchange, is_text=True),
    Column("market", "MARKET", 6, 4, lambda row: row.market, lambda row: row.market, is_text=True),
    PRICE,
    numeric("change_1h", "1H", 8, 6, "change_1h", percent),
    CHANGE,
    priced("bid", "BID", 9),
    priced("ask", "ASK", 10),
    numeric("spread_bps", "BPS", 6, 7, "spread_bps", lambda value: fixed(value, 2)),
    numeric("turnover_24h", "TURNOVER", 9, 3, "turnover_24h", compact),
    numeric("funding_rate_8h", "FUND 8H", 9, 5, "funding_rate_8h", lambda value: percent(value, 4), 100.0),
    numeric("open_interest_value", "OI", 7, 8, "open_interest_value", compact),
)
STATE_WIDTH = 12
SORTABLE = ("turnover_24h", "change_24h", "symbol", "price", "change_1h", "spread_bps", "funding_rate_8h")
BY_NAME = {column.name: column for column in COLUMNS}


def fitting(width: int) -> list[Column]:
    """The columns that have room beside the state, in their order."""
    room = width - STATE_WIDTH
    chosen = set()
    for column in sorted(COLUMNS, key=lambda each: each.rank):
        if column.width + GAP > room:
            break
        chosen.add(column.name)
        room -= column.width + GAP
    return [column for column in COLUMNS if column.name in chosen]


def state_of(picture: Picture, row: Row, now_s: float) -> str:
    """The last column: how old a live row is, and the hub's word for any other."""
    age_ms = picture.age_ms(row, now_s)
    if picture.is_live(row, now_s):
        return span(age_ms)
    if row.quality == "live":
        return "offline"
    return f"stale {span(age_ms)}" if row.quality == "stale" and (age_ms or 0) >= 1000 else row.quality


def ordered(rows: Sequence[Row], name: str, *, descending: bool) -> list[Row]:
    """Rows in the order of a column; what is unknown comes last, equals by key."""
    value = BY_NAME[name].value
    by_key = sorted(rows, key=lambda row: row.key)
    known = [row for row in by_key if value(row) is not None]
    known.sort(key=value, reverse=descending)
    return known + [row for row in by_key if value(row) is None]
