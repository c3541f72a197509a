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
    └── web

Run it: `python supervisor.py [--settings FILE] [--demo] [--check] [--version] [COMMAND]`; see `commands/`.
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

from actors.control import LISTING, FeedControl
from actors.exchanges import exchanges, load_codec
from actors.exchanges.base import BOOK
from actors.feed.agenda import Budget
from actors.feed.plan import plan_for, route_of
from actors.feed.transport import Transport, transport_for
from actors.feed.wishes import base_channels
from actors.fleet import Fleet
from actors.ingest import Ingest
from actors.intake import Intake, Recording
from actors.listing import Listing
from actors.market.demand import Demand
from actors.market.events import Batch
from actors.market.feeds import Board, FeedStatus
from actors.market.market import Market
from actors.market.recording import Recorder
from actors.market.rhythm import Patience
from actors.market.rows import Row
from actors.market.sinkstatus import SinkStatus
from actors.market.tick import Tick
from actors.market.trades import TradeLimits
from actors.persist import Pace, Persist
from actors.recall import Recall
from actors.runtime.arguments import parse
from actors.runtime.backoff import Backoff
from actors.runtime.clock import steady_clock
from actors.runtime.ini import read_settings
from actors.runtime.logs import configure_logs
from actors.runtime.observer import Observer
from actors.runtime.settings import ExchangeSettings, Settings, SinkSettings
from actors.runtime.shutdown import until_signalled
from actors.runtime.start import banner, calm_collector, last_words, prepare_directory
from actors.runtime.supervision import Child, Intensity, Supervisor
from actors.sinks.base import Sink, kinds_of
from actors.sinks.configured import history_of, memories_of, outbox_of, sinks_of
from actors.snapshot import Snapshot
from actors.state import State
from commands import meant_by
from commands.demo import start_simulator
from web.app import create_app
from web.offers import Offer
from web.picture import Kept
from web.readmodel import ReadModel
from web.server import serve
from web.wire import encode_record

HERE = Path(__file__).resolve().parent
BATCHES_QUEUED = 1024
ROWS_QUEUED = 256


