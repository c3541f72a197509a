"""Requests to a running hub: every one is answered, and every refusal says what would be right."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors.runtime.errors import NotFollowed, TooManyBooks
from tests.web.populated import BTC, ETH, bar
from tests.web.streaming import ETH_KEY, KEY, settled, stage
from web.inbound import ERRORS_PER_MINUTE, Conduct, TooManyErrors
from web.stream.desk import Desk


@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        ({"method": "subscribe", "params": {"channel": "tickr"}}, "unknown_channel", "channel"),
        ({"method": "subscribe", "params": {"channel": "ticker", "depth": 5}}, "bad_params", "depth"),
        (
            {"method": "subscribe", "params": {"channel": "ticker", "symbols": ["bybit:linear:NOPE"]}},
            "no_symbols",
            "symbols",
        ),
        (
            {"method": "subscribe", "params": {"channel": "liquidations", "symbols": ["bybit:spot:*"]}},
            "no_symbols",
            "symbols",
        ),
        (
            {"method": "subscribe", "params": {"channel": "ticker", "symbols": ["A", "B", "C", "D"]}},
            "limit_exceeded",
            "symbols",
        ),
        ({"method": "unsubscribe", "params": {"sub": 9}}, "unknown_subscription", "sub"),
        ({"method": "unsubscribe", "params": {"channel": "trades"}}, "unknown_subscription", "channel"),
        ({"method": "set", "params": {"sub": 9, "max_rate_hz": 1}}, "unknown_subscription", "sub"),
        ({"method": "set", "params": {"sub": 1, "fields": ["colour"]}}, "bad_params", "fields"),
        (
            {"method": "history", "params": {"channel": "trades", "key": "bybit:linear:NOPE"}},
            "unknown_symbol",
            "key",
        ),
        (
            {"method": "history", "params": {"channel": "liquidations", "key": "bybit:spot:BTCUSDT"}},
            "not_offered",
            "key",
        ),
        ({"method": "dance"}, "unknown_method", "method"),
        (["no", "object"], "bad_message", None),
    ],
)
async def test_what_cannot_be_served_is_refused_in_words(
    request_: Any, code: str, field: str | None, autojump_clock: trio.testing.MockClock
) -> None:
    async with stage(symbols_max=3) as hub:
        hub.price(1.0, BTC, ("spot", "BTCUSDT"))
        hub.read_model.report([])
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY])
        answer = listener.send({**request_, "req_id": "mine"} if isinstance(request_, dict) else request_)
        assert (answer["success"], answer["error"]["code"], answer["error"]["field"]) == (False, code, field)
        assert answer["req_id"] == ("mine" if isinstance(request_, dict) else None)
        assert len(answer["error"]["message"]) > 20
        assert list(listener.client.subscriptions) == [1]


async def test_partial_success_is_normal(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        result = listener.subscribe("ticker", symbols=[KEY, "bybit:linear:BTCUSD", "bybit:spot:*"])
        assert result["keys"] == [KEY]
        assert [(each["symbol"], each["code"]) for each in result["rejected"]] == [
            ("bybit:linear:BTCUSD", "unknown_symbol")
        ]
        assert result["rejected"][0]["nearest"]


async def test_the_same_subscription_is_the_same(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        first = listener.subscribe("ticker", symbols=[KEY, ETH_KEY])
        again = listener.subscribe("ticker", symbols=[ETH_KEY, KEY, KEY])
        other = listener.subscribe("ticker", symbols=[ETH_KEY])
        assert (first["sub"], again["sub"], other["sub"]) == (1, 1, 2)
        await settled()
        assert [each["sub"] for each in listener.data()] == [1, 2]
        told = listener.say("subscriptions")["result"]["subscriptions"]
        assert [(each["sub"], each["seq"], each["keys"]) for each in told] == [
            (1, 1, [KEY, ETH_KEY]),
            (2, 1, [ETH_KEY]),
        ]
        assert told[0]["params"]["symbols"] == [KEY, ETH_KEY]
        ended = listener.say("unsubscribe", channel="ticker", symbols=[KEY, ETH_KEY])["result"]
        assert ended == {"subs": [1]}
        hub.price(2.0)
        await settled()
        assert listener.data() == []


async def test_a_subscription_can_be_changed(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY])
        await settled()
        listener.read()
        assert listener.say("set", sub=1, fields=["price"], max_rate_hz=2)["result"] == {
            "sub": 1,
            "max_rate_hz": 2.0,
            "fields": ["price"],
            "changes_only": False,
        }
        await settled()
        [again] = listener.data()
        assert (again["type"], again["seq"], again["data"]) == ("snapshot", 2, [{"key": KEY, "price": 1.0}])
        listener.say("set", sub=1, fields=None, changes_only=True)
        await settled()
        listener.read()
        await trio.sleep(1)
        hub.price(5.0)
        await settled()
        assert [each["data"] for each in listener.data()] == [[{"key": KEY, "price": 5.0}]]


async def test_books_that_cannot_be_followed_are_rejected(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, ETH)
        listener = hub.listen()
        hub.switch.refusal = TooManyBooks("200 order books are watched already")
        answer = listener.say("subscribe", channel="book", symbols=[KEY])
        assert (answer["error"]["code"], answer["error"]["temporary"]) == ("no_symbols", True)
        assert "200 order books" in answer["error"]["message"]
        hub.switch.refusal = NotFollowed("not followed")
        assert listener.say("subscribe", channel="book", symbols=[KEY])["error"]["temporary"] is False


async def test_there_is_a_limit_to_subscriptions(autojump_clock: trio.testing.MockClock) -> None:
    async with stage(subscriptions_max=2) as hub:
        hub.price(1.0)
        listener = hub.listen()
        for channel in ("ticker", "quote"):
            listener.subscribe(channel)
        error = listener.say("subscribe", channel="trades")["error"]
        assert (error["code"], error["temporary"]) == ("limit_exceeded", True)
        listener.say("unsubscribe", sub=1)
        assert listener.subscribe("trades")["sub"] == 3


async def test_history_is_what_is_in_memory_oldest_first(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        hub.trades(1, 2, 3)
        hub.publish(bars={BTC: [bar(0), bar(60)]})
        listener = hub.listen("msgpack")
        trades = listener.say("history", channel="trades", key="bybit:linear:btcusdt", limit=2)["result"][
            "data"
        ]
        assert [each["trade_id"] for each in trades] == ["2", "3"]
        bars = listener.say("history", channel="bars", key=KEY)["result"]["data"]
        assert [each["start"] for each in bars] == [0, 60_000]


async def test_too_many_messages_are_not_read_and_too_many_errors_end_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        listener = hub.listen()
        listener.desk = Desk(hub.hub, listener.client, Conduct(20, 60))
        answers = [listener.send({"method": "ping"}) for _ in range(70)]
        refused = [each["error"] for each in answers if not each["success"]]
        assert len(refused) == 10
        assert (refused[0]["code"], refused[0]["temporary"]) == ("rate_limited", True)
        await trio.sleep(1)
        assert listener.send({"method": "ping"})["success"]
        with pytest.raises(TooManyErrors):
            for _ in range(ERRORS_PER_MINUTE + 1):
                listener.send({"method": 1})


async def test_a_market_that_is_still_connecting_is_accepted_with_a_warning(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        listener = hub.listen()
        result = listener.subscribe("ticker", symbols=["hyperliquid:linear:BTC"])
        assert (result["keys"], len(result["warnings"])) == ([], 1)
