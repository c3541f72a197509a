"""The API's page: it describes what is there, and what it offers to try works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Hub, Screen, scripted, seen

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def still_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The real web over a picture that stands still."""
    with scripted("still_hub", tmp_path_factory) as hub:
        yield hub


def open_page(screen: Screen, hub: Hub, fragment: str = "") -> Page:
    screen.page.goto(f"{hub.url}/docs{fragment}")
    expect(screen.page.locator(".operation").first).to_be_visible()
    return screen.page


def test_every_address_is_described(screen: Screen, still_hub: Hub) -> None:
    page = open_page(screen, still_hub)
    described = screen.page.request.get(f"{still_hub.url}/openapi.json").json()
    count = sum(len(methods) for methods in described["paths"].values())
    expect(page.locator(".operation")).to_have_count(count)
    expect(page.locator("#contents a")).to_have_count(count)
    expect(page.locator(".shape")).to_have_count(len(described["components"]["schemas"]))
    expect(page.locator("#trades .parameters")).to_contain_text("1 to 10000, default 100")
    assert screen.said == []


def test_trying_an_address_shows_its_answer(screen: Screen, still_hub: Hub) -> None:
    page = open_page(screen, still_hub)
    trades = page.locator("#trades")
    expect(trades.locator(".address")).to_have_attribute("href", "/api/v1/trades/bybit:linear:BTCUSDT")
    trades.get_by_label("limit").fill("1")
    expect(trades.locator(".address")).to_have_attribute(
        "href", "/api/v1/trades/bybit:linear:BTCUSDT?limit=1"
    )
    trades.get_by_role("button", name="Try it").click()
    expect(trades.locator(".outcome")).to_have_text(re.compile(r"^200 .* ms · .* characters"))
    expect(trades.locator("pre")).to_contain_text('"trade_id": "2"')
    assert screen.said == []


def test_an_error_is_shown_as_one(screen: Screen, still_hub: Hub) -> None:
    page = open_page(screen, still_hub)
    screener = page.locator("#screener")
    screener.get_by_label("filter").fill("prise>1")
    screener.get_by_label("filter").press("Enter")
    expect(screener.locator(".outcome")).to_have_attribute("data-good", "false")
    expect(screener.locator("pre")).to_contain_text('"parameter": "filter"')
    assert [said for said in screen.said if "400" not in said] == []


def test_a_shape_is_one_click_away(screen: Screen, still_hub: Hub) -> None:
    page = open_page(screen, still_hub)
    page.locator("#book summary").click()
    page.locator("#book .answers a", has_text="BookOut").click()
    expect(page.locator("#shape-BookOut table")).to_be_visible()
    expect(page.locator("#shape-BookOut")).to_contain_text("imbalance")


def test_nothing_overflows(screen: Screen, still_hub: Hub, tmp_path: Path) -> None:
    page = open_page(screen, still_hub)
    page.locator("#tickers").get_by_role("button", name="Try it").click()
    expect(page.locator("#tickers pre")).to_be_visible()
    for summary in page.locator("summary").all():
        summary.evaluate("(each) => { each.parentElement.open = true; }")
    for width, picture in seen(page, 360, 1280):
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.screenshot(path=tmp_path / f"docs-{picture}")
    assert screen.said == []
