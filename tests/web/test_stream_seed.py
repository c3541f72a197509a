"""The dialect of the older hub: prices of one exchange, for clients that were written for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, model, report
from tests.web.populated import BTC, BTC_SPOT, ETH, SECOND_NS, populated, records, ticker
from web.readmodel import ReadModel
from web.stream import seed
from web.stream.answers import encode
from web.stream.errors import RequestError
from web.stream.requests import read_request

TS = (NOW_NS - SECOND_NS // 2) // 1_000_000


def said(**message: Any) -> Any:
    return read_request(json.dumps(message), "json")


def refusal(**message: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        said(**message)
    assert caught.value.dialect
    return caught.value


def basket(read_model: ReadModel | None = None) -> seed.Basket:
    return seed.Basket((read_model or populated()).boards["bybit"])


def prices(of: seed.Basket) -> list[tuple[str, str, float]]:
    return [(each.market, each.symbol, each.price) for each in of.changed()]


def publish(read_model: ReadModel, *tickers: Any, **changes: Any) -> None:
    read_model.publish(Tick("bybit", NOW_NS, records(*tickers), Changes(**changes)))


def test_messages_are_told_by_their_type() -> None:
    subscribing = said(type="subscribe", symbols=["BTCUSDT"], market="FUTURES")
    assert subscribing == seed.Subscribing(symbols=("BTCUSDT",), market="FUTURES")
    assert said(type="unsubscribe", symbols=["BTCUSDT"]) == seed.Unsubscribing(symbols=("BTCUSDT",))
    assert said(type="unsubscribe") == seed.Unsubscribing()
    assert said(type="ping") == seed.Pinging()


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"type": "subscibe"}, "unknown_method", "Did you mean subscribe or unsubscribe?"),
        ({"type": 5}, "unknown_method", "type=5"),
        ({"type": "subscribe"}, "bad_params", "symbols is missing"),
        ({"type": "subscribe", "symbols": []}, "bad_params", "symbols=[]"),
        ({"type": "subscribe", "symbols": ["x" * 65]}, "bad_params", "at most 64 characters"),
        ({"type": "subscribe", "symbols": ["A"], "market": "linear"}, "bad_params", "SPOT"),
        ({"type": "subscribe", "symbols": ["A"], "depth": 3}, "bad_params", "depth"),
    ],
)
def test_what_is_wrong_is_said_in_the_same_dialect(message: dict[str, Any], code: str, words: str) -> None:
    error = refusal(**message)
    assert error.code == code
    assert words in error.message
    told = json.loads(encode(seed.refused(error), "json"))
    assert told == {"type": "error", "code": code, "message": error.message}


def test_the_first_list_holds_everything_and_the_next_what_changed() -> None:
    read_model = populated()
    mine = basket(read_model)
    answer = mine.subscribe(said(type="subscribe", symbols=["btcusdt"]))
    assert json.loads(encode(answer, "json")) == {"type": "subscribed", "symbols": ["BTCUSDT"]}
    first = json.loads(encode(mine.changed(), "json"))
    assert first == [
        {"symbol": "BTCUSDT", "price": 100.0, "market": "SPOT", "timestamp": TS},
        {"symbol": "BTCUSDT", "price": 100.0, "market": "FUTURES", "timestamp": TS},
    ]
    assert mine.changed() == []
    publish(read_model, ticker("bybit", BTC, price=101.0), ticker("bybit", BTC_SPOT, bid=3.0))
    publish(read_model, ticker("bybit", BTC, price=102.0))
    assert prices(mine) == [("FUTURES", "BTCUSDT", 102.0)]


def test_a_price_that_is_not_live_is_not_sent() -> None:
    read_model = populated()
    mine = basket(read_model)
    mine.subscribe(said(type="subscribe", symbols=["ETHUSDT"]))
    assert mine.changed() == []
    publish(read_model, ticker("bybit", ETH, price=51.0))
    assert prices(mine) == [("FUTURES", "ETHUSDT", 51.0)]
    publish(read_model, ticker("bybit", ETH, "stale", price=52.0))
    assert mine.changed() == []
    publish(read_model, ticker("bybit", ETH, price=None))
    assert mine.changed() == []


def test_a_symbol_that_is_listed_later_joins() -> None:
    read_model = model()
    mine = basket(read_model)
    assert mine.subscribe(said(type="subscribe", symbols=["ETHUSDT"])).symbols == ["ETHUSDT"]
    assert mine.changed() == []
    read_model.report([report()])
    publish(read_model, ticker("bybit", ETH, price=51.0))
    assert prices(mine) == [("FUTURES", "ETHUSDT", 51.0)]
    publish(read_model, removed=[ETH])
    assert mine.changed() == []
    publish(read_model, ticker("bybit", ETH, price=52.0))
    assert prices(mine) == [("FUTURES", "ETHUSDT", 52.0)]


def test_less_is_sent_after_unsubscribe() -> None:
    read_model = populated()
    mine = basket(read_model)
    mine.subscribe(said(type="subscribe", symbols=["BTCUSDT", "ETHUSDT"]))
    assert mine.unsubscribe(said(type="unsubscribe", symbols=["btcusdt"], market="SPOT")).symbols == [
        "BTCUSDT"
    ]
    assert prices(mine) == [("FUTURES", "BTCUSDT", 100.0)]
    assert mine.unsubscribe(said(type="unsubscribe", symbols=["NOPE"])).symbols == []
    assert mine.unsubscribe(said(type="unsubscribe")).symbols == ["BTCUSDT", "ETHUSDT"]
    assert len(mine) == 0
    publish(read_model, ticker("bybit", BTC, price=102.0))
    assert mine.changed() == []


def test_who_subscribes_again_gets_the_price_again() -> None:
    mine = basket()
    mine.subscribe(said(type="subscribe", symbols=["BTCUSDT"], market="SPOT"))
    assert len(prices(mine)) == 1
    mine.subscribe(said(type="subscribe", symbols=["BTC-USDT"], market="SPOT"))
    assert prices(mine) == [("SPOT", "BTCUSDT", 100.0)]


def test_a_basket_has_a_bound() -> None:
    mine = basket()
    mine.subscribe(said(type="subscribe", symbols=[f"A{each}" for each in range(1000)]))
    with pytest.raises(RequestError) as caught:
        mine.subscribe(said(type="subscribe", symbols=["BTCUSDT"]))
    assert (caught.value.code, caught.value.dialect) == ("limit_exceeded", True)
    assert len(mine) == seed.WANTED_MAX


def test_a_hub_without_the_exchange_has_no_basket() -> None:
    assert seed.board_of(ReadModel(["hyperliquid"], lambda: 0)) is None
    read_model = populated()
    assert seed.board_of(read_model) is read_model.boards["bybit"]
