"""Books that are merged lazily are the books that every delta would have made."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.book import Book
from actors.market.books import Books
from actors.market.events import BookDelta, BookSnapshot, Levels

SYMBOL = "BTCUSDT"

prices = st.integers(1, 30).map(float)
levels = st.dictionaries(prices, st.integers(0, 3).map(float), max_size=8).map(
    lambda each: list(each.items())
)


def snapshot(bids: Levels, asks: Levels, number: int = 1) -> BookSnapshot:
    return BookSnapshot(SYMBOL, bids, asks, 5, number, number, number)


def delta(bids: Levels, asks: Levels, number: int = 2) -> BookDelta:
    return BookDelta(SYMBOL, bids, asks, number, number, number)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(levels, levels, st.lists(st.tuples(levels, levels, st.booleans())))
def test_a_lazy_book_is_the_book(
    bids: Levels, asks: Levels, deltas: list[tuple[Levels, Levels, bool]]
) -> None:
    """Whenever it is read: a plain dictionary and a sort say the same."""
    books, plain = Books(lambda symbol: "live"), ({}, {})  # type: ignore[var-annotated]
    books.load(snapshot(bids, asks))
    for side, told in zip(plain, (bids, asks), strict=True):
        side.update(told)
    for number, (more_bids, more_asks, read) in enumerate(deltas):
        books.merge(delta(more_bids, more_asks, number))
        plain[0].update(more_bids)
        plain[1].update(more_asks)
        if read:
            books.drain()
    [view] = books.everything()
    assert view.bids == sorted(((p, s) for p, s in plain[0].items() if s), reverse=True)[:5]
    assert view.asks == sorted((p, s) for p, s in plain[1].items() if s)[:5]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(levels, st.lists(levels))
def test_a_side_stays_sorted_and_knows_its_best(bids: Levels, deltas: list[Levels]) -> None:
    book = Book()
    book.load(bids, [])
    for more in deltas:
        book.update(more, [])
        assert book.bids.prices == sorted(book.bids.sizes)
        assert 0.0 not in book.bids.sizes.values()
        assert book.best_bid == max(book.bids.sizes, default=None)
    assert (book.best_ask, book.is_crossed()) == (None, False)


def test_a_crossed_book_is_seen() -> None:
    book = Book()
    book.load([(1.0, 1.0)], [(2.0, 1.0)])
    assert not book.is_crossed()
    book.update([(2.0, 1.0)], [])
    assert book.is_crossed()


def test_a_view_does_not_change_afterwards_and_is_told_once() -> None:
    books = Books(lambda symbol: "live")
    books.load(snapshot([(1.0, 1.0)], [(2.0, 1.0)]))
    [view] = books.drain()
    books.merge(delta([(1.0, 9.0)], []))
    assert view.bids == [(1.0, 1.0)]
    [view] = books.drain()
    assert (view.bids, view.update_id) == ([(1.0, 9.0)], 2)
    assert books.drain() == []


def test_a_snapshot_replaces_what_deltas_said() -> None:
    books = Books(lambda symbol: "live")
    books.load(snapshot([(1.0, 1.0)], []))
    books.merge(delta([(0.5, 1.0)], []))
    books.load(snapshot([(3.0, 1.0)], []))
    assert books.drain()[0].bids == [(3.0, 1.0)]


def test_a_delta_without_its_snapshot_belongs_to_nothing() -> None:
    books = Books(lambda symbol: "live")
    books.merge(delta([(1.0, 1.0)], []))
    assert books.everything() == books.drain() == []
