"""The simulator itself: one world, five venue servers, the tick that moves and publishes, the faults."""

import time
from typing import Final

import trio

from simulator.binance import BinanceServer
from simulator.binance_spot import BinanceSpotServer
from simulator.binance_usdm import BinanceUsdmServer
from simulator.bybit import BybitServer
from simulator.bybit_limits import BybitLimits
from simulator.connection import Connection
from simulator.control import Control
from simulator.faults import LISTING_KINDS, Fault, FaultBoard, FaultKind
from simulator.frames import garbage_frame
from simulator.hyperliquid import HyperliquidServer
from simulator.instruments import Instrument
from simulator.server import Door
from simulator.settings import SimulatorSettings
from simulator.venue import VenueServer
from simulator.world import World

LONGEST_TICK_S: Final = 0.25  # after a pause of the process the world does not try to catch up
SWEEP_S: Final = 0.05
MOVES_FLOOR: Final = 0.5  # of the rate stay for price moves however much the periodic feeds send
MOVES_CEILING: Final = 4.0  # moves per wanted message, when few topics are subscribed
LEARNING: Final = 0.1  # how fast the messages-per-move estimate follows


class Simulator:
    """Five markets of three exchanges on one loopback port."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.board = FaultBoard()
        self.world = World(settings.seed, settings.symbols, _now_ms(), settings.liquidations_per_minute)
        self.is_paused = False
        rest_limits = BybitLimits(
            settings.bybit_requests_per_5_s, settings.bybit_endpoint_per_s, settings.bybit_ban_s
        )
        self.venues: list[VenueServer] = [
            BybitServer("linear", self.world, self.board, settings, rest_limits),
            BybitServer("spot", self.world, self.board, settings, rest_limits),
            HyperliquidServer(self.world, self.board, settings),
            BinanceSpotServer(self.world, self.board, settings),
            BinanceUsdmServer(self.world, self.board, settings),
        ]
        self._by_market = {venue.market: venue for venue in self.venues}
        self.port = 0
        self._door = Door(self.venues, self.board, Control(self).answer)
        self._messages_per_move = 1.0
        self._owed = 0.0  # messages the rate asks for and nobody sent yet
        self._next_sweep_s = 0.0
        self._closing_at: list[tuple[float, Connection]] = []
        self._halted: list[tuple[float, Instrument]] = []

    async def serve(self, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen and run until cancelled; reports the port when listening."""
        listeners = await trio.open_tcp_listeners(self.settings.port, host=self.settings.host)
        async with trio.open_nursery() as nursery:
            self.port = listeners[0].socket.getsockname()[1]
            for venue in self.venues:
                venue.now_s = trio.current_time()
            for fault in self.settings.faults:
                self.inject(fault)
            nursery.start_soon(self._run)
            nursery.start_soon(trio.serve_listeners, self._door.serve, listeners)
            task_status.started(self.port)

    def inject(self, fault: Fault) -> None:
        """Let something go wrong; the fault's delay counts from now."""
        self.board.inject(fault, trio.current_time())
        self._apply_conditions(trio.current_time())

    def heal(self, kind: FaultKind | None = None) -> None:
        """End every fault (of this kind); what was halted trades again."""
        self.board.heal(kind)
        self._apply_conditions(trio.current_time())
        if kind in (None, "halt"):
            self._resume_halted(float("inf"))

    def pause(self) -> None:
        """Let the world stand still; what feeds have gathered is sent now. Keep-alives go on."""
        self.is_paused = True
        for venue in self.venues:
            venue.tell_time()
            venue.flush()

    def resume(self) -> None:
        """Let the world move again."""
        self.is_paused = False
        self._owed = 0.0

    @property
    def connections(self) -> list[Connection]:
        """The open WebSocket connections."""
        return list(self._door.connections.values())

    @property
    def published(self) -> int:
        """Distinct data messages so far, each counted once however many clients got it."""
        return sum(venue.published for venue in self.venues)

    @property
    def frames_sent(self) -> int:
        """WebSocket frames that left for clients so far."""
        return sum(venue.frames_sent for venue in self.venues)

    async def _run(self) -> None:
        last_s = trio.current_time()
        while True:
            await trio.sleep(self.settings.tick_s)
            now_s = trio.current_time()
            self._tick(now_s, min(now_s - last_s, LONGEST_TICK_S))
            last_s = now_s

    def _tick(self, now_s: float, elapsed_s: float) -> None:
        """One step of everything: periodic feeds, price moves, faults, time limits, then send."""
        self.world.now_ms = self.world.true_ms = _now_ms()
        before = self.published
        for venue in self.venues:
            venue.tick(now_s)
        if not self.is_paused:
            wanted = self.settings.rate * elapsed_s
            self._owed += wanted
            self._owed = max(self._owed - (self.published - before), wanted * MOVES_FLOOR)
            self._move(wanted)
        if not self.board.is_empty:
            self._fire(now_s)
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + SWEEP_S
            self._sweep(now_s)
        for connection in self._door.connections.values():
            connection.flush()

    def _move(self, wanted: float) -> None:
        """Take as many steps as should give the messages owed."""
        ceiling = MOVES_CEILING * max(wanted, self._owed)
        exact = min(self._owed / max(self._messages_per_move, 0.05), ceiling)
        moves = int(exact)
        if moves == 0:
            return  # what is owed grows until it is worth a step
        before = self.published
        for instrument, kind in self.world.advance(self.world.true_ms, moves):
            self._by_market[instrument.market].on_move(instrument, kind)
        sent = self.published - before
        self._owed = max(0.0, self._owed - max(sent, moves / MOVES_CEILING))
        self._messages_per_move += LEARNING * (sent / moves - self._messages_per_move)

    def _fire(self, now_s: float) -> None:
        """Let due faults act."""
        self._apply_conditions(now_s)
        for fault in self.board.due(now_s):
            if fault.kind in LISTING_KINDS:
                self._list(fault, now_s)
                continue
            for connection in self.connections:
                if fault.concerns(connection.venue.name, connection.markets):
                    self._strike(fault, connection, now_s)

    def _list(self, fault: Fault, now_s: float) -> None:
        """Change what an exchange lists."""
        world, symbol = self.world, fault.symbol or ""
        for venue in self.venues:
            if not fault.concerns(venue.name, venue.markets):
                continue
            known = venue.instruments.get(symbol)
            if fault.kind == "list":
                world.list_new(venue.market, symbol, fault.price)
            elif known is not None and fault.kind == "delist":
                world.delist(known)
            elif known is not None and known.live:
                world.halt(known)
                self._halted.append((now_s + (fault.duration_s or float("inf")), known))

    def _resume_halted(self, now_s: float) -> None:
        for due_s, instrument in self._halted:
            if due_s <= now_s:
                self.world.resume(instrument)
        self._halted = [entry for entry in self._halted if entry[0] > now_s]

    def _strike(self, fault: Fault, connection: Connection, now_s: float) -> None:
        if fault.kind == "drop":
            connection.close(fault.code or 1001)
        elif fault.kind == "reset":
            connection.abort(reset=True)
        elif isinstance(connection.venue, BinanceServer):
            connection.venue.announce_shutdown(connection)
            self._closing_at.append((now_s + self.settings.shutdown_notice_s, connection))

    def _apply_conditions(self, now_s: float) -> None:
        """Tell venues and connections which lasting faults hold now."""
        for venue in self.venues:
            venue.refresh_faults(now_s)
        for connection in self._door.connections.values():
            name, markets = connection.venue.name, connection.markets
            connection.stalled = self.board.lasting("stall", name, markets, now_s) is not None
            connection.blackholed = self.board.lasting("blackhole", name, markets, now_s) is not None
            connection.slow = self.board.lasting("slow", name, markets, now_s)
            garbage = self.board.find("garbage", name, markets, now_s)
            if garbage is not None:
                connection.deliver(garbage_frame(garbage.variant, connection.venue.random))

    def _sweep(self, now_s: float) -> None:
        """Time limits, and connections whose announced shutdown has come."""
        if self.board.is_empty:
            self._apply_conditions(now_s)
        for connection in self.connections:
            if not connection.blackholed:
                connection.venue.sweep(connection, now_s)
        for due_s, connection in self._closing_at:
            if due_s <= now_s:
                connection.close(1001)
        self._closing_at = [entry for entry in self._closing_at if entry[0] > now_s]
        self._resume_halted(now_s)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
