"""The documents cannot rot: what they link to, command, name and promise exists."""

from __future__ import annotations

import argparse
import configparser
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import trio

from actors.plugging.loading import Step
from actors.runtime.ini import FOR_COMMANDS
from actors.runtime.settings import WebSettings
from actors.runtime.start import EXIT_CANNOT_START, EXIT_GAVE_UP, EXIT_SETTINGS
from actors.runtime.version import __version__
from commands import doctor
from commands.doctor.advice import NOTIFIER_ADVICE
from simulator.faults import FaultKind
from web.app import create_app
from web.readmodel import ReadModel
from web.wire import RecordOut

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ARCHITECTURE_LINES_MAX = 150
FIRST_SCREEN_LINES_MAX = 25
IMAGE_BYTES_MAX = 300_000

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_and_images_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        path = (document.parent / file).resolve() if file else document
        assert path.exists(), f"{document.name} links to {target}"
        assert ROOT in path.parents
        if anchor:
            assert anchor in anchors(path), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_that_are_named_exist(document: Path) -> None:
    """Paths in backticks that begin with a folder or a file of ours."""
    tops = {path.name for path in ROOT.iterdir()} - {"data"}
    for code in CODE.findall(document.read_text(encoding="utf-8")):
        plain = re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", code)
        if plain and code.split("/")[0] in tops:
            assert (ROOT / code).exists(), f"{document.name} names {code}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    commands = "\n".join([*(body for _, body in FENCE.findall(text)), *CODE.findall(text)])
    named = set(re.findall(r"\bmake ([a-z]+)\b", commands))
    assert named <= targets, f"{document.name} names {sorted(named - targets)}"


