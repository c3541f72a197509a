"""What a screen can ask about one row: every field of its ticker, what follows from it, and its names."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from operator import attrgetter
from typing import TypeAlias

from actors.market.derived import DERIVED
from actors.market.instrument import Instrument
from actors.market.ticker import Ticker

Row: TypeAlias = tuple[Ticker, Instrument | None]
NumberOf: TypeAlias = Callable[[Row], float | None]
TextOf: TypeAlias = Callable[[Row], str | None]


class ScreenError(ValueError):
    """A parameter that means nothing: `parameter` is `filter`, `sort` or `limit`.

    `text` is the offending piece, empty at the end of the parameter; `position` is its place in it, from 0;
    `expected` says what would be right.
    """

    def __init__(self, parameter: str, text: str, position: int, expected: str) -> None:
        self.parameter, self.text = parameter, text
        self.position, self.expected = position, expected
        what = f"'{text}' at {position}" if text else f"the end, at {position}"
        super().__init__(f"{parameter}: {what}: {expected}")


def _number(name: str) -> NumberOf:
    get: Callable[[Ticker], float | None] = attrgetter(name)
    return lambda row: get(row[0])


def _derived(value_of: Callable[[Ticker], float | None]) -> NumberOf:
    return lambda row: value_of(row[0])


def _text(name: str) -> TextOf:
    get: Callable[[Ticker], str | None] = attrgetter(name)
    return lambda row: get(row[0])


def _base(row: Row) -> str | None:
    ticker, instrument = row
    return instrument.base if instrument else (ticker.name or "").rpartition("-")[0] or None


def _quote(row: Row) -> str | None:
    ticker, instrument = row
    return instrument.quote if instrument else (ticker.name or "").rpartition("-")[2] or None


_TEXT_FIELDS = ("exchange", "market", "symbol", "name", "quality", "key")

TEXTS: dict[str, TextOf] = {name: _text(name) for name in _TEXT_FIELDS} | {"base": _base, "quote": _quote}
NUMBERS: dict[str, NumberOf] = {
    **{name: _number(name) for name in Ticker.__struct_fields__ if name not in TEXTS},
    **{name: _derived(value_of) for name, value_of in DERIVED.items()},
}
FIELDS: tuple[str, ...] = (*TEXTS, *NUMBERS)


def known_field(parameter: str, name: str, position: int) -> str:
    """The field of that name, in its right spelling. Raises `ScreenError` with the nearest names."""
    field = name.lower()
    if field in TEXTS or field in NUMBERS:
        return field
    near = get_close_matches(field, FIELDS, n=3, cutoff=0.5)
    hint = f"the nearest are {', '.join(near)}" if near else f"there are {', '.join(FIELDS)}"
    raise ScreenError(parameter, name, position, f"no such field; {hint}")
