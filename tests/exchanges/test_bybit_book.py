"""Bybit's order books over time: what is ordered when a book breaks, and how often."""

from __future__ import annotations

import json
from typing import Any

from actors.exchanges.base import BOOK, Command, Resync
from actors.exchanges.bybit import Codec
from actors.market.events import BookDelta, BookSnapshot, Event, Gap
from actors.market.instrument import LINEAR

NS = 1_000_000_000
START = 1_800_000_000 * NS
TOPIC = "orderbook.50.XYZUSDT"
ORDER = Resync(TOPIC)


def frame(kind: str, u: int, depth: int = 50, symbol: str = "XYZUSDT", **data: Any) -> bytes:
    sides = {"b": [["7", "1"]], "a": [["8", "1"]]} if kind == "snapshot" else {"b": [["7", "2"]], "a": []}
    body = {"s": symbol, **sides, "u": u, "seq": 10 * u} | data
    topic = f"orderbook.{depth}.{symbol}"
    return json.dumps({"topic": topic, "type": kind, "ts": 1_700_000_000_000, "data": body}).encode()


def whole(u: int = 100) -> Codec:
    codec = Codec(LINEAR)
    [snapshot] = codec.receive(frame("snapshot", u), START)
    assert isinstance(snapshot, BookSnapshot)
    return codec


def kinds(results: list[Event | Command]) -> list[str]:
    return [type(result).__name__ for result in results]


def test_a_book_is_told_and_heard() -> None:
    codec = whole()
    assert kinds(codec.receive(frame("delta", 101), START + 1)) == ["BookDelta"]
    assert codec.heard == {TOPIC: START + 1}


def test_a_hole_is_one_gap_and_one_order() -> None:
    codec = whole()
    words = "103 follows 100"
    assert codec.receive(frame("delta", 103), START) == [
        Gap("XYZUSDT", BOOK, "sequence", words, START, missed=2),
        ORDER,
    ]
    assert codec.receive(frame("delta", 104), START + NS) == []
    assert kinds(codec.receive(frame("snapshot", 110), START + 2 * NS)) == ["BookSnapshot"]
    assert kinds(codec.receive(frame("delta", 111), START + 2 * NS)) == ["BookDelta"]


def test_only_the_broken_book_waits() -> None:
    codec = whole()
    codec.receive(frame("snapshot", 5, symbol="QRSUSDT"), START)
    codec.receive(frame("delta", 103), START)
    assert kinds(codec.receive(frame("delta", 6, symbol="QRSUSDT"), START)) == ["BookDelta"]


def test_an_order_that_nobody_answers_is_given_again() -> None:
    codec = whole()
    codec.receive(frame("delta", 103), START)
    assert codec.receive(frame("delta", 104), START + 5 * NS - 1) == []
    assert codec.receive(frame("delta", 105), START + 5 * NS) == [ORDER]
    assert codec.receive(frame("delta", 106), START + 10 * NS - 1) == []
    assert codec.receive(frame("delta", 107), START + 10 * NS) == [ORDER]


def test_a_book_that_breaks_at_once_is_ordered_in_growing_pauses() -> None:
    """Every snapshot comes at once, and each breaks a moment later."""
    codec, orders, gaps, now = whole(), [], 0, START
    for number in range(1, 3000):
        results = codec.receive(frame("delta", 1000 * number), now)
        gaps += sum(isinstance(one, Gap) for one in results)
        if ORDER in results:
            orders.append((now - START) / NS)
            codec.receive(frame("snapshot", 1000 * number + 1), now)
        now += NS // 10
    assert orders == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert gaps == len(orders) + 1, "the last one waits for its order"


def test_subscribing_anew_does_not_shorten_the_pauses() -> None:
    """Nothing but deltas ever comes, although every order is obeyed."""
    codec, orders = Codec(LINEAR), []
    for second in range(400):
        if ORDER in codec.receive(frame("delta", 100 + second), START + second * NS):
            orders.append(second)
            codec.unsubscribe([codec.book("XYZUSDT", 50)], second)
    assert orders == [5, 11, 17, 23, 31, 47, 79, 139, 199, 259, 319, 379]


def test_a_book_that_was_well_for_a_while_is_ordered_at_once() -> None:
    codec = whole()
    for start in (START, START + 200 * NS):
        assert ORDER in codec.receive(frame("delta", 500), start)
        codec.receive(frame("snapshot", 100), start)
        assert ORDER not in codec.receive(frame("delta", 500), start)
        assert ORDER in codec.receive(frame("delta", 501), start + NS)
        codec.receive(frame("snapshot", 100), start + NS)


def test_deltas_without_a_snapshot_are_a_fault_only_if_they_go_on() -> None:
    codec = Codec(LINEAR)
    assert codec.receive(frame("delta", 100), START) == []
    assert codec.receive(frame("delta", 101), START + 5 * NS - 1) == []
    results = codec.receive(frame("delta", 102), START + 5 * NS)
    assert kinds(results) == ["Gap", "Resync"]
    assert isinstance(results[0], Gap)
    assert results[0].cause == "orphan"
    assert kinds(codec.receive(frame("snapshot", 110), START + 6 * NS)) == ["BookSnapshot"]


def test_what_is_under_way_while_a_book_is_subscribed_anew_is_not_believed() -> None:
    codec = whole()
    codec.unsubscribe([codec.book("XYZUSDT", 50)], 1)
    codec.subscribe([codec.book("XYZUSDT", 50)], 2)
    assert codec.receive(frame("delta", 101), START) == []
    assert kinds(codec.receive(frame("snapshot", 102), START)) == ["BookSnapshot"]


def test_a_shallower_book_is_told_once_the_deeper_one_is_left() -> None:
    codec = whole()
    assert kinds(codec.receive(frame("snapshot", 40, depth=200), START)) == ["BookSnapshot"]
    for seconds in (1, 10, 60):
        assert codec.receive(frame("delta", 101), START + seconds * NS) == []
    assert codec.receive(frame("snapshot", 102), START + 60 * NS) == []
    codec.unsubscribe([codec.book("XYZUSDT", 200)], 1)
    [snapshot] = codec.receive(frame("snapshot", 103), START + 61 * NS)
    assert isinstance(snapshot, BookSnapshot)
    assert snapshot.depth == 50
    assert codec.receive(frame("delta", 41, depth=200), START + 61 * NS) == []
    assert kinds(codec.receive(frame("delta", 104), START + 62 * NS)) == ["BookDelta"]


def test_a_shallower_book_that_was_overtaken_asks_for_its_snapshot() -> None:
    codec = whole()
    codec.receive(frame("snapshot", 40, depth=200), START)
    codec.unsubscribe([codec.book("XYZUSDT", 200)], 1)
    assert codec.receive(frame("delta", 101), START + NS) == []
    assert kinds(codec.receive(frame("delta", 102), START + 6 * NS)) == ["Gap", "Resync"]


def test_a_repetition_is_a_beat() -> None:
    codec = whole()
    codec.receive(frame("delta", 101), START)
    for old in (101, 100, 7):
        assert codec.receive(frame("delta", old), START + old) == []
        assert codec.heard == {TOPIC: START + old}
    [delta] = codec.receive(frame("delta", 102), START + NS)
    assert isinstance(delta, BookDelta)
