"""Whatever happens on the way, a Bybit book that is told as whole is the true one.

An exchange with a hidden true book sends a window of it; a script of faults drops, repeats, reorders and
spoils what it sends. The exchange obeys orders a little later, as real ones do.
"""

from __future__ import annotations

import json
from typing import Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.exchanges.base import Resync
from actors.exchanges.bybit import Codec
from actors.market.events import BookDelta, BookSnapshot
from actors.market.instrument import LINEAR
from actors.runtime.errors import DecodeError
from tests.exchanges.checks import Books, check
from tests.exchanges.true_book import Levels, Sides, TrueBook, difference
from tests.thoroughness import cases

NS = 1_000_000_000
START = 1_800_000_000 * NS
STEP_NS = NS // 2
SYMBOL = "XYZUSDT"
DEPTH = 50

Fault: TypeAlias = Literal[
    "none",
    "drop",
    "twice",
    "swap",
    "snapshot",
    "restart",
    "crossed",
    "late snapshot",
    "old",
    "spoilt",
    "silence",
]
FAULTS: list[Fault] = [
    "drop", "twice", "swap", "snapshot", "restart", "crossed", "late snapshot", "old", "spoilt", "silence",
]  # fmt: skip
# Mostly nothing happens.
SCRIPTS = st.lists(st.one_of(st.just("none"), st.sampled_from(FAULTS)), min_size=1, max_size=120)


class Exchange:
    """Sends the top of its true book, and remembers what it was at each of its numbers."""

    def __init__(self, seed: int, size: int) -> None:
        self._book = TrueBook(seed, size)
        self._sent = self._book.levels(DEPTH)
        self._seq = 1000
        self.u = 500
        self.past: dict[tuple[int, int], Sides] = {}  # by (seq, u): what was true then

    def snapshot(self, restart: bool = False) -> bytes:
        self.u = 1 if restart else self.u + 1
        self._sent = self._book.levels(DEPTH)
        return self._message("snapshot", self._sent)

    def delta(self) -> bytes:
        self._book.step()
        self.u += 1
        before, self._sent = self._sent, self._book.levels(DEPTH)
        return self._message("delta", difference(before, self._sent))

    def crossed(self) -> bytes:
        """A delta with a bid above all asks: it is spoilt under way, so that the next one is right again."""
        self.delta()
        return self._message("delta", ([(9999.0, 1.0)], [(9998.0, 1.0)]))

    def _message(self, kind: str, sides: Sides) -> bytes:
        self._seq += 3
        self.past[self._seq, self.u] = self._sent
        data = {"s": SYMBOL, "b": texts(sides[0]), "a": texts(sides[1]), "u": self.u, "seq": self._seq}
        message = {"topic": f"orderbook.{DEPTH}.{SYMBOL}", "type": kind, "ts": self._seq, "data": data}
        return json.dumps(message | {"cts": self._seq}, separators=(",", ":")).encode()


def texts(levels: Levels) -> list[list[str]]:
    return [[f"{price:.2f}", f"{size:.3f}" if size else "0"] for price, size in levels]


class Wire:
    """What becomes of the exchange's messages on their way; `later` are those that were held back."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._before: bytes = exchange.delta()
        self._held: list[bytes] = []

    def messages(self, fault: str) -> list[bytes]:
        exchange, held = self._exchange, self._held
        self._held = []
        message = exchange.crossed() if fault == "crossed" else self._honest(fault)
        before, self._before = self._before, message
        if fault == "swap":
            self._held = [message]
            return held
        if fault == "late snapshot":
            self._held = [message]
            return [*held, exchange.delta(), exchange.delta()]
        sent = {"drop": [], "twice": [message] * 2, "old": [message, before], "spoilt": [message[:-9]]}
        return [*sent.get(fault, [message]), *held]

    def _honest(self, fault: str) -> bytes:
        if fault in ("snapshot", "late snapshot", "restart"):
            return self._exchange.snapshot(restart=fault == "restart")
        return self._exchange.delta()


class Reader:
    """A codec, a reader of its events, and the session's part: it does as it is told, a step later."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.codec = Codec(LINEAR)
        self.books = Books()
        self.ordered = False
        self.now = START

    @property
    def is_whole(self) -> bool:
        return SYMBOL in self.books.whole

    def read(self, frame: bytes) -> None:
        try:
            results = self.codec.receive(frame, self.now)
        except DecodeError:
            return
        check(results, self.now)
        self.books.read(results)
        self.ordered = self.ordered or any(isinstance(one, Resync) for one in results)
        for event in results:
            if isinstance(event, BookSnapshot | BookDelta):
                book, u = self.books.whole[SYMBOL]
                assert u == event.update_id
                assert u is not None
                assert event.ts_event is not None
                assert book.top(DEPTH) == self.exchange.past[event.ts_event // 1_000_000, u]

    def answer(self) -> None:
        """Subscribe anew, if that was ordered."""
        if self.ordered:
            self.ordered = False
            self.codec.unsubscribe([self.codec.book(SYMBOL, DEPTH)], 1)
            self.read(self.exchange.snapshot())


@given(SCRIPTS, st.integers(0, 1000), st.sampled_from([4, 60, 120]))
@settings(max_examples=cases(60, 150))
def test_a_book_that_is_whole_is_true_and_a_broken_one_recovers(
    script: list[str], seed: int, size: int
) -> None:
    exchange = Exchange(seed, size)
    wire, reader = Wire(exchange), Reader(exchange)
    reader.read(exchange.snapshot())
    for fault in script:
        reader.answer()
        reader.now += 30 * NS if fault == "silence" else STEP_NS
        for message in wire.messages(fault):
            reader.read(message)
    for _ in range(70 * NS // STEP_NS):  # the longest pause between two orders is a minute
        reader.answer()
        reader.now += STEP_NS
        for message in wire.messages("none"):
            reader.read(message)
    assert reader.is_whole
    assert reader.books.whole[SYMBOL][1] == exchange.u


def test_every_kind_of_fault_is_noticed() -> None:
    """The property above would hold for a codec that believes nothing, or for faults that do nothing."""
    noticed: dict[str, bool] = {}
    for fault in FAULTS:
        exchange = Exchange(7, 60)
        wire, reader = Wire(exchange), Reader(exchange)
        reader.read(exchange.snapshot())
        for each in ("none", fault, "none", "none"):
            for message in wire.messages(each):
                reader.read(message)
        noticed[fault] = not reader.is_whole
    harmless = {"twice", "snapshot", "restart", "old", "silence"}
    assert noticed == {fault: fault not in harmless for fault in FAULTS}
