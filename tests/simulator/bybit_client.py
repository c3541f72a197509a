"""A Bybit client made from Bybit's documentation alone: books by `u`, trades, resubscribing on trouble."""

from __future__ import annotations

from typing import Any

from simulator import Simulator
from tests.simulator.simulator_client import Client, get, request

Levels = dict[float, float]


class Book:
    """One orderbook topic: a snapshot or u = 1 loads it, deltas follow without a gap, or it is broken."""

    def __init__(self, *, is_lenient: bool = False) -> None:
        self.is_lenient = is_lenient  # notes problems and goes on
        self.bids: Levels = {}
        self.asks: Levels = {}
        self.update = -1
        self.is_whole = False
        self.problems: list[str] = []

    def take(self, message: dict[str, Any]) -> None:
        data = message["data"]
        if message["type"] == "snapshot" or data["u"] == 1:
            self.bids, self.asks = side(data["b"]), side(data["a"])
            self.is_whole = True
        elif not self.is_whole:
            self.problems.append("early")
            return
        elif data["u"] != self.update + 1:
            self.break_off("gap" if data["u"] > self.update + 1 else "old")
            return
        else:
            merge(self.bids, data["b"])
            merge(self.asks, data["a"])
        self.update = data["u"]
        if self.bids and self.asks and max(self.bids) >= min(self.asks):
            self.break_off("crossed")

    def break_off(self, problem: str) -> None:
        self.is_whole = self.is_lenient
        self.problems.append(problem)

    def levels(self) -> tuple[list[list[float]], list[list[float]]]:
        bids = [[price, self.bids[price]] for price in sorted(self.bids, reverse=True)]
        return bids, [[price, self.asks[price]] for price in sorted(self.asks)]


def side(rows: list[list[str]]) -> Levels:
    return {float(price): float(size) for price, size in rows}


def merge(levels: Levels, rows: list[list[str]]) -> None:
    for price, size in rows:
        if float(size):
            levels[float(price)] = float(size)
        else:
            levels.pop(float(price), None)


class Follower:
    """Subscribes topics, keeps their books and trades, and repairs a broken book by subscribing again."""

    def __init__(self, client: Client, topics: list[str]) -> None:
        self.client = client
        self.topics = topics
        self.books: dict[str, Book] = {topic: Book() for topic in topics if topic.startswith("orderbook.")}
        self.trades: dict[str, list[dict[str, Any]]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {topic: [] for topic in topics}
        self.pings = 0

    async def start(self) -> None:
        for begin in range(0, len(self.topics), 10):
            await self.client.send({"op": "subscribe", "args": self.topics[begin : begin + 10]})

    async def read_one(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.client.receive()
        topic = message.get("topic", "")
        self.messages.setdefault(topic, []).append(message)
        if topic in self.books:
            book = self.books[topic]
            was_whole = book.is_whole
            book.take(message)
            if was_whole and not book.is_whole:
                await self.resubscribe(topic)
        elif topic.startswith("publicTrade."):
            self.trades.setdefault(topic, []).extend(message["data"])
        return message

    async def resubscribe(self, topic: str) -> None:
        await self.client.send({"op": "unsubscribe", "args": [topic]})
        await self.client.send({"op": "subscribe", "args": [topic]})

    async def read(self, messages: int) -> None:
        for _ in range(messages):
            await self.read_one()

    async def read_until_problem(self, topic: str, problem: str) -> None:
        while problem not in self.books[topic].problems:
            await self.read_one()

    async def settle(self) -> None:
        """Read what was sent before now; subscribe books again whose snapshot never came."""
        for _ in range(5):
            self.pings += 1
            await self.client.send({"op": "ping", "req_id": f"settle-{self.pings}"})
            # Linear repeats the id of a ping, spot as well when it was given one.
            while (await self.read_one()).get("req_id") != f"settle-{self.pings}":
                pass
            broken = [topic for topic, book in self.books.items() if not book.is_whole]
            if not broken:
                return
            for topic in broken:
                await self.resubscribe(topic)
        raise AssertionError(f"never whole: {broken}")


async def paused_truth(simulator: Simulator, market: str, symbol: str, depth: int) -> dict[str, Any]:
    """Let the world stand still, and tell what is true of one instrument."""
    await request(simulator, "POST", "/control/pause")
    query = f"exchange=bybit&market={market}&symbol={symbol}&depth={depth}"
    truth: dict[str, Any] = await get(simulator, f"/control/truth?{query}")
    assert truth["paused"] is True
    return truth
