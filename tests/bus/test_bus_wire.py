"""What travels over the bus comes back the same, whatever it is."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bus.wire import (
    CODES,
    Dispatch,
    Happened,
    Item,
    Missing,
    Released,
    Reported,
    Restated,
    decode,
    dispatches,
    encode,
)
from actors.market import events
from actors.market.events import Batch, BookDelta, Event, Page, Source
from actors.market.feeds import MarketReport
from actors.market.instrument import Instrument
from actors.runtime.errors import DecodeError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.integers(0, 2**63 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
LEVELS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4)
INSTRUMENTS = st.builds(Instrument, base=TEXTS, quote=TEXTS, exchange=TEXTS, market=TEXTS, symbol=TEXTS)


def arbitrary(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Events of one kind, with every optional field there or not."""
    st.register_type_strategy(Page, st.none())
    st.register_type_strategy(Instrument, INSTRUMENTS)
    known = {
        "symbol": TEXTS,
        "values": st.dictionaries(TEXTS, st.none() | NUMBERS | TIMES, max_size=5),
        "bids": LEVELS,
        "asks": LEVELS,
        "page": st.none(),
        "ts_event": TIMES
        if kind in (events.Trade, events.Liquidation, events.ServerTime)
        else TIMES | st.none(),
    }
    numbers: dict[Any, st.SearchStrategy[Any]] = {
        int: TIMES,
        int | None: TIMES | st.none(),
        float: NUMBERS,
        float | None: NUMBERS | st.none(),
    }
    hints = {each.name: each.type for each in msgspec.structs.fields(kind)}
    plain = {name: numbers[hint] if hint in numbers else st.from_type(hint) for name, hint in hints.items()}
    return st.builds(kind, **{name: known.get(name, each) for name, each in plain.items()})


EVENTS = st.one_of([arbitrary(kind) for kind in CODES.values()])
BATCHES = st.builds(
    Batch,
    st.builds(Source, TEXTS, TEXTS, TEXTS, TIMES),
    st.lists(EVENTS, max_size=6),
    st.booleans(),
)
REPORTS = st.builds(
    MarketReport,
    exchange=TEXTS,
    market=TEXTS,
    state=st.just("live"),
    symbols=st.tuples(TEXTS),
    stale=st.just(()),
)
ITEMS: st.SearchStrategy[Item] = st.one_of(
    st.builds(Happened, BATCHES),
    st.builds(Restated, TIMES, TIMES, st.lists(BATCHES, max_size=2)),
    st.builds(Reported, st.lists(REPORTS, max_size=2)),
    st.builds(Released, TEXTS, TEXTS, st.lists(TEXTS, max_size=3)),
    st.builds(Missing, TEXTS, TEXTS),
)


@settings(max_examples=40)
@given(st.builds(Dispatch, TEXTS, TEXTS, TIMES, TIMES, st.lists(ITEMS, max_size=4)))
def test_what_is_written_is_read(dispatch: Dispatch) -> None:
    assert decode(encode(dispatch)) == dispatch


def test_every_kind_of_event_has_a_code_of_its_own() -> None:
    assert set(CODES.values()) == set(get_args(Event))
    assert len(set(CODES.values())) == len(CODES)


@settings(max_examples=40)
@given(st.lists(BATCHES.filter(lambda batch: bool(batch.events)), min_size=1, max_size=8), st.integers(1, 5))
def test_messages_are_bounded_and_lose_nothing(batches: list[Batch], number: int) -> None:
    items: list[Item] = [Happened(each) for each in batches]
    alone = [Batch(each.source, [event], each.fetched) for each in batches for event in each.events]
    largest = max(len(encode(Dispatch("n", "r", number + 99, 5, [Happened(each)]))) for each in alone)
    bodies = dispatches("n", "r", number, 5, items, bytes_max=largest)
    read = [decode(body) for body in bodies]
    assert [each.number for each in read] == list(range(number, number + len(bodies)))
    assert all(len(body) <= largest for body in bodies)
    told = [
        (item.batch.source, item.batch.fetched, event)
        for each in read
        for item in each.items
        if isinstance(item, Happened)
        for event in item.batch.events
    ]
    assert told == [(each.source, each.fetched, event) for each in batches for event in each.events]


def test_a_page_stays_at_home() -> None:
    page = Page([1.0], {1.0: 2.0}, [3.0], {3.0: 4.0})
    delta = BookDelta("BTCUSDT", [(1.0, 2.0)], [], 7, None, 5, page)
    sent = Dispatch("n", "r", 1, 1, [Happened(Batch(Source("x", "linear", "c", 1), [delta]))])
    [item] = decode(encode(sent)).items
    assert isinstance(item, Happened)
    assert item.batch.events == [BookDelta("BTCUSDT", [(1.0, 2.0)], [], 7, None, 5)]


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(body)


def test_another_version_is_refused_by_its_name() -> None:
    body = msgspec.msgpack.encode([2, "n", "r", 1, 1, [], "something new"])
    with pytest.raises(DecodeError, match="version 2"):
        decode(body)


def test_a_newer_writer_of_our_version_may_add_fields() -> None:
    quote = [2, "BTCUSDT", 1.0, 2.0, 3.0, 4.0, None, 9, "a field of tomorrow"]
    batch = [["x", "linear", "c", 1], False, [quote]]
    body = msgspec.msgpack.encode([1, "n", "r", 1, 1, [[1, batch]], "and another"])
    [item] = decode(body).items
    assert isinstance(item, Happened)
    assert item.batch.events == [events.Quote("BTCUSDT", 1.0, 2.0, 3.0, 4.0, None, 9)]
