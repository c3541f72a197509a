"""`POST /api/v1/tickets`: a ticket for a socket, given to whoever has a token, or sits at this machine."""

from __future__ import annotations

import msgspec
import trio
from msgspec import Struct
from quart import Response, request
from quart_trio import QuartTrio

from web.guard.keyring import Holder
from web.guard.tickets import TICKET_S
from web.site import Site

PATH = "/api/v1/tickets"
HERE = Holder("this machine", frozenset({"read"}))


class Ticket(Struct, frozen=True):
    """A ticket, good once, as `?ticket=` of a WebSocket or an event stream, for so many seconds."""

    ticket: str
    expires_in_s: int


def register(app: QuartTrio, site: Site) -> None:
    """Add the route to `app`."""

    @app.post(PATH)
    async def tickets() -> Response:
        caller = site.gate.caller_of(request)
        if caller.holder is None:
            site.gate.check_origin(request.headers)
        site.gate.check_ticket(caller)
        text = site.gate.tickets.issue(caller.holder or HERE, trio.current_time())
        body = msgspec.json.encode(Ticket(text, int(TICKET_S)))
        return Response(body, 201, {"content-type": "application/json", "cache-control": "no-store"})
