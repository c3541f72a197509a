"""Question 2: what steady messages over five connections cost the hub, read in batches or one by one."""

from __future__ import annotations

import time
from functools import partial

from benchmarks.harness import (
    Answer,
    Bar,
    Plan,
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

LINEAR, SPOT = 60, 20  # three connections of tickers, two of tickers and quotes
RATES = (5_000, 20_000)
SETTLE_S = 1.5  # until a hub that is too slow has filled every buffer
NAMES = {"batched": "Tickwell", "plain": "the same hub on trio-websocket"}


def read(kind: str, rate: int, seconds: float) -> Values:
    """One hub at one rate."""
    arguments = ("-m", "benchmarks.exchange", "--linear", LINEAR, "--spot", SPOT, "--rate", rate)
    program = ("-m", "benchmarks.split_hub", kind)
    with process(*arguments) as exchange, hub(exchange.read()["port"], LINEAR, SPOT, program) as running:
        time.sleep(SETTLE_S)
        before, before_s, began_s = exchange.ask("state"), cpu_s(running.pid), time.monotonic()
        time.sleep(seconds)
        spent_s, took_s = cpu_s(running.pid) - before_s, time.monotonic() - began_s
        after = exchange.ask("state")
        heard = sum(float(str(each["messages_per_s"])) for each in running.markets())
        with crowd(running.port, "/ws/realtime/bybit?market=linear&mode=changes", 1, "--watch") as watcher:
            time.sleep(0.6)
            ages = ages_s(watcher, LINEAR / (rate * 0.6))
    sent = after["sent"] - before["sent"]
    return {
        "cpu_share": spent_s / took_s,
        "cpu_us": spent_s / sent * 1e6,
        "sent_per_s": sent / took_s,
        "heard_per_s": heard,
        "age_p99_ms": quantile(ages, 0.99) * 1e3,
        "connections": after["connections"],
    }


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    rates = RATES[1:] if plan.quick else RATES
    runs, seconds = plan.runs(), plan.of(4.0, 1.0)
    result = Answer(
        2,
        f"Ingest, paced: five connections, tickers and quotes, sent one by one, {runs} runs of {seconds:g} s",
        ("messages/s", "hub", "CPU µs/message (min-max)", "% of a core", "sent/s", "read/s", "age p99 ms"),
    )
    for rate in rates:
        values = interleaved({kind: partial(read, kind, rate, seconds) for kind in NAMES}, runs)
        result.raw[str(rate)] = values
        for kind, each in values.items():
            share = f"{median(each, 'cpu_share') * 100:.0f}"
            numbers = [f"{median(each, key):,.0f}" for key in ("sent_per_s", "heard_per_s", "age_p99_ms")]
            result.rows.append((f"{rate:,}", NAMES[kind], spread(each, "cpu_us"), share, *numbers))
        ratio = median(values["batched"], "cpu_us") / median(values["plain"], "cpu_us")
        result.bars.append(Bar(f"{rate:,} msg/s, against trio-websocket", ratio, 1 / 3))
    missing = 1 - median(values["batched"], "sent_per_s") / RATES[-1]
    result.bars.append(Bar(f"{RATES[-1]:,} msg/s, what the exchange could not send", missing * 100, 1.0, "%"))
    result.notes = [
        "CPU of the whole hub, web and snapshots included, one fifth of the messages are quotes "
        "(the hub keeps no deeper book yet). TCP drops nothing: a slow hub slows the exchange down.",
        "`read/s` is the hub's own smoothed count. The age is that of a message when a client has it, or a "
        "newer one of its symbol; the snapshot interval of 200 ms is in it.",
    ]
    return result
