"""The parts of `sub` by themselves: addresses, parameters, lines, the output, the file with the place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from actors.runtime.arguments import parse
from actors.runtime.errors import SettingsError, StartError
from actors.runtime.settings import WebSettings
from commands import every
from commands.stream.address import read_address
from commands.stream.messages import Codec, Frame
from commands.sub import check, params_of
from commands.subscribing.lines import Lines
from commands.subscribing.output import PIECE_BYTES, Output, ReaderGone, pieces
from commands.subscribing.place import Position, ResumeFile
from tests.patience import PATIENCE_S

PARAMS: dict[str, Any] = {"channel": "trades", "symbols": ["BTCUSDT"]}


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("ws://127.0.0.1:8765/ws", "ws://127.0.0.1:8765/ws"),
        ("http://hub.lan:9000", "ws://hub.lan:9000/ws"),
        ("https://hub.example/tickwell/", "wss://hub.example:443/tickwell/ws"),
        ("hub.lan", "ws://hub.lan:8765/ws"),
        ("hub.lan:80", "ws://hub.lan:80/ws"),
        ("ws://[::1]:8765", "ws://[::1]:8765/ws"),
    ],
)
def test_addresses(url: str, meant: str) -> None:
    address = read_address(url, WebSettings())
    assert str(address) == meant
    assert address.http_url == meant.removesuffix("/ws").replace("ws", "http", 1)


def test_without_an_address_it_is_where_the_settings_have_the_hub_listen() -> None:
    web = WebSettings(host="0.0.0.0", port=9001, tls_certificate="cert.pem", tls_key="key.pem")
    assert str(read_address(None, web)) == "wss://127.0.0.1:9001/ws"
    assert str(read_address(None, WebSettings())) == "ws://127.0.0.1:8765/ws"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://hub", "begins with ftp://; expected such as ws://127.0.0.1:8765/ws"),
        ("ws://", "names no host"),
        ("ws://hub:99999", "port is not between 0 and 65535"),
    ],
)
def test_an_address_that_means_nothing(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_address(url, WebSettings())


def options(*arguments: str) -> Any:
    return parse(["sub", *arguments], Path("settings.ini"), every())


@pytest.mark.parametrize(
    ("arguments", "params"),
    [
        (["ticker"], {"channel": "ticker"}),
        (["trades", "BTCUSDT", "top:3"], {"channel": "trades", "symbols": ["BTCUSDT", "top:3"]}),
        (["ticker", "--fields", "price, bid,"], {"channel": "ticker", "fields": ["price", "bid"]}),
        (["ticker", "--rate", "2.5"], {"channel": "ticker", "max_rate_hz": 2.5}),
        (["book", "X", "--depth", "5"], {"channel": "book", "symbols": ["X"], "depth": 5}),
        (["bars", "--interval", "1h"], {"channel": "bars", "interval": "1h"}),
        (["ticker", "--changes-only"], {"channel": "ticker", "changes_only": True}),
        (["ticker", "--no-snapshot"], {"channel": "ticker", "snapshot": False}),
        (["book", "--param", "grouping=0.5"], {"channel": "book", "grouping": 0.5}),
        (["spreads", "--param", 'bases=["BTC"]'], {"channel": "spreads", "bases": ["BTC"]}),
        (["screener", "--param", "filter=change_1h>5"], {"channel": "screener", "filter": "change_1h>5"}),
    ],
)
def test_arguments_become_parameters(arguments: list[str], params: dict[str, Any]) -> None:
    assert params_of(options(*arguments)) == params


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ticker", "--limit", "0"], "--limit=0: expected a number of records, 1 or more"),
        (["ticker", "--format", "msgpack"], "not for eyes"),
        (["book", "--resume-file", "x"], "a book begins with its snapshot"),
    ],
)
def test_what_can_never_be(arguments: list[str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check(options(*arguments), is_terminal=True)


def test_a_parameter_without_a_value() -> None:
    with pytest.raises(SettingsError, match="expected NAME=VALUE"):
        params_of(options("ticker", "--param", "grouping"))


def frame(*records: dict[str, Any], **values: Any) -> Frame:
    """A frame of trades."""
    told = {"channel": "trades", "type": "update", "sub": 1, "seq": 1, "data": records, **values}
    return msgspec.json.decode(msgspec.json.encode(told), type=Frame)


def ids(lines: bytes) -> list[str]:
    return [json.loads(line)["data"]["trade_id"] for line in lines.splitlines()]


def trades(*numbers: int) -> list[dict[str, Any]]:
    return [{"key": "bybit:linear:BTCUSDT", "trade_id": str(number), "price": 1.0} for number in numbers]


def test_a_record_keeps_the_spelling_of_the_hub() -> None:
    made = Lines(Codec("json")).of(
        msgspec.json.decode(
            b'{"channel":"ticker","type":"update","data":[{"key":"k","price":1.10e5}]}', type=Frame
        )
    )
    assert made == b'{"channel":"ticker","type":"update","data":{"key":"k","price":1.10e5}}\n'


def test_the_limit_cuts_a_frame_and_remembers_where() -> None:
    lines = Lines(Codec("json"), limit=3)
    assert ids(lines.of(frame(*trades(1, 2)))) == ["1", "2"]
    assert (lines.left, lines.cut) == (1, None)
    assert ids(lines.of(frame(*trades(3, 4, 5)))) == ["3"]
    assert (lines.left, lines.cut) == (0, 1)


def test_what_the_last_run_wrote_is_skipped_over_frames() -> None:
    lines = Lines(Codec("json"), limit=2)
    lines.skip = 3
    assert ids(lines.of(frame(*trades(1, 2)))) == []
    assert ids(lines.of(frame(*trades(3, 4, 5, 6)))) == ["4", "5"]
    assert lines.cut == 3


def test_a_snapshot_after_an_interruption_repeats_nobody() -> None:
    lines = Lines(Codec("json"))
    lines.of(frame(*trades(1, 2, 3)))
    assert ids(lines.of(frame(*trades(2, 3, 4), type="snapshot"), repeats=True)) == ["4"]
    assert ids(lines.of(frame(*trades(2, 3, 4), type="snapshot"))) == ["2", "3", "4"]


def test_pieces_end_with_lines_where_they_can() -> None:
    line = b"x" * 999 + b"\n"
    assert [len(piece) for piece in pieces(line * 9)] == [4000, 4000, 1000]
    assert [len(piece) for piece in pieces(b"x" * 5000)] == [PIECE_BYTES, 5000 - PIECE_BYTES]
    assert b"".join(pieces(line * 77)) == line * 77


async def test_a_full_pipe_holds_up_the_writer_only() -> None:
    reader, writer = os.pipe()
    turns = 0
    with os.fdopen(reader, "rb") as file, os.fdopen(writer, "wb", buffering=0):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Output(writer).write, b"line\n" * 100_000)
            while turns < 10:  # others go on meanwhile
                await trio.testing.wait_all_tasks_blocked()
                turns += 1
            left = 500_000
            while left:
                left -= len(await trio.to_thread.run_sync(file.read1, 65_536))


async def test_a_reader_that_goes_is_noticed_without_writing() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb", buffering=0):
        output = Output(writer)
        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(output.until_gone)
                await trio.testing.wait_all_tasks_blocked()
                os.close(reader)
        with pytest.raises(ReaderGone):
            await output.write(b"more\n")


def test_a_place_is_kept_and_read(tmp_path: Path) -> None:
    path = tmp_path / "place"
    file = ResumeFile(path, PARAMS | {"snapshot": False})
    assert file.read() is None
    file.save(Position("e1", 7, 2))
    assert ResumeFile(path, PARAMS).read() == Position("e1", 7, 2)
    assert [each.name for each in tmp_path.iterdir()] == ["place"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "this is no place of a subscription"),
        ("{}", "name another file, or remove it"),
        ('{"params":{"channel":"ticker","fields":["bid"]},"epoch":"e","offset":1}', "'ticker' fields="),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "place"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        ResumeFile(path, PARAMS).read()
    assert path.read_text() == text


def test_a_place_that_cannot_be_is_known_at_once(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot write in"):
        ResumeFile(tmp_path / "missing" / "place", PARAMS).read()
    with pytest.raises(StartError, match="cannot read"):
        ResumeFile(tmp_path, PARAMS).read()
