"""Hyperliquid's trades, books and candles in plain examples: what the golden frames do not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.exchanges.base import Command, Fetch, Resync
from actors.exchanges.hyperliquid import Codec
from actors.market.book import Book
from actors.market.events import BookDelta, BookSnapshot, Candle, Event, Gap, Trade, TradesRecovered
from tests.exchanges.checks import Books, check

NS_PER_S = 1_000_000_000
NOW_MS = 1_700_000_000_000
NOW = NOW_MS * 1_000_000
MINUTE_MS = NOW_MS // 60_000 * 60_000
SESSION = Path(__file__).parents[3] / "shared/captures/sessions/hyperliquid_main_btc_20250126_a.jsonl"

Said = list[Event | Command]


def frame(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


def trade(time: int, tid: int, px: str = "100", side: str = "B", coin: str = "BTC") -> dict[str, Any]:
    return {"coin": coin, "side": side, "px": px, "sz": "1.5", "time": time, "tid": tid}


def book(time: int, bid: float, ask: float, coin: str = "BTC") -> bytes:
    sides = [[{"px": f"{price}", "sz": "1", "n": 1}] for price in (bid, ask)]
    return frame("l2Book", {"coin": coin, "time": time, "levels": sides})


def candle(start_ms: int, close: float = 10.0, interval: str = "1m", coin: str = "BTC") -> dict[str, Any]:
    prices = {"o": "10", "h": "20", "l": "5", "c": f"{close}"}
    return {"t": start_ms, "T": start_ms + 59_999, "s": coin, "i": interval, "v": "7", "n": 3} | prices


def ended(kind: str, coin: str = "BTC") -> bytes:
    echo = {"method": "unsubscribe", "subscription": {"type": kind, "coin": coin, "nSigFigs": None}}
    return frame("subscriptionResponse", echo)


def trades_of(said: Said) -> list[Trade]:
    return [each for each in said if isinstance(each, Trade)]


# --- Trades ---


def test_the_past_is_marked_and_its_end_is_told() -> None:
    codec = Codec("linear")
    past = [trade(NOW_MS - 100 + number, number) for number in range(30)]
    told = codec.receive(frame("trades", past), NOW)
    assert [each.trade_id for each in trades_of(told)] == [str(number) for number in range(30)]
    assert all(each.backfill for each in trades_of(told))
    assert told[-1] == TradesRecovered("BTC", (NOW_MS - 100) * 1_000_000, whole=True)
    now = codec.receive(frame("trades", [trade(NOW_MS, 99)]), NOW)
    assert [each.backfill for each in trades_of(now)] == [False]
    assert not any(isinstance(each, TradesRecovered) for each in now)


def test_each_coin_has_a_past_of_its_own() -> None:
    codec = Codec("linear")
    codec.receive(frame("trades", [trade(NOW_MS, 1)]), NOW)
    told = codec.receive(frame("trades", [trade(NOW_MS, 2), trade(NOW_MS, 3, coin="ETH")]), NOW)
    assert {each.symbol: each.backfill for each in trades_of(told)} == {"BTC": False, "ETH": True}
    assert [each.symbol for each in told if isinstance(each, TradesRecovered)] == ["ETH"]


@pytest.mark.parametrize("others", [["bbo"], ["l2Book"], []])
def test_only_the_end_of_its_own_subscription_brings_the_past_again(others: list[str]) -> None:
    codec = Codec("linear")
    codec.receive(frame("trades", [trade(NOW_MS, 1)]), NOW)
    for kind in others:
        codec.receive(ended(kind), NOW)
    codec.receive(ended("trades", "ETH"), NOW)
    assert not trades_of(codec.receive(frame("trades", [trade(NOW_MS, 2)]), NOW))[0].backfill
    codec.receive(ended("trades"), NOW)
    assert trades_of(codec.receive(frame("trades", [trade(NOW_MS, 2)]), NOW))[0].backfill


def test_trades_of_one_block_keep_their_order_over_several_frames() -> None:
    codec = Codec("linear")
    first = codec.receive(frame("trades", [trade(NOW_MS - 1, 50), trade(NOW_MS, 900), trade(NOW_MS, 3)]), NOW)
    second = codec.receive(frame("trades", [trade(NOW_MS, 500), trade(NOW_MS + 1, 2)]), NOW)
    assert [each.order for each in trades_of(first + second)] == [0, 0, 1, 2, 0]


def test_a_trade_that_comes_again_keeps_its_order() -> None:
    codec = Codec("linear")
    frames = [frame("trades", [trade(NOW_MS, 900), trade(NOW_MS, 3, "101")])] * 2
    once, again = [trades_of(codec.receive(each, NOW)) for each in frames]
    assert [each.order for each in once] == [each.order for each in again] == [0, 1]


def test_nothing_is_to_be_asked_about_missed_trades() -> None:
    assert Codec("linear").missed_trades("BTC") is None


# --- Books ---


def test_any_depth_is_the_same_stream() -> None:
    codec = Codec("linear")
    assert {codec.book("BTC", depth).name for depth in (1, 20, 200)} == {"l2Book:BTC"}


def test_a_book_that_has_not_changed_is_a_beat() -> None:
    codec = Codec("linear")
    codec.receive(book(NOW_MS, 99, 101), NOW)
    assert codec.receive(book(NOW_MS + 500, 99, 101), NOW + 1) == [
        BookDelta("BTC", [], [], None, (NOW_MS + 500) * 1_000_000, NOW + 1)
    ]
    assert codec.heard["l2Book:BTC"] == NOW + 1


def test_a_late_frame_is_not_heard() -> None:
    codec = Codec("linear")
    codec.receive(book(NOW_MS, 99, 101), NOW)
    assert codec.receive(book(NOW_MS - 1, 90, 110), NOW + 1) == []
    assert codec.heard["l2Book:BTC"] == NOW


def test_a_book_that_stays_crossed_is_renewed_in_growing_pauses() -> None:
    codec = Codec("linear")
    gaps, orders = 0, []
    for tenth in range(1000):
        for said in codec.receive(book(NOW_MS + tenth, 101, 100), NOW + tenth * NS_PER_S // 10):
            gaps += isinstance(said, Gap)
            if isinstance(said, Resync):
                assert said.topic == "l2Book:BTC"
                orders.append(tenth / 10)
    assert gaps == 1
    assert orders == [0, 1, 3, 7, 15, 31, 63]


def test_a_broken_book_concerns_no_other() -> None:
    codec = Codec("linear")
    codec.receive(book(NOW_MS, 99, 101), NOW)
    assert isinstance(codec.receive(book(NOW_MS, 101, 100, "ETH"), NOW)[0], Gap)
    assert isinstance(codec.receive(book(NOW_MS + 1, 99, 102), NOW)[0], BookSnapshot)


def test_after_a_gap_even_an_unchanged_book_is_told_whole() -> None:
    codec = Codec("linear")
    for time, bid in ((0, 99), (1, 102), (2, 99)):
        told = codec.receive(book(NOW_MS + time, bid, 101), NOW)
    assert isinstance(told[0], BookSnapshot)


PRICES = st.integers(90, 110).map(float)
FRAMES = st.lists(st.tuples(st.integers(0, 20), PRICES, PRICES, st.booleans()), max_size=30)


@given(FRAMES)
def test_a_reader_has_the_newest_good_book_or_knows_better(
    frames: list[tuple[int, float, float, bool]],
) -> None:
    """Frames that are late, crossed or repeated, and subscriptions that end, in any order."""
    codec, readers = Codec("linear"), Books()
    newest, truth = -1, None
    for number, (time, bid, ask, leaves) in enumerate(frames):
        said = codec.receive(book(NOW_MS + time, bid, ask), NOW + number)
        check(said, NOW + number)
        readers.read(said)
        if time >= newest:
            newest, truth = time, (bid, ask) if bid < ask else None
        known = readers.whole.get("BTC")
        assert (known and best(known[0])) == truth
        if leaves:
            codec.receive(ended("l2Book"), NOW)
            newest = -1


def best(known: Book) -> tuple[float | None, float | None]:
    return known.best_bid, known.best_ask


# --- Candles ---


def asked(said: Said) -> list[Fetch]:
    return [each for each in said if isinstance(each, Fetch) and each.tag == "past"]


def test_the_last_minutes_are_asked_as_soon_as_the_time_is_known() -> None:
    codec = Codec("linear")
    assert codec.candles("BTC") is None
    told = frame("activeAssetCtx", {"coin": "BTC", "ctx": {"markPx": "1"}})
    (fetch,) = asked(codec.receive(told, NOW))
    assert asked(codec.receive(told, NOW)) == []
    range_ = {"coin": "BTC", "interval": "1m", "startTime": NOW_MS - 500 * 60_000, "endTime": NOW_MS}
    assert json.loads(fetch.body or b"") == {"type": "candleSnapshot", "req": range_}
    assert codec.candles("BTC") == fetch
    assert asked(codec.receive(told, NOW)) == []


def test_nobody_asks_for_what_nobody_wants() -> None:
    told = frame("activeAssetCtx", {"coin": "BTC", "ctx": {"markPx": "1"}})
    assert asked(Codec("linear").receive(told, NOW)) == []


def test_the_last_row_of_an_answer_is_open_until_its_minute_is_long_over() -> None:
    fetch = Fetch("past", "/info", "BTC")
    rows = [candle(MINUTE_MS - 60_000, 11), candle(MINUTE_MS, 12)]
    for later_s, closed in ((0, False), (90, False), (200, True)):
        told = Codec("linear").receive_fetched(fetch, json.dumps(rows).encode(), NOW + later_s * NS_PER_S)
        check(told, NOW + later_s * NS_PER_S)
        found = [each for each in told if isinstance(each, Candle)]
        assert [(each.close, each.closed) for each in found] == [(11.0, True), (12.0, closed)]
        assert [each.start_ns for each in found] == [(MINUTE_MS - 60_000) * 1_000_000, MINUTE_MS * 1_000_000]


def test_rows_of_another_interval_or_without_a_price_are_none() -> None:
    rows = [candle(MINUTE_MS, interval="1h"), candle(MINUTE_MS, 0.0)]
    fetch = Fetch("past", "/info", "BTC")
    assert Codec("linear").receive_fetched(fetch, json.dumps(rows).encode(), NOW) == []


def test_what_was_not_asked_means_nothing() -> None:
    assert Codec("linear").receive_fetched(Fetch("strange", "/info", "BTC"), b"[]", NOW) == []


# --- A recorded session ---


def recorded() -> list[bytes]:
    return [json.dumps(json.loads(line)["frame"]).encode() for line in SESSION.read_bytes().splitlines()]


def books_of(codec: Codec, frames: list[bytes]) -> list[tuple[Book, Said]]:
    """The reader's book after every frame of a book, and what the codec said."""
    readers, found = Books(), []
    for number, each in enumerate(frames):
        said = codec.receive(each, NOW + number)
        readers.read(said)
        if b'"l2Book"' in each:
            found.append((readers.whole["BTC"][0], said))
    return found


