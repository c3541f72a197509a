"""Question 3: what it costs to send a snapshot of 20 KB to one of many clients, five times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import (
    Answer,
    Bar,
    Plan,
    Process,
    Values,
    cpu_s,
    free_port,
    interleaved,
    median,
    process,
    spread,
    until,
)
from benchmarks.hub import hub, until_settled

INTERVAL_S = 0.2
HUB_RECORDS, PEER_RECORDS = 38, 38
RATE = 20  # little, so that what is subtracted is little
PATH = "/ws/realtime/bybit?market=linear"
NAMES = {
    "tickwell": "Tickwell",
    "limit": "the limit: a loop of `socket.send`",
    "picows": "picows",
    "websockets": "websockets `broadcast()`",
    "starlette": "uvicorn + Starlette",
    "fastapi": "uvicorn + FastAPI",
    "aiohttp": "aiohttp",
    "trio_websocket": "trio-websocket",
    "quart": "Quart-Trio `websocket.send`",
}


@contextmanager
def crowd(port: int, path: str, count: int, *more: object) -> Iterator[Process]:
    """Clients, all of which have had a first frame."""
    arguments = ("--port", port, "--path", path, "--count", count, "--interval", INTERVAL_S)
    with process("-m", "benchmarks.clients", *arguments, *more) as clients:
        clients.read()
        yield clients


def window(pid: int, clients: Process, seconds: float) -> Values:
    """What `pid` spent on each frame that the clients received."""
    before, before_s = clients.ask("begin"), cpu_s(pid)
    time.sleep(seconds)
    after_s, after = cpu_s(pid), clients.ask("mark")
    took_s, frames = after["at_s"] - before["at_s"], max(1, after["frames"])
    spent_s = after_s - before_s
    return {
        "cpu_us": spent_s / frames * 1e6,
        "cpu_share": spent_s / took_s,
        "sends_per_s": frames / took_s,
        "bytes": after["bytes"] / frames,
        "compressed": after["compressed"] / frames,
        "client_us": (after["cpu_s"] - before["cpu_s"]) / frames * 1e6,
        **{name: after[name] for name in ("delay_p50_ms", "delay_p99_ms", "gap_p50_ms", "gap_p99_ms")},
        "closed": after["closed"],
    }


def peer(name: str, count: int, seconds: float, *more: object) -> Values:
    """A peer's turn."""
    port = free_port()
    arguments = (name, "--port", port, "--records", PEER_RECORDS, "--interval", INTERVAL_S)
    with process("-m", "benchmarks.servers", *arguments) as server:
        until(lambda: is_listening(port), f"{name} listening")
        with crowd(port, "/ws", count, *more) as clients:
            return window(server.pid, clients, seconds)


def is_listening(port: int) -> bool:
    """Whether somebody does. Looks, without connecting: a connection would be a client."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    return wanted in Path("/proc/net/tcp").read_text()


def tickwell(count: int, seconds: float, *more: object) -> Values:
    """The hub's turn. What it spends without clients, before and after, is subtracted."""
    exchange_arguments = ("-m", "benchmarks.exchange", "--linear", HUB_RECORDS, "--rate", RATE)
    with process(*exchange_arguments) as exchange, hub(exchange.read()["port"], HUB_RECORDS) as running:
        until_settled(exchange)
        before = idle_cpu_per_s(running.pid, seconds)
        with crowd(running.port, PATH, count, *more) as clients:
            values = window(running.pid, clients, seconds)
        until(lambda: not running.clients(), "the clients' leaving")
        idle = (before + idle_cpu_per_s(running.pid, seconds)) / 2
    more_us = idle / values["sends_per_s"] * 1e6
    return values | {"cpu_us": values["cpu_us"] - more_us, "idle_share": idle}


def idle_cpu_per_s(pid: int, seconds: float) -> float:
    """What a process spends by itself."""
    before_s, began_s = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before_s) / (time.monotonic() - began_s)


def turn(name: str, count: int, seconds: float, *more: object) -> Values:
    """One contestant's turn."""
    return tickwell(count, seconds, *more) if name == "tickwell" else peer(name, count, seconds, *more)


def answer(plan: Plan) -> Answer:
    """Measure, and judge."""
    counts = (100,) if plan.quick else (100, 1000)
    runs, seconds = plan.runs(), plan.of(2.0, 0.8)
    result = Answer(
        3,
        f"Fan-out of 20 KB, 5/s, {runs} runs of {seconds:g} s",
        (
            "clients",
            "server",
            "CPU µs/client-send (min-max)",
            "× the limit",
            "sends/s",
            "bytes/frame",
            "client's µs",
        ),
    )
    for count in counts:
        values = interleaved({name: partial(turn, name, count, seconds) for name in NAMES}, runs)
        result.raw[str(count)] = values
        judge(result, count, values)
    result.notes = [
        "CPU of the server process while every client receives. From Tickwell's is subtracted what the same "
        "process spent before and after, without clients "
        f"({median(result.raw[str(counts[0])]['tickwell'], 'idle_share') * 100:.1f} % of a core): it "
        "follows an exchange and encodes records, which the peers do not.",
        "The clients are one process that reads frame headers only; its CPU per frame is the last column.",
    ]
    return result


def judge(result: Answer, count: int, values: dict[str, list[Values]]) -> None:
    """The rows and bars of one number of clients."""
    cost = {name: median(each, "cpu_us") for name, each in values.items()}
    for name, each in values.items():
        numbers = [f"{median(each, key):,.0f}" for key in ("sends_per_s", "bytes")]
        ratio = f"{cost[name] / cost['limit']:.2f}"
        client = f"{median(each, 'client_us'):.1f}"
        result.rows.append((str(count), NAMES[name], spread(each, "cpu_us"), ratio, *numbers, client))
    limits = {"limit": 1.35, "picows": 1.15, "websockets": 0.85}
    for name in NAMES:
        if name != "tickwell":
            ratio_to = cost["tickwell"] / cost[name]
            result.bars.append(
                Bar(f"{count} clients, against {NAMES[name]}", ratio_to, limits.get(name, 0.45))
            )
