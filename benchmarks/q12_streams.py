"""Question 12: a thousand clients of `/ws`, each with a filter of its own, and five hundred that come back at
once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

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
    resident_kb,
    say,
    spread,
)
from benchmarks.hub import Hub, hub, until_settled
from benchmarks.q3_fanout import INTERVAL_S, PATH, crowd, idle_cpu_per_s

SYMBOLS, EACH, RATE_HZ = 300, 20, 10
TICKERS_PER_S = 3_000  # ten a second of each symbol: every frame holds something of everything
SETTLE_S = 2.0
FORMATS = {"JSON": "json", "MessagePack": "msgpack"}


@contextmanager
def running() -> Iterator[Hub]:
    """A hub that follows a busy exchange."""
    arguments = ("-m", "benchmarks.exchange", "--linear", SYMBOLS, "--rate", TICKERS_PER_S)
    with process(*arguments) as exchange, hub(exchange.read()["port"], SYMBOLS) as found:
        until_settled(exchange)
        yield found


@contextmanager
def streams(found: Hub, count: int, *more: object) -> Iterator[Process]:
    """Clients of `/ws` that have all subscribed."""
    arguments = ("--port", found.port, "--count", count, "--symbols", SYMBOLS, "--each", EACH)
    with process("-m", "benchmarks.q12_clients", *arguments, "--rate", RATE_HZ, *more) as clients:
        clients.read()
        time.sleep(SETTLE_S)
        yield clients


def filtered(kind: str, count: int, seconds: float) -> Values:
    """One hub, one format, everybody connected."""
    with running() as found:
        idle = idle_cpu_per_s(found.pid, seconds)
        alone_kb = resident_kb(found.pid)
        with (
            crowd(found.port, PATH, 1, "--watch") as watcher,
            streams(found, count, "--format", kind) as clients,
        ):
            watcher.ask("watch")
            before, before_s = clients.ask("begin"), cpu_s(found.pid)
            time.sleep(seconds)
            after_s, after = cpu_s(found.pid), clients.ask("mark")
            took_s, frames = after["at_s"] - before["at_s"], max(1, after["frames"])
            spent_s = after_s - before_s
            return {
                "cpu_share": spent_s / took_s,
                "cpu_us": (spent_s - idle * took_s) / frames * 1e6,
                "frames_per_s": frames / took_s,
                "bytes": after["bytes"] / frames,
                "lag_ms": lag_ms(watcher),
                "client_kb": (resident_kb(found.pid) - alone_kb) / count,
                "open": after["open"],
                "clients_cpu_share": (after["cpu_s"] - before["cpu_s"]) / took_s,
            }


def lag_ms(watcher: Process) -> float:
    """How late the latest frame of a realtime socket was, since it was asked last."""
    times = [at_s for at_s, _ in watcher.ask("watch")["frames"]]
    return max((after - before - INTERVAL_S for before, after in pairwise(times)), default=0.0) * 1e3


def resumed(count: int) -> Values:
    """Everybody is thrown out, and comes back at once."""
    with (
        running() as found,
        crowd(found.port, PATH, 1, "--watch") as watcher,
        streams(found, count, "--keep") as clients,
    ):
        clients.ask("drop")
        time.sleep(1.0)
        watcher.ask("watch")
        before_s = cpu_s(found.pid)
        back: Values = clients.ask("resume")
        spent_s = cpu_s(found.pid) - before_s
        time.sleep(2 * INTERVAL_S)
        return back | {"hub_cpu_s": spent_s, "lag_ms": lag_ms(watcher)}


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    count, back = int(plan.of(1_000, 200)), int(plan.of(500, 100))
    runs, seconds = plan.runs(3), plan.of(10.0, 3.0)
    kinds = {name: partial(filtered, kind, count, seconds) for name, kind in FORMATS.items()}
    values = interleaved(kinds, runs)
    returns = []
    for run in range(runs):
        say(f"  resume {run + 1}/{runs}")
        returns.append(resumed(back))
    result = Answer(
        12,
        f"{count:,} clients of /ws, each with {EACH} symbols of its own of {SYMBOLS}, at {RATE_HZ} Hz, "
        f"{runs} runs of {seconds:g} s",
        ("format", "% of a core (min-max)", "CPU µs/frame (min-max)", "frames/s", "bytes/frame", "latest ms",
         "KB/client"),
        raw={**values, "resume": returns},
    )  # fmt: skip
    for name, each in values.items():
        percent = spread([{"share": run["cpu_share"] * 100} for run in each], "share", 0)
        numbers = [f"{median(each, key):,.0f}" for key in ("frames_per_s", "bytes", "lag_ms", "client_kb")]
        result.rows.append((name, percent, spread(each, "cpu_us"), *numbers))
    text, packed = (values[name] for name in FORMATS)
    lost = max(back - each["recovered"] for each in returns)
    result.bars = [
        Bar("CPU, of one core, JSON", median(text, "cpu_share") * 100, 100.0, "%"),
        Bar("bytes of MessagePack, against JSON", median(packed, "bytes") / median(text, "bytes"), 0.9),
        Bar("CPU of MessagePack, against JSON", median(packed, "cpu_us") / median(text, "cpu_us"), None),
        Bar(f"{back} clients come back: until all are served", median(returns, "all_s"), 2.0, "s"),
        Bar("the latest tick meanwhile", median(returns, "lag_ms"), 200.0, "ms"),
        Bar("of them not recovered", lost, 0.0, ""),
    ]
    result.notes = [
        f"The exchange sends {TICKERS_PER_S:,} tickers a second, {TICKERS_PER_S / SYMBOLS:.0f} of each "
        "symbol. From the CPU per frame is subtracted what the hub spends without clients. *Latest* is how "
        "late the latest frame of a realtime socket beside them was.",
        f"Coming back costs the hub {median(returns, 'hub_cpu_s') * 1e3:,.0f} ms of CPU for {back} clients: "
        "the handshakes, the answers, and what each missed. Half of them are served after "
        f"{median(returns, 'p50_s'):.2f} s. Hub, exchange and clients share this machine's cores; the "
        f"clients took {median(text, 'clients_cpu_share') * 100:.0f} % of one, at a lower priority.",
    ]
    return result
