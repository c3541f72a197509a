"""The command line: without a command the hub runs, and each command has its own arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from actors.runtime.arguments import Subcommand, check, joined, parse
from actors.runtime.settings import Settings
from commands import NAMES, every, meant_by

SETTINGS = Path("settings.ini")


def add_number(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=int)


def run(options: argparse.Namespace, settings: Settings) -> int:
    return int(options.number)


TWICE = (
    Subcommand("count", "count up", add_number, run),
    Subcommand("tell", "tell", lambda parser: None, run),
)


def test_without_a_command_the_hub_runs() -> None:
    options = parse(["--demo"], SETTINGS, TWICE)
    assert (options.run, options.demo, options.settings) == (None, True, SETTINGS)


def test_a_command_runs_in_its_place() -> None:
    options = parse(["count", "7"], SETTINGS, TWICE)
    assert (options.run, options.number) == (run, 7)


@pytest.mark.parametrize(
    "order", [["--settings", "other", "count", "7"], ["count", "7", "--settings", "other"]]
)
def test_settings_may_be_named_before_or_behind_a_command(order: list[str]) -> None:
    assert parse(order, SETTINGS, TWICE).settings == Path("other")
    assert parse(["count", "7"], SETTINGS, TWICE).settings == SETTINGS


def test_how_long_ago_is_no_option() -> None:
    assert joined(["export", "--from", "-15m", "--to=-5m", "-7d"]) == [
        "export",
        "--from=-15m",
        "--to=-5m",
        "-7d",
    ]
    assert joined([]) == []


def test_check_is_done_in_place_of_running() -> None:
    assert parse(["--check"], SETTINGS, TWICE).run is check


@pytest.mark.parametrize("arguments", [["cuont", "7"], ["count", "x"], ["count"], ["--nope"]])
def test_a_mistake_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, SETTINGS, TWICE)
    assert ended.value.code == 2
    assert "usage: tickwell" in capsys.readouterr().err


def test_help_tells_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"], SETTINGS, every())
    told = capsys.readouterr().out
    for command in every():
        assert command.name in told
        assert command.summary in told
        with pytest.raises(SystemExit) as ended:
            parse([command.name, "--help"], SETTINGS, every())
        assert ended.value.code == 0


@pytest.mark.parametrize("words", [[], ["--demo"], ["--check"], ["--settings=other.ini"]])
def test_the_hub_does_not_wait_for_what_only_commands_need(words: list[str]) -> None:
    assert meant_by(words) == ()


@pytest.mark.parametrize("words", [["top"], ["-h"], ["--help"], ["--demo", "export"], ["exprot"]])
def test_whoever_may_mean_a_command_finds_all_of_them(words: list[str]) -> None:
    assert [each.name for each in meant_by(words)] == list(NAMES)
