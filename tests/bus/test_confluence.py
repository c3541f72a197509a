"""Many nodes' words → one flow: who is told, what is told again, and that nothing but the log decides it."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.bus.confluence import Confluence, Flow
from actors.bus.memory import Memory
from actors.bus.sharing import ranked
from actors.bus.wire import Dispatch, Happened, Item, Missing, Released, Restated
from actors.market.events import (
    Batch,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    Following,
    Gap,
    Heard,
    Quote,
    Silent,
    Source,
    TickerUpdate,
    Trade,
    Unfollowed,
)
from actors.market.mark import Mark
from actors.market.market import Market
from actors.market.rhythm import Patience
from tests.thoroughness import cases

NS = 1_000_000_000
BEGAN_NS = 1_700_000_000 * NS
CHANNELS = ("ticker", "quote", "trades", "book")
FIRST, SECOND = ranked(["a", "b"], ("bybit", "linear", "BTCUSDT"))


def source(life: int = 1) -> Source:
    return Source("bybit", "linear", "stream-0", life)


def opening(life: int = 1, symbols: Iterable[str] = ("BTCUSDT",)) -> Batch:
    followed: list[Event] = [Following(symbol, CHANNELS, CHANNELS, BEGAN_NS) for symbol in symbols]
    return Batch(source(life), [*followed, FeedUp(BEGAN_NS)])


def data(number: int, life: int = 1, symbol: str = "BTCUSDT") -> Batch:
    ns = BEGAN_NS + number * NS // 10
    events: list[Event] = [
        TickerUpdate(symbol, {"price": float(number), "mark_price": 7.0}, ns, ns),
        Quote(symbol, 1.0, 2.0, 3.0, float(number), ns, ns),
        Trade(symbol, f"t{number}", float(number), 1.0, "buy", ns, ns),
        BookSnapshot(symbol, [(1.0, float(number))], [(3.0, 1.0)], 50, number, ns, ns),
    ]
    return Batch(source(life), events)


class Log:
    """What nodes have said, in its order."""

    def __init__(self) -> None:
        self.dispatches: list[Dispatch] = []
        self._numbers: dict[str, int] = {}

    def say(self, node: str, *items: Item | Batch, at: float = 0.0, run: str = "1", lose: int = 0) -> None:
        number = self._numbers.get(node + run, 0) + 1 + lose
        self._numbers[node + run] = number
        told = [Happened(item) if isinstance(item, Batch) else item for item in items]
        self.dispatches.append(Dispatch(node, run, number, BEGAN_NS + int(at * NS), told))

    def read(self, start: int = 0) -> list[Flow]:
        """What a reader hears who begins there."""
        reader = Confluence(NS // 5)
        return [
            each
            for position, one in enumerate(self.dispatches[start:], start + 1)
            for each in reader.take(position, one)
        ]

    def market(self, start: int = 0) -> Market:
        """What he makes of it."""
        market = Market(Patience())
        for each in self.read(start):
            if isinstance(each, Batch):
                market.apply(each)
        return market


def quality(market: Market, channel: str = "ticker") -> str:
    [state] = {each.state for each in market.everything()["bybit"].qualities if each.channel == channel}
    return state


def price(market: Market) -> float | None:
    [ticker] = market.tickers()
    return ticker.price


def trades(market: Market) -> list[str]:
    return [each.trade_id for each in market.everything()["bybit"].trades["linear", "BTCUSDT"]]


def test_one_node_is_told_as_it_speaks() -> None:
    log = Log()
    log.say("a", opening(), data(1))
    log.say("a", data(2), at=0.2)
    market = log.market()
    assert (price(market), quality(market), trades(market)) == (2.0, "live", ["t1", "t2"])


def test_of_two_the_better_placed_is_told_and_the_other_stands_by() -> None:
    log = Log()
    log.say(SECOND, opening(), data(1))
    log.say(FIRST, opening(), data(5))
    log.say(SECOND, data(2))
    market = log.market()
    assert price(market) == 5.0
    log.say(FIRST, Batch(source(), [FeedDown("the exchange closed it", BEGAN_NS)]))
    market = log.market()
    assert (price(market), quality(market), quality(market, "book")) == (2.0, "live", "live")
    assert set(trades(market)) == {"t1", "t5", "t2"}


def test_who_stands_by_takes_over_without_a_moments_doubt() -> None:
    log = Log()
    log.say(FIRST, opening(), data(1))
    log.say(SECOND, opening(), data(1), data(2))
    log.say(SECOND, Missing(FIRST, "1"), at=3)
    market = Market(Patience())
    for each in log.read():
        if isinstance(each, Batch):
            market.apply(each)
            if any(isinstance(event, FeedDown) for event in each.events):
                assert quality(market) == "live"
    assert (price(market), quality(market), trades(market)) == (2.0, "live", ["t1", "t2"])
    assert not [hole for hole in market.everything()["bybit"].holes if not hole.healed]


def test_without_anybody_else_everything_is_stale_until_somebody_takes_over() -> None:
    log = Log()
    log.say("a", opening(), data(1))
    log.say("b", at=1)
    log.say("b", Missing("a", "1"), at=4)
    assert quality(log.market()) == "stale"
    log.say("b", opening(), data(8), at=5)
    market = log.market()
    assert (price(market), quality(market), quality(market, "book")) == (8.0, "live", "live")
    [stream] = [each for each in market.everything()["bybit"].qualities if each.channel == "quote"]
    assert stream.state == "live"  # there is no second, stale one beside it


def test_a_word_about_an_earlier_run_concerns_nobody() -> None:
    log = Log()
    log.say("a", opening(), data(1))
    log.say("a", opening(), data(2), run="2")
    log.say("b", Missing("a", "1"))
    assert (price(log.market()), quality(log.market())) == (2.0, "live")


def test_a_lost_message_makes_a_node_unknown_until_it_says_all_again() -> None:
    log, memory = Log(), Memory()
    for batch in (opening(), data(1), data(2), data(3)):
        memory.note(batch)
    log.say("a", opening(), data(1))
    log.say("a", data(3), lose=1)
    assert quality(log.market()) == "stale"
    log.say("a", Restated(0, 1, list(memory.whole())))
    market = log.market()
    assert (price(market), quality(market)) == (3.0, "live")
    [book] = market.everything()["bybit"].books.values()
    assert book.bids == [(1.0, 3.0)]


def test_what_comes_twice_is_told_once() -> None:
    log = Log()
    log.say("a", opening(), data(1))
    log.dispatches.append(log.dispatches[0])
    log.say("a", data(2))
    assert trades(log.market()) == ["t1", "t2"]


def test_who_was_cut_off_tells_late_trades_and_no_late_prices() -> None:
    log = Log()
    log.say(FIRST, opening(), data(1))
    log.say(SECOND, Missing(FIRST, "1"), at=4)
    log.say(SECOND, opening(), data(40), at=5)
    log.say(SECOND, data(90), at=9)
    log.say(FIRST, data(20), at=2)
    log.say(FIRST, data(30), at=3)
    market = log.market()
    assert price(market) == 90.0 and {"t20", "t30"} <= set(trades(market))
    log.say(FIRST, data(91), at=9.1)
    assert price(log.market()) == 91.0


def test_a_share_that_is_released_goes_over() -> None:
    log = Log()
    log.say(FIRST, opening(), data(1))
    log.say(SECOND, opening(), data(2))
    log.say(FIRST, Released("bybit", "linear", ["BTCUSDT"]))
    market = log.market()
    assert (price(market), quality(market)) == (2.0, "live")


def test_what_was_traded_before_the_heir_heard_of_trades_is_told_by_who_heard_it() -> None:
    log = Log()
    log.say(SECOND, opening(), data(1))
    others: list[Event] = [each for each in data(3).events if not isinstance(each, Trade)]
    log.say(FIRST, opening(), Batch(source(), others))  # it is complete, and has not been told any trade
    log.say(SECOND, data(4))
    for number in (5, 6):
        log.say(FIRST, data(number))
        log.say(SECOND, data(number))
    log.say(SECOND, data(7))
    told = log.market().everything()["bybit"].trades["linear", "BTCUSDT"]
    assert [(each.trade_id, each.backfill) for each in told] == [
        ("t1", False),
        ("t4", True),
        ("t5", False),
        ("t6", False),
    ]


def test_what_the_heir_does_not_follow_is_followed_no_more() -> None:
    log = Log()
    log.say("a", opening(), data(1))
    log.say("b", Missing("a", "1"), at=4)
    log.say(
        "b", Batch(source(), [Following("BTCUSDT", ("ticker",), ("ticker",), BEGAN_NS), FeedUp(BEGAN_NS)])
    )
    channels = {each.channel for each in log.market().everything()["bybit"].qualities}
    assert channels == {"ticker", "book"}  # a book may come as soon as its readers are known


def test_marks_come_at_the_same_places_for_everybody() -> None:
    log = Log()
    for number in range(400):
        log.say(("a", "b")[number % 2], data(number) if number > 1 else opening(), at=number * 0.013)
    marks = [[each for each in log.read(start) if isinstance(each, Mark)] for start in (0, 100, 101)]
    numbers = {mark.number: (mark.now_ns, mark.beat) for mark in marks[0]}
    for late in marks[1:]:
        assert late and all(numbers[mark.number] == (mark.now_ns, mark.beat) for mark in late)
    assert sum(mark.beat for mark in marks[0]) == 25  # one each 0.2 s
    assert not any(mark.is_sure for mark in marks[1])  # nobody has said everything again
    assert marks[0][-1].is_sure and not marks[0][0].is_sure


SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT"])
VALUES = st.dictionaries(st.sampled_from(["price", "mark_price", "volume_24h"]), st.floats(1, 9), min_size=1)
LEVELS = st.lists(st.tuples(st.integers(1, 9).map(float), st.integers(0, 5).map(float)), max_size=4)
SIZES = st.integers(1, 5).map(float)
WHOLE = st.dictionaries(st.integers(1, 9).map(float), SIZES, max_size=4).map(lambda sides: [*sides.items()])
WORDS = st.one_of(
    st.builds(lambda s, v: TickerUpdate(s, v, None, 0), SYMBOLS, VALUES),
    st.builds(lambda s, b: Quote(s, b, 1.0, 10.0, 1.0, None, 0), SYMBOLS, st.floats(1, 9)),
    st.builds(lambda s, bids, asks: BookSnapshot(s, bids, asks, 50, 1, None, 0), SYMBOLS, WHOLE, WHOLE),
    st.builds(lambda s, bids, asks: BookDelta(s, bids, asks, 1, None, 0), SYMBOLS, LEVELS, LEVELS),
    st.builds(lambda s, c: Silent(s, f"{c}.{s}", c, "quiet", 0), SYMBOLS, st.sampled_from(CHANNELS)),
    st.builds(lambda s, c: Heard(s, f"{c}.{s}", c, 0), SYMBOLS, st.sampled_from(CHANNELS)),
    st.builds(lambda s: Gap(s, "book", "sequence", "a hole", 0), SYMBOLS),
    st.builds(lambda s: Unfollowed(s, "book"), SYMBOLS),
    st.builds(lambda s: Following(s, ("book",), ("book",), 0), SYMBOLS),
    st.builds(lambda s: FeedDown("gone", 0), SYMBOLS),
)
PRICE = TickerUpdate("BTCUSDT", {"price": 1.0}, None, 0)
CHANGE = BookDelta("BTCUSDT", [(1.0, 1.0)], [], 1, None, 0)


@settings(max_examples=cases(30, 3000))
@given(st.lists(WORDS, max_size=30), st.integers(0, 30))
@example([PRICE, BookSnapshot("BTCUSDT", [], [], 50, 1, None, 0), FeedDown("gone", 0), PRICE, CHANGE], 5)
def test_a_memory_says_what_was_said(words: list[Event], cut: int) -> None:
    """Who hears everything sees the same as who hears a memory and the rest."""
    log, memory = Log(), Memory()
    batches, life = [opening(1, ("BTCUSDT", "ETHUSDT"))], 1
    for word in words:
        joins = [FeedUp(0)] if isinstance(word, Following) else []  # what joins an open connection can come
        batches.append(Batch(source(life), [word, *joins]))
        if isinstance(word, FeedDown):
            life += 1
            batches.append(opening(life, ("BTCUSDT", "ETHUSDT")))
    for number, batch in enumerate(batches):
        if number == min(cut, len(batches) - 1):
            start = len(log.dispatches)
            log.say("a")
            log.say("a", Restated(0, 1, list(memory.whole())))
        memory.note(batch)
        log.say("a", batch)
    assert seen(log.market(start)) == seen(log.market())


def seen(market: Market) -> object:
    """What readers see: fields, books and states of what has any data since its last life began."""
    changes = market.everything().get("bybit")
    if changes is None:
        return None
    states = {(each.symbol, each.channel): each.state for each in changes.qualities}
    usable = {key for key, state in states.items() if state not in ("stale", "connecting", "gapped")}
    return (
        {key: states[key] for key in usable},
        {
            each.symbol: (each.price, each.mark_price, each.volume_24h, each.bid)
            for each in changes.tickers
            if each.quality == "live"
        },
        {
            pair: (sorted(view.bids), sorted(view.asks))
            for pair, view in changes.books.items()
            if (pair[1], "book") in usable and view.quality == "live"
        },
    )
