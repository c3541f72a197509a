"""Every message of the protocol, as a table: who sends it, when, and what it looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from web.stream import answers, requests, seed
from web.stream.answers import ErrorOut
from web.stream.errors import CODES
from web.stream.options import CHANNELS, Channel
from web.stream.results import (
    EndedResult,
    HistoryResult,
    PingResult,
    SetResult,
    SubscribedResult,
    SubscriptionsResult,
)
from web.stream.shapes import SHAPES

Schema = dict[str, Any]
REF = "#/components/schemas/{name}"


class Message(Struct, frozen=True, kw_only=True):
    """One kind of message. `sender` is who sends it; `shapes` are the structs that `payload` refers to."""

    name: str
    sender: Literal["client", "hub"]
    summary: str
    payload: Schema
    shapes: tuple[Any, ...] = ()


# What each method is given, beside `subscribe`, whose parameters are those of a channel; and its result.
METHODS: dict[str, tuple[str, tuple[type[Struct], ...], type[Struct]]] = {
    "subscribe": ("Begin a subscription.", (), SubscribedResult),
    "unsubscribe": ("End subscriptions.", (requests.Sub, requests.Subs), EndedResult),
    "subscriptions": ("Tell what is subscribed.", (requests.Subscriptions,), SubscriptionsResult),
    "set": ("Change a subscription.", (requests.Set,), SetResult),
    "ping": ("Answer, with the time.", (), PingResult),
    "history": ("Tell the newest records in memory.", (requests.History,), HistoryResult),
}
NOTICES: dict[str, tuple[str, tuple[type[Struct], ...]]] = {
    "welcome": ("The first frame of a connection.", (answers.WelcomeData,)),
    "gap": ("Something was missed: by a slow client, or by the hub.", (answers.MissedData, answers.HoleData)),
    "slow_consumer": ("The client begins to be late.", (answers.SlowData,)),
    "going_away": ("A planned stop.", (answers.GoingAwayData,)),
}
TOLD: dict[Channel, str] = {
    "ticker": "The newest record of instruments.",
    "quote": "Best bids and asks.",
    "trades": "Every trade once.",
    "book": "Order books, whole or what changed.",
    "bars": "Bars that changed.",
    "liquidations": "Every liquidation once.",
    "funding": "What perpetuals pay.",
    "spreads": "Assets across all exchanges.",
    "screener": "Everything that fulfils a condition.",
    "quality": "How far channels of instruments can be trusted.",
    "derived": "What plugins derive from bars and tickers.",
    "system": "Gaps of the exchanges' feeds, feeds that go and come.",
    "alerts": "Every alert once: what fired, what is over, which rules have stale data only.",
}
REQ_ID: Schema = {
    "description": "The client's own name of the request; given back as it came.",
    "anyOf": [
        {"type": "integer"},
        {"type": "string", "maxLength": requests.REQ_ID_CHARACTERS_MAX},
        {"type": "null"},
    ],
}
FRAME: Schema = {
    "sub": {"type": "integer", "minimum": 1, "description": "The number of the subscription."},
    "seq": {"type": "integer", "minimum": 1, "description": "Counts its frames: one more than the last."},
    "offset": {"type": "integer", "minimum": 0, "description": "The position in the epoch, for `resume`."},
    "epoch": {"type": "string", "description": "Names this run of the hub."},
    "ts_out": {"type": "integer", "description": "When the frame was built, Unix ms."},
}


def messages() -> Iterator[Message]:
    """All of them, those of clients first."""
    for method, (summary, kinds, _) in METHODS.items():
        payload = request(method, kinds)
        yield Message(name=method, sender="client", summary=summary, payload=payload, shapes=kinds)
    for name, kind in seed.SAID.items():
        summary = f"The older hub's {name}."
        yield Message(name=f"hub_{name}", sender="client", summary=summary, payload=ref(kind), shapes=(kind,))
    for method, (_, _, result) in METHODS.items():
        summary = f"The answer to {method}."
        payload = answer(method, result)
        yield Message(
            name=f"{method}_answer", sender="hub", summary=summary, payload=payload, shapes=(result,)
        )
    yield Message(
        name="refusal",
        sender="hub",
        summary="The answer to a request that cannot be served.",
        payload=refusal(),
        shapes=(ErrorOut,),
    )
    for channel, summary in TOLD.items():
        yield Message(
            name=channel, sender="hub", summary=summary, payload=frame(channel), shapes=shapes(channel)
        )
    for name, (summary, kinds) in NOTICES.items():
        yield Message(name=name, sender="hub", summary=summary, payload=notice(name, kinds), shapes=kinds)
    yield from plain()


def plain() -> Iterator[Message]:
    """What the hub sends that is one struct: heartbeats, and the older hub's dialect."""
    told: dict[str, tuple[str, type[Struct]]] = {
        "heartbeat": ("The hub is there, and how late the client is.", answers.Heartbeat),
        "hub_subscribed": ("The older hub's answer to subscribe.", seed.Subscribed),
        "hub_unsubscribed": ("The older hub's answer to unsubscribe.", seed.Unsubscribed),
        "hub_pong": ("The older hub's answer to ping.", seed.Pong),
        "hub_error": ("The older hub's answer to what is not understood.", seed.Refused),
    }
    for name, (summary, kind) in told.items():
        yield Message(name=name, sender="hub", summary=summary, payload=ref(kind), shapes=(kind,))
    prices = {"type": "array", "items": ref(seed.PriceTick)}
    summary = "The older hub's prices, every 100 ms, if something changed."
    yield Message(name="hub_prices", sender="hub", summary=summary, payload=prices, shapes=(seed.PriceTick,))


