"""`listen`: the prices that a hub publishes to NATS, on standard output, one a line. No hub need be beside
it, only the server."""

from __future__ import annotations

import argparse
import sys

import trio

from actors.runtime.arguments import Subcommand
from actors.runtime.errors import SettingsError, StartError
from actors.runtime.settings import Settings
from commands.subscribing.output import ReaderGone

EXIT_FAILED = 74
LOCAL_URL = "nats://127.0.0.1:4222"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.add_argument(
        "patterns",
        metavar="SUBJECT",
        nargs="*",
        help="such as 'quotes.*.BTC*', 'quotes.binance.>' or BTCUSDT; all prices, if not said",
    )
    parser.add_argument("--url", help=f"of NATS; that of [sink:nats], or {LOCAL_URL}, if not said")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, instead of words")
    parser.add_argument("--limit", type=int, metavar="N", help="end after so many")
    parser.add_argument("--once", action="store_true", help="end when the connection is lost")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write what comes. Returns 0, 74 when something fails on the way, or 128 + the signal."""
    if options.limit is not None and options.limit < 1:
        raise SettingsError([f"--limit={options.limit}: expected a number of messages, 1 or more"])
    try:
        from actors.nats.address import Address
        from actors.nats.patterns import read_patterns
        from commands.listen.listening import Lost, listen
    except ImportError:
        raise StartError("listen: needs the client of NATS: pip install 'tickwell[nats]'") from None
    try:
        address = Address.parse(options.url or settings.nats.url or LOCAL_URL)
        patterns = read_patterns(options.patterns)
    except SettingsError as error:
        raise SettingsError([f"listen: {problem}" for problem in error.problems]) from None
    except ValueError as error:
        raise SettingsError([f"listen: {error}"]) from None
    try:
        return trio.run(listen, address, patterns, options, sys.stdout.fileno())
    except ReaderGone:
        return 0
    except Lost as error:
        print(f"tickwell: listen: {error}", file=sys.stderr)
    except OSError as error:
        print(f"tickwell: listen: stdout: {error.strerror}", file=sys.stderr)
    return EXIT_FAILED


COMMAND = Subcommand("listen", "write the prices that a NATS hands on to standard output", add_arguments, run)
