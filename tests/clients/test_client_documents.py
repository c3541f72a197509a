"""The client's own rules: small files, public names documented, and a README whose names exist."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tickwell_client
from tickwell_client.wire import VERSION

from tests.patience import PATIENCE_S
from tests.processes import ROOT

CLIENT = ROOT / "clients" / "python"
SOURCES = sorted((CLIENT / "src").rglob("*.py"))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
README = (CLIENT / "README.md").read_text(encoding="utf-8")
OURS = ("actors", "web", "simulator", "supervisor", "trio", "asyncio")
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", SOURCES + EXAMPLES, ids=name_of)
def test_files_are_small_and_say_what_they_are_for(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert len(source.splitlines()) <= FILE_LINES_MAX
    assert ast.get_docstring(tree)
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES_MAX]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_public_names_are_documented(path: Path) -> None:
    owners = [ast.parse(path.read_text(encoding="utf-8"))]
    owners += [each for each in owners[0].body if isinstance(each, ast.ClassDef) and each.name[0] != "_"]  # type: ignore[misc]
    bare = [
        each.name
        for owner in owners
        for each in owner.body
        if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not each.name.startswith("_")
        and not ast.get_docstring(each)
        and not any(isinstance(base, ast.Name) and base.id == "Mailbox" for base in bases(owner))
    ]
    assert not bare


def bases(owner: ast.AST) -> list[ast.expr]:
    """The classes that a class stands on; what it inherits is documented there."""
    found = owner.bases if isinstance(owner, ast.ClassDef) else []
    return [each.value if isinstance(each, ast.Subscript) else each for each in found]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_it_stands_by_itself_and_on_no_one_loop(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}
    imported |= {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    assert not {name.split(".")[0] for name in imported} & set(OURS)


def test_what_it_needs_is_what_the_tests_install() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    client = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = project["dependencies"] + project["optional-dependencies"]["test"]
    extras = [each for extra in client["optional-dependencies"].values() for each in extra]
    assert set(client["dependencies"] + extras) <= set(installed)


def test_it_speaks_the_version_that_is_documented() -> None:
    assert f"This is version {VERSION}." in (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert all(hasattr(tickwell_client, name) for name in tickwell_client.__all__)


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(((?!https?:)[^)]+)\)", README)
    assert targets
    assert not [target for target in targets if not (CLIENT / target).exists()]


def test_names_in_the_readme_exist() -> None:
    hub = set(re.findall(r"`(?:await )?hub\.(\w+)", README))
    assert hub and all(hasattr(tickwell_client.Hub, name) or name == "reconnects" for name in hub)
    mentioned = set(re.findall(r"subscription\.(\w+)", README))
    assert mentioned and all(hasattr(tickwell_client.Subscription, name) for name in mentioned)


def test_sources_carry_no_other_licence_than_the_project() -> None:
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_examples_explain_themselves(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(path), "--help"],
        env={"PYTHONPATH": str(CLIENT / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "--url" in done.stdout
