"""THE MAP: every actor of Tickwell, the channels between them, and who restarts whom.

    exchanges ─▶ feeds ─▶ raw ─▶ state ─▶ market ─▶ snapshot ─▶ read model ─▶ web ─▶ clients

    hub                      one_for_one
    ├── pipeline             rest_for_one: a state that starts anew needs feeds that start anew
    │   ├── state
    │   └── feeds            one_for_one
    │       └── bybit …      one_for_one: per market one listing, and one feed per connection
    ├── snapshot
    ├── sinks                one_for_one: what is recorded goes to each, and none waits for another
    ├── recall               once, at the start: what was known at last, as stale
    ├── alerts, plugin:NAME  rules over what changes; classes of the user's that derive numbers from it
    └── web

Of several machines (`[bus]`, `--role`), some have feeds and others the state: see `actors/bus/node.py`.

    exchanges ─▶ feeds ─▶ collect ─▶ send ─▶ bus ─▶ receive ─▶ raw ─▶ state ─▶ …

Run it: `python supervisor.py [--settings FILE] [--role ROLES] [--demo] [--check] [COMMAND]`; see `commands/`.
"""

import os
import signal

if __name__ == "__main__":
    # The imports below take half a second. Whoever stops the program meanwhile has nothing to drain.
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda *_: os._exit(0))

import random
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from actors.alerts import Alerting, check_alerts
from actors.bus.base import Connect
from actors.bus.node import Node
from actors.control import FeedControl
from actors.exchanges import exchanges
from actors.feed.transport import Transport, transport_for
from actors.feeds import Feeds, offered
from actors.intake import Recording
from actors.keeping import Keeping
from actors.market.events import Batch
from actors.market.feeds import Board
from actors.market.mark import Mark
from actors.market.market import Market
from actors.market.rhythm import Patience
from actors.market.tick import Tick
from actors.plugins import Plugging, check_plugins
from actors.recall import Recall
from actors.runtime.arguments import check, parse
from actors.runtime.backoff import Backoff
from actors.runtime.clock import steady_clock
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings
from actors.runtime.logs import configure_logs
from actors.runtime.observer import Observer
from actors.runtime.settings import Settings
from actors.runtime.settings_bus import ROLES, check_roles
from actors.runtime.shutdown import until_signalled
from actors.runtime.start import banner, calm_collector, last_words, prepare_directory
from actors.runtime.supervision import Child, Intensity, Supervisor
from actors.sinks.configured import history_of, memories_of
from actors.snapshot import Snapshot
from actors.state import State, limits_of
from commands import meant_by
from commands.demo import start_simulator
from web.app import create_app
from web.control import Control
from web.offers import Offer
from web.picture import Kept
from web.readmodel import ReadModel
from web.server import serve
from web.serving import announced
from web.wire import encode_record

HERE = Path(__file__).resolve().parent
BATCHES_QUEUED = 1024


