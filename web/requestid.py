"""Request ids: each request has one, which its answer, its problem document and its log lines carry.

A client, or the proxy before it, may give its own in `X-Request-Id`; what could forge a line of a log is
replaced by one of ours.
"""

from __future__ import annotations

import re
import secrets

from quart import Response, request, websocket
from quart.wrappers.base import BaseRequestWebsocket
from quart_trio import QuartTrio

from actors.runtime.logformats import REQUEST_ID

HEADER = "X-Request-Id"
_GOOD = re.compile(r"[A-Za-z0-9._:/+=~-]{1,128}")


def register(app: QuartTrio) -> None:
    """Know every request by its id, before anything else is done with it."""

    @app.before_request
    async def note_request() -> None:
        _note(request)

    @app.before_websocket
    async def note_websocket() -> None:
        _note(websocket)

    @app.after_request
    async def tell(response: Response) -> Response:
        response.headers[HEADER] = REQUEST_ID.get()
        return response

    @app.after_websocket  # type: ignore[type-var]
    async def tell_refused(response: Response | None) -> Response | None:
        if response is not None:
            response.headers[HEADER] = REQUEST_ID.get()
        return response


def _note(asked: BaseRequestWebsocket) -> None:
    given = asked.headers.get(HEADER, "")
    REQUEST_ID.set(given if _GOOD.fullmatch(given) else secrets.token_hex(8))
