"""`/openapi.json`: the whole HTTP interface as an OpenAPI 3.1 document, made from the routes themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from re import findall
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from quart_trio import QuartTrio

from actors.runtime.version import __version__
from web.api import alerts_described, stream
from web.api.elsewhere import ADDRESSES, Elsewhere, Order
from web.api.queries import Query, parameters
from web.api.resource import Address, ChannelState
from web.documents import serve_document
from web.site import Site

JSON = "application/json"
PROBLEM = "application/problem+json"
STREAM_PROBLEMS = (400, 403, 404, 429, 503)
NO_COMMA = "^[^,]*$"  # between two of a list
REF = "#/components/schemas/{name}"
BESIDE = [*ADDRESSES, *alerts_described.ADDRESSES]
PATHED = {
    "name": ("The name of an alert rule.", "btc-above-100k"),
    "key": ("An instrument: its exchange, its market, and its symbol or name.", "bybit:linear:BTCUSDT"),
    "exchange": ("An exchange that this hub reads.", "bybit"),
    "symbol": ("The exchange's spelling of the instrument, or its name.", "BTCUSDT"),
    "market": ("SPOT, or FUTURES: perpetuals.", "FUTURES"),
}


class Wrong(Struct, frozen=True, kw_only=True):
    """One parameter that is not understood; of a filter also where."""

    parameter: str
    value: str
    expected: str
    text: str | UnsetType = UNSET
    position: int | UnsetType = UNSET


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """An error (RFC 9457): `detail` is for people, `code` for programs; the rest stands where it helps."""

    type: str
    title: str
    status: int
    detail: str
    code: str | UnsetType = UNSET
    errors: list[Wrong] | UnsetType = UNSET
    nearest: list[str] | UnsetType = UNSET
    key: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    quality: ChannelState | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


def register(app: QuartTrio, site: Site, routes: Iterable[Address[Any]]) -> None:
    """Serve the document."""
    told, exchanges = list(routes), list(site.read_model.exchanges)
    serve_document(app, "/openapi.json", lambda: document(told, exchanges))


def document(routes: Sequence[Address[Any]], exchanges: list[str]) -> dict[str, Any]:
    """The document; `exchanges` are those that the hub has."""
    paths: dict[str, Any] = {route.path: {"get": operation(route, exchanges)} for route in routes}
    for each in BESIDE:
        paths.setdefault(each.path, {})[each.method] = other_operation(each, exchanges)
    told = stream.operation()
    paths[stream.PATH] = {
        "get": {**told, "responses": {**told["responses"], **problem_responses(STREAM_PROBLEMS)}}
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tickwell",
            "version": __version__,
            "summary": "The live picture of every market that this hub reads.",
            "description": "Times are Unix ms; prices, sizes and rates are JSON numbers, identifiers are "
            "texts; unknown is null. Every record says how far it can be trusted: only what is `live` is "
            "current.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This hub."}],
        "tags": [
            {"name": "market", "description": "What the exchanges tell."},
            {"name": "alerts", "description": "Rules over what the exchanges tell."},
            {"name": "operations", "description": "How the hub is doing, and what it does."},
        ],
        "paths": paths,
        "components": {"schemas": schemas(routes)},
    }


def schemas(routes: Sequence[Address[Any]]) -> dict[str, Any]:
    """Every named shape."""
    kinds: list[Any] = [kind for route in routes for kind in (*shapes_of(route.data), route.meta)]
    for each in BESIDE:
        kinds += [kind for _, kind in each.answers.values() if kind] + ([each.body] if each.body else [])
    _, components = msgspec.json.schema_components([*kinds, ProblemDocument], ref_template=REF)
    return dict(sorted(components.items()))


def schema_of(kind: Any) -> dict[str, Any]:
    """The schema of a type, with its named parts left to `components`."""
    [schema], _ = msgspec.json.schema_components([kind], ref_template=REF)
    return schema


def shapes_of(data: Any) -> tuple[Any, ...]:
    """The types that the data of an address may be."""
    return data if isinstance(data, tuple) else (data,)


def contents(route: Address[Any]) -> dict[str, Any]:
    """What an address answers, by content type."""
    schemas = [schema_of(kind) for kind in shapes_of(route.data)]
    envelope = {
        "type": "object",
        "properties": {
            "data": {"anyOf": schemas} if len(schemas) > 1 else schemas[0],
            "meta": schema_of(route.meta),
        },
        "required": ["data", "meta"],
    }
    lines = {kind: {"schema": {"type": "string"}} for kind in route.formats if kind != JSON}
    return {JSON: {"schema": envelope}, **lines}


def operation(route: Address[Any], exchanges: list[str]) -> dict[str, Any]:
    """What one address of REST does."""
    etag = {"ETag": {"description": "The version of the data.", "schema": {"type": "string"}}}
    responses = {
        "200": {"description": route.summary, "headers": etag, "content": contents(route)},
        "304": {"description": "Nothing has changed since the version in `If-None-Match`.", "headers": etag},
        **problem_responses(route.problems),
    }
    return {
        "operationId": route.name,
        "tags": ["market"],
        "summary": route.summary,
        "description": route.details,
        "parameters": [
            *path_parameters(route.path, exchanges),
            *query_parameters(route.query, exchanges),
            IF_NONE_MATCH,
        ],
        "responses": responses,
    }


IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of the answer that is known already.",
    "schema": {"type": "string"},
}


def path_parameters(path: str, exchanges: list[str]) -> list[dict[str, Any]]:
    """The parameters inside the path."""
    return [path_parameter(name, exchanges) for name in findall(r"\{(\w+)\}", path)]


def path_parameter(name: str, exchanges: list[str]) -> dict[str, Any]:
    """One parameter inside a path."""
    words, example = PATHED[name]
    schema: dict[str, Any] = {"type": "string"}
    if name == "exchange":
        schema["enum"], example = exchanges, exchanges[0] if exchanges else example
    if name == "market":
        schema["enum"] = ["SPOT", "FUTURES"]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": words,
        "schema": schema,
        "example": example,
    }


def query_parameters(query: type[Query], exchanges: list[str]) -> list[dict[str, Any]]:
    """The parameters behind the question mark."""
    found = []
    for name, told in parameters(query).items():
        schema = {key: value for key, value in told.items() if key != "description"}
        if name == "exchange":
            schema["enum"] = exchanges
        parameter = {"name": name, "in": "query", "description": told["description"], "schema": schema}
        if schema["type"] == "array":
            # What is empty between two commas is passed over.
            items = {key: value for key, value in schema["items"].items() if key != "minLength"}
            items["pattern"] = NO_COMMA
            parameter |= {"style": "form", "explode": False, "schema": {**schema, "items": items}}
        else:
            parameter["allowEmptyValue"] = True  # as good as leaving it out
        found.append(parameter)
    return found


def problem_responses(statuses: Iterable[int]) -> dict[str, Any]:
    """What can go wrong, and what then comes back."""
    content = {PROBLEM: {"schema": {"$ref": REF.format(name=ProblemDocument.__name__)}}}
    named = {
        str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in statuses
    }
    return {**named, "default": {"description": "Something else went wrong.", "content": content}}


def other_operation(each: Elsewhere, exchanges: list[str]) -> dict[str, Any]:
    """What an address beside REST v1 does."""
    responses = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            **({"content": {kind: {"schema": schema_of(shape)}}} if shape else {}),
        }
        for status, (kind, shape) in each.answers.items()
    }
    told: dict[str, Any] = {
        "operationId": each.name,
        "tags": [each.tag],
        "summary": each.summary,
        "description": each.details,
        "responses": {**responses, **problem_responses(each.problems)},
    }
    parameters = path_parameters(each.path, exchanges)
    if each.query is not None:
        parameters += query_parameters(each.query, exchanges)
    if parameters:
        told["parameters"] = parameters
    if each.body is not None:
        needed = each.body is not Order  # nothing means every exchange
        told["requestBody"] = {"required": needed, "content": {JSON: {"schema": schema_of(each.body)}}}
    return told
