"""`/ws/realtime/{exchange}`: the live picture of one exchange, pushed to browsers and bots."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import trio
from msgspec import structs
from quart import websocket
from quart_trio import QuartTrio

from web import wire
from web.fanout import Member
from web.group import Group
from web.inbound import Inbound, TooManyErrors
from web.site import Site
from web.transport import GONE, ClientStream
from web.wishes import nearest, read_wish

UNKNOWN_NAMED_MAX = 10
CLOSE_S = 1.0


class Socket(Protocol):
    """What a session needs of Quart's WebSocket."""

    async def receive(self) -> str | bytes: ...
    async def close(self, code: int, reason: str = "") -> None: ...


def register(app: QuartTrio, site: Site) -> None:
    """Add the socket to `app`."""

    @app.websocket("/ws/realtime/<exchange>")
    async def realtime(exchange: str) -> None:
        wish = read_wish(exchange, site.read_model.exchanges, websocket.args)
        await websocket.accept()
        transport: ClientStream = websocket.scope["state"]["transport"]
        with site.fanout.join(structs.replace(wish, deflate=transport.deflate)) as group:
            session = Session(site, group, websocket, site.stop_of(websocket), transport)
            try:
                await session.run()
            finally:
                site.traffic.ended("realtime", session.goodbye)


@dataclass
class Session:
    """One client, from acceptance to goodbye. One task always receives: that is what sees the client go."""

    site: Site
    group: Group
    socket: Socket
    stop: trio.Event
    transport: ClientStream
    inbound: Inbound = field(default_factory=Inbound)
    goodbye: tuple[int, str] | None = None

    async def run(self) -> None:
        """Serve the client until it leaves, misbehaves, or the hub stops; then say why, if it can hear."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.listen, nursery)
                await self.feed(nursery)
                self.end(nursery, 1001, "the hub is going away")
        except* GONE:
            self.goodbye = None
        except* Exception as group:
            self.fail(group)
        if self.goodbye is not None:
            with trio.move_on_after(CLOSE_S):
                await self.socket.close(*self.goodbye)

    def end(self, nursery: trio.Nursery, code: int, reason: str) -> None:
        """End the session with a close frame."""
        self.goodbye = code, reason
        nursery.cancel_scope.cancel()

    def leave(self, nursery: trio.Nursery, error: Exception | None) -> None:
        """The fan-out has nobody to write to, or failed itself."""
        if error is not None:
            self.fail(error)
        nursery.cancel_scope.cancel()

    def fail(self, error: Exception) -> None:
        """Something of ours went wrong: tell the log, and the client."""
        self.site.quiet.failure("web: a realtime client failed", error, logging.ERROR)
        self.goodbye = 1011, "the hub failed; please connect again"

    async def feed(self, nursery: trio.Nursery) -> None:
        """Send the picture, then leave the client to the fan-out until the hub stops."""
        seen, beats = self.group.board.seq, self.group.board.beats
        await self.transport.send_frame(self.group.initial())
        member = Member(self.transport, partial(self.leave, nursery), seen, beats, trio.current_time())
        with self.site.fanout.receive(self.group, member):
            if not await self.tell_unknown():
                nursery.start_soon(self.tell_later)
            await self.stop.wait()

    async def tell_later(self) -> None:
        """Name unknown symbols as soon as it is known what there is."""
        while not await self.tell_unknown():
            await self.group.board.after(self.group.board.seq)

    async def listen(self, nursery: trio.Nursery) -> None:
        """Answer what the client says, for as long as that is reasonable."""
        while True:
            message = await self.socket.receive()
            try:
                answer = self.inbound.answer(message, trio.current_time(), self.site.now_ns())
            except TooManyErrors:
                self.end(nursery, 1008, "too many messages that are not understood")
                return
            await self.say(answer)

    async def say(self, message: bytes) -> None:
        """Send something that concerns this client only."""
        await self.transport.send_frame(wire.text_frame(message))

    async def tell_unknown(self) -> bool:
        """Name the wished symbols that do not exist, with what may be meant; False while nothing is known."""
        board, market = self.group.board, self.group.wish.market
        known = board.symbols(market)
        unknown = self.group.unknown_symbols()
        for symbol in unknown[:UNKNOWN_NAMED_MAX]:
            await self.say(unknown_symbol(board.exchange, symbol, nearest(symbol, known)))
        rest = unknown[UNKNOWN_NAMED_MAX:]
        if rest:
            words = f"{board.exchange} has no {', '.join(rest)}"
            await self.say(wire.error("unknown_symbol", words, symbols=rest))
        return board.knows(market)


def unknown_symbol(exchange: str, symbol: str, meant: list[str]) -> bytes:
    """The error about a symbol that does not exist."""
    hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
    words = f"{exchange} has no {symbol}.{hint} Should it be listed later, it joins by itself."
    return wire.error("unknown_symbol", words, symbol=symbol, nearest=meant)
