"""What `python supervisor.py NAME …` can do beside running the hub: one file per command.

A command is a `Subcommand` at the end of its file: a name, a line of help, its arguments, and `run`, which is
given the parsed arguments and the settings, and returns the exit code. What only one command needs is
imported when it runs, so that nobody else waits for it. Add yours to `COMMANDS`.
"""

from __future__ import annotations

from actors.runtime.arguments import Subcommand
from commands import export, sub, top

COMMANDS: tuple[Subcommand, ...] = (export.COMMAND, sub.COMMAND, top.COMMAND)
