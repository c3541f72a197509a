"""Ten thousand silent connections against a hub: `python -m tests.loopback.siege [--silent N] [--seconds S]`.

The hub runs in a process of its own, with as many places as there are silent connections. They say nothing,
or half a request, and come again when they are dropped. Meanwhile somebody asks for `/livez` on a new
connection twenty times a second, and clients of the stream that came before have their pings answered. A
table comes out.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import trio

from actors.runtime.settings import WebSettings
from actors.runtime.start import calm_collector
from tests.web.served import Hub, NoControl, head_of, opened, upgrade
from web.app import create_app
from web.readmodel import ReadModel
from web.server import serve

BEGINNINGS = (
    b"",
    b"GET /liv",
    b"GET /livez HTTP/1.1\r\nhost: localhost\r\na: ",
    upgrade()[:60],
)
STATUS = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
PING, PONG = b"\x89\x80\x01\x02\x03\x04", b"\x8a\x00"
GOOD_CLIENTS = 20
PROBE_EVERY_S = 0.05
CALM_S = 5.0
RAMP_S = 10.0


@dataclass
class Felt:
    """What the others noticed: how long answers took, and what went wrong."""

    answers_s: list[float] = field(default_factory=list)
    pings_s: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


@dataclass
class Crowd:
    """The silent connections: how many there are now, at most were, and were begun."""

    open: int = 0
    peak: int = 0
    begun: int = 0


async def serve_hub(places: int) -> None:
    """A hub with so many places, until stdin ends; its port goes to stdout."""
    calm_collector()
    model = ReadModel(["bybit"], now_ns=lambda: 0)
    settings = WebSettings(port=0, clients_max=places)
    app = create_app(model, NoControl(), settings, stop=trio.Event(), now_ns=model.now_ns)
    async with trio.open_nursery() as nursery:
        [(_, port)] = await nursery.start(partial(serve, app, settings, trio.Event(), shutdown_grace_s=1))
        print(port, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


async def lay(port: int, count: int) -> None:
    """So many silent connections, until stdin ends; then how it went goes to stdout."""
    crowd = Crowd()
    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(silent, port, number, crowd)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()
    print(f"at most {crowd.peak} at once, {crowd.begun} in all", flush=True)


@contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[str]]:
    """One of the other two processes, which ends with its stdin."""
    command = [sys.executable, "-m", "tests.loopback.siege", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.stdin is not None:
                process.stdin.close()


def last_line(process: subprocess.Popen[str]) -> str:
    """What a child says at its end."""
    told, _ = process.communicate(timeout=60)
    return told.strip()


async def silent(port: int, number: int, crowd: Crowd) -> None:
    """One connection that asks nothing, again and again."""
    while True:
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", port)
        except OSError:
            await trio.sleep(0.1)
            continue
        crowd.begun += 1
        crowd.open += 1
        crowd.peak = max(crowd.peak, crowd.open)
        try:
            await stream.send_all(BEGINNINGS[number % len(BEGINNINGS)])
            while await stream.receive_some(4096):
                pass
        except trio.BrokenResourceError:
            pass
        finally:
            crowd.open -= 1
            await trio.aclose_forcefully(stream)


async def ask(port: int, felt: Felt) -> None:
    """Ask for the hub's health, each time on a new connection."""
    while True:
        began_s = trio.current_time()
        try:
            with trio.fail_after(10):
                stream = await trio.open_tcp_stream("127.0.0.1", port)
                async with stream:
                    await stream.send_all(STATUS)
                    status = (await head_of(stream))[9:12].decode()
            felt.answers_s.append(trio.current_time() - began_s)
            if status != "200":
                felt.failures[f"status {status or 'none'}"] += 1
        except (OSError, trio.BrokenResourceError, trio.TooSlowError) as error:
            felt.failures[type(error).__name__] += 1
        await trio.sleep(PROBE_EVERY_S)


