"""Trade ids as they are stored: numbers as integers, UUIDs as 16 bytes, all others as they are.

It halves a trade's row, and puts numbers in their own order: 9 before 10.
"""

from __future__ import annotations

from typing import TypeAlias

StoredId: TypeAlias = int | bytes | str

_DIGITS_MAX = 18  # always fits 64 bits
_UUID_LENGTH = 36


def stored_id(text: str) -> StoredId:
    """How an exchange's id is stored; only what comes back the same is changed."""
    if len(text) <= _DIGITS_MAX and text.isascii() and text.isdigit():
        return int(text) if text[0] != "0" or text == "0" else text
    if len(text) == _UUID_LENGTH:
        try:
            packed = bytes.fromhex(text.replace("-", ""))
        except ValueError:
            return text
        return packed if len(packed) == 16 and _uuid_text(packed) == text else text
    return text


def told_id(stored: StoredId) -> str:
    """The exchange's id again."""
    if isinstance(stored, bytes):
        return _uuid_text(stored)
    return str(stored)


def _uuid_text(packed: bytes) -> str:
    text = packed.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
