"""Which symbols travel on which connection, and that they stay there."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from actors.exchanges.base import Limits, Topic
from actors.feed.plan import Plan, route_of

ROUTED = {"market": 2, "public": 1}


def one(symbol: str) -> Sequence[Topic]:
    return [Topic(f"tickers.{symbol}", symbol, "ticker")]


def routed(symbol: str) -> Sequence[Topic]:
    return [
        Topic(f"{symbol}@{route}{number}", symbol, "ticker", route)
        for route, count in ROUTED.items()
        for number in range(count)
    ]


def limits(count: int | None = None, chars: int | None = None, per_market: int | None = None) -> Limits:
    return Limits(
        topics_per_request=10,
        requests_per_s=10,
        topics_per_connection=count,
        topic_chars_per_connection=chars,
        topics_per_market=per_market,
    )


def arranged(plan: Plan, symbols: str) -> dict[str, str]:
    plan.arrange(symbols)
    return {name: "".join(carried) for name, carried in plan.connections().items()}


def test_without_limits_one_connection_carries_all() -> None:
    assert arranged(Plan(one, limits()), "abcabc") == {"stream-0": "abc"}


def test_connections_are_filled_by_count() -> None:
    assert arranged(Plan(one, limits(count=2)), "abcde") == {
        "stream-0": "ab",
        "stream-1": "cd",
        "stream-2": "e",
    }


def test_connections_are_filled_by_characters_quotes_and_comma_included() -> None:
    room = 2 * len('"tickers.a",')
    assert arranged(Plan(one, limits(chars=room)), "abc") == {"stream-0": "ab", "stream-1": "c"}
    assert arranged(Plan(one, limits(chars=room - 1)), "ab") == {"stream-0": "a", "stream-1": "b"}


def test_each_route_has_its_own_connections() -> None:
    plan = Plan(routed, limits(count=4))
    assert arranged(plan, "abc") == {"market-0": "ab", "market-1": "c", "public-0": "abc"}
    assert [route_of(name) for name in plan.connections()] == ["market", "public", "market"]
    assert route_of("stream-3") == ""


def test_the_most_important_are_followed_where_a_market_has_a_limit() -> None:
    plan = Plan(one, limits(per_market=2))
    assert arranged(plan, "abcd") == {"stream-0": "ab"}
    assert [(each.symbol, each.reason) for each in plan.overflow] == [
        ("c", "over the exchange's limit of 2 subscriptions"),
        ("d", "over the exchange's limit of 2 subscriptions"),
    ]
    assert arranged(plan, "bcd") == {"stream-0": "bc"}
    assert [each.symbol for each in plan.overflow] == ["d"]


def test_who_stays_stays_where_it_is() -> None:
    plan = Plan(one, limits(count=2))
    plan.arrange("abcd")
    assert arranged(plan, "xbcd") == {"stream-0": "bx", "stream-1": "cd"}
    assert arranged(plan, "d") == {"stream-1": "d"}
    assert arranged(plan, "dyz") == {"stream-1": "dy", "stream-0": "z"}


def book(symbol: str) -> Topic:
    return Topic(f"book.{symbol}", symbol, "book")


def test_room_is_kept_for_a_book_beside_every_symbol() -> None:
    assert arranged(Plan(one, limits(count=4), book, 10), "abcde") == {
        "stream-0": "ab",
        "stream-1": "cd",
        "stream-2": "e",
    }


def test_room_is_kept_for_books_on_their_own_route() -> None:
    def far_book(symbol: str) -> Topic:
        return Topic(f"book.{symbol}", symbol, "book", "deep")

    assert arranged(Plan(one, limits(count=2), far_book, 10), "abc") == {
        "stream-0": "ab",
        "stream-1": "c",
        "deep-0": "ab",
        "deep-1": "c",
    }


def test_of_a_markets_limit_as_much_is_kept_as_there_may_be_books() -> None:
    plan = Plan(one, limits(per_market=6), book, 2)
    assert arranged(plan, "abcdefgh") == {"stream-0": "abcd"}
    assert [each.symbol for each in plan.overflow] == list("efgh")
    assert arranged(Plan(one, limits(per_market=6), book, 100), "abc") == {"stream-0": "abc"}


def test_nothing_wanted_needs_no_connection() -> None:
    plan = Plan(one, limits())
    plan.arrange("ab")
    assert arranged(plan, "") == {}


@given(st.lists(st.sets(st.sampled_from("abcdefghij")), min_size=1, max_size=8), st.integers(2, 6))
def test_whatever_comes_and_goes_nobody_moves_and_no_limit_breaks(wishes: list[set[str]], count: int) -> None:
    plan = Plan(routed, limits(count=count))
    homes: dict[tuple[str, str], str] = {}
    for wanted in wishes:
        plan.arrange(sorted(wanted))
        connections = plan.connections()
        now = {(route_of(name), symbol): name for name, carried in connections.items() for symbol in carried}
        assert set(now) == {(route, symbol) for route in ROUTED for symbol in wanted}
        assert all(homes[place] == name for place, name in now.items() if place in homes)
        assert all(len(carried) * ROUTED[route_of(name)] <= count for name, carried in connections.items())
        assert sum(len(carried) for carried in connections.values()) == len(now)
        homes = now
