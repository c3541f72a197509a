"""Who sends snapshots in questions 3 and 4: `python -m benchmarks.servers picows --port 1234`.

Each peer does the same: every interval, one prepared text to every client, in the way its documentation
recommends. Nothing is encoded or decoded; the hub alone also builds its frames.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import importlib
import itertools
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from benchmarks import wire
from benchmarks.exchange import GUID

BACKLOG = 2048


def due_times(interval_s: float) -> Iterator[float]:
    """The moments of the monotonic clock at which a snapshot is due."""
    began_s = time.monotonic()
    return (began_s + interval_s * number for number in itertools.count(1))


async def ticks(options: argparse.Namespace, texts: list[str]) -> AsyncIterator[str]:
    """A text every interval, on asyncio."""
    for due_s, text in zip(due_times(options.interval), itertools.cycle(texts), strict=False):
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        yield text


class Manager:
    """The connection manager of FastAPI's documentation, which Starlette's users write as well."""

    def __init__(self) -> None:
        self.active: list[Any] = []

    async def serve(self, websocket: Any) -> None:
        """One client."""
        await websocket.accept()
        self.active.append(websocket)
        with suppress(Exception):
            while True:
                await websocket.receive_text()
        self.active.remove(websocket)

    async def broadcast(self, options: argparse.Namespace, texts: list[str]) -> None:
        """Everybody, in turn."""
        async for text in ticks(options, texts):
            for websocket in list(self.active):
                with suppress(Exception):
                    await websocket.send_text(text)


def asgi(make: Callable[..., Any], options: argparse.Namespace, texts: list[str]) -> None:
    """A Starlette or FastAPI application on uvicorn with uvloop."""
    manager = Manager()

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(manager.broadcast(options, texts))
        yield
        task.cancel()

    uvicorn: Any = importlib.import_module("uvicorn")
    application = make(manager, lifespan)
    uvicorn.run(application, host="127.0.0.1", port=options.port, loop="uvloop", log_level="error")


def starlette(options: argparse.Namespace, texts: list[str]) -> None:
    """uvicorn + Starlette."""
    applications: Any = importlib.import_module("starlette.applications")
    routing: Any = importlib.import_module("starlette.routing")

    def make(manager: Manager, lifespan: Any) -> Any:
        routes = [routing.WebSocketRoute("/ws", manager.serve)]
        return applications.Starlette(routes=routes, lifespan=lifespan)

    asgi(make, options, texts)


def fastapi(options: argparse.Namespace, texts: list[str]) -> None:
    """uvicorn + FastAPI."""
    module: Any = importlib.import_module("fastapi")

    def make(manager: Manager, lifespan: Any) -> Any:
        application = module.FastAPI(lifespan=lifespan)

        async def serve(websocket: Any) -> None:
            await manager.serve(websocket)

        serve.__annotations__["websocket"] = module.WebSocket
        application.websocket("/ws")(serve)
        return application

    asgi(make, options, texts)


def aiohttp(options: argparse.Namespace, texts: list[str]) -> None:
    """aiohttp's own server."""
    web: Any = importlib.import_module("aiohttp.web")
    clients: set[Any] = set()

    async def serve(request: Any) -> Any:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        clients.add(websocket)
        try:
            async for _ in websocket:
                pass
        finally:
            clients.discard(websocket)
        return websocket

    async def broadcast(_: Any) -> AsyncIterator[None]:
        async def run() -> None:
            async for text in ticks(options, texts):
                for websocket in list(clients):
                    with suppress(ConnectionError):
                        await websocket.send_str(text)

        task = asyncio.create_task(run())
        yield
        task.cancel()

    application = web.Application()
    application.router.add_get("/ws", serve)
    application.cleanup_ctx.append(broadcast)
    web.run_app(application, host="127.0.0.1", port=options.port, print=None, access_log=None)


def websockets(options: argparse.Namespace, texts: list[str]) -> None:
    """websockets' `broadcast()` on asyncio."""
    server: Any = importlib.import_module("websockets.asyncio.server")
    clients: set[Any] = set()

    async def serve(websocket: Any) -> None:
        clients.add(websocket)
        await websocket.wait_closed()
        clients.discard(websocket)

    async def run() -> None:
        async with server.serve(serve, "127.0.0.1", options.port, backlog=BACKLOG):
            async for text in ticks(options, texts):
                server.broadcast(clients, text)

    asyncio.run(run())


