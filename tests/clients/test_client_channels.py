"""Both clients know every channel of the hub, with all that its records have: whatever drifts apart fails
here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from inspect import Parameter, signature
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from msgspec import Struct, structs
from tickwell_client import Hub, sync
from tickwell_client.channels import Channels, EventOptions, MergedOptions
from tickwell_client.kinds import KNOWN, Kind

from tests.clients.test_client_javascript import PACKAGE, face, needs_node
from tests.web.test_stream_records import every_record
from web.stream.options import CHANNELS, PARAMS, UNMERGED, Channel
from web.stream.shapes import SHAPES, identity

RECORDS = (PACKAGE / "types" / "tickwell" / "records.d.ts").read_text(encoding="utf-8")
SHAPED = sorted(SHAPES)
# Of HTTP, or of most records: a type of the client may have them though this channel does not tell them.
COMMON = {"ts_event", "ts_recv", "quality", "age_ms", "stale"}
OURS = {"on_gap"}  # options that are not the hub's
BY_NAME = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
DECLARED: dict[Channel, str] = {
    "ticker": "Ticker",
    "quote": "Quote",
    "trades": "Trade",
    "bars": "Bar",
    "liquidations": "Liquidation",
    "funding": "Funding",
    "spreads": "Spread",
    "screener": "Ticker",
    "quality": "Quality",
    "derived": "Derived",
    "alerts": "Alert",
}


class Noted(Channels):
    """Notes what is subscribed to, and subscribes to nothing."""

    def __init__(self) -> None:
        self.noted: list[tuple[Kind[Any], dict[str, Any]]] = []

    def _subscription(self, kind: Kind[Any], params: dict[str, Any], on_gap: Any = "log") -> Any:
        self.noted.append((kind, params))


@cache
def methods() -> dict[str, str]:
    """The method of each channel."""
    names = [name for name in vars(Channels) if not name.startswith("_") and name != "subscribe"]
    noted = Noted()
    for name in names:
        getattr(noted, name)()
    return {kind.channel: name for name, (kind, _) in zip(names, noted.noted, strict=True)}


def test_every_channel_of_the_hub_has_a_method_in_every_client() -> None:
    assert methods().keys() == KNOWN.keys() == set(CHANNELS)
    assert all(hasattr(Hub, name) and hasattr(sync.Hub, name) for name in methods().values())


@needs_node
def test_the_client_for_javascript_calls_the_channels_the_same() -> None:
    assert set(methods().values()) <= set(face()["Hub"])


@pytest.mark.parametrize("channel", SHAPED)
def test_a_record_has_what_the_hub_tells(channel: Channel) -> None:
    assert list(differences(SHAPES[channel], KNOWN[channel].record, channel)) == []


def differences(told: type[Struct], ours: type[Struct], path: str) -> Iterator[str]:
    """Where a type of the client is not that of the hub, in words."""
    mine = {each.encode_name: each for each in structs.fields(ours)}
    theirs = {each.encode_name: each for each in structs.fields(told)}
    yield from (f"{path}.{name} is not told" for name in mine.keys() - theirs.keys() - COMMON)
    for name, each in theirs.items():
        if name not in mine:
            yield f"{path}.{name} is missing"
            continue
        if type(None) in get_args(each.type) and type(None) not in get_args(mine[name].type):
            yield f"{path}.{name} may be null"
        inner, my_inner = struct_in(each.type), struct_in(mine[name].type)
        if inner and my_inner:
            yield from differences(inner, my_inner, f"{path}.{name}")


def struct_in(annotation: Any) -> type[Struct] | None:
    """The struct that a type is, or is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return annotation
    return next(filter(None, map(struct_in, get_args(annotation))), None)


@pytest.mark.parametrize("channel", SHAPED)
def test_a_record_is_read_as_it_was_told(channel: Channel) -> None:
    told = every_record()[channel]
    wire = msgspec.json.encode(told)
    read = msgspec.to_builtins(msgspec.json.decode(wire, type=KNOWN[channel].record))
    assert holds(read, msgspec.json.decode(wire))


def holds(read: Any, told: Any) -> bool:
    """Whether everything that was told is there."""
    if isinstance(told, dict):
        return all(name in read and holds(read[name], value) for name, value in told.items())
    if isinstance(told, list):
        return len(read) == len(told) and all(map(holds, read, told))
    return bool(read == told)


@pytest.mark.parametrize("channel", SHAPED)
def test_what_tells_records_apart_comes_with_every_choice_of_fields(channel: Channel) -> None:
    kind, told = KNOWN[channel], every_record()[channel]
    assert set(kind.named_by) <= set(identity(SHAPES[channel]))
    if kind.key_of and not kind.is_whole:
        assert kind.key_of(told) == kind.key_in(structs.asdict(told))


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_method_takes_what_its_channel_can_be_asked(channel: Channel) -> None:
    method, allowed = getattr(Channels, methods()[channel]), set(PARAMS[channel].__struct_fields__)
    taken = {name: each.kind for name, each in signature(method).parameters.items() if name != "self"}
    assert {name for name, kind in taken.items() if kind in BY_NAME} <= allowed
    assert (Parameter.VAR_POSITIONAL in taken.values()) == ("symbols" in allowed)
    if "options" in taken:
        [options] = get_args(get_type_hints(method)["options"])
        assert options is (EventOptions if channel in UNMERGED else MergedOptions)
        assert set(options.__annotations__) - OURS <= allowed


def declared(name: str) -> set[str]:
    """The fields of a type of the JavaScript client; `Current & XFields` has those of both."""
    pattern = rf"^export type {name} = (.*?);$(?=\n(?:/\*\*|export|$))"
    found = re.search(pattern, RECORDS, re.MULTILINE | re.DOTALL)
    assert found, f"{name}: run npm run types"
    if not found[1].startswith("{"):
        return {field for part in found[1].split(" & ") for field in declared(part)}
    return set(re.findall(r"^    (\w+)\??:", found[1], re.MULTILINE))


@pytest.mark.parametrize("channel", DECLARED)
def test_a_type_of_javascript_has_what_the_hub_tells(channel: Channel) -> None:
    names = {each.encode_name for each in structs.fields(SHAPES[channel])}
    assert declared(DECLARED[channel]) - {"stale"} == names - {"stale"}, "run npm run types"


def test_every_record_is_declared_but_books_which_are_a_class() -> None:
    assert DECLARED.keys() == SHAPES.keys() - {"book"}
