"""Three pictures of the demo for the README: `make screenshots`. Two minutes; it needs Chromium.

They go to `docs/images`. Whoever changes what a screen shows takes them anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, Hub, demo_command
from tests.patience import PATIENCE_MS
from tests.processes import ROOT, free_port

FOLDER = ROOT / "docs" / "images"
SETTLED_MS = 75_000  # until there is a change within a minute, and tapes are full
ROW = ".list-body .list-row:not([hidden])"
# A screen: its address, and what is there once it shows something.
SCREENS = {
    "market": ("/market", ROW),
    "terminal": ("/terminal/bybit:linear:BTCUSDT", "h1 .dot[data-state=live]"),
    "quality": ("/quality", ".grid tbody tr"),
}


def main() -> int:
    """Entry point."""
    if not CHROMIUM.exists():
        print(f"{CHROMIUM} is not installed: no picture was taken", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder, port = Path(name), free_port()
        hub = Hub(demo_command(folder), port, folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        hub.start()
        try:
            take(browser, hub.url)
        finally:
            hub.stop()
            browser.close()
    return 0


def take(browser: Browser, url: str) -> None:
    """All of them, from a browser that has them open at the same time."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 660}, color_scheme="dark", timezone_id="UTC"
    )
    pages = {}
    for name, (address, there) in SCREENS.items():
        pages[name] = context.new_page()
        pages[name].goto(url + address)
        expect(pages[name].locator(there).first).to_be_visible(timeout=PATIENCE_MS)
    pages["market"].wait_for_timeout(SETTLED_MS)
    for name, page in pages.items():
        page.bring_to_front()
        page.wait_for_timeout(2000)  # a page that nobody saw catches up
        expect(page.locator(".badge[data-state=live]")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("main .dot:not([data-state=live])")).to_have_count(0, timeout=PATIENCE_MS)
        expect(page.locator(".cell[data-state=stale], .banner")).to_have_count(0, timeout=PATIENCE_MS)
        page.screenshot(path=FOLDER / f"{name}.png")
        print(f"docs/images/{name}.png: {(FOLDER / f'{name}.png').stat().st_size // 1000} kB")
    context.close()


if __name__ == "__main__":
    sys.exit(main())
