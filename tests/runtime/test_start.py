"""The first and the last words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.runtime.errors import ConnectionLost, RestartIntensityExceeded, SettingsError, StartError
from actors.runtime.settings import (
    DataSettings,
    ExchangeSettings,
    MarketSettings,
    Settings,
    SupervisorSettings,
    WebSettings,
)
from actors.runtime.start import banner, last_words, prepare_directory, with_addresses
from actors.runtime.version import __version__


def told(web: WebSettings | None = None, **exchanges: ExchangeSettings) -> Settings:
    return Settings(SupervisorSettings(), MarketSettings(), web or WebSettings(), DataSettings(), exchanges)


def test_the_directory_is_made_and_may_be_there(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    for _ in range(2):
        prepare_directory(DataSettings(str(wanted)))
    assert wanted.is_dir()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    for path in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(StartError, match=f"data: cannot make {path}: "):
            prepare_directory(DataSettings(str(path)))


def test_a_directory_that_must_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # nothing is forbidden to root
    with pytest.raises(StartError, match=f"data: not permitted to write in {tmp_path}"):
        prepare_directory(DataSettings(str(tmp_path)))


def test_other_addresses_take_the_place_of_the_exchanges_own() -> None:
    settings = told(a=ExchangeSettings(linear=("X",)), b=ExchangeSettings())
    changed = with_addresses(settings, {"a": {"linear_stream_url": "ws://localhost:1"}, "c": {}})
    assert changed.exchanges["a"] == ExchangeSettings(linear=("X",), linear_stream_url="ws://localhost:1")
    assert changed.exchanges["b"] == settings.exchanges["b"]


def test_the_banner_says_what_runs_and_where_to_look() -> None:
    settings = told(
        bybit=ExchangeSettings(linear=("A", "B"), spot=("A",)),
        hyperliquid=ExchangeSettings(linear=("*", "xyz:*"), spot=("top:5",)),
        binance=ExchangeSettings(enabled=False, spot=("A",)),
    )
    text = banner(settings, [("127.0.0.1", 8765)], demo=False)
    assert f"Tickwell {__version__} · live exchanges" in text
    assert "  bybit        linear 2 symbols, spot 1 symbol\n" in text
    assert "  hyperliquid  linear all + xyz:*, spot top:5\n" in text
    assert "binance" not in text
    assert "  open         http://127.0.0.1:8765/\n" in text
    assert "simulated exchanges" in banner(settings, [("127.0.0.1", 1)], demo=True)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:1/"),
        ("::", "http://[::1]:1/"),
        ("fe80::1", "http://[fe80::1]:1/"),
        ("192.168.0.7", "http://192.168.0.7:1/"),
    ],
)
def test_the_banners_address_can_be_opened(host: str, url: str) -> None:
    assert f" {url}\n" in banner(told(), [(host, 1)], demo=False)
    secure = told(WebSettings(tls_certificate="c", tls_key="k"))
    assert url.replace("http", "https") in banner(secure, [(host, 1)], demo=False)


def test_the_last_words_tell_the_cause_and_the_exit_code() -> None:
    taken = ExceptionGroup("", [ExceptionGroup("", [StartError("port 80 is taken")])])
    assert last_words(taken) == (73, "tickwell: port 80 is taken")
    assert last_words(RestartIntensityExceeded("state failed")) == (70, "tickwell: gave up: state failed")
    assert last_words(ValueError("bug")) is None
    assert last_words(KeyboardInterrupt()) is None
    assert last_words(ConnectionLost("down")) is None


def test_settings_that_only_their_user_can_judge_end_like_any_other_mistake() -> None:
    assert last_words(SettingsError(["one", "two"])) == (2, "tickwell: one\ntickwell: two")
