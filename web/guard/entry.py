"""What every request passes on its way in, and what every response is given on its way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import trio
from quart import Response, request, websocket
from quart.wrappers.base import BaseRequestWebsocket
from quart_trio import QuartTrio

from web.security import HEADERS, Caller
from web.site import Site
from web.transport import ClientStream

# Whether the process lives, what the interface is, and how to get in: none of it is data.
OPEN = {"/livez", "/readyz", "/openapi.json", "/asyncapi.json", "/api/v1/tickets"}
BY_TICKET = {"/ws", "/ws/realtime/<exchange>", "/api/v1/stream"}


def register(app: QuartTrio, site: Site) -> None:
    """Put the checks before every request, and the security headers on every response."""
    gate = site.gate

    @app.before_request
    async def check_request() -> Response | None:
        gate.check_host(request.headers)
        caller = identified(site, request)
        gate.admit(caller)
        methods = methods_of(app, request) if request.method == "OPTIONS" else []
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(b"", 204, gate.origins.preflight(request.headers.get("Origin", ""), methods))
        if not is_open(site, request):
            gate.check_read(caller)
        return Response(b"", 204, {"allow": ", ".join(methods)}) if methods else None

    @app.before_websocket
    async def check_websocket() -> None:
        gate.check_host(websocket.headers)
        gate.check_origin(websocket.headers)
        caller = identified(site, websocket)
        gate.admit(caller)
        gate.check_read(caller)

    @app.after_request
    async def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        shared = "cross-origin" if is_open(site, request) else "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = shared
        if site.settings.allowed_origins:
            response.vary.add("Origin")
            response.headers.update(gate.origins.sharing(request.headers.get("Origin", "")))
        return response

    @app.after_websocket  # type: ignore[type-var]
    async def harden_refusal(response: Response | None) -> Response | None:
        if response is not None:
            response.headers.update(HEADERS)
        return response


def methods_of(app: QuartTrio, asked: BaseRequestWebsocket) -> list[str]:
    """What can be done at the address that is asked for; nothing where there is none.

    Werkzeug would add what a socket, or an address with a name in this place, can do here.
    """
    path = None if asked.url_rule is None else asked.url_rule.rule
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule == path and not rule.websocket]
    return sorted({method for rule in rules for method in rule.methods or ()})


@contextmanager
def open_to_all(app: QuartTrio, site: Site) -> Iterator[None]:
    """What is registered inside the block holds no data, and may be had without a token."""
    before = {rule.rule for rule in app.url_map.iter_rules()}
    yield
    site.open_rules |= {rule.rule for rule in app.url_map.iter_rules()} - before


def is_open(site: Site, asked: BaseRequestWebsocket) -> bool:
    """Whether what is asked for holds no data. What does not exist is no exception: strangers need not
    know."""
    rule = "" if asked.url_rule is None else asked.url_rule.rule
    return rule in OPEN or rule in site.open_rules


def identified(site: Site, asked: BaseRequestWebsocket) -> Caller:
    """Who asks, known by a token, or by the ticket in the URL. The ticket is taken out, so that nothing
    repeats it.

    Where reading takes a token, it ends when the token does: the handler is told.
    """
    caller = site.gate.caller_of(asked)
    # From here on everybody sees who asks, and not through which proxy.
    asked.scope["client"] = (caller.address, 0)
    rule = "" if asked.url_rule is None else asked.url_rule.rule
    if rule in BY_TICKET:
        text = take_ticket(asked)
        if text and caller.holder is None:
            holder = site.gate.tickets.redeem(text, trio.current_time())
            caller = replace(caller, found=holder or "unknown")
        if caller.holder is not None and not site.settings.public_read:
            limit_to(asked, caller.holder.expires_ns)
    return caller


def take_ticket(asked: BaseRequestWebsocket) -> str:
    """The ticket in the query, which is then gone from there; empty if there is none."""
    parts = asked.query_string.split(b"&")
    tickets = [part for part in parts if part.startswith(b"ticket=")]
    if tickets:
        asked.query_string = b"&".join(part for part in parts if part not in tickets)
    return tickets[0].removeprefix(b"ticket=").decode("ascii", "replace") if tickets else ""


def limit_to(asked: BaseRequestWebsocket, expires_ns: int | None) -> None:
    """Let whoever serves `asked` know until when it may."""
    state: dict[str, Any] = asked.scope.setdefault("state", {})  # type: ignore[typeddict-item]
    state["expires_ns"] = expires_ns
    if isinstance(state.get("transport"), ClientStream):
        state["transport"].expires_ns = expires_ns
