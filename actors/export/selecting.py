"""Which instruments are meant: `bybit:linear:BTC*`, `BTCUSDT`, `*:spot:*`, in small letters or capital."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import translate

from actors.sinks.base import InstrumentKey

CHARACTERS_MAX = 200


def key_of(of: InstrumentKey) -> str:
    """An instrument across all exchanges, such as `bybit:linear:BTCUSDT`."""
    return f"{of.exchange}:{of.market}:{of.symbol}"


def select(selectors: Sequence[str], known: Sequence[InstrumentKey]) -> tuple[list[InstrumentKey], list[str]]:
    """The known instruments that any of the selectors means, in their order, and what is wrong: a line for
    each selector that means none."""
    problems: list[str] = []
    chosen: set[InstrumentKey] = set()
    for selector in selectors:
        meant = {of for of in known if means(selector, of)}
        if not meant:
            problems.append(
                f"--symbols: history has nothing of {selector[:CHARACTERS_MAX]!r}{hint(selector, known)}"
            )
        chosen |= meant
    return [of for of in known if of in chosen], problems


def means(selector: str, of: InstrumentKey) -> bool:
    """Whether a selector means an instrument: by its whole key, or by its symbol on whichever exchange."""
    pattern = re.compile(translate(selector[:CHARACTERS_MAX].casefold()))
    return any(pattern.match(name.casefold()) for name in (key_of(of), of.symbol))


def hint(selector: str, known: Sequence[InstrumentKey]) -> str:
    """What its writer may have meant."""
    names = [key_of(of) for of in known] if selector.count(":") >= 2 else [of.symbol for of in known]
    by_fold = {name.casefold(): name for name in names}
    close = get_close_matches(selector.casefold(), by_fold, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(by_fold[each] for each in close)}?" if close else ""
