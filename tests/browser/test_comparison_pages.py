"""Spreads, funding and liquidations: what is told across exchanges, what of it counts, views in addresses."""

from __future__ import annotations

import json
import re
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.patience import PATIENCE_S

from .conftest import Hub, Screen

pytestmark = pytest.mark.browser

COINS = 15
ROW = ".list-body .list-row:not([hidden])"
MOVED = "([place, before]) => document.querySelector(place).innerText !== before"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
NONSENSE = re.compile(r"NaN|undefined|Infinity|null|\[object")


def open_page(shared: Screen, hub: Hub, rest: str) -> Page:
    shared.said.clear()
    shared.page.set_viewport_size({"width": 1440, "height": 900})
    shared.page.goto(hub.url + rest)
    return shared.page


def expect_rows(page: Page, count: int) -> None:
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(count + 1))


def row_of(page: Page, name: str) -> Locator:
    return page.locator(ROW).filter(has=page.get_by_role("rowheader", name=re.compile(f"^{name}")))


def told(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def switch(hub: Hub, verb: str) -> None:
    """Stop or start reading Bybit."""
    request = urllib.request.Request(
        f"{hub.url}/ws/realtime/{verb}",
        data=json.dumps({"exchange": "bybit"}).encode(),
        headers={"content-type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=PATIENCE_S).close()


def assert_sound(shared: Screen) -> None:
    """Nothing that is no word, nothing said on the console, and nothing beyond a narrow screen."""
    page = shared.page
    assert not NONSENSE.search(page.locator("main").inner_text())
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate(SIDEWAYS) <= 0
    assert shared.said == []


def test_spreads_move_and_are_sorted_found_and_kept_in_the_address(shared: Screen, hub: Hub) -> None:
    page = open_page(shared, hub, "/spreads?fee=0")
    expect_rows(page, COINS)
    page.wait_for_function(MOVED, arg=[".list-body", page.locator(".list-body").inner_text()])
    expect(row_of(page, "BTC")).to_contain_text("5/5")
    page.get_by_role("columnheader", name=re.compile("Coin")).get_by_role("button").click()
    expect(page.locator('[aria-rowindex="2"]')).to_contain_text("ADA")
    page.keyboard.press("/")
    page.keyboard.type("btc")
    expect_rows(page, 1)
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    legs = page.get_by_role("region", name="Legs")
    expect(legs.locator("tbody tr")).to_have_count(5)
    expect(legs.locator("td.best")).to_have_count(2)
    page.wait_for_url(re.compile("open=BTC-USD"))
    assert told(page) == {"fee": "0", "sort": "asset", "q": "btc", "open": "BTC-USD"}
    page.reload()
    expect_rows(page, 1)
    expect(legs.locator("tbody tr")).to_have_count(5)
    page.keyboard.press("Escape")
    expect_rows(page, COINS)
    page.keyboard.press("Escape")
    expect(legs).to_have_count(0)
    assert_sound(shared)


def test_a_fee_on_both_trades_is_taken_off_and_a_wrong_one_is_marked(shared: Screen, hub: Hub) -> None:
    page = open_page(shared, hub, "/spreads?fee=400&sort=asset")
    expect_rows(page, COINS)
    after_fees = page.locator('[aria-rowindex="2"] .heat')
    expect(after_fees).to_have_text(re.compile("^−7[67][0-9]"))
    assert after_fees.get_attribute("data-heat") == "0"
    fee = page.get_by_role("textbox", name=re.compile("Fee"))
    fee.fill("much")
    fee.press("Enter")
    expect(fee).to_have_attribute("aria-invalid", "true")
    assert_sound(shared)


def test_the_heat_map_has_a_column_for_each_pair_of_exchanges(shared: Screen, hub: Hub) -> None:
    page = open_page(shared, hub, "/spreads?view=heat&fee=0&compare=linear")
    expect_rows(page, COINS)
    expect(page.get_by_role("columnheader", name=re.compile("The better way round"))).to_have_count(3)
    expect(row_of(page, "BTC").locator(".heat").first).to_have_text(re.compile(r"[→←]\s*[+−]?\d"))
    expect(row_of(page, "BTC").locator(".heat").first).to_have_attribute(
        "title", re.compile("^Buy .*linear.* sell .*linear")
    )
    assert_sound(shared)


def test_funding_is_compared_in_any_unit_and_one_asset_shows_its_past(shared: Screen, hub: Hub) -> None:
    page = open_page(shared, hub, "/funding?sort=asset")
    expect_rows(page, COINS)
    rates = row_of(page, "BTC").locator(".heat")
    expect(rates).to_have_count(3)
    expect(rates.first).to_have_text(re.compile(r"[+−]?\d\.\d{4} %\s*8 h"))
    page.keyboard.press("u")
    expect(rates.first).to_have_text(re.compile(r"[+−]?\d+\.\d{2} %"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    details = page.get_by_role("region", name="Funding of ADA")
    expect(details.locator("tbody tr")).to_have_count(3)
    expect(details.locator(".funding-plot path.line-2")).to_have_attribute("d", re.compile("^M.*H"))
    page.wait_for_url(re.compile("open=ADA"))
    page.reload()
    expect(details.locator("tbody tr")).to_have_count(3)
    assert told(page) == {"sort": "asset", "unit": "apr", "open": "ADA"}
    assert_sound(shared)


def test_liquidations_come_are_added_up_and_stand_still_on_demand(shared: Screen, hub: Hub) -> None:
    page = open_page(shared, hub, "/liquidations")
    expect(page.locator(ROW).first).to_be_visible()
    total = page.get_by_role("region", name="Total of 1 h")
    expect(total.locator("strong").filter(has_text=re.compile("[1-9]")).first).to_be_visible()
    expect(
        page.locator(".liquidations-histogram rect.long, .liquidations-histogram rect.short")
    ).not_to_have_count(0)
    sources = page.get_by_role("region", name="By market").locator("tbody tr")
    expect(sources.filter(has_text="binance")).to_contain_text("sampled")
    expect(sources.filter(has_text="hyperliquid")).to_contain_text("tells none")
    page.keyboard.press(" ")
    expect(page.get_by_role("region", name="Feed").get_by_role("status")).to_contain_text("still")
    page.keyboard.press("Escape")
    value = page.get_by_role("textbox", name=re.compile("Value"))
    value.fill("900m")
    value.press("Enter")
    expect(page.get_by_text(re.compile("None of the newest .* fits"))).to_be_visible()
    expect(total.locator("strong").first).to_have_text("0")
    page.wait_for_url(re.compile("value=900m"))
    assert_sound(shared)


def test_what_is_not_current_counts_nowhere_and_says_why(shared: Screen, hub: Hub) -> None:
    switch(hub, "stop")
    try:
        page = open_page(shared, hub, "/spreads?open=BTC-USD")
        expect(row_of(page, "BTC")).to_contain_text("3/5")
        left_out = page.get_by_role("region", name="Legs").locator("tbody tr.stale")
        expect(left_out).to_have_count(2)
        expect(left_out.first).to_contain_text("left out: stale")
        page = open_page(shared, hub, "/funding?open=BTC")
        expect(row_of(page, "BTC").locator(".heat.stale")).to_have_count(1)
        expect(page.get_by_role("region", name="Perpetuals").locator("tr.stale")).to_contain_text("bybit")
        assert_sound(shared)
    finally:
        switch(hub, "start")
        hub.until_whole()
