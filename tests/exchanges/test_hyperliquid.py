"""Hyperliquid's rules in plain examples: what the golden frames do not say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.exchanges.base import Command, Fetch
from actors.exchanges.hyperliquid import Codec
from actors.market.events import Event, TickerUpdate
from actors.runtime.errors import DecodeError

HOUR_MS = 3_600_000
HOUR_NS = HOUR_MS * 1_000_000
NOW_MS = 1_700_000_000_000  # 22:13:20 UTC
NOW = NOW_MS * 1_000_000
THIS_HOUR_MS = NOW_MS // HOUR_MS * HOUR_MS
MINUTE_MS = NOW_MS // 60_000 * 60_000


def frame(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


def context(coin: str = "BTC", **ctx: Any) -> bytes:
    told = {"markPx": "100.0", "midPx": "101.0", "prevDayPx": "80.0", "funding": "0.00001"} | ctx
    return frame("activeAssetCtx", {"coin": coin, "ctx": told})


def candle(
    start_ms: int, high: float, low: float, coin: str = "BTC", interval: str = "1h", close: float = 0.0
) -> dict[str, Any]:
    prices = {"o": f"{low}", "h": f"{high}", "l": f"{low}", "c": f"{close or high}"}
    return {"t": start_ms, "T": start_ms + 1, "s": coin, "i": interval, "v": "1.5", "n": 3} | prices


def trade(px: str, time: int, tid: int) -> dict[str, Any]:
    return {"coin": "BTC", "side": "A", "px": px, "sz": "1", "time": time, "tid": tid}


def asked(meanings: list[Event | Command]) -> list[Fetch]:
    return [meaning for meaning in meanings if isinstance(meaning, Fetch)]


def values(meanings: list[Event | Command] | list[Event]) -> dict[str, Any]:
    """All ticker values of one answer."""
    found: dict[str, Any] = {}
    for meaning in meanings:
        if isinstance(meaning, TickerUpdate):
            found |= meaning.values
    return found


def seeded(*candles: dict[str, Any]) -> Codec:
    """A codec that asked for the day and was answered."""
    codec = Codec("linear")
    (fetch,) = asked(codec.receive(context(), NOW))
    codec.receive_fetched(fetch, json.dumps(candles).encode(), NOW)
    return codec


# --- Requests ---


def test_both_markets_share_an_address() -> None:
    for market in Codec.markets:
        codec = Codec(market)
        assert codec.stream_url + codec.stream_path("") == "wss://api.hyperliquid.xyz/ws"


def test_both_markets_together_stay_below_the_limits_of_one_address() -> None:
    linear, spot = Codec("linear").limits, Codec("spot").limits
    assert (linear.topics_per_market or 0) + (spot.topics_per_market or 0) <= 1000
    assert linear.fetch_weight_per_min + spot.fetch_weight_per_min <= 1200


def test_a_request_holds_one_subscription() -> None:
    codec = Codec("linear")
    topics = [*codec.topics("xyz:NVDA", codec.offers), codec.book("xyz:NVDA", 20)]
    requests = [json.loads(codec.subscribe([topic], 1)) for topic in topics]
    assert requests == [
        {"method": "subscribe", "subscription": {"type": "activeAssetCtx", "coin": "xyz:NVDA"}},
        {"method": "subscribe", "subscription": {"type": "bbo", "coin": "xyz:NVDA"}},
        {"method": "subscribe", "subscription": {"type": "trades", "coin": "xyz:NVDA"}},
        {"method": "subscribe", "subscription": {"type": "candle", "coin": "xyz:NVDA", "interval": "1m"}},
        {"method": "subscribe", "subscription": {"type": "l2Book", "coin": "xyz:NVDA"}},
    ]
    assert json.loads(codec.unsubscribe(topics, 1))["method"] == "unsubscribe"
    assert json.loads(codec.ping()) == {"method": "ping"}


def test_the_context_and_the_book_repeat_themselves() -> None:
    codec = Codec("linear")
    topics = [*codec.topics("BTC", codec.offers), codec.book("BTC", 1)]
    assert [topic.name for topic in topics if topic.steady] == ["activeAssetCtx:BTC", "l2Book:BTC"]


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        ({"ticker"}, {"activeAssetCtx:BTC": "ticker", "candle:BTC:1m": "ticker"}),
        ({"ticker", "trades"}, {"activeAssetCtx:BTC": "ticker", "trades:BTC": "trades"}),
        ({"ticker", "candles"}, {"activeAssetCtx:BTC": "ticker", "candle:BTC:1m": "candles"}),
        ({"trades", "candles"}, {"trades:BTC": "trades", "candle:BTC:1m": "candles"}),
        ({"quote", "book", "liquidations"}, {"bbo:BTC": "quote"}),
    ],
)
def test_no_topic_is_subscribed_that_nobody_needs(channels: set[str], names: dict[str, str]) -> None:
    """The budget is 1000 for all: a price needs one of trades and candles."""
    topics = Codec("linear").topics("BTC", channels)
    assert {topic.name: topic.channel for topic in topics} == names


def test_every_topic_is_heard_under_its_own_name() -> None:
    codec = Codec("spot")
    codec.receive(frame("activeSpotAssetCtx", {"coin": "@107", "ctx": {}}), NOW)
    codec.receive(frame("bbo", {"coin": "@107", "time": 1, "bbo": [None, None]}), NOW)
    codec.receive(frame("trades", [trade("1.5", 1, 1) | {"coin": "@107"}]), NOW)
    codec.receive(frame("candle", candle(THIS_HOUR_MS, 2, 1, "@107", "1m")), NOW)
    codec.receive(frame("l2Book", {"coin": "@107", "time": 1, "levels": [[], []]}), NOW)
    topics = [*codec.topics("@107", codec.offers), codec.book("@107", 20)]
    assert set(codec.heard) == {topic.name for topic in topics}


def test_answers_are_not_heard() -> None:
    codec = Codec("linear")
    echo = {"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}}
    codec.receive(frame("subscriptionResponse", echo), NOW)
    codec.receive(frame("error", "Too many subscriptions"), NOW)
    codec.receive(b'{"channel":"pong"}', NOW)
    assert codec.heard == {}


# --- Price and change ---


def test_the_price_is_the_last_trade_else_the_mid_else_the_mark() -> None:
    codec = Codec("linear")
    assert values(codec.receive(context(midPx=None), NOW))["price"] == 100.0
    assert values(codec.receive(context(), NOW))["price"] == 101.0
    codec.receive(frame("trades", [trade("120.0", NOW_MS, 1)]), NOW)
    assert values(codec.receive(context(), NOW))["price"] == 120.0


def test_the_change_follows_the_price_and_the_price_of_the_day_before() -> None:
    codec = Codec("linear")
    codec.receive(context(), NOW)
    assert values(codec.receive(frame("trades", [trade("120.0", NOW_MS, 1)]), NOW))["change_24h"] == 50.0
    assert values(codec.receive(context(prevDayPx="100.0"), NOW))["change_24h"] == 20.0
    assert values(codec.receive(context(prevDayPx="0.0"), NOW))["change_24h"] is None
    assert values(codec.receive(context(prevDayPx=None), NOW))["change_24h"] is None


def test_funding_is_paid_at_the_next_full_hour() -> None:
    found = values(Codec("linear").receive(context(), NOW))
    assert found["next_funding_ts"] == (THIS_HOUR_MS + HOUR_MS) * 1_000_000
    assert found["funding_interval_h"] == 1.0
    on_the_hour = values(Codec("linear").receive(context(), THIS_HOUR_MS * 1_000_000))
    assert on_the_hour["next_funding_ts"] == found["next_funding_ts"]


def test_spot_has_a_mark_and_nothing_of_perpetuals() -> None:
    told = frame("activeSpotAssetCtx", {"coin": "@107", "ctx": {"markPx": "2.5", "midPx": None}})
    found = values(Codec("spot").receive(told, NOW))
    assert (found["price"], found["mark_price"]) == (2.5, 2.5)
    assert not found.keys() & {"funding_rate", "next_funding_ts", "open_interest", "index_price"}


# --- High and low ---


def test_the_first_context_of_a_coin_asks_for_its_day() -> None:
    codec = Codec("linear")
    assert codec.fetches(["BTC"], "") == []
    (fetch,) = asked(codec.receive(context(), NOW))
    assert fetch.symbol == "BTC"
    assert fetch.path == "/info"
    assert json.loads(fetch.body or b"") == {
        "type": "candleSnapshot",
        "req": {"coin": "BTC", "interval": "1h", "startTime": NOW_MS - 25 * HOUR_MS, "endTime": NOW_MS},
    }
    assert asked(codec.receive(context(), NOW + 1)) == []
    assert [fetch.symbol for fetch in asked(codec.receive(context("ETH"), NOW + 1))] == ["ETH"]


def test_a_day_is_24_candles_and_the_oldest_of_25_is_dropped() -> None:
    codec = Codec("linear")
    (fetch,) = asked(codec.receive(context(), NOW))
    rows = [candle(THIS_HOUR_MS - back * HOUR_MS, 100 + back, 100 - back) for back in range(25)]
    found = codec.receive_fetched(fetch, json.dumps(rows).encode(), NOW)
    assert values(found) == {"high_24h": 123.0, "low_24h": 77.0}


def test_a_day_without_candles_has_no_high_and_low() -> None:
    codec = Codec("linear")
    (fetch,) = asked(codec.receive(context(), NOW))
    assert values(codec.receive_fetched(fetch, b"[]", NOW)) == {"high_24h": None, "low_24h": None}


def test_the_trades_go_on_where_the_answer_ended() -> None:
    codec = seeded(candle(THIS_HOUR_MS, 110, 90))
    inside = codec.receive(frame("trades", [trade("105", NOW_MS, 1)]), NOW)
    assert "high_24h" not in values(inside)
    told = codec.receive(frame("trades", [trade("111", NOW_MS, 2), trade("95", NOW_MS, 3)]), NOW)
    assert values(told) == {"price": 95.0, "change_24h": 18.75, "high_24h": 111.0, "low_24h": 90.0}


def test_a_trade_of_another_hour_belongs_to_that_hour() -> None:
    codec = seeded(candle(THIS_HOUR_MS, 110, 90))
    codec.receive(frame("trades", [trade("200", NOW_MS - 20 * HOUR_MS, 1)]), NOW)
    later = codec.receive(context(), NOW + 5 * HOUR_NS)
    assert values(later)["high_24h"] == 110.0


def test_without_trades_the_candles_go_on_where_the_answer_ended() -> None:
    codec = seeded(candle(THIS_HOUR_MS, 110, 90))
    inside = codec.receive(frame("candle", candle(MINUTE_MS, 105, 95, interval="1m", close=104)), NOW)
    assert values(inside) == {"price": 104.0, "change_24h": 30.0}
    told = codec.receive(frame("candle", candle(MINUTE_MS, 111, 90, interval="1m", close=104)), NOW)
    assert values(told) == {"high_24h": 111.0, "low_24h": 90.0}


def test_an_answer_that_was_overtaken_takes_nothing_back() -> None:
    codec = Codec("linear")
    (fetch,) = asked(codec.receive(context(), NOW))
    early = codec.receive(frame("trades", [trade("130", NOW_MS, 1), trade("90", NOW_MS, 2)]), NOW)
    assert "high_24h" not in values(early)
    found = codec.receive_fetched(fetch, json.dumps([candle(THIS_HOUR_MS, 120, 95)]).encode(), NOW)
    assert values(found) == {"high_24h": 130.0, "low_24h": 90.0}


def test_the_window_slides_where_nothing_is_traded() -> None:
    codec = seeded(candle(THIS_HOUR_MS - 23 * HOUR_MS, 150, 50), candle(THIS_HOUR_MS, 110, 90))
    later = codec.receive(context(), NOW + HOUR_NS)
    assert values(later)["high_24h"] == 110.0
    assert len(asked(later)) == 1
    again = codec.receive(context(), NOW + HOUR_NS + 1)
    assert "high_24h" not in values(again)
    assert asked(again) == []


def test_while_an_answer_is_awaited_nobody_asks_again() -> None:
    codec = Codec("linear")
    (fetch,) = asked(codec.receive(context(), NOW))
    for minute in range(180):
        assert asked(codec.receive(context(), NOW + minute * HOUR_NS // 60)) == []
    codec.receive_fetched(fetch, b"[]", NOW + 3 * HOUR_NS)
    later = [asked(codec.receive(context(), NOW + minute * HOUR_NS // 60)) for minute in range(180, 240)]
    assert sum(map(len, later)) == 1


def test_a_coin_that_was_away_asks_again() -> None:
    codec = Codec("linear")
    assert len(asked(codec.receive(context(), NOW))) == 1
    assert asked(codec.receive(context(), NOW + HOUR_NS // 60)) == []
    assert len(asked(codec.receive(context(), NOW + HOUR_NS // 10))) == 1


def test_candles_of_other_intervals_mean_nothing() -> None:
    codec = seeded(candle(THIS_HOUR_MS, 110, 90))
    for interval in ("3m", "1h", "1d"):
        assert codec.receive(frame("candle", candle(THIS_HOUR_MS, 500, 1, interval=interval)), NOW) == []
    assert not [name for name in codec.heard if name.startswith("candle")]


# --- What is refused ---


@pytest.mark.parametrize("wrong", ["nan", "inf", "1e999", "-1", "", "1,5"])
def test_a_number_that_is_none_is_refused(wrong: str) -> None:
    codec = Codec("linear")
    with pytest.raises(DecodeError):
        codec.receive(context(midPx=wrong), NOW)
    with pytest.raises(DecodeError):
        codec.receive(frame("bbo", {"coin": "BTC", "time": 1, "bbo": [{"px": "1", "sz": wrong}]}), NOW)
    assert codec.heard == {}


@pytest.mark.parametrize("text", [b"", b"{", b"nonsense", b"\xff\xfe", b"[" * 100_000, context()[:-3]])
def test_what_is_not_json_is_refused_but_the_greeting(text: bytes) -> None:
    with pytest.raises(DecodeError):
        Codec("linear").receive(text, NOW)
    assert Codec("linear").receive(b"Websocket connection established.", NOW) == []


def test_an_answer_without_candles_is_refused() -> None:
    for tag in ("candles", "past"):
        with pytest.raises(DecodeError):
            Codec("linear").receive_fetched(Fetch(tag, "/info", "BTC"), b'"wrong"', NOW)
