"""Several nodes of one hub as processes on loopback, with their bus and simulated exchanges beside them."""

from __future__ import annotations

import json
import os
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_client_stream

from simulator import addresses
from tests.loopback.tapes import difference
from tests.nats.nats_server import running as running_nats
from tests.patience import PATIENCE_S
from tests.processes import HubProcess, SimulatorProcess, free_port, process, simulator
from tests.sinks.redis_server import running as running_redis
from tests.sinks.server_process import ServerProcess

SYMBOLS = ("ADAUSDT", "AVAXUSDT", "BTCUSDT", "DOGEUSDT", "ETHUSDT", "LTCUSDT", "SOLUSDT", "XRPUSDT")
MARKETS = ("linear", "spot")
KEYS = [f"bybit:{market}:{symbol}" for market in MARKETS for symbol in SYMBOLS]
NEWEST = 25
BUSES: dict[str, Callable[[Path], AbstractContextManager[ServerProcess]]] = {
    "redis": running_redis,
    "nats": partial(running_nats, jetstream=True),
}
TLS = ssl.create_default_context()  # never used, and slow to make for every question


class Machines:
    """`start` nodes; end, freeze or thaw them by their names. They follow one exchange, `copies` of them each
    instrument."""

    def __init__(
        self,
        directory: Path,
        simulated: SimulatorProcess,
        kind: str,
        bus: ServerProcess,
        copies: int,
    ) -> None:
        self.simulated, self.bus = simulated, bus
        self._copies = copies
        self.nodes: dict[str, HubProcess] = {}
        self._directory, self._stack = directory, ExitStack()
        self._ports: dict[str, int] = {}
        urls = addresses(simulated.port)["bybit"]
        self._settings: dict[str, object] = {
            "TICKWELL_BUS_KIND": kind,
            "TICKWELL_BUS_URL": bus.url,
            "TICKWELL_BUS_COPIES": copies,
            "TICKWELL_EXCHANGE_BINANCE_ENABLED": "no",
            "TICKWELL_EXCHANGE_HYPERLIQUID_ENABLED": "no",
            "TICKWELL_EXCHANGE_BYBIT_LINEAR": ",".join(SYMBOLS),
            "TICKWELL_EXCHANGE_BYBIT_SPOT": ",".join(SYMBOLS),
            **{f"TICKWELL_EXCHANGE_BYBIT_{key}".upper(): url for key, url in urls.items()},
        }

    def start(self, name: str, role: str) -> HubProcess:
        """A node that is there from now on, with whatever an earlier one of this name has left."""
        folder = self._directory / name
        folder.mkdir(exist_ok=True)
        port = self._ports.setdefault(name, free_port())
        given = {
            **self._settings,
            "TICKWELL_BUS_NODE": name,
            "TICKWELL_WEB_PORT": port,
            "TICKWELL_DATA_DIRECTORY": folder / "data",
        }
        log = folder / f"{time.monotonic():.0f}.log"
        child = self._stack.enter_context(process("supervisor.py", "--role", role, log=log, **given))
        self.nodes[name] = HubProcess(child, port, log)
        return self.nodes[name]

    async def stop(self, name: str) -> None:
        """As an orchestrator does it: a signal, and time."""
        code = await self.nodes.pop(name).signal_and_wait(signal.SIGTERM)
        assert code == 0, f"{name} ended with {code}"

    def kill(self, name: str) -> None:
        """As kill -9 does it."""
        node = self.nodes.pop(name)
        node.child.kill()
        node.child.wait()

    def freeze(self, name: str) -> None:
        """It stands still."""
        os.kill(self.nodes[name].child.pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """It goes on."""
        os.kill(self.nodes[name].child.pid, signal.SIGCONT)

    def close(self) -> None:
        """Whatever still runs is killed."""
        for node in self.nodes.values():
            with suppress(ProcessLookupError):
                os.kill(node.child.pid, signal.SIGCONT)
        self._stack.close()

    # What the nodes say

    async def get(self, name: str, path: str, **query: object) -> Any:
        """What a node answers, as JSON."""
        async with httpx.AsyncClient(timeout=PATIENCE_S, verify=TLS) as client:
            answer = await client.get(
                self.nodes[name].url + path, params={k: str(v) for k, v in query.items()}
            )
        return answer.json()

    async def metric(self, name: str, metric: str, label: str = "") -> float:
        """The sum of a node's samples of one metric, of those with a label."""
        async with httpx.AsyncClient(timeout=PATIENCE_S, verify=TLS) as client:
            text = (await client.get(self.nodes[name].url + "/metrics")).text
        lines = [
            line for line in text.splitlines() if line.startswith(f"tickwell_{metric}") and label in line
        ]
        return sum(float(line.split()[-1]) for line in lines)

    def pids(self) -> list[int]:
        """The processes of the nodes that run, and of what is beside them."""
        nodes = [node.child.pid for node in self.nodes.values()]
        return [*nodes, self.simulated.child.pid, self.bus.pid]

    async def until_shared(self, *names: str) -> float:
        """Wait until these nodes follow everything, each something, and nothing too often."""

        async def shared() -> bool:
            counts = [await self.metric(name, "feed_symbols", 'state="wanted"') for name in names]
            return min(counts) > 0 and sum(counts) == self._copies * len(KEYS)

        return await until(shared)

    async def live(self, name: str) -> set[str]:
        """The keys whose record may be shown as current."""
        found = (await self.get(name, "/api/v1/tickers", limit=1000))["data"]
        return {each["key"] for each in found if each["quality"] == "live"}

    async def until_ready(self, node: HubProcess) -> None:
        """Wait until a node says that it may be given clients."""
        await node.until_listening()

        async def ready() -> bool:
            return (await node.get("/readyz")).status_code == 200

        await until(ready)

    async def until_live(self, *names: str) -> float:
        """Wait until these nodes show everything as current. Returns how long that took, in seconds."""

        async def all_live() -> bool:
            return all([await self.live(name) == set(KEYS) for name in names])

        return await until(all_live)

    # The truth

    async def pause(self) -> None:
        """The world stands still."""
        await self._order("pause")

    async def resume(self) -> None:
        """It goes on."""
        await self._order("resume")

    async def truth(self, key: str) -> dict[str, Any]:
        """What a perfect client would hold of one instrument."""
        exchange, market, symbol = key.split(":")
        query = {"exchange": exchange, "market": market, "symbol": symbol}
        async with httpx.AsyncClient(timeout=PATIENCE_S, verify=TLS) as client:
            answer = await client.get(f"{self.simulated.url}/control/truth", params=query)
        found: dict[str, Any] = answer.json()
        return found

    async def complaints(self, names: Sequence[str], within_s: float = PATIENCE_S) -> list[str]:
        """How the nodes' pictures still differ from the truth, so long after the world stood still."""
        return await without_words(partial(self._complaints, names), within_s)

    async def _complaints(self, names: Sequence[str]) -> list[str]:
        found: list[str] = []
        for key in KEYS:
            true = await self.truth(key)
            for name in names:
                told = (await self.get(name, f"/api/v1/trades/{key}", limit=NEWEST))["data"][::-1]
                newest = true["trades"][-len(told) :] if told else []  # a node knows none of before its start
                if words := difference(told, newest):
                    found.append(f"{name} {key} trades: {words}")
                record = (await self.get(name, f"/api/v1/tickers/{key}"))["data"]
                if record["price"] != true["trades"][-1]["price"]:
                    found.append(f"{name} {key}: {record['price']}, should be {true['trades'][-1]['price']}")
        return found

    async def history_complaints(self, name: str, since_ms: int, within_s: float = PATIENCE_S) -> list[str]:
        """What the history still lacks of the trades since then, or has twice, so long after the world stood
        still, beyond the gaps that it admits."""
        return await without_words(partial(self._history_complaints, name, since_ms), within_s)

    async def _history_complaints(self, name: str, since_ms: int) -> list[str]:
        found: list[str] = []
        for key in KEYS:
            true = {
                each["id"]: each for each in (await self.truth(key))["trades"] if each["time_ms"] > since_ms
            }
            kept = [
                each["trade_id"] for each in await self._past(name, f"/api/v1/trades/{key}/history", since_ms)
            ]
            gaps = await self._past(name, f"/api/v1/gaps/{key}/history", since_ms)
            holes = [
                (gap["from"], gap["to"] or 2**62)
                for gap in gaps
                if gap["channel"] == "trades" and not gap["healed"]
            ]
            missing = [each for number, each in true.items() if number not in set(kept)]
            unsaid = [each for each in missing if not any(a <= each["time_ms"] <= b for a, b in holes)]
            if unsaid or len(kept) != len(set(kept)):
                found.append(
                    f"{key}: {len(unsaid)} of {len(true)} missing, {len(kept) - len(set(kept))} twice"
                )
        return found

    async def _past(self, name: str, path: str, since_ms: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query: dict[str, object] = {"from": since_ms, "limit": 5000, "order": "oldest"}
        while True:
            answer = await self.get(name, path, **query)
            rows += answer["data"]
            cursor = answer["meta"].get("next_cursor")
            if not cursor:
                return rows
            query["cursor"] = cursor

    async def _order(self, word: str) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE_S, verify=TLS) as client:
            (await client.post(f"{self.simulated.url}/control/{word}")).raise_for_status()


@contextmanager
def machines(directory: Path, *, rate: int = 80, bus: str = "redis", copies: int = 1) -> Iterator[Machines]:
    """A bus and simulated exchanges, and no node yet."""
    arguments = ("--rate", str(rate), "--symbols", "16")
    with BUSES[bus](directory / "bus") as server, simulator(directory, *arguments) as simulated:
        made = Machines(directory, simulated, bus, server, copies)
        try:
            yield made
        finally:
            made.close()


async def until(is_so: Callable[[], Awaitable[bool]], within_s: float = PATIENCE_S) -> float:
    """Wait until it is so. Returns how long that took, in seconds."""
    began_s = trio.current_time()
    with trio.fail_after(within_s):
        while True:
            try:
                if await is_so():
                    return trio.current_time() - began_s
            except (httpx.TransportError, KeyError):
                pass  # it is not there yet, or not any more
            await trio.sleep(0.1)


async def without_words(
    complaints: Callable[[], Awaitable[list[str]]], within_s: float = PATIENCE_S
) -> list[str]:
    """Wait until there are no complaints. Returns those that are left after so long."""
    until_s = trio.current_time() + within_s
    while found := await complaints():
        if trio.current_time() > until_s:
            break
        await trio.sleep(0.5)
    return found


class Wanderer:
    """A client of the stream that follows the trades of `keys`, told at most `rate_hz` times a second (0: at
    once). It goes to another node when its own is gone, and resumes there. `ids` are the trades that it was
    told, by key, in their order."""

    def __init__(self, made: Machines, *names: str, keys: Sequence[str] = KEYS, rate_hz: float = 0) -> None:
        self._made, self._names = made, list(names)
        self._wish: dict[str, Any] = {"channel": "trades", "symbols": keys, "max_rate_hz": rate_hz}
        self.ids: dict[str, list[str]] = {}
        self.recovered: list[bool] = []
        self.hops = 0
        self._resume: dict[str, Any] | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            node = self._made.nodes.get(self._names[self.hops % len(self._names)])
            if node is not None:
                try:
                    await self._follow(node.port)
                except* (OSError, ConnectionClosed, HandshakeError, trio.TooSlowError):
                    pass  # it is gone
            self.hops += 1
            await trio.sleep(0.1)

    async def _follow(self, port: int) -> None:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        try:
            async with trio.open_nursery() as nursery:
                with trio.fail_after(PATIENCE_S):
                    websocket = await wrap_client_stream(nursery, stream, f"127.0.0.1:{port}", "/ws")
                await self._listen(websocket)
        finally:
            await trio.aclose_forcefully(stream)

    async def _listen(self, websocket: WebSocketConnection) -> None:
        params = self._wish if self._resume is None else self._wish | {"resume": self._resume}
        await websocket.send_message(json.dumps({"method": "subscribe", "req_id": 1, "params": params}))
        while True:
            with trio.fail_after(PATIENCE_S):
                self._take(json.loads(await websocket.get_message()))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "subscribe" and self._resume is not None:
            self.recovered.append(message["result"]["recovered"])
        if message.get("type") not in ("snapshot", "update"):
            return
        self._resume = {"epoch": message["epoch"], "offset": message["offset"]}
        for trade in message["data"]:
            known = self.ids.setdefault(trade["key"], [])
            if message["type"] == "update" or trade["trade_id"] not in known:
                known.append(trade["trade_id"])
