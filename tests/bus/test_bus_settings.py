"""`[bus]` and `--role`: what is right, and what is said about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.bus.configured import connect_of
from actors.runtime.arguments import parse
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings, write_settings
from actors.runtime.settings_bus import ROLES, BusSettings, check_roles, roles_of

ROOT = Path(__file__).parents[2]


def settings(directory: Path, *lines: str) -> BusSettings:
    path = directory / "settings.ini"
    path.write_text("\n".join(["[exchange:bybit]", "linear = BTCUSDT", "[bus]", *lines]))
    return read_settings(path, {}, ["bybit"]).bus


def problems(directory: Path, *lines: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(directory, *lines)
    return caught.value.problems


def test_as_shipped_there_is_one_machine() -> None:
    shipped = read_settings(ROOT / "settings.ini", {}, ["bybit", "hyperliquid", "binance"])
    assert shipped.bus == BusSettings() and not shipped.bus.is_used


def test_a_bus_has_a_kind_and_a_place(tmp_path: Path) -> None:
    bus = settings(tmp_path, "kind = redis", "url = redis://:secret@10.0.0.5", "takeover_s = 3", "copies = 2")
    assert (bus.is_used, bus.takeover_s, bus.copies) == (True, 3.0, 2)
    assert "secret" not in write_settings(read_settings(tmp_path / "settings.ini", {}, ["bybit"]))


def test_what_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert problems(tmp_path, "kind = kafka") == ["[bus] kind = kafka: must be one of nats, none, redis"]
    assert problems(tmp_path, "kind = nats", "node = my node", "prefix = a:b") == [
        "[bus] url is missing: such as nats://127.0.0.1:4222",
        "[bus] node = my node: must be letters, digits, - and _, 60 at most",
        "[bus] prefix = a:b: must be letters, digits, - and _, 60 at most",
    ]
    [problem] = problems(tmp_path, "takeover_s = 0")
    assert problem == "[bus] takeover_s = 0: must be a number of seconds from 1 to 300"


def test_a_url_that_cannot_be_is_named_without_its_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        connect_of(BusSettings(kind="redis", url="http://:secret@host"))
    assert caught.value.problems == ["[bus] url: the URL of Redis begins with redis:// or rediss://"]


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("all", ROLES),
        ("ingest", ("ingest",)),
        ("serve,ingest", ("ingest", "serve")),
        (" persist , serve ", ("serve", "persist")),
        ("persist,all", ROLES),
    ],
)
def test_roles_can_be_combined(text: str, roles: tuple[str, ...]) -> None:
    assert roles_of(text) == roles
    assert parse(["--role", text], ROOT / "settings.ini").role == roles


def test_without_a_word_a_node_does_everything() -> None:
    assert parse([], ROOT / "settings.ini").role == ROLES


def test_an_unknown_role_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--role", "server"], ROOT / "settings.ini")
    assert caught.value.code == 2
    assert "'server' is no role: give all, or some of ingest, serve, persist" in capsys.readouterr().err


def test_a_role_needs_a_bus() -> None:
    check_roles(BusSettings(), ROLES)
    check_roles(BusSettings(kind="redis", url="redis://h"), ("serve",))
    with pytest.raises(SettingsError, match="--role serve: without"):
        check_roles(BusSettings(), ("serve",))
