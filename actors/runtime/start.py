"""The first and the last words of a run: what stands in the way, what was started, why it ended."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import structs

from actors.runtime.errors import RestartIntensityExceeded, SettingsError, StartError, main_error
from actors.runtime.settings import DataSettings, ExchangeSettings, Settings
from actors.runtime.version import __version__

EXIT_SETTINGS, EXIT_GAVE_UP, EXIT_CANNOT_START = 2, 70, 73


def prepare_directory(settings: DataSettings) -> None:
    """Make the data directory. Raises `StartError` where it cannot be written."""
    directory = Path(settings.directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"data: cannot make {directory.absolute()}: {error.strerror}") from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StartError(f"data: not permitted to write in {directory.absolute()}")


def calm_collector() -> None:
    """Let Python look for cycles less often.

    A book's delta is some sixty tuples that live for milliseconds and are never part of a cycle. Looking
    through them every 700 objects, as is the default, took a quarter of the time that the message takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def with_addresses(settings: Settings, addresses: Mapping[str, Mapping[str, str]]) -> Settings:
    """The settings with other addresses for the exchanges' markets."""
    exchanges = {
        name: structs.replace(each, **addresses.get(name, {})) for name, each in settings.exchanges.items()
    }
    return structs.replace(settings, exchanges=exchanges)


def banner(settings: Settings, addresses: Sequence[tuple[str, int]], *, demo: bool) -> str:
    """What a user reads first: what runs, where to look, where things go."""
    scheme = "https" if settings.web.tls_certificate else "http"
    host, port = addresses[0]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    following = [f"  {name:<13}{_markets(each)}" for name, each in settings.exchanges.items() if each.enabled]
    source = "simulated exchanges on this machine" if demo else "live exchanges"
    lines = [
        f"Tickwell {__version__} · {source}",
        *following,
        f"  open         {scheme}://{shown}:{port}/",
        f"  logs         stderr, level {settings.supervisor.log_level}",
        f"  data         {Path(settings.data.directory).absolute()}",
        "  stop         Ctrl-C",
    ]
    return "\n".join(["", *lines, ""])


def _markets(exchange: ExchangeSettings) -> str:
    wanted = {market: exchange.symbols(market) for market in ("linear", "spot")}
    return ", ".join(f"{market} {_count(symbols)}" for market, symbols in wanted.items() if symbols)


def _count(symbols: Sequence[str]) -> str:
    if any(symbol == "*" or symbol.startswith("top:") or symbol.endswith(":*") for symbol in symbols):
        return " + ".join("all" if symbol == "*" else symbol for symbol in symbols)
    return f"{len(symbols)} symbol{'s' if len(symbols) > 1 else ''}"


def last_words(error: BaseException) -> tuple[int, str] | None:
    """The exit code and the words that an expected end deserves; `None` for any other error."""
    cause = main_error(error)
    if isinstance(cause, SettingsError):
        return EXIT_SETTINGS, "\n".join(f"tickwell: {problem}" for problem in cause.problems)
    if isinstance(cause, StartError):
        return EXIT_CANNOT_START, f"tickwell: {cause}"
    if isinstance(cause, RestartIntensityExceeded):
        return EXIT_GAVE_UP, f"tickwell: gave up: {cause}"
    return None
