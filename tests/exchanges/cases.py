"""Golden cases: frames of our own making and exactly what a fresh codec makes of them.

One JSON file per case, `tests/golden/<exchange>/<market>_<what>.json`. An event is written as its class's
name (`type`) and its fields; a frame that the codec must refuse is written as one `DecodeError`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from actors.exchanges import exchanges, load_codec
from actors.exchanges.base import Codec, Command
from actors.market.events import Event
from actors.runtime.errors import DecodeError

GOLDEN = Path(__file__).parents[1] / "golden"
MARKETS = [(exchange, market) for exchange in exchanges() for market in load_codec(exchange).markets]
TS_RECV = 1_700_000_000_123_456_789

EVENTS = get_args(Event)

STRANGE = [
    b"",
    b" ",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"7",
    b'""',
    b"[{}]",
    b"[[]]",
    b"{",
    b"[",
    b'"',
    b"\xff",
]
STRANGE += [
    b"[" * 100_000,
    b'{"data":' * 100_000,
    b"\x00" * 64,
    "{“topic”:1}".encode(),
    b"{} {}",
    b'{"a":NaN}',
]
UNKNOWN = [
    b'{"hello":"world"}',
    b'{"topic":"moon.BTCUSDT","type":"snapshot","ts":1,"data":{"phase":"full"}}',
    b'{"channel":"moon","data":{"phase":"full"}}',
    b'{"stream":"btcusdt@moon","data":{"e":"moon","E":1,"s":"BTCUSDT"}}',
    b'{"e":"moon","E":1,"s":"BTCUSDT"}',
]
ACKNOWLEDGED = [
    b'{"success":true,"ret_msg":"subscribe","conn_id":"c","req_id":"1","op":"subscribe"}',
    b'{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}}',
    b'{"result":null,"id":1}',
]
HEARTBEATS = [
    b'{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}',
    b'{"channel":"pong"}',
    b'{"id":1,"result":{}}',
    b'{"op":"pong","args":["1"]}',
]
every_market = pytest.mark.parametrize(("exchange", "market"), MARKETS)


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One golden file; `ts_recv` is the same for all of its frames."""

    about: str
    market: str
    ts_recv: int
    frames: list[str]
    expected: list[list[dict[str, Any]]]


def folders() -> list[str]:
    return sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def paths(exchange: str) -> list[Path]:
    return sorted((GOLDEN / exchange).glob("*.json"))


def load(path: Path) -> Case:
    return msgspec.json.decode(path.read_bytes(), type=Case)


def save(path: Path, case: Case) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(case), indent=2) + b"\n")


def fresh(exchange: str, market: str) -> Codec:
    return load_codec(exchange)(market)


def golden(exchange: str, market: str) -> list[Case]:
    return [case for case in map(load, paths(exchange)) if case.market == market]


def receive(codec: Codec, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
    """What a frame means; `None` where the codec refuses it."""
    try:
        return codec.receive(frame, ts_recv)
    except DecodeError:
        return None


def written(results: list[Event | Command] | None) -> list[dict[str, Any]]:
    """Events and commands as a golden file says them; a delta's page is what `checks.Books` compares."""
    if results is None:
        return [{"type": "DecodeError"}]
    said = [
        {"type": type(result).__name__, **msgspec.json.decode(msgspec.json.encode(result))}
        for result in results
    ]
    return [{name: value for name, value in each.items() if name != "page"} for each in said]


def replay(codec: Codec, case: Case) -> list[list[dict[str, Any]]]:
    return [written(receive(codec, frame.encode(), case.ts_recv)) for frame in case.frames]


def events(results: list[Event | Command] | None) -> list[Event]:
    return [result for result in results or [] if isinstance(result, EVENTS)]
