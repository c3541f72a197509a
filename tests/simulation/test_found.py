"""What the simulated days found, each in its smallest form."""

from __future__ import annotations

import pytest
from trio import sleep
from trio.testing import MockClock

from actors.exchanges.bybit import Codec
from actors.feed.refusals import Refusals
from actors.feed.subscriptions import Subscriptions
from actors.market.events import (
    Batch,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    Following,
    Heard,
    Silent,
    Source,
    Trade,
    TradesRecovered,
    Unfollowed,
)
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S, Patience
from tests.feed.life import living
from tests.feed.made_up import MadeUpExchange
from tests.feed.scripted import limits, topics
from tests.simulation import wire

NOW = 1_760_054_400 * NS_PER_S
COIN = "AAAUSDT"
BOOK_TOPIC = f"orderbook.50.{COIN}"


class Told:
    """A market that is told events by one connection."""

    def __init__(self) -> None:
        self.market = Market(Patience())
        self.life = 1

    def say(self, *events: Event) -> None:
        self.market.apply(Batch(Source("bybit", "linear", "stream-0", self.life), list(events)))

    def channels(self) -> dict[str, str]:
        """The state of each channel that is known."""
        return {each.channel: each.state for each in self.market.everything(NOW)["bybit"].qualities}


def at(seconds: float) -> int:
    return NOW + int(seconds * NS_PER_S)


def snapshot(seconds: float) -> BookSnapshot:
    return BookSnapshot(COIN, [(9.0, 1.0)], [(10.0, 1.0)], 50, 1, at(seconds), at(seconds))


def delta(seconds: float) -> BookDelta:
    return BookDelta(COIN, [(9.0, 2.0)], [], 2, at(seconds), at(seconds))


def trade(seconds: float, symbol: str = COIN, *, backfill: bool = False, recv: float | None = None) -> Trade:
    ts_recv = at(seconds if recv is None else recv)
    return Trade(symbol, f"{seconds}", 1.0, 1.0, "buy", at(seconds), ts_recv, backfill=backfill)


def test_a_book_that_nobody_wants_in_the_next_life_is_gone() -> None:
    """Its last reader left while there was no connection that could tell so."""
    told = Told()
    told.say(Following(COIN, ("ticker", "book"), ("ticker",), NOW), FeedUp(NOW), snapshot(0))
    told.say(FeedDown("closed", at(1)))
    told.life = 2
    told.say(Following(COIN, ("ticker",), ("ticker",), at(2)), FeedUp(at(2)))
    assert told.channels().keys() == {"ticker"}
    assert told.market.drain(at(3))["bybit"].unfollowed == [("linear", COIN)]


def test_what_is_still_under_way_of_a_book_that_was_left_brings_nothing_back() -> None:
    told = Told()
    told.say(Following(COIN, ("book",), (), NOW), FeedUp(NOW), snapshot(0), Unfollowed(COIN, "book"))
    told.say(delta(0.1))
    assert told.channels() == {}


def test_deltas_before_the_snapshot_do_not_make_a_renewed_book_look_heard() -> None:
    codec = Codec("linear")
    topic = codec.book(COIN, 50)
    codec.receive(wire.book(BOOK_TOPIC, COIN, "snapshot", [(9.0, 1.0)], [(10.0, 1.0)], 5, NOW), at(0))
    codec.unsubscribe([topic], 2)
    codec.receive(wire.book(BOOK_TOPIC, COIN, "delta", [(9.0, 2.0)], [], 7, NOW), at(1))
    assert codec.heard == {BOOK_TOPIC: at(0)}


