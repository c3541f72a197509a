"""The listener and its connections: Hypercorn's protocol code behind a door that nothing gets past.

Stock Hypercorn on Trio runs every connection in the server's nursery, so that one bad request ends the
process; here each connection is fenced in, bounded in number, and bounded in time.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from quart_trio import QuartTrio

from actors.runtime.settings import WebSettings
from web.http11 import Connection, configuration
from web.limits import Limits, connections_max
from web.listening import addresses, open_listeners, tls_context
from web.quietlog import QuietLog
from web.traffic import Traffic
from web.transport import ClientStream, Wire

OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
ACCEPT_PAUSE_S = 0.1
REFUSALS_MAX = 64
REFUSAL_BODY = b'{"status":503,"title":"Too many clients","detail":"Try again in a few seconds."}'
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\n\r\n%b"
) % (len(REFUSAL_BODY), REFUSAL_BODY)


async def serve(
    app: QuartTrio,
    settings: WebSettings,
    stop: trio.Event,
    *,
    shutdown_grace_s: float,
    limits: Limits | None = None,
    task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `app` until `stop` is set; `task_status` is given the addresses once they accept.

    After `stop` nobody new is let in, WebSocket handlers (they watch `stop`) say goodbye, and whoever has
    not gone after `min(shutdown_grace_s, limits.goodbye_s)` is dropped. Raises `StartError` when the port
    or the TLS files cannot be used. The same app can be served again afterwards.
    """
    limits = limits or Limits()
    server = Server(
        app=app,
        stop=stop,
        tls=tls_context(settings),
        stall_s=settings.client_stall_s,
        clients_max=connections_max(settings.clients_max),
        limits=limits,
        goodbye_s=min(shutdown_grace_s, limits.goodbye_s),
        deflate=settings.compression,
    )
    listeners = await open_listeners(settings)
    try:
        async with started(app):
            await server.run(listeners, task_status)
    finally:
        for listener in listeners:
            listener.socket.close()


@asynccontextmanager
async def started(app: QuartTrio) -> AsyncIterator[None]:
    """Run Quart's own start and stop around the block, as an ASGI server would by its lifespan messages."""
    async with trio.open_nursery() as nursery:
        app.nursery = nursery
        await app.startup()
        nursery.start_soon(app.extensions["tickwell"].fanout.run)
        nursery.start_soon(app.extensions["tickwell"].stream.run)
        nursery.start_soon(app.extensions["tickwell"].loop.run)
        try:
            yield
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                await app.shutdown()
            nursery.cancel_scope.cancel()


@dataclass(kw_only=True)
class Server:
    """Accepts, counts, fences in and at last ends connections."""

    app: QuartTrio
    stop: trio.Event
    tls: SSLContext | None
    stall_s: float
    clients_max: int
    limits: Limits
    goodbye_s: float
    deflate: bool = True
    quiet: QuietLog = field(default_factory=QuietLog)
    connections: set[Wire | ClientStream] = field(default_factory=set)
    refusals: int = 0
    context: WorkerContext = field(default_factory=lambda: WorkerContext(None))
    config: Config = field(init=False)
    traffic: Traffic = field(init=False)
    empty: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        self.traffic = self.app.extensions["tickwell"].traffic
        self.config = configuration(self.limits.keep_alive_s, deflate=self.deflate)

    async def run(
        self, listeners: list[trio.SocketListener], task_status: trio.TaskStatus[list[tuple[str, int]]]
    ) -> None:
        """Serve until `stop`, then end every connection; return when all are gone."""
        async with trio.open_nursery() as nursery:
            try:
                async with trio.open_nursery() as doors:
                    for listener in listeners:
                        doors.start_soon(self.accept, listener, nursery)
                    task_status.started(addresses(listeners))
                    await self.stop.wait()
                    doors.cancel_scope.cancel()
                for listener in listeners:
                    listener.socket.close()
                await self.say_goodbye()
            finally:
                # Hypercorn shields writes from cancellation: only closing the sockets ends them now.
                for connection in list(self.connections):
                    drop(connection)
                nursery.cancel_scope.cancel()

    async def say_goodbye(self) -> None:
        """Let idle connections end and handlers close theirs, for a moment."""
        await self.context.terminated.set()
        with trio.move_on_after(self.goodbye_s):
            while self.connections:
                self.empty = trio.Event()
                await self.empty.wait()

    async def accept(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        """Accept for ever. Out of descriptors, the door pauses: it neither spins nor floods the log."""
        while True:
            try:
                wire = await listener.accept()
            except OSError as error:
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                self.quiet.failure("web: cannot accept a client", error)
                await trio.sleep(ACCEPT_PAUSE_S)
                continue
            if len(self.connections) < self.clients_max:
                self.connections.add(wire)
                nursery.start_soon(self.attend, wire)
            else:
                self.quiet.write(logging.WARNING, "full", f"web: full with {self.clients_max} clients")
                nursery.start_soon(self.refuse, wire)

    async def attend(self, accepted: trio.SocketStream) -> None:
        """Serve one connection; whatever it raises stays in here."""
        holder: Wire | ClientStream = accepted
        try:
            wire = await self.secured(accepted)
            if wire is not None:
                client = ClientStream(wire, self.stall_s)
                self.connections.discard(holder)
                holder = client
                self.connections.add(holder)
                self.traffic.enter(client)
                state = {"transport": client, "stop": self.stop}
                await Connection(
                    ASGIWrapper(self.app),
                    self.config,
                    self.context,
                    state,
                    client,  # type: ignore[arg-type]
                ).run()
        except* Exception as group:
            self.quiet.failure("web: a connection failed", group)
        finally:
            drop(holder)
            self.connections.discard(holder)
            if isinstance(holder, ClientStream):
                self.traffic.leave(holder)
            if not self.connections:
                self.empty.set()

    async def secured(self, wire: trio.SocketStream) -> Wire | None:
        """The stream to talk over: through TLS where it is wanted, `None` when the handshake fails."""
        if self.tls is None:
            return wire
        secure = trio.SSLStream(wire, self.tls, server_side=True, https_compatible=True)
        try:
            with trio.fail_after(self.limits.handshake_s):
                await secure.do_handshake()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            return None
        return secure

    async def refuse(self, wire: trio.SocketStream) -> None:
        """Tell a client that there is no room, if that is cheap, and close."""
        self.refusals += 1
        self.traffic.refused += 1
        try:
            if self.tls is None and self.refusals <= REFUSALS_MAX:
                with trio.move_on_after(self.limits.refusal_s):
                    await wire.send_all(REFUSAL)
                    await wire.send_eof()
                    await wire.receive_some(65_536)
        except trio.BrokenResourceError:
            pass
        finally:
            self.refusals -= 1
            wire.socket.close()


def drop(connection: Wire | ClientStream) -> None:
    """End a connection now; nothing is written or awaited."""
    if isinstance(connection, ClientStream):
        connection.abort()
    elif isinstance(connection, trio.SSLStream):
        connection.transport_stream.socket.close()
    else:
        connection.socket.close()
