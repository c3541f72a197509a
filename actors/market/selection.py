"""PURE: which instruments the settings mean, given what the exchange lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct

from actors.market.instrument import Instrument


class Selection(Struct, frozen=True):
    """The symbols to follow, what could not be had, and what the listing tells about those that are followed.

    `books` are the symbols whose order books are followed all the time, `books_refused` those that cannot be.
    """

    symbols: tuple[str, ...]
    refused: dict[str, str]
    instruments: dict[str, Instrument] = {}
    books: tuple[str, ...] = ()
    books_refused: dict[str, str] = {}


def needs_listing(wanted: Iterable[str]) -> bool:
    """Whether the symbols cannot be known without the exchange's listing."""
    return any(each == "*" or each.startswith("top:") or each.endswith(":*") for each in wanted)


def unlisted(wanted: Sequence[str], books: Sequence[str]) -> Selection:
    """What can be followed while the listing cannot be had: what is named. `*` and `top:N` mean of these."""
    chosen: dict[str, None] = {}
    for each in books:
        count = len(wanted) if each == "*" else int(each[4:]) if each.startswith("top:") else 0
        chosen |= dict.fromkeys(wanted[:count] if count else [each] if each in wanted else [])
    return Selection(tuple(wanted), {}, books=tuple(chosen))


def select(
    wanted: Sequence[str],
    instruments: Sequence[Instrument],
    turnover_24h: Mapping[str, float],
    books: Sequence[str] = (),
    followed: Collection[str] = (),
) -> Selection:
    """Resolve `wanted`: symbols, names (`HYPE/USDC`, `HYPE-USDC`), `*`, `dex:*`, `top:N` by turnover.

    What is halted is not chosen by `*` and `top:N`, unless it is `followed` already: then its halt is news.
    `books` are resolved in the same way, among what was chosen.
    """
    busiest = sorted(instruments, key=lambda each: -turnover_24h.get(each.symbol, 0.0))
    known = set(followed)
    lively = [each.symbol for each in busiest if each.halted is None or each.symbol in known]
    symbols, refused = _resolve_all(wanted, instruments, lively)
    by_symbol = {each.symbol: each for each in instruments}
    chosen = {symbol: by_symbol[symbol] for symbol in symbols}
    deep, strange = _resolve_all(books, list(chosen.values()), [each for each in lively if each in chosen])
    named = _names(instruments)
    for each in strange:
        if each in by_symbol or each.replace("/", "-") in named:
            strange[each] = "its order book is wanted, but it is not followed itself"
    return Selection(tuple(symbols), refused, chosen, tuple(deep), strange)


def _resolve_all(
    wanted: Sequence[str], instruments: Sequence[Instrument], busiest: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """The symbols that are meant, and why some words mean none."""
    by_symbol, by_name = {each.symbol: each for each in instruments}, _names(instruments)
    chosen: dict[str, None] = {}
    refused: dict[str, str] = {}
    for each in wanted:
        symbols = _resolve(each, by_symbol, by_name, busiest)
        if symbols is None:
            refused[each] = _unknown(each, by_symbol)
        else:
            chosen.update(dict.fromkeys(symbols))
    return list(chosen), refused


def _names(instruments: Sequence[Instrument]) -> dict[str, str]:
    """Symbols by our name; of several with the same name, the first in the listing that trades."""
    best_first = sorted(instruments, key=lambda each: each.halted is not None)
    return {each.name: each.symbol for each in reversed(best_first)}


def _resolve(
    wanted: str, by_symbol: Mapping[str, Instrument], by_name: Mapping[str, str], busiest: Sequence[str]
) -> Sequence[str] | None:
    if wanted == "*":
        return [symbol for symbol in busiest if ":" not in symbol]
    if wanted.startswith("top:"):
        return [symbol for symbol in busiest if ":" not in symbol][: int(wanted[4:])]
    if wanted.endswith(":*"):
        return [symbol for symbol in busiest if symbol.startswith(wanted[:-1])] or None
    if wanted in by_symbol:
        return [wanted]
    named = by_name.get(wanted.replace("/", "-"))
    return None if named is None else [named]


def _unknown(symbol: str, by_symbol: Iterable[str]) -> str:
    near = get_close_matches(symbol.upper(), by_symbol, n=3, cutoff=0.6)
    return "not in the exchange's listing" + (f"; near it are {', '.join(near)}" if near else "")