def picows(options: argparse.Namespace, texts: list[str]) -> None:
    """picows on asyncio."""
    module: Any = importlib.import_module("picows")
    clients: set[Any] = set()
    methods = {
        "on_ws_connected": lambda self, transport: clients.add(transport),
        "on_ws_disconnected": lambda self, transport: clients.discard(transport),
    }
    listener = type("Listener", (module.WSListener,), methods)

    async def run() -> None:
        await module.ws_create_server(lambda _: listener(), "127.0.0.1", options.port, backlog=BACKLOG)
        async for text in ticks(options, texts):
            payload = text.encode()
            for transport in clients:
                transport.send(module.WSMsgType.TEXT, payload)

    asyncio.run(run())


class Beat:
    """What every client's task waits for, on Trio."""

    def __init__(self, options: argparse.Namespace, texts: list[str]) -> None:
        import trio

        self.options, self.texts, self.trio = options, texts, trio
        self.event, self.text = trio.Event(), ""

    async def run(self) -> None:
        """Wake everybody for each text."""
        for due_s, text in zip(due_times(self.options.interval), itertools.cycle(self.texts), strict=False):
            await self.trio.sleep(max(0.0, due_s - time.monotonic()))
            self.text, event, self.event = text, self.event, self.trio.Event()
            event.set()

    async def feed(self, send: Callable[[str], Awaitable[None]]) -> None:
        """One client: wait, send, wait."""
        while True:
            await self.event.wait()
            await send(self.text)


def quart(options: argparse.Namespace, texts: list[str]) -> None:
    """Quart's `websocket.send` on Hypercorn and Trio: what the hub would be without its fast path."""
    import trio
    from hypercorn.config import Config
    from hypercorn.trio import serve
    from quart import websocket
    from quart_trio import QuartTrio

    application = QuartTrio(__name__)
    beat = Beat(options, texts)

    @application.websocket("/ws")
    async def _client() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(beat.feed, websocket.send)
            while True:
                await websocket.receive()

    async def run() -> None:
        config = Config()
        config.bind, config.backlog = [f"127.0.0.1:{options.port}"], BACKLOG
        async with trio.open_nursery() as nursery:
            nursery.start_soon(beat.run)
            await serve(application, config)

    trio.run(run)


def trio_websocket(options: argparse.Namespace, texts: list[str]) -> None:
    """trio-websocket's server."""
    import trio
    import trio_websocket as module

    async def run() -> None:
        beat = Beat(options, texts)

        async def client(request: Any) -> None:
            websocket = await request.accept()
            with suppress(module.ConnectionClosed):
                await beat.feed(websocket.send_message)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(beat.run)
            await module.serve_websocket(client, "127.0.0.1", options.port, None, message_queue_size=8)

    trio.run(run)


def limit(options: argparse.Namespace, texts: list[str]) -> None:
    """As little as can be done: a loop of `socket.send` over a prepared frame."""
    clients: list[socket.socket] = []
    frames = [wire.text_frame(text.encode()) for text in texts]
    with socket.create_server(("127.0.0.1", options.port), backlog=BACKLOG) as listener:
        for due_s, frame in zip(due_times(options.interval), itertools.cycle(frames), strict=False):
            while (left_s := due_s - time.monotonic()) > 0:
                listener.settimeout(left_s)
                with suppress(TimeoutError):
                    sock, _ = listener.accept()
                    clients.append(greeted(sock))
            for sock in clients:
                with suppress(OSError):
                    sock.send(frame)


def greeted(sock: socket.socket) -> socket.socket:
    """A client after its upgrade."""
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", sock.recv(4096))
    accept = base64.b64encode(hashlib.sha1((key[1] if key else b"") + GUID).digest())
    sock.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


SERVERS: dict[str, Callable[[argparse.Namespace, list[str]], None]] = {
    each.__name__: each
    for each in (starlette, fastapi, aiohttp, websockets, picows, quart, trio_websocket, limit)
}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--interval", type=float, default=0.2)
    options = parser.parse_args()
    SERVERS[options.server](options, wire.snapshots(options.records))


if __name__ == "__main__":
    main()
