"""Every parameter of every address, given what would mean something to SQL, Redis, NATS, a shell, a path or a
log."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from msgspec import structs
from quart_trio import QuartTrio

from tests.processes import ROOT
from tests.web.harness import LOCAL, application
from tests.web.populated import OFFERS, populated
from tests.web.streaming import Listener
from tests.web.test_history_embedded import both
from web.api.openapi import document
from web.api.routes import READINGS, ROUTES
from web.stream.options import PARAMS, Channel

HOSTILE = [
    "' OR '1'='1",
    '"; DROP TABLE tick; --',
    "BTCUSDT\r\nSET a b\r\n",
    "a\nweb: a forged line",
    "\0",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "md.>",
    "*",
    "[[[",
    "{{7*7}}${7*7}`id`$(id)",
    "%s%n%(a)s{0}",
    "\u202egnp.exe\U0001f995",
    "\ufeff",
    "A" * 5000,
]
# What is refused, what cannot be answered at the moment, and what was understood as a harmless name.
FAIR = {200, 304, 400, 404, 406, 409, 414, 503, 504}


def addresses() -> Iterator[str]:
    """Each address with one of its parameters to be filled in, as `{}`."""
    usual = {"key": "bybit:linear:BTCUSDT", "exchange": "bybit", "symbol": "BTCUSDT", "market": "FUTURES"}
    for path, operations in document([*ROUTES, *READINGS], ["bybit", "hyperliquid"])["paths"].items():
        if "get" not in operations or path == "/api/v1/stream":
            continue
        for name in re.findall(r"\{(\w+)\}", path):
            yield path.format(**{**usual, name: "{}"})
        for parameter in operations["get"].get("parameters", ()):
            if parameter["in"] == "query":
                yield f"{path.format(**usual)}?{parameter['name']}={{}}"


async def test_no_parameter_reaches_further_than_it_should(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = list(addresses())
    assert len(asked) > 60
    with caplog.at_level(logging.INFO):
        async with both(tmp_path) as (app, _):
            before = contents(tmp_path / "history.db")
            for address in asked:
                for text in HOSTILE:
                    await ask(app, address.format(quote(text, safe="")))
            assert contents(tmp_path / "history.db") == before
    assert not [
        line for line in caplog.records if line.levelno >= logging.WARNING or "\n" in line.getMessage()
    ]


async def ask(app: QuartTrio, address: str) -> None:
    """Ask it: the answer must be a fair one, and sound."""
    response = await app.test_client().get(address, scope_base=LOCAL)
    body = await response.get_data(as_text=False)
    assert response.status_code in FAIR, (address[:200], response.status_code, body[:200])
    if response.status_code >= 400:
        problem = json.loads(body)
        assert response.content_type == "application/problem+json"
        assert len(body) < 4000, address[:200]
        assert not re.search(rf"sqlite|Traceback|{re.escape(str(ROOT))}|File \"", json.dumps(problem))
    for header, value in response.headers:
        assert "\r" not in value and "\n" not in value, (address[:200], header)


def contents(path: Path) -> dict[str, Any]:
    """How many rows every table has."""
    with sqlite3.connect(path) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names}


@pytest.mark.parametrize("channel", PARAMS)
async def test_no_parameter_of_the_stream_breaks_it(channel: Channel) -> None:
    hub = application(populated(), offers=OFFERS).extensions["tickwell"].stream
    for field in structs.fields(PARAMS[channel]):
        for text in HOSTILE:
            for value in (text, [text], {text: text}, {"a": [text]}):
                listener = Listener(hub)
                answer = listener.say("subscribe", **{"channel": channel, field.encode_name: value})
                assert isinstance(answer["success"], bool)
                assert len(json.dumps(answer)) < 8000
                listener.close()
