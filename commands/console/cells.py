"""Text as cells of a terminal: how wide it is, cut to a width, and without what a terminal would obey."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

REPLACEMENT = "�"
ELLIPSIS = "…"


class Span(NamedTuple):
    """Some text in one style: `dim`, `bold`, `up`, `down`, `warn`, `head`, or none."""

    text: str
    style: str = ""


class Line(NamedTuple):
    """One line of the screen; `is_marked` is the one under the cursor."""

    spans: tuple[Span, ...] = ()
    is_marked: bool = False

    @property
    def text(self) -> str:
        """The line without its styles."""
        return "".join(span.text for span in self.spans)


def clean(text: str) -> str:
    """`text` without control characters and marks that change the direction of what follows."""
    return "".join(
        REPLACEMENT if unicodedata.category(each)[0] == "C" or each in "\u2028\u2029" else each
        for each in text
    )


def width(text: str) -> int:
    """How many cells it takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def clip(text: str, cells: int) -> str:
    """`text`, cut so that it takes `cells` at most; the cut is shown."""
    if width(text) <= cells:
        return text
    kept, taken = [], 0
    for each in text:
        taken += _cells(each)
        if taken > cells - 1:
            break
        kept.append(each)
    return "".join(kept) + ELLIPSIS if cells > 0 else ""


def padded(text: str, cells: int, *, is_text: bool) -> str:
    """`text` in exactly `cells`: texts stand left, numbers right. A number is never cut: "#" says that it has
    no room."""
    if width(text) > cells:
        text = clip(text, cells) if is_text else "#" * cells
    room = " " * (cells - width(text))
    return text + room if is_text else room + text


def cut(line: Line, cells: int) -> Line:
    """A line that takes exactly `cells`."""
    spans, left = [], cells
    for span in line.spans:
        text = clip(span.text, left)
        spans.append(Span(text, span.style))
        left -= width(text)
        if text != span.text:
            break
    return Line((*spans, Span(" " * left)) if left > 0 else tuple(spans), line.is_marked)


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
