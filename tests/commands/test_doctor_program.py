"""`python supervisor.py doctor`, as it is called: what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supervisor import main
from tests.processes import free_port

BROKEN = "[web]\nport = many\n[exchange:bybit]\nlinear = BTCUSDT\n"


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKWELL_DATA_DIRECTORY", str(tmp_path / "data"))
    monkeypatch.setenv("TICKWELL_WEB_PORT", str(free_port()))


@pytest.mark.loopback
def test_simulated_exchanges_are_well(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--demo", "doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "ok"
    assert {each["subject"] for each in told["checks"]} >= {"machine", "bybit:spot", "binance:linear"}
    assert not (tmp_path / "data").exists()


def test_settings_that_cannot_be_used_are_found_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TICKWELL_WEB_PORT")
    (tmp_path / "settings.ini").write_text(BROKEN)
    assert main(["doctor", "--json", "--settings", str(tmp_path / "settings.ini")]) == 1
    [finding] = json.loads(capsys.readouterr().out)["checks"]
    assert (finding["check"], finding["state"]) == ("settings", "failed")
    assert "[web] port = many: must be a whole number" in finding["said"]
    assert main(["--settings", str(tmp_path / "settings.ini"), "--check"]) == 2, "other commands refuse them"


@pytest.mark.loopback
def test_a_world_that_is_away_is_a_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = free_port()
    (tmp_path / "settings.ini").write_text(
        f"[exchange:bybit]\nlinear = BTCUSDT\nlinear_stream_url = ws://127.0.0.1:{nowhere}\n"
        f"linear_rest_url = http://127.0.0.1:{nowhere}\n"
    )
    assert main(["--settings", str(tmp_path / "settings.ini"), "doctor", "--within", "5"]) == 1
    told = capsys.readouterr().out
    assert "failed   bybit:linear       listing" in told
    assert "failed   bybit:linear       tcp" in told
