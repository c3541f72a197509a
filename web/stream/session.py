"""`/ws`: one client of the stream, from acceptance to goodbye."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import trio
from quart import websocket
from quart_trio import QuartTrio

from actors.runtime.version import __version__
from web.inbound import Conduct, TooManyErrors
from web.parting import Parting, Socket
from web.site import Site
from web.stream import answers, frames
from web.stream.asyncapi import SUBPROTOCOLS
from web.stream.client import Client
from web.stream.decoding import Format
from web.stream.desk import Desk
from web.stream.options import RATE_HZ_MAX
from web.stream.turns import HEARTBEAT_S
from web.transport import ClientStream
from web.visitor import Visitor

FAREWELL_S = 0.5
GOODBYE_MS = 1000
BURST_S = 3.0


def register(app: QuartTrio, site: Site) -> None:
    """Add the socket to `app`."""

    @app.websocket("/ws")
    async def stream() -> None:
        peer = (websocket.scope.get("client") or ("",))[0]
        with site.stream.doors.enter(str(peer)):
            format, subprotocol = chosen(websocket.requested_subprotocols)  # noqa: A001
            await websocket.accept(subprotocol=subprotocol)
            transport: ClientStream = websocket.scope["state"]["transport"]
            visitor = Visitor.at(str(peer), site.now_ns())
            session = Session(site, websocket, site.stop_of(websocket), transport, format, visitor)
            try:
                await session.run()
            finally:
                site.traffic.ended("stream", session.goodbye)


def chosen(offered: Iterable[str]) -> tuple[Format, str | None]:
    """The format that a client offered first, and its sub-protocol; JSON if it offered none."""
    known: dict[str, Format] = {name: spoken for spoken, name in SUBPROTOCOLS.items()}
    name = next((each for each in offered if each in known), None)
    return (known[name], name) if name is not None else ("json", None)


class Session(Parting):
    """One client. One task always receives: that is what sees the client go."""

    failed = "web: a client of the stream failed"

    def __init__(
        self,
        site: Site,
        socket: Socket,
        stop: trio.Event,
        transport: ClientStream,
        format: Format,  # noqa: A002
        visitor: Visitor,
    ) -> None:
        self.site = site
        self.hub = site.stream
        self.socket = socket
        self.stop = stop
        self.transport = transport
        self.format: Format = format
        self.visitor = visitor
        self.goodbye: tuple[int, str] | None = None

    async def serve(self, nursery: trio.Nursery) -> None:
        """Greet, listen, and leave the rest to the hub of the stream."""
        await self.send(answers.welcome(self.introduction()))
        client: Client
        leave = partial(self.leave, nursery)
        with self.hub.connect(
            self.transport, leave, self.format, deflate=self.transport.deflate, visitor=self.visitor
        ) as client:
            # A nursery of its own: who subscribed after the client was forgotten would never end.
            async with trio.open_nursery() as listening:
                listening.start_soon(self.listen, client, nursery)
                await self.stop.wait()
                await self.farewell(client)
                listening.cancel_scope.cancel()

    def introduction(self) -> answers.WelcomeData:
        """Who we are, and what is allowed."""
        settings = self.hub.settings
        return answers.WelcomeData(
            connection_id=self.visitor.name,
            server=f"tickwell/{__version__}",
            epoch=self.site.read_model.epoch,
            ts=self.site.now_ns() // 1_000_000,
            heartbeat_ms=int(HEARTBEAT_S * 1000),
            limits=answers.LimitsOut(
                subscriptions=settings.subscriptions_max,
                messages_per_s=settings.messages_per_s,
                message_bytes=settings.message_bytes_max,
                symbols=settings.symbols_max,
                rate_hz=RATE_HZ_MAX,
            ),
        )

    async def listen(self, client: Client, nursery: trio.Nursery) -> None:
        """Answer what the client says, for as long as that is reasonable."""
        rate = self.hub.settings.messages_per_s
        conduct = Conduct(rate, rate * BURST_S)
        desk = Desk(self.hub, client, conduct)
        while True:
            message = await self.socket.receive() or ""  # Quart makes None of an empty binary message
            if size_of(message) > self.hub.settings.message_bytes_max:
                words = f"a message of more than {self.hub.settings.message_bytes_max} bytes"
                self.end(nursery, 1009, words)
                return
            try:
                reply = desk.reply(message, trio.current_time(), self.site.now_ns())
            except TooManyErrors:
                self.end(nursery, 1008, "too many messages that are not understood")
                return
            await self.transport.send_frame(frames.message(reply.payload, self.format))
            if reply.begins is not None:
                self.hub.activate(reply.begins)

    async def farewell(self, client: Client) -> None:
        """Tell the last state of everything, whatever its rate, and that the hub goes."""
        with trio.move_on_after(FAREWELL_S):
            last = self.hub.turns.last(client)
            for pieces in last:
                await self.transport.send_frame(pieces)
            await self.send(answers.going_away(GOODBYE_MS, "the hub stops or restarts"))

    async def send(self, structure: answers.System) -> None:
        """Send something that concerns this client only."""
        await self.transport.send_frame(frames.message(answers.encode(structure, self.format), self.format))


def size_of(message: str | bytes) -> int:
    """How many bytes a message had on the wire."""
    return len(message) if isinstance(message, bytes) or message.isascii() else len(message.encode())
