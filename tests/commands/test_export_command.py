"""`python supervisor.py export`: what it says and returns, whatever it is asked for."""

from __future__ import annotations

import builtins
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from supervisor import main
from tests.export.kept import BTC, MINUTE, START, remember, rows, tick
from tests.processes import ROOT, environment


@pytest.fixture
async def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with a history, which the settings name."""
    monkeypatch.setenv("TICKWELL_DATA_DIRECTORY", str(tmp_path))
    await remember(tmp_path, rows())
    return tmp_path


def count(folder: Path) -> int:
    return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.rglob("*.parquet"))


async def test_everything_by_default_into_the_data_directory(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "ticks"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("720 rows, 6 files, ")
    assert out.endswith(f" in {data}/export/ticks\n")
    assert err == ""
    assert count(data / "export" / "ticks") == 720


async def test_what_the_demo_made_up_is_exported_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKWELL_DATA_DIRECTORY", str(tmp_path))
    await remember(tmp_path / "demo", rows())
    assert main(["--demo", "export", "funding"]) == 0
    assert count(tmp_path / "demo" / "export" / "funding") == 12


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ticks", "--symbols", "bybit:linear:BTC*"], 240),
        (["Ticks", "--symbols", "btcusdt,PURR/USDC"], 480),
        (["ticks", "--symbols", "*:SPOT:*"], 480),
        (["trades", "--from", "2026-12-01"], 720),
        (["trades", "--from", "2026-11-30T22:00:00Z", "--to", "2026-11-30T22:01:00+00:00"], 6),
        (["ticks", "--to", "1796076060000"], 3),
        (["ticks", "--from", "-2600w"], 720),
        (["bars"], 720),
        (["bars", "--interval", "1h"], 12),
        (["liquidations"], 48),
        (["funding"], 12),
        (["gaps"], 13),
        (["gaps", "--symbols", "BTCUSDT"], 5),
    ],
)
async def test_what_was_asked_for(data: Path, tmp_path: Path, arguments: list[str], told: int) -> None:
    out = tmp_path / "elsewhere"
    assert main(["export", *arguments, "--out", str(out), "--quiet"]) == 0
    assert count(out) == told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trade"], "no table 'trade'; expected one of ticks, trades, bars, liquidations, funding, gaps"),
        (["trade"], "did you mean trades?"),
        (["ticks", "--symbols", "BTCUSTD"], "nothing of 'BTCUSTD'; did you mean BTCUSDT?"),
        (["ticks", "--symbols", "bybit:linar:BTCUSDT"], "did you mean bybit:linear:BTCUSDT?"),
        (["ticks", "--symbols", "BTCUSDT,NOPE"], "nothing of 'NOPE'"),
        (["ticks", "--symbols", ","], "--symbols names no instrument"),
        (["ticks", "--from", "yesterday"], "--from='yesterday' is not understood; expected an RFC 3339 time"),
        (["ticks", "--to", "2026-13-01"], "--to='2026-13-01T00:00:00Z' is not understood"),
        (["ticks", "--from", "2026-12-02", "--to", "2026-12-01"], "2026-12-02 is not before --to=2026-12-01"),
        (["bars", "--interval", "5m"], "--interval='5m': history keeps bars of 1m, 1h, 1d"),
        (["ticks", "--interval", "1m"], "--interval='1m' is of bars only"),
    ],
)  # fmt: skip
async def test_a_mistake_is_named_with_what_would_be_right(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["export", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tickwell: ")
    assert words in err
    assert not (data / "export").exists()


def test_without_a_table_it_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export"])
    assert ended.value.code == 2
    assert "TABLE" in capsys.readouterr().err


async def test_nothing_to_export_is_said_and_no_failure(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "ticks", "--from", "2027-01-01"]) == 0
    assert "nothing was written" in capsys.readouterr().out
    assert count(data / "export") == 0


def test_without_a_history_it_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TICKWELL_DATA_DIRECTORY", str(tmp_path))
    assert main(["export", "ticks"]) == 73
    assert capsys.readouterr().err == f"tickwell: export: {tmp_path}/history.db: there is no history here\n"


async def test_a_file_of_another_program_is_not_read(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "history.db").write_bytes(b"something else" * 1000)
    assert main(["export", "ticks"]) == 73
    assert "is damaged: it is no database" in capsys.readouterr().err


async def test_without_pyarrow_it_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    imported = builtins.__import__

    def without_pyarrow(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    assert main(["export", "ticks"]) == 73
    assert "pip install 'tickwell[parquet]'" in capsys.readouterr().err


async def test_where_nothing_can_be_written_it_does_not_start(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "export").write_bytes(b"a file, no folder")
    assert main(["export", "ticks"]) == 73
    assert f"cannot write in {data}/export" in capsys.readouterr().err


async def test_a_damaged_export_is_named_and_left_alone(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "ticks"]) == 0
    torn = next((data / "export").rglob("*.parquet"))
    torn.write_bytes(b"torn")
    assert main(["export", "ticks"]) == 74
    assert f"{torn} cannot be read as Parquet: move it away" in capsys.readouterr().err
    assert torn.read_bytes() == b"torn"


MAIN = "import supervisor, sys; sys.exit(supervisor.main())"
SLOWLY = """
import time
from actors.sinks import sqlite_archive

