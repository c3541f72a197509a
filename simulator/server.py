"""The listener: one TCP port, HTTP/1.1 with h11, upgrades handed to the venues, faults at the door."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

import h11
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection
from wsproto.utilities import RemoteProtocolError

from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, text_reply
from simulator.venue import VenueServer

READ_BYTES: Final = 65_536


class Request:
    """One parsed HTTP request."""

    __slots__ = ("body", "headers", "method", "path", "query", "target")

    def __init__(self, head: h11.Request, body: bytes) -> None:
        self.method = head.method.decode("ascii")
        self.target = head.target.decode("ascii")
        parts = urlsplit(self.target)
        self.path = parts.path
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers = list(head.headers)
        self.body = body

    @property
    def is_upgrade(self) -> bool:
        """Whether the client wants a WebSocket."""
        return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in self.headers)


ControlAnswer = Callable[[Request], Reply]


class Door:
    """Takes TCP connections, answers REST and turns upgrades into venue connections."""

    def __init__(self, venues: list[VenueServer], board: FaultBoard, control: ControlAnswer) -> None:
        self.connections: dict[int, Connection] = {}
        self.requests = 0
        self._venues = venues
        self._board = board
        self._control = control
        self._number = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one TCP connection until either side ends it."""
        async with stream:
            try:
                await self._serve_requests(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
                return

    async def _serve_requests(self, stream: trio.SocketStream) -> None:
        protocol = h11.Connection(h11.SERVER)
        while (request := await _read_request(protocol, stream)) is not None:
            self.requests += 1
            if request.is_upgrade:
                await self._upgrade(stream, request, protocol.trailing_data[0])
                return
            reply = self._rest(request)
            await trio.sleep(reply.delay_s)
            await stream.send_all(reply.encode())
            # The answer above is made by hand, so the state machine is told about it in h11's terms.
            protocol.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            protocol.send(h11.EndOfMessage())
            if protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE:
                return
            protocol.start_next_cycle()

    def _rest(self, request: Request) -> Reply:
        if request.path.startswith("/control/"):
            return self._control(request)
        found = [
            (venue, path, venue.markets_of(path, request.query))
            for venue in self._venues
            if (path := _within(request.path, venue.name)) is not None
        ]
        if not found:
            return text_reply("no such venue", 404)
        # Bybit's categories share an address: the one that is asked for answers, the first when none fits.
        fitting = (entry for entry in found if not set(entry[2]).isdisjoint(entry[0].markets))
        venue, path, markets = next(fitting, found[0])
        limited = self._limited(venue, markets) or self._limited(venue, markets, "rest_storm")
        return limited or self._ask(venue, path, markets, request)

    def _ask(self, venue: VenueServer, path: str, markets: tuple[str, ...], request: Request) -> Reply:
        """The venue's answer; a late order book is made now and sent later."""
        venue.tell_time()
        reply = venue.answer(request.method, path, request.query, request.body)
        if path in venue.depth_paths:
            symbol = request.query.get("symbol")
            now_s = trio.current_time()
            late = self._board.strike(
                "late_snapshot", venue.name, markets, now_s, symbol=symbol, channel="book"
            )
            return replace(reply, delay_s=late.late_s) if late else reply
        return reply

    def _limited(
        self, venue: VenueServer, markets: tuple[str, ...], kind: Literal["429", "rest_storm"] = "429"
    ) -> Reply | None:
        """The refusal of a rate-limit fault."""
        fault = self._board.find(kind, venue.name, markets, trio.current_time())
        if fault is None:
            return None
        headers = {"retry-after": str(fault.retry_after_s)}
        return Reply(venue.rate_limit_body, fault.code or 429, headers=headers)

    async def _upgrade(self, stream: trio.SocketStream, request: Request, first_bytes: bytes) -> None:
        venue, path = self._find(request.path)
        if venue is None:
            await stream.send_all(text_reply("", 404).encode())
            return
        markets = venue.markets_of(path, request.query)
        if await self._is_barred(stream, venue, markets):
            return
        venue.tell_time()
        websocket = WSConnection(ConnectionType.SERVER)
        try:
            websocket.initiate_upgrade_connection(request.headers, request.target)
        except RemoteProtocolError:
            await stream.send_all(text_reply("bad upgrade", 400).encode())
            return
        await stream.send_all(websocket.send(AcceptConnection()))
        await self._run(stream, websocket, venue, path, request, first_bytes)

    async def _run(
        self,
        stream: trio.SocketStream,
        websocket: WSConnection,
        venue: VenueServer,
        path: str,
        request: Request,
        first_bytes: bytes,
    ) -> None:
        """Register the connection with its venue for as long as it lives."""
        self._number += 1
        connection = Connection(self._number, stream, websocket, venue, request.path)
        connection.markets = venue.markets_of(path, request.query)
        list(websocket.events())  # the upgrade itself was judged above
        self.connections[connection.number] = connection
        try:
            await connection.run(first_bytes, lambda: venue.open(connection, path, request.query))
        finally:
            del self.connections[connection.number]
            venue.forget(connection)

    def _find(self, path: str) -> tuple[VenueServer | None, str]:
        for venue in self._venues:
            inside = _within(path, venue.name)
            if inside is not None and venue.accepts(inside):
                return venue, inside
        return None, ""

    async def _is_barred(
        self, stream: trio.SocketStream, venue: VenueServer, markets: tuple[str, ...]
    ) -> bool:
        """Faults that keep a client out: refusal, rate limit, or no answer at all."""
        limited = self._limited(venue, markets)
        if limited is not None:
            await stream.send_all(limited.encode())
            return True
        now_s = trio.current_time()
        refusal = self._board.find("refuse", venue.name, markets, now_s)
        if refusal is not None:
            await stream.send_all(text_reply("unavailable", refusal.code or 503).encode())
            return True
        if self._board.find("accept_silent", venue.name, markets, now_s) is not None:
            while await stream.receive_some(READ_BYTES):
                pass
            return True
        return False


def _within(path: str, venue_name: str) -> str | None:
    """The path behind the venue's prefix; None when it belongs to someone else."""
    prefix = f"/{venue_name}/"
    return path[len(prefix) - 1 :] if path.startswith(prefix) else None


async def _read_request(protocol: h11.Connection, stream: trio.SocketStream) -> Request | None:
    """The next complete request; None when the client has left."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await stream.receive_some(READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Request(head, bytes(body))
        else:
            return None
