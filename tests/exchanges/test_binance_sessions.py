"""Recorded Binance sessions, where this machine has them: they are not part of the project."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.exchanges._binance_rest import decode_depth
from actors.exchanges._binance_rules import FuturesRule, Rule, SpotRule
from actors.exchanges._binance_wire import DEPTH_UPDATE
from actors.exchanges.base import Fetch
from actors.exchanges.binance import Codec
from actors.market.book import Book
from actors.market.events import BookDelta, BookSnapshot, Gap
from tests.exchanges.binance_frames import NOW, SECOND, fetches, snapshot
from tests.thoroughness import cases

SESSIONS = Path(__file__).parents[3] / "shared" / "captures" / "sessions"
DEPTHS = ("@depth@100ms", "@depth@0ms")

pytestmark = [
    pytest.mark.captures,
    pytest.mark.skipif(not SESSIONS.is_dir(), reason=f"NO REAL FRAMES on this machine: {SESSIONS}"),
]


class Line(msgspec.Struct):
    """One line of a session. The answers of REST lie bare between the frames."""

    source: str
    frame: msgspec.Raw


class Expected(msgspec.Struct, frozen=True):
    """What a correct build of a session's book finds."""

    session: str
    symbol: str
    updates: int
    snapshot_id: int
    first_applied: tuple[int, int]
    dropped: int
    best_bid: float
    best_ask: float

    @property
    def market(self) -> str:
        return "spot" if "_spot_" in self.session else "linear"


SPOT_LONG, USDM_LONG = "binance_spot_btcusdt_20240808", "binance_usdm_btcusdt_20240808"
SPOT_SHORT, USDM_SHORT = "binance_spot_cryptofeed", "binance_usdm_cryptofeed"
EXPECTED = [
    Expected(SPOT_LONG, "BTCUSDT", 384, 50093239218, (50093239208, 50093239224), 2, 61836.8, 61836.81),
    Expected(SPOT_SHORT, "NKNUSDT", 150, 499869752, (499869753, 499869754), 1, 0.3527, 0.3531),
    Expected(SPOT_SHORT, "BLZETH", 10, 281916627, (281916628, 281916628), 1, 0.00006547, 0.0000656),
    Expected(USDM_LONG, "BTCUSDT", 313, 5123107852948, (5123107850310, 5123107853551), 4, 61809.5, 61809.6),
    Expected(USDM_SHORT, "SUSHIUSDT", 255, 600859605926, (600859605926, 600859607423), 3, 7.612, 7.616),
    Expected(USDM_SHORT, "AKROUSDT", 189, 600859605486, (600859603597, 600859605486), 1, 0.01734, 0.01735),
]
every_book = pytest.mark.parametrize("expected", EXPECTED, ids=lambda one: f"{one.session}-{one.symbol}")


class Recorded(msgspec.Struct):
    """One symbol's updates in order, and after how many of them its snapshot came."""

    updates: list[bytes]
    ids: list[tuple[int, int]]
    snapshot: bytes
    snapshot_after: int


def recorded(expected: Expected) -> Recorded:
    decode, found = msgspec.json.Decoder(Line).decode, Recorded([], [], b"", 0)
    for text in (SESSIONS / f"{expected.session}.jsonl").read_bytes().splitlines():
        line = decode(text)
        frame: dict[str, Any] = msgspec.json.decode(line.frame)
        if frame.get("stream", "").endswith(DEPTHS) and frame["data"]["s"] == expected.symbol:
            found.updates.append(bytes(line.frame))
            found.ids.append((frame["data"]["U"], frame["data"]["u"]))
        elif "lastUpdateId" in frame and expected.symbol in (
            re.findall(r"symbol=(\w+)", line.source) or "BTCUSDT"
        ):
            found.snapshot, found.snapshot_after = bytes(line.frame), len(found.updates)
    return found


class Reader:
    """Builds the book as whoever reads the codec's events builds it."""

    def __init__(self) -> None:
        self.book = Book()
        self.gaps: list[Gap] = []
        self.snapshots: list[BookSnapshot] = []
        self.deltas = 0
        self.whole = False

    def read(self, told: list[Any]) -> None:
        for event in told:
            if isinstance(event, BookSnapshot):
                self.book.load(event.bids, event.asks)
                self.snapshots.append(event)
                self.whole = True
            elif isinstance(event, BookDelta):
                assert self.whole
                self.book.update(event.bids, event.asks)
                self.deltas += 1
            elif isinstance(event, Gap):
                self.gaps.append(event)
                self.whole = False


