"""Starting and stopping exchanges, and what the board says about it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from actors.control import FeedControl
from actors.market.demand import Demand
from actors.market.feeds import Board, FeedStatus
from actors.runtime.errors import (
    ConnectionClosed,
    ConnectionLost,
    FeedError,
    NotFollowed,
    NotOffered,
    RateLimited,
    Rejected,
    StaleFeed,
    TooManyBooks,
)
from actors.runtime.supervision import Child, Observation, Supervisor

NOW_NS = 1_000


@dataclass
class Exchange:
    """A child that takes a while to end."""

    running: int = 0
    lives: int = 0

    async def run(self) -> None:
        self.running += 1
        self.lives += 1
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            self.running -= 1


@dataclass
class Hub:
    control: FeedControl
    exchanges: dict[str, Exchange] = field(default_factory=dict)

    def state(self, name: str) -> tuple[bool, int, str]:
        [report] = [each for each in self.control.board.reports() if each.exchange == name]
        return self.control.running(name), self.exchanges[name].running, report.state


@pytest.fixture
async def hub(nursery: trio.Nursery) -> Hub:
    feeds = Supervisor("hub/pipeline/feeds", standing=True)
    made = Hub(FeedControl(feeds, Board(), lambda: NOW_NS))
    for name in ("a", "b"):
        made.exchanges[name] = Exchange()
        feeds.add(Child(name, made.exchanges[name].run))
        status = made.control.board.market(name, "linear")
        status.feeds["stream-0"] = FeedStatus(name, "linear", "stream-0", ("X",), state="live")
    nursery.start_soon(feeds.run)
    await trio.sleep(1)
    return made


async def test_one_exchange_stops_and_the_others_do_not(autojump_clock: MockClock, hub: Hub) -> None:
    await hub.control.stop("a")
    assert (hub.state("a"), hub.state("b")) == ((False, 0, "stopped"), (True, 1, "live"))
    await hub.control.start("a")
    await trio.sleep(1)
    assert hub.control.running("a") and hub.exchanges["a"].lives == 2


async def test_all_of_them_stop_and_start(autojump_clock: MockClock, hub: Hub) -> None:
    await hub.control.stop(None)
    assert (hub.state("a")[:2], hub.state("b")[:2]) == ((False, 0), (False, 0))
    await hub.control.start(None)
    await trio.sleep(1)
    assert (hub.state("a")[:2], hub.state("b")[:2]) == ((True, 1), (True, 1))


async def test_saying_it_twice_changes_nothing(autojump_clock: MockClock, hub: Hub) -> None:
    await hub.control.start("a")
    await hub.control.stop("b")
    await hub.control.stop("b")
    assert (hub.exchanges["a"].lives, hub.exchanges["b"].running) == (1, 0)


async def test_an_exchange_that_is_not_enabled_is_left_alone(autojump_clock: MockClock, hub: Hub) -> None:
    await hub.control.start("disabled")
    await hub.control.stop("disabled")
    assert not hub.control.running("disabled")


@pytest.mark.parametrize("last", ["start", "stop"])
async def test_of_many_orders_at_once_the_last_one_decides(
    autojump_clock: MockClock, hub: Hub, last: str
) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(100):
            order = hub.control.stop if (number % 2 == 0) is (last == "start") else hub.control.start
            nursery.start_soon(order, "a")
            await trio.sleep(0.001)
    await trio.sleep(2)
    expected = (True, 1) if last == "start" else (False, 0)
    assert hub.state("a")[:2] == expected


async def test_a_stop_is_noted_even_when_whoever_ordered_it_has_gone(
    autojump_clock: MockClock, hub: Hub
) -> None:
    with trio.move_on_after(0.5):
        await hub.control.stop("a")
    await trio.sleep(2)
    assert hub.state("a") == (False, 0, "stopped")
    assert hub.control.board.market("a", "linear").feeds["stream-0"].state == "stopped"


CLOSED = ConnectionLost("closed")


def observed(hub: Hub, name: str, delay_s: float | None = 2.0, error: Exception = CLOSED) -> None:
    happening = "failed" if delay_s is not None else "gave_up"
    hub.control.observe(Observation(f"hub/x/{name}", happening, error, delay_s))  # type: ignore[arg-type]


async def test_a_failed_feed_is_noted_with_its_next_attempt(autojump_clock: MockClock, hub: Hub) -> None:
    observed(hub, "a:linear:stream-0")
    report = hub.control.board.market("a", "linear").report()
    assert (report.state, report.last_error, report.reconnects) == ("disconnected", "closed", 1)
    assert report.next_attempt_ts == NOW_NS + 2_000_000_000
    observed(hub, "a:linear:stream-0", None)
    assert hub.control.board.market("a", "linear").report().next_attempt_ts is None


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ConnectionLost("cannot reach it"), "network"),
        (ConnectionClosed("closed with 1001"), "closed"),
        (StaleFeed("no data"), "stall"),
        (RateLimited("429"), "rate_limited"),
        (Rejected("403"), "rejected"),
        (FeedError("something else"), "other"),
        (ExceptionGroup("", [ExceptionGroup("", [StaleFeed("no data")])]), "stall"),
        (ValueError("ours"), "bug"),
    ],
)
async def test_each_reconnection_is_counted_under_its_cause(
    autojump_clock: MockClock, hub: Hub, error: Exception, cause: str
) -> None:
    observed(hub, "a:linear:stream-0", error=error)
    assert hub.control.board.market("a", "linear").report().reconnects_by_cause == {cause: 1}


async def test_a_book_is_watched_for_a_while(autojump_clock: MockClock, hub: Hub) -> None:
    status = hub.control.board.market("a", "linear")
    status.followed, status.offers = frozenset({"X"}), ("ticker", "book")
    hub.control.watch("a", "linear", "X", 50, for_s=10)
    second_ns = 1_000_000_000
    assert status.demand.wanted(NOW_NS + 10 * second_ns - 1) == {"X": 50}
    assert status.demand.wanted(NOW_NS + 10 * second_ns) == {}
    hub.control.watch("a", "linear", "X", 200)
    assert status.demand.wanted(NOW_NS + 59 * second_ns) == {"X": 200}


async def test_a_book_that_cannot_be_watched_says_why(autojump_clock: MockClock, hub: Hub) -> None:
    status = hub.control.board.market("a", "linear")
    status.followed, status.offers = frozenset("XYZ"), ("ticker",)
    for exchange, market, symbol in (("a", "linear", "W"), ("a", "spot", "X"), ("c", "linear", "X")):
        with pytest.raises(NotFollowed, match=f"{exchange}:{market}:{symbol} is not followed"):
            hub.control.watch(exchange, market, symbol, 50)
    with pytest.raises(NotOffered, match="a offers no order books of linear"):
        hub.control.watch("a", "linear", "X", 50)
    status.offers, status.demand = ("ticker", "book"), Demand(books_max=2)
    hub.control.watch("a", "linear", "X", 50)
    hub.control.watch("a", "linear", "Y", 50)
    with pytest.raises(TooManyBooks):
        hub.control.watch("a", "linear", "Z", 50)
    with pytest.raises(ValueError, match="1 to 200"):
        hub.control.watch("a", "linear", "X", 500)
    assert ("c", "linear") not in hub.control.board.markets


async def test_a_book_is_wanted_before_it_is_known_what_there_is(autojump_clock: MockClock, hub: Hub) -> None:
    status = hub.control.board.market("a", "linear")
    status.offers = ("ticker", "book")
    hub.control.watch("a", "linear", "X", 50)
    assert status.demand.wanted(NOW_NS) == {"X": 50}
    status.refused = {"X": "not in the exchange's listing"}
    with pytest.raises(NotFollowed):
        hub.control.watch("a", "linear", "X", 50)


async def test_a_failed_listing_is_noted_and_the_feeds_go_on(autojump_clock: MockClock, hub: Hub) -> None:
    observed(hub, "a:linear:listing")
    status = hub.control.board.market("a", "linear")
    assert (status.listing_error, status.report().state) == ("closed", "live")
    assert status.report().next_attempt_ts == NOW_NS + 2_000_000_000


async def test_what_is_no_feed_is_not_noted(autojump_clock: MockClock, hub: Hub) -> None:
    before = hub.control.board.reports()
    for name in ("web", "a", "z:linear:stream-0", "a:linear:stream-9"):
        observed(hub, name)
    hub.control.observe(Observation("hub/x/a:linear:stream-0", "started"))
    assert hub.control.board.reports() == before
