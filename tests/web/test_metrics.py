"""Every metric moves when what it counts does, says how far, and is declared and documented once."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import trio
from msgspec import structs

from actors.market.distribution import Distribution, Histogram
from actors.market.reports import LatencyReport
from actors.market.storage import StorageReport
from actors.market.tick import Changes, Tick
from actors.runtime.version import __version__
from tests.web.harness import NOW_NS, Switch, application, report
from tests.web.populated import BTC, ETH, OFFERS, hole, populated, quality, records, ticker, trade
from tests.web.streaming import KEY, Listener
from tests.web.test_health_sinks import sink
from tests.web.told_alerts import MOVED, ToldAlerts
from tests.web.told_bus import BUS_MOVED, ToldBus
from tests.web.told_plugins import PLUGIN_MOVED, ToldPlugins
from web.guard.keyring import Holder
from web.metrics.scrape import FAMILIES, Scraper
from web.site import Site
from web.transport import ClientStream
from web.wishes import Wish

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
LINEAR = {"exchange": "bybit", "market": "linear"}
TRADES = {**LINEAR, "channel": "trades"}
BYBIT = {"exchange": "bybit"}
HISTORY = {"sink": "history"}
KEPT = StorageReport(file_bytes=1000, used_bytes=700, free_bytes=300, swept_rows=8)
CONSTANT = {"build_info", "start_time_seconds"}


@dataclass(eq=False)
class Sent:
    """What is counted of a client's stream."""

    sent_bytes: int = 0
    stalled: bool = False


class World:
    """A hub with something of everything, and hands to change it with."""

    def __init__(self) -> None:
        self.read_model, self.switch, self.sinks = populated(), Switch(), [sink(storage=StorageReport)]
        app = application(self.read_model, self.switch, offers=OFFERS, sinks=lambda: self.sinks)
        self.site: Site = app.extensions["tickwell"]
        self.hub, self.scraper = self.site.stream, Scraper(self.site)
        self.site.alerts = self.alerts = cast(Any, ToldAlerts())
        self.site.bus = self.bus = ToldBus()
        self.site.plugins = self.plugins = ToldPlugins()
        self.stack = ExitStack()

    def value(self, name: str, labels: dict[str, str]) -> float:
        """The one sample with these labels; of a histogram, how many there were."""
        found = [
            each.value
            for each in self.scraper.samples()
            if each.family.name == name and dict(zip(each.family.labels, each.labels, strict=True)) == labels
        ]
        [value] = found
        return float(sum(value.counts) if isinstance(value, Distribution) else value)

    def report(self, **changes: Any) -> None:
        self.read_model.report([report(**changes)])

    def publish(self, lag_ms: float = 0.0, **changes: Any) -> None:
        self.read_model.publish(Tick("bybit", NOW_NS, [], Changes(**changes), lag_ms))

    def quality(self, channel: str = "trades", state: Any = "live", **changes: Any) -> None:
        self.publish(qualities=[quality(BTC, channel, state, **changes)])

    def delays(self, *delays_s: float) -> None:
        taken = Histogram()
        taken.take(delays_s)
        told = LatencyReport("bybit", "linear", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, taken.report(), taken.report())
        self.publish(latencies=[told])

    def stream(self, **state: Any) -> ClientStream:
        return cast(ClientStream, Sent(**state))

    def traffic(self, *, leave: bool = False, **state: Any) -> None:
        stream = self.stream(**state)
        self.site.traffic.enter(stream)
        if leave:
            self.site.traffic.leave(stream)

    def traffics(self, *streams: dict[str, Any]) -> None:
        for state in streams:
            self.traffic(**state)

    def listen(self, *channels: str, **params: Any) -> Listener:
        listener = Listener(self.hub)
        self.stack.callback(listener.close)
        for channel in channels:
            listener.subscribe(channel, **params)
        return listener

    def client(self, **counts: int) -> None:
        vars(self.listen().client).update(counts)

    def sink(self, **changes: Any) -> None:
        self.sinks[0] = sink(**changes)

    def store(self, kept: StorageReport) -> None:
        self.sinks[0] = structs.replace(self.sinks[0], storage=kept)

    def reject(self, kind: str, count: int) -> None:
        self.sinks[0] = structs.replace(self.sinks[0], rejected={kind: count})

    def join(self, clients: int) -> None:
        for _ in range(clients):
            self.stack.enter_context(self.site.fanout.join(Wish("bybit")))

    def resume(self, epoch: str) -> None:
        position = {"epoch": epoch, "offset": self.hub.journal.offset}
        self.listen("trades", symbols=[KEY], resume=position)

    def trades(self) -> None:
        self.listen("trades", symbols=[KEY])
        self.publish(trades={BTC: [trade(number) for number in (7, 8, 9)]})

    def busy(self) -> None:
        self.hub.turns.busy[self.listen().client] = None
        self.stack.callback(self.hub.turns.busy.clear)


