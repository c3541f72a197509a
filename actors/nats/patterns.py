"""What to listen to: subjects with wildcards, and with globs inside their tokens. Pure.

The server knows `*` for a whole token and `>` for all the rest. `quotes.*.BTC*` is therefore asked of it as
`quotes.*.*`, and what does not fit is left out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from actors.nats.subjects import ROOT, escaped

EVERYTHING = f"{ROOT}.>"
LENGTH_MAX = 200
_GLOB = "*?"
_REST = ">"


class Pattern(Struct, frozen=True):
    """`tokens` of a subject; each may hold `*` (any characters, also none) and `?` (one), the last may be `>`
    (one token or more)."""

    tokens: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What the server is asked for: at least all that fits."""
        return ".".join("*" if any(each in token for each in _GLOB) else token for token in self.tokens)

    def fits(self, subject: str) -> bool:
        """Whether a subject is meant."""
        told = subject.split(".")
        if self.tokens[-1] == _REST:
            wanted = self.tokens[:-1]
            return len(told) > len(wanted) and _fit(wanted, told[: len(wanted)])
        return len(told) == len(self.tokens) and _fit(self.tokens, told)

    def __str__(self) -> str:
        return ".".join(self.tokens)


def read_patterns(texts: Iterable[str]) -> list[Pattern]:
    """The patterns that are meant, each once; all prices, if nothing is said. A word without a dot is a
    symbol, on every market of every exchange. Raises `ValueError`, which names what is wrong and right."""
    patterns = [pattern for text in texts for pattern in _read(text)]
    return list(dict.fromkeys(patterns or _read(EVERYTHING)))


def _read(text: str) -> list[Pattern]:
    if len(text) > LENGTH_MAX:
        raise _wrong(text, f"it is longer than {LENGTH_MAX} characters")
    if "." not in text and text != _REST:
        return [_pattern(text, f"{ROOT}.*.{text}"), _pattern(text, f"{ROOT}.*.*.{text}")]
    return [_pattern(text, text)]


def _pattern(text: str, meant: str) -> Pattern:
    *before, last = meant.split(".")
    if not all([*before, last]):
        raise _wrong(text, "a part of it is empty")
    if any(_REST in part for part in before) or (_REST in last and last != _REST):
        raise _wrong(text, "> stands alone, and at the end")
    if not text.isprintable() or " " in text:
        raise _wrong(text, "it holds a space or something that cannot be seen")
    return Pattern(tuple(part if part == _REST else escaped(part, _GLOB) for part in [*before, last]))


def _wrong(text: str, why: str) -> ValueError:
    return ValueError(f"{text[:60]!a}: {why}; expected such as 'quotes.futures.BTC*', 'quotes.>' or BTCUSDT")


def _fit(wanted: Sequence[str], told: Sequence[str]) -> bool:
    return all(_glob(token).fullmatch(each) for token, each in zip(wanted, told, strict=True))


@lru_cache(maxsize=1024)
def _glob(token: str) -> re.Pattern[str]:
    words = {"*": "[^.]*", "?": "[^.]"}
    return re.compile("".join(words.get(each) or re.escape(each) for each in token))
