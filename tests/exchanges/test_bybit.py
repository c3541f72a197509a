"""Bybit's rules in plain examples; the golden folder holds the rest of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.exchanges.base import (
    BOOK,
    CANDLES,
    CHANNELS,
    LIQUIDATIONS,
    QUOTE,
    TICKER,
    TRADES,
    Acknowledged,
    Refused,
)
from actors.exchanges.base import Codec as Contract
from actors.exchanges.bybit import Codec
from actors.market.events import Quote, TickerUpdate
from actors.market.instrument import LINEAR, SPOT
from actors.runtime.errors import DecodeError

NOW = 1_800_000_000_000_000_000


def ticker(symbol: str = "XYZUSDT", kind: str = "snapshot", **data: Any) -> bytes:
    message = {
        "topic": f"tickers.{symbol}",
        "type": kind,
        "data": {"symbol": symbol} | data,
        "ts": 1_700_000_000_001,
    }
    return json.dumps(message).encode()


def book(bids: list[list[str]], asks: list[list[str]], u: int, **more: Any) -> bytes:
    data = {"s": "XYZUSDT", "b": bids, "a": asks, "u": u, "seq": 1}
    message = {"topic": "orderbook.1.XYZUSDT", "ts": 1_700_000_000_002, "type": "snapshot", "data": data}
    return json.dumps(message | more).encode()


def answer(success: bool, reason: str, **more: Any) -> bytes:
    return json.dumps({"success": success, "ret_msg": reason, "op": "subscribe"} | more).encode()


def values(codec: Codec, frame: bytes) -> dict[str, Any]:
    [update] = codec.receive(frame, NOW)
    assert isinstance(update, TickerUpdate)
    return update.values


def test_it_keeps_the_contract() -> None:
    codec: Contract = Codec(LINEAR)
    assert (codec.exchange, codec.title, codec.markets) == ("bybit", "Bybit", ("linear", "spot"))
    assert not codec.drops_on_unknown_topic


# --- Asking --------------------------------------------------------------------------------------------


def test_addresses_and_limits() -> None:
    linear, spot = Codec(LINEAR), Codec(SPOT)
    assert linear.stream_url + linear.stream_path("") == "wss://stream.bybit.com/v5/public/linear"
    assert spot.stream_url + spot.stream_path("") == "wss://stream.bybit.com/v5/public/spot"
    assert linear.rest_url == "https://api.bybit.com"
    assert (linear.limits.topics_per_request, spot.limits.topics_per_request) == (200, 10)
    for codec in (linear, spot):
        assert codec.limits.topic_chars_per_connection == 20_000
        assert codec.limits.lifetime_s is None
        assert codec.ping_every_s == 20.0
        assert json.loads(codec.ping()) == {"op": "ping"}


def test_topics() -> None:
    linear, spot = Codec(LINEAR).topics("XYZUSDT", CHANNELS), Codec(SPOT).topics("XYZUSDT", CHANNELS)
    assert [(topic.name, topic.channel, topic.steady, topic.greets) for topic in linear] == [
        ("tickers.XYZUSDT", TICKER, True, True),
        ("publicTrade.XYZUSDT", TRADES, False, False),
        ("allLiquidation.XYZUSDT", LIQUIDATIONS, False, False),
        ("kline.1.XYZUSDT", CANDLES, False, False),
    ]
    assert [(topic.name, topic.channel, topic.steady, topic.greets) for topic in spot] == [
        ("tickers.XYZUSDT", TICKER, False, True),
        ("orderbook.1.XYZUSDT", QUOTE, True, True),
        ("publicTrade.XYZUSDT", TRADES, False, False),
        ("kline.1.XYZUSDT", CANDLES, False, False),
    ]


@pytest.mark.parametrize(("depth", "level"), [(1, 50), (50, 50), (51, 200), (200, 200), (5000, 200)])
def test_a_book_is_the_smallest_that_suffices(depth: int, level: int) -> None:
    topic = Codec(LINEAR).book("XYZUSDT", depth)
    assert (topic.name, topic.channel, topic.greets) == (f"orderbook.{level}.XYZUSDT", BOOK, True)
    assert not topic.steady


def test_requests() -> None:
    codec = Codec(SPOT)
    topics = codec.topics("XYZUSDT", [QUOTE, TICKER])
    names = ["tickers.XYZUSDT", "orderbook.1.XYZUSDT"]
    assert json.loads(codec.subscribe(topics, 7)) == {"req_id": "7", "op": "subscribe", "args": names}
    assert json.loads(codec.unsubscribe(topics, 8)) == {"req_id": "8", "op": "unsubscribe", "args": names}


def test_answers() -> None:
    codec = Codec(LINEAR)
    assert codec.receive(answer(True, "", req_id="7"), NOW) == [Acknowledged(7)]
    assert codec.receive(answer(True, "subscribe"), NOW) == []
    assert codec.receive(answer(True, "pong", op="ping", req_id="7"), NOW) == []
    reason = "error:handler not found,topic:tickers.NOPEUSDT"
    assert codec.receive(answer(False, reason, req_id="7"), NOW) == [Refused(reason, 7, "tickers.NOPEUSDT")]
    reason = "error:already subscribed,topic:tickers.XYZUSDT"
    assert codec.receive(answer(False, reason, req_id="7"), NOW) == [Acknowledged(topic="tickers.XYZUSDT")]
    reason = "Invalid symbol :[tickers.NOPEUSDT]"
    assert Codec(SPOT).receive(answer(False, reason, req_id="7"), NOW) == [
        Refused(reason, 7, "tickers.NOPEUSDT")
    ]
    assert Codec(SPOT).receive(answer(False, "args size >10"), NOW) == [Refused("args size >10")]
    assert codec.heard == {}


# --- Tickers -------------------------------------------------------------------------------------------


def test_absent_is_unchanged_and_empty_is_nothing() -> None:
    codec = Codec(LINEAR)
    assert values(codec, ticker(lastPrice="7.10", fundingRate="-0.0001")) == {
        "price": 7.1,
        "funding_rate": -0.0001,
    }
    assert values(codec, ticker(kind="delta", fundingRate="")) == {"funding_rate": None}
    assert values(codec, ticker(kind="delta", markPrice="0")) == {"mark_price": None}


def test_a_delta_before_its_snapshot_is_neither_used_nor_heard() -> None:
    codec = Codec(LINEAR)
    assert codec.receive(ticker(kind="delta", lastPrice="7"), NOW) == []
    assert codec.heard == {}
    codec.receive(ticker(lastPrice="7"), NOW)
    assert codec.receive(ticker(kind="delta", openInterestValue="7"), NOW + 1) == []
    assert codec.heard == {"tickers.XYZUSDT": NOW + 1}


def test_a_snapshot_that_is_refused_is_no_snapshot() -> None:
    codec = Codec(LINEAR)
    for bad in ({"lastPrice": "-7"}, {"openInterest": "nan"}, {"singleOpenInterest": "-1"}):
        with pytest.raises(DecodeError):
            codec.receive(ticker(**bad), NOW)
        assert codec.receive(ticker(kind="delta", lastPrice="7"), NOW) == []
    assert codec.heard == {}


@pytest.mark.parametrize(
    ("fraction", "percent"),
    [("0.017103", 1.7103), ("-0.158315", -15.8315), ("0.0007", 0.07), ("0", 0.0), ("1", 100.0), ("", None)],
)
def test_change_is_percent_without_noise(fraction: str, percent: float | None) -> None:
    assert values(Codec(LINEAR), ticker(price24hPcnt=fraction)) == {"change_24h": percent}


def test_times_are_nanoseconds() -> None:
    [update] = Codec(LINEAR).receive(ticker(nextFundingTime="1700006400000"), NOW)
    assert isinstance(update, TickerUpdate)
    assert update.values == {"next_funding_ts": 1_700_006_400_000_000_000}
    assert (update.ts_event, update.ts_recv) == (1_700_000_000_001_000_000, NOW)


def test_open_interest_counts_one_side() -> None:
    codec = Codec(LINEAR)
    assert values(codec, ticker(openInterest="200")) == {"open_interest": 100.0}
    assert values(codec, ticker(kind="delta", openInterest="204", singleOpenInterest="99")) == {
        "open_interest": 99.0
    }
    assert codec.receive(ticker(kind="delta", openInterest="206"), NOW) == []
    assert values(codec, ticker("QRSUSDT", openInterest="206")) == {"open_interest": 103.0}


def test_a_side_without_a_price_has_no_size() -> None:
    codec = Codec(LINEAR)
    assert values(codec, ticker(bid1Price="", bid1Size="5")) == {"bid": None, "bid_size": None}
    assert values(codec, ticker(kind="delta", ask1Price="0")) == {"ask": None, "ask_size": None}
    assert values(codec, ticker(kind="delta", ask1Size="0")) == {"ask_size": None}


def test_the_dollar_price_of_a_coin_is_not_an_index() -> None:
    assert values(Codec(SPOT), ticker(lastPrice="7", usdIndexPrice="7.01")) == {"price": 7.0}


@pytest.mark.parametrize("field", ["lastPrice", "bid1Size", "volume24h", "fundingRate", "openInterest"])
@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "1e400", "seven"])
def test_numbers_that_are_none_are_refused(field: str, text: str) -> None:
    with pytest.raises(DecodeError):
        Codec(LINEAR).receive(ticker(**{field: text}), NOW)


def test_an_error_does_not_repeat_a_whole_frame() -> None:
    with pytest.raises(DecodeError) as caught:
        Codec(LINEAR).receive(ticker(lastPrice="x" * 100_000), NOW)
    assert len(str(caught.value)) <= 200


# --- Quotes --------------------------------------------------------------------------------------------


def test_a_level_one_snapshot_is_a_quote() -> None:
    codec = Codec(SPOT)
    frame = book([["7", "1"]], [["7.5", "2"]], 9, cts=1_700_000_000_000)
    assert codec.receive(frame, NOW) == [Quote("XYZUSDT", 7.0, 1.0, 7.5, 2.0, 1_700_000_000_000_000_000, NOW)]
    assert codec.receive(book([], [["7.5", "2"]], 10), NOW) == [
        Quote("XYZUSDT", None, None, 7.5, 2.0, 1_700_000_000_002_000_000, NOW)
    ]


def test_a_repeated_book_says_that_the_same_is_still_true() -> None:
    """As of when it was repeated: without it, the quote of a quiet market would look stale."""
    codec = Codec(SPOT)
    codec.receive(book([["7", "1"]], [["7.5", "2"]], 9, cts=1_700_000_000_000), NOW)
    repeated = codec.receive(book([["7", "1"]], [["7.5", "2"]], 9, cts=1_700_000_000_000), NOW + 3)
    assert repeated == [Quote("XYZUSDT", 7.0, 1.0, 7.5, 2.0, 1_700_000_000_002_000_000, NOW + 3)]
    assert codec.heard == {"orderbook.1.XYZUSDT": NOW + 3}


def test_linear_level_one_is_understood_too() -> None:
    frame = book([["7", "1"]], [["7.5", "2"]], 9, cts=1_700_000_000_000)
    assert [type(event) for event in Codec(LINEAR).receive(frame, NOW)] == [Quote]


def test_a_level_one_delta_is_of_another_time() -> None:
    """Level 1 has sent nothing but snapshots since 2025."""
    codec = Codec(SPOT)
    assert codec.receive(book([["7", "1"]], [], 9, type="delta"), NOW) == []
    assert codec.heard == {}


@pytest.mark.parametrize("topic", ["orderbook.rpi.XYZUSDT", "orderbook.full.XYZUSDT", "orderbook.5.XYZUSDT"])
def test_other_books_are_heard_and_yield_nothing(topic: str) -> None:
    codec = Codec(SPOT)
    assert codec.receive(book([["7", "1"]], [["7.5", "2"]], 9, topic=topic), NOW) == []
    assert codec.heard == {topic: NOW}
