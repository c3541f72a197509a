"""The command line: the options of the hub itself, and the commands beside it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actors.runtime.errors import SettingsError
from actors.runtime.ini import write_settings
from actors.runtime.settings import Settings
from actors.runtime.settings_bus import ROLES, roles_of
from actors.runtime.version import __version__

AGO, OPTION = re.compile(r"-\d+[a-z]"), re.compile(r"--[a-z-]+")


@dataclass(frozen=True)
class Subcommand:
    """`python supervisor.py NAME …`: something else than to run the hub. `run` returns the exit code.

    `run` may raise what the hub may raise before it starts: `SettingsError` (exit 2, also for a mistake on
    the command line) and `StartError` (exit 73). `explain` may make something better of `SettingsError`, and
    returns the exit code then.
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Settings], int]
    explain: Callable[[argparse.Namespace, SettingsError], int] | None = None


def parse(
    arguments: Sequence[str] | None, settings: Path, commands: Iterable[Subcommand] = ()
) -> argparse.Namespace:
    """The options; `settings` is the file that is read unless another is named. `run` is what is to be done
    in place of running the hub, with the options and the settings; `None` for nothing else."""
    parser = argparse.ArgumentParser("tickwell", description="A self-hosted real-time market-data hub.")
    parser.add_argument("--settings", type=Path, default=settings, metavar="FILE")
    parser.add_argument(
        "--role",
        type=_roles,
        default=ROLES,
        metavar="ROLES",
        help="of several machines: ingest, serve, persist, with commas between; without it, all (see [bus])",
    )
    parser.add_argument("--demo", action="store_true", help="simulated exchanges, no internet needed")
    parser.add_argument(
        "--check",
        dest="run",
        action="store_const",
        const=check,
        help="check the settings, print the effective ones",
    )
    parser.set_defaults(explain=None)
    parser.add_argument("--version", action="version", version=f"Tickwell {__version__}")
    _add_commands(parser, commands)
    return parser.parse_args(joined(sys.argv[1:] if arguments is None else arguments))


def _roles(text: str) -> tuple[str, ...]:
    try:
        return roles_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def joined(arguments: Iterable[str]) -> list[str]:
    """`--from -15m` as `--from=-15m`: what begins with a dash would be taken for another option."""
    found: list[str] = []
    for argument in arguments:
        is_value = AGO.fullmatch(argument) and found and OPTION.fullmatch(found[-1])
        found.append(f"{found.pop()}={argument}" if is_value else argument)
    return found


def check(options: argparse.Namespace, settings: Settings) -> int:
    """`--check`: the settings have been read, so they are right."""
    print(write_settings(settings))
    return 0


def _add_commands(parser: argparse.ArgumentParser, commands: Iterable[Subcommand]) -> None:
    places = parser.add_subparsers(
        title="commands", metavar="COMMAND", description="without one, the hub runs"
    )
    for command in commands:
        place = places.add_parser(command.name, help=command.summary, description=f"{command.summary}.")
        # Nothing by default: what was given before the command stays.
        place.add_argument("--settings", type=Path, default=argparse.SUPPRESS, metavar="FILE")
        command.add_arguments(place)
        place.set_defaults(run=command.run, explain=command.explain)
