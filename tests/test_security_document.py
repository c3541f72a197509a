"""`docs/security.md` and the lock: every test that is named exists, every package is pinned by its hashes."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED_EXTRAS = ("questdb", "redis", "nats", "parquet")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in functions


def test_every_attack_names_a_test() -> None:
    section = DOCUMENT.split("## Attacks that are tested")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    assert [row for row in rows if "::" not in row] == []


def pinned() -> dict[str, tuple[str, int]]:
    """Of each package of the lock its version, and how many hashes it has."""
    entries = re.split(r"\n(?=[a-z0-9])", LOCK)
    found: dict[str, tuple[str, int]] = {}
    for entry in entries:
        head = re.match(r"([a-z0-9][\w.-]*)==(\S+)", entry)
        if head:
            found[canonicalize_name(head[1])] = (
                head[2],
                len(re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)),
            )
    return found


def test_the_lock_pins_what_the_project_wants() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in LOCKED_EXTRAS:
        wanted += project["optional-dependencies"][extra]
    lock = pinned()
    for requirement in map(Requirement, wanted):
        version, _ = lock[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}: run make lock"


def test_the_lock_has_a_hash_for_everything_and_names_no_host() -> None:
    lock = pinned()
    assert len(lock) > 25
    assert [name for name, (_, hashes) in lock.items() if not hashes] == []
    assert len(lock) == len(re.findall(r"^[a-z0-9][\w.-]*==", LOCK, re.MULTILINE))
    assert not re.search(r"https?:|--(extra-)?index-url|--trusted-host|--find-links|@ ", LOCK)
