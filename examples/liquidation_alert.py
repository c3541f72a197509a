"""Raise an alert when positions worth more than a limit were closed by force within a minute.

    python examples/liquidation_alert.py 'bybit:*:BTC*' 'bybit:*:ETH*' --value 250000

It begins with what the hub remembers, so that the first minute is whole. Where an exchange tells only some of
its liquidations (`sampled`), the sum is too low, and the alert says "at least".
"""

from __future__ import annotations

import argparse
from collections import deque

import anyio
from tickwell_client import Liquidation, MissedEvents, connect

WINDOW_MS = 60_000


class Window:
    """The liquidations of one instrument in the last minute of its exchange's clock."""

    def __init__(self) -> None:
        self._events: deque[Liquidation] = deque()

    def add(self, event: Liquidation) -> float:
        """Count one more. Returns what all of the window come to, in quote."""
        self._events.append(event)
        now = event.ts_event or 0
        while (self._events[0].ts_event or 0) < now - WINDOW_MS:
            self._events.popleft()
        return sum(each.value for each in self._events if each.side == event.side)


async def watch(url: str, selectors: list[str], value: float, count: int) -> None:
    """Print alerts, `count` of them (0: without end)."""
    windows: dict[str, Window] = {}
    seen = 0
    async with connect(url) as hub:
        liquidations = hub.liquidations(*selectors, snapshot=True, on_gap="raise")
        while not count or seen < count:
            try:
                event = await anext(liquidations)
            except MissedEvents as missed:
                print(f"the sums are too low now: {missed}", flush=True)
                continue
            total = windows.setdefault(event.key, Window()).add(event)
            if total >= value:
                least = "at least " if event.sampled else ""
                print(f"{event.key}: {least}{total:,.0f} of {event.side}s liquidated in a minute", flush=True)
                seen += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("selectors", nargs="*", default=["*"], help="such as 'bybit:*:BTC*'; all if absent")
    parser.add_argument("--url", default="ws://127.0.0.1:8765")
    parser.add_argument("--value", type=float, default=100_000.0, help="alert from this sum on, in quote")
    parser.add_argument("--count", type=int, default=0, help="stop after so many; 0: never")
    given = parser.parse_args()
    anyio.run(watch, given.url, given.selectors, given.value, given.count)
