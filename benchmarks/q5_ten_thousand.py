"""Question 5: ten thousand clients, 2 KB of changes for each five times a second, beside a busy ingest."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import pairwise

from benchmarks import wire
from benchmarks.harness import (
    Answer,
    Bar,
    Plan,
    Values,
    cpu_s,
    median,
    process,
    quantile,
    raise_file_limit,
    resident_kb,
    say,
    spread,
)
from benchmarks.hub import hub
from benchmarks.q3_fanout import INTERVAL_S, crowd

LINEAR, RATE = 100, 5_000
FILES_RESERVED = 500
SETTLE_S = 3.0  # until everybody who has just connected is served like the others
COLUMNS = ("sends_per_s", "lag_p50_ms", "lag_p99_ms", "gap_p99_ms", "client_kb")
WISHED = ",".join(wire.symbol(number) for number in range(4))
PATH = f"/ws/realtime/bybit?market=linear&mode=changes&symbols={WISHED}"


def hold(count: int, seconds: float) -> Values:
    """One hub with everybody connected, and one more client that is watched."""
    with ExitStack() as stack:
        exchange = stack.enter_context(
            process("-m", "benchmarks.exchange", "--linear", LINEAR, "--rate", RATE)
        )
        running = stack.enter_context(hub(exchange.read()["port"], LINEAR))
        watcher = stack.enter_context(crowd(running.port, PATH, 1, "--watch"))
        time.sleep(1.0)
        alone_kb = resident_kb(running.pid)
        clients = stack.enter_context(crowd(running.port, PATH, count, "--nice", 10))
        time.sleep(SETTLE_S)
        marked = clients.ask("begin")
        watcher.ask("watch")
        sent, before_s, began_s = exchange.ask("state")["sent"], cpu_s(running.pid), time.monotonic()
        time.sleep(seconds)
        spent_s, took_s = cpu_s(running.pid) - before_s, time.monotonic() - began_s
        counted, ingested = clients.ask("mark"), exchange.ask("state")["sent"] - sent
        times = [at_s for at_s, _ in watcher.ask("watch")["frames"]]
        late = [abs(after - before - INTERVAL_S) for before, after in pairwise(times)]
        return {
            "cpu_share": spent_s / took_s,
            "cpu_us": spent_s / max(1, counted["frames"]) * 1e6,
            "lag_p50_ms": quantile(late, 0.5) * 1e3,
            "lag_p99_ms": quantile(late, 0.99) * 1e3,
            "client_kb": (resident_kb(running.pid) - alone_kb) / count,
            "sends_per_s": counted["frames"] / took_s,
            "bytes": counted["bytes"] / max(1, counted["frames"]),
            "ingested_per_s": ingested / took_s,
            "gap_p99_ms": counted["gap_p99_ms"],
            "open": counted["open"],
            "clients_cpu_share": (counted["cpu_s"] - marked["cpu_s"]) / (counted["at_s"] - marked["at_s"]),
        }


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    wanted = int(plan.of(10_000, 1_000))
    count = min(wanted, raise_file_limit() - FILES_RESERVED)
    runs, seconds = plan.runs(3), plan.of(10.0, 2.0)
    values = []
    for run in range(runs):
        say(f"  {count} clients {run + 1}/{runs}")
        values.append(hold(count, seconds))
    result = Answer(
        5,
        f"{count:,} clients, changes of {median(values, 'bytes'):,.0f} bytes, 5/s, beside ingest of "
        f"{median(values, 'ingested_per_s'):,.0f} msg/s, {runs} runs of {seconds:g} s",
        (
            "clients",
            "% of a core (min-max)",
            "sends/s",
            "tick lag p50 ms",
            "tick lag p99 ms",
            "clients' gap p99 ms",
            "KB/client",
        ),
        raw={"tickwell": values},
    )
    percent = [{"share": each["cpu_share"] * 100} for each in values]
    numbers = [f"{median(values, key):,.0f}" for key in COLUMNS]
    result.rows.append((f"{count:,}", spread(percent, "share"), *numbers))
    result.bars = [
        Bar("CPU, of one core", median(values, "cpu_share") * 100, 100.0, "%"),
        Bar("lag p99", median(values, "lag_p99_ms"), 50.0, "ms"),
        Bar("memory per client", median(values, "client_kb"), 40.0, "KB"),
    ]
    scaled = (
        f" ({wanted:,} were wanted; the hard limit of open files allows no more)" if count < wanted else ""
    )
    result.notes = [
        f"{count:,} clients{scaled}. The lag is how far the gaps between a watched client's frames are from "
        f"{INTERVAL_S * 1e3:.0f} ms. Hub, exchange and all clients share this machine's cores; the clients "
        f"took {median(values, 'clients_cpu_share') * 100:.0f} % of one, at a lower priority.",
    ]
    return result
