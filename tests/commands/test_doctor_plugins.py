"""The doctor at plugins: whether they can be imported, made and told something, and what to do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from msgspec import structs

from actors.runtime.settings import NotifierSettings, Settings
from actors.runtime.settings_bus import ROLES
from actors.runtime.settings_plugins import PluginSettings
from commands.doctor import COMMAND, examine
from commands.doctor.findings import Finding, Subject
from commands.doctor.plugins import examine_plugin
from tests.commands.doctored import settings_with
from tests.patience import PATIENCE_S
from tests.plugins import guests

GUESTS = "tests.plugins.guests"


async def found_of(class_name: str, **options: str) -> list[Finding]:
    subject = Subject("plugin:mine")
    await examine_plugin(subject, PluginSettings(class_=class_name, options=options))
    assert "s3cret" not in repr(subject.findings)
    return subject.findings


async def test_a_plugin_that_is_well() -> None:
    found = await found_of(f"{GUESTS}:Closes", window="30", api_token="s3cret")
    assert [(each.check, each.state) for each in found] == [
        ("import", "ok"),
        ("options", "ok"),
        ("methods", "ok"),
    ]
    assert found[0].said.startswith(f"{GUESTS}:Closes of ")
    assert found[0].said.endswith("guests.py")
    assert found[1].said == "window, api_token"
    assert found[2].said == "on_bar, on_gone"


@pytest.mark.parametrize(
    ("class_name", "check", "words", "advice"),
    [
        ("nowhere.at_all:Thing", "import", "No module named 'nowhere'", "PYTHONPATH"),
        (f"{GUESTS}_of_others:Thing", "import", f"No module named '{GUESTS}_of_others'", "PYTHONPATH"),
        (f"{GUESTS}:Close", "import", "none called Close; did you mean Closes?", "PYTHONPATH"),
        (f"{GUESTS}:Deaf", "methods", "on_bar(key, bar) or on_ticker(key, ticker)", "docs/plugins.md"),
        (f"{GUESTS}:Narrow", "methods", "be called as on_bar(key, bar)", "docs/plugins.md"),
        (f"{GUESTS}:Waiting", "methods", "none is `async`", "docs/plugins.md"),
        (f"{GUESTS}:Picky", "options", "unknown; known is window", "[plugin:mine]"),
        (f"{GUESTS}:Keyed", "options", "api_token = (hidden): must be longer", "[plugin:mine]"),
        (f"{GUESTS}:Broken", "options", "SystemExit: 3", "[plugin:mine]"),
    ],
)
async def test_what_can_be_wrong_with_a_plugin(class_name: str, check: str, words: str, advice: str) -> None:
    *before, last = await found_of(class_name, api_token="s3cret")
    assert {each.state for each in before} <= {"ok"}
    assert (last.check, last.state) == (check, "failed")
    assert last.said.startswith(f"class = {class_name}: must ")
    assert words in last.said
    assert advice in last.advice


async def test_what_a_module_lacks_is_another_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needy_plugin.py").write_text("import not_installed_anywhere.at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    [found] = await found_of("needy_plugin:Thing")
    assert "No module named 'not_installed_anywhere'" in found.said
    assert found.advice == "install what it imports, not_installed_anywhere, where the hub is installed"


async def test_a_section_that_is_misspelled() -> None:
    subject = Subject("plugin:mine")
    section = PluginSettings(class_=f"{GUESTS}.Closes", symbols=("bybit::BTC",))
    await examine_plugin(subject, section)
    assert [(each.check, each.state) for each in subject.findings] == [("settings", "failed")] * 2
    assert f"did you mean {GUESTS}:Closes?" in subject.findings[0].said
    assert "docs/plugins.md" in subject.findings[0].advice


@pytest.fixture
def released() -> Iterator[None]:
    yield
    guests.MADE.set()


async def test_a_plugin_that_takes_its_time_does_not_hold_the_doctor_up(
    tmp_path: Path, released: None
) -> None:
    with trio.fail_after(PATIENCE_S):
        report = await examine(with_plugins(tmp_path, slow="Slow"), Path("settings.ini"), 0.3)
    [found] = [each for each in report.checks if each.subject == "plugin:slow" and each.state != "ok"]
    assert (found.check, found.state) == ("time", "failed")
    assert "its start" in found.advice


def with_plugins(tmp_path: Path, **plugins: str) -> Settings:
    sections = {name: PluginSettings(class_=f"{GUESTS}:{each}") for name, each in plugins.items()}
    return structs.replace(settings_with(tmp_path, {}), plugins=sections)


def asked(settings: Settings, *roles: str) -> int:
    options = argparse.Namespace(
        settings=Path("settings.ini"), json=True, within=5.0, demo=False, notify=False, role=roles or ROLES
    )
    return COMMAND.run(options, settings)


def test_what_a_plugin_prints_is_not_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = with_plugins(tmp_path, good="Closes", mine="Keyed", off="Nobody")
    settings.plugins["mine"].options["api_token"] = "s3cret"
    settings.plugins["off"] = structs.replace(settings.plugins["off"], enabled=False)
    assert asked(settings) == 1
    told = capsys.readouterr()
    checks = json.loads(told.out)["checks"]
    assert "Keyed is made" in told.err
    assert "s3cret" not in told.out
    assert {each["subject"] for each in checks} == {"machine", "plugin:good", "plugin:mine"}
    assert [each["check"] for each in checks if each["state"] == "failed"] == ["options"]


def test_a_node_that_does_not_serve_has_neither_plugins_nor_alerts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = with_plugins(tmp_path, mine="Nobody")
    settings = structs.replace(settings, notifiers={"ops": NotifierSettings(url="https://x.invalid/")})
    assert asked(settings, "ingest", "persist") == 0
    assert {each["subject"] for each in json.loads(capsys.readouterr().out)["checks"]} == {"machine"}
    assert asked(settings, "serve") == 1
