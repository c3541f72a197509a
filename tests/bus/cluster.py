"""Several nodes of one hub under a mock clock: real trees, a scripted exchange, a bus in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import trio
from msgspec import structs

from actors.bus.node import Node as BusNode
from actors.market.feeds import MarketReport
from actors.market.losses import Losses
from actors.market.recording import Recorder
from actors.market.rows import GapRow, Row, TradeRow
from actors.market.sinkstatus import SinkStatus
from actors.market.tick import Tick
from actors.market.ticker import Ticker
from actors.runtime.settings import Settings
from actors.runtime.settings_bus import BusSettings, roles_of
from supervisor import Hub
from tests.bus.memory_bus import MemoryBus
from tests.fakes import ScriptedExchange, mock_now_ns, settings_for

SETTLE_S = 5.0
COINS = ("ADA", "BTC", "DOGE", "ETH", "LTC", "SOL")
SYMBOLS = [f"{coin}USDT" for coin in COINS]


async def quiet_web(
    app: Any, settings: Any, stop: trio.Event, *, shutdown_grace_s: float, task_status: trio.TaskStatus[Any]
) -> None:
    task_status.started([("127.0.0.1", 8765)])
    await stop.wait()


class Sink:
    """What a recording node has written, without a sink: rows by their kind."""

    def __init__(self) -> None:
        self.status = SinkStatus("fake")
        self.rows: list[Row] = []
        self.losses = Losses()
        self.rows_max, self.kinds, self.outbox = 1000, None, _Nowhere()

    def offer(self, rows: list[Row]) -> None:
        self.status.accepted += len(rows)
        self.rows += rows

    def is_prompt(self) -> bool:
        return True

    def trade_ids(self, symbol: str) -> list[str]:
        """The trades of an instrument, as often as they were recorded."""
        return [row.trade_id for row in self.rows if isinstance(row, TradeRow) and row.symbol == symbol]

    def gaps(self, channel: str) -> list[GapRow]:
        """The newest of each gap that is not healed."""
        newest = {
            (row.symbol, row.ts): row
            for row in self.rows
            if isinstance(row, GapRow) and row.channel == channel
        }
        return [row for row in newest.values() if not row.healed]


class _Nowhere:
    def close(self) -> None:
        pass


class Node:
    """One node and what it has told its read model."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.ticks: list[Tick] = []
        self.scope = trio.CancelScope()
        self.ended = trio.Event()
        publish = hub.read_model.publish

        def noting(tick: Tick) -> None:
            self.ticks.append(tick)
            publish(tick)

        hub.read_model.publish = noting  # type: ignore[method-assign]
        self.sink = Sink()
        if "persist" in hub.roles:
            hub.recording.takers["fake"] = Recorder(0), cast(Any, self.sink)

    @property
    def tickers(self) -> dict[str, Ticker]:
        """The picture as its web sees it."""
        entries = self.hub.read_model.boards["bybit"].entries
        return {symbol: entry.record.ticker for (_, symbol), entry in entries.items()}

    @property
    def bus(self) -> BusNode:
        """Its part in the cluster."""
        assert self.hub.node is not None
        return self.hub.node

    @property
    def stale(self) -> set[str]:
        """The symbols that must not be shown as current."""
        return {symbol for symbol, ticker in self.tickers.items() if ticker.stale}

    @property
    def carried(self) -> set[str]:
        """The symbols that this node's feeds follow."""
        return {symbol for status in self.hub.feed_board.markets.values() for symbol in status.followed}

    def report(self) -> MarketReport:
        """How the market does, as its web sees it."""
        return self.hub.board.reports()[0]

    def trade_ids(self, symbol: str) -> list[str]:
        """The trades of an instrument, each as often as it was told, in the order of their telling."""
        told: list[str] = []
        for tick in self.ticks:
            found = [each.trade_id for each in tick.changes.trades.get(("linear", symbol), [])]
            known = set(told) if tick.whole else set()  # a whole picture repeats what was told
            told += [each for each in found if each not in known]
        return told


class Cluster:
    """`start` nodes, `kill` or `drain` them."""

    def __init__(self, directory: Path, nursery: trio.Nursery, **more: Any) -> None:
        self.bus, self._more = MemoryBus(), more
        self.exchange = ScriptedExchange(listed=list(SYMBOLS))
        self.nodes: dict[str, Node] = {}
        self._directory, self._nursery = directory, nursery

    def start(self, name: str, roles: str) -> Node:
        """A node that runs from now on."""
        hub = Hub(
            self.settings(name),
            mock_now_ns,
            self.exchange.transport(),
            quiet_web,
            draw=lambda: 0.5,
            roles=roles_of(roles),
            connect=self.bus.connect(name),
        )
        node = self.nodes[name] = Node(hub)
        self._nursery.start_soon(self._run, node)
        return node

    def settings(self, name: str) -> Settings:
        """The settings of a node."""
        directory = self._directory / name
        directory.mkdir(exist_ok=True)
        settings = settings_for(directory, ", ".join(SYMBOLS))
        bus = BusSettings(kind="redis", url="redis://127.0.0.1", node=name, flush_ms=100, **self._more)
        return structs.replace(
            settings, bus=bus, data=structs.replace(settings.data, directory=str(directory))
        )

    async def kill(self, name: str) -> None:
        """It ends where it stands; not even its connections say goodbye."""
        self.bus.cut.add(name)
        node = self.nodes.pop(name)
        node.scope.cancel()
        await node.ended.wait()
        self.bus.cut.discard(name)

    async def drain(self, name: str) -> None:
        """It ends in order."""
        node = self.nodes.pop(name)
        await node.hub.drain()
        await node.ended.wait()

    async def _run(self, node: Node) -> None:
        tree = node.hub.tree(lambda _: None)
        with node.scope:
            await tree.run()
        node.ended.set()


@asynccontextmanager
async def cluster(directory: Path, *nodes: tuple[str, str], **more: Any) -> AsyncIterator[Cluster]:
    """These nodes, each with its roles, after some seconds. `more` are settings of the bus."""
    no_web = patch(
        "supervisor.create_app", lambda *_, **__: None
    )  # nobody looks, and it takes its time to make
    with no_web:
        async with trio.open_nursery() as nursery:
            made = Cluster(directory, nursery, **more)
            for name, roles in nodes:
                made.start(name, roles)
            await trio.sleep(SETTLE_S)
            yield made
            nursery.cancel_scope.cancel()