def test_data_from_before_a_topic_was_asked_for_anew_is_no_answer() -> None:
    """Between the old subscription's last data and the new asking there was no look."""
    subscriptions = Subscriptions(limits(), Refusals(), Patience())
    subscriptions.want(topics("a"))
    assert subscriptions.next_request(at(0)) is not None
    subscriptions.check({"a": at(1)}, at(1))
    subscriptions.renew("a")
    leaving, asking = subscriptions.next_request(at(1.5)), subscriptions.next_request(at(1.7))
    assert leaving is not None and leaving.unsubscribe and asking is not None and not asking.unsubscribe
    subscriptions.check({"a": at(1.4)}, at(2))
    subscriptions.check({"a": at(1.4)}, at(20))
    assert subscriptions.next_request(at(20)) is not None, "it was never answered, and not asked for again"


def test_what_rest_tells_of_one_coin_says_nothing_about_the_connection_of_another() -> None:
    """A stalled connection: the hole begins with the last trade that it brought."""
    told = Told()
    for symbol in ("A", "B"):
        told.say(Following(symbol, ("trades",), (), NOW), FeedUp(NOW), Heard(symbol, "t", "trades", NOW))
        told.say(trade(1, symbol), trade(2, symbol))
    told.market.drain(at(3))
    told.say(trade(100, "B", backfill=True, recv=101), TradesRecovered("B", at(100), whole=True))
    told.say(FeedDown("no data", at(120)))
    holes = {hole.symbol: hole.from_ns for hole in told.market.drain(at(121))["bybit"].holes}
    assert holes["A"] == at(2)


def test_a_beginning_that_was_proven_is_not_corrected() -> None:
    """The exchange told all trades since 100 s; the first one that comes as it happens is 5 s under way."""
    told = Told()
    told.say(Following(COIN, ("trades",), (), at(200)), FeedUp(at(200)), Heard(COIN, "t", "trades", at(200)))
    told.say(trade(100, backfill=True, recv=201), TradesRecovered(COIN, at(100), whole=True))
    told.say(FeedDown("closed", at(210)))
    told.life = 2
    told.say(Following(COIN, ("trades",), (), at(220)), FeedUp(at(220)), Heard(COIN, "t", "trades", at(220)))
    told.say(trade(221, recv=226))
    told.market.sweep(at(300))
    bars = told.market.everything(at(300))["bybit"].bars["linear", COIN]
    assert {bar.gap for bar in bars if bar.interval_s == 1 and bar.start_ns == at(100)} == {True}


def test_a_hole_may_begin_where_the_end_of_a_healed_one_was_guessed() -> None:
    """The exchange's clock was 5 s ahead when its last trade came, and is not any more."""
    told = Told()
    told.say(Following(COIN, ("trades",), (), NOW), FeedUp(NOW), Heard(COIN, "t", "trades", NOW))
    told.say(trade(6, recv=1), FeedDown("closed", at(10)))
    told.life = 2
    told.say(Following(COIN, ("trades",), (), at(20)), FeedUp(at(20)), Heard(COIN, "t", "trades", at(20)))
    told.say(trade(6, backfill=True, recv=22), trade(21, backfill=True, recv=22))
    told.say(TradesRecovered(COIN, at(6), whole=True), FeedDown("no data", at(30)))
    holes = told.market.drain(at(31))["bybit"].holes
    assert [(hole.from_ns, hole.healed) for hole in holes] == [(at(6), True), (at(21), False)]


@pytest.mark.parametrize("topic", ["ticker.A", "quote.A", "trades.A", "book50.A"])
async def test_each_kind_of_stream_that_falls_silent_is_found_within_what_was_learned(
    autojump_clock: MockClock, topic: str
) -> None:
    """It was heard at each look, once a second: 5 s for what repeats itself, three times 2 s for trades."""
    exchange = MadeUpExchange()
    async with living(exchange, channels=("ticker", "quote", "trades")) as life:
        life.want("A", 50, for_s=1000)
        await sleep(60)
        exchange.mute = {topic}
        await sleep(4)
        assert life.told(Silent) == []
        await sleep(8)
        assert [event.topic for event in life.told(Silent)] == [topic]
        assert life.failures == []