@cache
def settings_file() -> dict[str, set[str]]:
    """The sections and keys of `settings.ini`."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text_of("settings.ini"))
    return {section: set(parser[section]) for section in parser.sections()}


def test_settings_in_the_readme_exist() -> None:
    readme, known = text_of("README.md"), settings_file()
    sections = set(re.findall(r"\[((?:exchange:)?[a-z]+)\](?!\()", readme))
    assert sections, "the README names no section any more"
    assert sections <= known.keys()
    for section, keys in re.findall(r"^\| `\[([a-z:]+)\]` \| ([^|]+) \|", readme, re.MULTILINE):
        assert set(CODE.findall(keys)) <= known[section]
    for key in re.findall(r"`([a-z]+_[a-z_]*_s|[a-z]+_(?:token|origins|level|max))`", readme):
        assert any(key in keys for keys in known.values()) or key in FAULT_FIELDS, key


FAULT_FIELDS = {"after_s", "duration_s", "retry_after_s"}


def test_environment_variables_in_the_documents_exist() -> None:
    addresses = {f"{market}_{kind}_url" for market in ("linear", "spot") for kind in ("stream", "rest")}
    known = {
        f"TICKWELL_{section}_{key}".upper().replace(":", "_")
        for section, keys in settings_file().items()
        for key in (keys | addresses | {"enabled"} if section.startswith("exchange:") else keys)
    }
    for document in DOCUMENTS:
        named = set(re.findall(r"TICKWELL_[A-Z_]+", document.read_text(encoding="utf-8")))
        assert named <= known | FOR_COMMANDS, f"{document.name} names {sorted(named - known)}"


def test_the_readme_tells_the_essential_on_the_first_screen() -> None:
    first_screen = text_of("README.md").splitlines()[:FIRST_SCREEN_LINES_MAX]
    shown = "\n".join(first_screen)
    for words in ("make demo", "make run", "make test", f"Tickwell {__version__}", "http://127.0.0.1:8765/"):
        assert words in shown


def test_exit_codes_in_the_documents_are_those_of_the_code() -> None:
    for name in ("README.md", "docs/ARCHITECTURE.md"):
        for code in (EXIT_SETTINGS, EXIT_GAVE_UP, EXIT_CANNOT_START):
            assert re.search(rf"\b{code}\b", text_of(name)), f"{name} does not name {code}"


class NoControl:
    """The web needs somebody who could start and stop; no document does."""

    async def start(self, exchange: str | None) -> None: ...

    async def stop(self, exchange: str | None) -> None: ...

    def running(self, exchange: str) -> bool:
        return exchange != ""

    def watch(self, *_: object) -> None: ...


def test_the_api_documents_every_route_and_no_other() -> None:
    app = create_app(
        ReadModel(["bybit"], lambda: 0), NoControl(), WebSettings(), stop=trio.Event(), now_ns=lambda: 0
    )
    routes = {
        ("WebSocket" if rule.websocket else method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    line = r"^\| (WebSocket|GET|POST|PUT|PATCH|DELETE) `(/[^`]*)` \|"
    documented = set(re.findall(line, text_of("docs/api.md"), re.MULTILINE))
    assert documented == routes


def test_addresses_in_other_documents_are_in_the_api() -> None:
    told = {address.partition("?")[0] for address in re.findall(r"`(/[^`]*)`", text_of("docs/api.md"))}
    known = [re.compile(re.sub(r"\{\w+\}", r"[\\w:{}]+", address)) for address in told]
    for name in ("README.md", "CHANGELOG.md"):
        text = text_of(name)
        for path in re.findall(r"127\.0\.0\.1:8765(/[\w/:-]*)", text) + re.findall(r"`(/ws/[\w/{}]+)`", text):
            assert path.startswith("/static/") or any(each.fullmatch(path) for each in known), (
                f"{name}: {path}"
            )


def test_the_api_documents_every_field_of_a_record() -> None:
    section = text_of("docs/api.md").split("### The record\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    assert [name for row in rows for name in CODE.findall(row)] == list(RecordOut.__struct_fields__)


def test_the_readme_names_every_fault() -> None:
    named = set(CODE.findall("".join(re.findall(r"^\| (`.+?`) \| ", text_of("README.md"), re.MULTILINE))))
    assert set(get_args(FaultKind)) <= named


def test_the_doctors_checks_and_options_are_told() -> None:
    section = text_of("docs/operations.md").split("## `doctor`")[1].split("\n## ")[0]
    told = set(re.findall(r"[\w-]+", " ".join(CODE.findall(section))))
    parser = argparse.ArgumentParser(add_help=False)
    doctor.COMMAND.add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    assert options <= told
    assert set(NOTIFIER_ADVICE) | set(get_args(Step)) <= told


def test_glossary_words_are_words_of_the_code() -> None:
    sources = [ROOT / "supervisor.py"]
    sources += [path for folder in ("actors", "web", "simulator") for path in (ROOT / folder).rglob("*.py")]
    code = " ".join(path.read_text(encoding="utf-8") for path in sources).lower()
    words = re.findall(r"^\| `?([\w ]+?)`? \| (?!meaning)", text_of("docs/glossary.md"), re.MULTILINE)
    assert len(words) > 20
    assert len(words) == len(set(words)), "one word, one meaning"
    missing = [word for word in words if not re.search(rf"(?<![a-z]){word}(?![a-z])", code)]
    assert not missing, f"nobody uses {missing}"


def test_the_architecture_stays_readable() -> None:
    assert len(text_of("docs/ARCHITECTURE.md").splitlines()) <= ARCHITECTURE_LINES_MAX


def test_decisions_are_numbered_without_a_gap() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    for number, path in enumerate(decisions, 1):
        assert path.name.startswith(f"{number:04d}-")
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. ")


def test_images_are_shown_and_small() -> None:
    shown = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for image in (ROOT / "docs" / "images").iterdir():
        assert image.name in shown
        assert image.stat().st_size <= IMAGE_BYTES_MAX


def test_the_changelog_names_the_version() -> None:
    assert f"## [{__version__}]" in text_of("CHANGELOG.md")
    assert "## [Unreleased]" in text_of("CHANGELOG.md")
