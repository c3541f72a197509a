"""The connections of one market as the symbols to follow change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest
import trio
from trio.testing import MockClock

from actors.exchanges.base import Limits, Topic
from actors.feed.plan import Plan
from actors.fleet import Fleet
from actors.market.demand import Demand
from actors.market.feeds import FeedStatus, MarketStatus
from actors.market.selection import Selection
from actors.runtime.supervision import Supervisor

LIMITS = Limits(topics_per_request=10, requests_per_s=10, topics_per_connection=2, topics_per_market=6)


def topics(symbol: str) -> Sequence[Topic]:
    return [Topic(symbol, symbol, "ticker")]


class Feeds:
    """Counts the lives of each connection and how many run."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.running: dict[str, FeedStatus] = {}

    def new(self, status: FeedStatus) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            status.began()
            self.began.append(status.connection)
            assert status.connection not in self.running
            self.running[status.connection] = status
            try:
                await trio.sleep_forever()
            finally:
                del self.running[status.connection]

        return run


@pytest.fixture
def feeds() -> Feeds:
    return Feeds()


@pytest.fixture
async def fleet(feeds: Feeds, nursery: trio.Nursery) -> Fleet:
    supervisor = Supervisor("hub/pipeline/feeds/x", standing=True)
    nursery.start_soon(supervisor.run)
    await trio.sleep(1)
    return Fleet(supervisor, MarketStatus("x", "linear"), Plan(topics, LIMITS), feeds.new, 0)


async def follow(fleet: Fleet, symbols: str, books: str = "", **refused: str) -> None:
    await fleet.follow(Selection(tuple(symbols), refused, books=tuple(books)))
    await trio.sleep(1)


async def test_one_child_per_connection(autojump_clock: MockClock, fleet: Fleet, feeds: Feeds) -> None:
    await follow(fleet, "abc")
    assert {name: status.symbols for name, status in feeds.running.items()} == {
        "stream-0": ("a", "b"),
        "stream-1": ("c",),
    }
    assert fleet.supervisor.names() == ["x:linear:stream-0", "x:linear:stream-1"]
    assert fleet.status.feeds == feeds.running


async def test_connections_that_stay_are_not_disturbed(
    autojump_clock: MockClock, fleet: Fleet, feeds: Feeds
) -> None:
    await follow(fleet, "abc")
    await follow(fleet, "bdc")
    assert sorted(feeds.began) == ["stream-0", "stream-1"]
    assert feeds.running["stream-0"].symbols == ("b", "d")
    await follow(fleet, "c")
    assert list(feeds.running) == ["stream-1"] == list(fleet.status.feeds)
    assert fleet.supervisor.names() == ["x:linear:stream-1"]


async def test_what_cannot_be_had_is_told_with_the_reason(autojump_clock: MockClock, fleet: Fleet) -> None:
    await follow(fleet, "abcdefgh", zz="not listed")
    assert fleet.status.symbols == (*"abcdefgh", "zz")
    assert fleet.status.refused == {
        "zz": "not listed",
        "g": "over the exchange's limit of 6 subscriptions",
        "h": "over the exchange's limit of 6 subscriptions",
    }


async def test_a_connection_that_comes_back_goes_on_counting_its_lives(
    autojump_clock: MockClock, fleet: Fleet, feeds: Feeds
) -> None:
    """The picture tells lives apart by their number: the same one twice would stay down for ever."""
    await follow(fleet, "abc")
    await follow(fleet, "ab")
    await follow(fleet, "abd")
    assert feeds.running["stream-1"].life == 2
    await follow(fleet, "ab")
    await follow(fleet, "abe")
    assert feeds.running["stream-1"].life == 3


async def test_a_listing_that_came_ends_the_listings_error(autojump_clock: MockClock, fleet: Fleet) -> None:
    fleet.status.listing_error, fleet.status.listing_next_ts = "no route", 7
    await follow(fleet, "a")
    assert (fleet.status.report().last_error, fleet.status.report().next_attempt_ts) == (None, None)


async def test_nothing_to_follow_ends_every_connection(
    autojump_clock: MockClock, fleet: Fleet, feeds: Feeds
) -> None:
    await follow(fleet, "abc")
    await follow(fleet, "")
    assert feeds.running == {} and fleet.supervisor.names() == []


async def test_the_books_of_the_settings_are_wanted_of_what_is_followed(
    autojump_clock: MockClock, fleet: Fleet
) -> None:
    await follow(fleet, "abcdefgh", books="agh")
    assert fleet.status.followed == frozenset("abcdef")
    assert fleet.status.demand.wanted(0) == {"a": 50}
    assert {feed.demand for feed in fleet.status.feeds.values()} == {fleet.status.demand}
    await follow(fleet, "abc", books="abc")
    assert fleet.status.demand.wanted(0) == {"a": 50, "b": 50, "c": 50}


async def test_a_book_ends_with_its_symbol(autojump_clock: MockClock, fleet: Fleet) -> None:
    await follow(fleet, "abc")
    fleet.status.demand.hold("c", 20, 0)
    await follow(fleet, "ab")
    assert fleet.status.demand.wanted(0) == {}


async def test_books_that_cannot_be_had_are_told_with_the_reason(
    autojump_clock: MockClock, fleet: Fleet
) -> None:
    fleet.status.demand = Demand(books_max=1)
    await fleet.follow(Selection(("a", "b"), {}, books=("a", "b"), books_refused={"z": "not listed"}))
    assert fleet.status.refused == {
        "b": "its order book is wanted, but only books_max = 1 may be followed at once",
        "z": "not listed",
    }
    assert fleet.status.symbols == ("a", "b")
