"""What a client of `/ws/realtime/{exchange}` asks for, read from its URL, and which symbols that means."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from difflib import get_close_matches
from functools import cached_property
from typing import cast

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from actors.market.instrument import MARKETS
from web.problems import Problem
from web.wire import Mode

MODES = ("all", "changes")
SYMBOLS_MAX = 1000
SYMBOL_CHARACTERS_MAX = 64
CANDIDATES_MAX = 200


class Wish(Struct, frozen=True):
    """What one client wants to see; clients with equal wishes share their frames.

    `market` and `symbols` are `None` for all of them; `deflate` says that the client can read compressed
    frames.
    """

    exchange: str
    market: str | None = None
    mode: Mode = "all"
    symbols: tuple[str, ...] | None = None
    deflate: bool = False


def read_wish(exchange: str, known: Collection[str], args: MultiDict[str, str]) -> Wish:
    """The wish in a URL; `Problem` (404 or 400) names what is wrong and what would be right."""
    if exchange not in known:
        choices = ", ".join(known) or "none"
        raise Problem(
            404, f"There is no exchange {exchange!r} here; there are: {choices}.", code="unknown_exchange"
        )
    market = choice(args, "market", MARKETS)
    mode = choice(args, "mode", MODES) or "all"
    return Wish(exchange, market, cast("Mode", mode), read_symbols(args.getlist("symbols")))


def choice(args: MultiDict[str, str], name: str, choices: Collection[str]) -> str | None:
    """The value of a parameter that has few; `None` when it is absent or empty."""
    value = args.get(name, "")
    if value and value.lower() not in choices:
        raise bad_parameter(name, value, f"one of {', '.join(choices)}, or nothing")
    return value.lower() or None


def read_symbols(values: Iterable[str]) -> tuple[str, ...] | None:
    """The symbols of `?symbols=A,B`, each once and sorted; `None` when there are none."""
    symbols = {symbol.strip() for value in values for symbol in value.split(",")} - {""}
    if len(symbols) > SYMBOLS_MAX:
        raise bad_parameter("symbols", f"{len(symbols)} symbols", f"at most {SYMBOLS_MAX} of them")
    for symbol in symbols:
        if len(symbol) > SYMBOL_CHARACTERS_MAX or not symbol.isprintable():
            raise bad_parameter(
                "symbols", symbol[:SYMBOL_CHARACTERS_MAX], "comma-separated names like BTCUSDT"
            )
    return tuple(sorted(symbols)) or None


def bad_parameter(name: str, value: str, expected: str) -> Problem:
    """A 400 that names the parameter, its value, and what would be right."""
    detail = f"{name}={value!r} is not understood; expected {expected}."
    wrong = {"parameter": name, "value": value, "expected": expected}
    return Problem(400, detail, code="bad_parameter", errors=[wrong])


class Spellings:
    """The known symbols, by every way to write them. Many are looked up for the price of one look at each."""

    def __init__(self, known: Collection[str], names: Mapping[str, set[str]] | None = None) -> None:
        self.known = known if isinstance(known, Set) else set(known)
        self.names = names or {}

    @cached_property
    def folded(self) -> dict[str, set[str]]:
        """The known symbols by what they are in lower case."""
        found: dict[str, set[str]] = {}
        for symbol in self.known:
            found.setdefault(symbol.casefold(), set()).add(symbol)
        return found

    @cached_property
    def lines(self) -> str:
        """The known symbols in lines, for patterns."""
        return "\n".join(self.known)

    @cached_property
    def name_lines(self) -> str:
        """The names in lower case in lines, of other symbols too."""
        return "\n".join(self.names)

    def meant(self, wanted: str) -> set[str]:
        """What `wanted` means: itself, those that differ in upper and lower case only, or those that it names
        (`HYPE/USDC` or `HYPE-USDC`)."""
        if wanted in self.known:
            return {wanted}
        folded = wanted.casefold()
        return self.folded.get(folded) or self.names.get(folded.replace("/", "-"), set()) & self.known


def resolve(wanted: str, known: Collection[str], names: Mapping[str, set[str]] | None = None) -> set[str]:
    """The known symbols that `wanted` means."""
    return Spellings(known, names).meant(wanted)


def nearest(wanted: str, known: Iterable[str]) -> list[str]:
    """Up to three known symbols that the writer of `wanted` may have meant. Cheap, however many there are."""
    folded = wanted.casefold()
    shared = [name for name in sorted(known) if name.casefold()[:2] == folded[:2]]
    by_fold = {name.casefold(): name for name in shared[:CANDIDATES_MAX]}
    return [by_fold[match] for match in get_close_matches(folded, by_fold, n=3, cutoff=0.6)]
