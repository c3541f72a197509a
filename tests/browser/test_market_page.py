"""The market table: it moves, finds, sorts and keeps its view in the address; what is old looks old."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from .conftest import Hub, Screen, gone

pytestmark = pytest.mark.browser

ROW = ".list-body .list-row:not([hidden])"
BYBIT = 30  # so many of the demo's instruments are Bybit's, which tells all of them at once
# What Chromium itself says about a hub that is down. Nothing else is allowed.
HUB_IS_DOWN = re.compile(
    r"error: (WebSocket connection to 'ws://[^']*/ws' failed: .*|Failed to load resource: net::ERR_\w+)"
)
HOSTILE = '<img src=x onerror="window.harmed=1">\u202e' + "W" * 200
MOVED = "([place, before]) => document.querySelector(place).innerText !== before"
FLASHED = """() => new Promise((seen) => {
  const observer = new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.dataset.flash)) { observer.disconnect(); seen(true); }
  });
  observer.observe(document.querySelector('.list-body'), { attributes: true, attributeFilter: ['data-flash'],
    subtree: true });
})"""
# It says so for a moment only.
COPIED = """() => {
  window.copied = false;
  new MutationObserver(() => { window.copied ||= document.body.innerText.includes('Copied'); })
    .observe(document.querySelector('.toolbar'), { characterData: true, childList: true, subtree: true });
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT_OFF = """() => [...document.querySelectorAll('.list-row:not([hidden]) .list-cell:is(.end, .list-head *)')]
  .filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.innerText)"""
CELLS = """(lines, n) => lines.map((line) => [Number(line.getAttribute('aria-rowindex')), line])
  .sort(([a], [b]) => a - b).map(([_, line]) => line.children[n - 1].innerText)"""


def open_market(screen: Screen, hub: Hub, rest: str = "?exchange=bybit", rows: int = BYBIT) -> Page:
    screen.page.goto(f"{hub.url}/market{rest}")
    expect_rows(screen.page, rows)
    return screen.page


def expect_rows(page: Page, count: int) -> None:
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(count + 1))


def cells(page: Page, column: int) -> list[str]:
    """What stands in a column (from 1), in the order of the rows."""
    texts: list[str] = page.locator(ROW).evaluate_all(CELLS, column)
    return texts


def symbols(page: Page) -> list[str]:
    return [text.split("\n")[1] for text in cells(page, 1)]


