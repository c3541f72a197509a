"""Two hundred connections that break at random, under load: in the end the client has what is true.

Every trade once and in order, every book level, the newest of every ticker and bar; and where the ring does
not reach back so far, the hub says so.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import trio_websocket

from tests.loopback.keys import BY_MARKET, LEVELS, exchange_of
from tests.loopback.stream_picture import Picture
from tests.loopback.tapes import difference
from tests.loopback.truth import Exchanges, System, exchanges, followed, running_hub, until
from tests.patience import HANGS_AFTER_S, PATIENCE_S
from tests.processes import HubProcess

pytestmark = pytest.mark.loopback

MARKETS = ("bybit:linear", "bybit:spot", "hyperliquid:linear")
FOLLOWED = {market: BY_MARKET[market] for market in MARKETS}
KEYS = [f"{market}:{symbol}" for market, symbols in FOLLOWED.items() for symbol in symbols]
CLIENTS, DISCONNECTS = 4, 50
RING_TRADES = 300
EVER = 10**9
CHANNELS: dict[str, dict[str, Any]] = {
    "trades": {"symbols": KEYS},
    "book": {"symbols": KEYS, "depth": 20},
    "ticker": {"symbols": ["*"], "changes_only": True},
    "bars": {"symbols": KEYS, "interval": "1s"},
}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Exchanges]:
    with exchanges([], traded=KEYS, rate=300.0) as running:
        yield running


@pytest.fixture
async def system(
    request: pytest.FixtureRequest, tmp_path: Path, simulated: Exchanges
) -> AsyncIterator[System]:
    """With settings of its own, where the test has some."""
    settings = followed(FOLLOWED, books=4) | getattr(request, "param", {})
    settings["TICKWELL_MARKET_STALE_AFTER_MIN_S"] = "30"  # for the world stands still while we look at it
    with running_hub(tmp_path, simulated, **settings) as tickwell:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            running = System(simulated, tickwell, client, KEYS)
            await running.hub.until_listening()
            await running.until_live("ticker", "trades", "book")
            yield running


class Nomad:
    """A client that is thrown out again and again, and goes on where it was."""

    def __init__(self, hub: HubProcess, seed: int) -> None:
        self._url = f"{hub.stream_url}/ws"
        self._random = random.Random(seed)
        self.pictures = {channel: Picture(channel) for channel in CHANNELS}
        self.recovered: list[bool] = []
        self.torn = 0

    async def wander(self, times: int) -> None:
        """Be connected, and thrown out without a word, so many times."""
        for _ in range(times):
            await self.visit(self._random.randrange(1, 40))
            await trio.sleep(self._random.random() * 0.05)

    async def visit(self, messages: int, for_s: float = math.inf) -> None:
        """Stay for so many messages, and so many seconds at most."""
        async with trio.open_nursery() as nursery:
            connection = await trio_websocket.connect_websocket_url(nursery, self._url)
            channels: dict[int, str] = {}
            for channel in self._random.sample(sorted(CHANNELS), len(CHANNELS)):
                picture = self.pictures[channel]
                picture.connected()
                params = {"channel": channel, **CHANNELS[channel]}
                if picture.frames:
                    params["resume"] = picture.resume
                request = {"method": "subscribe", "params": params, "req_id": channel}
                await connection.send_message(json.dumps(request))
            try:
                with trio.move_on_after(for_s):
                    for _ in range(messages):
                        self._hear(await next_message(connection), channels)
            finally:
                await trio.aclose_forcefully(connection._stream)
            self.torn += 1
            nursery.cancel_scope.cancel()

    def _hear(self, message: dict[str, Any], channels: dict[int, str]) -> None:
        if "method" in message:
            assert message["success"], message
            channels[message["result"]["sub"]] = message["req_id"]
            if self.pictures[message["req_id"]].frames:
                self.recovered.append(message["result"]["recovered"])
        elif "seq" in message:
            self.pictures[channels[message["sub"]]].take(message)
        elif message.get("type") == "gap":
            assert message["data"]["reason"] != "slow_consumer", f"something was missed: {message}"


async def next_message(connection: trio_websocket.WebSocketConnection) -> Any:
    """The next message."""
    with trio.fail_after(PATIENCE_S):
        return json.loads(await connection.get_message())


async def test_what_a_client_has_after_two_hundred_disconnects_is_true(system: System) -> None:
    nomads = [Nomad(system.hub, seed) for seed in range(CLIENTS)]
    with trio.fail_after(HANGS_AFTER_S):
        async with trio.open_nursery() as nursery:
            for nomad in nomads:
                nursery.start_soon(nomad.wander, DISCONNECTS)
    async with system.standstill():
        for nomad in nomads:
            await until(lambda nomad=nomad: settled(system, nomad))  # type: ignore[misc]
    assert sum(nomad.torn for nomad in nomads) >= CLIENTS * DISCONNECTS
    for nomad in nomads:
        assert nomad.recovered and all(nomad.recovered)
        told = len(nomad.pictures["trades"].events)
        assert told > 500, f"only {told} trades were told: the drill proves little"
        assert {each.snapshots for each in nomad.pictures.values()} == {1}


async def settled(system: System, nomad: Nomad) -> list[str]:
    """How what a client has differs from what is true, in a world that stands still."""
    await nomad.visit(EVER, for_s=1.0)
    found = await rest_complaint(
        system, nomad
    )  # first: changes over a minute go on while all else stands still
    for key in KEYS:
        true = await system.truth(key)
        found += trade_complaint(key, nomad.pictures["trades"], true["trades"])
        book = nomad.pictures["book"].levels(key)
        depth = min(20, LEVELS[exchange_of(key)])
        found += [f"{key} {side} differ" for side in book if book[side] != true[side][:depth]]
    return found


def trade_complaint(key: str, picture: Picture, true: list[dict[str, Any]]) -> list[str]:
    """Every trade from the first that it was told, once and in order. What the hub fetched later may come
    later, and says so."""
    told = [each for each in picture.events if each["key"] == key]
    place = {each["id"]: index for index, each in enumerate(true)}
    ids = [each["trade_id"] for each in told]
    if len(set(ids)) != len(ids):
        return [f"{key}: a trade came twice"]
    live = [each for each in told if not each["backfill"] and each["trade_id"] in place]
    if not live:
        return [f"{key}: no trade was told"]
    first = place[live[0]["trade_id"]]
    if live != sorted(live, key=lambda each: place[each["trade_id"]]):
        return [f"{key}: trades are out of order"]
    known = [each for each in told if place.get(each["trade_id"], -1) >= first]
    complaint = difference(sorted(known, key=lambda each: place[each["trade_id"]]), true[first:])
    return [f"{key}: {complaint}"] if complaint else []


async def rest_complaint(system: System, nomad: Nomad) -> list[str]:
    """Tickers and bars are those of REST."""
    found = []
    for each in await system.data("tickers"):
        del each["age_ms"]
        if each["key"] in KEYS and nomad.pictures["ticker"].records.get((each["key"], None)) != each:
            found.append(f"{each['key']}: the ticker differs")
    for key in KEYS:
        mine = {start: bar for (of, start), bar in nomad.pictures["bars"].records.items() if of == key}
        bars = [each for each in await system.data(f"bars/{key}", interval="1s") if each["start"] in mine]
        for bar in bars:
            if {name: mine[bar["start"]][name] for name in bar} != bar:
                found.append(f"{key}: the bar of {bar['start']} differs")
        if not bars or bars[-1]["start"] != max(mine):
            found.append(f"{key}: the newest bar is missing")
    return found


@pytest.mark.parametrize("system", [{"TICKWELL_STREAM_RING_TRADES": str(RING_TRADES)}], indirect=True)
async def test_who_was_away_for_longer_than_the_ring_reaches_is_told_so(system: System) -> None:
    nomad = Nomad(system.hub, 99)
    await nomad.visit(30)
    before = [int((await system.truth(key))["trades_total"]) for key in KEYS]

    async def lacking() -> bool:
        now = [int((await system.truth(key))["trades_total"]) for key in KEYS]
        return sum(now) - sum(before) <= 2 * RING_TRADES

    stays = Nomad(system.hub, 100)  # somebody reads: it is not the hub's rest that ends the ring
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stays.visit, EVER)
        await until(lacking)
        nursery.cancel_scope.cancel()
    trades = nomad.pictures["trades"]
    told = len(trades.events)
    await nomad.visit(30)
    assert trades.snapshots == 2 and len(trades.events) > told
    assert nomad.recovered.count(False) == 1  # all but the trades could go on
