"""`token`: what it prints goes into the settings as it is, and opens what it says, for as long as it says."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from actors.runtime.arguments import parse
from actors.runtime.clock import steady_clock
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings
from actors.runtime.settings import Settings
from commands.token import COMMAND, expires_of
from web.guard.keyring import Holder, Keyring

DAY_NS = 86_400 * 10**9


def settings_of(tmp_path: Path, text: str = "") -> Settings:
    path = tmp_path / "settings.ini"
    path.write_text("[exchange:bybit]\nlinear = BTCUSDT\n" + text, encoding="utf-8")
    return read_settings(path, {}, ["bybit"])


def options(*words: str) -> argparse.Namespace:
    return parse(["token", *words], Path("settings.ini"), [COMMAND])


def test_what_is_printed_goes_into_the_settings_and_opens_the_hub(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("create", "bot", "--scopes", "read,control", "--expires", "30d")
    assert COMMAND.run(options(*words), settings_of(tmp_path)) == 0
    section, told = capsys.readouterr()
    [token] = re.findall(r"tw_bot_[\w-]{43}", told)
    assert token.rpartition("_")[2] not in section
    settings = settings_of(tmp_path, section)
    found = Keyring(settings.tokens).find(f"Bearer {token}", steady_clock()())
    assert isinstance(found, Holder)
    assert (found.name, found.scopes) == ("bot", frozenset({"read", "control"}))
    assert found.expires_ns is not None
    assert abs(found.expires_ns - steady_clock()() - 30 * DAY_NS) < 60 * 10**9
    later = Keyring(settings.tokens).find(f"Bearer {token}", steady_clock()() + 31 * DAY_NS)
    assert later == "expired"


def test_two_tokens_are_never_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        COMMAND.run(options("create", "bot"), settings_of(tmp_path))
    section, told = capsys.readouterr()
    assert len(set(re.findall(r"tw_bot_\S+", told))) == 2
    assert len(set(re.findall(r"sha256:\S+", section))) == 2
    assert "scopes = read\n" in section and "expires" not in section


def test_the_list_tells_no_secret_and_what_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    COMMAND.run(options("create", "bot"), settings_of(tmp_path))
    section = capsys.readouterr().out
    settings = settings_of(tmp_path, section + "expires = 2020-01-01\n")
    COMMAND.run(options("list"), settings)
    told = capsys.readouterr().out
    assert re.search(r"^bot +read +2020-01-01 \(over\)$", told, re.MULTILINE)
    assert "sha256" not in told
    COMMAND.run(options("list"), settings_of(tmp_path))
    assert "token create NAME" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("create", "Bot"), "token create 'Bot': expected 1 to 32 small letters"),
        (("create", "control"), "token create 'control': expected"),
        (("create", "taken"), "[token:taken] is in the settings already"),
        (("create", "bot", "--scopes", "write"), "--scopes='write': expected read, or read,control"),
        (("create", "bot", "--scopes", ","), "--scopes=',': expected"),
        (("create", "bot", "--expires", "3y"), "--expires='3y': expected 30d, 12h, 4w, or a time to come"),
        (("create", "bot", "--expires", "0d"), "--expires='0d': expected"),
        (("create", "bot", "--expires", "99999d"), "within ten years"),
        (("create", "bot", "--expires", "9" * 400 + "d"), "expected 30d"),
        (("create", "bot", "--expires", "2020-01-01"), "a time to come"),
        (("create", "bot", "--expires", "-5d"), "expected 30d"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value)[:40],
)
def test_what_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...], problem: str) -> None:
    taken = f"[token:taken]\nhash = sha256:{'0' * 32}:{'0' * 64}\n"
    with pytest.raises(SettingsError) as caught:
        COMMAND.run(options(*words), settings_of(tmp_path, taken))
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_time_is_written_in_utc() -> None:
    assert expires_of("2027-01-31T13:00:00+01:00", 1_800_000_000 * 10**9) == "2027-01-31T12:00:00Z"
    assert expires_of("12h", 1_800_000_000 * 10**9) == "2027-01-15T20:00:00Z"