@dataclass
class Hub:
    """One run of Tickwell: the channels, the children, and the order in which they drain."""

    settings: Settings
    now_ns: Callable[[], int] = field(default_factory=steady_clock)
    transport: Transport = field(default_factory=Transport)
    serve: Callable[..., Awaitable[None]] = serve
    draw: Callable[[], float] = random.random
    roles: tuple[str, ...] = ROLES
    connect: Connect | None = None

    def __post_init__(self) -> None:
        settings, kept = self.settings, self.settings.market
        self.patience = Patience(kept.stale_after_min_s, kept.stale_after_max_s)
        self.market, self.web_stop = Market(self.patience, limits_of(kept)), trio.Event()
        self.raw_send, self.raw_receive = trio.open_memory_channel[Batch | Mark](BATCHES_QUEUED)
        self.read_model = ReadModel(settings.exchanges, self.now_ns, Kept(kept.trades_kept, kept.bars_kept))
        self.recording = Recording(self.now_ns)
        self.history = history_of(settings, is_ours="persist" in self.roles)
        self.alerting = Alerting(settings, self.now_ns, self.history, is_here="serve" in self.roles)
        self.plugging = Plugging(settings, self.now_ns, is_here="serve" in self.roles)
        self.hears = "serve" in self.roles or "persist" in self.roles  # a node of feeds alone has no picture
        self.board = self.feed_board = Board()
        if settings.bus.is_used and self.hears:
            self.feed_board = Board()  # the web sees the feeds of all nodes on the other one
        self.feeds = Supervisor("hub/feeds", intensity=Intensity(5, 60), standing=True)
        self.feed_control = FeedControl(self.feeds, self.feed_board, self.now_ns, self._report)
        self.observer = self.feeds.observe = Observer(self.feed_control.observe)
        self.node = self._join() if settings.bus.is_used else None
        self.control: Control = self.feed_control if self.node is None else self.node.control
        core = Backoff(base_s=0.2, ceiling_s=2.0)
        self.new_core = partial(Supervisor, intensity=Intensity(3, 30), backoff=core, observe=self.observer)
        self.sinks = self.new_core("hub/sinks")
        if "persist" in self.roles:
            told_again = self.node is not None and self.node.hearing.resumes
            for child in Keeping(settings, self.recording, self.now_ns, told_again).children():
                self.sinks.add(child)
        if "ingest" in self.roles:
            self._add_feeds()

    def tree(self, announce: Callable[[Sequence[tuple[str, int]]], None]) -> Supervisor:
        """The root; `announce` is told where the web listens."""
        self.snapshot = Snapshot(
            market=self.market,
            board=self.board,
            exchanges=list(self.settings.exchanges),
            interval_s=self.settings.market.snapshot_interval_s,
            encode=encode_record,
            publish=self._publish,
            report=self.read_model.report,
            now_ns=self.now_ns,
            pace_s=self.read_model.pace_s,
            is_free=self._is_free,
            record=self.recording.note,
        )
        memories = memories_of(self.settings, self.history) if self.hears else []
        recall = Recall(memories, self.settings.exchanges, self.market.remember, self.now_ns)
        self.pipeline = self.new_core("hub/pipeline", self._pipeline(), strategy="rest_for_one")
        nodes = self.node.children(self.new_core, self.feeds) if self.node is not None else []
        self.root = self.new_core(
            "hub",
            [
                *([Child("pipeline", self.pipeline.run)] if self.hears else []),
                *nodes,
                Child("snapshot", self.snapshot.run),
                Child("sinks", self.sinks.run),
                Child("recall", recall.run),
                *self.alerting.children(),
                *self.plugging.children(),
                Child("web", self._web(announce)),
            ],
        )
        return self.root

    def _pipeline(self) -> list[Child]:
        """The state, and after it where its batches come from: the feeds, or the bus."""
        node = self.node
        state = State(
            self.raw_receive, self.market, self.now_ns, self.snapshot.wake, self._cut, self._is_free
        )
        source = Child("feeds", self.feeds.run) if node is None else Child("receive", node.receive.run)
        return [Child("state", state.run), source]

    def _is_free(self) -> bool:
        """Whether the hub keeps its own time: what comes over the bus has another."""
        return self.node is None or not self.hears or self.node.hearing.is_free()

    def _cut(self, mark: Mark) -> None:
        self.snapshot.cut(mark)
        if self.node is not None:
            self.node.hearing.marked(mark)

    def _join(self) -> Node:
        """What joins this node to the others."""
        return Node(
            self.settings,
            self.roles,
            board=self.board,
            feed_board=self.feed_board,
            switch=self.feed_control,
            raw=self.raw_send,
            recording=self.recording,
            now_ns=self.now_ns,
            tell_epoch=self.read_model.begin,
            connect=self.connect,
        )

    def _add_feeds(self) -> None:
        feeds = Feeds(
            settings=self.settings,
            board=self.feed_board,
            outbox=self.raw_send if self.node is None else self.node.feeds_send,
            transport=self.transport,
            patience=self.patience,
            now_ns=self.now_ns,
            draw=self.draw,
            observer=self.observer,
            **({} if self.node is None else {"shared": self.node.shared}),
        )
        feeds.add_to(self.feeds)

    def _publish(self, tick: Tick) -> None:
        self.read_model.publish(tick)
        self.recording.note(tick)
        self.alerting.offer(tick)
        self.plugging.offer(tick)

    def _web(self, announce: Callable[[Sequence[tuple[str, int]]], None]) -> Callable[[], Awaitable[None]]:
        app = create_app(
            self.read_model,
            self.control,
            self.settings.web,
            stop=self.web_stop,
            now_ns=self.now_ns,
            offers={place: Offer(*each) for place, each in offered(self.settings).items()},
            history=self.history,
            history_is_whole=self.recording.is_whole,
            sinks=self.recording.reports,
            stream=self.settings.stream,
            tokens=self.settings.tokens,
            alerts=self.alerting.desk,
            bus=self.node.report if self.node is not None else None,
            plugins=self.plugging.desk,
        )
        grace_s = self.settings.supervisor.shutdown_grace_s
        return partial(announced, self.serve, app, self.settings.web, self.web_stop, grace_s, announce)

    def _report(self) -> None:
        self.read_model.report(self.board.reports())

    async def drain(self) -> None:
        """Feeds stop → their channel ends → the state ends → the sinks write → the web says goodbye."""
        if self.node is not None:
            await self.node.drain()
        else:
            self.feeds.stop()
            await self.pipeline.wait_child("feeds")
        self.raw_send.close()
        if self.hears:
            await self.root.wait_child("pipeline")
        if self._is_free():  # else it would tell what others tell with the next mark
            self.snapshot.finish()
        self.recording.close()
        await self.root.wait_child("sinks")
        self.web_stop.set()
        await self.root.wait_child("web")
        self.root.stop()


async def run_hub(settings: Settings, *, demo: bool, roles: tuple[str, ...] = ROLES) -> None:
    """Run until a signal drains it. Raises `StartError` or `RestartIntensityExceeded`."""
    async with trio.open_nursery() as nursery:
        if demo:
            settings = await start_simulator(nursery, settings)
        prepare_directory(settings.data)
        hub = Hub(settings, transport=transport_for(settings.market), roles=roles)
        tree = hub.tree(lambda addresses: print(banner(settings, addresses, demo=demo), flush=True))
        grace_s = settings.supervisor.shutdown_grace_s
        await nursery.start(until_signalled, hub.drain, grace_s, nursery.cancel_scope)
        await tree.run()
        nursery.cancel_scope.cancel()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    options = parse(words, HERE / "settings.ini", meant_by(words))
    try:
        settings = read_settings(options.settings, os.environ, exchanges())
        check_alerts(settings)
        if options.run is check and "serve" in options.role:
            check_plugins(settings)
        if options.run is not None:
            return int(options.run(options, settings))
        configure_logs(settings.supervisor.log_level, settings.supervisor.log_format)
        calm_collector()
        check_roles(settings.bus, options.role)
        trio.run(partial(run_hub, settings, demo=options.demo, roles=options.role))
    except BaseException as error:
        if isinstance(error, SettingsError) and options.explain is not None:
            return int(options.explain(options, error))
        ending = last_words(error)
        if ending is None:
            raise
        print(ending[1], file=sys.stderr)
        return ending[0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
