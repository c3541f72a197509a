"""The program shows at once what it knew at last, as stale, until its exchanges answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.patience import PATIENCE_S
from tests.processes import NEVER_FORCED, HubProcess, SimulatorProcess, hub, simulator
from tests.sinks.redis_server import RedisServer, running

pytestmark = pytest.mark.loopback
KEYS = ("bybit:linear:BTCUSDT", "binance:spot:BTCUSDT", "hyperliquid:linear:BTC")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def redis_server(server: RedisServer) -> RedisServer:
    server.ensure()
    with server.asked() as client:
        client.flushall()
    return server


def settings(server: RedisServer | None, *, history: bool) -> dict[str, object]:
    """What the hub is told of its sinks."""
    told: dict[str, object] = {"TICKWELL_SINK_HISTORY_ENABLED": "yes" if history else "no", **NEVER_FORCED}
    followed = {"BYBIT_LINEAR": "BTCUSDT", "BYBIT_SPOT": "", "HYPERLIQUID_LINEAR": "BTC, ETH"}
    followed |= {"BINANCE_LINEAR": "", "BINANCE_SPOT": "top:3"}
    told |= {f"TICKWELL_EXCHANGE_{name}": symbols for name, symbols in followed.items()}
    told["TICKWELL_SUPERVISOR_RECONNECT_DELAY_MAX_S"] = 1
    if server is not None:
        told |= {"TICKWELL_SINK_REDIS_ENABLED": "yes", "REDIS_URL": server.url}
    return told


async def ticker(tickwell: HubProcess, key: str) -> dict[str, Any] | None:
    """The record of an instrument; `None` while nothing of it is known."""
    answer = await tickwell.get(f"/api/v1/tickers/{key}")
    return answer.json()["data"] if answer.status_code == 200 else None


async def known(tickwell: HubProcess, key: str) -> dict[str, Any]:
    """The record, as soon as there is one."""
    with trio.fail_after(PATIENCE_S):
        while (found := await ticker(tickwell, key)) is None:
            await trio.sleep(0.02)
    return found


async def ticks(tickwell: HubProcess) -> set[int]:
    """The times of all ticks that the history has of one instrument."""
    history = await tickwell.get(f"/api/v1/tickers/{KEYS[0]}/history?limit=5000")
    return {each["ts"] for each in history.json()["data"]}


async def a_run_that_ends(tmp_path: Path, exchange: SimulatorProcess, told: dict[str, object]) -> None:
    """The hub is live for a while, and is stopped."""
    with hub(tmp_path, exchange.port, **told) as tickwell:
        await tickwell.until_listening()
        await tickwell.until_states("live", *(key.rpartition(":")[0] for key in KEYS))
        with trio.fail_after(PATIENCE_S):
            while not all(each["written"] for each in (await tickwell.status())["sinks"]):
                await trio.sleep(0.1)
        await trio.sleep(1.5)
        assert await tickwell.signal_and_wait() == 0


@pytest.mark.parametrize("memory", ["redis", "history"])
async def test_what_was_known_is_shown_as_stale_until_it_is_live(
    tmp_path: Path, redis_server: RedisServer, memory: str
) -> None:
    told = settings(redis_server if memory == "redis" else None, history=memory == "history")
    with simulator(tmp_path, "--rate", "50", "--symbols", "15") as exchange:
        await a_run_that_ends(tmp_path, exchange, told)
        if memory == "redis":
            with redis_server.asked() as client:
                last = client.hgetall("latest:FUTURES:BTCUSDT")
            assert last["market"] == "FUTURES" and last["exchange"] == "bybit"
        await exchange.inject(kind="refuse")
        with hub(tmp_path, exchange.port, **told) as tickwell:
            await tickwell.until_listening()
            before = {key: await known(tickwell, key) for key in KEYS}
            assert {each["quality"] for each in before.values()} == {"stale"}
            assert all(each["price"] and each["stale"] for each in before.values())
            if memory == "redis":
                assert before[KEYS[0]]["price"] == float(last["price"])
                assert before[KEYS[0]]["ts_recv"] == int(last["timestamp"])
            await trio.sleep(1)
            for key in KEYS:
                assert (await known(tickwell, key))["stale"], "nobody has told anything"
            await exchange.heal()
            for key in KEYS:
                with trio.fail_after(PATIENCE_S):
                    while (now := await known(tickwell, key))["quality"] != "live":
                        await trio.sleep(0.05)
                assert now["ts_recv"] > before[key]["ts_recv"]


async def test_a_redis_that_does_not_answer_holds_nothing_up(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    """Frozen, it takes connections and says nothing."""
    redis_server.freeze()
    try:
        with simulator(tmp_path, "--rate", "50", "--symbols", "15") as exchange:
            told = settings(redis_server, history=False)
            with hub(tmp_path, exchange.port, **told) as tickwell:
                await tickwell.until_listening()
                await tickwell.until_states("live", "bybit:linear")
                [found] = (await tickwell.status())["sinks"]
                assert (found["name"], found["state"]) == ("redis", "down")
                redis_server.thaw()
                with trio.fail_after(PATIENCE_S):
                    while (await tickwell.status())["sinks"][0]["state"] != "ok":
                        await trio.sleep(0.1)
    finally:
        redis_server.thaw()


async def test_only_ticks_are_accepted_for_redis_and_none_is_lost(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with simulator(tmp_path, "--rate", "50", "--symbols", "15") as exchange:
        told = settings(redis_server, history=True) | {"TICKWELL_SINK_REDIS_TIMESERIES_INTERVAL_S": 0}
        with hub(tmp_path, exchange.port, **told) as tickwell:
            await tickwell.until_listening()
            await tickwell.until_states("live", "bybit:linear")
            await trio.sleep(2)
            with trio.fail_after(PATIENCE_S):
                while len(await ticks(tickwell)) < 2:
                    await trio.sleep(0.1)
            assert await tickwell.signal_and_wait() == 0
        await exchange.inject(kind="refuse")  # so that nothing more is recorded while we look
        with hub(tmp_path, exchange.port, **told) as tickwell:
            await tickwell.until_listening()
            sinks = {each["name"]: each for each in (await tickwell.status())["sinks"]}
            assert sinks["redis"]["dropped"] == {} and sinks["redis"]["outbox_rows"] == 0
            kept = await ticks(tickwell)
    with redis_server.asked() as client:
        found = [
            client.zrange(key, 0, -1, withscores=True) for key in client.keys("timeseries:FUTURES:BTCUSDT:*")
        ]
    cached = {int(score) for day in found for _, score in day if score <= max(kept)}
    assert len(kept) >= 2 and cached == kept, "both have the same rows"
