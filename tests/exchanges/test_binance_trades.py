"""Binance's trades, liquidations and bars in plain examples."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.exchanges.base import Fetch
from actors.exchanges.binance import Codec
from actors.market.events import Candle, Gap, Liquidation, ServerTime, Trade, TradesRecovered
from actors.runtime.errors import DecodeError
from tests.exchanges.binance_frames import MS, NOW, SECOND, aggregate, combined, fetches, trade

EVENT_NS = (MS - 1) * 1_000_000


def spot_row(number: int, **more: Any) -> dict[str, Any]:
    row = {"id": number, "price": "10.5", "qty": "2.0", "time": MS, "isBuyerMaker": True, "isBestMatch": True}
    return row | more


# --- Trades ---


def test_the_taker_sold_where_the_buyer_is_the_maker() -> None:
    codec = Codec("spot")
    [bought] = codec.receive(trade(7), NOW)
    [sold] = codec.receive(trade(8, m=True), NOW)
    assert bought == Trade("BTCUSDT", "7", 10.5, 2.0, "buy", EVENT_NS, NOW, 7)
    assert isinstance(sold, Trade)
    assert sold.side == "sell"
    assert codec.heard == {"btcusdt@trade": NOW}


def test_an_aggregate_says_how_many_fills_it_stands_for() -> None:
    codec = Codec("linear")
    assert codec.receive(aggregate(7), NOW) == [
        Trade("BTCUSDT", "7", 10.5, 2.0, "sell", EVENT_NS, NOW, 7, count=3)
    ]
    assert codec.heard == {"btcusdt@aggTrade": NOW}


def test_each_market_tells_its_own_kind_of_trades_only() -> None:
    assert Codec("linear").receive(trade(7), NOW) == []
    assert Codec("spot").receive(aggregate(7), NOW) == []
    assert Codec("linear").receive(aggregate(7, st=2), NOW) == []


@pytest.mark.parametrize("wrong", [{"q": "0"}, {"p": "0.00"}, {"q": "-1"}, {"t": -1}, {"m": "yes"}])
def test_what_cannot_be_a_trade_is_refused(wrong: dict[str, Any]) -> None:
    codec = Codec("spot")
    with pytest.raises(DecodeError):
        codec.receive(trade(7, **wrong), NOW)
    assert codec.heard == {}
    assert [type(one) for one in codec.receive(trade(9), NOW)] == [Trade], "nothing was remembered of it"


@pytest.mark.parametrize(("market", "frame"), [("spot", trade), ("linear", aggregate)])
def test_a_hole_in_the_ids_is_told_and_what_is_missing_is_asked_for(market: str, frame: Any) -> None:
    codec = Codec(market)
    codec.receive(frame(7), NOW)
    gap, told, fetch = codec.receive(frame(10), NOW)
    assert gap == Gap("BTCUSDT", "trades", "sequence", "trade 10 came after 7", NOW, 2)
    assert isinstance(told, Trade)
    assert fetch == codec.missed_trades("BTCUSDT")
    assert [type(one) for one in codec.receive(frame(11), NOW)] == [Trade]


def test_repeated_and_late_trades_are_no_hole() -> None:
    codec = Codec("spot")
    for number in (7, 8, 8, 6, 9):
        assert [type(one) for one in codec.receive(trade(number), NOW)] == [Trade]


def test_holes_of_one_symbol_are_no_holes_of_another() -> None:
    codec = Codec("spot")
    codec.receive(trade(7), NOW)
    assert len(codec.receive(trade(900, s="ETHUSDT"), NOW)) == 1


def test_missing_trades_are_asked_for_at_growing_pauses_and_none_is_forgotten() -> None:
    codec = Codec("spot")
    codec.receive(trade(1), NOW)
    asked, number = [], 1
    for second in range(40):
        number += 2
        told = codec.receive(trade(number), NOW + second * SECOND)
        assert isinstance(told[0], Gap)
        asked += [second] * len(fetches(told))
        for fetch in fetches(told):
            codec.receive_fetched(fetch, b"[]", NOW + second * SECOND)
    assert asked == [0, 1, 3, 7, 15, 31]
    calm = [fetches(codec.receive(trade(number + 1 + n), NOW + (40 + n) * SECOND)) for n in range(60)]
    assert sum(map(len, calm)) == 1, "the holes of the last pause"


# --- Trades over REST ---


def test_missed_trades_are_marked_and_say_how_far_back_they_reach() -> None:
    codec = Codec("spot")
    fetch = codec.missed_trades("BTCUSDT")
    assert fetch == Fetch("trades", "/api/v3/trades?symbol=BTCUSDT&limit=1000", "BTCUSDT", weight=25.0)
    body = json.dumps([spot_row(5, time=MS - 10), spot_row(6, isBuyerMaker=False)]).encode()
    first, second, end = codec.receive_fetched(fetch, body, NOW)
    moment = MS * 1_000_000
    assert first == Trade("BTCUSDT", "5", 10.5, 2.0, "sell", moment - 10**7, NOW, 5, backfill=True)
    assert second == Trade("BTCUSDT", "6", 10.5, 2.0, "buy", moment, NOW, 6, backfill=True)
    assert end == TradesRecovered("BTCUSDT", moment - 10**7, whole=True)
    assert codec.heard == {}


def test_missed_aggregates_come_from_another_path() -> None:
    codec = Codec("linear")
    fetch = codec.missed_trades("1000PEPEUSDT")
    assert fetch is not None
    assert (fetch.path, fetch.weight) == ("/fapi/v1/aggTrades?symbol=1000PEPEUSDT&limit=1000", 20.0)
    row = {"a": 26129, "p": "0.01", "q": "4.5", "f": 10, "l": 14, "T": MS, "m": False, "nq": "4.5"}
    told, end = codec.receive_fetched(fetch, json.dumps([row]).encode(), NOW)
    moment = MS * 1_000_000
    assert told == Trade("1000PEPEUSDT", "26129", 0.01, 4.5, "buy", moment, NOW, 26129, 5, backfill=True)
    assert end == TradesRecovered("1000PEPEUSDT", moment, whole=True)


@pytest.mark.parametrize("rows", [[], [spot_row(5), spot_row(7)]])
def test_an_answer_with_a_hole_or_with_nothing_is_not_whole(rows: list[Any]) -> None:
    codec = Codec("spot")
    end = codec.receive_fetched(Fetch("trades", "", "BTCUSDT"), json.dumps(rows).encode(), NOW)[-1]
    assert isinstance(end, TradesRecovered)
    assert not end.whole


# --- Liquidations ---


def forced(side: str, **more: Any) -> bytes:
    order: dict[str, Any] = {
        "s": "BTCUSDT",
        "S": side,
        "o": "LIMIT",
        "f": "IOC",
        "q": "0.5",
        "p": "9900",
        "ap": "9890.5",
    }
    order |= {"X": "FILLED", "l": "0.1", "z": "0.4", "T": MS - 1, "ps": "BTCUSDT", "st": 1} | more
    return combined("btcusdt@forceOrder", {"e": "forceOrder", "E": MS, "o": order})


def test_the_order_that_sells_closes_a_long_position() -> None:
    codec = Codec("linear")
    assert codec.receive(forced("SELL"), NOW) == [Liquidation("BTCUSDT", "long", 9890.5, 0.4, EVENT_NS, NOW)]
    assert codec.receive(forced("BUY"), NOW) == [Liquidation("BTCUSDT", "short", 9890.5, 0.4, EVENT_NS, NOW)]
    assert codec.heard == {"btcusdt@forceOrder": NOW}
    assert codec.sampled == ("liquidations",)


def test_a_liquidation_that_filled_nothing_and_one_of_coin_m_are_not_told() -> None:
    codec = Codec("linear")
    assert codec.receive(forced("SELL", z="0", ap="0"), NOW) == []
    assert codec.receive(forced("SELL", st=2), NOW) == []
    assert Codec("spot").receive(forced("SELL"), NOW) == []


# --- Bars and the clock ---


def kline(**more: Any) -> bytes:
    bar = {"t": MS, "T": MS + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 9, "o": "10", "c": "12"}
    bar |= {"h": "13", "l": "9", "v": "5", "n": 9, "x": False, "q": "55", "V": "3", "Q": "33", "B": "0"}
    return combined("btcusdt@kline_1m", {"e": "kline", "E": MS, "s": "BTCUSDT", "k": bar | more})


@pytest.mark.parametrize("market", Codec.markets)
def test_a_bar_of_the_stream(market: str) -> None:
    codec = Codec(market)
    expected = Candle("BTCUSDT", 60, MS * 10**6, 10.0, 13.0, 9.0, 12.0, 5.0, 55.0, 9, 3.0, False, NOW)
    assert codec.receive(kline(), NOW) == [expected]
    [closed] = codec.receive(kline(x=True), NOW)
    assert isinstance(closed, Candle)
    assert closed.closed
    assert codec.receive(kline(i="5m"), NOW) == []
    assert codec.heard == {"btcusdt@kline_1m": NOW}


@pytest.mark.parametrize(
    ("market", "path"), [("spot", "/api/v3/klines"), ("linear", "/fapi/v1/klines")], ids=str
)
def test_past_bars_are_closed_but_the_last(market: str, path: str) -> None:
    codec = Codec(market)
    fetch = codec.candles("BTCUSDT")
    assert fetch is not None
    assert (fetch.path, fetch.weight) == (f"{path}?symbol=BTCUSDT&interval=1m&limit=499", 2.0)
    numbers = ["10", "13", "9", "12", "5"]
    rows = [[start, *numbers, start + 59_999, "55", 9, "3", "33", "0"] for start in (MS, MS + 60_000)]
    now = (MS + 90_000) * 10**6
    first, last = codec.receive_fetched(fetch, json.dumps(rows).encode(), now)
    assert first == Candle("BTCUSDT", 60, MS * 10**6, 10.0, 13.0, 9.0, 12.0, 5.0, 55.0, 9, 3.0, True, now)
    assert isinstance(last, Candle)
    assert not last.closed
    [*_, halted] = codec.receive_fetched(fetch, json.dumps(rows).encode(), now + 3600 * SECOND)
    assert isinstance(halted, Candle)
    assert halted.closed, "the last bar of a market that stopped long ago"


def test_the_exchanges_clock() -> None:
    body = b'{"serverTime":1700000000123}'
    expected = [ServerTime(1_700_000_000_123_000_000, NOW)]
    assert Codec("spot").receive_fetched(Fetch("time", "/api/v3/time"), body, NOW) == expected
