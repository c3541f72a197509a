"""Question 13: three thousand rows at ten updates a second each, in a browser that shows the market."""

from __future__ import annotations

import statistics
from typing import Any

from playwright.sync_api import Browser

from benchmarks.browser import Measured, chromium, sampled
from benchmarks.harness import Answer, Bar, Plan, Process, cpu_s, process, say
from benchmarks.hub import Hub, hub

ROWS, PER_S = 3_000, 10
BUSY_MAX, FRAME_MS_MAX, GROWTH_MB_MAX, BYTES_MAX, PAINT_MS_MAX = 40.0, 20.0, 5.0, 200_000, 1_000.0
SHOWN_WITHIN_MS = 60_000
TABLE = ".list"
# The page asks for five updates a second. Here it shall have ten.
TEN_A_SECOND = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  const asked = typeof text === "string" ? text.replace(/"max_rate_hz":\\d+/, '"max_rate_hz":10') : text;
  send.call(this, asked);
};
"""
IDLE = "<div id=list style='height:100vh;overflow:auto'>" + "<p>a line</p>" * 3_000 + "</div>"


def answer(plan: Plan) -> Answer:
    """What a trader's machine has to do."""
    sender = ("--linear", ROWS, "--rate", ROWS * PER_S, "--shares", "tickers=1")
    with (
        process("-m", "benchmarks.exchange", *sender) as exchange,
        hub(exchange.read()["port"], ROWS) as running,
        chromium() as browser,
    ):
        values = {
            **first_load(browser, running, plan),
            **at_work(browser, exchange, running, plan),
            **idle(browser, plan),
        }
    found = Answer(
        13, f"{ROWS:,} rows at {PER_S} updates a second each in the browser", ("what", "found", "bar")
    )
    found.rows = [
        ("main thread busy, table at rest", f"{values['busy']:.0f} %", f"≤ {BUSY_MAX:.0f} %"),
        ("updates that the exchange sends", f"{values['sent_per_s']:,.0f} /s", ""),
        ("updates that reach the page", f"{values['updates_per_s']:,.0f} /s", ""),
        ("frames while the table scrolls", f"{values['fps']:.0f} /s", "≥ 50 /s"),
        ("the same, a page of text where nothing moves", f"{values['idle_fps']:.0f} /s", ""),
        ("longest of a hundred frames, scrolling", f"{values['p99_ms']:.0f} ms", ""),
        (
            f"growth of the heap in {values['minutes']:g} min",
            f"{values['growth_mb']:+.1f} MB",
            f"≤ {GROWTH_MB_MAX:.0f} MB",
        ),
        ("the heap then", f"{values['heap_mb']:.0f} MB", ""),
        (
            "files of the first load, compressed",
            f"{values['bytes'] / 1000:.0f} kB",
            f"≤ {BYTES_MAX / 1000:.0f} kB",
        ),
        ("first paint, nothing cached", f"{values['paint_ms']:.0f} ms", f"≤ {PAINT_MS_MAX:.0f} ms"),
        ("the hub meanwhile", f"{values['hub_cpu']:.0f} % of a core", ""),
    ]
    found.bars = [
        Bar("main thread busy", values["busy"], BUSY_MAX, "%"),
        Bar("a frame while scrolling, on average", 1000 / values["fps"], FRAME_MS_MAX, "ms"),
        Bar(f"growth of the heap in {values['minutes']:g} min", values["growth_mb"], GROWTH_MB_MAX, "MB"),
        Bar("files of the first load", values["bytes"], BYTES_MAX, "bytes"),
        Bar("first paint", values["paint_ms"], PAINT_MS_MAX, "ms"),
    ]
    found.notes = [
        "Chromium without a window and without a GPU: it paints on the cores that run hub and exchange."
    ]
    found.raw = values
    return found


def first_load(browser: Browser, running: Hub, plan: Plan) -> dict[str, float]:
    """Of a browser that has never seen the page, the median of some."""
    say("  first load")
    loads = []
    for _ in range(plan.runs(full=5, quick=2)):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{running.port}/market")
        page.locator(".list-row[aria-rowindex='2']").wait_for(timeout=SHOWN_WITHIN_MS)
        loads.append(Measured(page).loaded())
        context.close()
    return {name: statistics.median(each[name] for each in loads) for name in ("bytes", "paint_ms")}


def at_work(browser: Browser, exchange: Process, running: Hub, plan: Plan) -> dict[str, Any]:
    """The market, at rest, then scrolling, then for long."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(TEN_A_SECOND)
    page, updates = context.new_page(), [0]

    def count(text: str | bytes) -> None:
        updates[0] += text.count('"key"' if isinstance(text, str) else b'"key"')  # type: ignore[arg-type]

    page.on("websocket", lambda socket: socket.on("framereceived", count))
    page.goto(f"http://127.0.0.1:{running.port}/market")
    page.wait_for_function(
        f"() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') > {ROWS}",
        timeout=SHOWN_WITHIN_MS,
    )
    measured, seconds = Measured(page), plan.of(full=30, quick=5)
    page.wait_for_timeout(plan.of(full=10, quick=3) * 1000)
    say("  at rest")
    spent_s, counted, sent = cpu_s(running.pid), updates[0], exchange.ask("state")["sent"]
    busy = measured.busy(seconds)
    told = {
        "busy": busy * 100,
        "updates_per_s": (updates[0] - counted) / seconds,
        "sent_per_s": (exchange.ask("state")["sent"] - sent) / seconds,
        "hub_cpu": (cpu_s(running.pid) - spent_s) / seconds * 100,
    }
    say("  scrolling")
    told |= measured.scroll(TABLE, seconds)
    minutes = plan.of(full=10, quick=0.5)
    say(f"  for {minutes:g} min")
    heaps = sampled(measured, minutes * 60, every_s=plan.of(full=60, quick=10))
    context.close()
    return {
        **told,
        "minutes": minutes,
        "growth_mb": heaps[-1] - heaps[0],
        "heap_mb": heaps[-1],
        "heaps_mb": heaps,
    }


def idle(browser: Browser, plan: Plan) -> dict[str, float]:
    """What this machine paints at best."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_content(IDLE)
    told = Measured(page).scroll("#list", plan.of(full=10, quick=3))
    page.close()
    return {"idle_fps": told["fps"]}