class Truth:
    """The exchange's book as its updates make it, beginning with the recorded snapshot."""

    def __init__(self, session: Recorded) -> None:
        self.book = Book()
        answer = decode_depth(session.snapshot)
        self.book.load(answer.bids, answer.asks)
        self.last_id = answer.last_id

    def update(self, frame: bytes) -> None:
        """Absolute sizes: what the snapshot has already changes nothing that matters."""
        update = DEPTH_UPDATE.frame(frame).data
        if update.last_id >= self.last_id:
            self.book.update(update.bids, update.asks)
            self.last_id = update.last_id

    def snapshot(self) -> bytes:
        return snapshot(self.last_id, *self.book.top(1000))


def build(expected: Expected, session: Recorded) -> tuple[Reader, list[Fetch]]:
    """The recorded snapshot comes when it came, if it is ordered by then."""
    codec, reader, ordered = Codec(expected.market), Reader(), list[Fetch]()
    for number, frame in enumerate(session.updates):
        if number == session.snapshot_after:
            reader.read(codec.receive_fetched(ordered[0], session.snapshot, NOW + number))
        told = codec.receive(frame, NOW + number)
        ordered += fetches(told)
        reader.read(told)
    return reader, ordered


@every_book
def test_a_session_rebuilds_its_book_without_a_gap(expected: Expected) -> None:
    session = recorded(expected)
    reader, ordered = build(expected, session)
    assert len(session.updates) == expected.updates
    assert [fetch.symbol for fetch in ordered] == [expected.symbol]
    assert reader.gaps == []
    assert (reader.book.best_bid, reader.book.best_ask) == (expected.best_bid, expected.best_ask)
    [began] = reader.snapshots
    assert reader.deltas == sum(1 for _, last in session.ids if last > (began.update_id or 0))
    truth = Truth(session)
    for frame in session.updates:
        truth.update(frame)
    assert reader.book.top(200) == truth.book.top(200)


@every_book
def test_the_rules_join_a_session_where_it_must_be_joined(expected: Expected) -> None:
    session = recorded(expected)
    rule: Rule = SpotRule() if expected.market == "spot" else FuturesRule()
    snapshot_id = decode_depth(session.snapshot).last_id
    assert snapshot_id == expected.snapshot_id
    updates = [DEPTH_UPDATE.frame(frame).data for frame in session.updates]
    applied = [update for update in updates if not rule.precedes(update, snapshot_id)]
    assert len(updates) - len(applied) == expected.dropped
    assert (applied[0].first_id, applied[0].last_id) == expected.first_applied
    assert rule.meets(applied[0], snapshot_id)
    assert all(rule.follows(update, before.last_id) for before, update in pairwise(applied))


@every_book
def test_any_update_that_is_lost_is_noticed_and_mended(expected: Expected) -> None:
    """The last one of a session excepted: nothing comes after it that could tell. Every fifth is lost
    in its turn, and with `DEEP=1` every one."""
    session = recorded(expected)
    begin = expected.dropped + 1
    for lost in range(max(begin, session.snapshot_after), expected.updates - 1, cases(5, 1)):
        reader, truth = lose(expected, session, lost)
        assert [(gap.channel, gap.cause) for gap in reader.gaps] == [("book", "sequence")]
        assert reader.whole
        assert reader.book.top(200) == truth.book.top(200)


def lose(expected: Expected, session: Recorded, lost: int) -> tuple[Reader, Truth]:
    """A session without one of its updates, until a little later. Orders are answered by the truth."""
    codec, reader, truth, ordered = Codec(expected.market), Reader(), Truth(session), list[Fetch]()
    for number, frame in enumerate(session.updates[: lost + 10]):
        now = NOW + number * SECOND
        truth.update(frame)
        if number == session.snapshot_after:
            reader.read(codec.receive_fetched(ordered[0], session.snapshot, now))
        if number != lost:
            told = codec.receive(frame, now)
            reader.read(told)
            ordered += fetches(told)
            if number > lost and fetches(told):
                reader.read(codec.receive_fetched(ordered[-1], truth.snapshot(), now))
    return reader, truth
