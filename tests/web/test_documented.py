"""`docs/api.md` and the interface say the same: examples answer, codes and states are those of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args
from urllib.parse import quote_plus

import msgspec
import pytest
from msgspec import structs

from actors.market.events import State
from tests.web.fake_history import remembering
from tests.web.harness import application
from tests.web.populated import OFFERS, populated
from web.api.instruments import InstrumentsMeta
from web.api.liquidations import LiquidationsMeta
from web.api.resource import Meta
from web.api.tickers import TickerMore

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ADDRESS = re.compile(
    r"'http://127\.0\.0\.1:8765(/api/[^']*)'(?: --data-urlencode 'filter=([^']*)' -d (\S+))?"
)
WRITTEN = re.compile(r"^`(/api/v1/[^`]*\?[^`]*)`", re.MULTILINE)


def examples() -> list[str]:
    """Every address of REST v1 that a reader could paste."""
    pasted = [
        f"{path}?filter={quote_plus(condition)}&{rest}" if condition else path
        for path, condition, rest in ADDRESS.findall(API)
    ]
    written = [path.replace("{key}", "bybit:linear:BTCUSDT") for path in WRITTEN.findall(API)]
    return sorted({*pasted, *written})


@pytest.mark.parametrize("path", examples())
async def test_an_example_answers(path: str) -> None:
    app = application(populated(), offers=OFFERS, history=remembering())
    response = await app.test_client().get(path)
    assert response.status_code == 200, await response.get_data(as_text=True)


def test_there_are_examples() -> None:
    assert len(examples()) > 8


def codes() -> set[str]:
    """Every code that the web gives a problem, and nothing that an error on a socket has."""
    found = set()
    for path in (ROOT / "web").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                found.add(node.value.value)
    return {code for code in found if isinstance(code, str)}


def test_every_code_is_documented() -> None:
    section = API.split("## Errors over HTTP")[1].split("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))
    assert codes() <= documented


def test_every_state_is_documented() -> None:
    section = API.split("### Quality\n")[1].split("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(get_args(State))


def test_every_field_of_meta_is_documented() -> None:
    section = API.split("### What all answers share")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    fields = {
        field.name for kind in (Meta, InstrumentsMeta, LiquidationsMeta) for field in structs.fields(kind)
    }
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == fields


def test_every_field_that_follows_is_documented() -> None:
    section = API.split("### Instruments, tickers, funding")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert named == list(TickerMore.__struct_fields__)


async def test_what_is_documented_of_a_ticker_is_what_comes() -> None:
    response = await application(populated()).test_client().get("/api/v1/tickers/bybit:linear:BTCUSDT")
    body = msgspec.json.decode(await response.get_data(as_text=False))
    assert list(body["data"])[-len(TickerMore.__struct_fields__) :] == list(TickerMore.__struct_fields__)
