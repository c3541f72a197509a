"""The example page, on the JavaScript client of the stream: it moves, and it survives a hub that stops."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Hub, Screen, gone, seen

pytestmark = pytest.mark.browser

# What Chromium itself says about a socket whose hub is down. Nothing else is allowed.
HUB_IS_DOWN = re.compile(r"error: WebSocket connection to 'ws://[^']*/ws' failed: .*")
MOVED = "([id, before]) => document.getElementById(id).textContent !== before"
BOTH_SIDES = "() => ['bids', 'asks'].every((id) => document.getElementById(id).rows.length === 10)"


def open_page(screen: Screen, hub: Hub, fragment: str = "") -> Page:
    screen.page.goto(f"{hub.url}/examples/browser.html{fragment}")
    expect(screen.page.locator("#state")).to_have_attribute("data-state", "live")
    return screen.page


def wait_until_it_moves(page: Page) -> None:
    for name in ("markets", "bids", "trades"):
        before = page.locator(f"#{name}").text_content()
        page.wait_for_function(MOVED, arg=[name, before])


def test_markets_book_and_trades_move(screen: Screen, hub: Hub, tmp_path: Path) -> None:
    hub.until_whole()
    page = open_page(screen, hub)
    expect(page.locator("#markets tr")).to_have_count(12)
    page.wait_for_function(BOTH_SIDES)
    expect(page.locator("#trades tr")).to_have_count(20)
    wait_until_it_moves(page)
    expect(page.locator("tr.stale")).to_have_count(0)
    expect(page.locator("#missed")).to_have_text("")
    page.screenshot(path=tmp_path / "example.png")
    assert not re.search(r"NaN|undefined|Infinity|null", page.locator("main").inner_text())
    assert screen.said == []


def test_another_instrument_is_one_click_away_and_survives_a_reload(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    expect(page.locator("#spread")).to_have_text(re.compile(" bps$"))
    key = page.locator('#markets button[aria-pressed="false"]').first.text_content() or ""
    page.get_by_role("button", name=key, exact=True).click()  # rows change places
    expect(page.locator("#spread")).to_have_text(re.compile(f"^{re.escape(key)} "))
    page.reload()
    expect(page.locator("#spread")).to_have_text(re.compile(f"^{re.escape(key)} "))
    assert screen.said == []


def test_a_restart_of_the_hub_is_shown_and_survived(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    page.wait_for_function(BOTH_SIDES)
    with gone(hub, hub.kill):
        expect(page.locator("#state")).to_have_attribute("data-state", "lost")
        for name in ("markets", "bids", "asks"):
            expect(page.locator(f"#{name} tr").first).to_be_visible()
            expect(page.locator(f"#{name} tr:not(.stale)")).to_have_count(0)
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    expect(page.locator("tr.stale")).to_have_count(0)
    wait_until_it_moves(page)
    assert [said for said in screen.said if not HUB_IS_DOWN.fullmatch(said)] == []


def test_nothing_overflows(screen: Screen, hub: Hub, tmp_path: Path) -> None:
    page = open_page(screen, hub)
    expect(page.locator("#trades tr").nth(3)).to_be_visible()
    expect(page.locator("#markets tr")).to_have_count(12)
    for width, picture in seen(page, 360, 1440):
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for section in page.locator("section").all():
            assert section.evaluate("(each) => each.scrollWidth <= each.clientWidth")
        page.screenshot(path=tmp_path / f"example-{picture}")
    assert screen.said == []
