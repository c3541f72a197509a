"""The program keeps what it accepted: over a stop, over a kill, and exactly once."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.patience import PATIENCE_S
from tests.processes import NEVER_FORCED, HubProcess, hub, simulator

pytestmark = pytest.mark.loopback
KEY = "bybit:linear:BTCUSDT"


async def trades(tickwell: HubProcess, path: str) -> list[dict[str, Any]]:
    """The newest trades of the address, oldest first."""
    answer = await tickwell.get(f"/api/v1/trades/{KEY}{path}")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data[::-1]


async def sink(tickwell: HubProcess) -> dict[str, Any]:
    """The embedded history, as the status tells it."""
    [found] = (await tickwell.status())["sinks"]
    assert isinstance(found, dict)
    return found


async def until_kept(tickwell: HubProcess, ids: set[str]) -> None:
    """Wait until history answers with these trades."""
    with trio.fail_after(PATIENCE_S):
        while not ids <= {each["trade_id"] for each in await trades(tickwell, "/history?limit=5000")}:
            await trio.sleep(0.1)


async def seen_trades(tickwell: HubProcess, count: int) -> list[dict[str, Any]]:
    """The trades that are told, once there are so many."""
    await tickwell.until_listening()
    await tickwell.until_states("live", "bybit:linear")
    with trio.fail_after(PATIENCE_S):
        while len(seen := await trades(tickwell, "?limit=500")) < count:
            await trio.sleep(0.1)
    return seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_what_was_kept_is_there_once_after_the_next_start(tmp_path: Path, number: int) -> None:
    """A stop keeps everything that was told; a kill, everything that history had answered with."""
    with simulator(tmp_path, "--rate", "200", "--symbols", "20") as exchange:
        with hub(tmp_path, exchange.port, **NEVER_FORCED) as tickwell:
            seen = await seen_trades(tickwell, 20)
            if number == signal.SIGKILL:
                await until_kept(tickwell, {each["trade_id"] for each in seen})
            assert await tickwell.signal_and_wait(number) in (0, -signal.SIGKILL)
        with hub(tmp_path, exchange.port) as tickwell:
            await tickwell.until_listening()
            await tickwell.until_states("live", "bybit:linear")
            await until_kept(tickwell, {each["trade_id"] for each in seen})
            kept = await trades(tickwell, "/history?limit=5000")
    ids = [each["trade_id"] for each in kept]
    assert len(ids) == len(set(ids))
    told = ("trade_id", "price", "size", "side", "ts_event")
    kept_by_id = {each["trade_id"]: [each[name] for name in told] for each in kept}
    assert [kept_by_id.get(each["trade_id"]) for each in seen] == [[t[name] for name in told] for t in seen]


async def test_the_rows_of_a_sink_add_up(tmp_path: Path) -> None:
    with hub(tmp_path, None, "--demo") as tickwell:
        await seen_trades(tickwell, 5)
        for _ in range(20):
            found = await sink(tickwell)
            parts = (
                found["written"] + found["in_hand"] + found["outbox_rows"] + sum(found["dropped"].values())
            )
            assert found["accepted"] == parts
            await trio.sleep(0.05)
        with trio.fail_after(PATIENCE_S):
            while not found["written"] or found["state"] not in ("ok", "catching_up"):
                await trio.sleep(0.1)
                found = await sink(tickwell)


async def test_two_hubs_cannot_keep_the_same_history(tmp_path: Path) -> None:
    with hub(tmp_path, None, "--demo") as first:
        await first.until_listening()
        with trio.fail_after(PATIENCE_S):
            while not (await sink(first))["written"]:
                await trio.sleep(0.1)
        with hub(tmp_path, None, "--demo") as second:
            assert await second.until_ended() == 73
            assert str(first.child.pid) in second.log.read_text()
        # A write that was slow goes by way of the outbox, and is caught up with.
        with trio.fail_after(PATIENCE_S):
            while (await sink(first))["state"] != "ok":
                await trio.sleep(0.1)
