"""Question 10: what it costs to keep a row in SQLite, QuestDB and Redis, and whether 20,000/s are kept up."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from benchmarks.harness import Answer, Bar, Plan, Values, cpu_s, interleaved, median, process, say, spread
from benchmarks.rows import ROWS_PER_S, SYMBOLS
from benchmarks.stores import STORES, Store
from tests.sinks.fetch_questdb import NotToBeHad

WAYS = {"tickwell": "Tickwell", "loop": "a plain loop"}
SECONDS = {"sqlite": 100.0, "questdb": 60.0, "redis": 30.0}
PACED_S = 90.0
SHARE_MAX, QUESTDB_ROWS_PER_S = 0.6, 100_000
PACED = "SQLite, 20,000 rows/s"
HEAD = (
    "into", "by", "rows/s (min-max)", "CPU µs/row (min-max)", "× the loop", "server's CPU µs/row",
    "applied after s",
)  # fmt: skip


def keep(name: str, way: str, seconds: float, store: Store | None = None, paced: bool = False) -> Values:
    """One process that keeps the rows of so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [name, way, "--seconds", seconds, "--directory", folder, *(["--paced"] if paced else [])]
        if store is None:
            with process("-m", "benchmarks.keeping", *arguments) as child:
                return child.read()
        before_s = cpu_s(store.pid)
        with process("-m", "benchmarks.keeping", *arguments, "--url", store.url) as child:
            values: Values = child.read()
        applied_s = store.settle()
        spent_s = cpu_s(store.pid) - before_s
        return values | {"server_us": spent_s / values["rows"] * 1e6, "applied_s": applied_s}


@contextmanager
def stores() -> Iterator[tuple[dict[str, Store], list[str]]]:
    """The servers that this machine has, and why others are missing."""
    found, missing = {}, []
    with ExitStack() as stack:
        for name, start in STORES.items():
            try:
                found[name] = stack.enter_context(start())
            except NotToBeHad as reason:
                missing.append(f"{name} is left out: {reason}.")
                say(f"  {missing[-1]}")
        yield found, missing


def measured(plan: Plan) -> tuple[dict[str, list[Values]], dict[str, Store], list[str]]:
    """All runs, the servers they were against, and what is missing."""
    share = plan.of(1.0, 0.2)
    with stores() as (found, missing):
        values: dict[str, list[Values]] = {}
        for name in ("sqlite", *found):
            if name in found:
                say(f"  warming {name} up")
                keep(name, "loop", SECONDS[name] * share, found[name])
            ways = {
                f"{name} {way}": partial(keep, name, way, SECONDS[name] * share, found.get(name))
                for way in WAYS
            }
            values |= interleaved(ways, plan.runs(3))
        paced = {PACED: partial(keep, "sqlite", "tickwell", PACED_S * share, paced=True)}
        return values | interleaved(paced, plan.runs(3)), found, missing


def row_of(values: Mapping[str, list[Values]], name: str, way: str, into: str) -> tuple[str, ...]:
    """One line of the table."""
    each, loop = values[f"{name} {way}"], values[f"{name} loop"]
    rates = [run["rows_per_s"] for run in each]
    server = "applied_s" in each[0]
    return (
        into,
        WAYS[way],
        f"{median(each, 'rows_per_s'):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})",
        spread(each, "cpu_us"),
        f"{median(each, 'cpu_us') / median(loop, 'cpu_us'):.2f}",
        f"{median(each, 'server_us'):.1f}" if server else "",
        f"{median(each, 'applied_s'):.1f}" if server else "",
    )


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    values, found, missing = measured(plan)
    result = Answer(10, f"Rows kept, of {SYMBOLS} instruments, {plan.runs(3)} runs", HEAD, raw=values)
    for name, into in {"sqlite": "SQLite", **{name: store.name for name, store in found.items()}}.items():
        result.rows += [row_of(values, name, way, into) for way in WAYS]
    paced = values[PACED]
    lost = max(run["not_written"] for run in paced)
    result.bars = [
        Bar(
            f"SQLite, CPU at {ROWS_PER_S:,} rows/s, of one core",
            worst(paced, "cpu_share") * 100,
            SHARE_MAX * 100,
            "%",
        ),
        Bar(f"SQLite, rows that were lost at {ROWS_PER_S:,} rows/s", lost, 0.0, ""),
        Bar("SQLite, CPU per row, flat out", median(values["sqlite tickwell"], "cpu_us"), 25.0, "µs"),
    ]
    if "questdb" in found:
        per_row_us = 1e6 / median(values["questdb tickwell"], "rows_per_s")
        limit_us = 1e6 / QUESTDB_ROWS_PER_S
        result.bars.append(
            Bar(f"QuestDB, time per row ({QUESTDB_ROWS_PER_S:,} rows/s)", per_row_us, limit_us, "µs")
        )
    result.notes = [*notes(paced), *missing]
    return result


def notes(paced: list[Values]) -> list[str]:
    """What the table means."""
    waited = " / ".join(f"{run['waited_on_disk']:,.0f}" for run in paced)
    return [
        "Rows as in `benchmarks/rows.py`: 30 % tickers, 70 % trades, and each minute's bars; Redis gets the "
        "tickers. They are made beforehand. CPU of the whole writing process from the first row to the last "
        "durable one, by way of the persist actor and its sink, or a plain loop with the same "
        "client (`benchmarks/loops.py`) in the same batches of 5,000, with one key per row and as durable.",
        "QuestDB has a row when it is in its write-ahead log; `applied after` is when readers saw the last "
        "one. Server and writer share this machine; a server has taken rows before it is measured.",
        f"At {ROWS_PER_S:,} rows/s for {median(paced, 'took_s'):.0f} s, offered ten times a second, SQLite "
        f"takes {median(paced, 'cpu_us'):.1f} µs of CPU per row. In the outbox waited, while the disk was "
        f"busy, {waited} rows of the runs.",
    ]


def worst(values: list[Values], key: str) -> float:
    """The largest value of any run."""
    return max(each[key] for each in values)
