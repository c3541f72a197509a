"""Question 11: how quickly history answers over REST: ten million rows, and 5,000 new ones a second."""

from __future__ import annotations

import http.client
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import past
from benchmarks.harness import Answer, Bar, Plan, Process, Values, cpu_s, process, quantile, say
from benchmarks.hub import Hub, hub, until_settled
from benchmarks.wire import symbol

# A ticker has at most five rows a second, a trade one: about 5,000 rows, of the first instruments there are.
RATE, SHARES, FOLLOWED = 5_000, "tickers=1,trades=4", 200
CYCLE_S = 1.1  # what was answered is kept for a second
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LIMIT = 5_000
BARS_MS = {"latest": 5.0, "a day of 1 m bars": 20.0, "24 h stats": 50.0}
TIMES_PER_CYCLE = {
    "latest": 1, "1 h of ticks": 1, "a day of 1 m bars": 3, "a week of 1 m bars": 1, "24 h stats": 3
}  # fmt: skip
ROWS = {
    "latest": past.INSTRUMENTS, "1 h of ticks": 3600, "a day of 1 m bars": 1440, "a week of 1 m bars": 10_080,
    "24 h stats": 1,
}  # fmt: skip


HEAD = ("question", "rows", "asked", "p50 ms", "p99 ms", "max ms", "again p50 ms", "again p99 ms")
SETTLED_WITHIN_S = 600.0  # the past of so many instruments is asked for slowly


class Run(NamedTuple):
    """Each question's times in ms, asked for the first time and asked again, and what the hub did."""

    first: dict[str, list[float]]
    again: dict[str, list[float]]
    values: Values


