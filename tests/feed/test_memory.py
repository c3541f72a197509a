"""What an heir remembers until it may speak: the newest of what has one, everything else within a bound."""

from __future__ import annotations

from actors.feed.memory import Memory
from actors.market.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Gap,
    Heard,
    Liquidation,
    Page,
    Quote,
    ServerTime,
    Silent,
    TickerUpdate,
    Trade,
    TradesRecovered,
)

NOW = 9_000


def trade(number: int, symbol: str = "A") -> Trade:
    return Trade(symbol, str(number), 1.0, 2.0, "buy", number, number)


def snapshot(update_id: int, *, symbol: str = "A") -> BookSnapshot:
    return BookSnapshot(symbol, [(9.0, 1.0), (8.0, 2.0)], [(10.0, 3.0)], 50, update_id, 5, 6)


def recalled(*events: Event, kept_max: int = 100) -> list[Event]:
    memory = Memory(kept_max)
    for event in events:
        memory.note(event)
    return memory.recall(NOW)


def test_fields_are_folded_and_the_newest_quote_wins() -> None:
    first = TickerUpdate("A", {"price": 1.0, "mark_price": 5.0}, 1, 1)
    second = TickerUpdate("A", {"price": 2.0}, 2, 2)
    old, new = Quote("A", 1.0, 1.0, 2.0, 1.0, 1, 1), Quote("A", 1.1, 1.0, 2.0, 1.0, 2, 2)
    assert recalled(first, old, second, new) == [
        TickerUpdate("A", {"price": 2.0, "mark_price": 5.0}, 2, 2),
        new,
    ]


def test_a_book_is_told_as_one_snapshot_of_what_it_has_become() -> None:
    page = Page([7.0, 8.0], {8.0: 2.0, 7.0: 4.0}, [10.0, 11.0], {10.0: 5.0, 11.0: 1.0})
    delta = BookDelta("A", [(9.0, 0.0), (7.0, 4.0)], [(10.0, 5.0), (11.0, 1.0)], 8, 15, 16, page)
    other = snapshot(1, symbol="B")
    assert recalled(snapshot(7), other, delta) == [
        BookSnapshot("A", [(8.0, 2.0), (7.0, 4.0)], [(10.0, 5.0), (11.0, 1.0)], 50, 8, 15, 16),
        other,
    ]


def test_a_book_that_broke_is_told_as_broken_until_it_is_whole() -> None:
    gap = Gap("A", "book", "sequence", "5 are missing", 20, 5)
    lost = BookDelta("A", [(9.0, 7.0)], [], 99, 21, 21)
    assert recalled(snapshot(7), gap, lost) == [gap]
    assert recalled(snapshot(7), gap, lost, snapshot(100)) == [snapshot(100)]


def test_a_delta_of_a_book_that_is_not_known_is_nothing() -> None:
    assert recalled(BookDelta("A", [(9.0, 7.0)], [], 99, 21, 21)) == []


def test_every_trade_is_told_once_and_in_order_among_what_belongs_to_it() -> None:
    liquidation = Liquidation("A", "long", 1.0, 1.0, 3, 3)
    candle = Candle("A", 60, 0, 1.0, 1.0, 1.0, 1.0, 1.0, None, None, None, True, 4)
    gap = Gap("A", "trades", "sequence", "one is missing", 5, 1)
    answered, clock = TradesRecovered("A", 1, True), ServerTime(7, 8, 6)
    kept: list[Event] = [trade(1), liquidation, trade(2), candle, gap, trade(3), answered, clock]
    assert recalled(*kept) == kept


def test_what_says_how_well_the_heir_does_is_not_told() -> None:
    assert recalled(Silent("A", "t"), Heard("A", "t")) == []


def test_what_found_no_room_is_counted_and_told_as_a_gap() -> None:
    liquidation = Liquidation("B", "long", 1.0, 1.0, 3, 3)
    told = recalled(trade(1), trade(2, "B"), trade(3), liquidation, trade(4), trade(5), kept_max=2)
    assert told[-2:] == [trade(4), trade(5)]
    gaps = [event for event in told if isinstance(event, Gap)]
    assert [(gap.symbol, gap.channel, gap.cause, gap.missed) for gap in gaps] == [
        ("A", "trades", "overflow", 2),
        ("B", "trades", "overflow", 1),
        ("B", "liquidations", "overflow", 1),
    ]
    assert len(told) == len(gaps) + 2
