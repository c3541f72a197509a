"""What the tests of `deploy/` share: its files, read; and what a hub would make of what they give it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import trio
import yaml

from actors.exchanges import exchanges
from actors.runtime.ini import read_settings
from actors.runtime.settings import Settings
from tests.web.harness import application

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PINNED = re.compile(r"(?:[a-z0-9.-]+/)*[a-z0-9-]+:v?\d+\.\d+(?:\.\d+)[a-z0-9.-]*")


def read_yaml(path: Path) -> list[Any]:
    """The documents of a file."""
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]


def settings_under(environment: Mapping[str, str]) -> Settings:
    """The shipped settings in a container with this environment. Raises `SettingsError` where it would refuse
    to start."""
    return read_settings(ROOT / "settings.ini", environment, exchanges())


def instructions(path: Path) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile, each on one line, without comments."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, re.sub(r"\s+", " ", rest.strip())


def unit_options(path: Path) -> dict[str, list[str]]:
    """The options of a systemd unit, by their names."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@cache
def addresses() -> frozenset[str]:
    """Every path that the hub serves."""
    app = application(stop=trio.Event())
    return frozenset(rule.rule for rule in app.url_map.iter_rules())
