"""From what a client wrote as `params` to what it means, strictly: what is not understood never passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from web.api.comparing import ScreenerQuery, parsed
from web.problems import Problem
from web.stream.decoding import shown
from web.stream.errors import RequestError, bad_param, did_you_mean
from web.stream.options import (
    CHANNELS,
    PARAMS,
    UNMERGED,
    Channel,
    Options,
    Params,
    ScreenerParams,
    SpreadsParams,
    SymbolParams,
    options_of,
    schemas,
)
from web.stream.selectors import read_selector
from web.stream.shapes import SHAPES, identity

S = TypeVar("S", bound=Struct)
OPEN_MAX = 20  # each is looked for among all symbols, again and again
_PATH = re.compile(r"`\$\.(\w+)")


def read_params(given: Mapping[str, Any], *, strict: bool = True) -> tuple[Params, Options]:
    """The parameters of a subscription, and its options. Raises `RequestError` (bad_params, unknown_channel).

    If not `strict`, texts may stand for numbers and booleans, as in a URL.
    """
    channel = read_channel(given)
    params = convert(given, PARAMS[channel], f"channel {channel}", strict=strict)
    if params.changes_only:
        check_changes_only(channel)
    more: dict[str, Any] = {"fields": read_fields(channel, params.fields)}
    if isinstance(params, SymbolParams):
        more["symbols"] = read_symbols(params.symbols)
    if isinstance(params, SpreadsParams):
        more |= {"bases": once(each.upper() for each in params.bases), "quote": params.quote.upper()}
    if isinstance(params, ScreenerParams):
        check_screen(params)
    return params, options_of(params, **more)


def read_channel(given: Mapping[str, Any]) -> Channel:
    """The channel that is meant."""
    channel = given.get("channel")
    for known in CHANNELS:
        if channel == known:
            return known
    choices = f"one of {', '.join(CHANNELS)}"
    if "channel" not in given:
        raise RequestError("bad_params", f"channel is missing; expected {choices}.", field="channel")
    if not isinstance(channel, str):
        raise bad_param("channel", channel, choices)
    words = f"There is no channel {shown(channel)}; expected {choices}.{did_you_mean(channel, CHANNELS)}"
    raise RequestError("unknown_channel", words, field="channel")


def convert(given: Mapping[str, Any], kind: type[S], where: str, *, strict: bool = True) -> S:
    """The parameters as a struct. `RequestError` names the first that is wrong, and what would be right."""
    known = schemas(kind)
    for name in given:
        if name not in known:
            raise unknown_param(name, known, where)
    try:
        return msgspec.convert(given, kind, strict=strict)
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        missing = re.search(r"missing required field `(\w+)`", str(error))
        if found is None and missing is not None:
            right = expected(known[missing[1]])
            words = f"{missing[1]} is missing; expected {right}."
            raise RequestError("bad_params", words, field=missing[1]) from None
        name = found[1] if found else ""
        raise bad_param(name, given.get(name), expected(known.get(name, {}))) from None


def unknown_param(name: str, known: Iterable[str], where: str) -> RequestError:
    """A parameter that does not belong there."""
    others = [channel for channel in CHANNELS if name in PARAMS[channel].__struct_fields__]
    belongs = f" It belongs to {', '.join(others)}." if others else did_you_mean(name, known)
    choices = ", ".join(known) or "none"
    words = f"There is no parameter {shown(name)} of {where}; there are: {choices}.{belongs}"
    return RequestError("bad_params", words, field=name[:64])


def read_symbols(texts: Iterable[str]) -> tuple[str, ...]:
    """Selectors as they are written properly, each once and sorted."""
    found = {}
    for text in texts:
        try:
            selector = read_selector(text)
        except ValueError as error:
            raise bad_param("symbols", text, str(error)) from None
        found[selector.text] = selector
    wide = [text for text, selector in found.items() if selector.open]
    if len(wide) > OPEN_MAX:
        right = f"at most {OPEN_MAX} globs and top:N, and any number of keys"
        raise bad_param("symbols", wide, right)
    return once(found)


def read_fields(channel: Channel, fields: Iterable[str] | None) -> tuple[str, ...] | None:
    """The fields that are wanted, each once and sorted, without `key`; a `RequestError` for one that the
    channel does not have."""
    if fields is None:
        return None
    known = list(SHAPES[channel].__struct_fields__) if channel in SHAPES else []
    for name in fields:
        if name not in known:
            words = f"{channel} has no field {shown(name)}; there are: {', '.join(known)}."
            raise RequestError("bad_params", words + did_you_mean(name, known), field="fields")
    return once(name for name in fields if name not in identity(SHAPES[channel]))


def check_changes_only(channel: Channel) -> None:
    """Raise a `RequestError` where a record is told once, or a frame tells all."""
    if channel in UNMERGED:
        raise bad_param("changes_only", True, f"false: records of {channel} are never told in part")


def check_screen(params: ScreenerParams) -> None:
    """Raise a `RequestError` for a filter or an order that mean nothing."""
    try:
        parsed(ScreenerQuery(filter=params.filter, sort=params.sort, limit=params.limit))
    except Problem as problem:
        [wrong] = problem.members["errors"]
        raise RequestError("bad_params", problem.detail, field=wrong["parameter"]) from None


def once(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, sorted."""
    return tuple(sorted(set(texts)))


def expected(schema: Mapping[str, Any]) -> str:
    """What a parameter should be, in words."""
    if "anyOf" in schema:
        return " or ".join(expected(each) for each in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "$ref" in schema:
        return 'an object such as {"epoch": "19a6c7", "offset": 18441}'
    return _WORDS[schema.get("type", "")](schema)


def _number(schema: Mapping[str, Any]) -> str:
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return kind
    return f"{kind} from {least:g} to {most:g}" if most is not None else f"{kind}, {least:g} or more"


def _array(schema: Mapping[str, Any]) -> str:
    least = f"at least {schema['minItems']}" if "minItems" in schema else ""
    most = f"at most {schema['maxItems']}" if "maxItems" in schema else ""
    count = " and ".join(each for each in (least, most) if each)
    return f"a list of {count}, each {expected(schema['items'])}"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "integer": _number,
    "number": _number,
    "array": _array,
    "string": lambda schema: f"a text of at most {schema['maxLength']} characters",
    "boolean": lambda _: "true or false",
    "null": lambda _: "null",
    "": lambda _: "something else",
}
