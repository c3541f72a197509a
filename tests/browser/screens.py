"""Every screen, as the tests open it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .conftest import Screen

# What Chromium itself says about a hub that is down, or goes down under a socket. Nothing else is allowed.
HUB_IS_DOWN = r"error: .*(net::ERR_|WebSocket connection to 'ws://[^']*/ws' failed).*"
# The badge's word where all of it is, and not a part.
LIVE = r"^\s*LIVE$"
ROW = ".list-body .list-row:not([hidden])"
# Each screen: an address, and what is there once the page shows its data.
SCREENS = {
    "market": ("/market", ROW),
    "terminal": ("/terminal/bybit:linear:BTCUSDT", "h1 .dot[data-state=live]"),
    "spreads": ("/spreads", ROW),
    "liquidations": ("/liquidations", ROW),
    "funding": ("/funding", ROW),
    "quality": ("/quality?at=bybit:linear:trades", "#drill-down [data-key]"),
    "alerts": ("/alerts?at=btc-above-60k", "#rule-detail [data-subject]"),
    "rule": ("/alerts?new=moves", ".alerts-builder"),
}


def open_screen(screen: Screen, url: str, name: str, width: int = 1440) -> Page:
    """Go there, and wait until it shows its data."""
    address, there = SCREENS[name]
    screen.said.clear()
    screen.page.set_viewport_size({"width": width, "height": 900})
    screen.page.goto(url + address)
    expect(screen.page.locator(there).first).to_be_visible()
    return screen.page
