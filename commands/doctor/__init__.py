"""`doctor`: everything that a hub needs is tried: what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import trio
from msgspec import structs

from actors.exchanges import load_codec
from actors.runtime.arguments import Subcommand
from actors.runtime.clock import steady_clock
from actors.runtime.errors import SettingsError
from actors.runtime.settings import Settings
from commands.demo import start_simulator
from commands.doctor.exchange import Market
from commands.doctor.findings import Finding, Report, Subject
from commands.doctor.machine import (
    examine_certificate,
    examine_directory,
    examine_files,
    examine_port,
    examine_settings,
)
from commands.doctor.notifiers import notifier_checks
from commands.doctor.plugins import examine_plugin
from commands.doctor.servers import examine_history, examine_server, questions

WITHIN_S = 30.0
_SLOW = "a slow network, or a silent server: look at what comes before"
_SLOW_PLUGIN = (
    "the hub would wait for it at its start: let it load what is large elsewhere, or say --within 600"
)
Examination = Callable[[], Awaitable[None]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.add_argument("--json", action="store_true", help="one line of JSON in place of text")
    parser.add_argument(
        "--within",
        type=_seconds,
        default=WITHIN_S,
        metavar="SECONDS",
        help=f"what has not been found out by then has failed; {WITHIN_S:g}, if not said",
    )
    parser.add_argument(
        "--notify",
        action="store_true",
        help="send a trial message through every notifier; otherwise, none is sent",
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 600")
    return value


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Examine everything. Returns 0, or 1 if something failed."""
    settings, wanted = _of_roles(settings, options.role), {"demo": options.demo, "notify": options.notify}
    # What plugins print is not the report.
    with redirect_stdout(sys.stderr):
        report = trio.run(partial(examine, settings, options.settings, options.within, **wanted))
    print(report.as_json() if options.json else report.as_text())
    return report.exit_code


def _of_roles(settings: Settings, roles: Sequence[str]) -> Settings:
    """What is examined where these roles are played: alerts and plugins are those of nodes that serve."""
    return settings if "serve" in roles else structs.replace(settings, notifiers={}, plugins={})


def explain(options: argparse.Namespace, error: SettingsError) -> int:
    """Settings that cannot be used: nothing else can be examined. Returns 1."""
    advice = f"correct {options.settings}, or the environment variable of that name (TICKWELL_…)"
    found = [Finding("machine", "settings", "failed", problem, advice) for problem in error.problems]
    report = Report.of(found)
    print(report.as_json() if options.json else report.as_text())
    return report.exit_code


async def examine(
    settings: Settings, path: Path, within_s: float, *, demo: bool = False, notify: bool = False
) -> Report:
    """All findings, machine first. Every exchange, server, notifier and plugin is examined at once; with
    `notify`, a message is sent through each notifier."""
    async with trio.open_nursery() as nursery:
        if demo:
            settings = await start_simulator(nursery, settings)
        machine = Subject("machine")
        examine_settings(machine, settings, path)
        examine_directory(machine, settings)
        examine_files(machine, settings.web)
        examine_certificate(machine, settings.web)
        if settings.history.enabled:
            await trio.to_thread.run_sync(examine_history, machine, settings)
        work = _work(machine, settings, notify=notify)
        async with trio.open_nursery() as examinations:
            for subject, examination in work:
                examinations.start_soon(_bounded, subject, examination, within_s)
        nursery.cancel_scope.cancel()
    return Report.of([each for subject, _ in work for each in subject.findings])


def _work(machine: Subject, settings: Settings, *, notify: bool) -> list[tuple[Subject, Examination]]:
    """What may take its time, each by itself."""
    work: list[tuple[Subject, Examination]] = [(machine, partial(examine_port, machine, settings.web))]
    for name, question in questions(settings).items():
        subject = Subject(name)
        work.append((subject, partial(examine_server, subject, question)))
    work += [(market.subject, market.examine) for market in markets_of(settings)]
    work += [(each.subject, each.examine) for each in notifier_checks(settings, notify=notify)]
    for name, section in settings.plugins.items():
        if section.enabled:
            subject = Subject(f"plugin:{name}")
            work.append((subject, partial(examine_plugin, subject, section)))
    return work


async def _bounded(subject: Subject, examination: Examination, within_s: float) -> None:
    with trio.move_on_after(within_s) as scope:
        await examination()
    if scope.cancelled_caught:
        words = f"not found out within {within_s:g} s"
        subject.fail("time", words, _SLOW_PLUGIN if subject.name.startswith("plugin:") else _SLOW)


def markets_of(settings: Settings) -> list[Market]:
    """Every market that the settings want."""
    now_ns = steady_clock()
    return [
        Market(name, partial(load_codec(name), market), exchange, now_ns, Subject(f"{name}:{market}"))
        for name, exchange in settings.exchanges.items()
        if exchange.enabled
        for market in load_codec(name).markets
        if exchange.symbols(market)
    ]


COMMAND = Subcommand("doctor", "find out what a hub here lacks, and what to do", add_arguments, run, explain)
