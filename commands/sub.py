"""`sub`: a channel of the hub's stream on standard output, one record a line. For pipes, and for a look."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio

from actors.runtime.arguments import Subcommand
from actors.runtime.errors import SettingsError, StartError
from actors.runtime.settings import Settings
from commands.racing import ended, first_of, until_signalled
from commands.stream.address import Address, read_address
from commands.stream.following import Follower
from commands.stream.messages import Codec, HubLost, HubRefused
from commands.subscribing.lines import Lines
from commands.subscribing.output import Output, ReaderGone
from commands.subscribing.place import ResumeFile
from commands.subscribing.session import NOT_RESUMED, Session, absent, say

EXIT_FAILED = 74


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.add_argument("channel", metavar="CHANNEL", help="ticker, quote, trades, book, bars, …")
    parser.add_argument(
        "selectors", metavar="SELECTOR", nargs="*", help="such as 'bybit:*:BTC*', BTCUSDT or top:20; all"
    )
    parser.add_argument("--url", help="of the hub; where the settings have it listen, if not said")
    parser.add_argument("--rate", type=float, metavar="HZ", help="at most so many frames per second")
    parser.add_argument("--fields", metavar="LIST", help="only these, such as price,quality")
    parser.add_argument("--depth", type=int, metavar="N", help="of book: levels per side; 50, if not said")
    parser.add_argument("--interval", help="of bars: 1s, 1m, 5m, 15m, 1h, 4h or 1d; 1m, if not said")
    parser.add_argument("--changes-only", action="store_true", help="updates hold only what changed")
    parser.add_argument("--no-snapshot", action="store_true", help="begin with the next change")
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other parameter of the channel, such as filter='funding_apr>20' or bases='[\"BTC\"]'",
    )
    parser.add_argument("--format", choices=("json", "msgpack"), default="json", help="of what is written")
    parser.add_argument("--resume-file", type=Path, metavar="FILE", help="go on where the last run ended")
    parser.add_argument("--limit", type=int, metavar="N", help="end after so many records")
    parser.add_argument("--once", action="store_true", help="end when the hub cannot be reached, or is lost")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write what comes. Returns 0, 74 when something fails on the way, or 128 + the signal."""
    address, params = read_address(options.url, settings.web), params_of(options)
    check(options, sys.stdout.isatty())
    try:
        return trio.run(subscribe, options, address, params, sys.stdout.fileno())
    except ReaderGone:
        return 0
    except (HubLost, HubRefused) as error:
        say(f"{address}: {error}")
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else f"stdout: {error.strerror}")
    return EXIT_FAILED


async def subscribe(
    options: argparse.Namespace, address: Address, params: dict[str, Any], descriptor: int
) -> int:
    """Until enough came, nobody reads any more, or a signal. Returns the exit code."""
    codec, output = Codec(options.format), Output(descriptor)
    file = ResumeFile(options.resume_file, params) if options.resume_file else None
    session = Session(address, params, Lines(codec, options.limit), output, file)
    follower = Follower(address, codec, session.live, session.lost, once=options.once)
    try:
        return await first_of(
            partial(ended, follower.run), partial(ended, output.until_gone), until_signalled
        )
    except HubLost as error:
        if session.was_here:
            raise
        raise StartError(f"sub: {absent(address, error)}") from None
    finally:
        session.finish()


def params_of(options: argparse.Namespace) -> dict[str, Any]:
    """The parameters of `subscribe`. The hub judges them: it knows its channels. Raises `SettingsError`."""
    params: dict[str, Any] = {
        "channel": options.channel,
        "symbols": options.selectors,
        "max_rate_hz": options.rate,
        "fields": [each.strip() for each in (options.fields or "").split(",") if each.strip()],
        "depth": options.depth,
        "interval": options.interval,
        "changes_only": options.changes_only or None,
        "snapshot": False if options.no_snapshot else None,
    }
    params = {name: value for name, value in params.items() if value not in (None, [])}
    return params | dict(read_param(text) for text in options.param)


def read_param(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`, the value as JSON where it is that. Raises `SettingsError`."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise SettingsError([f"--param={text[:200]!r}: expected NAME=VALUE, such as grouping=0.5"])
    try:
        return name, msgspec.json.decode(value)
    except msgspec.MsgspecError:
        return name, value


def check(options: argparse.Namespace, is_terminal: bool) -> None:
    """Raises `SettingsError` for what can never be."""
    if options.limit is not None and options.limit < 1:
        raise SettingsError([f"--limit={options.limit}: expected a number of records, 1 or more"])
    if options.format == "msgpack" and is_terminal:
        raise SettingsError(["--format=msgpack is not for eyes: send it to a file or a program"])
    if options.resume_file and options.channel in NOT_RESUMED:
        raise SettingsError(
            [f"--resume-file: a {options.channel} begins with its snapshot, always; leave it out"]
        )


COMMAND = Subcommand("sub", "write a channel of a running hub to standard output", add_arguments, run)
