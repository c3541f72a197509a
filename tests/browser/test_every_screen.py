"""Every screen: for all eyes and fingers, when small, with hostile names, and honest when things fail."""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes import ROOT

from .conftest import Hub, Screen, gone
from .posed_hub import HOSTILE
from .screens import HUB_IS_DOWN, LIVE, SCREENS, open_screen
from .staged_hub import StagedHub

pytestmark = pytest.mark.browser

AXE = ROOT / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
SIDEWAYS = (
    "Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth) - innerWidth"
)


def faults(page: Page) -> list[str]:
    """What axe finds, a line each."""
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
    )
    return [
        f"{each['id']}: {node['target']} {node['html'][:200]}" for each in found for node in each["nodes"]
    ]


@pytest.mark.parametrize("name", SCREENS)
def test_nobody_is_shut_out(shared: Screen, posed_hub: Hub, name: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (npm ci in web/ui): accessibility was NOT checked")
    page = open_screen(shared, posed_hub.url, name)
    page.evaluate(
        AXE.read_text(encoding="utf-8")
    )  # over the debugger, which no Content-Security-Policy stops
    # Each screen in both widths and both schemes; every other screen has them paired the other way.
    schemes = SCHEMES if list(SCREENS).index(name) % 2 else SCHEMES[::-1]
    for width, scheme in zip((1440, 360), schemes, strict=True):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == [], f"{scheme}, {width} px wide"
        assert page.evaluate(SIDEWAYS) == 0, f"{width} px wide"
    assert shared.said == []


@pytest.mark.parametrize("name", ["market", "spreads", "liquidations", "funding", "quality", "alerts"])
def test_names_that_mean_harm_are_text(shared: Screen, posed_hub: Hub, name: str) -> None:
    page = open_screen(shared, posed_hub.url, name)
    text = page.locator("main").inner_text().upper()  # assets are written in capitals
    for hostile in HOSTILE:
        assert hostile.upper() in text, "it is shown, whole, however much of it can be seen"
    assert page.locator("main :is(img, script, b)").count() == 0
    assert page.evaluate("window.harmed") is None
    assert shared.said == []


def test_a_terminal_of_a_hostile_name_is_one_as_well(shared: Screen, posed_hub: Hub) -> None:
    page, hostile = shared.page, HOSTILE[0]
    shared.said.clear()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{posed_hub.url}/terminal/{quote(f'bybit:linear:{hostile}USDT', safe=':')}")
    expect(page.locator("h1")).to_contain_text(f"{hostile}USDT")
    expect(page.locator("h1 .dot")).to_have_attribute("data-state", "live")
    assert page.locator("main :is(img, script)").count() == 0
    assert page.evaluate("window.harmed") is None
    assert page.evaluate(SIDEWAYS) == 0
    assert shared.said == []


@pytest.mark.parametrize("name", SCREENS)
def test_the_keyboard_gets_everywhere_and_is_seen(shared: Screen, posed_hub: Hub, name: str) -> None:
    page = open_screen(shared, posed_hub.url, name)
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        where, is_seen = page.evaluate(
            """() => {
              const here = document.activeElement, style = getComputedStyle(here);
              const place = here.closest("main") ? "main" : here.closest("header") ? "bar" : here.className;
              return [place, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1];
            }"""
        )
        assert is_seen or where == "", f"the focus cannot be seen in {where}"
        reached.add(where)
        if {"bar", "main"} <= reached:
            break
    assert {"bar", "main"} <= reached
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert shared.said == []


def test_what_fails_is_told_on_every_screen_and_so_is_that_it_is_back(
    browser: Browser, staged_hub: StagedHub
) -> None:
    paths = [
        "/market?q=btc",
        "/terminal/bybit:linear:BTCUSDT",
        "/spreads",
        "/liquidations?window=24h",
        "/funding",
        "/alerts?state=idle",
    ]
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    screens = [Screen(context.new_page()) for _ in paths]
    try:
        for screen, path in zip(screens, paths, strict=True):
            screen.listen()
            screen.page.goto(staged_hub.url + path)
        in_all(screens, LIVE, None)
        staged_hub.fail(kind="stall", venue="bybit", market="linear")
        in_all(screens, r"PARTLY LIVE$", r"Bybit linear is .* and shown as stale")
        with gone(staged_hub):
            in_all(screens, r"NO CONTACT$", "No contact with the hub since")
            staged_hub.heal()
        in_all(screens, LIVE, None)
        for screen, path in zip(screens, paths, strict=True):
            assert screen.page.url == staged_hub.url + path, "the view is in the address, and stays"
            assert [said for said in screen.said if not re.fullmatch(HUB_IS_DOWN, said)] == []
    finally:
        staged_hub.heal()
        context.close()


def in_all(screens: list[Screen], badge: str, banner: str | None) -> None:
    """Every screen has come to say that."""
    for screen in screens:
        screen.page.bring_to_front()  # a page that nobody sees asks nothing
        expect(screen.page.locator(".badge")).to_have_text(re.compile(badge))
        warnings = screen.page.get_by_role("list", name="Warnings")
        if banner is None:
            expect(warnings).to_have_count(0)
        else:
            expect(warnings).to_contain_text(re.compile(banner))
