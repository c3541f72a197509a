"""Tell where a coin can be bought on one exchange for less than it sells for on another.

    python examples/arbitrage_watcher.py --bases BTC,ETH,SOL --bps 2

Fees and transfers are not counted: 5 bps of difference are seldom 5 bps of profit.
"""

from __future__ import annotations

import argparse

import anyio
from tickwell_client import Spread, connect


def told(spread: Spread) -> str:
    """The difference in words."""
    bid, ask = spread.best.bid, spread.best.ask
    if bid is None or ask is None or spread.best.spread_bps is None:
        return f"{spread.base}: one side is missing"
    size = min(bid.size or 0, ask.size or 0)
    return (
        f"{spread.base}: buy {size:g} at {ask.price:g} on {ask.key}, "
        f"sell at {bid.price:g} on {bid.key}: {spread.best.spread_bps:.2f} bps"
    )


async def watch(url: str, bases: list[str], bps: float, count: int) -> None:
    """Print differences of `bps` or more, `count` of them (0: without end)."""
    async with connect(url) as hub:
        seen = 0
        async for spread in hub.spreads(bases=bases):
            if spread.best.spread_bps is not None and spread.best.spread_bps >= bps:
                print(told(spread), flush=True)
                seen += 1
                if seen == count:
                    return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="ws://127.0.0.1:8765")
    parser.add_argument("--bases", default="BTC,ETH,SOL", help="coins, separated by commas")
    parser.add_argument("--bps", type=float, default=2.0, help="tell from this difference on, in 1/10000")
    parser.add_argument("--count", type=int, default=0, help="stop after so many; 0: never")
    given = parser.parse_args()
    anyio.run(watch, given.url, given.bases.split(","), given.bps, given.count)
