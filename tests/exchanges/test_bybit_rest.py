"""Bybit's REST answers: the listing, missed trades, past candles, the exchange's clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.exchanges.base import Fetch, Turnover
from actors.exchanges.bybit import Codec
from actors.market.events import Candle, ServerTime, Trade, TradesRecovered
from actors.market.instrument import LINEAR, SPOT, Instrument
from actors.runtime.errors import DecodeError, RateLimited

NOW = 1_800_000_000_000_000_000
MS = 1_000_000


def listing(
    rows: list[dict[str, Any]], cursor: str | None = None, code: int = 0, message: str = "OK"
) -> bytes:
    result = {"category": "linear", "list": rows, "nextPageCursor": cursor}
    return json.dumps({"retCode": code, "retMsg": message, "result": result}).encode()


def perpetual(symbol: str, base: str, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": "USDT",
        "priceFilter": {"minPrice": "0.1", "tickSize": "0.5"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.002"},
        "fundingInterval": 240,
    } | more


def test_linear_lists_trading_perpetuals() -> None:
    codec = Codec(LINEAR)
    rows = [
        perpetual("XYZUSDT", "XYZ"),
        perpetual("1000XYZUSDT", "1000XYZ"),
        perpetual("1INCHUSDT", "1INCH", fundingInterval=None, priceFilter={}, lotSizeFilter={}),
        perpetual("XYZUSDT-25DEC26", "XYZ", contractType="LinearFutures"),
        perpetual("NEWUSDT", "NEW", status="PreLaunch"),
    ]
    found = codec.receive_listing(codec.listing([])[0], listing(rows))
    common: dict[str, Any] = {"exchange": "bybit", "market": "linear", "quote": "USDT"}
    steps: dict[str, Any] = {"tick_size": 0.5, "lot_size": 0.001, "funding_interval_h": 4.0}
    assert found == [
        Instrument(symbol="XYZUSDT", base="XYZ", **common, **steps),
        Instrument(symbol="1000XYZUSDT", base="XYZ", multiplier=1000.0, **common, **steps),
        Instrument(symbol="1INCHUSDT", base="1INCH", **common),
    ]


def test_linear_asks_page_after_page() -> None:
    codec = Codec(LINEAR)
    first = codec.listing([])[0]
    assert first.path == "/v5/market/instruments-info?category=linear&limit=1000"
    [second] = codec.receive_listing(first, listing([], "first=A&last=Z%2C1"))
    assert isinstance(second, Fetch)
    assert second.path == f"{first.path}&cursor=first%3DA%26last%3DZ%252C1"
    [third] = codec.receive_listing(second, listing([], "more"))
    assert third == Fetch("instruments", f"{first.path}&cursor=more")
    for nothing in ("", None, "first=A&last=Z%2C1"):
        assert codec.receive_listing(second, listing([], nothing)) == []


def test_spot_has_one_page_and_its_own_step() -> None:
    codec = Codec(SPOT)
    row: dict[str, Any] = {"symbol": "XYZUSDC", "baseCoin": "XYZ", "quoteCoin": "USDC", "status": "Trading"}
    row |= {"lotSizeFilter": {"basePrecision": "0.01"}, "priceFilter": {"tickSize": "0.0001"}}
    [instrument] = codec.receive_listing(codec.listing([])[0], listing([row], "ignored"))
    assert isinstance(instrument, Instrument)
    assert (instrument.name, instrument.tick_size, instrument.lot_size) == ("XYZ-USDC", 0.0001, 0.01)


def test_turnovers() -> None:
    rows = [{"symbol": "XYZUSDT", "turnover24h": "12.5"}, {"symbol": "XYZBRL", "turnover24h": "99"}]
    for codec, symbols in ((Codec(LINEAR), ["XYZUSDT", "XYZBRL"]), (Codec(SPOT), ["XYZUSDT"])):
        fetch = codec.listing([])[1]
        assert fetch.path == f"/v5/market/tickers?category={codec.market}"
        found = codec.receive_listing(fetch, listing(rows))
        assert [one.symbol for one in found if isinstance(one, Turnover)] == symbols
        assert found[0] == Turnover("XYZUSDT", 12.5)


def test_errors_come_inside_answers() -> None:
    codec = Codec(LINEAR)
    fetch = codec.listing([])[0]
    with pytest.raises(RateLimited, match="Too many visits"):
        codec.receive_listing(fetch, listing([], code=10006, message="Too many visits!"))
    with pytest.raises(DecodeError, match="params error"):
        codec.receive_listing(fetch, listing([], code=10001, message="params error"))
    with pytest.raises(DecodeError):
        codec.receive_listing(fetch, b"<html>")
    with pytest.raises(DecodeError):
        codec.receive_listing(fetch, b'{"retCode":0,"result":null}')


# --- Trades, candles, the clock --------------------------------------------------------------------------


def answered(result: Any, code: int = 0, message: str = "OK", time: int = 1_700_000_100_000) -> bytes:
    return json.dumps({"retCode": code, "retMsg": message, "result": result, "time": time}).encode()


def fetched_trade(trade_id: str, time: int, side: str = "Buy", **more: Any) -> dict[str, Any]:
    row = {"execId": trade_id, "symbol": "XYZUSDT", "price": "7.5", "size": "0.25", "side": side}
    return row | {"time": str(time), "isBlockTrade": False} | more


@pytest.mark.parametrize(("market", "limit"), [(LINEAR, 1000), (SPOT, 60)])
def test_missed_trades_come_newest_first_and_are_told_oldest_first(market: str, limit: int) -> None:
    codec = Codec(market)
    fetch = codec.missed_trades("XYZUSDT")
    assert fetch is not None
    assert fetch.path == f"/v5/market/recent-trade?category={market}&symbol=XYZUSDT&limit={limit}"
    rows = [
        fetched_trade("b-2", 1_700_000_000_005, "Sell", seq="9002"),
        fetched_trade("a-1", 1_700_000_000_001),
    ]
    body = answered({"category": market, "list": rows})
    first, last = 1_700_000_000_001 * MS, 1_700_000_000_005 * MS
    assert codec.receive_fetched(fetch, body, NOW) == [
        Trade("XYZUSDT", "a-1", 7.5, 0.25, "buy", first, NOW, backfill=True),
        Trade("XYZUSDT", "b-2", 7.5, 0.25, "sell", last, NOW, order=9002, backfill=True),
        TradesRecovered("XYZUSDT", first, whole=True),
    ]
    assert codec.heard == {}, "what is fetched proves nothing about the stream"


def test_no_trades_recover_nothing() -> None:
    codec = Codec(LINEAR)
    fetch = codec.missed_trades("XYZUSDT")
    assert fetch is not None
    nothing = [TradesRecovered("XYZUSDT", None, whole=False)]
    assert codec.receive_fetched(fetch, answered({"list": []}), NOW) == nothing


def test_candles_are_closed_by_the_exchanges_clock() -> None:
    codec = Codec(LINEAR)
    fetch = codec.candles("XYZUSDT")
    assert fetch is not None
    assert fetch.path == "/v5/market/kline?category=linear&symbol=XYZUSDT&interval=1&limit=1000"
    minute = 1_700_000_040_000
    rows = [[str(minute + n * 60_000), "7", "9", "6", "8", "12.5", "100.25"] for n in (2, 1, 0)]
    found = codec.receive_fetched(fetch, answered({"list": rows}, time=minute + 120_000), NOW)
    candles = [one for one in found if isinstance(one, Candle)]
    assert [(one.start_ns, one.closed) for one in candles] == [
        (minute * MS, True),
        ((minute + 60_000) * MS, True),
        ((minute + 120_000) * MS, False),
    ]
    first = candles[0]
    assert (first.open, first.high, first.low, first.close) == (7.0, 9.0, 6.0, 8.0)
    assert (first.volume, first.turnover, first.trades, first.taker_buy_volume) == (12.5, 100.25, None, None)
    assert (first.symbol, first.interval_s, first.ts_recv) == ("XYZUSDT", 60, NOW)


def test_the_clock_is_asked_every_minute() -> None:
    codec = Codec(SPOT)
    [fetch] = codec.fetches(["XYZUSDT", "QRSUSDT"], "")
    assert (fetch.path, fetch.every_s, fetch.symbol) == ("/v5/market/time", 60.0, "")
    body = answered({"timeSecond": "1700000000", "timeNano": "1700000000123456789"})
    assert codec.receive_fetched(fetch, body, NOW) == [ServerTime(1_700_000_000_123_456_789, NOW)]


def test_what_is_refused_inside_an_answer_is_no_data() -> None:
    codec = Codec(LINEAR)
    for fetch in (codec.missed_trades("XYZUSDT"), codec.candles("XYZUSDT"), *codec.fetches([], "")):
        assert fetch is not None
        with pytest.raises(RateLimited):
            codec.receive_fetched(fetch, answered({}, code=10018, message="exceeded the limit"), NOW)
        with pytest.raises(DecodeError, match="symbol invalid"):
            codec.receive_fetched(fetch, answered({}, code=10001, message="symbol invalid"), NOW)
        with pytest.raises(DecodeError):
            codec.receive_fetched(fetch, answered({"list": [["x"]]}), NOW)
