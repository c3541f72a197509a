"""Question 7: the memory that the hub needs."""

from __future__ import annotations

import time
from functools import partial

from benchmarks.harness import Answer, Bar, Plan, Values, interleaved, median, process, resident_kb, spread
from benchmarks.hub import hub
from benchmarks.q3_fanout import crowd

BARS_MB = {100: 64.0, 3000: 96.0}
RATE = 1_000
SERVED = 10


def resident(symbols: int, seconds: float) -> Values:
    """A hub that has run for a moment, and served somebody."""
    arguments = ("--linear", symbols, "--rate", RATE, "--shares", "tickers=1,trades=1")
    with (
        process("-m", "benchmarks.exchange", *arguments) as exchange,
        hub(exchange.read()["port"], symbols) as running,
    ):
        with crowd(running.port, "/ws/realtime/bybit?market=linear", SERVED):
            time.sleep(seconds)
            served = resident_kb(running.pid) / 1024
        return {"mb": served}


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    runs, seconds = plan.runs(), plan.of(5.0, 1.0)
    values = interleaved({str(count): partial(resident, count, seconds) for count in BARS_MB}, runs)
    result = Answer(
        7,
        f"Resident memory, {RATE:,} msg/s, half trades, {SERVED} clients, after {seconds:g} s, {runs} runs",
        ("symbols", "MB (min-max)"),
        raw=dict(values),
    )
    result.rows = [(name, spread(each, "mb")) for name, each in values.items()]
    result.bars = [
        Bar(f"{count:,} symbols", median(values[str(count)], "mb"), limit, "MB")
        for count, limit in BARS_MB.items()
    ]
    return result
