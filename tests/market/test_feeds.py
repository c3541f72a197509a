"""What is known about feeds: which state wins, what is counted, and whose words are shown."""

from __future__ import annotations

import pytest

from actors.market.feeds import Board, FeedState, FeedStatus, MarketStatus


def market(*states: FeedState) -> MarketStatus:
    status = MarketStatus("x", "linear")
    for number, state in enumerate(states):
        name = f"stream-{number}"
        status.feeds[name] = FeedStatus("x", "linear", name, state=state)
    return status


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["live", "live"], "live"),
        (["live", "syncing"], "syncing"),
        (["syncing", "stale"], "stale"),
        (["stale", "connecting"], "connecting"),
        (["connecting", "disconnected", "live"], "disconnected"),
        (["stopped", "live"], "live"),
        ([], "connecting"),
    ],
)
def test_a_market_is_as_well_as_its_worst_connection(states: list[FeedState], state: FeedState) -> None:
    assert market(*states).report().state == state


def test_a_market_that_was_stopped_is_stopped() -> None:
    status = market("live")
    status.running = False
    assert status.report().state == "stopped"


def test_a_market_without_a_listing_and_feeds_is_disconnected() -> None:
    status = market()
    status.listing_error, status.listing_next_ts = "no route", 7
    report = status.report()
    assert (report.state, report.last_error, report.next_attempt_ts) == ("disconnected", "no route", 7)


def test_a_symbol_produces_when_every_connection_that_carries_it_does() -> None:
    status = market("live", "live")
    first, second = status.feeds.values()
    first.symbols, first.producing = ("A", "B"), {"A", "B"}
    second.symbols, second.producing = ("A", "B"), {"A"}
    assert status.report().producing == 1
    second.producing = {"A", "B", "GONE"}
    assert status.report().producing == 2


def test_a_report_gathers_its_connections() -> None:
    status = market("live", "stale")
    first, second = status.feeds.values()
    status.symbols, status.refused = ("A", "B", "C"), {"C": "unknown"}
    first.refused, first.messages_per_s, first.last_data_ts, first.reconnects = {"A": "no"}, 1.04, 5, 1
    second.stale, second.mute, second.messages_per_s, second.reconnects = {"B"}, ("t.B",), 2.0, 2
    second.last_error, second.next_attempt_ts, first.next_attempt_ts = "closed", 9, 8
    report = status.report()
    assert report.refused == {"A": "no", "C": "unknown"}
    assert (report.stale, report.mute) == (("B",), ("t.B",))
    assert (report.messages_per_s, report.last_data_ts, report.reconnects) == (3.0, 5, 3)
    assert (report.last_error, report.next_attempt_ts) == ("closed", 8)


def test_a_report_sums_what_is_counted() -> None:
    status = market("live", "live")
    status.offers = ("ticker", "book")
    first, second = status.feeds.values()
    first.decode_errors, second.decode_errors = 2, 3
    first.resyncs, second.resyncs = 1, 0
    first.books, second.books = ("B", "A"), ("A",)
    first.failed("closed", 9, cause="closed")
    first.failed("closed", 9, cause="closed")
    second.failed("no data", 9, cause="stall")
    second.reconnects_by_cause["planned"] += 1
    report = status.report()
    assert (report.decode_errors, report.resyncs, report.reconnects) == (5, 1, 3)
    assert report.reconnects_by_cause == {"closed": 2, "stall": 1, "planned": 1}
    assert (report.books, report.offers) == (("A", "B"), ("ticker", "book"))


def test_a_life_goes_from_connecting_to_failed_and_back() -> None:
    feed = FeedStatus("x", "linear", "stream-0", ("A", "B"), mute=("t.B",))
    feed.began()
    feed.producing, feed.messages_per_s = {"A"}, 3.0
    feed.failed("closed", 9)
    assert (feed.state, feed.stale, feed.producing) == ("disconnected", {"A", "B"}, set())
    assert (feed.last_error, feed.next_attempt_ts, feed.reconnects) == ("closed", 9, 1)
    assert feed.messages_per_s == 0
    feed.began()
    assert (feed.state, feed.life) == ("connecting", 2)
    assert feed.stale == set() and feed.mute == ()
    assert (feed.last_error, feed.next_attempt_ts) == ("closed", None)
    feed.stopped()
    assert (feed.state, feed.stale, feed.next_attempt_ts) == ("stopped", {"A", "B"}, None)


def test_the_board_finds_feeds_by_their_name() -> None:
    board = Board()
    status = board.market("x", "linear")
    feed = status.feeds["market-0"] = FeedStatus("x", "linear", "market-0")
    assert board.market("x", "linear") is status
    assert board.feed(feed.name) is feed
    assert board.feed("x:linear:market-1") is None and board.feed("y:spot:market-0") is None
    board.market("x", "spot")
    assert [report.market for report in board.reports()] == ["linear", "spot"]
