"""The whole program as a user runs it: simulated exchanges → `supervisor.py` → a WebSocket client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from tests.patience import PATIENCE_S
from tests.processes import HubProcess, SimulatorProcess, hub, simulator

pytestmark = pytest.mark.loopback

MARKETS = {"bybit:linear", "bybit:spot", "hyperliquid:linear", "binance:linear", "binance:spot"}
COMPLETE = {
    "linear": {
        "price", "bid", "ask", "bid_size", "ask_size", "volume_24h", "turnover_24h", "change_24h", "high_24h",
        "low_24h", "mark_price", "index_price", "funding_rate", "funding_interval_h", "next_funding_ts",
        "open_interest",
    },
    "spot": {"price", "bid", "ask", "bid_size", "ask_size", "volume_24h", "turnover_24h", "change_24h",
             "high_24h", "low_24h"},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def shared_exchanges(folder: Path) -> Iterator[SimulatorProcess]:
    # What was announced is long over before it comes, however slow the machine.
    with simulator(folder, "--rate", "400", "--symbols", "20", "--notice", str(10 * PATIENCE_S)) as running:
        yield running


@pytest.fixture
async def exchanges(shared_exchanges: SimulatorProcess) -> SimulatorProcess:
    """One for all tests; what a test has broken works again before the next begins."""
    await shared_exchanges.heal()
    return shared_exchanges


@pytest.fixture(scope="module")
def shared_tickwell(folder: Path, shared_exchanges: SimulatorProcess) -> Iterator[HubProcess]:
    # No silence is a question here, and a machine that stands still is no exchange that does.
    with hub(folder, shared_exchanges.port, TICKWELL_MARKET_STALE_AFTER_MIN_S=30) as running:
        yield running


@pytest.fixture
async def tickwell(shared_tickwell: HubProcess, exchanges: SimulatorProcess) -> HubProcess:
    """One for those who leave it as they found it: with every feed live."""
    await shared_tickwell.until_listening()
    return shared_tickwell


@asynccontextmanager
async def stream(tickwell: HubProcess, exchange: str, query: str = "") -> AsyncIterator[WebSocketConnection]:
    async with open_websocket_url(f"{tickwell.stream_url}/ws/realtime/{exchange}{query}") as websocket:
        yield websocket


async def reconnects(tickwell: HubProcess) -> dict[str, int]:
    """How often each market's connection was lost and made again."""
    markets = (await tickwell.status())["markets"]
    return {f"{each['exchange']}:{each['market']}": each["reconnects"] for each in markets}


async def next_records(websocket: WebSocketConnection) -> list[dict[str, Any]]:
    """The records of the next message that has any: others tell what a slow reader missed."""
    with trio.fail_after(PATIENCE_S):
        while "data" not in (message := json.loads(await websocket.get_message())):
            pass
    records: list[dict[str, Any]] = message["data"]
    return records


async def test_a_refused_symbol_is_named_and_takes_nobody_with_it(
    tmp_path: Path, exchanges: SimulatorProcess
) -> None:
    await exchanges.inject(kind="refuse_topic", venue="bybit", market="linear", topic="tickers.SOLUSDT")
    with hub(tmp_path, exchanges.port) as tickwell:
        await tickwell.until_listening()
        await tickwell.until_states("live")
        status = next(m for m in (await tickwell.status())["markets"] if m["refused"])
        assert (status["exchange"], status["market"]) == ("bybit", "linear")
        assert list(status["refused"]) == ["SOLUSDT"]
        assert status["symbols_producing"] == status["symbols_wanted"] - 1


async def test_unknown_symbols_are_named_and_the_rest_streams(
    tmp_path: Path, exchanges: SimulatorProcess
) -> None:
    given = {
        "TICKWELL_EXCHANGE_HYPERLIQUID_LINEAR": "BTC,NOPE,xyz:NVDA",
        "TICKWELL_EXCHANGE_HYPERLIQUID_SPOT": "HYPE/USDC,PURR/USDC",
        "TICKWELL_EXCHANGE_BINANCE_SPOT": "top:3",
        "TICKWELL_EXCHANGE_BYBIT_SPOT": "*",
    }
    with hub(tmp_path, exchanges.port, **given) as tickwell:
        await tickwell.until_listening()
        await tickwell.until_states("live")
        markets = {f"{m['exchange']}:{m['market']}": m for m in (await tickwell.status())["markets"]}
        assert list(markets["hyperliquid:linear"]["refused"]) == ["NOPE"]
        assert markets["hyperliquid:linear"]["symbols_producing"] == 2
        assert markets["hyperliquid:spot"]["symbols_producing"] == 2
        async with stream(tickwell, "hyperliquid", "?market=spot&symbols=HYPE/USDC,purr-usdc") as websocket:
            records = await next_records(websocket)
            assert {record["symbol"]: record["name"] for record in records} == {
                "@107": "HYPE-USDC",
                "PURR/USDC": "PURR-USDC",
            }
        assert markets["binance:spot"]["symbols_producing"] == 3
        assert markets["bybit:spot"]["symbols_producing"] >= 20


