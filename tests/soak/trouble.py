"""What goes wrong at the exchanges during a soak: one fault after the other, each healed again."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import httpx
import trio

from tests.processes import SimulatorProcess

FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "drop", "venue": "bybit"},
    {"kind": "reset", "venue": "binance-usdm"},
    {"kind": "drop", "venue": "hyperliquid", "code": 1011},
    {"kind": "reset", "venue": "binance-spot"},
    {"kind": "stall", "venue": "bybit", "market": "linear", "duration_s": 10},
    {"kind": "garbage", "venue": "hyperliquid", "duration_s": 2},
    {"kind": "gap", "venue": "bybit", "count": 5},
    {"kind": "trade_gap", "venue": "binance-spot", "count": 20},
    {"kind": "duplicate", "venue": "binance-usdm", "count": 100},
    {"kind": "reorder", "venue": "bybit", "count": 50},
    {"kind": "refuse", "venue": "binance-spot", "duration_s": 8},
    {"kind": "rest_storm", "venue": "binance-usdm", "duration_s": 8},
    {"kind": "slow", "venue": "hyperliquid", "duration_s": 5},
)
CALM_S = (3.0, 10.0)
PATIENCE_S = 120.0


async def trouble(exchanges: SimulatorProcess, dice: random.Random, told: Counter[str]) -> None:
    """One fault after the other, until it is cancelled; `told` counts them by kind."""
    while True:
        for fault in dice.sample(FAULTS, len(FAULTS)):
            await trio.sleep(dice.uniform(*CALM_S))
            await tell(exchanges, "fault", **fault)
            told[fault["kind"]] += 1
            await trio.sleep(fault.get("duration_s", 1.0))
            await tell(exchanges, "heal")


async def tell(exchanges: SimulatorProcess, order: str, **details: Any) -> None:
    """Give the exchanges an order. They are busy, and may take their time."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        answer = await client.post(f"{exchanges.url}/control/{order}", json=details)
        answer.raise_for_status()
