"""The words of a screener's filter, and where each of them stands."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.screen_fields import ScreenError

Kind: TypeAlias = Literal["word", "quoted", "operator", "(", ")", "and", "or", "not", "end"]

CHARS_MAX = 1000

_WORDS = re.compile(
    r"""\s*(?:
        (?P<word>[\w.*?:/@\[\]+-]+)
      | "(?P<double>[^"]*)"
      | '(?P<single>[^']*)'
      | (?P<operator>>=|<=|!=|==|[<>=~])
      | (?P<mark>&&|\|\||[(),&|!])
      )""",
    re.VERBOSE,
)
_MARKS: dict[str, Kind] = {
    "(": "(", ")": ")", ",": "and", "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not",
}  # fmt: skip


class Word(Struct, frozen=True):
    """One word: `text` without its quotes, and where it begins."""

    kind: Kind
    text: str
    position: int


def words(text: str) -> list[Word]:
    """All words of a filter, and an end. Raises `ScreenError` at the first character that begins none."""
    if len(text) > CHARS_MAX:
        raise ScreenError(
            "filter", text[CHARS_MAX : CHARS_MAX + 20], CHARS_MAX, f"{CHARS_MAX} characters at most"
        )
    found: list[Word] = []
    end = len(text.rstrip())
    position = 0
    while position < end:
        match = _WORDS.match(text, position)
        if match is None:
            raise _no_word(text, position)
        found.append(_word(match))
        position = match.end()
    return [*found, Word("end", "", end)]


def _word(match: re.Match[str]) -> Word:
    name = match.lastgroup or ""
    text, start = match[name], match.start(name)
    if name in ("double", "single"):
        return Word("quoted", text, start - 1)
    if name == "mark":
        return Word(_MARKS[text], text, start)
    return Word("operator" if name == "operator" else "word", text, start)


def _no_word(text: str, position: int) -> ScreenError:
    rest = text[position:].lstrip()
    start = len(text) - len(rest)
    if rest[0] in "\"'":
        return ScreenError("filter", rest[:20], start, "the quotation has no end")
    return ScreenError("filter", rest[0], start, "such a character stands in quotation marks only")
