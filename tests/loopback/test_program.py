"""How the program starts and ends: options, signals, and what stands in its way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from actors.runtime.version import __version__
from tests.patience import PATIENCE_S
from tests.processes import NEVER_FORCED, ROOT, environment, hub, simulator

pytestmark = pytest.mark.loopback


def run(*arguments: str, **overrides: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "supervisor.py", *arguments],
        cwd=ROOT,
        env=environment(**overrides),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def words_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What it said, but that its machine was slow."""
    return [line for line in done.stderr.splitlines() if "the program was busy" not in line]


def test_version() -> None:
    assert run("--version").stdout.strip() == f"Tickwell {__version__}"


def test_check_prints_the_effective_settings() -> None:
    done = run(
        "--check", TICKWELL_WEB_PORT=9000, TICKWELL_WEB_CONTROL_TOKEN="a-secret-of-32-bytes-or-more-xyz"
    )
    assert done.returncode == 0
    assert "port = 9000" in done.stdout
    assert "a-secret" not in done.stdout + done.stderr


def test_check_names_every_mistake_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ini"
    wrong.write_text(
        "[web]\nport = 99999\nprot = 1\n[exchange:bibyt]\nlinear = BTCUSDT\n"
        "[market]\nsnapshot_interval_s = x\n"
    )
    done = run("--check", "--settings", str(wrong))
    assert done.returncode == 2
    for words in ("[web] port = 99999", "[web] prot", "[exchange:bibyt]", "[market] snapshot_interval_s = x"):
        assert words in done.stderr
    assert "did you mean port?" in done.stderr
    assert "did you mean exchange:bybit?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--demo", TICKWELL_WEB_PORT=port, TICKWELL_DATA_DIRECTORY=tmp_path)
    assert done.returncode == 73
    assert f"127.0.0.1:{port}" in done.stderr and "in use" in done.stderr
    assert len(words_of(done)) == 1


def test_a_bad_tls_file_is_one_clear_line(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("this is no certificate")
    done = run(
        "--demo",
        TICKWELL_WEB_PORT=0,
        TICKWELL_DATA_DIRECTORY=tmp_path,
        TICKWELL_WEB_TLS_CERTIFICATE=certificate,
        TICKWELL_WEB_TLS_KEY=certificate,
    )
    assert done.returncode == 73
    assert "certificate.pem" in done.stderr and len(words_of(done)) == 1


def test_a_directory_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("a file where a directory should be")
    done = run("--demo", TICKWELL_WEB_PORT=0, TICKWELL_DATA_DIRECTORY=obstacle / "data")
    assert done.returncode == 73
    assert str(obstacle) in done.stderr and len(words_of(done)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_exits_with_zero(tmp_path: Path, number: int) -> None:
    with hub(tmp_path, None, "--demo", **NEVER_FORCED) as tickwell:
        await tickwell.until_listening()
        await tickwell.until_states("live")
        assert await tickwell.signal_and_wait(number) == 0
        assert "ERROR" not in tickwell.log.read_text()


@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.5, 0.7, 0.9, 1.2])
async def test_a_signal_during_the_start_exits_with_zero(tmp_path: Path, after_s: float) -> None:
    with hub(tmp_path, None, "--demo", **NEVER_FORCED) as tickwell:
        await tickwell.until_it_catches(signal.SIGTERM)
        await trio.sleep(after_s)
        assert await tickwell.signal_and_wait() == 0


async def test_clients_that_stopped_reading_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with hub(tmp_path, None, "--demo", **NEVER_FORCED, TICKWELL_WEB_CLIENT_STALL_S=300) as tickwell:
        await tickwell.until_listening()
        await tickwell.until_states("live")
        sockets = [_never_reader(tickwell.port) for _ in range(20)]
        await trio.sleep(3)
        assert await tickwell.signal_and_wait() == 0
        for each in sockets:
            each.close()


def _never_reader(port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    lines = (
        "GET /ws/realtime/bybit HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    return client


async def test_a_feed_in_the_middle_of_its_handshake_does_not_either(tmp_path: Path) -> None:
    with simulator(tmp_path) as exchanges:
        await exchanges.inject(kind="accept_silent", venue="*")
        with hub(tmp_path, exchanges.port, **NEVER_FORCED) as tickwell:
            await tickwell.until_listening()
            await tickwell.until_states("connecting")
            assert await tickwell.signal_and_wait() == 0


async def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with hub(tmp_path, None, "--demo", **NEVER_FORCED) as tickwell:
        await tickwell.until_listening()
        os.kill(tickwell.child.pid, signal.SIGSTOP)
        os.kill(tickwell.child.pid, signal.SIGTERM)
        os.kill(tickwell.child.pid, signal.SIGINT)
        os.kill(tickwell.child.pid, signal.SIGCONT)
        assert await tickwell.until_ended() in (0, 130)


async def test_without_internet_it_lives_says_why_and_does_not_spam(tmp_path: Path) -> None:
    nowhere = {
        f"TICKWELL_EXCHANGE_{exchange}_{market}_{kind}_URL": f"{scheme}://exchange.invalid"
        for exchange in ("BYBIT", "HYPERLIQUID", "BINANCE")
        for market in ("LINEAR", "SPOT")
        for kind, scheme in (("STREAM", "wss"), ("REST", "https"))
    }
    with hub(tmp_path, None, **nowhere) as tickwell:
        await tickwell.until_listening()
        await tickwell.until_states("disconnected")
        with trio.fail_after(PATIENCE_S):
            while not all(market["reconnects"] >= 3 for market in (await tickwell.status())["markets"]):
                await trio.sleep(0.2)
            while not any(market["next_attempt"] for market in (await tickwell.status())["markets"]):
                await trio.sleep(0.05)  # all of them are trying right now
        for market in (await tickwell.status())["markets"]:
            assert "exchange.invalid" in market["last_error"]
        assert (await tickwell.get("/health")).status_code == 503
        told = why_it_failed(tickwell.log.read_text(), "bybit:linear:stream-0")
        assert told
        assert not [one for one, again in pairwise(told) if one == again], told
        assert await tickwell.signal_and_wait() == 0


def why_it_failed(log: str, name: str) -> list[str]:
    """Every reason that was told, in turn: a name server may refuse a name, and not answer the next time."""
    lines = [line.partition(f"{name} failed: ")[2] for line in log.splitlines()]
    return [line.partition("; next attempt")[0] for line in lines if line]
