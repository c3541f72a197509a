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

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from quart_trio import QuartTrio

from actors.runtime.settings import WebSettings
from web.certificate import Certificate
from web.guard.addresses import is_loopback, is_within, networks_of
from web.guard.room import Full, Guest, Room
from web.http11 import Connection, configuration
from web.leftovers import Leftovers
from web.limits import Limits, connections_max
from web.listening import Arrivals, addresses, open_listeners
from web.quietlog import QuietLog
from web.traffic import Traffic
from web.transport import ClientStream, Wire

OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
ACCEPT_PAUSE_S = 0.1
REFUSALS_MAX = 64


def refusal(status: str, title: str) -> bytes:
    """A whole answer, for who is not even asked what they want."""
    body = f'{{"status":{status[:3]},"title":"{title}","detail":"Try again in a few seconds."}}'
    lines = [
        f"HTTP/1.1 {status}",
        "retry-after: 5",
        "connection: close",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


REFUSALS: dict[Full, bytes] = {
    "full": refusal("503 Service Unavailable", "Too many clients"),
    "address": refusal("429 Too Many Requests", "Too many connections of your address"),
}


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
    limits, quiet = limits or Limits(), QuietLog()
    proxies = networks_of(settings.trusted_proxies)
    server = Server(
        app=app,
        stop=stop,
        certificate=Certificate(settings, quiet),
        stall_s=settings.client_stall_s,
        room=Room(
            connections_max(settings.clients_max),
            settings.connections_per_address_max,
            lambda address: is_loopback(address) or is_within(address, proxies),
        ),
        limits=limits,
        goodbye_s=min(shutdown_grace_s, limits.goodbye_s),
        deflate=settings.compression,
        quiet=quiet,
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
    certificate: Certificate
    stall_s: float
    room: Room
    limits: Limits
    goodbye_s: float
    deflate: bool = True
    quiet: QuietLog = field(default_factory=QuietLog)
    leftovers: Leftovers = field(default_factory=Leftovers)
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
                        doors.start_soon(self.accept, listener, doors, nursery)
                    doors.start_soon(self.certificate.watch, self.limits.certificate_check_s)
                    task_status.started(addresses(listeners))
                    await self.stop.wait()
                    doors.cancel_scope.cancel()
                for listener in listeners:
                    listener.socket.close()
                await self.say_goodbye()
            finally:
                # Hypercorn shields writes from cancellation: only closing the sockets ends them now.
                for guest in list(self.room.guests):
                    drop(guest.holder)
                nursery.cancel_scope.cancel()

    async def say_goodbye(self) -> None:
        """Let idle connections end and handlers close theirs, for a moment."""
        await self.context.terminated.set()
        with trio.move_on_after(self.goodbye_s):
            while self.room.guests:
                self.empty = trio.Event()
                await self.empty.wait()

    async def accept(self, listener: trio.SocketListener, doors: trio.Nursery, nursery: trio.Nursery) -> None:
        """Accept for ever. Out of descriptors, the door pauses: it neither spins nor floods the log."""
        with Arrivals(listener) as arrivals:
            while True:
                try:
                    arrived = await arrivals.next()
                except OSError as error:
                    if error.errno not in OUT_OF_RESOURCES:
                        raise
                    self.quiet.failure("web: cannot accept a client", error)
                    await trio.sleep(ACCEPT_PAUSE_S)
                    continue
                for wire in arrived:
                    self.let_in(wire, doors, nursery)

    def let_in(self, wire: trio.SocketStream, doors: trio.Nursery, nursery: trio.Nursery) -> None:
        """Find a place for a connection, or turn it away."""
        try:
            address = str(wire.socket.getpeername()[0])
        except OSError:
            wire.socket.close()
            return
        silent = self.room.longest_silent(trio.current_time())
        if silent is not None:
            self.traffic.made_way += 1
            drop(silent.holder)
        guest = self.room.enter(wire, address, trio.current_time())
        if isinstance(guest, Guest):
            doors.start_soon(self.greet, guest, wire, nursery)
            return
        words = f"full with {self.room.most}" if guest == "full" else f"too many connections of {address}"
        self.quiet.write(logging.WARNING, guest, f"web: {words}")
        nursery.start_soon(self.refuse, wire, REFUSALS[guest])

    async def greet(self, guest: Guest, wire: trio.SocketStream, nursery: trio.Nursery) -> None:
        """Wait until a client says something: who says nothing costs next to nothing, and holds up no
        stop."""
        says_something = False
        patience_s = self.limits.handshake_s if self.certificate.context else self.limits.keep_alive_s
        try:
            with trio.move_on_after(patience_s):
                await trio.lowlevel.wait_readable(wire.socket)
                says_something = True
                nursery.start_soon(self.attend, guest, wire)
        except trio.ClosedResourceError:
            pass  # it has made way
        finally:
            if not says_something:
                self.part_with(guest)

    async def attend(self, guest: Guest, accepted: trio.SocketStream) -> None:
        """Serve one connection; whatever it raises stays in here."""
        client: ClientStream | None = None
        try:
            wire = await self.secured(accepted)
            if wire is not None:
                guest.holder = client = ClientStream(wire, self.stall_s)
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
            self.part_with(guest)
            if client is not None:
                self.traffic.leave(client)
            self.leftovers.note(trio.current_time(), len(self.room.guests))

    def part_with(self, guest: Guest) -> None:
        """A connection has ended, or ends now."""
        drop(guest.holder)
        self.room.leave(guest)
        if not self.room.guests:
            self.empty.set()

    async def secured(self, wire: trio.SocketStream) -> Wire | None:
        """The stream to talk over: through TLS where it is wanted, `None` when the handshake fails."""
        context = self.certificate.context
        if context is None:
            return wire
        secure = trio.SSLStream(wire, context, server_side=True, https_compatible=True)
        try:
            with trio.fail_after(self.limits.handshake_s):
                await secure.do_handshake()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            return None
        return secure

    async def refuse(self, wire: trio.SocketStream, answer: bytes) -> None:
        """Tell a client that there is no room, if that is cheap, and close."""
        self.refusals += 1
        self.traffic.refused += 1
        try:
            if self.certificate.context is None and self.refusals <= REFUSALS_MAX:
                with trio.move_on_after(self.limits.refusal_s):
                    await wire.send_all(answer)
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
