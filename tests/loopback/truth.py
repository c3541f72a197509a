"""Simulated exchanges and a hub over real sockets, and what tells whether the hub is right about them.

The exchanges run in a thread of the test's own process, the hub in a process of its own. `Ledger` writes down
every state that a watched book was ever in: a book that the hub calls live must be one of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from unittest.mock import patch

import httpx
import trio

from simulator import Simulator, SimulatorSettings
from tests.lived import LivedClock
from tests.loopback.keys import KEYS, LEVELS, VENUES, exchange_of, key_of
from tests.loopback.ledger import Ledger
from tests.patience import PATIENCE_S
from tests.processes import HubProcess, hub

STALE_AFTER_MIN_S = 3
# How old a book may be that is told as live: what was learned of it may make more of its silence normal.
OUTDATED_MAX_S = 2.0 * STALE_AFTER_MIN_S


@dataclass
class Exchanges:
    """Simulated exchanges that listen."""

    simulator: Simulator
    ledger: Ledger
    port: int


@contextmanager
def exchanges(
    books: Iterable[str] = KEYS, *, traded: Iterable[str] = KEYS, **options: Any
) -> Iterator[Exchanges]:
    """Simulated exchanges in a thread of their own, where `traded` is, with a ledger of these `books`."""
    simulator = Simulator(SimulatorSettings(**{"symbols": 16, "rate": 500.0, **options}))
    _concentrate(simulator, {*traded})
    ledger = Ledger(simulator, books)
    started: SimpleQueue[tuple[int, trio.lowlevel.TrioToken, trio.CancelScope]] = SimpleQueue()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(simulator.serve)
            started.put((port, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(main,), daemon=True)
    with patch.object(simulator.world, "advance", ledger.watching(simulator.world.advance)):
        thread.start()
        port, token, scope = started.get(timeout=PATIENCE_S)
        try:
            yield Exchanges(simulator, ledger, port)
        finally:
            token.run_sync_soon(scope.cancel)
            thread.join(timeout=PATIENCE_S)


def _concentrate(simulator: Simulator, traded: set[str]) -> None:
    """Let only what a test follows trade, all of it equally often: nobody waits for a quiet coin."""
    for each in simulator.world.instruments:
        each.weight = 1.0
        if each.live and key_of(each) not in traded:
            simulator.world.halt(each)


def followed(by_market: dict[str, list[str]], books: int = 2) -> dict[str, str]:
    """The settings that follow these symbols, and the first `books` books of each market all the time."""
    settings = {}
    for market, symbols in by_market.items():
        name = f"TICKWELL_EXCHANGE_{market.replace(':', '_')}".upper()
        settings[name] = ",".join(symbols)
        settings[f"{name}_BOOKS"] = ",".join(symbols[:books])
    return settings


@contextmanager
def running_hub(directory: Path, simulated: Exchanges, **settings: object) -> Iterator[HubProcess]:
    """A hub on the simulated exchanges: quick to tell, to give up waiting, and to come back."""
    quick = {
        "TICKWELL_MARKET_SNAPSHOT_INTERVAL_S": 0.1,
        "TICKWELL_MARKET_STALE_AFTER_MIN_S": STALE_AFTER_MIN_S,
        "TICKWELL_SUPERVISOR_RECONNECT_DELAY_S": 0.2,
        "TICKWELL_SUPERVISOR_RECONNECT_DELAY_MAX_S": 0.5,
    }
    with hub(directory, simulated.port, **(quick | settings)) as running:
        yield running


async def until(complaint: Callable[[], Awaitable[object]]) -> None:
    """Ask again and again until there is nothing to complain of; else fail with the newest complaint."""
    newest: object = "nothing was answered"
    with trio.move_on_after(PATIENCE_S):
        while newest := await complaint():
            await trio.sleep(0.05)
        return
    raise AssertionError(f"still after {PATIENCE_S:.0f} s: {newest}")


@dataclass
class System:
    """The exchanges and the hub as a test talks to them."""

    simulated: Exchanges
    hub: HubProcess
    client: httpx.AsyncClient
    keys: list[str] = field(default_factory=lambda: list(KEYS))

    # The exchanges

    async def inject(self, kind: str, market: str, **details: object) -> None:
        """Let something go wrong in `exchange:market`."""
        fault = {"kind": kind, **VENUES[market]} | details
        (await self._control("POST", "fault", json=fault)).raise_for_status()

    async def heal(self, **wanted: str) -> None:
        """End every fault, or those of one `kind`."""
        (await self._control("POST", "heal", params=wanted)).raise_for_status()

    async def fired(self, kind: str) -> int:
        """How often faults of this kind have acted."""
        state = (await self._control("GET", "state")).json()
        return sum(each["times"] for each in state["faults_fired"] if each["kind"] == kind)

    async def truth(self, key: str) -> dict[str, Any]:
        """What a perfect client would hold."""
        exchange, market, symbol = key.split(":", 2)
        wanted = {"exchange": exchange, "market": market, "symbol": symbol, "depth": LEVELS[exchange]}
        answer: dict[str, Any] = (await self._control("GET", "truth", params=wanted)).json()
        return answer

    @asynccontextmanager
    async def standstill(self) -> AsyncIterator[None]:
        """All is well again, and the world stands still: whatever happened is on its way."""
        await self.heal()
        await self.pause()
        try:
            yield
        finally:
            await self.resume()

    async def resume(self) -> None:
        """Let the world move again."""
        with trio.CancelScope(shield=True):
            await self._control("POST", "resume")

    async def pause(self) -> None:
        """Let the world stand still, whatever is wrong with it."""
        await self._control("POST", "pause")

    async def _control(self, method: str, name: str, **details: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{self.simulated.port}/control/{name}"
        return await self.client.request(method, url, **details)

    # The hub

    async def ask(self, path: str, **query: object) -> httpx.Response:
        """One answer of the hub's REST interface."""
        wanted = {name: str(value) for name, value in query.items()}
        return await self.client.get(f"{self.hub.url}/api/v1/{path}", params=wanted)

    async def data(self, path: str, **query: object) -> Any:
        """The data of an answer."""
        answer = await self.ask(path, **query)
        assert answer.status_code == 200, f"{answer.url}: {answer.text}"
        return answer.json()["data"]

    async def channels(self, channel: str) -> dict[str, dict[str, Any]]:
        """The quality of one channel of every instrument, by key."""
        found = {}
        for exchange in LEVELS:
            for each in await self.data(f"quality/{exchange}", channel=channel):
                found[each["key"]] = each
        return found

    async def markets(self) -> dict[str, dict[str, Any]]:
        """Every market's quality, by `exchange:market`."""
        told = (await self.data("quality"))["markets"]
        return {f"{each['exchange']}:{each['market']}": each for each in told}

    async def holes(self, key: str, channel: str) -> list[dict[str, Any]]:
        """The holes of one channel of one instrument, oldest first."""
        every = (await self.data("quality", limit=500, exchange=exchange_of(key)))["holes"]
        mine = [each for each in every if each["key"] == key and each["channel"] == channel]
        return sorted(mine, key=lambda each: each["from_ts"])

    async def until_live(self, *channels: str, keys: Iterable[str] = ()) -> None:
        """Wait until these channels of all instruments (or of `keys`) are live."""
        wanted = list(keys) or self.keys

        async def lacking() -> list[str]:
            lacks = []
            for channel in channels:
                told = await self.channels(channel)
                for key in wanted:
                    state = told.get(key, {"quality": "not followed", "reason": ""})
                    if state["quality"] != "live":
                        lacks.append(f"{key} {channel}: {state['quality']} ({state['reason']})")
            return lacks

        await until(lacking)

    async def watch_all(self) -> None:
        """Have every book followed, as a reader would: all at once."""
        async with trio.open_nursery() as nursery:
            for key in self.keys:
                nursery.start_soon(self.ask, f"book/{key}")

    # Whether it is right

    async def book_complaint(self, keys: Iterable[str] = ()) -> list[str]:
        """How the books of a world that stands still differ from the truth."""
        found: list[str] = []

        async def compare(key: str) -> None:
            answer = await self.ask(f"book/{key}", depth=LEVELS[exchange_of(key)])
            if answer.status_code != 200:
                found.append(f"{key}: {answer.text}")
                return
            true, told = await self.truth(key), answer.json()["data"]
            for side in ("bids", "asks"):
                if told[side] != true[side]:
                    extra = [each for each in told[side] if each not in true[side]][:3]
                    lost = [each for each in true[side] if each not in told[side]][:3]
                    found.append(f"{key} {side}: has {extra}, lacks {lost}")

        async with trio.open_nursery() as nursery:
            for key in list(keys) or self.keys:
                nursery.start_soon(compare, key)
        return found

    async def until_true(self, keys: Iterable[str] = ()) -> None:
        """Wait until all books are the true ones, in a world that stands still, never for so long that this
        means something."""
        newest: list[str] = []
        with trio.move_on_after(PATIENCE_S):
            while True:
                await self.pause()
                until_s = trio.current_time() + STALE_AFTER_MIN_S / 2
                while (newest := await self.book_complaint(keys)) and trio.current_time() < until_s:
                    await trio.sleep(0.05)
                await self.resume()
                if not newest:
                    return
                await trio.sleep(STALE_AFTER_MIN_S / 2)
        raise AssertionError(f"still after {PATIENCE_S:.0f} s: {newest}")

    @asynccontextmanager
    async def audited(self, *unhurt: str, silenced: Collection[str] = ()) -> AsyncIterator[LivedClock]:
        """Meanwhile, each live book was true just now and never goes back, and `unhurt` ones are always live.

        Those that are `silenced` may be older: how soon that shows depends on what was learned of them. The
        time is what was lived, here and in the hub, which waiting for a processor makes no longer.
        """
        newest: dict[str, int] = {}

        async def audit(key: str) -> None:
            while True:
                answer = await self.ask(f"book/{key}", depth=LEVELS[exchange_of(key)])
                assert answer.status_code in (200, 503), answer.text
                if answer.status_code == 200:
                    book = answer.json()["data"]
                    self._judge(key, book, newest)
                    if key not in silenced:
                        self._judge_age(key, book, lived)
                elif key in unhurt:
                    assert was_kept_waiting(answer.json()["quality"], lived), answer.text
                await trio.sleep(max(0.1, 0.01 * len(self.keys)))

        with LivedClock(self.hub.child.pid) as lived:
            async with trio.open_nursery() as nursery:
                for key in self.keys:
                    nursery.start_soon(audit, key)
                yield lived
                nursery.cancel_scope.cancel()

    def _judge(self, key: str, book: dict[str, Any], newest: dict[str, int]) -> None:
        bids, asks = book["bids"], book["asks"]
        assert book["quality"] == "live"
        assert bids[0][0] < asks[0][0], f"{key} is crossed: {bids[0]} {asks[0]}"
        state = self.simulated.ledger.find(key, bids, asks)
        assert state is not None, f"{key} is told as live, and was never so: {bids[:3]} {asks[:3]}"
        assert state >= newest.get(key, 0), f"{key} went back to what was true before"
        newest[key] = state

    def _judge_age(self, key: str, book: dict[str, Any], lived: LivedClock) -> None:
        outdated_s = lived.since_s(self.simulated.ledger.over_s(key, book["bids"], book["asks"]))
        told = f"{key} of {book['age_ms']} ms ago is told as live"
        assert outdated_s < OUTDATED_MAX_S, f"{told}, and was over {outdated_s:.1f} s ago"


def was_kept_waiting(quality: dict[str, Any], lived: LivedClock) -> bool:
    """Whether a book is stale for the silence of an exchange that had no processor to speak with."""
    silent_since_s = time.monotonic() - quality["age_ms"] / 1000
    return bool(quality["state"] == "stale" and lived.since_s(silent_since_s) < STALE_AFTER_MIN_S)
