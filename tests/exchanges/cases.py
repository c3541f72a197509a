"""Golden cases: frames of our own making and exactly what a fresh codec makes of them.

One JSON file per case, `tests/golden/<exchange>/<market>_<what>.json`. An event is written as its class's
name (`type`) and its fields; a frame that the codec must refuse is written as one `DecodeError`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from actors.exchanges import exchanges, load_codec
from actors.exchanges.base import Codec, Command, Fetch
from actors.market.events import Event, Quote, Ticker, TickerUpdate
from actors.runtime.errors import DecodeError

GOLDEN = Path(__file__).parents[1] / "golden"
MARKETS = [(exchange, market) for exchange in exchanges() for market in load_codec(exchange).markets]
TS_RECV = 1_700_000_000_123_456_789

EVENTS = get_args(Event)
SIGNED = {"change_24h", "funding_rate"}
NAMES = set(Ticker.__struct_fields__) - {"exchange", "market", "symbol", "ts_event", "ts_recv", "stale"}

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
    """Events and commands as a golden file says them."""
    if results is None:
        return [{"type": "DecodeError"}]
    return [{"type": type(result).__name__, **msgspec.to_builtins(result)} for result in results]


def replay(codec: Codec, case: Case) -> list[list[dict[str, Any]]]:
    return [written(receive(codec, frame.encode(), case.ts_recv)) for frame in case.frames]


def events(results: list[Event | Command] | None) -> list[Event]:
    return [result for result in results or [] if isinstance(result, EVENTS)]


def check(results: list[Event | Command] | None, ts_recv: int) -> None:
    """What must hold for everything that a codec ever returns."""
    for command in results or []:
        if isinstance(command, Fetch):
            check_request(command)
    for event in events(results):
        assert isinstance(event, TickerUpdate | Quote)
        assert event.ts_recv == ts_recv
        msgspec.msgpack.encode(event)  # no integer beyond 64 bits
        if isinstance(event, TickerUpdate):
            assert event.values.keys() <= NAMES
            check_numbers(event.values)
        else:
            check_numbers(msgspec.structs.asdict(event))
            assert (event.bid is None) == (event.bid_size is None)
            assert (event.ask is None) == (event.ask_size is None)


def check_numbers(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is None or name in {"symbol", "ts_recv"}:
            continue
        assert isinstance(value, int if name in {"ts_event", "next_funding_ts"} else float), (name, value)
        assert math.isfinite(value), (name, value)
        assert value >= 0 or name in SIGNED, (name, value)


def check_request(fetch: Fetch) -> None:
    """The path is relative: whoever fetches decides which host it is sent to."""
    assert fetch.path.startswith("/")
    assert not fetch.path.startswith("//")
    assert "://" not in fetch.path
    assert fetch.path.isascii()
    assert " " not in fetch.path
    assert fetch.weight > 0
    assert fetch.every_s is None or fetch.every_s > 0
    assert fetch.body is None or isinstance(json.loads(fetch.body), dict)
