"""The simulator as a whole: reproducible frames, the rate knob, command line, a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import trio

from simulator import Simulator, SimulatorSettings
from simulator.engine import LONGEST_TICK_S
from tests.lived import LivedClock
from tests.patience import PATIENCE_S
from tests.simulator.simulator_client import connected, get, masked, request, running, upgrade, wait_until

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.loopback


class Tick(NamedTuple):
    """What was published, and how far the world was, when a tick began."""

    at_s: float
    published: int
    steps: int


class Pace:
    """What came of the ticks since now, and for how much time they were.

    That is not the time of the machine: what a slow one does not catch up with, no tick was for.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._first = simulator.venues[0]
        self._tick = self._first.tick
        self._ticks: list[Tick] = []
        self._first.tick = self._noting  # type: ignore[method-assign]

    def _noting(self, now_s: float) -> None:
        simulator = self._simulator
        self._ticks.append(Tick(now_s, simulator.published, simulator.world.steps))
        self._tick(now_s)

    @property
    def _whole(self) -> list[Tick]:
        """From the second on: how much time the first one was for is not known, nor what the last gives."""
        return self._ticks[1:] if len(self._ticks) > 2 else []

    @property
    def published(self) -> int:
        return self._whole[-1].published - self._whole[0].published if self._whole else 0

    @property
    def steps(self) -> int:
        return self._whole[-1].steps - self._whole[0].steps

    @property
    def asked_s(self) -> float:
        return sum(
            min(after.at_s - before.at_s, LONGEST_TICK_S) for before, after in pairwise(self._ticks[:-1])
        )


async def books(seed: int) -> dict[int, object]:
    """What orderbook.1 of one symbol showed, by update number, over the first updates of a run."""
    async with (
        running(seed=seed, rate=3_000.0, is_paused=True) as simulator,
        connected(simulator, "/bybit/v5/public/spot") as client,
    ):
        # Until somebody listens the world stands still: both runs tell of the same updates.
        await client.send({"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]})
        await wait_until(lambda: any(connection.topics for connection in simulator.connections))
        simulator.resume()
        seen: dict[int, object] = {}
        while len(seen) < 60:
            data = (await client.until(lambda message: "topic" in message))["data"]
            seen[data["u"]] = data
        return seen


async def test_the_same_seed_sends_the_same_frames() -> None:
    first, second, other = await books(7), await books(7), await books(8)
    common = first.keys() & second.keys()
    assert len(common) > 20
    assert all(first[number] == second[number] for number in common)
    assert first != other


async def drain(stream: trio.SocketStream) -> None:
    while await stream.receive_some():
        pass


async def test_the_rate_knob_reaches_many_thousand_messages_per_second() -> None:
    async with running(rate=20_000.0) as simulator, trio.open_nursery() as nursery:
        symbols = [row.symbol for row in simulator.world.markets["bybit-linear"].values() if row.live]
        topics = [f"{kind}.{symbol}" for kind in ("tickers", "orderbook.1") for symbol in symbols]
        names = "/".join(f"{symbol.lower()}@bookTicker" for symbol in symbols[:15])
        async with (
            await upgrade(simulator, "/bybit/v5/public/linear") as linear,
            await upgrade(simulator, f"/binance-spot/stream?streams={names}") as spot,
            await upgrade(simulator, f"/binance-usdm/public/stream?streams={names}") as usdm,
        ):
            for stream in (linear, spot, usdm):
                nursery.start_soon(drain, stream)
            await wait_until(lambda: len(simulator.connections) == 3)
            await linear.send_all(masked(json.dumps({"op": "subscribe", "args": topics})))
            await wait_until(lambda: simulator.frames_sent > 1_000)
            before, pace = simulator.frames_sent, Pace(simulator)
            await wait_until(lambda: simulator.frames_sent - before >= 8_000 and pace.published >= 8_000)
            assert pace.published / pace.asked_s > 10_000
            assert pace.steps < 3 * pace.published
            nursery.cancel_scope.cancel()


async def test_a_low_rate_is_kept_too() -> None:
    async with (
        running(rate=100.0) as simulator,
        connected(simulator, "/bybit/v5/public/linear") as client,
    ):
        symbols = [row.symbol for row in simulator.world.markets["bybit-linear"].values() if row.live]
        await client.send({"op": "subscribe", "args": [f"tickers.{symbol}" for symbol in symbols]})
        await client.until(lambda message: "topic" in message)
        pace = Pace(simulator)
        await wait_until(lambda: pace.published >= 60)
        assert pace.asked_s > 0.4


async def test_cancelling_ends_it_at_once() -> None:
    simulator = Simulator(SimulatorSettings(symbols=16))
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        await nursery.start(simulator.serve)
        async with connected(simulator, "/hyperliquid/ws"):
            await wait_until(lambda: len(simulator.connections) == 1)
            lived = stack.enter_context(LivedClock())
            nursery.cancel_scope.cancel()
    assert lived.lived_s < 0.5


async def test_unknown_addresses_and_kept_connections() -> None:
    async with running() as simulator:
        assert (await request(simulator, "GET", "/nowhere")).status_code == 404
        assert (await request(simulator, "GET", "/hyperliquid/info")).status_code == 405
        state = await get(simulator, "/control/state")
        assert state["connections"] == []


@pytest.mark.parametrize(
    ("option", "value"), [("rate", 0.5), ("rate", 20_001.0), ("symbols", 14), ("symbols", 3_001)]
)
def test_settings_out_of_range_are_refused(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=option):
        SimulatorSettings(**{option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_prints_its_port_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text('[{"kind": "refuse", "venue": "hyperliquid"}]')
    command = [sys.executable, "-m", "simulator", "--symbols", "15", "--faults", str(script)]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(
            lambda task_status: trio.run_process(
                command, stdout=subprocess.PIPE, cwd=ROOT, task_status=task_status
            )
        )
        assert process.stdout is not None
        with trio.fail_after(PATIENCE_S):
            line = await process.stdout.receive_some()
            stream = await trio.open_tcp_stream("127.0.0.1", json.loads(line)["port"])
            await stream.aclose()
            process.send_signal(number)
            assert await process.wait() == 0
        nursery.cancel_scope.cancel()
