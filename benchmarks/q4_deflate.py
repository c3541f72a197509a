"""Question 4: the fan-out of question 3 to clients that offer permessage-deflate, as browsers do."""

from __future__ import annotations

from functools import partial

from benchmarks.harness import Answer, Bar, Plan, interleaved, median, spread
from benchmarks.q3_fanout import NAMES, turn

CLIENTS = 100
SERVERS = ("tickwell", "starlette", "quart", "websockets")


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    runs, seconds = plan.runs(), plan.of(2.0, 0.8)
    values = interleaved({name: partial(turn, name, CLIENTS, seconds, "--deflate") for name in SERVERS}, runs)
    result = Answer(
        4,
        f"Fan-out of 20 KB, 5/s, to {CLIENTS} clients that offer deflate, {runs} runs of {seconds:g} s",
        (
            "server",
            "CPU µs/client-send (min-max)",
            "× uvicorn",
            "bytes/frame",
            "compressed frames",
            "sends/s",
        ),
        raw=dict(values),
    )
    cost = {name: median(each, "cpu_us") for name, each in values.items()}
    for name, each in values.items():
        ratio, size = f"{cost[name] / cost['starlette']:.3f}", f"{median(each, 'bytes'):,.0f}"
        shares = (f"{median(each, 'compressed') * 100:.0f} %", f"{median(each, 'sends_per_s'):,.0f}")
        result.rows.append((NAMES[name], spread(each, "cpu_us"), ratio, size, *shares))
    plain = turn("tickwell", 1, 0.5)["bytes"]
    result.bars = [
        Bar("against uvicorn + Starlette", cost["tickwell"] / cost["starlette"], 1 / 25),
        Bar("bytes, of uncompressed", median(values["tickwell"], "bytes") / plain * 100, 30.0, "%"),
    ]
    result.notes = [
        f"An uncompressed frame of Tickwell's has {plain:,.0f} bytes. A third of the peers' records changes "
        "from one snapshot to the next, so that their windows, kept from frame to frame, help them.",
    ]
    return result
