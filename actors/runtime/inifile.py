"""Reads a settings file into sections of texts. What they mean, `actors/runtime/ini.py` knows."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

_SECTION_LINE, _KEY_LINE = re.compile(r"\[(.+)\]"), re.compile(r"([^#;=:][^=:]*?)\s*[=:]")


def read_sections(path: Path, problems: list[str]) -> dict[str, dict[str, str]]:
    """The sections of the file. What a line holds is not repeated: it may be a secret."""
    parser = configparser.ConfigParser(interpolation=None, default_section="", strict=False)
    try:
        text = path.read_text(encoding="utf-8-sig")
        problems.extend(_repeated(text))
        parser.read_string(text)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")
    except configparser.MissingSectionHeaderError as error:
        problems.append(f"{path}, line {error.lineno}: stands before the first [section]")
    except configparser.ParsingError as error:
        problems.extend(
            f"{path}, line {number}: must be a [section], key = value, or # a comment"
            for number, _ in error.errors
        )
    return {name: dict(parser[name]) for name in parser.sections()}


def _repeated(text: str) -> Iterator[str]:
    """Keys that stand twice: a parser would stop at the first of them, or silently prefer the last."""
    section, key, key_indent = "", "", 0
    lines: dict[tuple[str, str], int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        indent = len(line) - len(line.lstrip())
        if key and indent > key_indent:
            continue  # the value of the line before goes on
        if found := _SECTION_LINE.match(line.strip()):
            section, key = found[1], ""
        elif found := _KEY_LINE.match(line.strip()):
            key, key_indent = found[1].lower(), indent
            first = lines.setdefault((section, key), number)
            if first != number:
                yield f"[{section}] {key}: stands on lines {first} and {number}; keep one"
