"""Whether the hub shows the exchanges' own prices, once they stand still."""

from __future__ import annotations

from typing import Any

import httpx
import trio

from tests.processes import HubProcess, SimulatorProcess
from tests.soak.trouble import PATIENCE_S, tell

MARKETS = {
    "bybit-linear": "bybit:linear",
    "bybit-spot": "bybit:spot",
    "binance-usdm": "binance:linear",
    "binance-spot": "binance:spot",
    "hyperliquid": "hyperliquid:linear",
}
LIVE_S = 60.0
CALM_S = 10.0


async def untrue(tickwell: HubProcess, exchanges: SimulatorProcess) -> list[str]:
    """The keys whose price is not the one of their exchange, once that has paused and all feeds are live."""
    with trio.move_on_after(LIVE_S):
        await until_live(tickwell)
    await tell(exchanges, "pause")
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        wrong = ["nothing was compared"]
        with trio.move_on_after(CALM_S):
            while wrong:
                truth = (await client.get(f"{exchanges.url}/control/state")).json()["markets"]
                told = (await client.get(f"{tickwell.url}/api/v1/tickers")).json()["data"]
                wrong = compared(truth, told)
                await trio.sleep(0.5)
    return wrong


async def until_live(tickwell: HubProcess) -> None:
    """Wait until every market is live. The hub is busy, and may take its time."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        while True:
            status = (await client.get(f"{tickwell.url}/ws/realtime/status")).json()
            if all(each["state"] == "live" for each in status["markets"]):
                return
            await trio.sleep(0.5)


def compared(truth: dict[str, dict[str, Any]], told: list[dict[str, Any]]) -> list[str]:
    """The keys whose price, bid or ask differs."""
    prices = {
        f"{MARKETS[market]}:{symbol}": ticker
        for market, tickers in truth.items()
        if market in MARKETS
        for symbol, ticker in tickers.items()
    }
    known = {each["key"]: each for each in told}
    if not known:
        return ["nothing was told"]
    return [key for key, each in known.items() if key not in prices or each["price"] != prices[key]["price"]]
