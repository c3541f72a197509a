"""`/ws/realtime/{exchange}`: the live picture of one exchange, pushed to browsers and bots."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Protocol

import trio
from quart import websocket
from quart.wrappers import Websocket
from quart_trio import QuartTrio

from web import wire
from web.fanout import Group
from web.inbound import Inbound, TooManyErrors
from web.site import Site
from web.transport import ClientStream
from web.wishes import nearest, read_wish

HEARTBEAT_S = 5.0
UNKNOWN_NAMED_MAX = 10
CLOSE_S = 1.0
GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class Socket(Protocol):
    """What a session needs of Quart's WebSocket."""

    async def receive(self) -> str | bytes: ...
    async def send(self, data: str) -> None: ...
    async def close(self, code: int, reason: str = "") -> None: ...


def register(app: QuartTrio, site: Site) -> None:
    """Add the socket to `app`."""

    @app.websocket("/ws/realtime/<exchange>")
    async def realtime(exchange: str) -> None:
        wish = read_wish(exchange, site.read_model.exchanges, websocket.args)
        await websocket.accept()
        with site.fanout.join(wish) as group:
            session = Session(site, group, websocket, site.stop_of(websocket), transport_of(websocket))
            await session.run()


def transport_of(socket: Websocket) -> ClientStream | None:
    """The byte stream under a WebSocket; `None` in Quart's test client, which has none."""
    transport = socket.scope.get("state", {}).get("transport")
    return transport if isinstance(transport, ClientStream) else None


@dataclass
class Session:
    """One client, from acceptance to goodbye. One task always receives: that is what sees the client go."""

    site: Site
    group: Group
    socket: Socket
    stop: trio.Event
    transport: ClientStream | None
    inbound: Inbound = field(default_factory=Inbound)
    goodbye: tuple[int, str] | None = None

    async def run(self) -> None:
        """Serve the client until it leaves, misbehaves, or the hub stops; then say why, if it can hear."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.feed)
                nursery.start_soon(self.listen, nursery)
                await self.stop.wait()
                self.end(nursery, 1001, "the hub is going away")
        except* GONE:
            self.goodbye = None
        except* Exception as group:
            self.site.quiet.failure("web: a realtime client failed", group, logging.ERROR)
            self.goodbye = 1011, "the hub failed; please connect again"
        if self.goodbye is not None:
            with trio.move_on_after(CLOSE_S):
                await self.socket.close(*self.goodbye)

    def end(self, nursery: trio.Nursery, code: int, reason: str) -> None:
        """End the session with a close frame."""
        self.goodbye = code, reason
        nursery.cancel_scope.cancel()

    async def listen(self, nursery: trio.Nursery) -> None:
        """Answer what the client says, for as long as that is reasonable."""
        while True:
            message = await self.socket.receive()
            try:
                answer = self.inbound.answer(message, trio.current_time(), self.site.now_ns())
            except TooManyErrors:
                self.end(nursery, 1008, "too many messages that are not understood")
                return
            await self.send(wire.text_frame(answer))

    async def feed(self) -> None:
        """Send the picture, then every tick; a client that was busy gets the newest, with what it missed."""
        seen = self.group.board.seq
        await self.send(self.group.initial())
        told = await self.tell_unknown()
        heartbeat_s = trio.current_time() + HEARTBEAT_S
        while True:
            frame, seen = await self.next_frame(seen, heartbeat_s)
            if frame is not None:
                await self.send(frame)
                heartbeat_s = trio.current_time() + HEARTBEAT_S
            told = told or await self.tell_unknown()

    async def next_frame(self, seen: int, heartbeat_s: float) -> tuple[bytes | None, int]:
        """Wait for a tick after `seen`: its frame, if it has one for this wish, and its number."""
        board = self.group.board
        with trio.move_on_at(heartbeat_s):
            await board.after(seen)
            return self.group.update(seen), board.seq
        return self.group.heartbeat(), seen

    async def tell_unknown(self) -> bool:
        """Name the wished symbols that do not exist, with what may be meant; False while nothing is known."""
        board, market = self.group.board, self.group.wish.market
        known = board.symbols(market)
        unknown = self.group.unknown_symbols()
        for symbol in unknown[:UNKNOWN_NAMED_MAX]:
            await self.send(wire.text_frame(unknown_symbol(board.exchange, symbol, nearest(symbol, known))))
        rest = unknown[UNKNOWN_NAMED_MAX:]
        if rest:
            words = f"{board.exchange} has no {', '.join(rest)}"
            await self.send(wire.text_frame(wire.error("unknown_symbol", words, symbols=rest)))
        return bool(known)

    async def send(self, frame: bytes) -> None:
        """Send a text frame: shared bytes when there is a transport, else through Quart."""
        if self.transport is not None:
            await self.transport.send_frame(frame)
        else:
            await self.socket.send(wire.payload_of(frame).decode())
            await trio.lowlevel.checkpoint()


def unknown_symbol(exchange: str, symbol: str, meant: list[str]) -> bytes:
    """The error about a symbol that does not exist."""
    hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
    words = f"{exchange} has no {symbol}.{hint} Should it be listed later, it joins by itself."
    return wire.error("unknown_symbol", words, symbol=symbol, nearest=meant)
