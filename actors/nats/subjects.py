"""What the subjects of prices are called. Pure.

    quotes.futures.BTCUSDT                  of the one exchange whose subjects carry no name
    quotes.hyperliquid.futures.BTC          of every other

A subject is tokens with dots between them, and every character that means something there, or that a terminal
or another client could stumble over, is written as its percent-encoded UTF-8: a symbol is always one token.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

ROOT = "quotes"
MARKETS = {"linear": "futures", "spot": "spot"}
TOKEN_LENGTH_MAX = 120
_KEPT = "_@/:-"  # beside letters and digits of ASCII
_UNSAFE = re.compile(rf"[^A-Za-z0-9%{_KEPT}]")


def token_of(text: str) -> str:
    """A text as one token. Raises `ValueError` for one that is empty, no text, or too long."""
    try:
        # `quote` keeps these three, come what may.
        token = quote(text, safe=_KEPT).replace(".", "%2E").replace("~", "%7E")
    except UnicodeEncodeError:
        raise ValueError(f"{text!a} is no text: it cannot be part of a subject") from None
    if not 0 < len(token) <= TOKEN_LENGTH_MAX:
        raise ValueError(f"{text[:40]!a} cannot be part of a subject: it must have 1 to 40 characters")
    return token


def text_of(token: str) -> str:
    """The text of which `token_of` made a token."""
    return unquote(token)


def escaped(part: str, also: str = "") -> str:
    """What somebody typed for a token, with everything encoded that no token holds, but for `also`."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in also else token_of(found[0]), part)


def quote_subject(exchange: str, market: str, symbol: str, bare_exchange: str) -> str:
    """Where the prices of an instrument go. Raises `ValueError` for a symbol that cannot be told."""
    place = f"{token_of(MARKETS.get(market, market))}.{token_of(symbol)}"
    return f"{ROOT}.{place}" if exchange == bare_exchange else f"{ROOT}.{token_of(exchange)}.{place}"
