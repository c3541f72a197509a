"""The page as its reader meets it: live, honest about what is old, and usable without a mouse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Hub, Screen, gone, seen

pytestmark = pytest.mark.browser

FEEDS = ["bybit:linear", "bybit:spot", "hyperliquid:linear", "binance:linear", "binance:spot"]
# What Chromium itself says about a hub that is down, or goes down under a socket. Nothing else is allowed.
HUB_IS_DOWN = [
    r"error: WebSocket connection to 'ws://[^']*/ws/realtime/\w+\?mode=changes' failed: .*",
    r"error: Failed to load resource: net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)",
]
INSTRUMENTS = 15  # of each feed
ROWS = "#prices tbody tr"
WHEN_CHANGED = """([feed, before]) =>
    [...document.querySelectorAll(`tr[data-key^="${feed}:"] .c-price .number`)]
    .map((cell) => cell.textContent).join() !== before"""

FIRST_SYMBOL = """() => new Promise((resolve, reject) => {
    const client = new RealtimeClient("bybit", ["BTCUSDT"]).on("data", () => client.disconnect());
    client.on("error", reject).on("data", ([record]) => resolve(record.symbol)).connect();
})"""


def open_page(screen: Screen, hub: Hub, fragment: str = "") -> Page:
    screen.page.goto(f"{hub.url}/realtime-test{fragment}")
    expect(screen.page.locator("#badge-word")).to_have_text("LIVE")
    return screen.page


def prices(page: Page, feed: str) -> str:
    return ",".join(page.locator(f'tr[data-key^="{feed}:"] .c-price .number').all_text_contents())


def expect_only(page: Page, exchange: str, market: str) -> None:
    expect(page.locator(ROWS).first).to_be_visible()
    for name, text in (("exchange", exchange), ("market", market)):
        expect(page.locator(f"{ROWS} .c-{name}", has_not_text=text)).to_have_count(0)


def test_prices_of_every_market_move_within_15_s(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    for feed in FEEDS:
        expect(page.locator(f'#feeds [data-feed="{feed}"] .feed-state')).to_have_text("live")
        expect(page.locator(f'tr[data-key^="{feed}:"] .c-price .number').first).to_have_text(
            re.compile(r"\d")
        )
        before = prices(page, feed)
        page.wait_for_function(WHEN_CHANGED, arg=[feed, before])
    expect(page.locator("#from-hub")).to_have_text(re.compile(r"^[\d.,]+ m?s / [\d.,]+ m?s$"))
    expect(page.locator("#problems")).to_be_hidden()
    assert screen.said == []


def test_everything_that_is_unknown_is_a_dash(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub, "#market=spot")
    expect(page.locator(f"{ROWS} .c-funding").first).to_have_text("–")
    texts = " ".join(page.locator(f"{ROWS}").all_text_contents())
    assert not re.search(r"NaN|undefined|null|Infinity", texts)


def test_the_exchange_and_market_survive_a_reload(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    page.get_by_role("tab", name="Bybit").click()
    page.get_by_label("Spot").check(force=True)
    expect_only(page, "Bybit", "spot")
    assert page.url.endswith("#exchange=bybit&market=spot")
    page.reload()
    expect(page.get_by_role("tab", name="Bybit")).to_have_attribute("aria-selected", "true")
    expect_only(page, "Bybit", "spot")


def test_the_tabs_follow_the_arrow_keys(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    names = page.get_by_role("tab").all_text_contents()
    assert names[0] == "All"
    page.get_by_role("tab", name="All").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name=names[1])).to_be_focused()
    expect(page.locator(f"{ROWS} .c-exchange", has_not_text=names[1])).to_have_count(0)
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name=names[-1])).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="All")).to_be_focused()


def test_the_search_box_is_one_key_away(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("eth")
    expect(page.locator(f"{ROWS} .name", has_not_text="ETH")).to_have_count(0)
    expect(page.locator(ROWS)).to_have_count(len(FEEDS))
    page.keyboard.type("zzz")
    expect(page.locator("#empty-title")).to_have_text("Nothing here matches")
    page.keyboard.press("Escape")
    expect(page.locator(ROWS).nth(len(FEEDS))).to_be_attached()


def test_columns_sort_by_click_and_by_key(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    expect(page.locator(ROWS)).to_have_count(len(FEEDS) * INSTRUMENTS)
    heading = page.locator("thead .c-symbol")
    page.get_by_role("columnheader", name="Symbol").get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    names = page.locator(f"{ROWS} .name")
    in_order = sorted(names.all_text_contents())
    expect(names).to_have_text(in_order)
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(names).to_have_text(in_order[::-1])
    assert page.locator("thead [aria-sort]:not([aria-sort=none])").count() == 1
    page.reload()
    expect(heading).to_have_attribute("aria-sort", "descending")


def test_a_restart_of_the_hub_is_told_and_survived(screen: Screen, hub: Hub) -> None:
    page = open_page(screen, hub)
    with gone(hub):
        expect(page.locator("#badge-word")).to_have_text("NO CONTACT")
        expect(page.locator("#problems")).to_contain_text("No contact with the hub since")
        expect(page.locator(f"{ROWS}:not(.stale)")).to_have_count(0)
        expect(page.locator(f"{ROWS}.stale .chip").first).to_have_text(re.compile(r"^stale \S+ (s|min)$"))
    expect(page.locator("#badge-word")).to_have_text("LIVE")
    expect(page.locator(f"{ROWS}.stale")).to_have_count(0)
    for feed in FEEDS:
        page.wait_for_function(WHEN_CHANGED, arg=[feed, prices(page, feed)])
    strange = [said for said in screen.said if not any(re.fullmatch(known, said) for known in HUB_IS_DOWN)]
    assert strange == []


def test_nothing_overflows(screen: Screen, hub: Hub, tmp_path: Path) -> None:
    page = open_page(screen, hub)
    expect(page.locator(ROWS).first).to_be_visible()
    for width, name in seen(page, 360, 768, 1440, 3840):
        picture = tmp_path / f"page-{name}"
        page.screenshot(path=picture)
        assert picture.stat().st_size > 10_000
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.locator("main").evaluate("(scroller) => { scroller.scrollLeft = 200; }")
        box = page.locator(f"{ROWS} .c-symbol").first.bounding_box()
        assert box is not None
        assert box["x"] == 0, "the first column stays"
    assert screen.said == []


def test_a_lost_feed_is_named_with_its_reason(screen: Screen, fake_hub: Hub) -> None:
    page = open_page(screen, fake_hub)
    fake_hub.post("/fake/feed/bybit/linear?state=disconnected&error=reset+by+peer")
    told = "Bybit linear is disconnected: its newest data is"
    expect(page.locator("#problems")).to_contain_text(told)
    expect(page.locator("#problems")).to_contain_text("Reason: reset by peer. Next attempt in")
    expect(page.locator("#badge-word")).to_have_text("PARTLY LIVE")
    expect(page.locator(f'{ROWS}[data-key^="bybit:linear:"]:not(.stale)')).to_have_count(0)
    expect(page.locator(f'{ROWS}[data-key^="bybit:spot:"].stale')).to_have_count(0)
    fake_hub.post("/fake/feed/bybit/linear?state=live")
    expect(page.locator("#badge-word")).to_have_text("LIVE")
    expect(page.locator(f"{ROWS}.stale")).to_have_count(0)
    expect(page.locator("#log-entries")).to_contain_text("reset by peer")
    assert screen.said == []


def test_a_record_that_is_not_live_says_in_which_way_and_why(screen: Screen, fake_hub: Hub) -> None:
    page = open_page(screen, fake_hub)
    fake_hub.post("/fake/quality/bybit/linear/BTCUSDT?quality=gapped")
    row = page.locator(f'{ROWS}[data-key="bybit:linear:BTCUSDT"]')
    chip = row.locator(".chip")
    expect(chip).to_have_text("gapped")
    expect(chip).to_have_attribute("title", "Something is missing, and is being fetched again.")
    chip.hover()
    expect(chip).to_have_attribute("title", re.compile("ticker: a hole in the sequence$"))
    fake_hub.post("/fake/quality/bybit/linear/BTCUSDT?quality=live")
    expect(chip).to_be_hidden()
    assert screen.said == []


def test_a_hostile_symbol_is_only_text(screen: Screen, fake_hub: Hub) -> None:
    page = open_page(screen, fake_hub)
    fake_hub.post(
        "/fake/list/bybit/spot?symbol=%3Cimg%20src%3Dx%20onerror%3D%22window.harmed%3D1%22%3E%E2%80%AE"
    )
    name = page.locator(".name", has_text="<img")
    expect(name).to_have_text('<img src=x onerror="window.harmed=1">\u202e')
    assert page.locator("tbody img").count() == 0
    assert page.evaluate("window.harmed") is None
    assert screen.said == []


def test_a_clock_that_differs_is_not_made_a_latency(screen: Screen, fake_hub: Hub) -> None:
    screen.page.clock.install(time=1_000_000_000)
    page = open_page(screen, fake_hub)
    expect(page.locator("#from-exchange")).to_have_text("clock differs")
    expect(page.locator("#from-hub")).to_have_text("clock differs")
    expect(page.locator(f"{ROWS} .c-age").first).to_have_text(re.compile(r"^(<1|\d) s$"))


def test_the_client_works_as_a_script_and_as_a_module(screen: Screen, fake_hub: Hub) -> None:
    page = open_page(screen, fake_hub)
    page.add_script_tag(url="/static/js/realtime-client.js")
    assert page.evaluate("typeof window.RealtimeClient") == "function"
    assert page.evaluate(FIRST_SYMBOL) == "BTCUSDT"
    as_module = 'import("/static/js/realtime-client.module.js").then((m) => typeof m.RealtimeClient)'
    assert page.evaluate(as_module) == "function"
    assert page.evaluate(FIRST_SYMBOL) == "BTCUSDT"
    assert screen.said == []
