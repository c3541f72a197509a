"""`[plugin:NAME]`: what may stand there, and how every mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.plugging.loading import load_plugins
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings, write_settings
from actors.runtime.settings import Settings
from tests.plugins import guests

HERE = "tests.plugins.guests"


def read(path: Path, text: str, **environment: str) -> Settings:
    file = path / "settings.ini"
    file.write_text(f"{text}\n[exchange:bybit]\nlinear = BTCUSDT\n", encoding="utf-8")
    return read_settings(file, environment, ["bybit"])


def problems(path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_plugins(read(path, text).plugins)
    return caught.value.problems


def section(class_name: str, *more: str) -> str:
    return "\n".join(["[plugin:mine]", f"class = {HERE}:{class_name}", *more, ""])


def test_own_keys_are_handed_over_as_texts(tmp_path: Path) -> None:
    text = section("Closes", "symbols = bybit:*:BTC*, ETHUSDT", "interval = 5m", "Window = 30", "half = 0.5")
    settings = read(tmp_path, text)
    mine = settings.plugins["mine"]
    assert (mine.class_, mine.symbols, mine.interval) == (f"{HERE}:Closes", ("bybit:*:BTC*", "ETHUSDT"), "5m")
    found = load_plugins(settings.plugins)["mine"]
    assert isinstance(found, guests.Closes)
    assert found.options == {"window": "30", "half": "0.5"}


def test_the_environment_wins_for_own_keys_too(tmp_path: Path) -> None:
    environment = {"TICKWELL_PLUGIN_MINE_INTERVAL": "1h", "TICKWELL_PLUGIN_MINE_WINDOW": "60"}
    mine = read(tmp_path, section("Closes", "window = 30"), **environment).plugins["mine"]
    assert (mine.interval, mine.options) == ("1h", {"window": "60"})


def test_the_effective_settings_read_back_and_hide_secrets(tmp_path: Path) -> None:
    before = read(tmp_path, section("Closes", "window = 30", "api_token = s3cret"))
    written = write_settings(before)
    assert "s3cret" not in written
    assert "# api_token is set" in written
    file = tmp_path / "again.ini"
    file.write_text(written, encoding="utf-8")
    again = read_settings(file, {}, ["bybit"]).plugins["mine"]
    assert (again.class_, again.options) == (f"{HERE}:Closes", {"window": "30"})


def test_our_keys_are_checked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, section("Closes", "interval = 2m", "budget_ms = 0"))
    assert caught.value.problems == [
        "[plugin:mine] interval = 2m: must be one of 15m, 1d, 1h, 1m, 1s, 4h, 5m",
        "[plugin:mine] budget_ms = 0: must be a number above 0 to 1000",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[plugin:mine]\n", "class = : must be module:Class"),
        ("[plugin:mine]\nclass = no dots\n", "class = no dots: must be module:Class"),
        ("[plugin:mine]\nclass = nowhere.at_all:Thing\n", "No module named 'nowhere'"),
        (f"[plugin:mine]\nclass = {HERE}.Closes\n", f"must be module:Class; did you mean {HERE}:Closes?"),
        (section("Nobody"), "it has none called Nobody"),
        (section("Close"), "it has none called Close; did you mean Closes?"),
        (section("Narrow"), "be called as on_bar(key, bar); too many positional arguments"),
        (
            section("Keyed", "api_token = s3cret"),
            "other options: api_token = (hidden): must be longer\\x1b[2J",
        ),
        (section("Deaf"), "on_bar(key, bar) or on_ticker(key, ticker)"),
        (section("Waiting"), "none is `async`"),
        (section("Picky", "colour = red"), "colour = red: unknown; known is window"),
        (section("Broken"), "SystemExit: 3"),
        (section("Closes", "symbols = bybit::BTC"), "symbols = … bybit::BTC …: must be a key"),
        (f"[plugin:my own]\nclass = {HERE}:Closes\n", "must be called by letters"),
    ],
)
def test_mistakes_are_told_with_what_would_be_right(tmp_path: Path, text: str, words: str) -> None:
    [problem] = problems(tmp_path, text)
    assert problem.startswith("[plugin:m")
    assert words in problem
    assert problem.isprintable(), "one line, whatever a module says"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = section("Deaf") + "[plugin:other]\nclass = nowhere:Thing\n"
    assert [each.partition("]")[0] for each in problems(tmp_path, text)] == ["[plugin:mine", "[plugin:other"]


def test_what_is_not_enabled_is_not_imported(tmp_path: Path) -> None:
    text = "[plugin:mine]\nclass = nowhere.at_all:Thing\nenabled = no\n"
    assert load_plugins(read(tmp_path, text).plugins) == {}