class Client:
    """One connection that is kept, and questions that nobody has asked before."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._draw = random.Random(7)
        self.began_ms = int(time.time() * 1000)

    def get(self, path: str) -> tuple[float, dict[str, Any]]:
        """How many ms it took until the whole answer was there, and what it says."""
        began_s = time.perf_counter()
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read()
        took_ms = (time.perf_counter() - began_s) * 1e3
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
        return took_ms, json.loads(body)

    def question(self, name: str) -> str:
        """The path of a question, about another instrument and another time than the last."""
        liquid = symbol(self._draw.randrange(past.LIQUID))
        match name:
            case "latest":
                return "/api/prices/latest"
            case "24 h stats":
                return f"/api/prices/{liquid}/FUTURES/stats?window={86_400 - self._draw.randrange(60)}s"
            case "1 h of ticks":
                return self._history("tickers", liquid, HOUR_MS, 24 * HOUR_MS)
            case "a day of 1 m bars":
                name = symbol(self._draw.randrange(past.WITH_BARS))
                return self._history("bars", name, DAY_MS, past.BAR_DAYS * DAY_MS)
        name = symbol(self._draw.randrange(past.WITH_BARS))
        return self._history("bars", name, past.BAR_DAYS * DAY_MS, past.BAR_DAYS * DAY_MS)

    def _history(self, kind: str, name: str, span_ms: int, within_ms: int) -> str:
        """A stretch of so many ms, anywhere within so many before the benchmark began."""
        to_ms = self.began_ms - self._draw.randrange(within_ms - span_ms + 1)
        interval = "interval=1m&" if kind == "bars" else ""
        span = f"from={to_ms - span_ms}&to={to_ms}&limit={LIMIT}"
        return f"/api/v1/{kind}/bybit:linear:{name}/history?{interval}{span}"


def ask(client: Client, path: str) -> tuple[float, int]:
    """Ask until there is no more: the time of all pages in ms, and how many rows came."""
    rows, total_ms, cursor = 0, 0.0, ""
    while True:
        took_ms, answer = client.get(path + cursor)
        total_ms += took_ms
        rows += answer["meta"].get("count", 1)
        if not answer["meta"].get("has_more"):
            return total_ms, rows
        cursor = f"&cursor={answer['meta']['next_cursor']}"


def cycles(client: Client, seconds: float) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """All questions in turns, in ms: asked for the first time, and asked again at once."""
    first: dict[str, list[float]] = {name: [] for name in ROWS}
    again: dict[str, list[float]] = {name: [] for name in ROWS}
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        next_s = time.monotonic() + CYCLE_S
        for name, times in TIMES_PER_CYCLE.items():
            for _ in range(times):
                path = client.question(name)
                took_ms, rows = ask(client, path)
                if rows < 0.9 * ROWS[name]:
                    raise RuntimeError(f"{path} has {rows} rows instead of {ROWS[name]}")
                first[name].append(took_ms)
                again[name].append(ask(client, path)[0])
        time.sleep(max(0.0, next_s - time.monotonic()))
    return first, again


@contextmanager
def hub_with_a_past() -> Iterator[tuple[Hub, Process]]:
    """A hub that goes on writing the prepared file, and its exchange."""
    sender = ("--linear", FOLLOWED, "--rate", RATE, "--shares", SHARES)
    with tempfile.TemporaryDirectory() as folder:
        past.prepare(Path(folder) / "history.db")
        settings: dict[str, Any] = {
            "TICKWELL_SINK_HISTORY_ENABLED": "yes",
            "TICKWELL_DATA_DIRECTORY": folder,
            "TICKWELL_SINK_HISTORY_HISTORY_INTERVAL_S": 0,
        }
        with (
            process("-m", "benchmarks.exchange", *sender) as exchange,
            hub(exchange.read()["port"], FOLLOWED, **settings) as running,
        ):
            yield running, exchange


def history_of(running: Hub) -> dict[str, Any]:
    """What the hub says about its history."""
    return next(sink for sink in running.status()["sinks"] if sink["name"] == "history")


def run(seconds: float, settle: bool) -> Run:
    """Every time that was taken, and what the hub did meanwhile."""
    with hub_with_a_past() as (running, exchange):
        if settle:
            say("  waiting until the hub has asked for the past of all instruments")
            until_settled(exchange, SETTLED_WITHIN_S)
        client = Client(running.port)
        cycles(client, 2 * CYCLE_S)
        before, began_s, before_s = history_of(running), time.monotonic(), cpu_s(running.pid)
        first, again = cycles(client, seconds)
        after, took_s = history_of(running), time.monotonic() - began_s
        spent_s = cpu_s(running.pid) - before_s
    values = {
        "rows_per_s": (after["written"] - before["written"]) / took_s,
        "waiting": after["outbox_rows"] + sum(after["dropped"].values()),
        "cpu_share": spent_s / took_s,
    }
    return Run(first, again, values)


def row_of(name: str, found: Run) -> tuple[str, ...]:
    """One line of the table."""
    first, again = found.first[name], found.again[name]
    times_ms = (
        quantile(first, 0.5), quantile(first, 0.99), max(first), quantile(again, 0.5), quantile(again, 0.99)
    )  # fmt: skip
    return (name, f"{ROWS[name]:,}", str(len(first)), *(f"{each:.1f}" for each in times_ms))


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    seconds = plan.of(180.0, 10.0)
    found = run(seconds, not plan.quick)
    rows, size = past.size()
    title = f"Questions over {rows / 1e6:.1f} million rows while 5,000 a second arrive, {seconds:g} s"
    result = Answer(11, title, HEAD, raw={"first": found.first, "again": found.again, "hub": found.values})
    result.rows = [row_of(name, found) for name in ROWS]
    result.bars = [
        Bar(f"{name}, p99", quantile(found.first[name], 0.99), limit, "ms") for name, limit in BARS_MS.items()
    ]
    result.bars.append(Bar("rows that were lost or had to wait on disk", found.values["waiting"], 0.0, ""))
    result.notes = notes(found.values, size)
    return result


def notes(values: Values, size: int) -> list[str]:
    """What the table means."""
    return [
        f"SQLite, {size / 1e6:,.0f} MB, in the page cache: {past.INSTRUMENTS} instruments, {FOLLOWED} of "
        f"them live; of {past.LIQUID} a ticker and a trade every second of {past.HOURS} hours, and a week "
        f"of minute bars of {past.WITH_BARS}. Questions about ticks and stats are about those {past.LIQUID}.",
        "A hub as users run it; one client asks one question after the other over a connection that is kept, "
        "each about another instrument and another stretch of time, `latest` when what is kept of it has "
        f"expired. `again` is the same question at once. A week takes three pages of {LIMIT:,} bars.",
        f"Meanwhile {values['rows_per_s']:,.0f} rows were written per second; the hub took "
        f"{values['cpu_share'] * 100:.0f} % of a core for all of it.",
    ]
