"""Request ids: given or made, told in every answer, and in what is logged meanwhile."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from actors.runtime.logformats import REQUEST_ID
from tests.web.harness import LOCAL, REMOTE, application

FORGED = ["", "a b", "x" * 129, "evil\tid", "é", "{}", '"quoted"']


async def answer(path: str = "/livez", **headers: str) -> Any:
    client = application().test_client()
    return await client.get(path, scope_base=LOCAL, headers={**headers, "host": "127.0.0.1"})


async def test_an_id_that_was_given_comes_back() -> None:
    response = await answer(**{"X-Request-Id": "edge-7f:1/2"})
    assert response.headers["X-Request-Id"] == "edge-7f:1/2"


@pytest.mark.parametrize("given", FORGED)
async def test_one_that_could_forge_a_line_is_replaced(given: str) -> None:
    response = await answer(**{"X-Request-Id": given})
    assert re.fullmatch("[0-9a-f]{16}", response.headers["X-Request-Id"])


async def test_every_request_has_one_of_its_own() -> None:
    client = application().test_client()
    seen = {(await client.get("/livez")).headers["X-Request-Id"] for _ in range(20)}
    assert len(seen) == 20


@pytest.mark.parametrize("path", ["/no/such", "/api/v1/tickers?limit=x", "/ws"])
async def test_a_problem_document_names_it(path: str) -> None:
    response = await answer(path, **{"X-Request-Id": "abc"})
    document = await response.get_json(force=True)
    assert response.status_code >= 400
    assert document["request_id"] == response.headers["X-Request-Id"] == "abc"


async def test_a_refusal_is_logged_under_it() -> None:
    seen: list[str] = []
    logger = logging.getLogger("tickwell.web")
    watcher = logging.Handler()
    watcher.emit = lambda record: seen.append(REQUEST_ID.get())  # type: ignore[method-assign]
    logger.addHandler(watcher)
    try:
        client = application(host="0.0.0.0", public_read=False).test_client()
        headers = {"X-Request-Id": "who-asks", "host": "192.0.2.9"}
        response = await client.get("/api/v1/tickers", scope_base=REMOTE, headers=headers)
    finally:
        logger.removeHandler(watcher)
    assert response.status_code == 401
    assert response.headers["X-Request-Id"] == "who-asks"
    assert seen == ["who-asks"]
    assert REQUEST_ID.get() == ""
