"""Binance's books equal the hidden truth after any fault script, by both synchronisations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from actors.exchanges import _binance_book, _binance_known
from actors.exchanges.base import Fetch
from actors.exchanges.binance import Codec
from actors.market.events import BookDelta, BookSnapshot, Gap
from tests.exchanges.binance_frames import NOW, SECOND, fetches, snapshot, update
from tests.exchanges.true_book import Sides, TrueBook, apply
from tests.thoroughness import cases

FAULTS = (*["none"] * 4, "drop", "duplicate", "late", "crossed", "again")
CROSSED: Sides = ([(100_000.005, 1.0)], [(0.005, 1.0)])  # the truth never has these prices
ALL = 10_000

faults = st.lists(st.sampled_from(FAULTS), max_size=40)
every_market = pytest.mark.parametrize("market", Codec.markets)
searching = settings(
    max_examples=cases(40, 120),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


class Exchange:
    """A hidden true book, told as Binance tells it. Updates hold one to three changes, each with an id.

    An update tells every level that was touched, also one that is again what it was. `truths` remembers the
    book after each change: a snapshot may show any of them, also one in the middle of an update.
    """

    def __init__(self, market: str, seed: int, size: int) -> None:
        self._futures = market == "linear"
        self._dice = random.Random(seed)
        self._book = TrueBook(seed, size)
        self._last = 1000
        self.truths: dict[int, Sides] = {self._last: self._book.levels(ALL)}
        self.frames: list[bytes] = []

    def next(self) -> bytes:
        """What happens until the next update, and that update."""
        previous, touched = self._last, (dict[float, float](), dict[float, float]())
        first = self._last + (self._dice.randint(1, 50) if self._futures else 1)
        self._last = first - 1
        for _ in range(self._dice.randint(1, 3)):
            for side, changes in zip(touched, self._book.step(), strict=True):
                side.update(changes)
            self._last += 1
            self.truths[self._last] = self._book.levels(ALL)
        bids, asks = (list(side.items()) for side in touched)
        frame = update(first, self._last, previous if self._futures else None, bids, asks)
        self.frames.append(frame)
        return frame

    def crossed(self) -> bytes:
        """The next update, but its levels are nonsense."""
        self.next()
        first, previous = self._last, max(number for number in self.truths if number < self._last)
        return update(first, self._last, previous if self._futures else None, *CROSSED)

    def snapshot(self, age: int, depth: int) -> bytes:
        """The best levels as they were `age` changes ago."""
        number = sorted(self.truths)[max(-1 - age, -len(self.truths))]
        bids, asks = self.truths[number]
        return snapshot(number, bids[:depth], asks[:depth])


class Reader:
    """Holds what the codec's events make, and compares it with the truth as long as it calls itself whole."""

    def __init__(self, exchange: Exchange, depth: int) -> None:
        self._exchange = exchange
        self._depth = depth
        self.whole = False
        self.picture: Sides = ([], [])
        self.compared = 0
        self.gaps: list[Gap] = []

    def read(self, told: list[Any]) -> None:
        for event in told:
            if isinstance(event, Gap):
                assert self.whole, "a gap is told once"
                self.gaps.append(event)
                self.whole = False
            elif isinstance(event, BookSnapshot):
                self.whole, self.picture = True, (event.bids, event.asks)
                self._compare(event.update_id)
            elif isinstance(event, BookDelta):
                assert self.whole, "a change of a book that is not whole"
                self.picture = apply(self.picture, (event.bids, event.asks))
                self._compare(event.update_id)

    def _compare(self, update_id: int | None) -> None:
        assert update_id is not None
        truth = self._exchange.truths[update_id]
        assert self.picture[0][: self._depth] == truth[0][: self._depth]
        assert self.picture[1][: self._depth] == truth[1][: self._depth]
        self.compared += 1


