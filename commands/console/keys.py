"""What a terminal sends, as the names of keys."""

from __future__ import annotations

import re

ESCAPE = "escape"
NAMES = {
    "\x1b": ESCAPE, "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace",
    "\t": "tab", "\x15": "clear", "\x04": "end-of-file",
}  # fmt: skip
SEQUENCES = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end",
    "1~": "home", "4~": "end", "7~": "home", "8~": "end", "5~": "page-up", "6~": "page-down",
}  # fmt: skip
PIECES = re.compile(r"\x1b[\[O]([0-9;]*[A-Za-z~])|\x1b[\[O]?|.", re.DOTALL)


def read_keys(text: str) -> list[str]:
    """The keys in `text`, in order: names such as `up`, or the character itself. What is no key that we
    know is left out."""
    keys = []
    for piece in PIECES.finditer(text):
        sequence, whole = piece[1], piece[0]
        name = SEQUENCES.get(sequence) if sequence else NAMES.get(whole, whole)
        if name is not None and (len(name) > 1 or name.isprintable()):
            keys.append(name)
    return keys
