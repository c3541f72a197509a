"""Question 9: five hundred symbols and fifty order books at 20,000 messages a second, and all of it right."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from benchmarks.harness import (
    Answer,
    Bar,
    Plan,
    Process,
    Values,
    cpu_s,
    get_json,
    interleaved,
    median,
    process,
    quantile,
    resident_kb,
    spread,
)
from benchmarks.hub import Hub, hub, names, until_settled

SYMBOLS, BOOKS, DEPTH = 500, 50, 50
# Per second: each symbol's ticker, with its best prices, 10 times; 25 trades; each book 50 times.
RATES = {"tickers": 5_000, "trades": 12_500, "books": 2_500}
SHARE_PER_S = 2_500
SETTLE_S = 1.5
LOOK_EVERY_S = 0.2
TOLD_WITHIN_S = 5.0
HISTORY = "TICKWELL_SINK_HISTORY_ENABLED"
FULL, BARE, KEPT = f"{BOOKS} books", "no books", f"{BOOKS} books, history kept"


def follow(books: int, history: str, seconds: float, settle: bool) -> Values:
    """One hub with so many books, and then the comparison with the truth."""
    rates = {name: rate for name, rate in RATES.items() if books or name != "books"}
    shares = ",".join(f"{name}={rate // SHARE_PER_S}" for name, rate in rates.items())
    sender = ("--linear", SYMBOLS, "--rate", sum(rates.values()), "--shares", shares)
    environment: dict[str, Any] = {"TICKWELL_EXCHANGE_BYBIT_LINEAR_BOOKS": names(books), HISTORY: history}
    with (
        process("-m", "benchmarks.exchange", *sender) as exchange,
        hub(exchange.read()["port"], SYMBOLS, **environment) as running,
    ):
        running.until(lambda: running.has_books("linear", books), "the books' start")
        if settle:
            until_settled(exchange)
        time.sleep(SETTLE_S)
        values = window(exchange, running, seconds)
        truth = exchange.ask("finish")
        return values | compare(running, truth)


def window(exchange: Process, running: Hub, seconds: float) -> Values:
    """What the hub spends, and how late it is meanwhile."""
    late_before = running.status()["late_ticks"]
    before, before_s, began_s = exchange.ask("state"), cpu_s(running.pid), time.monotonic()
    lags = []
    while (status := running.status()) and time.monotonic() < began_s + seconds:
        lags.append(status["tick_lag_ms"])
        time.sleep(LOOK_EVERY_S)
    spent_s, took_s = cpu_s(running.pid) - before_s, time.monotonic() - began_s
    after = exchange.ask("state")
    sent = after["sent"] - before["sent"]
    return {
        "cpu_share": spent_s / took_s,
        "cpu_us": spent_s / sent * 1e6,
        "sent_per_s": sent / took_s,
        "lag_p99_ms": quantile(lags, 0.99),
        "late_ticks": status["late_ticks"] - late_before,
        "mb": resident_kb(running.pid) / 1024,
        "sender_share": (after["cpu_s"] - before["cpu_s"]) / took_s,
    }


def compare(running: Hub, truth: dict[str, Any]) -> Values:
    """What the hub has wrong, now that nothing more is sent."""
    holes = sum(running.channel("linear", name)["gaps"] for name in ("book", "trades"))
    unequal = [symbol for symbol, book in truth["books"].items() if not is_equal(running, symbol, book)]
    deadline_s = time.monotonic() + TOLD_WITHIN_S
    while (missing := truth["trades"] - told_trades(running)) and time.monotonic() < deadline_s:
        time.sleep(LOOK_EVERY_S)
    return {
        "books": len(truth["books"]),
        "unequal": len(unequal),
        "trades": truth["trades"],
        "trades_missing": abs(missing),
        "holes": holes,
    }


def is_equal(running: Hub, symbol: str, truth: dict[str, Any]) -> bool:
    """Whether the hub's book is the exchange's, level by level. What is still under way may arrive."""
    wanted = {side: [list(map(float, level)) for level in truth[side]] for side in ("bids", "asks")}
    deadline_s = time.monotonic() + TOLD_WITHIN_S
    while True:
        answer = get_json(running.port, f"/api/v1/book/bybit:linear:{symbol}?depth={DEPTH}")
        book = answer.get("data") or {"u": None}
        if book["u"] == truth["u"] or time.monotonic() > deadline_s:
            return all(book.get(side) == levels for side, levels in wanted.items())
        time.sleep(LOOK_EVERY_S)


def told_trades(running: Hub) -> int:
    """How many different trades the hub counted."""
    trades = running.channel("linear", "trades")
    return int(trades["messages"] - trades["duplicates"])


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    runs, seconds = plan.runs(3), plan.of(20.0, 5.0)
    hubs = {FULL: (BOOKS, "no"), BARE: (0, "no"), KEPT: (BOOKS, "yes")}
    values = interleaved(
        {name: partial(follow, *each, seconds, not plan.quick) for name, each in hubs.items()}, runs
    )
    result = Answer(
        9,
        f"The whole market: {SYMBOLS} symbols with best prices and trades, {runs} runs of {seconds:g} s",
        (
            "hub",
            "sent/s",
            "% of a core (min-max)",
            "CPU µs/message (min-max)",
            "loop lag p99 ms",
            "late ticks",
            "MB",
            "unequal books",
            "trades missing",
        ),
        raw=dict(values),
    )
    for name, each in values.items():
        percent = spread([{"share": run["cpu_share"] * 100} for run in each], "share", 0)
        counted = [f"{worst(each, key):,.0f}" for key in ("unequal", "trades_missing")]
        numbers = (
            f"{median(each, 'lag_p99_ms'):.1f}",
            f"{worst(each, 'late_ticks'):.0f}",
            f"{median(each, 'mb'):.0f}",
        )
        sent = f"{median(each, 'sent_per_s'):,.0f}"
        result.rows.append((name, sent, percent, spread(each, "cpu_us"), *numbers, *counted))
    full, bare, kept = values[FULL], values[BARE], values[KEPT]
    missing = 1 - median(full, "sent_per_s") / sum(RATES.values())
    every = [*full, *bare, *kept]
    result.bars = [
        Bar("books that are not the exchange's, level by level", worst(every, "unequal"), 0.0, f"of {BOOKS}"),
        Bar("trades missing, of all that were sent", worst(every, "trades_missing"), 0.0, ""),
        Bar("holes told in books and trades", worst(every, "holes"), 0.0, ""),
        Bar(f"what the exchange could not send of {sum(RATES.values()):,} msg/s", missing * 100, 1.0, "%"),
        Bar("CPU, of one core", median(full, "cpu_share") * 100, 100.0, "%"),
    ]
    rows = sum(RATES.values()) - RATES["books"]
    row_us = (median(kept, "cpu_us") - median(full, "cpu_us")) * sum(RATES.values()) / rows
    delta_us = (median(full, "cpu_share") - median(bare, "cpu_share")) / RATES["books"] * 1e6
    result.notes = [
        f"Per second {RATES['tickers']:,} tickers with best bid and ask, {RATES['trades']:,} trades, and "
        f"{RATES['books']:,} deltas of {BOOKS} books; without books those are left out. A delta costs "
        f"{delta_us:.0f} µs more than none, the drawing of the books for their readers included.",
        "With the embedded history, every trade and a ticker per symbol and second become rows: "
        f"{row_us:.0f} µs for each message that is no delta.",
        "CPU of the whole hub while nobody is connected but this benchmark, which asks for the status five "
        "times a second: the lag is what the status says. Numbers of what went wrong are of the worst run.",
        f"At the end the sending pauses, and every book is read over REST with {DEPTH} levels per side; the "
        "trades are those that the quality of the market counts, without duplicates. "
        f"The sender took {median(full, 'sender_share') * 100:.0f} % of a core.",
    ]
    return result


def worst(values: list[Values], key: str) -> float:
    """The largest value of any run."""
    return max(each[key] for each in values)
