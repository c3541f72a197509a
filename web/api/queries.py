"""What may be asked: query parameters as typed structs, which validate requests and describe themselves.

The struct of a route is the only place that tells its parameters, their bounds and defaults.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, structs
from werkzeug.datastructures import MultiDict

from web.problems import Problem
from web.wishes import SYMBOLS_MAX, bad_parameter, nearest

VALUE_SHOWN_MAX = 64
RECORDS_MAX = 5000

Exchange: TypeAlias = Annotated[str | None, Meta(description="Of this exchange only.")]
Market: TypeAlias = Annotated[
    Literal["linear", "spot"] | None, Meta(description="Of this market only: `linear` are perpetuals.")
]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Symbols: TypeAlias = Annotated[
    tuple[Name, ...],
    Meta(
        max_length=SYMBOLS_MAX,
        description="Of these only: symbols as the exchange spells them, or names such as BTC-USDT, "
        "separated by commas.",
    ),
]
Many: TypeAlias = Annotated[
    int,
    Meta(ge=1, le=RECORDS_MAX, description="At most so many records; `meta.total` says how many there are."),
]


class Query(Struct, frozen=True, kw_only=True):
    """No parameters at all; the parent of all others."""


class Select(Query, frozen=True, kw_only=True):
    """Which instruments."""

    market: Market = None
    symbols: Symbols = ()
    limit: Many = RECORDS_MAX


class Pick(Select, frozen=True, kw_only=True):
    """Which instruments of which exchange."""

    exchange: Exchange = None


Q = TypeVar("Q", bound=Query)


def read_query(kind: type[Q], args: MultiDict[str, str]) -> Q:
    """The query in a URL. An empty value is as good as none. A 400 `Problem` names what is wrong."""
    schemas = parameters(kind)
    given: dict[str, Any] = {}
    for name, values in args.lists():
        if name not in schemas:
            raise unknown_parameter(name, values[0], list(schemas))
        value = read_value(name, [each for each in values if each], schemas[name])
        if isinstance(value, str) and value.lower() == "null" and is_no_text(schemas[name]):
            raise bad_value(name, value, expected(schemas[name]))  # msgspec would take the word for None
        if value:
            given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("`$.")[2].partition("[")[0].rstrip("`")
        raise bad_value(name, ",".join(args.getlist(name)), expected(schemas[name])) from None


def read_value(name: str, values: list[str], schema: dict[str, Any]) -> str | list[str]:
    """The text of a parameter, or the texts of one that is a list; words are spelled as they should be."""
    if schema["type"] == "array":
        parts = [part.strip(" ") for value in values for part in value.split(",")]
        if len(parts) > schema["maxItems"]:
            raise bad_value(name, ",".join(values), expected(schema))
        return [part for part in parts if part]
    if len(values) > 1:
        raise bad_value(name, ", ".join(values), f"{name} once")
    value = values[0].strip(" ") if values else ""
    return spelled(value, schema["enum"]) if "enum" in schema else value


def is_no_text(schema: dict[str, Any]) -> bool:
    """Whether a parameter is a number, or one of some words."""
    return schema["type"] in ("integer", "number", "boolean") or "enum" in schema


def spelled(value: str, known: list[str]) -> str:
    """A word as it is spelled here, whatever its case."""
    return next((word for word in known if word.lower() == value.lower()), value)


@cache
def parameters(kind: type[Query]) -> dict[str, dict[str, Any]]:
    """The JSON schema of every parameter by its name, with `description` and `default`."""
    _, components = msgspec.json.schema_components([kind], ref_template="{name}")
    schemas = {name: without_null(each) for name, each in components[kind.__name__]["properties"].items()}
    for field in structs.fields(kind):
        if "enum" in schemas[field.encode_name]:
            schemas[field.encode_name]["enum"] = words(field.type)
    return dict(sorted(schemas.items(), key=lambda each: (each[0] == "limit", each[0] != "exchange")))


def words(kind: Any) -> list[str]:
    """The words of a `Literal`, wherever it stands in a type, in the order in which it tells them."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [word for inner in get_args(kind) for word in words(inner)]


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an optional parameter: whoever does not mean it leaves it out, and never writes null."""
    schema = dict(schema)
    if "anyOf" in schema:
        [only] = [each for each in schema.pop("anyOf") if each.get("type") != "null"]
        schema = {**only, **schema}
    if "enum" in schema:
        schema["enum"] = [word for word in schema["enum"] if word is not None]
        schema["type"] = "string"
    if schema.get("default", 0) is None:
        del schema["default"]
    return schema


def expected(schema: dict[str, Any]) -> str:
    """What a parameter should be, in words."""
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    if schema["type"] == "integer":
        return f"a whole number from {schema['minimum']} to {schema['maximum']}"
    if schema["type"] == "array":
        each = schema["items"]["maxLength"]
        return f"at most {schema['maxItems']} names of at most {each} characters, separated by commas"
    return f"a text of at most {schema['maxLength']} characters"


def bad_value(name: str, value: str, right: str) -> Problem:
    """A 400 about a parameter, which shows no more of a long value than is needed to find it."""
    shown = value if len(value) <= VALUE_SHOWN_MAX else f"{value[:VALUE_SHOWN_MAX]}…"
    return bad_parameter(name, shown, right)


def unknown_parameter(name: str, value: str, known: list[str]) -> Problem:
    """A 400 about a parameter that this address does not have."""
    meant = nearest(name, known)
    right = f"one of the parameters {', '.join(known)}" if known else "no parameter"
    problem = bad_value(name, value, right)
    hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
    problem.detail = f"There is no parameter {name[:VALUE_SHOWN_MAX]!r} here; expected {right}.{hint}"
    problem.members["errors"][0]["parameter"] = name[:VALUE_SHOWN_MAX]
    return problem