def asked(self, question, ask=sqlite_archive.Archive._asked):
    time.sleep(0.05)
    return ask(self, question)

sqlite_archive.PAGE_ROWS, sqlite_archive.Archive._asked = 1, asked
"""
SMALL_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
"""


class Exporting:
    """The command as a process of its own, after some code that makes it special."""

    def __init__(self, data: Path, *arguments: str, special: str) -> None:
        self.out = data / "export"
        self.child = subprocess.Popen(
            [sys.executable, "-c", special + MAIN, "export", *arguments],
            cwd=ROOT,
            env=environment(TICKWELL_DATA_DIRECTORY=data),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_writing(self) -> None:
        """Wait until it has begun a file."""
        while self.child.poll() is None and not list(self.out.rglob(".part-0.parquet.tmp")):
            time.sleep(0.01)
        assert self.child.poll() is None

    def end(self) -> tuple[int, str]:
        """The exit code, and what it says about itself."""
        try:
            _, err = self.child.communicate(timeout=60)
        finally:
            self.child.kill()
        return self.child.returncode, err


@pytest.mark.loopback
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_one_line_and_leaves_no_torn_file(
    tmp_path: Path, number: signal.Signals
) -> None:
    await remember(tmp_path, [tick(BTC, START + each * MINUTE) for each in range(2000)])
    exporting = Exporting(tmp_path, "ticks", special=SLOWLY)
    exporting.until_writing()
    exporting.child.send_signal(number)
    code, err = exporting.end()
    assert code == 128 + number
    assert err.startswith("tickwell: export: stopped; ")
    assert err.count("\n") == 1
    assert not list(exporting.out.rglob(".part-0.parquet.tmp"))
    for path in exporting.out.rglob("*.parquet"):
        assert pq.ParquetFile(path).metadata.num_rows


@pytest.mark.loopback
async def test_a_disk_that_takes_no_more_is_one_clear_line(tmp_path: Path) -> None:
    await remember(tmp_path, [tick(BTC, START + each * 1_000_003, each * 1.1) for each in range(50_000)])
    code, err = Exporting(tmp_path, "ticks", special=SMALL_FILES).end()
    assert code == 74
    assert err == f"tickwell: export: {tmp_path}/export: File too large; 0 files done, none is torn\n"
    assert [path.name for path in (tmp_path / "export").rglob("*") if path.is_file()] == [".export.lock"]


@pytest.mark.loopback
async def test_one_export_at_a_time_writes_to_a_folder(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exporting = Exporting(data, "ticks", special=SLOWLY)
    exporting.until_writing()
    assert main(["export", "ticks"]) == 73
    assert f"another export writes to {data}/export now" in capsys.readouterr().err
    exporting.child.terminate()
    assert exporting.end()[0] == 128 + signal.SIGTERM
    assert main(["export", "ticks"]) == 0
