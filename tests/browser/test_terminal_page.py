"""The terminal of an instrument: it moves, goes back in time without a jump, and shows what is old as old."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Hub, Screen, gone

pytestmark = pytest.mark.browser

KEY = "bybit:linear:BTCUSDT"
# What Chromium itself says about a hub that is down. Nothing else is allowed.
HUB_IS_DOWN = re.compile(
    r"error: (WebSocket connection to 'ws://[^']*/ws' failed: .*|Failed to load resource: net::ERR_\w+)"
)
NOT_THERE = re.compile(r"error: Failed to load resource: the server responded with a status of 404 .*")
MOVED = "(all) => all.every(([place, before]) => document.querySelector(place).textContent !== before)"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
OPEN_HIGH_LOW = ".legend span:nth-child(-n+3)"


def open_terminal(screen: Screen, hub: Hub, rest: str = KEY) -> Page:
    page = screen.page
    page.goto(f"{hub.url}/terminal/{rest}")
    expect(page.locator(".ladder .bid td").first).to_have_text(re.compile(r"\d"))
    expect(page.locator(".legend")).to_have_text(re.compile(r"C \d"))
    return page


def wait_until_it_moves(page: Page) -> None:
    places = [".last-price", ".ladder tbody.bids", ".tape tbody", ".legend", ".curve .end"]
    page.wait_for_function(MOVED, arg=[[place, page.locator(place).text_content()] for place in places])


def test_everything_moves(screen: Screen, hub: Hub, tmp_path: Path) -> None:
    page = open_terminal(screen, hub)
    expect(page.locator(".elsewhere tbody tr")).to_have_count(5)
    expect(page.locator(".elsewhere tr.own")).to_contain_text("here")
    for side in ("bid", "ask"):
        expect(page.locator(f".ladder tr.{side} .level-price").last).to_have_text(re.compile(r"^[\d,]+\.\d$"))
    wait_until_it_moves(page)
    expect(page.locator(".pane .dot:not([data-state=live])")).to_have_count(0)
    expect(page.locator(".terminal .stale")).to_have_count(0)
    assert re.fullmatch(r"[\d,]+\.\d BTC-USDT bybit linear", page.title())
    assert not re.search(r"NaN|undefined|Infinity|null", page.locator("main").inner_text())
    expect(page.locator('.attribution a[href="https://www.tradingview.com/"]')).to_be_visible()
    notices = page.request.get(f"{hub.url}{page.locator('.attribution a').last.get_attribute('href')}")
    assert notices.ok and "Apache License" in notices.text() and "TradingView, Inc." in notices.text()
    page.screenshot(path=tmp_path / "terminal.png")
    assert screen.said == []


def test_what_has_not_traded_since_the_start_has_the_bars_of_history(screen: Screen, posed_hub: Hub) -> None:
    page = screen.page
    page.goto(f"{posed_hub.url}/terminal/{KEY}")
    expect(page.locator(".legend")).to_have_text(re.compile(r"C \d"))
    expect(page.locator(".candles .empty")).to_have_count(0)
    assert screen.said == []


def test_the_keyboard_does_it_all_and_the_address_keeps_it(screen: Screen, hub: Hub) -> None:
    page = open_terminal(screen, hub)
    page.keyboard.press("3")
    expect(page.get_by_role("button", name="5m", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Width of a level")).to_have_value("0.5")
    page.get_by_label("Least value of a trade").fill("1k")
    expect(page).to_have_url(f"{hub.url}/terminal/{KEY}?interval=5m&group=0.5&min=1k")
    page.reload()
    expect(page.get_by_label("Width of a level")).to_have_value("0.5")
    prices = page.locator(".ladder tr:is(.bid, .ask) .level-price")
    expect(prices.first).to_have_text(re.compile(r"\.[05]$"))
    expect(page.locator(".tape tbody tr").first).to_be_visible()
    assert all(
        re.search(r"K|M", value) for value in page.locator(".tape tbody td:last-child").all_text_contents()
    )
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("hyper eth")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{hub.url}/terminal/hyperliquid:linear:ETH?interval=5m&min=1k")
    expect(page.locator("h1")).to_contain_text("ETH-USDC")
    expect(page.locator(".chart .note")).to_have_text("no liquidations told")
    assert screen.said == []


def test_earlier_bars_come_without_a_jump(screen: Screen, hub: Hub) -> None:
    """What is under the pointer stays there while a thousand bars are put before it."""
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    screen.page.route("**/api/v1/bars/*/history?*", hold)
    page = open_terminal(screen, hub, f"{KEY}?interval=15m")
    newest = page.locator(OPEN_HIGH_LOW).all_text_contents()
    box = page.locator(".candles").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 200, box["y"] + box["height"] / 2)  # some bars before the last
    expect(page.locator(OPEN_HIGH_LOW).first).not_to_have_text(newest[0])
    before = page.locator(OPEN_HIGH_LOW).all_text_contents()
    while not asked:
        page.wait_for_timeout(50)
    first = int(re.findall(r"to=(\d+)", asked[0].request.url)[0])
    asked[0].fulfill(json=past(first))
    for route in asked[1:]:
        route.abort()
    page.unroute_all()
    page.wait_for_timeout(700)
    assert page.locator(OPEN_HIGH_LOW).all_text_contents() == before
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    expect(page.locator(".legend")).to_contain_text("O 77,777.0")
    expect(page.locator(".legend .problem")).to_have_text("trades may be missing: for the test")


def past(before: int) -> dict[str, Any]:
    """A thousand bars of 15 minutes, all of them with a gap in it."""
    step = 15 * 60_000
    bar = {
        "interval": "15m",
        "open": 77_777.0,
        "high": 77_778.0,
        "low": 77_776.0,
        "close": 77_777.0,
        "volume": 1.0,
    }
    more = {
        "turnover": None,
        "trades": 1,
        "taker_buy_volume": None,
        "vwap": None,
        "closed": True,
        "revision": 0,
    }
    gap = {
        "channel": "trades",
        "from": before - 1000 * step,
        "to": before,
        "cause": "test",
        "reason": "for the test",
    }
    return {
        "data": [
            {"start": before - place * step, **bar, **more, "gap": True, "source": "trades"}
            for place in range(1, 1001)
        ],
        "meta": {"as_of": before, "has_more": True, "gaps": [{**gap, "missed": None, "recovered": 0}]},
    }


def test_a_key_that_means_nothing_says_so_with_the_nearest(screen: Screen, hub: Hub) -> None:
    page = screen.page
    page.goto(f"{hub.url}/terminal/bybit:linear:BTCUST")
    expect(page.locator("h1")).to_have_text("There is no such instrument")
    page.locator(".nearest a").first.click()
    expect(page).to_have_url(f"{hub.url}/terminal/{KEY}")
    expect(page.locator("h1")).to_contain_text("BTC-USDT")
    hostile = "bybit:linear:<img src=x onerror=document.title='owned'>"
    page.goto(f"{hub.url}/terminal/{quote(hostile)}")
    expect(page.locator(".nothing > .empty")).to_contain_text("<img src=x")
    assert page.locator("main img").count() == 0
    assert page.title() != "owned"
    assert [said for said in screen.said if not NOT_THERE.fullmatch(said)] == []


def test_a_narrow_screen_shows_one_pane_at_a_time(screen: Screen, hub: Hub, tmp_path: Path) -> None:
    screen.page.set_viewport_size({"width": 360, "height": 740})
    screen.page.emulate_media(color_scheme="light")
    page = open_terminal(screen, hub, f"{KEY}?pane=book")
    for name in ("Book", "Trades", "Depth", "Others", "Chart"):
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        expect(page.locator(".place:visible")).to_have_count(1)
        assert page.evaluate(SIDEWAYS) <= 0, name
        page.screenshot(path=tmp_path / f"{name}.png")
        page.get_by_role("tab", name=name).press("ArrowRight")
    assert screen.said == []


def test_a_hub_that_is_gone_leaves_nothing_that_looks_current(screen: Screen, hub: Hub) -> None:
    page = open_terminal(screen, hub)
    bars = page.locator(".legend").text_content()
    with gone(hub):
        expect(page.locator(".pane .dot[data-state=lost]").first).to_be_visible()
        for place in (".stats", ".ladder table", ".tape table", ".legend", ".curve .end"):
            expect(page.locator(place)).to_have_class(re.compile(r"\bstale\b"))
        expect(page.locator(".elsewhere tbody tr:not(.stale)")).to_have_count(0)
        assert page.title().startswith("–")
        assert bars and page.locator(".legend").text_content() != ""
    expect(page.locator(".pane .dot:not([data-state=live])")).to_have_count(0)
    expect(page.locator(".terminal .stale")).to_have_count(0)
    wait_until_it_moves(page)
    assert [
        said for said in screen.said if not HUB_IS_DOWN.fullmatch(said) and "not_recovered" not in said
    ] == []
