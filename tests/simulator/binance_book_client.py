"""A client that keeps Binance order books by the documented rules, for spot and for USD-M futures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator import Simulator
from tests.simulator.simulator_client import Client, get, request

Event = dict[str, Any]
Levels = tuple[list[list[float]], list[list[float]]]
WHOLE = (0.0, math.inf)  # the reach of a snapshot that shows every level


class ChainBroken(Exception):
    """An event does not follow the one before: the book must be made anew."""


@dataclass(frozen=True)
class Rules:
    """One market's way to keep a book: where its snapshot is, what is too old, what begins, what follows."""

    market: str
    limit: int
    snapshot: str
    path: str
    is_old: Callable[[Event, int], bool]
    is_first: Callable[[Event, int], bool]
    follows: Callable[[Event, int], bool]


SPOT = Rules(
    market="spot",
    limit=5_000,
    snapshot="/binance-spot/api/v3/depth?limit=5000&symbol=",
    path="/binance-spot/stream?streams={symbol}@depth@100ms",
    is_old=lambda event, last: event["u"] <= last,
    is_first=lambda event, last: event["U"] <= last + 1 <= event["u"],
    follows=lambda event, local: event["U"] == local + 1,
)
USDM = Rules(
    market="linear",
    limit=1_000,
    snapshot="/binance-usdm/fapi/v1/depth?limit=1000&symbol=",
    path="/binance-usdm/public/stream?streams={symbol}@depth@100ms",
    is_old=lambda event, last: event["u"] < last,
    is_first=lambda event, last: event["U"] <= last <= event["u"],
    follows=lambda event, local: event["pu"] == local,
)


@dataclass
class BookClient:
    """A book of one symbol that makes itself anew whenever the chain breaks."""

    simulator: Simulator
    client: Client
    rules: Rules
    symbol: str = "BTCUSDT"
    sides: dict[str, dict[float, float]] = field(default_factory=lambda: {"b": {}, "a": {}})
    horizon: tuple[float, float] = WHOLE
    local: int = 0
    is_begun: bool = False
    snapshots: int = 0
    breaks: int = 0
    unknown_deletions: int = 0
    waiting: list[Event] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def synchronise(self) -> None:
        """Buffer the first event, take a snapshot, take others while it is older than the buffer."""
        if not self.waiting:
            await self.next_event()
        snapshot = await self.fetch()
        while snapshot["lastUpdateId"] < self.waiting[0]["U"]:
            snapshot = await self.fetch()
        self.local, self.is_begun = snapshot["lastUpdateId"], False
        for side, name in (("b", "bids"), ("a", "asks")):
            self.sides[side] = {float(price): float(size) for price, size in snapshot[name]}
        is_whole = max(map(len, self.sides.values())) < self.rules.limit
        self.horizon = WHOLE if is_whole else (min(self.sides["b"]), max(self.sides["a"]))

    async def fetch(self) -> Any:
        self.snapshots += 1
        return await get(self.simulator, self.rules.snapshot + self.symbol)

    async def next_event(self) -> None:
        event = (await self.client.receive())["data"]
        self.waiting.append(event)
        self.events.append(event)

    async def step(self) -> None:
        """Apply one event; a broken chain costs a new snapshot."""
        if not self.waiting:
            await self.next_event()
        try:
            self.apply(self.waiting[0])
        except ChainBroken:
            self.breaks += 1
            await self.synchronise()
        else:
            del self.waiting[0]

    def apply(self, event: Event) -> None:
        rules = self.rules
        if rules.is_old(event, self.local) if not self.is_begun else event["u"] <= self.local:
            return
        if not (rules.follows if self.is_begun else rules.is_first)(event, self.local):
            raise ChainBroken
        self.is_begun, self.local = True, event["u"]
        for side in ("b", "a"):
            for price, size in event[side]:
                self._set(self.sides[side], float(price), float(size))

    def _set(self, levels: dict[float, float], price: float, size: float) -> None:
        if size:
            levels[price] = size
        else:
            self.unknown_deletions += levels.pop(price, None) is None

    async def settle(self) -> None:
        """Let the world stand still and read what is on its way."""
        await request(self.simulator, "POST", "/control/pause")
        final = (await self.fetch())["lastUpdateId"]
        while self.local < final:
            await self.step()

    def best(self, count: int) -> Levels:
        """The best levels that the snapshot reached; what lies beyond is known only in part."""
        lowest, highest = self.horizon
        bids = [[at, size] for at, size in sorted(self.sides["b"].items(), reverse=True) if at >= lowest]
        asks = [[at, size] for at, size in sorted(self.sides["a"].items()) if at <= highest]
        return bids[:count], asks[:count]

    async def truth(self, count: int) -> Levels:
        """The true levels within the same reach."""
        where = f"exchange=binance&market={self.rules.market}&symbol={self.symbol}&depth={count}"
        truth = await get(self.simulator, f"/control/truth?{where}")
        lowest, highest = self.horizon
        bids = [level for level in truth["bids"] if level[0] >= lowest]
        return bids, [level for level in truth["asks"] if level[0] <= highest]