async def ping(stream: trio.SocketStream, felt: Felt) -> None:
    """Have a ping answered four times a second, on a connection that came before."""
    while True:
        began_s = trio.current_time()
        try:
            with trio.fail_after(10):
                await stream.send_all(PING)
                while PONG not in await stream.receive_some(65_536):
                    pass
            felt.pings_s.append(trio.current_time() - began_s)
        except (trio.BrokenResourceError, trio.TooSlowError) as error:
            felt.failures[f"client of the stream: {type(error).__name__}"] += 1
            return
        await trio.sleep(0.25)


async def siege(port: int, pid: int, count: int, seconds: float) -> list[str]:
    """Before and during it, as a table in Markdown."""
    calm, felt = Felt(), Felt()
    clients = [await opened(cast(Hub, Door(port))) for _ in range(GOOD_CLIENTS)]
    await watch(port, clients, calm, CALM_S)
    before_mib = memory_mib(pid)
    with child("--lay", str(port), "--silent", str(count)) as besiegers:
        await trio.sleep(RAMP_S)
        busy_s = processor_s(pid)
        await watch(port, clients, felt, seconds)
        busy_s = processor_s(pid) - busy_s
        during_mib = memory_mib(pid)
        crowd = await trio.to_thread.run_sync(last_line, besiegers)
    failures = ", ".join(f"{number} {name}" for name, number in felt.failures.items())
    return [
        f"{count} silent connections: {crowd}. The hub used {busy_s / seconds:.0%} of a processor.",
        "",
        "| | before | during |",
        "|---|---|---|",
        row("a new request answered, median", calm.answers_s, felt.answers_s, 0.5),
        row("… 99 of 100 within", calm.answers_s, felt.answers_s, 0.99),
        row("a ping of a connected client, median", calm.pings_s, felt.pings_s, 0.5),
        row("… 99 of 100 within", calm.pings_s, felt.pings_s, 0.99),
        f"| requests | {len(calm.answers_s)} | {len(felt.answers_s)} |",
        f"| what failed | {sum(calm.failures.values()) or 'nothing'} | {failures or 'nothing'} |",
        f"| memory of the hub | {before_mib:.0f} MiB | {during_mib:.0f} MiB |",
    ]


async def watch(port: int, clients: list[trio.SocketStream], felt: Felt, seconds: float) -> None:
    """Note for so long what others feel."""
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, port, felt)
            for client in clients:
                nursery.start_soon(ping, client, felt)


class Door:
    """As much of a served hub as is needed to connect to it."""

    def __init__(self, port: int) -> None:
        self.port = port

    raw = Hub.raw


def row(words: str, before_s: list[float], during_s: list[float], share: float) -> str:
    """A line of the table, in milliseconds."""
    return f"| {words} | {at(before_s, share) * 1000:.1f} ms | {at(during_s, share) * 1000:.1f} ms |"


def at(values_s: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    found = sorted(values_s) or [float("nan")]
    return found[min(len(found) - 1, int(share * len(found)))]


def memory_mib(pid: int) -> float:
    """What a process holds in memory."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def processor_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Serve, or lay siege."""
    parser = argparse.ArgumentParser(prog="python -m tests.loopback.siege", description=__doc__)
    parser.add_argument("--silent", type=int, default=10_000, metavar="N", help="connections")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="how long")
    parser.add_argument("--serve", type=int, metavar="PLACES", help=argparse.SUPPRESS)
    parser.add_argument("--lay", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.serve is not None:
        trio.run(serve_hub, options.serve)
        return
    if options.lay is not None:
        trio.run(lay, options.lay, options.silent)
        return
    with child("--serve", str(options.silent)) as hub:
        port = int(hub.stdout.readline()) if hub.stdout is not None else 0
        print("\n".join(trio.run(partial(siege, port, hub.pid, options.silent, options.seconds))))


if __name__ == "__main__":
    main()
