"""`/asyncapi.json`: the stream as an AsyncAPI 3.0 document, made from the structs that read and write it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from quart_trio import QuartTrio

from actors.runtime.version import __version__
from web.documents import serve_document
from web.stream.answers import FORMATS, PROTOCOL
from web.stream.errors import CLOSE_CODES
from web.stream.messages import REF, Message, Schema, error_codes, messages, params_name
from web.stream.options import PARAMS, Channel

SUBPROTOCOLS = {each: f"tickwell.v{PROTOCOL}.{each}" for each in FORMATS}
PATH = "/ws"


def register(app: QuartTrio) -> None:
    """Serve the document."""
    serve_document(app, "/asyncapi.json", document)


def document() -> dict[str, Any]:
    """The document."""
    table = list(messages())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tickwell stream",
            "version": __version__,
            "description": "Everything that the hub knows, to whoever asks, at a rate of their own. "
            "Times are Unix ms, unknown is null. Ignore what you do not know. Only `live` is current.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"hub": SERVER},
        "channels": {"stream": channel(table)},
        "operations": {
            "ask": operation("receive", "What clients ask.", table, "client"),
            "tell": operation("send", "What the hub answers and tells.", table, "hub"),
        },
        "components": {
            "messages": {each.name: message(each) for each in table},
            "schemas": schemas(table),
        },
    }


SERVER = {
    "host": "{address}",
    "protocol": "ws",
    "description": f"This hub. Sub-protocols: {', '.join(SUBPROTOCOLS.values())}; JSON if none is offered.",
    "variables": {"address": {"default": "127.0.0.1:8765", "description": "Where the hub listens."}},
}


def channel(table: Iterable[Message]) -> dict[str, Any]:
    """The socket."""
    codes = "; ".join(f"{code}: {words}" for code, words in CLOSE_CODES.items())
    return {
        "address": PATH,
        "title": "The stream",
        "description": f"Close codes: {codes}.",
        "servers": [{"$ref": "#/servers/hub"}],
        "messages": {each.name: {"$ref": f"#/components/messages/{each.name}"} for each in table},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def operation(action: str, summary: str, table: Iterable[Message], sender: str) -> dict[str, Any]:
    """What one side sends."""
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/stream"},
        "messages": [
            {"$ref": f"#/channels/stream/messages/{each.name}"} for each in table if each.sender == sender
        ],
    }


def message(each: Message) -> dict[str, Any]:
    """One kind of message."""
    return {"name": each.name, "title": each.name, "summary": each.summary, "payload": each.payload}


def schemas(table: Iterable[Message]) -> dict[str, Schema]:
    """Every named shape, in the draft of JSON Schema that AsyncAPI builds on."""
    kinds = [kind for each in table for kind in each.shapes]
    _, found = msgspec.json.schema_components([*kinds, *PARAMS.values()], ref_template=REF)
    by_channel = {
        params_name(name): params_schema(name, found[kind.__name__]) for name, kind in PARAMS.items()
    }
    for kind in PARAMS.values():
        found.pop(kind.__name__, None)
    found.update(by_channel)
    found["ErrorOut"]["properties"]["code"] = error_codes()
    return {name: draft_07(shape) for name, shape in sorted(found.items())}


def params_schema(name: Channel, shape: Schema) -> Schema:
    """What `subscribe` is given for one channel."""
    told = {**shape["properties"], "channel": {"const": name}}
    return {**shape, "title": params_name(name), "properties": told}


def draft_07(schema: Any) -> Any:
    """A schema as draft 07 writes it: there, the items of a tuple are called so."""
    if isinstance(schema, list):
        return [draft_07(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: draft_07(value) for name, value in schema.items()}
    if "prefixItems" in told:
        told["items"] = told.pop("prefixItems")
        told["additionalItems"] = False
    return told
