"""PURE: what travels over the bus, as msgpack, and back. Nothing here knows a transport.

A *dispatch* is one message: who says it, in which run, the how-manieth of that run, when, and the items in
their order. Whoever finds a number missing knows that something was lost, whatever lost it. The events
travel as arrays behind a code of their own, so that their fields may be renamed here and not there: a new
field goes to the end, with a default, and a change that older readers cannot bear raises `VERSION`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, Union

import msgspec
from msgspec import NODEFAULT, Struct, defstruct
from msgspec.structs import astuple, fields

from actors.bus.base import BODY_BYTES_MAX
from actors.market import events
from actors.market.events import Batch, Event, Source
from actors.market.feeds import MarketReport
from actors.runtime.errors import DecodeError

VERSION = 1

# A code is for ever: one that is no longer used is not given again.
CODES: dict[int, type[Struct]] = {
    1: events.TickerUpdate,
    2: events.Quote,
    3: events.Trade,
    4: events.BookSnapshot,
    5: events.BookDelta,
    6: events.Liquidation,
    7: events.Candle,
    8: events.Gap,
    9: events.TradesRecovered,
    10: events.ServerTime,
    11: events.Following,
    12: events.Unfollowed,
    13: events.FeedUp,
    14: events.FeedDown,
    15: events.Silent,
    16: events.Heard,
    17: events.Denied,
    18: events.Listed,
    19: events.Removed,
}
# What a reader makes again for itself: a book's page is what its deltas have made of it.
_LEFT_OUT = {"page"}


class Happened(Struct, frozen=True):
    """A batch, as the feeds made it."""

    batch: Batch


class Restated(Struct, frozen=True):
    """A part of everything that its node knows, for whoever did not hear it: the `part`-th of `parts`."""

    part: int
    parts: int
    batches: list[Batch]


class Reported(Struct, frozen=True, array_like=True, tag=3):
    """How the markets of its node do."""

    reports: list[MarketReport]


class Released(Struct, frozen=True, array_like=True, tag=4):
    """Instruments that its node carries no longer, because another does."""

    exchange: str
    market: str
    symbols: list[str]


class Missing(Struct, frozen=True, array_like=True, tag=5):
    """A node is not heard of any more, as one of the others says. `run` is the one that ended."""

    node: str
    run: str


Item: TypeAlias = Happened | Restated | Reported | Released | Missing


class Dispatch(Struct, frozen=True):
    """One message. `sent_ns` is by its node's clock; `number` counts the messages of its `run` from 1."""

    node: str
    run: str
    number: int
    sent_ns: int
    items: list[Item]


def _twin(code: int, kind: type[Struct]) -> type[Struct]:
    """The same fields, written as an array behind the code."""
    made: list[Any] = [
        (each.name, each.type) if each.default is NODEFAULT else (each.name, each.type, each.default)
        for each in fields(kind)
        if each.name not in _LEFT_OUT
    ]
    return defstruct(kind.__name__, made, array_like=True, tag=code, frozen=True, gc=False)


_TWINS: dict[type[Struct], type[Struct]] = {kind: _twin(code, kind) for code, kind in CODES.items()}
_KINDS: dict[type[Struct], type[Struct]] = {twin: kind for kind, twin in _TWINS.items()}
_AnyTwin: Any = Union[tuple(_TWINS.values())]  # noqa: UP007 - made of what is only known here


class _Batch(Struct, frozen=True, array_like=True, gc=False):
    source: tuple[str, str, str, int]
    fetched: bool
    events: list[_AnyTwin]


class _Happened(Struct, frozen=True, array_like=True, tag=1, gc=False):
    batch: _Batch


class _Restated(Struct, frozen=True, array_like=True, tag=2):
    part: int
    parts: int
    batches: list[_Batch]


class _Dispatch(Struct, frozen=True, array_like=True):
    version: int
    node: str
    run: str
    number: int
    sent_ns: int
    items: list[_Happened | _Restated | Reported | Released | Missing]


class _Head(Struct, frozen=True, array_like=True):
    version: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Dispatch)
_head_decoder = msgspec.msgpack.Decoder(_Head)


def encode(dispatch: Dispatch) -> bytes:
    """One message's body."""
    packed = [_packed(item) for item in dispatch.items]
    head = (VERSION, dispatch.node, dispatch.run, dispatch.number, dispatch.sent_ns)
    return _encoder.encode((*head, packed))


def decode(body: bytes) -> Dispatch:
    """Back again. Raises `DecodeError` for what is no dispatch, or of a version that is not ours."""
    try:
        version = _head_decoder.decode(body).version
        if version != VERSION:
            raise DecodeError(f"a message of version {version} of the bus; this node speaks {VERSION}")
        found = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(f"no message of the bus: {error}") from None
    items = [_unpacked(item) for item in found.items]
    return Dispatch(found.node, found.run, found.number, found.sent_ns, items)


def dispatches(
    node: str, run: str, number: int, sent_ns: int, items: Sequence[Item], bytes_max: int = BODY_BYTES_MAX
) -> list[bytes]:
    """The bodies of as many dispatches as these items need, numbered from `number` on.

    A single event that is larger than a message may be is an error of ours: nothing of that size exists.
    """
    body = encode(Dispatch(node, run, number, sent_ns, list(items)))
    if len(body) <= bytes_max:
        return [body]
    first, second = _halves(items)
    bodies = dispatches(node, run, number, sent_ns, first, bytes_max)
    return bodies + dispatches(node, run, number + len(bodies), sent_ns, second, bytes_max)


def _halves(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    if len(items) > 1:
        return items[: len(items) // 2], items[len(items) // 2 :]
    item = items[0]
    if isinstance(item, Happened) and len(item.batch.events) > 1:
        batch, half = item.batch, len(item.batch.events) // 2
        parts = batch.events[:half], batch.events[half:]
        first, second = (Batch(batch.source, part, batch.fetched) for part in parts)
        return [Happened(first)], [Happened(second)]
    raise ValueError(f"one {type(item).__name__} is larger than a message of the bus may be")


def _packed(item: Item) -> Any:
    if isinstance(item, Happened):
        return _Happened(_packed_batch(item.batch))
    if isinstance(item, Restated):
        return _Restated(item.part, item.parts, [_packed_batch(each) for each in item.batches])
    return item


def _unpacked(item: Any) -> Item:
    if isinstance(item, _Happened):
        return Happened(_unpacked_batch(item.batch))
    if isinstance(item, _Restated):
        return Restated(item.part, item.parts, [_unpacked_batch(each) for each in item.batches])
    known: Item = item
    return known


def _packed_batch(batch: Batch) -> _Batch:
    source = batch.source
    place = (source.exchange, source.market, source.connection, source.life)
    return _Batch(place, batch.fetched, [_packed_event(event) for event in batch.events])


def _packed_event(event: Event) -> Struct:
    twin = _TWINS[type(event)]
    return twin(*astuple(event)[: len(twin.__struct_fields__)])


def _unpacked_batch(packed: _Batch) -> Batch:
    kinds = _KINDS
    unpacked: list[Any] = [kinds[type(each)](*astuple(each)) for each in packed.events]
    return Batch(Source(*packed.source), unpacked, packed.fetched)
