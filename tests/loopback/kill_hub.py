"""kill -9 of a whole hub at random points, under load: its history against the exchanges' own tapes.

`drill` is the whole of it. In half of the lives the database is locked by a stranger when the kill comes, so
that rows wait in the outbox.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import trio

from actors.market.rows import TradeRow
from tests.lived import LivedClock
from tests.loopback.kill_books import Kept, in_outbox
from tests.patience import HANGS_AFTER_S, PATIENCE_S
from tests.processes import NEVER_FORCED, HubProcess, SimulatorProcess, hub, simulator

MARKETS = {"bybit": ("linear", "spot"), "binance": ("spot",)}
KEYS = [
    f"{exchange}:{market}:{coin}USDT"
    for exchange, markets in MARKETS.items()
    for market in markets
    for coin in ("BTC", "XRP")
]
SETTINGS = """
[sink:history]
history_interval_s = 0
[exchange:bybit]
linear = *
spot = *
[exchange:binance]
spot = *
"""
SAFE_AFTER_S = 1.3  # what was told so long ago is kept: `flush_interval_s`, and what a busy disk adds
UNDER_WAY_S = 2.0  # a gap begins that much before the last moment of which all is safe
SETTLED_S = 1.0  # after all markets are live, until every symbol's trades are told

Facts: TypeAlias = tuple[int, float, float, str]  # ts in ms, price, size, side


@dataclass
class Span:
    """When one life was live, and when it ended, in ns. `told` are the trades that it told of so long before
    that they must have been kept."""

    ended_ns: int
    live_ns: int | None = None
    rows: int = 0
    waiting: int = 0
    told: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Outcome:
    """What the kills came to: `complaints` are broken promises, all else are figures."""

    kills: int
    accepted: int
    rows_per_s: float
    trades: int
    missing: int
    oldest_missing_s: float
    waiting: int
    complaints: list[str]


class Drill:
    """The lives of one hub, and the truth about the trades of its exchanges."""

    def __init__(self, directory: Path, exchange: SimulatorProcess, draw: random.Random) -> None:
        self.directory, self.exchange, self.draw = directory, exchange, draw
        self.truth: dict[str, dict[str, Facts]] = defaultdict(dict)
        self.spans: list[Span] = []
        self.rates: list[float] = []
        self.complaints: list[str] = []

    async def live(self, number: int, end: int, life_s: tuple[float, float]) -> None:
        """One life: some die before they are live, the others under load."""
        settings = self.directory / "settings.ini"
        given = "--settings", str(settings)
        with hub(self.directory, self.exchange.port, *given, **NEVER_FORCED) as tickwell:
            if number % 5 == 4 and end == signal.SIGKILL:
                await trio.sleep(self.draw.uniform(0.1, 2.0))
                await self._end(tickwell, Span(time.time_ns()), end)
                return
            await until_producing(tickwell)
            span = Span(0, time.time_ns())
            await trio.sleep(SETTLED_S)  # at first, what the exchanges tell of the past comes as well
            before = await sink_of(tickwell)
            began_s = time.monotonic()
            with locked(self.directory / "data" / "history.db", number % 2 == 1 and end == signal.SIGKILL):
                await trio.sleep(self.draw.uniform(*life_s))
                after = await sink_of(tickwell)
                self.rates.append((after["accepted"] - before["accepted"]) / (time.monotonic() - began_s))
                span.told = {
                    (key, each["trade_id"]) for key in KEYS for each in await trades_of(tickwell, key)
                }
                if end == signal.SIGKILL:
                    await lived_on(tickwell, SAFE_AFTER_S)
                last = await sink_of(tickwell)
                span.rows, span.waiting = last["accepted"], last["outbox_rows"]
                await self._end(tickwell, span, end)

    async def _end(self, tickwell: HubProcess, span: Span, end: int) -> None:
        span.ended_ns = time.time_ns()
        code = await tickwell.signal_and_wait(end)
        if code not in (0, -signal.SIGKILL):
            self.complaints.append(f"life {len(self.spans)} ended with {code}: {tickwell.log.read_text()}")
        self.spans.append(span)
        await self._read_truth()

    async def _read_truth(self) -> None:
        async with httpx.AsyncClient(base_url=self.exchange.url, timeout=PATIENCE_S) as client:
            for key in KEYS:
                wanted = dict(zip(("exchange", "market", "symbol"), key.split(":"), strict=True))
                answer = (await client.get("/control/truth", params={**wanted, "depth": "1"})).json()
                self.truth[key] |= {each["id"]: facts_of(each, "time_ms") for each in answer["trades"]}

    def outcome(self) -> Outcome:
        """Compare everything. The last life ended in order."""
        data = self.directory / "data"
        kept, history = Kept.of(data, trades=False), history_of(data)
        missing = [
            (facts, age_s)
            for key, true in self.truth.items()
            for number, facts in true.items()
            if number not in history[key] and (age_s := self._age_s(facts)) is not None
        ]
        return Outcome(
            kills=len(self.spans) - 1,
            accepted=sum(span.rows for span in self.spans),
            rows_per_s=sum(self.rates) / len(self.rates),
            trades=sum(len(true) for true in self.truth.values()),
            missing=len(missing),
            oldest_missing_s=max((age_s for _, age_s in missing), default=0.0),
            waiting=max(span.waiting for span in self.spans),
            complaints=[
                *self.complaints,
                *kept.damage,
                *self._broken(data, history),
                *(
                    f"missing, {age_s:.2f} s before a kill, and in no gap record: {facts}"
                    for facts, age_s in missing
                    if age_s <= UNDER_WAY_S and not kept.is_told(facts[0] * 1_000_000)
                ),
            ],
        )

    def _broken(self, data: Path, history: dict[str, dict[str, Facts]]) -> Iterator[str]:
        """What is lost, twice, or not as it was."""
        for key, count in doubles(data):
            yield f"{key}: {count} trades are there twice"
        for number, span in enumerate(self.spans):
            lost = [each for each in span.told if each[1] not in history[each[0]]]
            if lost:
                yield f"life {number}: {len(lost)} trades were told of, and are lost, such as {min(lost)}"
        for key, true in self.truth.items():
            for trade_id, facts in true.items():
                if history[key].get(trade_id, facts) != facts:
                    yield f"{key} {trade_id}: kept {history[key][trade_id]}, true is {facts}"

    def _age_s(self, facts: Facts) -> float | None:
        """How long before a kill a trade happened; `None` if the hub did not follow it then."""
        ts = facts[0] * 1_000_000
        for span in self.spans[:-1]:
            if span.live_ns is not None and span.live_ns + SETTLED_S * 1e9 <= ts < span.ended_ns:
                return (span.ended_ns - ts) / 1e9
        return None


async def drill(
    directory: Path, kills: int, messages_per_s: int, symbols: int, seed: int, life_s: tuple[float, float]
) -> Outcome:
    """Kill so many lives of a hub, let the last one end in order, and compare. `symbols` is per market."""
    (directory / "settings.ini").write_text(SETTINGS)
    with simulator(directory, "--rate", str(messages_per_s), "--symbols", str(symbols)) as exchange:
        lives = Drill(directory, exchange, random.Random(seed))
        for number in range(kills):
            await lives.live(number, signal.SIGKILL, life_s)
        await lives.live(kills, signal.SIGTERM, life_s)
        return lives.outcome()


@contextmanager
def locked(path: Path, is_so: bool) -> Iterator[None]:
    """Somebody else writes to the database, and takes his time."""
    if not is_so:
        yield
        return
    with closing(sqlite3.connect(path, timeout=5.0, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield
        stranger.execute("ROLLBACK")


async def until_producing(tickwell: HubProcess) -> None:
    """Wait until every symbol of every market has spoken."""
    await tickwell.until_listening()
    with trio.fail_after(PATIENCE_S):
        while True:
            markets = (await tickwell.status())["markets"]
            if markets and all(0 < each["symbols_wanted"] <= each["symbols_producing"] for each in markets):
                return
            await trio.sleep(0.25)


async def lived_on(tickwell: HubProcess, for_s: float) -> None:
    """Wait until the hub has lived so long, without the time in which it waited for a processor or a disk."""
    began_s = time.monotonic()
    with LivedClock(tickwell.child.pid, disks=True) as lived, trio.fail_after(HANGS_AFTER_S):
        while (left_s := for_s - lived.since_s(began_s)) > 0:
            await trio.sleep(left_s)


async def sink_of(tickwell: HubProcess) -> dict[str, Any]:
    """The embedded history, as the status tells it."""
    [found] = (await tickwell.status())["sinks"]
    assert isinstance(found, dict)
    return found


async def trades_of(tickwell: HubProcess, key: str) -> list[dict[str, Any]]:
    """The newest trades that the hub tells of."""
    answer = await tickwell.get(f"/api/v1/trades/{key}?limit=500")
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def facts_of(trade: dict[str, Any], time_name: str) -> Facts:
    """What must be right about a trade."""
    return trade[time_name], trade["price"], trade["size"], trade["side"]


def history_of(data: Path) -> dict[str, dict[str, Facts]]:
    """The trades of the watched keys, in the history or on their way to it: a stop does not wait for all."""
    found: dict[str, dict[str, Facts]] = defaultdict(dict)
    query = "SELECT exchange, market, symbol, trade_id, timestamp / 1000000, price, size, side FROM trades"
    with closing(sqlite3.connect(data / "history.db")) as database:
        for exchange, market, symbol, number, *facts in database.execute(query):
            found[f"{exchange}:{market}:{symbol}"][number] = (facts[0], facts[1], facts[2], facts[3])
    waiting, _ = in_outbox(data / "outbox" / "history.db")
    for row in waiting:
        if isinstance(row, TradeRow):
            facts_told = (row.ts // 1_000_000, row.price, row.size, row.side)
            found[f"{row.exchange}:{row.market}:{row.symbol}"].setdefault(row.trade_id, facts_told)
    return found


def doubles(data: Path) -> list[tuple[str, int]]:
    """Instruments of which a trade is there more than once, under any time."""
    query = (
        "SELECT exchange || ':' || market || ':' || symbol, count(*) - count(DISTINCT trade_id) AS more"
        " FROM trades GROUP BY exchange, market, symbol HAVING more"
    )
    with closing(sqlite3.connect(data / "history.db")) as database:
        return database.execute(query).fetchall()
