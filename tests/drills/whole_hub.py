"""What a browser notices when the sinks of its hub fail: nothing, or the table says how much."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from trio_websocket import open_websocket_url

from tests.drills.outages import percentile
from tests.drills.questdb_rig import PASSWORD, USER
from tests.drills.redis_rig import OPTIONS
from tests.processes import HubProcess, hub, simulator
from tests.sinks import questdb_server, redis_server
from tests.sinks.fetch_questdb import NEWEST

HEAD = (
    "| of a whole hub | pause between frames p50 ms | p99 ms | max ms | status p99 ms | "
    "rows accepted | not accounted for |"
)
RULE = "|---|" + "--:|" * 6
STATUS_EVERY_S = 0.25


class Browser:
    """A client of the realtime stream that also asks for the status, and notes how long it waits for both."""

    def __init__(self, tickwell: HubProcess) -> None:
        self._tickwell = tickwell
        self.pauses_s: list[float] = []
        self.answers_s: list[float] = []
        self.off_balance = 0
        self.sinks: list[dict[str, Any]] = []

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """It looks for as long as the block lasts."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read)
            nursery.start_soon(self._ask)
            yield
            nursery.cancel_scope.cancel()

    async def _read(self) -> None:
        async with open_websocket_url(f"{self._tickwell.stream_url}/ws/realtime/bybit") as websocket:
            await websocket.get_message()
            before_s = trio.current_time()
            while True:
                if json.loads(await websocket.get_message())["data"]:
                    now_s = trio.current_time()
                    self.pauses_s.append(now_s - before_s)
                    before_s = now_s

    async def _ask(self) -> None:
        while True:
            began_s = trio.current_time()
            self.sinks = (await self._tickwell.status())["sinks"]
            self.answers_s.append(trio.current_time() - began_s)
            self.off_balance += sum(map(_missing, self.sinks))
            await trio.sleep(STATUS_EVERY_S)

    def line(self, words: str) -> str:
        """A line of the table."""
        pauses, answers = self.pauses_s, self.answers_s
        times = [percentile(pauses, 0.5), percentile(pauses, 0.99), max(pauses), percentile(answers, 0.99)]
        cells = [words, *(f"{time_s * 1000:.0f}" for time_s in times)]
        accepted = " + ".join(f"{sink['accepted']:,}" for sink in self.sinks)
        return f"| {' | '.join(cells)} | {accepted} | {self.off_balance} |"


def _missing(sink: dict[str, Any]) -> int:
    parts = sink["written"] + sink["in_hand"] + sink["outbox_rows"] + sum(sink["dropped"].values())
    return int(sink["accepted"] - parts)


def hub_report(folder: Path, phase_s: float = 60.0) -> Iterator[str]:
    """A hub with all of its sinks: well, then with QuestDB and Redis frozen, killed, and back."""
    yield HEAD
    yield RULE
    roots = [folder / name for name in ("questdb", "redis", "hub")]
    for root in roots:
        root.mkdir(parents=True)
    with (
        questdb_server.running(NEWEST, roots[0], user=USER, password=PASSWORD) as questdb,
        redis_server.running(roots[1], *OPTIONS) as redis,
        simulator(roots[2], "--rate", "2000", "--symbols", "100") as exchange,
        hub(
            roots[2],
            exchange.port,
            TICKWELL_EXCHANGE_BYBIT_LINEAR="*",
            TICKWELL_SINK_QUESTDB_ENABLED="yes",
            TICKWELL_SINK_QUESTDB_URL=questdb.url.replace("//", f"//{USER}:{PASSWORD}@"),
            TICKWELL_SINK_REDIS_ENABLED="yes",
            TICKWELL_SINK_REDIS_URL=redis.url.replace("//", "//:right@"),
        ) as tickwell,
    ):
        trio.run(_until_live, tickwell)
        yield trio.run(_phase, tickwell, "all sinks are well", phase_s)
        questdb.freeze()
        redis.freeze()
        yield trio.run(_phase, tickwell, "QuestDB and Redis are frozen", phase_s)
        questdb.kill()
        redis.kill()
        yield trio.run(_phase, tickwell, "QuestDB and Redis are killed", phase_s)
        questdb.start()
        redis.start()
        yield trio.run(_phase, tickwell, "both are back, and catch up", phase_s)


async def _until_live(tickwell: HubProcess) -> None:
    with trio.fail_after(60):
        await tickwell.until_listening()
        await tickwell.until_states("live", "bybit:linear")


async def _phase(tickwell: HubProcess, words: str, phase_s: float) -> str:
    browser = Browser(tickwell)
    async with browser.looking():
        await trio.sleep(phase_s)
    return browser.line(words)
