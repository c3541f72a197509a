"""What the doctor's tests share: settings for one market, simulated exchanges, servers that misbehave."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import trio

from actors.exchanges import load_codec
from actors.runtime.clock import steady_clock
from actors.runtime.settings import (
    DataSettings,
    ExchangeSettings,
    MarketSettings,
    Settings,
    SupervisorSettings,
    WebSettings,
)
from commands.doctor.exchange import Market
from commands.doctor.findings import Finding, Subject
from simulator import Simulator, SimulatorSettings, addresses

Serve = Callable[[trio.abc.Stream], Awaitable[None]]
EXCHANGES = ("binance", "bybit", "hyperliquid")


def settings_with(tmp_path: Path, exchanges: dict[str, ExchangeSettings], **web: Any) -> Settings:
    """Settings that keep nothing and listen on a port that is free, unless `web` names one."""
    return Settings(
        SupervisorSettings(),
        MarketSettings(),
        WebSettings(**{"port": 0, **web}),
        DataSettings(str(tmp_path / "data")),
        exchanges,
    )


def of_exchange(name: str, port: int, **changes: Any) -> ExchangeSettings:
    """The linear market of a simulated exchange, and one symbol of it."""
    symbol = "BTC" if name == "hyperliquid" else "BTCUSDT"
    return ExchangeSettings(**{"linear": (symbol,), **addresses(port)[name], **changes})


async def found_at(name: str, settings: ExchangeSettings) -> dict[str, Finding]:
    """The worst finding of each check of the linear market."""
    subject = Subject(f"{name}:linear")
    await Market(name, partial(load_codec(name), "linear"), settings, steady_clock(), subject).examine()
    worst = sorted(subject.findings, key=lambda each: ("ok", "warning", "failed").index(each.state))
    return {each.check: each for each in worst}


@asynccontextmanager
async def simulated() -> AsyncIterator[tuple[Simulator, int]]:
    """Simulated exchanges, and their port."""
    simulator = Simulator(SimulatorSettings(rate=100, symbols=15))
    async with trio.open_nursery() as nursery:
        yield simulator, await nursery.start(simulator.serve)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def served(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TCP (or TLS) server that does `serve` with each connection, and its port."""

    async def handle(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await serve(trio.SSLStream(stream, tls, server_side=True) if tls else stream)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, handle, 0, host="127.0.0.1"))
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


def answering(response: bytes) -> Serve:
    """Answer anything with the same bytes, and hang up."""

    async def serve(stream: trio.abc.Stream) -> None:
        await stream.receive_some(65_536)
        await stream.send_all(response)
        await stream.aclose()

    return serve


@contextmanager
def without_names() -> Iterator[None]:
    """No name leads anywhere."""

    class Nowhere(trio.abc.HostnameResolver):
        async def getaddrinfo(self, host: object, *args: object, **options: object) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        async def getnameinfo(self, *args: object) -> Any:
            raise AssertionError("nobody asks for the name of an address")

    before = trio.socket.set_custom_hostname_resolver(Nowhere())
    try:
        yield
    finally:
        trio.socket.set_custom_hostname_resolver(before)


async def silent(stream: trio.abc.Stream) -> None:
    """Take everything and say nothing."""
    while await stream.receive_some(65_536):
        pass
