"""The doctor at this machine: disk, files, port, history, and the servers beside the exchanges."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from msgspec import structs

from actors.runtime.errors import SettingsError
from actors.runtime.settings import (
    HistorySettings,
    NatsSettings,
    QuestDBSettings,
    RedisSettings,
    Settings,
    WebSettings,
)
from actors.runtime.settings_bus import BusSettings
from commands.doctor import COMMAND, examine, explain
from commands.doctor.findings import Finding, Report, Subject
from commands.doctor.machine import (
    examine_certificate,
    examine_directory,
    examine_files,
    examine_port,
    wanted_mb_max,
)
from commands.doctor.servers import examine_history, examine_server, questions
from tests.commands.doctored import answering, served, settings_with, silent
from tests.patience import PATIENCE_S
from tests.processes import free_port

MB = 1 << 20


def alone(subject: Subject) -> Finding:
    """The only finding."""
    [finding] = subject.findings
    return finding


def kept(tmp_path: Path, **changes: Any) -> Settings:
    return structs.replace(settings_with(tmp_path, {}), history=HistorySettings(**changes))


@pytest.mark.parametrize(("free_mb", "state"), [(100_000, "ok"), (5000, "warning"), (10, "failed")])
def test_the_room_that_the_settings_may_take(tmp_path: Path, free_mb: int, state: str) -> None:
    subject, settings = Subject("machine"), kept(tmp_path, mb_max=8192, outbox_mb_max=1024)
    assert wanted_mb_max(settings) == 9216
    examine_directory(subject, settings, lambda path: (0, 0, free_mb * MB))
    writable, space = subject.findings
    assert (writable.state, space.state) == ("ok", state)
    assert f"{free_mb} MB free; the settings let it grow by 9216 MB" in space.said
    assert not (tmp_path / "data").exists()


def test_what_is_kept_already_needs_no_more_room(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "history.db").open("wb") as file:
        file.truncate(100 * MB)
    subject = Subject("machine")
    examine_directory(subject, kept(tmp_path, mb_max=120, outbox_mb_max=1), lambda path: (0, 0, 70 * MB))
    assert subject.findings[1].state == "ok"
    assert "grow by 21 MB" in subject.findings[1].said


def test_a_directory_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    subject = Subject("machine")
    examine_directory(subject, kept(tmp_path))
    assert (alone(subject).state, alone(subject).check) == ("failed", "writable")
    assert "Permission denied" in alone(subject).said


@pytest.mark.parametrize(
    ("limits", "state"), [((1024, 4096), "warning"), ((1024, 1_000_000), "ok"), ((-1, -1), "ok")]
)
def test_the_limit_of_open_files(limits: tuple[int, int], state: str) -> None:
    subject = Subject("machine")
    examine_files(subject, WebSettings(clients_max=10_000), limits)
    assert alone(subject).state == state
    if state == "warning":
        assert "room for 3968 clients, not for 10000" in alone(subject).said


async def test_a_port_that_is_free() -> None:
    subject = Subject("machine")
    await examine_port(subject, WebSettings(port=free_port()))
    assert alone(subject).state == "ok"


async def test_an_address_that_is_not_ours() -> None:
    subject = Subject("machine")
    await examine_port(subject, WebSettings(host="192.0.2.1", port=free_port()))
    assert (alone(subject).state, alone(subject).check) == ("failed", "port")


HUB = b'HTTP/1.1 %b\r\nContent-Length: 36\r\nConnection: close\r\n\r\n{"status":"pass","version": "0.1.0"}'


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("answer", "states"),
    [
        (HUB % b"200 OK", {"port": "ok", "running hub": "ok"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", {"port": "failed"}),
        (b"SSH-2.0-OpenSSH_9.2\r\n", {"port": "failed"}),
    ],
)
async def test_a_port_that_is_taken(answer: bytes, states: dict[str, str]) -> None:
    subject = Subject("machine")
    async with served(answering(answer)) as port:
        await examine_port(subject, WebSettings(port=port))
    assert {each.check: each.state for each in subject.findings} == states


@pytest.mark.loopback
async def test_a_hub_that_is_not_ready() -> None:
    async def half_ready(stream: trio.abc.Stream) -> None:
        asked = bytes(await stream.receive_some(65_536))
        await stream.send_all(HUB % (b"503 Service Unavailable" if b"readyz" in asked else b"200 OK"))
        await stream.aclose()

    subject = Subject("machine")
    async with served(half_ready) as port:
        await examine_port(subject, WebSettings(port=port))
    port_found, hub_found = subject.findings
    assert (port_found.state, hub_found.state) == ("ok", "warning")
    assert f"http://127.0.0.1:{port}/health" in hub_found.advice


def test_a_certificate_and_a_key_that_do_not_belong_together(tmp_path: Path) -> None:
    first, second = (trustme.CA().issue_cert("hub.example") for _ in range(2))
    first.cert_chain_pems[0].write_to_path(str(tmp_path / "hub.pem"))
    for name, pair, state in (("good", first, "ok"), ("bad", second, "failed")):
        pair.private_key_pem.write_to_path(str(tmp_path / f"{name}.key"))
        subject = Subject("machine")
        web = WebSettings(tls_certificate=str(tmp_path / "hub.pem"), tls_key=str(tmp_path / f"{name}.key"))
        examine_certificate(subject, web)
        assert alone(subject).state == state


@pytest.mark.parametrize("content", [None, b"", b"this is no database" * 100])
def test_a_history_that_can_be_read_and_one_that_cannot(tmp_path: Path, content: bytes | None) -> None:
    subject = Subject("machine")
    if content is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "history.db").write_bytes(content)
    examine_history(subject, kept(tmp_path))
    assert alone(subject).state == ("failed" if content else "ok")


def with_servers(tmp_path: Path, port: int) -> Settings:
    return structs.replace(
        settings_with(tmp_path, {}),
        questdb=QuestDBSettings(enabled=True, url=f"http://admin:hunter2@127.0.0.1:{port}"),
        redis=RedisSettings(enabled=True, url=f"redis://:hunter2@127.0.0.1:{port}/0"),
        nats=NatsSettings(enabled=True, url=f"nats://admin:hunter2@127.0.0.1:{port}"),
        bus=BusSettings(kind="redis", url=f"redis://:hunter2@127.0.0.1:{port}/0"),
    )


@pytest.mark.loopback
async def test_servers_that_are_not_there(tmp_path: Path) -> None:
    settings = with_servers(tmp_path, free_port())
    asked = questions(settings)
    assert set(asked) == {"sink:questdb", "sink:redis", "sink:nats", "bus"}
    for name, question in asked.items():
        subject = Subject(name)
        with trio.fail_after(PATIENCE_S):
            await examine_server(subject, question)
        assert alone(subject).state == "failed", name
        assert f"[{name}] url" in alone(subject).advice
        assert "hunter2" not in repr(alone(subject))


@pytest.mark.loopback
async def test_a_server_that_is_something_else(tmp_path: Path) -> None:
    async with served(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as port:
        for name, question in questions(with_servers(tmp_path, port)).items():
            subject = Subject(name)
            with trio.fail_after(PATIENCE_S):
                await examine_server(subject, question)
            assert alone(subject).state == "failed", name


async def test_a_client_that_is_not_installed_is_named() -> None:
    async def missing() -> str:
        raise ImportError("No module named 'redis'")

    subject = Subject("sink:redis")
    await examine_server(subject, missing)
    assert alone(subject).advice == "install its client: pip install 'tickwell[redis]'"


async def test_a_mistake_of_ours_is_not_blamed_on_a_server() -> None:
    async def broken() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await examine_server(Subject("sink:redis"), broken)


@pytest.mark.loopback
async def test_silence_does_not_hold_the_doctor_up(tmp_path: Path) -> None:
    async with served(silent) as port:
        with trio.fail_after(PATIENCE_S):
            report = await examine(with_servers(tmp_path, port), Path("settings.ini"), 1.0)
    assert report.verdict == "failed"
    ended = {each.subject for each in report.checks if (each.check, each.state) == ("time", "failed")}
    assert ended >= {"sink:questdb", "sink:nats", "bus"}, "its own time was over, and not only theirs"


def test_the_report_is_a_line_for_each_check_with_advice_once() -> None:
    advice = "look there"
    report = Report.of(
        [
            Finding("machine", "port", "ok", "free"),
            Finding("bybit:linear", "dns", "failed", "a\x1b[2J", advice),
            Finding("bybit:spot", "dns", "failed", "b", advice),
            Finding("bybit:spot", "clock", "warning", "off", "set it"),
        ]
    )
    lines = report.as_text().splitlines()
    assert [line.split()[0] for line in lines if line] == ["ok", "failed", "failed", "→", "warning", "→", "2"]
    assert lines[-1] == "2 failed, 1 warning, 1 ok"
    assert "\x1b" not in report.as_text()
    assert json.loads(report.as_json())["verdict"] == "failed"
    assert (report.exit_code, Report.of(report.checks[:1]).exit_code) == (1, 0)
    assert Report.of([report.checks[3]]).exit_code == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_settings_that_cannot_be_used_are_a_finding(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    options = argparse.Namespace(json=as_json, settings=Path("settings.ini"))
    assert explain(options, SettingsError(["[web] port = x: must be a number", "[data] z: unknown key"])) == 1
    told = capsys.readouterr().out
    assert "[web] port = x: must be a number" in told
    if as_json:
        assert [each["state"] for each in json.loads(told)["checks"]] == ["failed", "failed"]


@pytest.mark.parametrize("within", ["0", "-1", "nan", "601", "soon"])
def test_a_time_that_cannot_be(within: str) -> None:
    parser = argparse.ArgumentParser()
    COMMAND.add_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--within", within])
    assert ended.value.code == 2
    assert parser.parse_args([]).within == 30
