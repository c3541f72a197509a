"""The screener: which of all instruments fulfil a condition, in which order.

A filter is written as one would say it, and survives in a URL:

    turnover_24h>10m and (funding_apr>20 or funding_apr<-20), exchange=bybit, base~*PEPE, not quote=USDC

- comparisons: `> >= < <= = !=` for numbers, `= != ~` for texts, ignoring case; `~` is a pattern of `*`, `?`;
- on the right stands a number (`1.5`, `-3e4`; `k`, `m`, `b` are thousand, million, billion), another numeric
  field (`price>mark_price`), or a text, in quotes if it holds anything but letters, digits and `*?._:-/@[]`;
- `and`, `&` and `,` are the same, and bind closer than `or`, `|`; `not`, `!`; parentheses.

What is unknown fulfils no comparison, not even `!=`. Only live rows are looked at, unless the filter names
`quality`. Times are nanoseconds, as they are in every `Ticker`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from actors.market.screen_fields import FIELDS, NUMBERS, TEXTS, Row, ScreenError, known_field
from actors.market.screen_grammar import Condition, parse_filter

__all__ = ["FIELDS", "LIMIT_MAX", "Row", "Screen", "ScreenError", "Screened"]

LIMIT_MAX = 5000
SORT_FIELDS_MAX = 10
SORT_CHARS_MAX = 300
SORT = "-turnover_24h"


class Screened(Struct, frozen=True):
    """The rows in their order, at most `limit` of them, and how many `matched` in all."""

    rows: list[Row]
    matched: int


@dataclass(frozen=True)
class Screen:
    """A parsed filter, order and limit: made once, run on any rows."""

    matches: Condition
    live_only: bool
    order: tuple[tuple[Callable[[Row], Any], bool], ...]  # (value of a row, whether the greatest comes first)
    limit: int

    @classmethod
    def parse(cls, filter: str = "", sort: str = SORT, limit: int | str = 100) -> Screen:  # noqa: A002
        """Understand the three parameters of a query; an empty filter is fulfilled by every live row.

        `sort` are fields by comma, `-` before one for the greatest first; where it is empty, the rows keep
        their order. `limit` is 1 to 5000. Raises `ScreenError`, and nothing else, for what means nothing.
        """
        condition, names = parse_filter(filter)
        return cls(condition, "quality" not in names, _parse_sort(sort), _parse_limit(limit))

    def run(self, rows: Iterable[Row]) -> Screened:
        """The rows that fulfil the filter, sorted: stable, and what is unknown comes last either way."""
        found = [row for row in rows if not (self.live_only and row[0].stale) and self.matches(row)]
        matched = len(found)
        for value_of, descending in reversed(self.order):
            found = _sorted(found, value_of, descending)
        return Screened(found[: self.limit], matched)


def _sorted(rows: list[Row], value_of: Callable[[Row], Any], descending: bool) -> list[Row]:
    valued = [(value_of(row), row) for row in rows]
    known = [each for each in valued if each[0] is not None]
    known.sort(key=lambda each: each[0], reverse=descending)
    return [row for _, row in known] + [row for value, row in valued if value is None]


def _parse_sort(sort: str) -> tuple[tuple[Callable[[Row], Any], bool], ...]:
    if len(sort) > SORT_CHARS_MAX or sort.count(",") >= SORT_FIELDS_MAX:
        raise ScreenError("sort", sort[:20] + "…", 0, f"at most {SORT_FIELDS_MAX} fields")
    order = []
    position = 0
    for part in sort.split(",") if sort.strip() else ():
        name = part.strip().removeprefix("-").strip()
        field = known_field("sort", name, position + part.find(name))
        order.append((TEXTS.get(field) or NUMBERS[field], part.strip().startswith("-")))
        position += len(part) + 1
    return tuple(order)


def _parse_limit(limit: int | str) -> int:
    text = str(limit).strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= number <= LIMIT_MAX:
        raise ScreenError("limit", str(limit)[:20], 0, f"a whole number from 1 to {LIMIT_MAX} is right")
    return number
