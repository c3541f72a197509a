"""`/quality`: the grid of states, its instruments, gaps, sinks and clients, as they are now."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Screen
from .staged_hub import StagedHub

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.harmed=1">\u202e' + "X" * 200


def open_page(screen: Screen, hub: StagedHub, query: str = "") -> Page:
    screen.page.goto(f"{hub.url}/quality{query}")
    expect(screen.page.locator(".grid tbody tr")).to_have_count(2)
    return screen.page


def cell(page: Page, market: str, channel: str) -> str:
    """Where a cell of the grid is."""
    headings = page.locator(".grid thead th").all_inner_texts()
    row = page.locator(".grid tbody tr").all_inner_texts()
    line = next(i for i, text in enumerate(row, 1) if market in text)
    return f".grid tbody tr:nth-child({line}) > :nth-child({headings.index(channel) + 1}) .cell"


def test_everything_that_is_followed_has_a_cell(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_page(screen, staged_hub)
    for market, count in (("linear", 3), ("spot", 2)):
        expect(page.locator(cell(page, market, "trades"))).to_have_text(f"L{count} live")
    expect(page.locator(cell(page, "linear", "book"))).to_have_attribute("data-state", "idle")
    expect(page.locator('[data-sink="history"]')).to_contain_text("ok")
    expect(page.locator("[data-client]", has_text="this page")).to_contain_text("127.0.0.1")
    expect(page.locator("svg.histogram").first).to_have_attribute(
        "aria-label", re.compile(r"up to [\d.]+ m?s: [\d.]+ %")
    )
    expect(page.locator(".page")).not_to_contain_text(re.compile(r"\bNaN\b|undefined|\bnull\b|Infinity"))
    assert screen.said == []


def test_a_cell_opens_its_instruments_and_the_address_keeps_that(
    screen: Screen, staged_hub: StagedHub
) -> None:
    page = open_page(screen, staged_hub)
    trades = page.locator(cell(page, "linear", "trades"))
    trades.focus()
    page.keyboard.press("Enter")
    rows = page.locator("#drill-down tbody tr[data-key]")
    expect(rows).to_have_count(3)
    assert page.url.endswith("/quality?at=bybit%3Alinear%3Atrades")
    page.get_by_role("searchbox", name="Search symbols").fill("eth")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("ETHUSDT")
    expect(rows.get_by_role("link")).to_have_attribute("href", "/terminal/bybit:linear:ETHUSDT")
    page.get_by_role("searchbox", name="Search symbols").fill("nothing like that")
    expect(page.locator("#drill-down tbody")).to_have_text(
        "Nothing here matches: clear the search, or choose all states."
    )
    page.locator("main").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#drill-down")).to_have_count(0)
    assert page.url.endswith("/quality")
    assert screen.said == []


def test_what_is_lost_is_seen_with_its_gap(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_page(screen, staged_hub, "?at=bybit:linear:ticker&window=5m")
    ticker = page.locator(cell(page, "linear", "ticker"))
    expect(ticker).to_have_text("L3 live")
    for kind in ("refuse", "drop"):  # it is gone, and does not come back
        staged_hub.fail(kind=kind, venue="bybit", market="linear")
    try:
        expect(ticker).not_to_have_attribute("data-state", "live")
        first = page.locator("#drill-down tbody tr").first
        expect(first).not_to_have_attribute("data-state", "live")
        expect(first.locator(".why")).not_to_be_empty()
        expect(
            page.locator(".lane", has_text="Bybit linear ticker").locator('.fate[data-fate="open"]').first
        ).to_be_visible()
    finally:
        staged_hub.heal()
    expect(ticker).to_have_text("L3 live")
    expect(page.locator('.line .fate[data-fate="open"]')).to_have_count(0)
    assert screen.said == []


def test_a_hostile_symbol_is_only_text(screen: Screen, staged_hub: StagedHub) -> None:
    told = {
        "key": f"bybit:linear:{HOSTILE}", "exchange": "bybit", "market": "linear", "symbol": HOSTILE,
        "channel": "trades", "quality": "stale", "since": 0, "reason": "<b>why</b>", "last_ts": None,
        "age_ms": None, "threshold_ms": None, "messages": 0, "gaps": 0, "resyncs": 0, "duplicates": 0,
        "out_of_order": 0,
    }  # fmt: skip
    body = json.dumps({"data": [told], "meta": {"as_of": 1, "count": 1}})
    screen.page.route(
        "**/api/v1/quality/bybit?*", lambda route: route.fulfill(body=body, content_type="application/json")
    )
    screen.page.set_viewport_size({"width": 360, "height": 740})
    page = open_page(screen, staged_hub, "?at=bybit:linear:trades")
    expect(page.locator("#drill-down .name")).to_have_text(HOSTILE)
    assert page.locator("tbody img").count() == 0
    assert page.evaluate("window.harmed") is None
    assert page.evaluate("document.querySelector('main').scrollWidth") == 360
    assert screen.said == []


def test_who_may_not_know_the_clients_is_told_so_and_asks_once(screen: Screen, staged_hub: StagedHub) -> None:
    asked: list[str] = []
    refusal = json.dumps({"title": "Unauthorized", "status": 401, "detail": "It needs a token."})

    def refuse(route: object) -> None:
        asked.append("again")
        route.fulfill(status=401, body=refusal, content_type="application/problem+json")  # type: ignore[attr-defined]

    screen.page.route("**/api/v1/clients?*", refuse)
    screen.page.clock.install()
    page = open_page(screen, staged_hub)
    expect(page.locator("section", has=page.get_by_role("heading", name="Clients"))).to_contain_text(
        "on its own machine only: It needs a token."
    )
    page.clock.fast_forward(30_000)
    page.wait_for_timeout(200)  # for what should not come
    assert len(asked) == 1
    assert [said for said in screen.said if "401" not in said] == []
