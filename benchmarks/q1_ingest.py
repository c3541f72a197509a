"""Question 1: what a message costs from the socket to the updated state, sent as fast as it is read."""

from __future__ import annotations

from functools import partial

from benchmarks.harness import Answer, Bar, Plan, Values, interleaved, median, process, spread

SYMBOLS = 50
# Each contestant reads for about a second.
MESSAGES = {"tickwell": 150_000, "limit": 250_000, "cryptofeed": 60_000, "ccxt": 12_000}
NAMES = {
    "tickwell": "Tickwell, feed → state",
    "limit": "the limit: bare Trio socket, typed msgspec, one dict merge",
    "cryptofeed": "cryptofeed, ticker callback",
    "ccxt": "ccxt.pro `watch_tickers`",
}


def read(contestant: str, plan: Plan) -> Values:
    """One contestant reads one blast."""
    count = int(plan.of(1.0, 0.4) * MESSAGES[contestant])
    with process("-m", "benchmarks.exchange", "--linear", SYMBOLS, "--blast", count) as exchange:
        port = exchange.read()["port"]
        arguments = (contestant, "--port", port, "--symbols", SYMBOLS, "--count", int(count * 0.98))
        with process("-m", "benchmarks.readers", *arguments) as reader:
            values: Values = reader.read()
        sent = exchange.ask("state")
    return values | {"sender_us": sent["cpu_s"] / count * 1e6}


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    values = interleaved({name: partial(read, name, plan) for name in MESSAGES}, plan.runs(7, 2))
    cost = {name: median(each, "cpu_us") for name, each in values.items()}
    result = Answer(
        1,
        f"Ingest, blast: ticker frames of 320 bytes, {SYMBOLS} symbols, {plan.runs(7, 2)} runs",
        ("reader", "CPU µs/message (min-max)", "× the limit", "× cryptofeed", "messages/s"),
        raw=dict(values),
    )
    for name, each in values.items():
        ratios = (f"{cost[name] / cost['limit']:.2f}", f"{cost[name] / cost['cryptofeed']:.2f}")
        result.rows.append(
            (NAMES[name], spread(each, "cpu_us", 2), *ratios, f"{median(each, 'messages_per_s'):,.0f}")
        )
    result.rows.append(("order-book deltas of 1.5 KB", "not yet: the hub keeps no book", "", "", ""))
    result.bars = [
        Bar("ticker, against cryptofeed", cost["tickwell"] / cost["cryptofeed"], 0.35),
        Bar("ticker, against the limit", cost["tickwell"] / cost["limit"], 1.3),
    ]
    result.notes = [
        "CPU of the reading process between its first message and its last, without start and imports. The "
        "hub's feeds, its state and the channel between them are wired by its own supervisor.",
        "The limit converts and stores the same eight numbers; cryptofeed converts three (bid, ask, time).",
        "The sender prepares its frames; its whole process, start included, cost "
        f"{median(values['limit'], 'sender_us'):.2f} µs/message against the fastest reader.",
    ]
    return result
