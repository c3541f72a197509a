"""Errors as RFC 9457 problem documents: for every status, on every path, and never with a stack trace."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from quart import Response
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import RequestRedirect, WebsocketMismatch

from actors.runtime.logformats import REQUEST_ID
from web.quietlog import QuietLog


class Problem(Exception):
    """A request that cannot be served. `detail` is for its sender to read; `members` join the document."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def problem_response(problem: Problem) -> Response:
    """The response that tells `problem`."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.members,
        **({"request_id": REQUEST_ID.get()} if REQUEST_ID.get() else {}),
    }
    body = msgspec.json.encode(document)
    return Response(body, problem.status, {**problem.headers, "content-type": "application/problem+json"})


def register(app: QuartTrio) -> None:
    """Make `app` answer every error with a problem document."""
    quiet = QuietLog()

    @app.errorhandler(Problem)
    async def on_problem(problem: Problem) -> Response:
        return problem_response(problem)

    @app.errorhandler(HTTPException)
    async def on_http_error(error: HTTPException) -> Response | HTTPException:
        if isinstance(error, RequestRedirect):
            return error
        return problem_response(translated(error))

    @app.errorhandler(Exception)
    async def on_bug(error: Exception) -> Response:
        quiet.write(logging.ERROR, type(error).__name__, f"web: a request failed: {error!r}", traceback=True)
        return problem_response(Problem(500, "The hub failed to answer; its log says why."))


def translated(error: HTTPException) -> Problem:
    """Werkzeug's exception as a problem."""
    if isinstance(error, WebsocketMismatch):
        detail = "This address is a WebSocket; open it as one (ws:// or wss://)."
        return Problem(426, detail, headers={"upgrade": "websocket", "connection": "upgrade"})
    methods = getattr(error, "valid_methods", None)
    headers = {"allow": ", ".join(sorted(methods))} if methods else {}
    status = error.code if error.code in {item.value for item in HTTPStatus} else 500
    return Problem(status or 500, error.description or HTTPStatus(status or 500).phrase, headers=headers)
