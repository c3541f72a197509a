"""Every true trade once, in order, through lost messages and lost connections; and the bars that they make.

What is missed can be fetched back as far as an exchange tells its past: 1000 trades on Bybit's linear market
and on Binance, 60 on Bybit's spot market, 30 on Hyperliquid. A message lost on a connection that goes on
shows only where trades are numbered, which is Binance; and Hyperliquid's order of one moment is that in which
its trades come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.loopback.keys import BY_MARKET, KEYS, exchange_of, key_of, market_of, symbol_of
from tests.loopback.tapes import bar_complaint, tape_complaint, whole_bars
from tests.loopback.truth import Exchanges, System, exchanges, followed, running_hub, until
from tests.patience import PATIENCE_S
from tests.processes import HubProcess

pytestmark = pytest.mark.loopback

ORDERED = [key for key in KEYS if exchange_of(key) != "hyperliquid"]
RATE = 200.0  # so that seconds pass before 30 trades of a coin have happened
NUMBERED = [key for key in KEYS if exchange_of(key) == "binance"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Exchanges, HubProcess]]:
    settings = followed(BY_MARKET, books=0)
    settings["TICKWELL_MARKET_STALE_AFTER_MIN_S"] = "30"  # for the world stands still while we look at it
    with (
        exchanges([], rate=RATE) as simulated,
        running_hub(tmp_path_factory.mktemp("hub"), simulated, **settings) as tickwell,
    ):
        yield simulated, tickwell


@pytest.fixture
async def system(pair: tuple[Exchanges, HubProcess]) -> AsyncIterator[System]:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        running = System(*pair, client)
        await running.hub.until_listening()
        await running.until_live("ticker", "trades")
        yield running
        await running.heal()


async def everything_is_true(system: System) -> None:
    """All tapes and all bars, at a standstill."""
    async with system.standstill():
        await until(lambda: tape_complaint(system))
        await until(lambda: bar_complaint(system))


async def until_traded(system: System, keys: list[str], count: int) -> None:
    """Wait until so many more trades have happened in each of these."""
    before = trades_so_far(system)

    async def lacking() -> list[str]:
        now = trades_so_far(system)
        return [f"{key}: {now[key] - before[key]}" for key in keys if now[key] < before[key] + count]

    await until(lacking)


def trades_so_far(system: System) -> dict[str, int]:
    """How many trades there were of each instrument, without asking the exchanges, which takes long."""
    return {key_of(each): each.trades.total for each in system.simulated.simulator.world.instruments}


async def test_every_trade_is_told_once_and_in_order(system: System) -> None:
    await until_traded(system, KEYS, 5)
    await everything_is_true(system)
    for key in KEYS:
        true = (await system.truth(key))["trades"]
        assert len(await whole_bars(system, key, "1s", true)) >= 1, key


@pytest.mark.parametrize("kind", ["duplicate", "reorder"])
async def test_messages_that_come_twice_or_late_change_nothing(system: System, kind: str) -> None:
    keys = KEYS if kind == "duplicate" else ORDERED
    before, connected = await system.channels("trades"), await reconnects(system)
    for key in keys:
        await system.inject(kind, market_of(key), symbol=symbol_of(key), channel="trades", count=2)
    await until_traded(system, KEYS, 6)
    await everything_is_true(system)
    after = await system.channels("trades")
    for key in keys if kind == "duplicate" else ():
        assert after[key]["duplicates"] > before[key]["duplicates"], after[key]
    assert await reconnects(system) == connected


async def test_a_hole_in_the_numbers_is_noticed_and_filled(system: System) -> None:
    before, connected = await leaps(system), await reconnects(system)
    for key in NUMBERED:
        await system.inject("trade_gap", market_of(key), symbol=symbol_of(key), channel="trades", count=2)
    await until_traded(system, NUMBERED, 8)
    await until(lambda: unhealed(system, NUMBERED, "sequence"))
    await everything_is_true(system)
    after = await leaps(system)
    assert [key for key in KEYS if after[key] > before[key]] == NUMBERED
    assert await reconnects(system) == connected


async def leaps(system: System) -> dict[str, int]:
    """How often the numbers of each instrument's trades had a hole."""
    holes = {key: await system.holes(key, "trades") for key in KEYS}
    return {key: sum(each["cause"] == "sequence" for each in mine) for key, mine in holes.items()}


