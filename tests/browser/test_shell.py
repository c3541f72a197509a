"""What surrounds every screen: how the hub is doing, and a warning before anything old is believed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Screen, gone, seen
from .screens import HUB_IS_DOWN, LIVE
from .staged_hub import StagedHub

pytestmark = pytest.mark.browser

PAGES = ["Market", "Spreads", "Liquidations", "Funding", "Quality", "Alerts"]


def open_page(screen: Screen, hub: StagedHub, path: str = "/quality") -> Page:
    screen.page.goto(f"{hub.url}{path}")
    expect(screen.page.locator(".badge")).to_have_text(re.compile(LIVE))
    return screen.page


def meter(page: Page, name: str) -> Locator:
    return page.locator(".meters div", has=page.get_by_text(name, exact=True)).locator("dd")


def test_the_bar_tells_how_the_hub_is_doing(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_page(screen, staged_hub)
    exchange = page.locator('.feeds [data-exchange="bybit"]')
    expect(exchange).to_have_attribute("data-state", "live")
    expect(exchange).to_have_text(re.compile(r"^Bybit(<2 s|\d+ s)$"))
    expect(exchange).to_have_attribute(
        "title", re.compile(r"linear: live, 3 of 3 instruments.*spot: live", re.DOTALL)
    )
    expect(page.locator(".brand small")).to_have_text(re.compile(r"^\d+\.\d+"))
    expect(meter(page, "out/s")).to_have_text(re.compile(r"^\d+$"))
    expect(meter(page, "in/s")).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(meter(page, "clients")).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(meter(page, "latency p50 / p99")).to_have_text(re.compile(r"^[\d.,]+ ms / [\d.,]+ ms$"))
    assert page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts() == PAGES
    assert page.title() == "Quality · Tickwell"
    assert screen.said == []


def test_it_is_all_within_reach_of_the_keyboard(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_page(screen, staged_hub)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("the page before, the page after")
    expect(page.get_by_role("dialog")).to_contain_text("the instruments of a cell of the grid")
    page.keyboard.press("]")
    assert page.url.endswith("/quality"), "a dialog is open: keys are its own"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("/alerts$"))
    page.keyboard.press("[")
    expect(page.get_by_role("link", name="Quality")).to_have_attribute("aria-current", "page")
    assert screen.said == []


def test_colours_and_zone_survive_a_reload(screen: Screen, staged_hub: StagedHub) -> None:
    screen.page.emulate_media(color_scheme="light")
    page = open_page(screen, staged_hub)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Colours: system. Change to dark").click()
    page.get_by_role("button", name="Times are local: change").click()
    expect(page.locator(".clock")).to_contain_text("UTC")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Times are UTC: change")).to_be_visible()
    assert page.evaluate(ground) == dark
    assert screen.said == []


def test_nothing_overflows_on_a_small_screen(screen: Screen, staged_hub: StagedHub) -> None:
    screen.page.set_viewport_size({"width": 360, "height": 740})  # where one is, is scrolled to as it opens
    page = open_page(screen, staged_hub)
    for width, _ in seen(page, 360, height=740):
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("document.querySelector('main').scrollWidth") == width
        box = page.get_by_role("link", name="Quality").bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, "where one is can be seen"
    assert screen.said == []


def test_an_exchange_that_falls_silent_is_told_until_it_speaks_again(
    screen: Screen, staged_hub: StagedHub
) -> None:
    page = open_page(screen, staged_hub)
    banner = page.get_by_role("list", name="Warnings")
    expect(banner).to_have_count(0)
    staged_hub.fail(kind="stall", venue="bybit", market="linear")
    try:
        told = r"Bybit linear is \w+: its newest data is from [\d:]{8} \(.* ago\), and shown as stale"
        expect(banner).to_contain_text(re.compile(told))
        expect(page.locator(".badge")).to_have_text(re.compile("PARTLY LIVE$"))
        expect(page.locator('.feeds [data-exchange="bybit"]')).to_have_attribute("data-state", "partly-live")
    finally:
        staged_hub.heal()
    expect(banner).to_have_count(0)
    expect(page.locator(".badge")).to_have_text(re.compile(LIVE))
    assert screen.said == []


def test_a_restart_of_the_hub_is_told_and_survived(screen: Screen, staged_hub: StagedHub) -> None:
    page = open_page(screen, staged_hub)
    with gone(staged_hub):
        expect(page.locator(".badge")).to_have_text(re.compile("NO CONTACT$"))
        banner = page.get_by_role("list", name="Warnings")
        expect(banner).to_contain_text(
            re.compile(r"No contact with the hub since [\d:]{8} .*What is shown is as it was then")
        )
        expect(page.locator(".feeds .feed-state")).to_have_text("–")
        expect(page.locator(".meters dd").first).to_have_text("–")
        expect(page.locator(".quality.old")).to_have_count(1)
    expect(page.locator(".badge")).to_have_text(re.compile(LIVE))
    expect(page.get_by_role("list", name="Warnings")).to_have_count(0)
    assert [said for said in screen.said if not re.fullmatch(HUB_IS_DOWN, said)] == []
