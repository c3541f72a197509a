"""Question 8: clients that never read, among clients that do."""

from __future__ import annotations

import time
from contextlib import ExitStack

from benchmarks.harness import Answer, Bar, Plan, Process, Values, median, process, resident_kb, say, spread
from benchmarks.hub import Hub, hub
from benchmarks.q3_fanout import HUB_RECORDS, PATH, RATE, crowd

WARM_S = 8.0  # TCP widens its windows over the first frames, and the delays shrink with that


def run(readers: int, never: int, seconds: float, alone_first: bool) -> Values:
    """The same readers without the others and with them, in either order, once the connections are warm."""
    with ExitStack() as stack:
        arguments = ("-m", "benchmarks.exchange", "--linear", HUB_RECORDS, "--rate", RATE)
        exchange = stack.enter_context(process(*arguments))
        running = stack.enter_context(hub(exchange.read()["port"], HUB_RECORDS))
        clients = stack.enter_context(crowd(running.port, PATH, readers))
        time.sleep(WARM_S)
        if alone_first:
            alone, _ = listen(running, clients, seconds)
        before_kb = resident_kb(running.pid)
        stack.enter_context(crowd(running.port, PATH, never, "--mute"))
        among, peak_kb = listen(running, clients, seconds)
        left = running.clients() - readers
        if not alone_first:
            alone, _ = listen(running, clients, seconds)
    return {
        **{f"alone_{name}": value for name, value in alone.items()},
        **{f"among_{name}": value for name, value in among.items()},
        "gap_ratio": among["gap_p99_ms"] / alone["gap_p99_ms"],
        "delay_ratio": among["delay_p99_ms"] / alone["delay_p99_ms"],
        "more_kb": (peak_kb - before_kb) / never,
        "left": left,
    }


def listen(running: Hub, clients: Process, seconds: float) -> tuple[Values, int]:
    """What the readers saw during that time, and the hub's highest memory."""
    clients.ask("begin")
    ends_s, peak_kb = time.monotonic() + seconds, 0
    while time.monotonic() < ends_s:
        peak_kb = max(peak_kb, resident_kb(running.pid))
        time.sleep(0.05)
    return clients.ask("mark"), peak_kb


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    readers, never = (90, 10) if plan.quick else (900, 100)
    runs, seconds = plan.runs(), plan.of(8.0, 6.0)
    values = []
    for number in range(runs):
        say(f"  {readers} + {never} clients {number + 1}/{runs}")
        values.append(run(readers, never, seconds, alone_first=number % 2 == 0))
    result = Answer(
        8,
        f"{never} clients that never read, {readers} that do, 20 KB, 5/s, {runs} runs of 2 × {seconds:g} s",
        ("readers", "gap p99 ms (min-max)", "delay p50 ms", "delay p99 ms (min-max)"),
        raw={"tickwell": values},
    )
    for name, words in (("alone", "alone"), ("among", f"beside {never} that never read")):
        gap, delay = spread(values, f"{name}_gap_p99_ms"), spread(values, f"{name}_delay_p99_ms")
        result.rows.append((words, gap, f"{median(values, f'{name}_delay_p50_ms'):.1f}", delay))
    result.bars = [
        Bar("gap p99, with against without", median(values, "gap_ratio"), 1.1),
        Bar("delay p99, with against without", median(values, "delay_ratio"), 1.1),
        Bar("memory per client that never reads, at most", median(values, "more_kb"), 100.0, "KB"),
        Bar("of them still connected at the end", median(values, "left"), 0.0, ""),
    ]
    result.notes = [
        "The gap is the time between two frames of one client, the delay how long after the first client of "
        "a tick another one had its frame. Every second run has the readers alone last instead of first.",
    ]
    return result
