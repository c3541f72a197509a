"""Which instruments a rule means: patterns for keys, symbols and names, and an index of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")
RIGHT = "a key (exchange:market:symbol), a pattern such as *:linear:BTC*, a symbol or a name"


class Pattern(Struct, frozen=True):
    """A pattern in lower case. `exchange` and `market` are `*` where only a symbol or a name is written."""

    exchange: str
    market: str
    symbol: str

    @property
    def is_open(self) -> bool:
        """Whether it may mean more than one symbol of more than one market."""
        return any("*" in part or "?" in part for part in (self.exchange, self.market, self.symbol))


def read_pattern(text: str) -> Pattern:
    """The parts of a pattern. `ValueError` says in words what would be right."""
    folded = text.strip().casefold()
    if not folded or not folded.isprintable():
        raise ValueError(RIGHT)
    parts = folded.split(":", 2)
    if len(parts) == 3:
        if not all(parts):
            raise ValueError(RIGHT)
        return Pattern(*parts)
    return Pattern("*", "*", folded)


class Index(Generic[T]):
    """One thing for each pattern. To find those that mean an instrument costs one look for all that name it,
    and one match for each pattern that may mean several."""

    def __init__(self) -> None:
        self._named: dict[Pattern, T] = {}
        self._open: dict[Pattern, T] = {}

    def get(self, pattern: Pattern) -> T | None:
        """What stands for a pattern."""
        return self._side(pattern).get(pattern)

    def put(self, pattern: Pattern, thing: T) -> None:
        """Have this stand for a pattern."""
        self._side(pattern)[pattern] = thing

    def remove(self, pattern: Pattern) -> None:
        """Have nothing stand for a pattern."""
        self._side(pattern).pop(pattern, None)

    def meaning(self, exchange: str, market: str, symbol: str, name: str | None) -> list[T]:
        """Everything whose pattern means this instrument."""
        spelled = spellings(symbol, name)
        places = [Pattern(*place, text) for text in spelled for place in ((exchange, market), ("*", "*"))]
        found = [self._named[each] for each in places if each in self._named]
        found += [thing for each, thing in self._open.items() if fits(each, exchange, market, spelled)]
        return found

    def _side(self, pattern: Pattern) -> dict[Pattern, T]:
        bare = pattern.exchange == pattern.market == "*" and not is_glob(pattern.symbol)
        return self._open if pattern.is_open and not bare else self._named


def spellings(symbol: str, name: str | None) -> list[str]:
    """Every way to write an instrument, in lower case."""
    return list(dict.fromkeys(text.casefold() for text in (symbol, name) if text))


def means(patterns: Iterable[Pattern], exchange: str, market: str, symbol: str, name: str | None) -> bool:
    """Whether one of the patterns means an instrument."""
    spelled = spellings(symbol, name)
    return any(fits(pattern, exchange, market, spelled) for pattern in patterns)


def fits(pattern: Pattern, exchange: str, market: str, spelled: list[str]) -> bool:
    """Whether a pattern means an instrument."""
    if not _matches(pattern.exchange, exchange) or not _matches(pattern.market, market):
        return False
    return any(_matches(pattern.symbol, text) for text in spelled)


def is_glob(text: str) -> bool:
    """Whether a part may mean several things."""
    return "*" in text or "?" in text


def _matches(part: str, text: str) -> bool:
    return part == "*" or part == text or (is_glob(part) and _compiled(part).fullmatch(text) is not None)


@lru_cache(maxsize=4096)
def _compiled(part: str) -> re.Pattern[str]:
    """A part as an expression that takes time in proportion to the text: each piece between stars is taken
    where it is found first, and never looked for again."""
    first, *rest = (_piece(piece) for piece in re.split(r"\*+", part))
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    return re.compile(f"{first}{middle}{last}", re.DOTALL)


def _piece(text: str) -> str:
    return "".join("." if each == "?" else re.escape(each) for each in text)