async def test_five_markets_move_soon_after_the_start(tickwell: HubProcess) -> None:
    await tickwell.until_states("live")
    assert set(await tickwell.states()) == MARKETS
    async with stream(tickwell, "binance") as websocket:
        seen: dict[str, set[float]] = {}
        with trio.fail_after(PATIENCE_S):
            while not (len(seen) == 2 and all(len(prices) > 3 for prices in seen.values())):
                for record in await next_records(websocket):
                    if record["symbol"] == "BTCUSDT" and record["bid"] is not None:
                        seen.setdefault(record["market"], set()).add(record["bid"])


@pytest.mark.parametrize("exchange", ["bybit", "hyperliquid", "binance"])
async def test_records_are_complete(tickwell: HubProcess, exchange: str) -> None:
    incomplete: dict[str, set[str]] = {}
    with trio.move_on_after(PATIENCE_S):
        async with stream(tickwell, exchange) as websocket:
            while True:
                records = await next_records(websocket)
                lacks = {
                    record["key"]: {name for name in COMPLETE[record["market"]] if record[name] is None}
                    for record in records
                }
                incomplete = {key: names for key, names in lacks.items() if names}
                if records and not incomplete:
                    break
    assert not incomplete


async def test_a_killed_feed_comes_back_while_the_others_never_stop(
    tickwell: HubProcess, exchanges: SimulatorProcess
) -> None:
    await tickwell.until_states("live")
    before = await reconnects(tickwell)
    await exchanges.inject(kind="reset", venue="bybit", market="linear")
    others = MARKETS - {"bybit:linear"}
    with trio.fail_after(PATIENCE_S):
        while True:
            states, after = await tickwell.states(), await reconnects(tickwell)
            assert {states[name] for name in others} == {"live"}
            assert all(after[name] == before[name] for name in others)
            if after["bybit:linear"] == before["bybit:linear"] + 1 and states["bybit:linear"] == "live":
                break
            await trio.sleep(0.1)


async def test_start_and_stop_are_obeyed_and_idempotent(tickwell: HubProcess) -> None:
    await tickwell.until_states("live")
    async with httpx.AsyncClient(base_url=tickwell.url, timeout=PATIENCE_S) as client:
        for _ in range(2):
            answer = await client.post("/ws/realtime/stop", json={"exchange": "bybit"})
            assert answer.status_code == 200
        await tickwell.until_states("stopped", "bybit:linear", "bybit:spot")
        assert (await tickwell.states())["binance:spot"] == "live"
        async with stream(tickwell, "bybit") as websocket:
            with trio.fail_after(PATIENCE_S):
                while {record["stale"] for record in await next_records(websocket)} != {True}:
                    continue  # the tick that tells it is under way
        assert (await client.get("/health")).status_code == 200
        for _ in range(2):
            assert (await client.post("/ws/realtime/start")).status_code == 200
    await tickwell.until_states("live")


async def test_an_announced_shutdown_is_met_without_a_gap(
    tickwell: HubProcess, exchanges: SimulatorProcess
) -> None:
    await tickwell.until_states("live")
    before, warned = await reconnects(tickwell), await exchanges.connections("binance-spot")
    async with (
        stream(tickwell, "binance", "?symbols=BTCUSDT&market=spot") as websocket,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(never_stale, websocket)
        await exchanges.inject(kind="shutdown_notice", venue="binance-spot")
        with trio.fail_after(PATIENCE_S):
            while warned & await exchanges.connections("binance-spot"):
                await trio.sleep(0.1)
        await trio.sleep(4)  # and the next connection goes on
        nursery.cancel_scope.cancel()
    assert (await tickwell.states())["binance:spot"] == "live"
    assert (await reconnects(tickwell))["binance:spot"] == before["binance:spot"]
    assert "serverShutdown" in tickwell.log.read_text()


async def never_stale(websocket: WebSocketConnection) -> None:
    """Read for ever."""
    while True:
        assert not [record["key"] for record in await next_records(websocket) if record["stale"]]
