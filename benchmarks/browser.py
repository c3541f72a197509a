"""A Chromium that is measured from outside, over its debugger: main thread, heap, frames, bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update",
]  # fmt: skip
# Scrolls in every frame for so long: how many frames there were a second, and how far apart.
SCROLL = """
([place, seconds]) => new Promise((done) => {
  const scrolled = document.querySelector(place), times = [];
  let step = 40;
  const frame = (now) => {
    times.push(now);
    if (scrolled.scrollTop + scrolled.clientHeight >= scrolled.scrollHeight - 1) step = -40;
    if (scrolled.scrollTop <= 0) step = 40;
    scrolled.scrollTop += step;
    if (now - times[0] < seconds * 1000) return requestAnimationFrame(frame);
    const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
    done({ fps: gaps.length / (now - times[0]) * 1000, p99_ms: gaps[Math.floor(gaps.length * 0.99)] });
  };
  requestAnimationFrame(frame);
})
"""
LOADED = """
() => {
  const files = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const told = files.filter(({ name }) => !name.includes("/api/"));
  const bytes = told.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  return { bytes, paint_ms: paint?.startTime ?? null };
}
"""


class Measured:
    """One page, and what its process says about it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "timeTicks"})

    def busy(self, seconds: float) -> float:
        """Which share of a time the main thread has something to do: scripts, styles, layout, painting."""
        before = self._metrics()
        self.page.wait_for_timeout(seconds * 1000)
        after = self._metrics()
        return (after["TaskDuration"] - before["TaskDuration"]) / (after["Timestamp"] - before["Timestamp"])

    def heap_mb(self) -> float:
        """What lives on the heap of its scripts, after the rubbish is gone."""
        for _ in range(2):
            self._session.send("HeapProfiler.collectGarbage")
        used: float = self._session.send("Runtime.getHeapUsage")["usedSize"]
        return used / 1e6

    def scroll(self, place: str, seconds: float) -> dict[str, float]:
        """`fps` and `p99_ms` while an element scrolls."""
        told: dict[str, float] = self.page.evaluate(SCROLL, [place, seconds])
        return told

    def loaded(self) -> dict[str, float]:
        """The `bytes` of all files, as they came, and `paint_ms`, when something could be seen first."""
        told: dict[str, float] = self.page.evaluate(LOADED)
        return told

    def _metrics(self) -> dict[str, float]:
        told: list[dict[str, Any]] = self._session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in told}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, which paints in software."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"{CHROMIUM} is not installed: this question needs a Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def sampled(measured: Measured, seconds: float, every_s: float) -> list[float]:
    """The heap now and then: the first and the last value tell whether it grows."""
    values, end_s = [measured.heap_mb()], time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        measured.page.wait_for_timeout(min(every_s, left_s) * 1000)
        values.append(measured.heap_mb())
    return values
