"""From a client's message to a typed request, or to an error that says what is wrong and what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from web.api.tape import LIMIT_MAX, Interval
from web.stream import seed
from web.stream.decoding import Format, Unreadable, decode, named, shown
from web.stream.errors import ReqId, RequestError, bad_param, did_you_mean
from web.stream.options import FieldNames, Options, Position, RateHz
from web.stream.params import convert, read_params

REQ_ID_CHARACTERS_MAX = 64
RIGHT = 'send an object such as {"method": "subscribe", "params": {"channel": "ticker"}, "req_id": 1}'
Number: TypeAlias = Annotated[int, Meta(ge=1, description="The number of a subscription.")]


class Subscribe(Struct, frozen=True, kw_only=True):
    """`max_rate_hz` 0: as soon as the hub knows."""

    options: Options
    snapshot: bool = True
    max_rate_hz: float = 0.0
    resume: Position | None = None


class Unsubscribe(Struct, frozen=True, kw_only=True):
    """By their numbers, or by the options of one: exactly one of the two is given."""

    subs: tuple[int, ...] = ()
    options: Options | None = None


class Subscriptions(Struct, frozen=True, forbid_unknown_fields=True):
    """What is subscribed; no parameters."""


class Set(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Change a subscription; `fields` and `changes_only` have still to be checked against its channel."""

    sub: Number
    max_rate_hz: RateHz | UnsetType = UNSET
    fields: FieldNames | UnsetType | None = UNSET
    changes_only: bool | UnsetType = UNSET


class Ping(Struct, frozen=True):
    """`params` go back as they came."""

    params: Any = None


class History(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest `limit` records that are in memory; `interval` is for bars only."""

    channel: Literal["trades", "bars", "liquidations"]
    key: Annotated[str, Meta(min_length=1, max_length=100, description="Such as `bybit:linear:BTCUSDT`.")]
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="So many of the newest.")] = 100
    interval: Annotated[Interval, Meta(description="The length of a bar.")] = "1m"


class Sub(Struct, frozen=True, forbid_unknown_fields=True):
    """One subscription."""

    sub: Number


class Subs(Struct, frozen=True, forbid_unknown_fields=True):
    """Some subscriptions."""

    subs: Annotated[tuple[Number, ...], Meta(min_length=1, max_length=1000)]


Body: TypeAlias = Subscribe | Unsubscribe | Subscriptions | Set | Ping | History


class Request(Struct, frozen=True):
    """A request that is understood."""

    method: str
    req_id: ReqId
    body: Body


def read_request(message: str | bytes | None, format: Format) -> Request | seed.Said:  # noqa: A002
    """Understand a message; one with a `type` and no `method` is in the dialect of the older hub. Raises
    `RequestError`, and nothing else."""
    try:
        said = decode(message, format)
    except Unreadable as error:
        raise RequestError("bad_message", f"This message is not understood: {error}; {RIGHT}.") from None
    if "type" in said and "method" not in said:
        return seed.read(said)
    return read_object(said)


def read_object(said: Mapping[str, Any]) -> Request:
    """The request in a message that was decoded."""
    method, req_id = said.get("method"), read_req_id(said.get("req_id"))
    known = method if isinstance(method, str) and method in METHODS else None
    try:
        if known is None:
            raise no_method(said)
        for name in said:
            if name not in ("method", "params", "req_id"):
                words = f"A request has method, params and req_id, and no {shown(name)}: put it into params."
                raise RequestError("bad_message", words, field=name[:REQ_ID_CHARACTERS_MAX])
        return Request(known, req_id, METHODS[known](said.get("params")))
    except RequestError as error:
        error.method, error.req_id = known, req_id
        raise


def read_req_id(req_id: Any) -> ReqId:
    """What a client calls its request."""
    if req_id is None or (isinstance(req_id, int) and not isinstance(req_id, bool)):
        return req_id
    if isinstance(req_id, str) and len(req_id) <= REQ_ID_CHARACTERS_MAX:
        return req_id
    right = f"an integer or a text of at most {REQ_ID_CHARACTERS_MAX} characters"
    words = f"req_id={shown(req_id)} is not understood; expected {right}."
    raise RequestError("bad_message", words, field="req_id")


def no_method(said: Mapping[str, Any]) -> RequestError:
    """The error about a message that asks for nothing that there is."""
    method, choices = said.get("method"), f"one of {', '.join(METHODS)}"
    if isinstance(method, str):
        words = f"There is no method {shown(method)}; expected {choices}.{did_you_mean(method, METHODS)}"
        return RequestError("unknown_method", words, field="method")
    wrong = f"method={shown(method)} is not understood" if "method" in said else "method is missing"
    return RequestError("bad_message", f"{wrong}; expected {choices}: {RIGHT}.", field="method")


def _object(params: Any) -> dict[str, Any]:
    """The parameters as an object; none are as good as an empty one."""
    if params is None:
        return {}
    if not isinstance(params, dict):
        raise RequestError("bad_params", f"params is {named(params)}, not an object.", field="params")
    return params


def _subscribe(given: Any) -> Body:
    params, options = read_params(_object(given))
    return Subscribe(
        options=options,
        snapshot=params.snapshot,
        max_rate_hz=params.max_rate_hz,
        resume=params.resume,
    )


def _unsubscribe(given: Any) -> Body:
    params = _object(given)
    if "sub" in params:
        return Unsubscribe(subs=(convert(params, Sub, "unsubscribe by sub").sub,))
    if "subs" in params:
        return Unsubscribe(subs=convert(params, Subs, "unsubscribe by subs").subs)
    if "channel" not in params:
        words = "unsubscribe needs sub, subs, or the channel and the options of a subscription."
        raise RequestError("bad_params", words, field="sub")
    return Unsubscribe(options=read_params(params)[1])


def _subscriptions(given: Any) -> Body:
    return convert(_object(given), Subscriptions, "subscriptions")


def _set(given: Any) -> Body:
    found = convert(_object(given), Set, "set")
    if found.max_rate_hz is UNSET and found.fields is UNSET and found.changes_only is UNSET:
        words = "set changes nothing: give max_rate_hz, fields or changes_only."
        raise RequestError("bad_params", words, field="max_rate_hz")
    return found


def _history(given: Any) -> Body:
    params = _object(given)
    found = convert(params, History, "history")
    if "interval" in params and found.channel != "bars":
        raise bad_param("interval", found.interval, f"no interval with {found.channel}, only with bars")
    return found


METHODS: dict[str, Callable[[Any], Body]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "subscriptions": _subscriptions,
    "set": _set,
    "ping": Ping,
    "history": _history,
}
