"""`/ws/realtime/{exchange}`: the live picture of one exchange, pushed to browsers and bots."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import trio
from msgspec import structs
from quart import websocket
from quart_trio import QuartTrio

from web import wire
from web.fanout import Member
from web.group import Group
from web.inbound import Inbound, TooManyErrors
from web.parting import Parting, Socket
from web.site import Site
from web.transport import ClientStream
from web.visitor import Visitor
from web.wishes import nearest, read_wish

UNKNOWN_NAMED_MAX = 10


def register(app: QuartTrio, site: Site) -> None:
    """Add the socket to `app`."""

    @app.websocket("/ws/realtime/<exchange>")
    async def realtime(exchange: str) -> None:
        wish = read_wish(exchange, site.read_model.exchanges, websocket.args)
        await websocket.accept()
        transport: ClientStream = websocket.scope["state"]["transport"]
        peer = (websocket.scope.get("client") or ("",))[0]
        visitor = Visitor.at(str(peer), site.now_ns())
        with site.fanout.join(structs.replace(wish, deflate=transport.deflate)) as group:
            session = Session(site, group, websocket, site.stop_of(websocket), transport, visitor)
            try:
                await session.run()
            finally:
                site.traffic.ended("realtime", session.goodbye)


@dataclass
class Session(Parting):
    """One client, from acceptance to goodbye. One task always receives: that is what sees the client go."""

    failed = "web: a realtime client failed"
    site: Site
    group: Group
    socket: Socket
    stop: trio.Event
    transport: ClientStream
    visitor: Visitor
    inbound: Inbound = field(default_factory=Inbound)
    goodbye: tuple[int, str] | None = None

    async def serve(self, nursery: trio.Nursery) -> None:
        """Listen and feed, until the hub stops."""
        nursery.start_soon(self.listen, nursery)
        await self.feed(nursery)

    async def feed(self, nursery: trio.Nursery) -> None:
        """Send the picture, then leave the client to the fan-out until the hub stops."""
        seen, beats = self.group.board.seq, self.group.board.beats
        await self.transport.send_frame(self.group.initial())
        leave = partial(self.leave, nursery)
        member = Member(self.transport, leave, seen, beats, trio.current_time(), self.visitor)
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
