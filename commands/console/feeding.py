"""Fills the picture: tickers and trades from the stream, and how the hub is doing from its HTTP interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import trio
from msgspec import Struct

from actors.runtime.errors import SettingsError
from commands.console.picture import FIELDS, Exchange, Picture, Status
from commands.stream.address import Address
from commands.stream.connection import Connection
from commands.stream.messages import Codec, Frame, HubLost, HubRefused, Subscribed

RATE_HZ = 4.0
STATUS_EVERY_S = 2.0
STATUS_WITHIN_S = 5.0
SETTLE_S = 0.2  # a cursor that runs on asks for no trades
BEST_TO_WORST = ("live", "syncing", "connecting", "stale", "disconnected", "stopped")


class Latency(Struct, frozen=True):
    """How long the exchange's data took to us."""

    p50_ms: float | None = None


class MarketTold(Struct, frozen=True):
    """One market of `GET /api/v1/quality`."""

    exchange: str
    state: str
    messages_per_s: float = 0.0
    latency: Latency | None = None


class Markets(Struct, frozen=True):
    """All of them."""

    markets: list[MarketTold] = []


class QualityTold(Struct, frozen=True):
    """`GET /api/v1/quality`."""

    data: Markets


class StreamTold(Struct, frozen=True):
    """The clients of the stream."""

    clients: int = 0


class StatusTold(Struct, frozen=True):
    """`GET /ws/realtime/status`."""

    active_connections: dict[str, int] = {}
    stream: StreamTold = StreamTold()
    version: str = ""


@dataclass
class Feeding:
    """`live` serves each connection, `poll` asks how the hub is doing, `follow` has the trades of the row
    under the cursor told. `changed` is called after everything that changed the picture."""

    picture: Picture
    selectors: Sequence[str]
    now_s: Callable[[], float]
    changed: Callable[[], None] = lambda: None
    wanted: str = ""
    _connection: Connection | None = None
    _asked: dict[int, str] = field(default_factory=dict)
    _subs: dict[int, str] = field(default_factory=dict)
    _news: trio.Event = field(default_factory=trio.Event)

    async def live(self, connection: Connection) -> None:
        """Carry one connection's frames into the picture. Raises what ends it, and `SettingsError` when the
        hub does not know what is asked for."""
        welcome = connection.welcome
        self._asked, self._subs = {}, {}
        self.picture.tape_key = ""
        params: dict[str, Any] = {"fields": FIELDS, "changes_only": True, "max_rate_hz": RATE_HZ}
        if self.selectors:
            params["symbols"] = self.selectors
        self._asked[await connection.ask("subscribe", {"channel": "ticker", **params})] = "ticker"
        self.picture.up(welcome.heartbeat_ms / 1000, welcome.ts, self.now_s())
        self._connection = connection
        self.want(self.wanted)
        try:
            async for frame in connection:
                self._take(connection.codec, frame)
                self.changed()
        finally:
            self._connection = None

    def lost(self, error: HubLost, pause_s: float) -> None:
        """There is no connection."""
        self.picture.down(f"{error}; connecting again", self.now_s())
        self.changed()

    def want(self, key: str) -> None:
        """The trades of this instrument are wanted; of none if it is empty."""
        self.wanted = key
        self._news.set()

    async def follow(self) -> None:
        """Ask for the trades that are wanted, once that is settled."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            await trio.sleep(SETTLE_S)
            if self._connection is not None and self.wanted != self.picture.tape_key:
                try:
                    await self._change_tape(self._connection)
                except (HubLost, HubRefused):
                    continue  # the next connection asks for it

    async def _change_tape(self, connection: Connection) -> None:
        for sub in [sub for sub, channel in self._subs.items() if channel == "trades"]:
            del self._subs[sub]
            await connection.ask("unsubscribe", {"sub": sub})
        self.picture.watch(self.wanted)
        if self.wanted:
            params = {"channel": "trades", "symbols": [self.wanted]}
            self._asked[await connection.ask("subscribe", params)] = "trades"

    async def poll(self, address: Address) -> None:
        """Ask again and again how the hub is doing; who does not answer is shown as unknown."""
        async with httpx.AsyncClient(
            base_url=address.http_url, headers=address.headers, timeout=STATUS_WITHIN_S
        ) as client:
            while True:
                await self.ask_status(client)
                self.changed()
                await trio.sleep(STATUS_EVERY_S)

    async def ask_status(self, client: httpx.AsyncClient) -> None:
        """Ask once."""
        try:
            quality = msgspec.json.decode((await client.get("/api/v1/quality")).content, type=QualityTold)
            told = msgspec.json.decode((await client.get("/ws/realtime/status")).content, type=StatusTold)
        except (httpx.HTTPError, msgspec.MsgspecError):
            return
        clients = sum(told.active_connections.values()) + told.stream.clients
        self.picture.status = Status(summed(quality.data.markets), clients, told.version, self.now_s())

    def _take(self, codec: Codec, frame: Frame) -> None:
        self.picture.hear(frame.ts_out or frame.ts, self.now_s())
        if frame.method is not None:
            self._answered(codec, frame)
        elif frame.sub is not None and (channel := self._subs.get(frame.sub)):
            records = codec.read(frame.data, list[dict[str, Any]])
            if channel == "ticker":
                self.picture.take(frame.type, records, frame.removed, self.now_s())
            else:
                self.picture.trade(frame.type, records)

    def _answered(self, codec: Codec, frame: Frame) -> None:
        channel = self._asked.pop(frame.req_id, "") if isinstance(frame.req_id, int) else ""
        if not channel:
            return
        if frame.error is None:
            accepted = codec.read(frame.result, Subscribed)
            self._subs[accepted.sub] = channel
            if channel == "ticker":
                refused = [f"{each.symbol}: {each.message}" for each in accepted.rejected]
                self.picture.notice = "  ".join(refused)
        elif channel == "trades":
            self.picture.tape_trouble = frame.error.message
        elif frame.error.temporary or frame.error.code == "rate_limited":
            raise HubLost(f"the hub says: {frame.error.message}")
        else:
            raise SettingsError([f"top: the hub says: {frame.error.message}"])


def summed(markets: Sequence[MarketTold]) -> tuple[Exchange, ...]:
    """One entry for each exchange: as bad as its worst market."""
    of: dict[str, list[MarketTold]] = {}
    for market in markets:
        of.setdefault(market.exchange, []).append(market)
    return tuple(_worst(name, told) for name, told in of.items())


def _worst(name: str, markets: Sequence[MarketTold]) -> Exchange:
    latencies = [each.latency.p50_ms for each in markets if each.latency and each.latency.p50_ms is not None]
    return Exchange(
        name,
        max((each.state for each in markets), key=_badness),
        sum(each.messages_per_s for each in markets),
        max(latencies, default=None),
    )


def _badness(state: str) -> int:
    return BEST_TO_WORST.index(state) if state in BEST_TO_WORST else len(BEST_TO_WORST)
