"""What `python supervisor.py NAME …` can do beside running the hub: one file per command.

A command is a `Subcommand` at the end of its file: a name, a line of help, its arguments, and `run`, which is
given the parsed arguments and the settings, and returns the exit code. Add the name of yours to `NAMES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from actors.runtime.arguments import Subcommand

NAMES = ("doctor", "export", "listen", "sub", "token", "top")


def every() -> tuple[Subcommand, ...]:
    """All commands."""
    return tuple(import_module(f"commands.{name}").COMMAND for name in NAMES)


def meant_by(words: Sequence[str]) -> tuple[Subcommand, ...]:
    """All commands, unless every word is an option of the hub: who runs that does not wait for the rest."""
    asks = any(word in ("-h", "--help") or not word.startswith("-") for word in words)
    return every() if asks else ()
