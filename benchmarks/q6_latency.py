"""Question 6: from the exchange's send to the client's receipt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from benchmarks.harness import (
    Answer,
    Bar,
    Plan,
    Process,
    Values,
    cpu_s,
    interleaved,
    median,
    process,
    quantile,
    spread,
)
from benchmarks.hub import hub
from benchmarks.latency import ages_s
from benchmarks.q3_fanout import crowd

LINEAR, RATE, CLIENTS = 600, 6_000, 100
FASTEST_S, USUAL_S = 0.1, 0.2
AT_ONCE, FIELDS = "at once, by `/ws`, four fields", "price,bid,ask,turnover_24h"
PATH = "/ws/realtime/bybit?market=linear&mode=changes"


@contextmanager
def streams(port: int, count: int, *more: object) -> Iterator[Process]:
    """Clients of `/ws` that want every change of these fields of every ticker at once."""
    wishes = ("--symbols", LINEAR, "--each", LINEAR, "--rate", 0, "--fields", FIELDS)
    with process("-m", "benchmarks.q12_clients", "--port", port, "--count", count, *wishes, *more) as clients:
        clients.read()
        yield clients


def ages(interval_s: float, seconds: float, at_once: bool = False) -> Values:
    """One hub at one snapshot interval."""
    join = streams if at_once else crowd_of_pages
    arguments = ("-m", "benchmarks.exchange", "--linear", LINEAR, "--rate", RATE)
    environment: dict[str, Any] = {"TICKWELL_MARKET_SNAPSHOT_INTERVAL_S": interval_s}
    with (
        process(*arguments) as exchange,
        hub(exchange.read()["port"], LINEAR, **environment) as running,
        join(running.port, CLIENTS - 1),
        join(running.port, 1, "--watch") as watcher,
    ):
        time.sleep(1.0)
        watcher.ask("watch")
        before_s, began_s = cpu_s(running.pid), time.monotonic()
        time.sleep(seconds)
        share = (cpu_s(running.pid) - before_s) / (time.monotonic() - began_s)
        found = [age * 1e3 for age in ages_s(watcher, LINEAR / RATE)]
    quantiles = {f"p{part}_ms": quantile(found, part / 100) for part in (1, 50, 99)}
    return {**quantiles, "max_ms": max(found), "messages": len(found), "cpu_share": share}


def crowd_of_pages(port: int, count: int, *more: object) -> AbstractContextManager[Process]:
    """Clients of `/ws/realtime`."""
    return crowd(port, PATH, count, *more)


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    runs, seconds = plan.runs(), plan.of(5.0, 1.0)
    intervals = {
        f"{interval_s:g} s": partial(ages, interval_s, seconds) for interval_s in (USUAL_S, FASTEST_S)
    }
    intervals[AT_ONCE] = partial(ages, USUAL_S, seconds, at_once=True)
    values = interleaved(intervals, runs)
    result = Answer(
        6,
        f"Latency: {LINEAR} symbols, {RATE:,} msg/s, {CLIENTS} clients, {runs} runs of {seconds:g} s",
        ("interval", "p1 ms", "p50 ms (min-max)", "p99 ms (min-max)", "max ms", "hub's % of a core"),
        raw=dict(values),
    )
    for name, each in values.items():
        shares = (f"{median(each, 'max_ms'):.0f}", f"{median(each, 'cpu_share') * 100:.0f}")
        lows = f"{median(each, 'p1_ms'):.1f}"
        result.rows.append((name, lows, spread(each, "p50_ms"), spread(each, "p99_ms"), *shares))
    fastest, usual = values[AT_ONCE], values[f"{USUAL_S:g} s"]
    result.bars = [
        Bar("at once, p50", median(fastest, "p50_ms"), 8.0, "ms"),
        Bar("at once, p99", median(fastest, "p99_ms"), 30.0, "ms"),
        Bar(f"{USUAL_S:g} s, p99", median(usual, "p99_ms"), 230.0, "ms"),
    ]
    result.notes = [
        "Every message counts, also one that a newer one of its symbol overtook before the snapshot. It "
        "waits for the next snapshot, half an interval on average; p1 is what is left when it waits shortly. "
        "At once, nothing waits but for `read_coalesce_ms` and for 5 ms between two ticks.",
    ]
    return result
