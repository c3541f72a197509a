"""The local order book: true to every change, and never live when something is missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickwell_client import Hub, Level, OrderBook
from tickwell_client.wire import BookRecord

from tests.clients.scripted_hub import ScriptedHub, with_hub
from tests.clients.test_client_stream import BTC


def record(version: int, previous: int | None, bids: Any = (), asks: Any = (), **more: Any) -> dict[str, Any]:
    levels = {"bids": list(bids), "asks": list(asks)}
    return {"key": BTC, "version": version, "previous": previous, "quality": "live", **levels, **more}


WHOLE = record(9, None, [[100, 2], [99, 1]], [[101, 3], [103, 1]], depth=50, update_id=7, ts_event=5)


@with_hub()
async def test_a_book_is_kept_from_its_changes(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.book(BTC, depth=50, grouping=0.5) as books:
        await scripted.peer.data(1, WHOLE, kind="snapshot")
        book = await anext(books)
        assert (book.best_bid, book.best_ask, book.mid, book.spread) == ((100, 2), (101, 3), 100.5, 1)
        assert book.imbalance(1) == pytest.approx(-0.2)
        assert book.spread_bps == pytest.approx(99.5, abs=0.1)
        await scripted.peer.data(1, record(12, 9, [[100, 0], [99.5, 4]], [[102, 1], [103, 0]]))
        assert await anext(books) is book
        assert book.bids == [Level(99.5, 4), Level(99, 1)]
        assert book.asks == [Level(101, 3), Level(102, 1)]
        assert book.is_live and (book.depth, book.update_id, book.ts_event) == (50, 7, 5)
    wanted = {"channel": "book", "depth": 50, "grouping": 0.5, "symbols": [BTC]}
    assert scripted.requests("subscribe") == [wanted]


@with_hub()
async def test_a_gap_makes_it_dead_until_a_new_snapshot(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.book(BTC) as books:
        await scripted.peer.data(1, WHOLE, kind="snapshot")
        book = await anext(books)
        await scripted.peer.data(1, record(20, 15, [[98, 1]]))
        peer = await scripted.until_asked("subscribe", 2)
        assert book.is_live is False
        assert "resume" not in scripted.requests("subscribe")[1]
        assert scripted.requests("unsubscribe") == [{"sub": 1}]
        await peer.data(2, record(30, None, [[90, 1]], [[91, 1]]), kind="snapshot")
        assert await anext(books) is book
        assert (book.is_live, book.best_bid) == (True, (90, 1))
        assert books.resyncs == 1


@with_hub()
async def test_no_book_is_live_without_a_connection(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.book(BTC) as books:
        await scripted.peer.data(1, WHOLE, kind="snapshot")
        book = await anext(books)
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        assert not book.is_live
        await peer.data(1, record(1, None, [[90, 1]]), kind="snapshot")
        assert (await anext(books)).best_bid == (90, 1)
        assert book.best_ask is None and book.mid is None and book.spread is None


def test_the_price_of_a_size_is_averaged_over_the_levels() -> None:
    book = OrderBook(BTC)
    asks = [Level(101, 3), Level(103, 1)]
    assert book.apply(BookRecord(key=BTC, version=1, bids=[Level(100, 2)], asks=asks))
    assert book.fill_price("buy", 4) == pytest.approx((3 * 101 + 103) / 4)
    assert book.fill_price("sell", 1) == 100
    assert book.fill_price("sell", 3) is None
    with pytest.raises(ValueError, match="side='hold'"):
        book.fill_price("hold", 1)


def test_a_copy_stays_as_it_is() -> None:
    book = OrderBook(BTC)
    book.apply(BookRecord(key=BTC, version=1, bids=[Level(100, 2)], quality="live"))
    copied = book.copy()
    book.apply(BookRecord(key=BTC, version=2, previous=1, bids=[Level(100, 0)]))
    assert (copied.best_bid, copied.version, copied.is_live) == (Level(100, 2), 1, True)
    assert book.best_bid is None


PRICES = st.integers(1, 20).map(float)
CHANGES = st.lists(st.tuples(PRICES, st.sampled_from([0.0, 1.0, 2.5])), max_size=8)


@given(st.lists(CHANGES, max_size=12))
def test_any_changes_leave_it_sorted_and_true(changes: list[list[tuple[float, float]]]) -> None:
    book, truth = OrderBook(BTC), dict[float, float]()
    book.apply(BookRecord(key=BTC, version=0))
    for version, each in enumerate(changes, 1):
        levels = [Level(*level) for level in each]
        assert book.apply(
            BookRecord(key=BTC, version=version, previous=version - 1, bids=levels, asks=levels)
        )
        truth.update(each)
    expected = sorted((price, size) for price, size in truth.items() if size)
    assert book.asks == expected
    assert book.bids == expected[::-1]
