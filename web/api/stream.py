"""`/api/v1/stream`: a subscription of the stream as server-sent events, asked for by query parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quart import Response, request
from quart.wrappers.base import BaseRequestWebsocket
from quart_trio import QuartTrio
from werkzeug.datastructures import MultiDict

from web.problems import Problem
from web.site import Site
from web.stream.errors import RequestError
from web.stream.options import PARAMS, Position, schemas
from web.stream.params import read_params
from web.stream.requests import Subscribe
from web.stream.selection import Selection
from web.stream.sse import EventStream

PATH = "/api/v1/stream"
CONTENT_TYPE = "text/event-stream"
HEADERS = {
    "content-type": f"{CONTENT_TYPE}; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would wait for more
}
LISTS = ("symbols", "fields", "bases")
_POSITION = re.compile(r"([0-9a-f]{1,64}):(\d{1,15})", re.ASCII)


def register(app: QuartTrio, site: Site) -> None:
    """Serve it."""

    @app.get(PATH)
    async def stream_of_events() -> Response:
        wanted = read_subscribe(request.args, request.headers.get("Last-Event-ID", ""))
        if wanted.options.channel == "book":
            site.gate.check_embedding(request.headers)
        check(site, wanted)
        address = str((request.scope.get("client") or ("",))[0])
        with site.stream.doors.enter(address):
            pass  # a 503 or 429 must come before the first byte; the body enters by itself
        if request.method == "HEAD":
            response = Response(b"", 200, HEADERS)
            del response.headers["content-length"]  # nobody knows how long the answer to a GET would be
            return response
        response = Response(EventStream(site, wanted, address, site.stop_of(request)), 200, HEADERS)
        # A client that takes nothing is dropped by the server's write deadline.
        response.timeout = seconds_left(site, request)
        return response


def read_subscribe(args: MultiDict[str, str], last_event_id: str) -> Subscribe:
    """The subscription in a URL; a 400 `Problem` names what is wrong.

    A position in `Last-Event-ID` counts more than one in `resume`; one that is not ours means nothing.
    """
    try:
        given: dict[str, Any] = {name: read_value(name, values) for name, values in args.lists()}
        params, options = read_params({name: value for name, value in given.items() if value}, strict=False)
    except RequestError as error:
        name = error.field or ""
        raise bad(name, ",".join(args.getlist(name)), error.message) from None
    resume = position(last_event_id) or params.resume
    return Subscribe(options=options, snapshot=params.snapshot, max_rate_hz=params.max_rate_hz, resume=resume)


def read_value(name: str, values: list[str]) -> Any:
    """The value of a parameter, which may be a list by commas; an empty one is as good as none."""
    parts = [part.strip() for value in values for part in value.split(",") if part.strip()]
    if name in LISTS:
        return parts
    if len(values) > 1:
        raise RequestError("bad_params", f"{name} is there {len(values)} times; expected once.", field=name)
    value = values[0].strip()
    if name != "resume" or not value:
        return value
    found = position(value)
    if found is None:
        words = "resume is not understood; expected the id of an event, such as 19a6c7:18441."
        raise RequestError("bad_params", words, field=name)
    return {"epoch": found.epoch, "offset": found.offset}


def seconds_left(site: Site, asked: BaseRequestWebsocket) -> float | None:
    """How long the reader's token lets it listen; `None` for ever."""
    expires_ns = asked.scope.get("state", {}).get("expires_ns")
    return None if expires_ns is None else max(0, expires_ns - site.now_ns()) / 1e9


def position(text: str) -> Position | None:
    """The position in the `id` of an event; `None` for anything else."""
    found = _POSITION.fullmatch(text.strip())
    return Position(found[1], int(found[2])) if found else None


def check(site: Site, wanted: Subscribe) -> None:
    """Raise a `Problem` for a subscription that can never tell anything, and for one that is too wide."""
    symbols, most = wanted.options.symbols, site.stream.settings.symbols_max
    if len(symbols) > most:
        raise bad("symbols", f"{len(symbols)} selectors", f"at most {most} selectors are possible.")
    if not symbols:
        return
    resolved = Selection(symbols, wanted.options.channel).resolve(site)
    if resolved.hopeless:
        words = " ".join(f"{each.symbol}: {each.message}" for each in resolved.rejected[:5])
        nearest = [key for each in resolved.rejected for key in each.nearest][:5]
        raise Problem(404, f"Every symbol was rejected. {words}", code="no_symbols", nearest=nearest)


def bad(name: str, value: str, words: str) -> Problem:
    """A 400 about a parameter."""
    shown = value if len(value) <= 64 else f"{value[:64]}…"
    right = words.rpartition("expected ")[2].partition(". Did you mean")[0].rstrip(".")
    wrong = {"parameter": name[:64], "value": shown, "expected": right}
    return Problem(400, words, code="bad_parameter", errors=[wrong])


def operation() -> dict[str, Any]:
    """What OpenAPI says about it."""
    return {
        "operationId": "stream",
        "tags": ["market"],
        "summary": "A subscription as server-sent events",
        "description": "One subscription of the stream (`/asyncapi.json`). `event:` is the type of a frame, "
        "`data:` the frame, `id:` its position, from which `Last-Event-ID` goes on.",
        "parameters": [*parameters(), LAST_EVENT_ID],
        "responses": {
            "200": {
                "description": "Events, until either side ends it.",
                "content": {CONTENT_TYPE: {"schema": {"type": "string"}}},
            }
        },
    }


LAST_EVENT_ID: dict[str, Any] = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that you had.",
    "schema": {"type": "string"},
}


def parameters() -> list[dict[str, Any]]:
    """The parameters of all channels, each once, with the channels that have it."""
    channels: dict[str, list[str]] = {}
    told: dict[str, dict[str, Any]] = {}
    for channel, kind in PARAMS.items():
        for name, schema in schemas(kind).items():
            channels.setdefault(name, []).append(channel)
            told.setdefault(name, schema)
    return [parameter(name, schema, channels[name]) for name, schema in told.items()]


def parameter(name: str, schema: Mapping[str, Any], channels: list[str]) -> dict[str, Any]:
    """One of them."""
    plain = {key: value for key, value in schema.items() if key not in ("description", "default", "anyOf")}
    choices: list[dict[str, Any]] = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    inner = choices[0] if choices else {}
    plain |= {key: value for key, value in inner.items() if key != "description"}
    words = schema.get("description") or inner.get("description", "")
    if name == "resume":
        plain, words = {"type": "string"}, "The `id` of the last event that you had."
    if len(channels) < len(PARAMS):
        words = f"{words} Of {', '.join(channels)} only."
    told = {"name": name, "in": "query", "description": words, "schema": plain, "required": name == "channel"}
    return told | ({"style": "form", "explode": False} if plain.get("type") == "array" else {})