class Move(NamedTuple):
    """What is done, and what a sample is then."""

    name: str
    labels: dict[str, str]
    value: float
    act: Callable[[World], object]


def _listed(world: World) -> None:
    new = records(ticker("bybit", ("linear", "SOLUSDT")))
    world.read_model.publish(Tick("bybit", NOW_NS, new, Changes()))


def tell_bus(world: World, act: Callable[[ToldBus], None]) -> None:
    act(world.bus)


def tell_alerts(world: World, act: Callable[[ToldAlerts], None]) -> None:
    act(world.alerts)


def tell_plugins(world: World, act: Callable[[ToldPlugins], None]) -> None:
    act(world.plugins)


VOLATILITY = {"plugin": "volatility"}
MOVES = [
    Move("exchange_running", BYBIT, 0, lambda w: w.switch.on.update(bybit=False)),
    Move("feed_state", {**LINEAR, "state": "stale"}, 1, lambda w: w.report(state="stale")),
    Move("feed_connections", {**LINEAR, "state": "live"}, 2, lambda w: w.report(connections={"live": 2})),
    Move("feed_messages_total", LINEAR, 7, lambda w: w.report(messages=7)),
    Move("feed_received_bytes_total", LINEAR, 70, lambda w: w.report(received_bytes=70)),
    Move(
        "feed_reconnects_total", {**LINEAR, "cause": "stall"}, 5,
        lambda w: w.report(reconnects_by_cause={"stall": 5}),
    ),
    Move("feed_decode_errors_total", LINEAR, 4, lambda w: w.report(decode_errors=4)),
    Move("feed_resyncs_total", LINEAR, 3, lambda w: w.report(resyncs=3)),
    Move("feed_symbols", {**LINEAR, "state": "wanted"}, 1, lambda w: w.report(symbols=("A",))),
    Move("feed_symbols", {**LINEAR, "state": "producing"}, 1, lambda w: w.report(producing=1)),
    Move("feed_symbols", {**LINEAR, "state": "stale"}, 1, lambda w: w.report(stale=("A",))),
    Move("feed_symbols", {**LINEAR, "state": "refused"}, 1, lambda w: w.report(refused={"A": "no"})),
    Move("feed_mute_topics", LINEAR, 2, lambda w: w.report(mute=("a", "b"))),
    Move("feed_books", LINEAR, 1, lambda w: w.report(books=("A",))),
    Move("feed_age_seconds", LINEAR, 2.5, lambda w: w.report(last_data_ts=NOW_NS - 2_500_000_000)),
    Move("channel_instruments", {**TRADES, "state": "live"}, 0, lambda w: w.quality(state="stale")),
    Move(
        "channel_age_seconds", {**LINEAR, "channel": "book"}, 3,
        lambda w: w.quality("book", last_ns=NOW_NS - 3_000_000_000),
    ),
    Move("channel_messages_total", TRADES, 14, lambda w: w.quality(messages=9)),
    Move("channel_gaps_total", TRADES, 3, lambda w: w.quality(gaps=2)),
    Move("channel_resyncs_total", TRADES, 4, lambda w: w.quality(resyncs=3)),
    Move("channel_duplicates_total", TRADES, 5, lambda w: w.quality(duplicates=3)),
    Move("channel_out_of_order_total", TRADES, 7, lambda w: w.quality(out_of_order=4)),
    Move("channel_too_late_total", TRADES, 4, lambda w: w.quality(too_late=4)),
    Move("channel_dropped_total", {**TRADES, "cause": "too_old"}, 5, lambda w: w.quality(too_old=5)),
    Move("channel_dropped_total", {**TRADES, "cause": "untold"}, 6, lambda w: w.quality(untold=6)),
    Move("holes_open", LINEAR, 2, lambda w: w.publish(holes=[hole(40)])),
    Move("event_latency_seconds", LINEAR, 3, lambda w: w.delays(0.01, 0.02, 100)),
    Move("hub_dwell_seconds", LINEAR, 1, lambda w: w.delays(0.01)),
    Move("clock_offset_seconds", LINEAR, 0.005, lambda w: w.delays()),
    Move("clock_error_seconds", LINEAR, 0.006, lambda w: w.delays()),
    Move("instruments", LINEAR, 3, _listed),
    Move("ticks_total", BYBIT, 2, lambda w: w.publish()),
    Move("tick_lag_seconds", BYBIT, 0.25, lambda w: w.publish(250.0)),
    Move("late_ticks_total", BYBIT, 1, lambda w: w.publish(250.0)),
    Move("loop_lag_seconds", {}, 1, lambda w: w.site.loop.take(0.3, trio.current_time())),
    Move("loop_lag_max_seconds", {}, 0.3, lambda w: w.site.loop.take(0.3, trio.current_time())),
    Move("web_connections", {}, 1, lambda w: w.traffic()),
    Move("web_accepted_total", {}, 1, lambda w: w.traffic(leave=True)),
    Move("web_refused_total", {}, 1, lambda w: vars(w.site.traffic).update(refused=1)),
    Move("web_stalled_total", {}, 1, lambda w: w.traffic(stalled=True, leave=True)),
    Move(
        "web_sent_bytes_total", {}, 12,
        lambda w: w.traffics({"sent_bytes": 5}, {"sent_bytes": 7, "leave": True}),
    ),
    Move(
        "client_disconnects_total", {"route": "stream", "code": "1008"}, 1,
        lambda w: w.site.traffic.ended("stream", (1008, "too many errors")),
    ),
    Move(
        "client_disconnects_total", {"route": "realtime", "code": "gone"}, 1,
        lambda w: w.site.traffic.ended("realtime", None),
    ),
    Move("realtime_clients", BYBIT, 2, lambda w: w.join(2)),
    Move("realtime_groups", BYBIT, 1, lambda w: w.join(2)),
    Move("realtime_sent_messages_total", BYBIT, 3, lambda w: w.site.fanout.sent.update(bybit=3)),
    Move("realtime_conflated_ticks_total", BYBIT, 3, lambda w: w.site.fanout.conflated.update(bybit=3)),
    Move("stream_clients", {}, 1, lambda w: w.listen()),
    Move("stream_busy_clients", {}, 1, lambda w: w.busy()),
    Move("stream_subscriptions", {"channel": "quote"}, 1, lambda w: w.listen("quote", "ticker")),
    Move("stream_groups", {}, 2, lambda w: w.listen("quote", "ticker")),
    Move("stream_sent_messages_total", {}, 3, lambda w: w.client(sent=3)),
    Move("stream_conflated_total", {}, 3, lambda w: w.client(conflated=3)),
    Move("stream_missed_total", {}, 3, lambda w: w.client(missed=3)),
    Move("stream_gaps_told_total", {}, 3, lambda w: w.client(gaps_told=3)),
    Move("stream_resumes_total", {"outcome": "recovered"}, 1, lambda w: w.resume(w.read_model.epoch)),
    Move("stream_resumes_total", {"outcome": "lost"}, 1, lambda w: w.resume("another")),
    Move("stream_errors_total", {"code": "unknown_method"}, 1, lambda w: w.listen().say("nonsense")),
    Move("stream_ring_records", {"ring": "trades"}, 3, lambda w: w.trades()),
    Move(
        "stream_ring_records_max", {"ring": "trades"}, 9,
        lambda w: vars(w.hub.journal.rings["trades"]).update(records_max=9),
    ),
    Move(
        "gate_refused_total", {"code": "bad_token"}, 1, lambda w: w.site.gate.refused.update(bad_token=1)
    ),
    Move("gate_limited_total", {"limit": "address"}, 1, lambda w: w.site.gate.limited.update(address=1)),
    Move("gate_made_way_total", {}, 2, lambda w: vars(w.site.traffic).update(made_way=2)),
    Move("gate_tickets", {}, 1, lambda w: w.site.gate.tickets.issue(Holder("a", frozenset()), 0.0)),
    Move("sink_state", {**HISTORY, "state": "down"}, 1, lambda w: w.sink(is_up=False)),
    Move("sink_accepted_rows_total", HISTORY, 101, lambda w: w.sink(accepted=101)),
    Move("sink_written_rows_total", HISTORY, 91, lambda w: w.sink(written=91)),
    Move("sink_in_hand_rows", HISTORY, 4, lambda w: w.sink(in_hand=4)),
    Move("sink_outbox_rows", HISTORY, 6, lambda w: w.sink(outbox_rows=6)),
    Move("sink_storage_bytes", HISTORY | {"part": "used"}, 700, lambda w: w.store(KEPT)),
    Move("sink_swept_rows_total", HISTORY, 8, lambda w: w.store(KEPT)),
    Move("sink_outbox_bytes", HISTORY, 600, lambda w: w.sink(outbox_bytes=600)),
    Move("sink_outbox_age_seconds", HISTORY, 1.5, lambda w: w.sink(outbox_oldest_ns=NOW_NS - 1_500_000_000)),
    Move(
        "sink_dropped_rows_total", {**HISTORY, "cause": "too_old"}, 9,
        lambda w: w.sink(dropped={"too_old": 9}),
    ),
    Move("sink_failures_total", HISTORY, 2, lambda w: w.sink(failures=2)),
    Move("sink_rejected_total", {**HISTORY, "kind": "bar"}, 2, lambda w: w.reject("bar", 2)),
    *(Move(name, labels, value, partial(tell_alerts, act=act)) for name, labels, value, act in MOVED),
    *(Move(name, labels, value, partial(tell_bus, act=act)) for name, labels, value, act in BUS_MOVED),
    *(Move(name, VOLATILITY, value, partial(tell_plugins, act=act)) for name, value, act in PLUGIN_MOVED),
]  # fmt: skip


