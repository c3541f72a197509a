"""Binance's rules in plain examples: what the golden frames do not say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.exchanges.base import CHANNELS, Fetch, Topic, Turnover
from actors.exchanges.binance import Codec
from actors.market.events import Quote, TickerUpdate
from actors.market.instrument import Instrument
from actors.runtime.errors import DecodeError
from tests.exchanges.cases import golden, receive

NOW = 1_700_000_000_000_000_000


def book(symbol: str, **changes: Any) -> bytes:
    data = {"u": 1, "s": symbol, "b": "10.5", "B": "2", "a": "10.75", "A": "3"} | changes
    return json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data}).encode()


def ticker(symbol: str, **changes: Any) -> bytes:
    data = {"e": "24hrTicker", "E": 1_699_999_999_000, "s": symbol, "c": "10.6", "P": "1.5"} | changes
    return json.dumps({"stream": f"{symbol.lower()}@ticker", "data": data}).encode()


def listed(symbol: str, base: str, quote: str, **more: Any) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "1", "stepSize": "0.00100000"},
        {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.00000000"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
    ]
    row = {"symbol": symbol, "status": "TRADING", "baseAsset": base, "quoteAsset": quote, "filters": filters}
    return row | more


def instruments(market: str, *rows: dict[str, Any]) -> dict[str, Instrument]:
    codec = Codec(market)
    answer = codec.receive_listing(codec.listing([])[0], json.dumps({"symbols": rows}).encode())
    return {row.symbol: row for row in answer if isinstance(row, Instrument)}


# --- Connections and requests ---


def test_each_market_has_its_own_address() -> None:
    assert Codec("spot").stream_url + Codec("spot").stream_path("") == "wss://stream.binance.com:9443/stream"
    linear = Codec("linear")
    assert linear.stream_url + linear.stream_path("market") == "wss://fstream.binance.com/market/stream"
    assert linear.stream_path("public") == "/public/stream"


def test_the_futures_book_comes_over_another_route_than_the_rest() -> None:
    codec = Codec("linear")
    routes = {topic.name: topic.route for topic in codec.topics("BTCUSDT", CHANNELS)}
    assert routes == {
        "btcusdt@ticker": "market",
        "btcusdt@markPrice@1s": "market",
        "btcusdt@bookTicker": "public",
        "btcusdt@aggTrade": "market",
        "btcusdt@forceOrder": "market",
        "btcusdt@kline_1m": "market",
    }
    assert codec.book("BTCUSDT", 50) == Topic(
        "btcusdt@depth@100ms", "BTCUSDT", "book", "public", steady=False, greets=True
    )


def test_spot_has_one_connection_and_no_liquidations() -> None:
    codec = Codec("spot")
    topics = codec.topics("BTCUSDT", CHANNELS)
    assert [topic.name.partition("@")[2] for topic in topics] == ["ticker", "bookTicker", "trade", "kline_1m"]
    assert {topic.route for topic in (*topics, codec.book("BTCUSDT", 200))} == {""}
    assert "liquidations" not in codec.offers
    assert codec.sampled == ()


def test_only_what_is_asked_for_is_told() -> None:
    assert [topic.channel for topic in Codec("linear").topics("BTCUSDT", ["trades", "quote"])] == [
        "quote",
        "trades",
    ]
    assert Codec("linear").topics("BTCUSDT", ["book"]) == ()


@pytest.mark.parametrize("market", Codec.markets)
def test_only_tickers_repeat_themselves(market: str) -> None:
    for topic in Codec(market).topics("BTCUSDT", CHANNELS):
        assert (topic.steady, topic.greets) == ((True, True) if topic.channel == "ticker" else (False, False))


def test_a_request_names_its_streams_and_its_number() -> None:
    codec = Codec("spot")
    topics = codec.topics("BTCUSDT", ("ticker", "quote"))
    assert json.loads(codec.subscribe(topics, 7)) == {
        "method": "SUBSCRIBE",
        "params": ["btcusdt@ticker", "btcusdt@bookTicker"],
        "id": 7,
    }
    assert json.loads(codec.unsubscribe(topics[:1], 8))["method"] == "UNSUBSCRIBE"


@pytest.mark.parametrize("market", Codec.markets)
def test_the_largest_request_stays_below_four_kilobytes(market: str) -> None:
    codec = Codec(market)
    name = "x" * 50 + "@markPrice@1s"
    topics = [Topic(name, "", "")] * codec.limits.topics_per_request
    assert len(codec.subscribe(topics, 2**31)) < 4096


# --- One pass, and the general way ---


@pytest.mark.parametrize("market", Codec.markets)
def test_the_order_of_a_frames_keys_means_nothing(market: str) -> None:
    """A frame that begins with its stream is decoded whole in one pass, any other in two steps."""
    compared = 0
    for case in golden("binance", market):
        one_pass, general = Codec(market), Codec(market)
        for text in case.frames:
            if text.startswith('{"stream":"') and text.endswith("}"):
                message = json.loads(text)
                turned = json.dumps({"data": message["data"], "stream": message["stream"]}).encode()
                expected = receive(one_pass, text.encode(), NOW)
                assert receive(general, turned, NOW) == expected
                compared += bool(expected)
        assert one_pass.heard == general.heard
    assert compared > 10


# --- What counts as heard ---


def test_data_is_heard_and_answers_are_not() -> None:
    codec = Codec("linear")
    codec.receive(b'{"result":null,"id":1}', NOW)
    codec.receive(b'{"error":{"code":2,"msg":"no"},"id":1}', NOW)
    assert codec.heard == {}
    codec.receive(book("BTCUSDT"), NOW)
    codec.receive(ticker("ETHUSDT"), NOW + 1)
    assert codec.heard == {"btcusdt@bookTicker": NOW, "ethusdt@ticker": NOW + 1}


def test_raw_frames_are_heard_under_the_names_of_topics() -> None:
    codec = Codec("linear")
    for event in ("24hrTicker", "markPriceUpdate", "bookTicker"):
        sides = {"b": "1", "B": "1", "a": "2", "A": "1"} if event == "bookTicker" else {}
        codec.receive(json.dumps({"e": event, "E": 5, "s": "BTCUSDT", "p": "1"} | sides).encode(), NOW)
    assert set(codec.heard) == {topic.name for topic in codec.topics("BTCUSDT", ("ticker", "quote"))}


def test_coin_margined_contracts_are_not_heard() -> None:
    codec = Codec("linear")
    assert codec.receive(book("BTCUSD_PERP", st=2), NOW) == []
    assert codec.heard == {}


# --- Sides ---


def test_the_sides_of_a_spot_ticker_count_until_the_book_is_heard() -> None:
    codec = Codec("spot")
    sides = {"b": "10.5", "B": "2", "a": "10.75", "A": "3"}
    assert [type(event) for event in codec.receive(ticker("BTCUSDT", **sides), NOW)] == [TickerUpdate, Quote]
    codec.receive(book("BTCUSDT"), NOW)
    assert [type(event) for event in codec.receive(ticker("BTCUSDT", **sides), NOW)] == [TickerUpdate]


def test_a_price_without_a_size_is_no_side() -> None:
    (quote,) = Codec("spot").receive(book("BTCUSDT", B="0.00000000"), NOW)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask) == (None, None, 10.75)


# --- What is refused ---


@pytest.mark.parametrize("wrong", ["nan", "inf", "-inf", "1e999", "-1", "", "1,5", " 1", "0x10"])
def test_a_price_that_is_no_price_is_refused(wrong: str) -> None:
    codec = Codec("spot")
    with pytest.raises(DecodeError):
        codec.receive(book("BTCUSDT", b=wrong), NOW)
    assert codec.heard == {}


@pytest.mark.parametrize("frame", [b"", b"{", b"nonsense", b"\xff\xfe", b"[" * 100_000, book("BTCUSDT")[:-5]])
def test_what_is_not_json_is_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError):
        Codec("spot").receive(frame, NOW)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(DecodeError):
        Codec("spot").receive(ticker("BTCUSDT", E=10**18), NOW)


# --- REST ---


def test_the_time_is_asked_every_minute_and_of_futures_only_once() -> None:
    (fetch,) = Codec("spot").fetches(["BTCUSDT"], "")
    assert (fetch.path, fetch.every_s) == ("/api/v3/time", 60.0)
    linear = Codec("linear").fetches(["BTCUSDT"], "market")
    assert (linear[0].path, linear[0].every_s) == ("/fapi/v1/time", 60.0)
    assert Codec("linear").fetches(["BTCUSDT"], "public") == []
    assert Codec("linear").fetches([], "market") == []


def test_open_interest_is_asked_per_symbol_and_minute() -> None:
    codec = Codec("linear")
    *_, fetch = codec.fetches(["BTCUSDT"], "market")
    assert fetch.path == "/fapi/v1/openInterest?symbol=BTCUSDT"
    assert fetch.every_s == 60.0
    body = b'{"openInterest":"1520.250","symbol":"BTCUSDT","time":1699999999123}'
    assert codec.receive_fetched(fetch, body, NOW) == [
        TickerUpdate("BTCUSDT", {"open_interest": 1520.25}, 1_699_999_999_123_000_000, NOW)
    ]


def test_a_name_that_is_not_ascii_is_quoted() -> None:
    assert Codec("linear").fetches(["火星USDT"], "market")[-1].path.endswith("?symbol=%E7%81%AB%E6%98%9FUSDT")


def test_who_is_not_listed_pays_funding_every_eight_hours() -> None:
    codec = Codec("linear")
    fetch = codec.fetches(["BTCUSDT", "FASTUSDT"], "market")[1]
    body = b'[{"symbol":"FASTUSDT","fundingIntervalHours":4},{"symbol":"OTHERUSDT","fundingIntervalHours":1}]'
    updates = codec.receive_fetched(fetch, body, NOW)
    assert updates == [
        TickerUpdate("BTCUSDT", {"funding_interval_h": 8.0}, None, NOW),
        TickerUpdate("FASTUSDT", {"funding_interval_h": 4.0}, None, NOW),
    ]


def test_who_came_after_the_answer_about_funding_learns_it_with_the_mark() -> None:
    codec = Codec("linear")
    fetch = codec.fetches(["BTCUSDT"], "market")[1]
    told = {"e": "markPriceUpdate", "E": 5, "s": "NEWUSDT", "p": "1.5", "r": "0.0001", "T": 0}
    frame = json.dumps({"stream": "newusdt@markPrice@1s", "data": told}).encode()
    (before,) = codec.receive(frame, NOW)
    codec.receive_fetched(fetch, b'[{"symbol":"NEWUSDT","fundingIntervalHours":4}]', NOW)
    (after,) = codec.receive(frame, NOW)
    assert isinstance(before, TickerUpdate)
    assert isinstance(after, TickerUpdate)
    assert "funding_interval_h" not in before.values
    assert after.values["funding_interval_h"] == 4.0


def test_who_is_wanted_no_more_is_told_nothing_more() -> None:
    codec = Codec("linear")
    codec.fetches(["BTCUSDT", "OLDUSDT"], "market")
    fetch = codec.fetches(["BTCUSDT"], "market")[1]
    (update,) = codec.receive_fetched(fetch, b"[]", NOW)
    assert isinstance(update, TickerUpdate)
    assert update.symbol == "BTCUSDT"


@pytest.mark.parametrize("tag", ["open_interest", "funding_info", "book", "trades", "candles", "time"])
def test_an_answer_that_is_an_error_is_refused(tag: str) -> None:
    with pytest.raises(DecodeError):
        Codec("linear").receive_fetched(Fetch(tag, ""), b'{"code":-1121,"msg":"Invalid symbol."}', NOW)


# --- Listing ---


def test_only_perpetuals_in_dollars_are_listed() -> None:
    found = instruments(
        "linear",
        listed("BTCUSDT", "BTC", "USDT", contractType="PERPETUAL"),
        listed("TSLAUSDT", "TSLA", "USDT", contractType="TRADIFI_PERPETUAL"),
        listed("BTCUSDC", "BTC", "USDC", contractType="PERPETUAL"),
        listed("ETHBTC", "ETH", "BTC", contractType="PERPETUAL"),
        listed("BTCUSDT_231229", "BTC", "USDT", contractType="CURRENT_QUARTER"),
        listed("OLDUSDT", "OLD", "USDT", contractType="PERPETUAL", status="SETTLING"),
        listed("SOONUSDT", "SOON", "USDT", contractType="", status="PENDING_TRADING"),
    )
    assert list(found) == ["BTCUSDT", "TSLAUSDT", "BTCUSDC", "OLDUSDT"]
    assert (found["BTCUSDT"].tick_size, found["BTCUSDT"].lot_size) == (0.01, 0.001)
    assert found["BTCUSDC"].name == "BTC-USDC"


def test_what_does_not_trade_now_is_listed_with_the_exchanges_word_for_it() -> None:
    rows = [listed(status, status, "USDT", status=status) for status in ("TRADING", "BREAK", "HALT")]
    rows += [listed(status, status, "USDT", status=status) for status in ("PENDING_TRADING", "CLOSE")]
    found = instruments("spot", *rows)
    assert {symbol: one.halted for symbol, one in found.items()} == {
        "TRADING": None,
        "BREAK": "BREAK",
        "HALT": "HALT",
    }


@pytest.mark.parametrize(
    ("coin", "base", "multiplier"),
    [
        ("1000PEPE", "PEPE", 1000.0),
        ("1000000MOG", "MOG", 1_000_000.0),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000.0),
        ("1INCH", "1INCH", 1.0),
        ("BTC", "BTC", 1.0),
    ],
)
def test_lots_of_a_thousand_are_named_by_their_coin(coin: str, base: str, multiplier: float) -> None:
    (found,) = instruments("spot", listed("X", coin, "USDT")).values()
    assert (found.base, found.multiplier) == (base, multiplier)


def test_turnovers_are_compared_in_dollars_only() -> None:
    codec = Codec("spot")
    rows = [{"symbol": "BTCUSDT", "quoteVolume": "5.5"}, {"symbol": "BTCTRY", "quoteVolume": "900"}]
    assert codec.receive_listing(codec.listing([])[1], json.dumps(rows).encode()) == [
        Turnover("BTCUSDT", 5.5)
    ]
