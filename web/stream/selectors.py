"""How instruments are selected: one selector, from its text to its parts.

A selector is a key `exchange:market:symbol` whose parts may hold `*` and `?`; a symbol or a name alone, with
or without these, on every exchange; or `top:N` of everything, and `exchange:market:top:N` of a part of it. A
symbol may hold colons itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

ANY = "*"
TOP_MAX = 1000
_TOP = re.compile(r"top:(\d{1,6})", re.IGNORECASE | re.ASCII)


class Selector(Struct, frozen=True):
    """A selector in parts: exchange and market in lower case; `top` is how many, `None` for one by symbol."""

    text: str
    exchange: str
    market: str
    symbol: str
    top: int | None = None

    @property
    def open(self) -> bool:
        """Whether it follows the listings: it means whatever fits, which may be nothing."""
        return self.top is not None or any(map(is_pattern, (self.exchange, self.market, self.symbol)))


def read_selector(text: str) -> Selector:
    """The parts of a selector. `ValueError` says in words what would be right."""
    text = text.strip()
    if not text or not text.isprintable():
        raise ValueError("a key such as bybit:linear:BTCUSDT, a glob, a symbol, or top:20")
    parts = text.split(":", 2)
    top = _TOP.fullmatch(text) or (_TOP.fullmatch(parts[2]) if len(parts) == 3 else None)
    if top is not None and not 1 <= int(top[1]) <= TOP_MAX:
        raise ValueError(f"top:1 to top:{TOP_MAX}")
    if len(parts) < 3 or _TOP.fullmatch(text):
        return Selector(text.lower() if top else text, ANY, ANY, ANY if top else text, top and int(top[1]))
    if not all(parts):
        raise ValueError("three parts that are not empty, such as bybit:linear:BTCUSDT or bybit:*:BTC*")
    exchange, market, symbol = parts[0].lower(), parts[1].lower(), parts[2]
    if top is not None:
        return Selector(text.lower(), exchange, market, ANY, int(top[1]))
    return Selector(f"{exchange}:{market}:{symbol}", exchange, market, symbol)


def is_pattern(part: str) -> bool:
    """Whether a part of a selector may mean more than one thing."""
    return "*" in part or "?" in part


def matching(pattern: str, lines: str) -> list[str]:
    """The lines that fit, whatever their case. A pattern without `*` and `?` fits what it says."""
    return [line for line in _compiled(pattern).findall(lines) if line]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for whole lines. Each piece is taken where it is found first, and never looked for again:
    that is right for `*`, and takes time in proportion to the text whatever the pattern."""
    first, *rest = (_piece(piece) for piece in re.split(r"\*+", pattern))
    middle = "".join(f"(?>[^\n]*?{piece})" for piece in rest[:-1])
    last = f"[^\n]*{rest[-1]}" if rest else ""
    return re.compile(f"^{first}{middle}{last}$", re.IGNORECASE | re.MULTILINE)


def _piece(text: str) -> str:
    return "".join("[^\n]" if each == "?" else re.escape(each) for each in text)


def split_key(key: str) -> tuple[str, tuple[str, str]]:
    """`bybit:linear:BTCUSDT` as its exchange, and the pair of market and symbol by which boards know it."""
    exchange, market, symbol = key.split(":", 2)
    return exchange, (market, symbol)