class Hub:
    """A codec, and a REST interface that answers its orders some updates later, from some changes ago."""

    def __init__(self, market: str, exchange: Exchange, reader: Reader, dice: random.Random) -> None:
        self._codec = Codec(market)
        self._exchange = exchange
        self._reader = reader
        self._dice = dice
        self._due: list[tuple[int, Fetch]] = []
        self.now = NOW
        self.received = 0

    def receive(self, frame: bytes, pause: int) -> None:
        self.now += pause
        self.received += 1
        told = self._codec.receive(frame, self.now)
        self._due += [(self.received + self._dice.randint(0, 3), fetch) for fetch in fetches(told)]
        self._reader.read(told)
        self._answer()

    def _answer(self) -> None:
        ready = [fetch for when, fetch in self._due if when <= self.received]
        self._due = [(when, fetch) for when, fetch in self._due if when > self.received]
        for fetch in ready:
            body = self._exchange.snapshot(self._dice.randint(0, 4), _binance_known.SNAPSHOT_LEVELS)
            self._reader.read(self._codec.receive_fetched(fetch, body, self.now))


def run(market: str, seed: int, script: list[str], size: int, depth: int) -> Reader:
    """The script, and then a while without faults, in which the book must become whole again."""
    exchange, dice = Exchange(market, seed, size), random.Random(seed)
    reader = Reader(exchange, depth)
    hub = Hub(market, exchange, reader, dice)
    for fault in [*script, *["none"] * 5]:
        for frame in faulty(exchange, fault, dice):
            hub.receive(frame, SECOND // 10)
    for _ in range(30):
        hub.receive(exchange.next(), 10 * SECOND)
    assert reader.whole
    return reader


def faulty(exchange: Exchange, fault: str, dice: random.Random) -> Iterator[bytes]:
    """The frames that arrive for one more update of the exchange."""
    if fault == "crossed":
        yield exchange.crossed()
        return
    frame = exchange.next()
    if fault == "late":
        yield exchange.next()
    if fault != "drop":
        yield frame
    if fault == "duplicate":
        yield frame
    if fault == "again":
        yield dice.choice(exchange.frames)


@every_market
def test_a_book_is_the_truth_after_any_fault_script(market: str) -> None:
    """A small market: the snapshot holds all of it."""

    @searching
    @given(st.integers(0, 2**32), faults, st.sampled_from([3, 30]))
    def check(seed: int, script: list[str], size: int) -> None:
        assert run(market, seed, script, size, ALL).compared > 20

    check()


@contextmanager
def narrow() -> Iterator[None]:
    """The same proportions in small: 40 levels are known, 12 are served, below 24 the next are asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_binance_known, "SNAPSHOT_LEVELS", 40)
        patch.setattr(_binance_known, "DEPTH_MAX", 12)
        patch.setattr(_binance_known, "LEVELS_MAX", 60)
        patch.setattr(_binance_book, "LEVELS_MAX", 60)
        patch.setattr(_binance_book, "RENEW_BELOW", 24)
        yield


@every_market
def test_the_levels_served_are_the_truth_where_a_snapshot_shows_only_a_part(market: str) -> None:
    causes: set[str] = set()

    @searching
    @example(21, [*["none"] * 10, "crossed"])  # rarely is it noticed as that, and not as a lost update
    @given(st.integers(0, 2**32), faults)
    def check(seed: int, script: list[str]) -> None:
        with narrow():
            reader = run(market, seed, [*script, *["none"] * 100], 100, 12)
        causes.update(gap.cause for gap in reader.gaps)

    check()
    assert causes == {"sequence", "crossed", "depth"}


@every_market
def test_what_is_lost_while_a_book_is_whole_is_always_told(market: str) -> None:
    told: list[Gap] = []

    @searching
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        script: list[str] = [*["none"] * 10, "drop", *["none"] * 10]
        gaps = run(market, seed, script, 100, ALL).gaps
        assert [gap.cause for gap in gaps] in (["sequence"], [])  # none: it was not whole yet
        told.extend(gaps)

    check()
    assert len(told) > cases(20, 60)