def told(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def selected(page: Page) -> Locator:
    return page.locator('[role="row"][aria-selected="true"]')


def test_prices_move_and_only_rows_that_are_seen_have_elements(
    screen: Screen, hub: Hub, tmp_path: Path
) -> None:
    page = open_market(screen, hub)
    page.wait_for_function(MOVED, arg=[".list-body", page.locator(".list-body").inner_text()])
    assert page.evaluate(FLASHED)
    expect(page.locator(f"{ROW} .arrow:is(.up, .down)").first).to_have_text(re.compile("[↗↘]"))
    expect(page.locator(f"{ROW}:not(.stale)").first).to_be_visible()
    page.screenshot(path=tmp_path / "market.png")
    assert page.evaluate(CUT_OFF) == []
    page.set_viewport_size({"width": 1440, "height": 350})
    page.reload()
    expect_rows(page, BYBIT)
    assert page.locator(".list-body .list-row").count() < BYBIT
    page.locator(".list").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    expect(page.locator(f'[aria-rowindex="{BYBIT + 1}"]')).to_be_in_viewport()
    assert page.locator(".list-body .list-row").count() < BYBIT
    expect(page.get_by_role("columnheader", name="Symbol")).to_be_in_viewport()
    assert not re.search(r"NaN|undefined|Infinity|null", page.locator("main").inner_text())
    assert screen.said == []


def test_the_address_keeps_search_filters_sort_and_columns(screen: Screen, hub: Hub) -> None:
    page = open_market(screen, hub)
    page.get_by_role("button", name="bybit", exact=True).click()
    page.keyboard.press("/")
    page.keyboard.type("perp eth")
    expect_rows(page, 3)
    assert all(symbol.startswith("ETH") for symbol in symbols(page))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="binance", exact=True).click()
    page.get_by_role("button", name="bybit", exact=True).click()
    page.get_by_role("columnheader", name="Exchange", exact=True).get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="Exchange", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name=re.compile("^Bid ")).uncheck()
    page.get_by_role("checkbox", name=re.compile("^Mark ")).check()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile("columns=.*mark_price"))
    assert {name: told(page).get(name) for name in ("q", "exchange", "sort")} == {
        "q": "perp eth", "exchange": "binance,bybit", "sort": "exchange",
    }  # fmt: skip
    page.reload()
    expect_rows(page, 2)
    assert cells(page, 2) == ["binance", "bybit"]
    expect(page.get_by_role("columnheader", name="Mark price")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Best bid")).to_have_count(0)
    expect(page.get_by_role("searchbox")).to_have_value("perp eth")
    expect(page.locator(".market-spark path").first).to_have_attribute("d", re.compile("^M.+L"))
    assert screen.said == []


def test_an_expression_narrows_the_list_and_a_mistake_is_told_at_the_field(screen: Screen, hub: Hub) -> None:
    page = open_market(screen, hub)
    page.get_by_role("button", name="bybit", exact=True).click()
    field = page.get_by_role("textbox", name="Filter expression")
    field.fill("foo>3")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'foo' at 0: no such field")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("base=BTC and market=spot")
    field.press("Enter")
    expect_rows(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("searchbox").fill("nothing at all")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Clear: the search").click()
    expect_rows(page, 2)
    assert screen.said == []


def test_the_keyboard_alone_moves_marks_sorts_and_opens(screen: Screen, hub: Hub) -> None:
    page = open_market(screen, hub, "?exchange=bybit&sort=symbol")
    for key, row in (
        ("j", "2"),
        ("j", "3"),
        ("k", "2"),
        ("Shift+G", str(BYBIT + 1)),
        ("g", "2"),
        ("ArrowDown", "3"),
    ):
        page.keyboard.press(key)
        expect(selected(page)).to_have_attribute("aria-rowindex", row)
        expect(selected(page)).to_be_in_viewport()
    star = selected(page).get_by_role("button", name=re.compile("^Favourite"))
    name = selected(page).get_by_role("link").inner_text()
    page.keyboard.press("f")
    expect(star).to_have_attribute("aria-pressed", "true")
    page.reload()
    page.get_by_role("button", name="Favourites only").click()
    expect_rows(page, 1)
    assert symbols(page) == [name]
    page.keyboard.press("4")
    expect(page.get_by_role("columnheader", name="Last price")).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("4")
    expect(page.get_by_role("columnheader", name="Last price")).to_have_attribute("aria-sort", "ascending")
    page.wait_for_url(re.compile("sort=price"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("give the row a star")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/terminal/[a-z]+:[a-z]+:"))
    page.go_back()
    expect_rows(page, 1)
    assert screen.said == []


def test_what_is_shown_can_be_copied(screen: Screen, hub: Hub) -> None:
    screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_market(screen, hub, "?exchange=bybit&columns=symbol,price,turnover_24h&sort=symbol")
    page.evaluate(COPIED)
    page.get_by_role("button", name="Copy CSV").click()
    page.wait_for_function("() => window.copied")
    rows = list(csv.DictReader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert [*rows[0]] == ["key", "quality", "symbol", "price", "turnover_24h"]
    assert len(rows) == BYBIT
    assert all(row["key"].startswith("bybit:") and float(row["price"]) > 0 for row in rows)
    assert sorted(row["symbol"] for row in rows) == [row["symbol"] for row in rows]


def test_a_telephone_shows_what_matters(screen: Screen, hub: Hub, tmp_path: Path) -> None:
    screen.page.set_viewport_size({"width": 360, "height": 740})
    screen.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page = open_market(screen, hub)
    heads = [head.split("\n")[0] for head in page.get_by_role("columnheader").all_inner_texts()]
    assert heads == ["Symbol", "Last", "24 h", "Age"]
    expect(page.locator(ROW).first).to_contain_text(re.compile("(binance|bybit|hyperliquid) (linear|spot)"))
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="spot", exact=True).click()
    expect_rows(page, BYBIT // 2)
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(CUT_OFF) == []
    page.screenshot(path=tmp_path / "market-360-dark.png")
    page.emulate_media(color_scheme="light")
    page.screenshot(path=tmp_path / "market-360-light.png")
    assert screen.said == []


def test_stale_prices_are_grey_and_a_hostile_name_is_only_text(screen: Screen, hub: Hub) -> None:
    change_records(screen.page, hostile_and_stale)
    page = open_market(screen, hub, "?exchange=bybit&sort=symbol")
    link = page.locator(".market-symbol a", has_text="onerror")
    expect(link).to_have_text(HOSTILE)
    assert page.evaluate("window.harmed") is None
    assert page.locator(".list img").count() == 0
    row = page.locator(ROW).filter(has=link)
    expect(row).to_have_class(re.compile("stale"))
    expect(row.get_by_role("img", name="stale")).to_be_visible()
    expect(row.locator(".arrow")).to_have_class(re.compile("flat"))
    assert page.evaluate(SIDEWAYS) == 0


def test_a_restart_of_the_hub_is_shown_and_survived(screen: Screen, hub: Hub) -> None:
    page = open_market(screen, hub, "?exchange=bybit&market=linear&sort=symbol", BYBIT // 2)
    page.keyboard.press("j")
    expect(page.locator(f"{ROW}:not(.stale)").first).to_be_visible()
    with gone(hub):
        expect(page.locator(f"{ROW}:not(.stale)")).to_have_count(0)
        expect(page.locator(f"{ROW}.stale").first).to_be_visible()
    expect(page.locator(f"{ROW}:not(.stale)").first).to_be_visible()
    expect_rows(page, BYBIT // 2)
    expect(selected(page)).to_have_attribute("aria-rowindex", "2")
    assert [said for said in screen.said if not HUB_IS_DOWN.fullmatch(said)] == []


def hostile_and_stale(record: dict[str, object]) -> None:
    if record["key"] == "bybit:spot:ADAUSDT":
        record.update(symbol=HOSTILE, quality="stale")


def change_records(page: Page, change: Callable[[dict[str, object]], None]) -> None:
    """Changes the records of the first picture on their way from the hub."""

    def pass_on(socket: WebSocketRoute, text: str | bytes) -> None:
        frame = json.loads(text)
        if frame.get("channel") == "ticker":
            for record in frame["data"]:
                change(record)
        socket.send(json.dumps(frame))

    def connect(socket: WebSocketRoute) -> None:
        hub = socket.connect_to_server()
        hub.on_message(lambda text: pass_on(socket, text))

    page.route_web_socket(re.compile("/ws$"), connect)
