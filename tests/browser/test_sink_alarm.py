"""The page tells of a sink in trouble, in plain words, and takes it back when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import Hub, Screen, seen
from .test_realtime_page import ROWS, open_page

pytestmark = pytest.mark.browser

FULL = "/fake/sink?state=disk_full&dropped=1500&trouble=database+or+disk+is+full"


def test_a_sink_in_trouble_is_a_banner_while_it_lasts(screen: Screen, fake_hub: Hub) -> None:
    page = open_page(screen, fake_hub)
    expect(page.locator(ROWS).first).to_be_visible()
    expect(page.locator("#problems")).to_be_hidden()
    fake_hub.post("/fake/sink?state=down&trouble=connection+refused")
    banner = page.locator("#problems [data-level=warning]")
    expect(banner).to_contain_text("The history takes no rows since")
    expect(banner).to_contain_text(
        "Reason: connection refused. 12,345 rows wait on disk. Nothing is lost so far."
    )
    expect(page.locator("#badge-word")).to_have_text("LIVE")
    expect(page.locator("#spoken")).to_have_text("Warnings: 1")
    fake_hub.post(FULL)
    expect(banner).to_contain_text("on its own disk")
    expect(banner).to_contain_text("Dropped since the start: 1,500 rows.")
    fake_hub.post("/fake/sink?state=ok")
    expect(page.locator("#problems")).to_be_hidden()
    expect(page.locator("#log-entries")).to_contain_text("database or disk is full")
    expect(page.locator("#log-entries")).to_contain_text("The history takes every row.")
    assert screen.said == []


def test_the_banner_fits(screen: Screen, fake_hub: Hub, tmp_path: Path) -> None:
    page = open_page(screen, fake_hub)
    fake_hub.post(FULL)
    expect(page.locator("#problems")).to_be_visible()
    for width, picture in seen(page, 360, 1440):
        page.screenshot(path=tmp_path / f"sink-{picture}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
    fake_hub.post("/fake/sink?state=ok")
    assert screen.said == []