def ref(kind: type[Struct]) -> Schema:
    """A reference to a shape."""
    return {"$ref": REF.format(name=kind.__name__)}


def any_of(kinds: tuple[type[Struct], ...]) -> Schema:
    """One of several shapes."""
    return ref(kinds[0]) if len(kinds) == 1 else {"anyOf": [ref(each) for each in kinds]}


def object_of(properties: Schema, *optional: str) -> Schema:
    """An object with all of these, but for the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def params_name(channel: Channel) -> str:
    """The name of the shape of a channel's parameters."""
    return f"{channel.capitalize()}Params"


def request(method: str, kinds: tuple[type[Struct], ...]) -> Schema:
    """A request of a client."""
    by_channel: Schema = {"oneOf": [{"$ref": REF.format(name=params_name(each))} for each in CHANNELS]}
    params: Schema = {"description": "Anything."} if method == "ping" else by_channel
    if kinds:
        params = (
            any_of(kinds) if method != "unsubscribe" else {"anyOf": [*any_of(kinds)["anyOf"], by_channel]}
        )
    optional = ("req_id", "params") if method in ("ping", "subscriptions") else ("req_id",)
    return object_of({"method": {"const": method}, "params": params, "req_id": REQ_ID}, *optional)


def answer(method: str, result: type[Struct]) -> Schema:
    """The answer to a request that was served."""
    told = {"method": {"const": method}, "req_id": REQ_ID, "success": {"const": True}, "result": ref(result)}
    return object_of({**told, **TIMES})


TIMES: Schema = {
    "time_in": {"type": "number", "description": "When the request was read, Unix ms."},
    "time_out": {"type": "number", "description": "When this was written, Unix ms."},
}


def refusal() -> Schema:
    """The answer to a request that was not."""
    method: Schema = {"anyOf": [{"enum": list(METHODS)}, {"type": "null"}]}
    told = {"method": method, "req_id": REQ_ID, "success": {"const": False}, "error": ref(ErrorOut)}
    return object_of({**told, **TIMES})


def shapes(channel: Channel) -> tuple[type[Struct], ...]:
    """What stands in the data of a channel's frames."""
    return (SHAPES[channel],) if channel in SHAPES else (answers.HoleData, answers.FeedData)


def frame(channel: Channel) -> Schema:
    """A data frame. With `fields` and `changes_only` records hold less."""
    parts = "Whole records, unless `fields` or `changes_only` ask for parts of them."
    data: Schema = {"type": "array", "items": any_of(shapes(channel)), "description": parts}
    types = ["snapshot", "update"]
    if channel not in SHAPES:
        types, data = ["gap", "feed"], any_of(shapes(channel))
    removed = {"type": "array", "items": {"type": "string"}, "description": "Keys that are gone."}
    told = {"channel": {"const": channel}, "type": {"enum": types}, "data": data, "removed": removed}
    return object_of({**FRAME, **told}, "removed")


def notice(name: str, kinds: tuple[type[Struct], ...]) -> Schema:
    """A message beside all subscriptions."""
    told = {"channel": {"const": "system"}, "type": {"const": name}, "data": any_of(kinds)}
    return object_of(told)


def error_codes() -> Schema:
    """The codes of errors, with what they mean."""
    return {
        "enum": list(CODES),
        "description": "; ".join(f"`{code}`: {words}" for code, words in CODES.items()),
    }
