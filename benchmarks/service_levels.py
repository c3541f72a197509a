"""The promises of recovery and of slow clients, measured: `python -m benchmarks.service_levels`.

Starts simulated exchanges and a hub as processes of their own, makes things fail, and prints one table.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio
from trio_websocket import ConnectionClosed, open_websocket_url

from tests.processes import HubProcess, SimulatorProcess, hub, simulator

KILLS = 20
NEVER_READERS = 500
GOOD_CLIENTS = 50
STORM_CLIENTS = 1000
STARTS = 5


def resident_mb(pid: int) -> float:
    """The resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def upgrade(port: int, receive_buffer: int | None = None, query: str = "") -> socket.socket:
    """A raw client that has asked for a stream, and reads nothing by itself."""
    client = socket.socket()
    if receive_buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.connect(("127.0.0.1", port))
    client.sendall(
        f"GET /ws/realtime/bybit{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    return client


async def recovery(tickwell: HubProcess, exchanges: SimulatorProcess) -> str:
    """R1: from a reset connection to fresh prices at a client."""
    delays: list[float] = []
    url = f"{tickwell.stream_url}/ws/realtime/bybit?symbols=BTCUSDT&market=linear"
    async with open_websocket_url(url) as client:
        for _ in range(KILLS):
            await exchanges.inject(kind="reset", venue="bybit", market="linear")
            killed = time.monotonic()
            killed_ms = time.time() * 1e3 + 30  # whatever came until then came from the old connection
            while True:
                records = json.loads(await client.get_message())["data"]
                if records and records[0]["ts_recv"] > killed_ms and not records[0]["stale"]:
                    break
            delays.append(time.monotonic() - killed)
            await trio.sleep(31)  # a life that lasted is a new beginning for the backoff
    return f"{KILLS} resets: fresh again after p50 {quantile(delays, 0.5):.2f} s, max {max(delays):.2f} s"


async def slow_clients(tickwell: HubProcess, exchanges: SimulatorProcess) -> str:
    """R10: clients that never read are closed, and nobody else notices."""
    before_mb = resident_mb(tickwell.child.pid)
    gaps: list[float] = []
    async with trio.open_nursery() as nursery:
        for _ in range(GOOD_CLIENTS):
            nursery.start_soon(measure_gaps, tickwell, gaps)
        await trio.sleep(2)
        gaps.clear()
        began = time.monotonic()
        sockets = [upgrade(tickwell.port, 4096) for _ in range(NEVER_READERS)]
        peak_mb = 0.0
        while (await tickwell.status())["active_connections"]["bybit"] > GOOD_CLIENTS:
            peak_mb = max(peak_mb, resident_mb(tickwell.child.pid))
            await trio.sleep(0.1)
        closed_s = time.monotonic() - began
        nursery.cancel_scope.cancel()
    for each in sockets:
        each.close()
    return (
        f"{NEVER_READERS} never-readers gone after {closed_s:.1f} s, memory +{peak_mb - before_mb:.0f} MB, "
        f"{GOOD_CLIENTS} good clients' gap p50 {quantile(gaps, 0.5) * 1e3:.0f} ms, "
        f"p99 {quantile(gaps, 0.99) * 1e3:.0f} ms, max {max(gaps) * 1e3:.0f} ms"
    )


async def measure_gaps(tickwell: HubProcess, gaps: list[float]) -> None:
    """Note the time between a client's messages."""
    async with open_websocket_url(f"{tickwell.stream_url}/ws/realtime/binance?symbols=BTCUSDT") as client:
        await client.get_message()
        last = time.monotonic()
        while True:
            await client.get_message()
            now = time.monotonic()
            gaps.append(now - last)
            last = now


async def storm(tickwell: HubProcess, exchanges: SimulatorProcess) -> str:
    """R17: everybody comes back at once."""
    began = time.monotonic()
    sockets = await trio.to_thread.run_sync(
        lambda: [upgrade(tickwell.port, query="?symbols=BTCUSDT&mode=changes") for _ in range(STORM_CLIENTS)]
    )
    for each in sockets:
        each.setblocking(False)
    waiting = set(sockets)
    while waiting:
        for each in list(waiting):
            try:
                if b"initial_data" in each.recv(65_536, socket.MSG_PEEK):
                    waiting.discard(each)
            except BlockingIOError:
                continue
        await trio.sleep(0.01)
    took_s = time.monotonic() - began
    for each in sockets:
        each.close()
    return f"{STORM_CLIENTS} clients connected and served after {took_s:.2f} s"


async def stop(tickwell: HubProcess, exchanges: SimulatorProcess) -> str:
    """R7: SIGTERM with clients that never read, and one that does."""
    sockets = [upgrade(tickwell.port, 4096) for _ in range(NEVER_READERS)]
    code: list[int] = []
    async with open_websocket_url(f"{tickwell.stream_url}/ws/realtime/bybit") as client:
        await trio.sleep(1)
        began = time.monotonic()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(note_close, client, code)
            exit_code = await tickwell.signal_and_wait()
    took_s = time.monotonic() - began
    for each in sockets:
        each.close()
    return f"exit {exit_code} after {took_s:.2f} s with {NEVER_READERS} never-readers; readers saw {code}"


async def note_close(client: object, code: list[int]) -> None:
    """Read until the server closes, and note its code."""
    try:
        while True:
            await client.get_message()  # type: ignore[attr-defined]
    except ConnectionClosed as closed:
        code.append(int(closed.reason.code) if closed.reason else 1006)


async def start(tickwell: HubProcess, exchanges: SimulatorProcess) -> str:
    """From the command to five live markets, on the shipped settings and an empty folder."""
    took_s: list[float] = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            with hub(Path(folder), exchanges.port) as fresh:
                await fresh.until_listening()
                await fresh.until_states("live")
                took_s.append(time.monotonic() - began)
    return (
        f"{STARTS} starts: five markets live after p50 {quantile(took_s, 0.5):.2f} s, max {max(took_s):.2f} s"
    )


Drill = Callable[[HubProcess, SimulatorProcess], Awaitable[str]]
DRILLS: dict[str, Drill] = {"start": start, "R10": slow_clients, "R17": storm, "R1": recovery, "R7": stop}


async def main(names: list[str]) -> None:
    """Run the drills of `names`, or all of them, and print a Markdown table."""
    print("| level | measured |\n|---|---|", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(Path(folder)) as exchanges,
        hub(Path(folder), exchanges.port, TICKWELL_WEB_CLIENT_STALL_S=3) as tickwell,
    ):
        await tickwell.until_listening()
        await tickwell.until_states("live")
        for name in names or list(DRILLS):
            print(f"| {name} | {await DRILLS[name](tickwell, exchanges)} |", flush=True)


if __name__ == "__main__":
    trio.run(main, sys.argv[1:])
