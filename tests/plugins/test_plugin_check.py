"""`supervisor.py --check`, and the start: a plugin that could not be used is named, with exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supervisor import main
from tests.patience import PATIENCE_S
from tests.processes import ROOT, environment, free_port

GUESTS = "tests.plugins.guests"
WRONG = f"tickwell: [plugin:mine] class = {GUESTS}:Nobody: must name a class of {GUESTS}; it has none called"


def settings_file(folder: Path, class_name: str, *more: str) -> str:
    path = folder / "settings.ini"
    lines = ["[exchange:bybit]", "linear = BTCUSDT", "[plugin:mine]", f"class = {GUESTS}:{class_name}", *more]
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_check_imports_what_the_settings_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--settings", settings_file(tmp_path, "Closes"), "--check"]) == 0
    assert f"class = {GUESTS}:Closes" in capsys.readouterr().out


def test_check_names_a_class_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--settings", settings_file(tmp_path, "Nobody"), "--check"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    [line] = told.err.splitlines()
    assert line.startswith(WRONG)


def test_what_a_plugin_prints_is_not_among_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--settings", settings_file(tmp_path, "Keyed", "api_token = s3cret"), "--check"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Keyed is made" in told.err
    assert "s3cret" not in told.err


def test_a_node_that_does_not_serve_needs_no_plugins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = settings_file(tmp_path, "Nobody")
    assert main(["--settings", path, "--role", "ingest,persist", "--check"]) == 0
    assert main(["--settings", path, "--role", "ingest,serve", "--check"]) == 2
    assert "Nobody" in capsys.readouterr().out


def test_a_command_that_has_no_need_of_plugins_imports_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--settings", settings_file(tmp_path, "Nobody"), "token", "list"]) == 0
    assert "Nobody" not in capsys.readouterr().err


@pytest.mark.loopback
def test_the_hub_does_not_start(tmp_path: Path) -> None:
    given = environment(TICKWELL_WEB_PORT=free_port(), TICKWELL_DATA_DIRECTORY=tmp_path / "data")
    command = [sys.executable, "supervisor.py", "--settings", settings_file(tmp_path, "Nobody")]
    done = subprocess.run(
        command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(WRONG)
