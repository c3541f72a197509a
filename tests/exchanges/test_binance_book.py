"""Binance's two ways to a book, in plain examples: what joins, what breaks, what is ordered when."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from actors.exchanges._binance_known import LEVELS_MAX, KnownBook
from actors.exchanges._binance_rest import Depth
from actors.exchanges.base import Fetch
from actors.exchanges.binance import Codec
from actors.market.events import BookDelta, BookSnapshot, Gap, Page
from actors.runtime.errors import DecodeError
from tests.exchanges.binance_frames import MS, NOW, SECOND, fetches, snapshot, update

BIDS, ASKS = [(10.0, 1.0), (9.0, 2.0)], [(11.0, 1.0), (12.0, 2.0)]
FETCH = Fetch(
    "book", "/api/v3/depth?symbol=BTCUSDT&limit=500", "BTCUSDT", weight=25.0, urgent=True, retry_s=1.0
)
MEND = replace(FETCH, mends=True)


def spot() -> Codec:
    """A whole book of spot: `L` is 100, the last update was 101 to 105."""
    codec = Codec("spot")
    assert codec.receive(update(101, 105, asks=[(11.5, 3.0)]), NOW) == [FETCH]
    assert [type(one) for one in codec.receive_fetched(FETCH, snapshot(100, BIDS, ASKS), NOW)] == [
        BookSnapshot
    ]
    return codec


# --- Joining ---


def test_the_first_update_orders_the_snapshot_and_both_make_the_book() -> None:
    codec = Codec("spot")
    assert codec.receive(update(101, 105, asks=[(11.0, 0.0), (11.5, 3.0)]), NOW) == [FETCH]
    assert codec.receive(update(106, 107, bids=[(10.5, 4.0)]), NOW) == []
    told = codec.receive_fetched(FETCH, snapshot(103, BIDS, ASKS), NOW + 5)
    bids, asks = [(10.5, 4.0), *BIDS], [(11.5, 3.0), (12.0, 2.0)]
    assert told == [BookSnapshot("BTCUSDT", bids, asks, 200, 107, MS * 10**6, NOW + 5)]
    page = Page([10.0, 10.5], {10.0: 1.0, 10.5: 4.0}, [11.5, 12.0], dict(asks))
    assert codec.receive(update(108, 108, bids=[(9.0, 0.0)]), NOW + 6) == [
        BookDelta("BTCUSDT", [(9.0, 0.0)], [], 108, MS * 10**6, NOW + 6, page)
    ]
    assert codec.heard == {"btcusdt@depth@100ms": NOW + 6}


def test_the_snapshot_of_futures_weighs_less_and_comes_from_another_path() -> None:
    [fetch] = fetches(Codec("linear").receive(update(101, 105, 99), NOW))
    assert (fetch.path, fetch.weight) == ("/fapi/v1/depth?symbol=BTCUSDT&limit=500", 10.0)


@pytest.mark.parametrize(
    ("snapshot_id", "joins"),
    [
        (99, False),  # update 100 is missing
        (100, True),  # U == L + 1
        (103, True),
        (105, True),  # u == L: nothing to apply, nothing missing
        (106, False),  # newer than all that came
    ],
)
def test_where_spot_joins(snapshot_id: int, joins: bool) -> None:
    codec = Codec("spot")
    codec.receive(update(101, 105), NOW)
    assert bool(codec.receive_fetched(FETCH, snapshot(snapshot_id, BIDS, ASKS), NOW)) is joins


@pytest.mark.parametrize(
    ("snapshot_id", "joins"),
    [
        (97, False),  # the updates until 98 are missing
        (98, True),  # pu == L: nothing happened in between
        (100, True),
        (101, True),  # U == L
        (105, True),  # u == L: it is not dropped, for u < L does not hold
        (106, False),  # newer than all that came
    ],
)
def test_where_futures_join(snapshot_id: int, joins: bool) -> None:
    codec = Codec("linear")
    [fetch] = fetches(codec.receive(update(101, 105, 98), NOW))
    assert bool(codec.receive_fetched(fetch, snapshot(snapshot_id, BIDS, ASKS), NOW)) is joins


@pytest.mark.parametrize("market", Codec.markets)
def test_a_snapshot_that_is_newer_than_all_updates_waits_for_the_one_that_meets_it(market: str) -> None:
    codec = Codec(market)
    previous = 98 if market == "linear" else None
    [fetch] = fetches(codec.receive(update(101, 105, previous), NOW))
    assert codec.receive_fetched(fetch, snapshot(112, BIDS, ASKS), NOW) == []
    assert codec.receive(update(106, 108, previous and 105), NOW) == []
    [book] = codec.receive(update(109, 115, previous and 108, bids=[(10.5, 1.0)]), NOW + 1)
    assert isinstance(book, BookSnapshot)
    assert (book.bids[0], book.update_id) == ((10.5, 1.0), 115)


def test_a_snapshot_that_no_update_ever_meets_is_given_up() -> None:
    codec = Codec("spot")
    codec.receive(update(101, 105), NOW)
    assert codec.receive_fetched(FETCH, snapshot(10**15, BIDS, ASKS), NOW) == []
    assert codec.receive(update(106, 108), NOW + SECOND) == []
    assert codec.receive(update(109, 110), NOW + 11 * SECOND) == [FETCH]


def test_a_snapshot_that_is_older_than_the_updates_is_ordered_again_after_growing_pauses() -> None:
    codec, ordered = Codec("spot"), []
    for second in range(200):
        told = codec.receive(update(101 + second, 101 + second), NOW + second * SECOND)
        ordered += [second] * len(told)
        if told:
            assert codec.receive_fetched(FETCH, snapshot(99, BIDS, ASKS), NOW + second * SECOND) == []
    assert ordered == [0, 1, 3, 7, 15, 31, 63, 123, 183]


def test_an_order_that_nobody_answers_is_given_again_after_a_minute() -> None:
    codec = Codec("spot")
    told = [codec.receive(update(n, n), NOW + n * SECOND) for n in range(100)]
    assert [n for n, one in enumerate(told) if one] == [0, 60]


def test_a_hole_before_the_snapshot_is_no_gap_but_makes_an_older_snapshot_useless() -> None:
    codec = Codec("spot")
    codec.receive(update(101, 105), NOW)
    assert codec.receive(update(110, 112), NOW) == []
    assert codec.receive_fetched(FETCH, snapshot(103, BIDS, ASKS), NOW) == []
    assert codec.receive(update(113, 113), NOW + SECOND) == [FETCH]
    assert len(codec.receive_fetched(FETCH, snapshot(113, BIDS, ASKS), NOW + SECOND)) == 1


def test_an_answer_that_nobody_asked_for_means_nothing() -> None:
    assert Codec("spot").receive_fetched(FETCH, snapshot(100, BIDS, ASKS), NOW) == []
    codec = spot()
    assert codec.receive_fetched(FETCH, snapshot(200, BIDS, ASKS), NOW) == []


def test_a_crossed_snapshot_is_no_book() -> None:
    codec = Codec("spot")
    codec.receive(update(101, 105), NOW)
    assert codec.receive_fetched(FETCH, snapshot(105, [(12.0, 1.0)], ASKS), NOW) == []
    assert codec.receive(update(106, 106), NOW + SECOND) == [FETCH]


def test_a_one_sided_book_is_a_book() -> None:
    codec = Codec("spot")
    codec.receive(update(101, 105), NOW)
    [book] = codec.receive_fetched(FETCH, snapshot(105, [], ASKS), NOW)
    assert isinstance(book, BookSnapshot)
    assert (book.bids, book.asks) == ([], ASKS)


# --- Following ---


def test_spot_updates_follow_without_a_hole() -> None:
    codec = spot()
    assert [type(one) for one in codec.receive(update(104, 107), NOW)] == [BookDelta], "they may overlap"
    gap, fetch = codec.receive(update(109, 110), NOW + 60 * SECOND)
    assert gap == Gap("BTCUSDT", "book", "sequence", "update 109 came after 107", NOW + 60 * SECOND, 1)
    assert fetch == MEND
    assert codec.receive(update(111, 111), NOW + 61 * SECOND) == [], "nothing until it is whole"
    [book] = codec.receive_fetched(FETCH, snapshot(110, BIDS, ASKS), NOW + 61 * SECOND)
    assert isinstance(book, BookSnapshot)


def test_futures_updates_name_the_one_before() -> None:
    codec = Codec("linear")
    [fetch] = fetches(codec.receive(update(101, 105, 98), NOW))
    codec.receive_fetched(fetch, snapshot(103, BIDS, ASKS), NOW)
    assert [type(one) for one in codec.receive(update(150, 160, 105), NOW)] == [BookDelta]
    gap, *_ = codec.receive(update(161, 170, 159), NOW)
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.reason, gap.missed) == (
        "sequence",
        "an update that follows 159 came after 160",
        None,
    )


def test_repeated_updates_are_passed_over_unless_there_is_no_end_of_them() -> None:
    codec = spot()
    for _ in range(20):
        assert codec.receive(update(101, 105), NOW) == []
    assert [type(one) for one in codec.receive(update(106, 106), NOW)] == [BookDelta]
    causes = [codec.receive(update(n, n), NOW + 60 * SECOND) for n in range(1, 22)]
    assert causes[:20] == [[]] * 20
    assert isinstance(causes[20][0], Gap), "the exchange counts anew"


def test_a_crossed_book_is_told_and_mended() -> None:
    codec = spot()
    gap, fetch = codec.receive(update(106, 106, bids=[(11.0, 1.0)]), NOW + SECOND)
    assert gap == Gap("BTCUSDT", "book", "crossed", "the bid 11.0 meets the ask 11.0", NOW + SECOND, None)
    assert fetch == MEND
    [book] = codec.receive_fetched(FETCH, snapshot(106, BIDS, ASKS), NOW + SECOND)
    assert isinstance(book, BookSnapshot)


@pytest.mark.parametrize("frame", [update(105, 101, 98), update(101, 105), update(101, -1, 98)])
def test_an_update_without_its_numbers_is_refused(frame: bytes) -> None:
    codec = Codec("linear")
    with pytest.raises(DecodeError):
        codec.receive(frame, NOW)
    assert codec.heard == {}


def test_the_best_levels_and_coin_m_look_the_same_and_are_something_else() -> None:
    codec = Codec("linear")
    best = update(101, 105, 98, BIDS, ASKS).replace(b"@depth@100ms", b"@depth20@100ms")
    assert codec.receive(best, NOW) == []
    assert codec.receive(update(101, 105, 98, st=2), NOW) == []
    assert codec.heard == {}


# --- How far it is known ---


def ladder(count: int, best_bid: int = 10_000) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    bids = [(float(best_bid - n), 1.0) for n in range(count)]
    return bids, [(float(best_bid + 1 + n), 1.0) for n in range(count)]


def deep(best_bid: int = 10_000) -> Codec:
    codec = Codec("spot")
    codec.receive(update(100, 100), NOW)
    assert codec.receive_fetched(FETCH, snapshot(100, *ladder(500, best_bid)), NOW)
    return codec


def test_levels_beyond_the_snapshot_are_not_known() -> None:
    codec = deep()
    [delta] = codec.receive(
        update(101, 101, bids=[(9501.0, 2.0), (9500.0, 2.0)], asks=[(10_501.0, 9.0)]), NOW
    )
    assert isinstance(delta, BookDelta)
    assert (delta.bids, delta.asks) == ([(9501.0, 2.0)], [])


def test_a_side_that_is_known_to_its_end_has_no_horizon() -> None:
    codec = spot()
    [delta] = codec.receive(update(106, 106, bids=[(0.5, 2.0)], asks=[(900.0, 9.0)]), NOW)
    assert isinstance(delta, BookDelta)
    assert (delta.bids, delta.asks) == ([(0.5, 2.0)], [(900.0, 9.0)])


def rise(codec: Codec, first: int, levels: int, ts_recv: int) -> list[object]:
    """The price takes the best `levels` asks."""
    best = 10_001 + sum(1 for _ in range(first - 101)) * 40
    gone = [(float(best + n), 0.0) for n in range(levels)]
    return list(codec.receive(update(first, first, asks=gone), ts_recv))


def test_a_price_that_moves_far_gets_its_next_snapshot_without_a_gap() -> None:
    codec = deep()
    told = [rise(codec, 101 + n, 40, NOW + (20 + n) * SECOND) for n in range(4)]
    assert [len(one) for one in told] == [1, 1, 1, 2], "350 of 500 levels are the limit"
    assert told[3][1] == FETCH, "what is whole is no resync"
    assert [type(one) for one in codec.receive(update(105, 105, bids=[(10_100.0, 1.0)]), NOW)] == [BookDelta]
    bids, asks = ladder(500, 10_160)
    [book] = codec.receive_fetched(FETCH, snapshot(104, bids, asks), NOW + 24 * SECOND)
    assert isinstance(book, BookSnapshot)
    assert (len(book.bids), len(book.asks), book.update_id) == (500, 500, 105)
    assert [type(one) for one in codec.receive(update(106, 106), NOW + 25 * SECOND)] == [BookDelta]


def test_a_book_that_is_used_up_before_the_snapshot_comes_is_told() -> None:
    codec = deep()
    told = [rise(codec, 101 + n, 40, NOW + (20 + n) * SECOND) for n in range(8)]
    gaps = [one for each in told for one in each if isinstance(one, Gap)]
    assert [(gap.cause, gap.reason) for gap in gaps] == [
        ("depth", "180 levels are left of the last snapshot's 500")
    ]
    [book] = codec.receive_fetched(FETCH, snapshot(108, *ladder(500, 10_320)), NOW + 28 * SECOND)
    assert isinstance(book, BookSnapshot), "what was buffered since the order still leads to it"


def test_a_hole_while_the_next_snapshot_is_awaited_makes_an_older_one_useless() -> None:
    codec = deep()
    for n in range(4):
        rise(codec, 101 + n, 40, NOW + (20 + n) * SECOND)
    [gap] = codec.receive(update(106, 106), NOW + 24 * SECOND)
    assert isinstance(gap, Gap)
    assert codec.receive_fetched(FETCH, snapshot(104, *ladder(500, 10_160)), NOW + 24 * SECOND) == []
    assert codec.receive(update(107, 107), NOW + 26 * SECOND) == [MEND]


def test_a_side_that_grows_for_ever_is_cut_and_what_is_cut_is_told_as_deleted() -> None:
    bids, asks = ladder(500)
    known = KnownBook(Depth(1, bids, asks[:10]))
    more = [(10_000.0 + n, 1.0) for n in range(1, LEVELS_MAX)]
    told, _ = known.update(more, [])
    assert len(known.book.bids) == 500
    assert known.floor == 10_000.0 + LEVELS_MAX - 500
    assert [price for price, size in told if size == 0.0] == sorted(
        price for price, _ in [*bids, *more] if price < known.floor
    )
    assert known.update([(known.floor - 1, 5.0)], []) == ([], [])


# --- Coming and going ---


def test_a_book_that_is_left_and_wanted_again_begins_anew() -> None:
    codec = spot()
    topic = codec.book("BTCUSDT", 50)
    codec.unsubscribe([topic], 1)
    assert codec.receive(update(106, 106), NOW) == [], "it was under way"
    assert codec.receive_fetched(FETCH, snapshot(106, BIDS, ASKS), NOW) == []
    codec.subscribe([topic], 2)
    assert codec.receive(update(120, 121), NOW) == [FETCH]
    assert len(codec.receive_fetched(FETCH, snapshot(121, BIDS, ASKS), NOW)) == 1
