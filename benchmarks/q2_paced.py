"""Question 2: what steady messages over five connections cost the hub, read in batches or one by one."""

from __future__ import annotations

import time
from functools import partial

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
    unread_bytes,
)
from benchmarks.hub import Hub, hub, until_settled
from benchmarks.latency import ages_s
from benchmarks.q3_fanout import crowd

LINEAR, SPOT = 60, 40  # three connections and two: see `split_hub`
SHARES = {"tickers": 3, "quotes": 2, "trades": 3, "books": 2}
RATES = (5_000, 20_000)
SETTLE_S = 1.5  # until a hub that is too slow has filled every buffer
WATCHED_S = 0.6
NAMES = {"batched": "Tickwell", "plain": "the same hub on trio-websocket"}
BOOKS = {
    "TICKWELL_MARKET_BOOKS_MAX": LINEAR,
    "TICKWELL_EXCHANGE_BYBIT_LINEAR_BOOKS": "*",
    "TICKWELL_EXCHANGE_BYBIT_SPOT_BOOKS": "*",
}


def read(kind: str, rate: int, seconds: float) -> Values:
    """One hub at one rate."""
    shares = ",".join(f"{name}={share}" for name, share in SHARES.items())
    sender = ("--linear", LINEAR, "--spot", SPOT, "--rate", rate, "--shares", shares)
    program = ("-m", "benchmarks.split_hub", kind)
    with process("-m", "benchmarks.exchange", *sender) as exchange:
        port = exchange.read()["port"]
        with hub(port, LINEAR, SPOT, program, **BOOKS) as running:
            running.until(lambda: has_all_books(running), "the books' start")
            until_settled(exchange)
            time.sleep(SETTLE_S)
            return window(exchange, port, running, seconds) | watched(running, rate)


def has_all_books(running: Hub) -> bool:
    """Whether every book is live."""
    return running.has_books("linear", LINEAR) and running.has_books("spot", SPOT)


def window(exchange: Process, port: int, running: Hub, seconds: float) -> Values:
    """What the hub spends, and for how many messages."""
    before, before_s, began_s = Sent(exchange, port), cpu_s(running.pid), time.monotonic()
    time.sleep(seconds)
    spent_s, took_s = cpu_s(running.pid) - before_s, time.monotonic() - began_s
    after = Sent(exchange, port)
    heard = after.read_since(before)
    return {
        "cpu_share": spent_s / took_s,
        "cpu_us": spent_s / heard * 1e6,
        "sent_per_s": (after.messages - before.messages) / took_s,
        "heard_per_s": heard / took_s,
        "connections": after.connections,
    }


class Sent:
    """What the exchange has sent at one moment, and what of it nobody had read by then."""

    def __init__(self, exchange: Process, port: int) -> None:
        state = exchange.ask("state")
        self.unread_bytes = unread_bytes(port)
        self.messages: int = state["sent"]
        self.bytes: int = state["sent_bytes"]
        self.connections: int = state["connections"]

    def read_since(self, earlier: Sent) -> float:
        """How many messages the hub has taken since then: a slow one leaves some to the kernel."""
        messages, size = self.messages - earlier.messages, self.bytes - earlier.bytes
        return messages * (1 - (self.unread_bytes - earlier.unread_bytes) / size)


def watched(running: Hub, rate: int) -> Values:
    """How old tickers are when a client has them, and what was missed of the books."""
    tickers_per_s = rate * SHARES["tickers"] / sum(SHARES.values())
    with crowd(running.port, "/ws/realtime/bybit?market=linear&mode=changes", 1, "--watch") as watcher:
        time.sleep(WATCHED_S)
        ages = ages_s(watcher, (LINEAR + SPOT) / tickers_per_s)
    gaps = sum(running.channel(market, "book")["gaps"] for market in ("linear", "spot"))
    return {"age_p99_ms": quantile(ages, 0.99) * 1e3, "gaps": gaps}


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    rates = RATES[1:] if plan.quick else RATES
    runs, seconds = plan.runs(), plan.of(4.0, 1.0)
    result = Answer(
        2,
        f"Ingest, paced: five connections, the whole market, sent one by one, {runs} runs of {seconds:g} s",
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
    result.bars.append(Bar("holes in books", max(each["gaps"] for each in values["batched"]), 0.0, ""))
    result.notes = [
        "CPU of the whole hub, web and snapshots included. Of ten messages three are tickers, three trades, "
        f"two quotes, and two order-book deltas of 1.5 KB, of {LINEAR + SPOT} instruments; all books are "
        "followed. TCP drops nothing: a slow hub slows the exchange down.",
        "`read/s` is what was sent, less what the kernel holds more than before: whoever reads less than is "
        "sent is at its limit, and its cost counts per message read. The age is that of a ticker when a "
        "client has it, or a newer one of its symbol; the snapshot interval of 200 ms is in it.",
    ]
    return result
