"""PURE: which instruments the settings mean, given what the exchange lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct

from actors.market.instrument import Instrument


class Selection(Struct, frozen=True):
    """The symbols to follow, what could not be had, and our names of those that are listed."""

    symbols: tuple[str, ...]
    refused: dict[str, str]
    names: dict[str, str] = {}


def needs_listing(wanted: Iterable[str]) -> bool:
    """Whether the symbols cannot be known without the exchange's listing."""
    return any(each == "*" or each.startswith("top:") or each.endswith(":*") for each in wanted)


def select(
    wanted: Sequence[str], instruments: Sequence[Instrument], turnover_24h: Mapping[str, float]
) -> Selection:
    """Resolve `wanted`: symbols, names (`HYPE/USDC`, `HYPE-USDC`), `*`, `dex:*`, `top:N` by turnover."""
    by_symbol = {each.symbol: each for each in instruments}
    by_name = {each.name: each.symbol for each in reversed(instruments)}
    busiest = sorted(by_symbol, key=lambda symbol: -turnover_24h.get(symbol, 0.0))
    chosen: dict[str, None] = {}
    refused: dict[str, str] = {}
    for each in wanted:
        symbols = _resolve(each, by_symbol, by_name, busiest)
        if symbols is None:
            refused[each] = _unknown(each, by_symbol)
        else:
            chosen.update(dict.fromkeys(symbols))
    names = {symbol: by_symbol[symbol].name for symbol in chosen}
    return Selection(tuple(chosen), refused, names)


def _resolve(
    wanted: str, by_symbol: Mapping[str, Instrument], by_name: Mapping[str, str], busiest: list[str]
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
