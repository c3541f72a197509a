"""Books: a side stays sorted, a page does not change afterwards, and the newest page is what is drawn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.book import Book
from actors.market.books import Books
from actors.market.events import (
    Batch,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    Following,
    Levels,
    Source,
)
from actors.market.market import Market
from actors.market.rhythm import Patience

SYMBOL = "BTCUSDT"

prices = st.integers(1, 30).map(float)
levels = st.dictionaries(prices, st.integers(0, 3).map(float), max_size=8).map(
    lambda each: list(each.items())
)


def snapshot(book: Book, number: int = 1) -> BookSnapshot:
    return BookSnapshot(SYMBOL, *book.top(5), 5, number, number, number)


def delta(book: Book, bids: Levels, asks: Levels, number: int = 2) -> BookDelta:
    """What a codec tells: the levels, and what they make of its book."""
    book.update(bids, asks)
    return BookDelta(SYMBOL, bids, asks, number, number, number, book.page())


def of(bids: Levels, asks: Levels) -> Book:
    book = Book()
    book.load(bids, asks)
    return book


@settings(max_examples=300)
@given(levels, levels, st.lists(st.tuples(levels, levels, st.booleans())))
def test_a_book_is_what_its_deltas_make_of_it(
    bids: Levels, asks: Levels, deltas: list[tuple[Levels, Levels, bool]]
) -> None:
    """Whenever it is read: a plain dictionary and a sort say the same."""
    books, book, plain = Books(lambda symbol: "live"), of(bids, asks), (dict(bids), dict(asks))
    books.load(snapshot(book))
    for number, (more_bids, more_asks, read) in enumerate(deltas):
        books.change(delta(book, more_bids, more_asks, number))
        plain[0].update(more_bids)
        plain[1].update(more_asks)
        if read:
            books.drain()
    [view] = books.everything()
    assert view.bids == sorted(((p, s) for p, s in plain[0].items() if s), reverse=True)[:5]
    assert view.asks == sorted((p, s) for p, s in plain[1].items() if s)[:5]


@settings(max_examples=200)
@given(levels, st.lists(levels))
def test_a_side_stays_sorted_and_knows_its_best(bids: Levels, deltas: list[Levels]) -> None:
    book = of(bids, [])
    for more in deltas:
        book.update(more, [])
        assert book.bids.prices == sorted(book.bids.sizes)
        assert 0.0 not in book.bids.sizes.values()
        assert book.best_bid == max(book.bids.sizes, default=None)
    assert (book.best_ask, book.is_crossed()) == (None, False)


def test_a_crossed_book_is_seen() -> None:
    book = of([(1.0, 1.0)], [(2.0, 1.0)])
    assert not book.is_crossed()
    book.update([(2.0, 1.0)], [])
    assert book.is_crossed()


def test_a_page_does_not_change_afterwards() -> None:
    book = of([(1.0, 1.0)], [(2.0, 1.0)])
    page = book.page()
    book.update([(1.0, 0.0), (0.5, 3.0)], [(2.0, 7.0)])
    assert page.top(5) == ([(1.0, 1.0)], [(2.0, 1.0)])
    assert book.page().top(5) == ([(0.5, 3.0)], [(2.0, 7.0)])


def test_a_view_does_not_change_afterwards_and_is_told_once() -> None:
    books, book = Books(lambda symbol: "live"), of([(1.0, 1.0)], [(2.0, 1.0)])
    books.load(snapshot(book))
    [view] = books.drain()
    books.change(delta(book, [(1.0, 9.0)], []))
    assert view.bids == [(1.0, 1.0)]
    [view] = books.drain()
    assert (view.bids, view.update_id) == ([(1.0, 9.0)], 2)
    assert books.drain() == []


def test_a_delta_without_a_page_says_that_the_same_is_still_true() -> None:
    books, book = Books(lambda symbol: "live"), of([(1.0, 1.0)], [])
    books.load(snapshot(book))
    for number in (2, 3):
        books.change(BookDelta(SYMBOL, [], [], number, number, number))
        [view] = books.drain()
        assert (view.bids, view.update_id, view.ts_recv) == ([(1.0, 1.0)], number, number)
        books.change(delta(book, [(0.5, 1.0)], []))
        books.load(snapshot(of([(1.0, 1.0)], [])))


def test_a_snapshot_replaces_what_deltas_said() -> None:
    books, book = Books(lambda symbol: "live"), of([(1.0, 1.0)], [])
    books.load(snapshot(book))
    books.change(delta(book, [(0.5, 1.0)], []))
    books.load(snapshot(of([(3.0, 1.0)], [])))
    assert books.drain()[0].bids == [(3.0, 1.0)]


def test_a_delta_without_its_snapshot_belongs_to_nothing() -> None:
    books = Books(lambda symbol: "live")
    assert not books.change(delta(Book(), [(1.0, 1.0)], []))
    assert books.everything() == books.drain() == []


def test_a_new_life_goes_on_from_no_book_of_the_last() -> None:
    """What the last life told stays to be seen, as stale, until the new one tells its own snapshot."""
    market, book = Market(Patience()), of([(1.0, 1.0)], [(3.0, 1.0)])

    def say(life: int, *events: Event) -> None:
        market.apply(Batch(Source("bybit", "linear", "stream-0", life), list(events)))

    def seen() -> tuple[str, Levels]:
        [view] = market.everything()["bybit"].books.values()
        return view.quality, view.bids

    following = Following(SYMBOL, ("book",), ("book",), 1)
    say(1, following, FeedUp(1), snapshot(book))
    say(1, FeedDown("gone", 2))
    say(2, following, FeedUp(3))
    assert seen() == ("syncing", [(1.0, 1.0)])
    say(2, BookDelta(SYMBOL, [(9.0, 9.0)], [], 4, 4, 4, of([(9.0, 9.0)], []).page()))
    assert seen() == ("syncing", [(1.0, 1.0)])
    say(2, snapshot(of([(2.0, 1.0)], [(3.0, 1.0)])))
    say(2, BookDelta(SYMBOL, [(2.5, 1.0)], [], 5, 5, 5, of([(2.5, 1.0), (2.0, 1.0)], []).page()))
    assert seen() == ("live", [(2.5, 1.0), (2.0, 1.0)])