@pytest.mark.captures
@pytest.mark.skipif(not SESSION.is_file(), reason=f"NO REAL FRAMES on this machine: {SESSION}")
def test_every_book_of_a_recorded_session_is_rebuilt() -> None:
    frames = recorded()
    wanted = [json.loads(each)["data"]["levels"] for each in frames if b'"l2Book"' in each]
    found = books_of(Codec("linear"), frames)
    assert len(found) == len(wanted) == 24
    for (known, said), levels in zip(found, wanted, strict=True):
        assert not any(isinstance(each, Gap | Resync) for each in said)
        sides = [[(float(level["px"]), float(level["sz"])) for level in side] for side in levels]
        assert list(known.top(20)) == sides
    assert (found[-1][0].best_bid, found[-1][0].best_ask) == (105055.0, 105056.0)


@pytest.mark.captures
@pytest.mark.skipif(not SESSION.is_file(), reason=f"NO REAL FRAMES on this machine: {SESSION}")
def test_any_one_frame_of_a_recorded_session_can_be_missed() -> None:
    """Every frame is whole: the next one mends what the missing one would have told."""
    frames = recorded()
    last = list(books_of(Codec("linear"), frames)[-1][0].top(20))
    for missing in range(len(frames) - 1):
        rest = frames[:missing] + frames[missing + 1 :]
        assert list(books_of(Codec("linear"), rest)[-1][0].top(20)) == last


@pytest.mark.captures
@pytest.mark.skipif(not SESSION.is_file(), reason=f"NO REAL FRAMES on this machine: {SESSION}")
def test_the_trades_of_a_recorded_session() -> None:
    codec, found = Codec("linear"), list[Trade]()
    for number, each in enumerate(recorded()):
        found += trades_of(codec.receive(each, NOW + number))
    assert [each.backfill for each in found] == [True] * 30 + [False] * 2
    assert len({each.trade_id for each in found}) == 32
    moments = [(each.ts_event, each.order) for each in found]
    assert moments == sorted(set(moments))
