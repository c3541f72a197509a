"""What a connection should carry, and that its life tells each change of it once."""

from __future__ import annotations

from actors.exchanges.base import Topic
from actors.feed.wishes import Roster, base_channels, differences, topics_of
from actors.market.events import Denied, Event, Following, Heard, Silent, Unfollowed
from tests.feed.made_up import MadeUpCodec

ALL = ("ticker", "quote", "trades", "book", "liquidations", "candles")
NOW = 7


def test_trades_take_the_place_of_the_exchanges_own_candles() -> None:
    base = ("ticker", "quote")
    assert base_channels(ALL, trades=True, liquidations=True) == (*base, "trades", "liquidations")
    assert base_channels(ALL, trades=False, liquidations=False) == (*base, "candles")


def test_what_the_exchange_does_not_offer_is_not_wanted() -> None:
    assert base_channels(("trades", "ticker"), trades=True, liquidations=True) == ("ticker", "trades")
    assert base_channels(("ticker",), trades=False, liquidations=True) == ("ticker",)


def names(route: str, books: dict[str, int]) -> list[str]:
    topics = topics_of(MadeUpCodec(routed=True), route, ("ticker", "trades"), ["A", "B"], books)
    return [topic.name for topic in topics]


def test_a_connection_carries_what_belongs_to_its_route_and_the_books_of_its_symbols() -> None:
    assert names("", {"B": 50, "C": 50}) == ["ticker.A", "ticker.B", "book50.B"]
    assert names("tape", {"B": 50}) == ["trades.A", "trades.B"]


def topic(channel: str, symbol: str = "A", name: str = "", *, steady: bool = True) -> Topic:
    return Topic(name or f"{channel}.{symbol}", symbol, channel, steady=steady)


def told(roster: Roster, *topics: Topic, symbols: str = "AB") -> list[Event]:
    return roster.update(topics, symbols, NOW)


def test_what_is_followed_is_told_once_by_symbol() -> None:
    roster = Roster()
    wanted = topic("ticker"), topic("trades", steady=False), topic("ticker", "B")
    assert told(roster, *wanted) == [
        Following("A", ("ticker", "trades"), ("ticker",), NOW),
        Following("B", ("ticker",), ("ticker",), NOW),
    ]
    assert told(roster, *wanted) == []


def test_a_book_comes_deepens_and_goes() -> None:
    roster, ticker = Roster(), topic("ticker")
    told(roster, ticker)
    assert told(roster, ticker, topic("book", name="book50.A")) == [Following("A", ("book",), ("book",), NOW)]
    assert told(roster, ticker, topic("book", name="book200.A")) == [
        Following("A", ("book",), ("book",), NOW)
    ]
    assert told(roster, ticker) == [Unfollowed("A", "book")]


def test_a_new_life_tells_everything_anew_and_what_it_follows_no_longer() -> None:
    """The last reader of a book may leave while there is no connection."""
    roster, ticker = Roster(), topic("ticker")
    told(roster, ticker, topic("book"))
    roster.begin()
    assert told(roster, ticker) == [Unfollowed("A", "book"), Following("A", ("ticker",), ("ticker",), NOW)]
    roster.begin()
    assert told(roster, ticker) == [Following("A", ("ticker",), ("ticker",), NOW)]


def test_a_symbol_that_is_gone_is_taken_away_by_others() -> None:
    roster = Roster()
    told(roster, topic("ticker"), topic("ticker", "B"))
    assert told(roster, topic("ticker", "B"), symbols="B") == []
    assert told(roster, topic("ticker"), topic("ticker", "B")) == [
        Following("A", ("ticker",), ("ticker",), NOW)
    ]


def test_at_a_take_over_only_what_differs_is_told() -> None:
    one, two, three, four, five = (topic("ticker", symbol) for symbol in "ABCDE")
    before = {
        one: ("carried", ""), two: ("silent", ""), three: ("carried", ""), four: ("carried", ""),
    }  # fmt: skip
    now = {
        one: ("carried", ""), two: ("carried", ""), three: ("refused", "no such"), four: ("waiting", ""),
        five: ("silent", ""),
    }  # fmt: skip
    events = differences(before, now, NOW)  # type: ignore[arg-type]
    words = "its connection was replaced, and the next one has not heard it yet"
    assert events == [
        Heard("B", "ticker.B", "ticker", NOW),
        Denied("C", "ticker", "no such", NOW),
        Silent("D", "ticker.D", "ticker", words, NOW),
        Silent("E", "ticker.E", "ticker", words, NOW),
    ]