@dataclass
class Hub:
    """One run of Tickwell: the channels, the children, and the order in which they drain."""

    settings: Settings
    now_ns: Callable[[], int] = field(default_factory=steady_clock)
    transport: Transport = field(default_factory=Transport)
    serve: Callable[..., Awaitable[None]] = serve
    draw: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        settings, names = self.settings, list(self.settings.exchanges)
        self.patience = Patience(settings.market.stale_after_min_s, settings.market.stale_after_max_s)
        kept = settings.market
        limits = TradeLimits(
            trades_kept=kept.trades_kept, bars_kept=kept.bars_kept, bar_grace_s=kept.bar_grace_s
        )
        self.market, self.board = Market(self.patience, limits), Board()
        self.web_stop, self.offers = trio.Event(), dict[tuple[str, str], Offer]()
        self.raw_send, self.raw_receive = trio.open_memory_channel[Batch](BATCHES_QUEUED)
        self.read_model = ReadModel(names, self.now_ns, Kept(kept.trades_kept, kept.bars_kept))
        self.feeds = Supervisor("hub/pipeline/feeds", intensity=Intensity(5, 60), standing=True)
        self.control = FeedControl(self.feeds, self.board, self.now_ns, self._report)
        self.observer = self.feeds.observe = Observer(self.control.observe)
        self.recording, self.history = Recording(self.now_ns), history_of(settings)
        core = Backoff(base_s=0.2, ceiling_s=2.0)
        self.new_core = partial(Supervisor, intensity=Intensity(3, 30), backoff=core, observe=self.observer)
        self.sinks = self.new_core("hub/sinks")
        for sink, options in sinks_of(settings, self.now_ns):
            self.sinks.add(Child(sink.name, self._sink(sink, options).run))
        for name, exchange in settings.exchanges.items():
            if exchange.enabled:
                self.feeds.add(Child(name, self._exchange(name, exchange).run))

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
        )
        state = State(self.raw_receive, self.market, self.now_ns, self.snapshot.wake)
        memories = memories_of(self.settings, self.history)
        recall = Recall(memories, self.settings.exchanges, self.market.remember, self.now_ns)
        children = [Child("state", state.run), Child("feeds", self.feeds.run)]
        self.pipeline = self.new_core("hub/pipeline", children, strategy="rest_for_one")
        self.root = self.new_core(
            "hub",
            [
                Child("pipeline", self.pipeline.run),
                Child("snapshot", self.snapshot.run),
                Child("sinks", self.sinks.run),
                Child("recall", recall.run),
                Child("web", self._web(announce)),
            ],
        )
        return self.root

    def _exchange(self, name: str, settings: ExchangeSettings) -> Supervisor:
        retries = self.settings.supervisor
        supervisor = Supervisor(
            f"{self.feeds.name}/{name}",
            intensity=Intensity(5, 60),
            backoff=Backoff(retries.reconnect_delay_s, retries.reconnect_delay_max_s, draw=self.draw),
            standing=True,
            observe=self.observer,
        )
        for market in load_codec(name).markets:
            if settings.symbols(market):
                self._market(supervisor, name, market, settings)
        return supervisor

    def _market(self, supervisor: Supervisor, name: str, market: str, settings: ExchangeSettings) -> None:
        new_codec, picture = partial(load_codec(name), market), self.settings.market
        codec = new_codec()
        channels = base_channels(codec.offers, trades=settings.trades, liquidations=settings.liquidations)
        switched_off = tuple(each for each in codec.offers if each not in (*channels, BOOK))
        self.offers[name, market] = Offer(codec.offers, codec.sampled, codec.depth_max, switched_off)
        budget = Budget(codec.limits.fetch_weight_per_min)

        def new_feed(status: FeedStatus) -> Callable[[], Awaitable[None]]:
            return Ingest(
                status=status,
                route=route_of(status.connection),
                channels=channels,
                new_codec=new_codec,
                stream_url=settings.stream_url(market),
                rest_url=settings.rest_url(market),
                transport=self.transport,
                budget=budget,
                outbox=self.raw_send,
                now_ns=self.now_ns,
                patience=self.patience,
                draw=self.draw,
            ).run

        status, retries = self.board.market(name, market), self.settings.supervisor.max_retries
        status.symbols, status.offers = settings.symbols(market), codec.offers
        status.demand = Demand(picture.book_grace_s, picture.books_max)
        plan = plan_for(codec, channels, picture.book_depth, picture.books_max)
        fleet = Fleet(supervisor, status, plan, new_feed, retries, picture.book_depth)
        listing = Listing(
            codec=codec,
            rest_url=settings.rest_url(market),
            transport=self.transport,
            wanted=settings.symbols(market),
            refresh_s=picture.listing_refresh_s,
            follow=fleet.follow,
            outbox=self.raw_send,
            books=settings.books(market),
        )
        supervisor.add(Child(f"{name}:{market}:{LISTING}", listing.run, retries))

    def _sink(self, sink: Sink, options: SinkSettings) -> Persist:
        send, receive = trio.open_memory_channel[list[Row]](ROWS_QUEUED)
        intake = Intake(send, SinkStatus(sink.name), self.now_ns, kinds=kinds_of(sink))
        self.recording.takers[sink.name] = Recorder(options.history_interval_s), intake
        outbox = outbox_of(sink.name, options, self.settings.data, self.now_ns)
        pace = Pace(batch_rows=options.batch_rows, flush_interval_s=options.flush_interval_s)
        return Persist(sink, outbox, receive, intake.status, intake.losses, self.now_ns, pace)

    def _publish(self, tick: Tick) -> None:
        self.read_model.publish(tick)
        self.recording.note(tick)

    def _web(self, announce: Callable[[Sequence[tuple[str, int]]], None]) -> Callable[[], Awaitable[None]]:
        app = create_app(
            self.read_model,
            self.control,
            self.settings.web,
            stop=self.web_stop,
            now_ns=self.now_ns,
            offers=self.offers,
            history=self.history,
            history_is_whole=self.recording.is_whole,
            sinks=self.recording.reports,
            stream=self.settings.stream,
        )

        async def run() -> None:
            grace_s = self.settings.supervisor.shutdown_grace_s
            async with trio.open_nursery() as nursery:
                announce(
                    await nursery.start(
                        partial(self.serve, shutdown_grace_s=grace_s), app, self.settings.web, self.web_stop
                    )
                )

        return run

    def _report(self) -> None:
        self.read_model.report(self.board.reports())

    async def drain(self) -> None:
        """Feeds stop → their channel ends → the state ends → the sinks write → the web says goodbye."""
        self.feeds.stop()
        await self.pipeline.wait_child("feeds")
        self.raw_send.close()
        await self.root.wait_child("pipeline")
        self.snapshot.finish()
        self.recording.close()
        await self.root.wait_child("sinks")
        self.web_stop.set()
        await self.root.wait_child("web")
        self.root.stop()


async def run_hub(settings: Settings, *, demo: bool) -> None:
    """Run until a signal drains it. Raises `StartError` or `RestartIntensityExceeded`."""
    async with trio.open_nursery() as nursery:
        if demo:
            settings = await start_simulator(nursery, settings)
        prepare_directory(settings.data)
        hub = Hub(settings, transport=transport_for(settings.market))
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
        if options.run is not None:
            return int(options.run(options, settings))
        configure_logs(settings.supervisor.log_level)
        calm_collector()
        trio.run(partial(run_hub, settings, demo=options.demo))
    except BaseException as error:
        ending = last_words(error)
        if ending is None:
            raise
        print(ending[1], file=sys.stderr)
        return ending[0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
