"""`/asyncapi.json` is an AsyncAPI document, and it, `docs/protocol.md` and the code say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgpack
import msgspec
import pytest
from jsonschema import Draft7Validator
from msgspec import Struct

from actors.market.reports import Hole
from tests.web.harness import application
from web.stream import answers, results, seed
from web.stream.asyncapi import SUBPROTOCOLS, document
from web.stream.decoding import Format
from web.stream.errors import CLOSE_CODES, CODES, RequestError
from web.stream.messages import messages
from web.stream.options import CHANNELS, PARAMS
from web.stream.requests import METHODS, Request, read_request
from web.stream.selection import Rejected
from web.stream.shapes import SHAPES

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
CODE = re.compile(r"`(\w+)`")


@cache
def described() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(msgspec.json.encode(document()))
    return told


def validator(payload: dict[str, Any]) -> Draft7Validator:
    """Checks values against a payload, with the shapes that it refers to."""
    return Draft7Validator({**payload, "components": described()["components"]})


def check(name: str, value: Any) -> None:
    validator(described()["components"]["messages"][name]["payload"]).validate(value)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def resolved(reference: str) -> Any:
    found: Any = described()
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        found = found[part]
    return found


async def test_it_is_served_and_known_again() -> None:
    client = application().test_client()
    response = await client.get("/asyncapi.json")
    assert response.content_type == "application/json"
    assert await response.get_json() == described()
    again = await client.get("/asyncapi.json", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


def test_it_has_the_parts_of_asyncapi_3() -> None:
    told = described()
    assert told["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= told["info"].keys()
    parts = {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"}
    assert told.keys() == parts
    for server in told["servers"].values():
        assert {"host", "protocol"} <= server.keys()
        assert re.findall(r"\{(\w+)\}", server["host"]) == list(server["variables"])
    for name in (*told["components"]["messages"], *told["components"]["schemas"], *told["channels"]):
        assert re.fullmatch(r"[\w.-]+", name)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(described()):
        assert resolved(reference)


def test_operations_name_messages_of_their_channel() -> None:
    told = described()
    named = []
    for operation in told["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["channel"]["$ref"].startswith("#/channels/")
        assert resolved(operation["channel"]["$ref"])["address"] == "/ws"
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{operation['channel']['$ref']}/messages/")
            named.append(message["$ref"].rpartition("/")[2])
    assert sorted(named) == sorted(told["channels"]["stream"]["messages"])


def test_every_payload_is_a_schema() -> None:
    for name, message in described()["components"]["messages"].items():
        Draft7Validator.check_schema(message["payload"])
        assert message["summary"], name
    for schema in described()["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)


def test_every_message_stands_in_it_once() -> None:
    names = [each.name for each in messages()]
    assert len(names) == len(set(names))
    assert {*METHODS, *CHANNELS, "heartbeat", "refusal"} <= set(names)
    assert {f"{method}_answer" for method in METHODS} <= set(names)
    types = set(get_args(msgspec.structs.fields(answers.System)[1].type)) - {"feed"}
    assert types <= set(names)
    assert {f"hub_{kind}" for kind in seed.SAID} <= set(names)


def table(heading: str) -> list[str]:
    """The first cell of each row of the table below a line of headings."""
    rows = PROTOCOL.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_the_methods_of_the_protocol() -> None:
    assert [CODE.findall(cell)[0] for cell in table("method")] == list(METHODS)


def test_the_channels_of_the_protocol() -> None:
    assert [CODE.findall(cell)[0] for cell in table("channel")] == list(CHANNELS)


def test_the_params_of_the_protocol() -> None:
    named = {name for cell in table("param") for name in CODE.findall(cell)}
    assert named == {name for kind in PARAMS.values() for name in kind.__struct_fields__}


def test_params_of_one_channel_are_told_so_in_the_protocol() -> None:
    rows = PROTOCOL.split("| param |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    for row in rows:
        names, meaning = (CODE.findall(cell) for cell in row.split("|")[1:3])
        if meaning and meaning[0] in CHANNELS and row.split("|")[2].strip().startswith(f"`{meaning[0]}`:"):
            for name in names:
                assert name in PARAMS[meaning[0]].__struct_fields__


def test_the_error_codes_of_the_protocol() -> None:
    [paragraph] = re.findall(r"^Errors: (.*?)`temporary`", PROTOCOL, re.MULTILINE | re.DOTALL)
    named = dict.fromkeys(CODE.findall(paragraph))
    assert list(named) == list(CODES)
    assert described()["components"]["schemas"]["ErrorOut"]["properties"]["code"]["enum"] == list(CODES)


def test_the_close_codes_of_the_protocol() -> None:
    assert [int(cell) for cell in table("close code")] == list(CLOSE_CODES)


def test_the_sub_protocols_of_the_protocol() -> None:
    assert set(re.findall(r"`(tickwell\.v\d\.\w+)`", PROTOCOL)) == set(SUBPROTOCOLS.values())


def test_every_type_that_the_protocol_shows_is_described() -> None:
    shown = set(re.findall(r'"type": "(\w+)"', PROTOCOL))
    text = json.dumps(described())
    assert shown >= {"snapshot", "update", "welcome", "gap", "slow_consumer", "going_away", "subscribed"}
    for name in shown:
        assert f'"{name}"' in text, name
    for channel in set(re.findall(r'"channel": "(\w+)"', PROTOCOL)):
        assert channel in described()["components"]["messages"] or channel in text


def test_the_fields_of_a_quote_stand_in_the_protocol() -> None:
    [row] = re.findall(r"^\| `quote` \| (.*?) \|", PROTOCOL, re.MULTILINE)
    assert CODE.findall(row) == list(SHAPES["quote"].__struct_fields__)


EXAMPLES: dict[str, dict[str, Any]] = {
    "subscribe": {"channel": "book", "symbols": ["top:5"], "grouping": 0.5, "resume": None},
    "unsubscribe": {"channel": "quote"},
    "subscriptions": {},
    "set": {"sub": 1, "fields": ["bid"]},
    "ping": {"x": 1},
    "history": {"channel": "bars", "key": "bybit:linear:BTCUSDT", "interval": "1h"},
}


@pytest.mark.parametrize("method", METHODS)
def test_what_is_described_is_understood(method: str) -> None:
    message = {"method": method, "params": EXAMPLES[method], "req_id": 1}
    check(method, message)
    assert isinstance(read_request(json.dumps(message), "json"), Request)
    wrong = {**message, "params": {**EXAMPLES[method], "misspelt": 1}}
    if method != "ping":
        with pytest.raises(RequestError):
            read_request(json.dumps(wrong), "json")
        payload = described()["components"]["messages"][method]["payload"]
        assert not validator(payload).is_valid(wrong)


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_description_of_a_subscription_is_that_of_its_channel(channel: str) -> None:
    check("subscribe", {"method": "subscribe", "params": {"channel": channel}})
    payload = described()["components"]["messages"]["subscribe"]["payload"]
    for name, value in {"depth": 5, "interval": "1m", "filter": "", "bases": [], "symbols": ["*"]}.items():
        params = {"channel": channel, name: value}
        fits = validator(payload).is_valid({"method": "subscribe", "params": params})
        assert fits is (name in PARAMS[channel].__struct_fields__)  # type: ignore[index]


HOLE = Hole("bybit", "linear", "BTCUSDT", "trades", 1_000_000, None, "sequence", "3 are missing", 3)
LIMITS = answers.LimitsOut(
    subscriptions=256, messages_per_s=20, message_bytes=65_536, symbols=1000, rate_hz=100
)
WELCOME = answers.WelcomeData(
    connection_id="c-1", server="tickwell/0.1.0", epoch="19a", ts=1, heartbeat_ms=5000, limits=LIMITS
)
SUBSCRIBED = results.SubscribedResult(
    sub=1,
    channel="ticker",
    keys=["a:b:c"],
    rejected=[Rejected("x", "unknown_symbol", "no x", ["y"])],
    warnings=[],
    max_rate_hz=0,
    epoch="19a",
    offset=5,
    recovered=False,
)
TOLD: dict[str, Struct] = {
    "welcome": answers.welcome(WELCOME),
    "gap": answers.missed(1, "trades", 3, 5, 9),
    "slow_consumer": answers.slow_consumer(800, 5),
    "going_away": answers.going_away(1000, "the hub stops"),
    "heartbeat": answers.Heartbeat(ts=1, subs=2, lag_ms=3, conflated=4),
    "subscribe_answer": answers.granted("subscribe", "a", SUBSCRIBED, 1_500_000, 2_000_000),
    "ping_answer": answers.granted("ping", 1, results.PingResult(1, {"x": None}), 1, 2),
    "refusal": answers.refused(RequestError("bad_params", "no", field="depth"), 1, 2),
    "hub_subscribed": seed.Subscribed(["BTCUSDT"]),
    "hub_pong": seed.Pong(),
}


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("format", ["json", "msgpack"])
def test_what_the_hub_says_is_as_described(name: str, format: Format) -> None:  # noqa: A002
    encoded = answers.encode(TOLD[name], format)
    check(name, json.loads(encoded) if format == "json" else msgpack.unpackb(encoded))


def test_what_the_hub_missed_is_told_as_the_protocol_says() -> None:
    told = json.loads(answers.encode(answers.hole(HOLE), "json"))
    check("gap", told)
    [keys] = re.findall(r'"type": "gap", "data": \{("key", .*?)\}\}', PROTOCOL)
    assert list(told["data"]) == re.findall(r'"(\w+)"', keys)
    assert (told["data"]["from"], told["data"]["to"]) == (1, None)


def test_an_answer_has_times_with_fractions_and_the_name_of_its_request() -> None:
    told = json.loads(answers.encode(TOLD["subscribe_answer"], "json"))
    assert (told["req_id"], told["success"], told["time_in"], told["time_out"]) == ("a", True, 1.5, 2.0)
    assert "error" not in told
    told = json.loads(answers.encode(TOLD["refusal"], "json"))
    assert told["error"] == {"code": "bad_params", "message": "no", "field": "depth", "temporary": False}
    assert (told["method"], told["req_id"], "result" in told) == (None, None, False)