async def reconnects(system: System) -> dict[str, int]:
    """How often each market was connected anew."""
    return {name: each["reconnects"] for name, each in (await system.markets()).items()}


async def unhealed(system: System, keys: list[str], cause: str) -> list[str]:
    """Those without a newest hole of this cause that was closed and healed."""
    found = []
    for key in keys:
        newest = (await system.holes(key, "trades") or [{}])[-1]
        if not is_healed(newest, cause):
            found.append(f"{key}: {newest}")
    return found


def is_healed(hole: dict[str, Any], cause: str) -> bool:
    """Whether a hole is over, and nothing of it is missing any more."""
    return (hole.get("cause"), hole.get("healed")) == (cause, True) and hole["to_ts"] >= hole["from_ts"]


@pytest.mark.parametrize("history", [False, True])
async def test_what_was_missed_between_two_connections_is_told_after_all(
    system: System, history: bool
) -> None:
    """A few trades of each are missed; then the world stands still, however long it takes to come back."""
    before = await system.markets()
    for market in BY_MARKET:
        await system.inject("refuse", market)
        await system.inject("reset", market)
    await until_traded(system, KEYS, 3)
    async with system.standstill():
        for market in BY_MARKET if history else ():
            await system.inject("trade_history", market)
        await until(lambda: unhealed(system, KEYS, "disconnect"))
        await until(lambda: tape_complaint(system))
        await until(lambda: bar_complaint(system))
        await until(lambda: unnoticed(system, before))
    recovered = [each["recovered"] for key in KEYS for each in await system.holes(key, "trades")]
    assert sum(recovered) > 0


async def unnoticed(system: System, before: dict[str, Any]) -> list[str]:
    """The markets of which no dropped connection is counted since `before`."""
    told = {name: each["reconnects_by_cause"] for name, each in (await system.markets()).items()}
    return [
        f"{name}: {causes}"
        for name, causes in told.items()
        if causes.get("closed", 0) <= before[name]["reconnects_by_cause"].get("closed", 0)
    ]


async def test_more_than_hyperliquid_tells_again_stays_missing_and_is_said_to_be(system: System) -> None:
    keys = [key for key in KEYS if exchange_of(key) == "hyperliquid"]
    await system.inject("refuse", "hyperliquid:linear")  # and spot, which is served from the same address
    await system.inject("reset", "hyperliquid:linear")
    await until_traded(system, keys, 40)
    await system.heal()
    await system.until_live("trades", keys=keys)
    await until_traded(system, keys, 3)
    async with system.standstill():
        await until(lambda: bar_complaint(system, keys))
        await until(lambda: tape_complaint(system, [key for key in KEYS if key not in keys]))
        for key in keys:
            hole = (await system.holes(key, "trades"))[-1]
            assert (hole["cause"], hole["healed"]) == ("disconnect", False)
            assert hole["to_ts"] > hole["from_ts"]
            true, told = (await system.truth(key))["trades"], await system.data(f"trades/{key}", limit=500)
            ids = {each["trade_id"] for each in told}
            missing = [each["time_ms"] for each in true if each["id"] not in ids]
            newest = [each for each in missing if each > told[-1]["ts_event"]]
            assert len(newest) >= 10
            assert hole["from_ts"] <= min(newest) and max(newest) <= hole["to_ts"]
            for bar in await system.data(f"bars/{key}", interval="1s", limit=500):
                touched = [each for each in newest if bar["start"] <= each < bar["start"] + 1000]
                assert bar["gap"] or not touched, bar