@pytest.mark.parametrize("move", MOVES, ids=lambda move: "-".join((move.name, *move.labels.values())))
async def test_a_metric_moves(move: Move) -> None:
    world = World()
    with world.stack:
        before = world.value(move.name, move.labels)
        move.act(world)
        after = world.value(move.name, move.labels)
        assert after == pytest.approx(move.value)
        assert after != before
        if move.name.endswith("_total"):
            assert after > before


def test_every_metric_is_moved() -> None:
    assert {move.name for move in MOVES} | CONSTANT == {family.name for family in FAMILIES}


async def test_what_never_moves() -> None:
    world = World()
    assert world.value("build_info", {"version": __version__}) == 1
    assert world.value("start_time_seconds", {}) == NOW_NS // 1_000_000 / 1000


def test_names_are_as_prometheus_wants_them() -> None:
    names = [family.full_name for family in FAMILIES]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        assert re.fullmatch(r"tickwell_[a-z_]+", family.full_name)
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.kind != "histogram" or family.name.endswith("_seconds")
        assert not {"symbol", "key", "instrument", "address", "connection"} & set(family.labels), family
        assert family.about.endswith("."), family


def test_every_metric_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `(tickwell_\w+)` \| (\w+) \| ([^|]*) \|", DOCUMENT.read_text(), re.MULTILINE)
    documented = [(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows]
    assert documented == [(each.full_name, each.kind, each.labels) for each in FAMILIES]


async def test_a_counter_never_goes_back_when_instruments_go_and_come() -> None:
    world = World()
    assert world.value("channel_messages_total", TRADES) == 10
    world.publish(removed=[BTC])
    assert world.value("channel_messages_total", TRADES) == 10
    world.quality(messages=3)
    assert world.value("channel_messages_total", TRADES) == 13
    world.quality(messages=2)  # it came anew, and nobody looked meanwhile
    assert world.value("channel_messages_total", TRADES) == 15
    world.publish(qualities=[quality(ETH, "trades", messages=6)])
    assert world.value("channel_messages_total", TRADES) == 16


async def test_nobody_is_counted_twice_when_a_client_goes() -> None:
    world = World()
    listener = world.listen()
    listener.client.conflated = 5
    assert world.value("stream_conflated_total", {}) == 5
    listener.close()
    assert world.value("stream_conflated_total", {}) == 5
    stream = world.stream(sent_bytes=5)
    world.site.traffic.enter(stream)
    for _ in range(2):
        world.site.traffic.leave(stream)
        assert world.value("web_sent_bytes_total", {}) == 5
