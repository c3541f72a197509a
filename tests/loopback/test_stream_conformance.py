"""The protocol over the wire, as three independent clients hear it, in both formats, with and without
compression."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, TypeAlias

import pytest
from playwright.sync_api import Browser

from actors.market.events import Liquidation
from actors.market.tick import Pair
from tests.browser.conftest import chromium
from tests.loopback.stream_picture import Picture
from tests.loopback.stream_speakers import (
    Closed,
    Format,
    Speaker,
    Wire,
    chromium_wire,
    trio_wire,
    websockets_wire,
)
from tests.loopback.stream_theatre import Theatre, theatre
from tests.web.populated import BTC, BTC_SPOT, ETH, bar, book, hole, quality, trade
from web.stream import turns
from web.stream.options import CHANNELS

pytestmark = pytest.mark.loopback

KEY, ETH_KEY, SPOT_KEY = "bybit:linear:BTCUSDT", "bybit:linear:ETHUSDT", "bybit:spot:BTCUSDT"

LAST = 8
# What these ticks do not move: one frame is all there is.
UNMOVED = ("spreads", "screener", "derived", "alerts")


class Variant(NamedTuple):
    """A client and how it speaks."""

    client: str
    format: Format
    deflate: bool


VARIANTS = [
    Variant("websockets", "json", True),
    Variant("websockets", "json", False),
    Variant("websockets", "msgpack", True),
    Variant("websockets", "msgpack", False),
    Variant("trio-websocket", "json", False),
    Variant("trio-websocket", "msgpack", False),
    Variant("chromium", "json", True),
    Variant("chromium", "msgpack", True),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for this file alone."""
    with chromium() as browser:
        yield browser


Connect: TypeAlias = Callable[[Theatre], AbstractContextManager[Speaker]]


@pytest.fixture(params=VARIANTS, ids=lambda each: f"{each.client}-{each.format}-{each.deflate:d}")
def connect(request: pytest.FixtureRequest) -> Connect:
    """Opens a connection of one client to a hub."""
    variant: Variant = request.param
    protocol = f"tickwell.v1.{variant.format}"

    @contextmanager
    def connected(stage: Theatre) -> Iterator[Speaker]:
        opened: AbstractContextManager[Wire]
        if variant.client == "chromium":
            chromium: Browser = request.getfixturevalue("browser")
            page = chromium.new_page()
            page.goto(f"{stage.url}/livez")
            opened = chromium_wire(page, stage.stream_url, protocol)
        elif variant.client == "websockets":
            opened = websockets_wire(stage.stream_url, protocol, deflate=variant.deflate)
        else:
            opened = trio_wire(stage.stream_url, protocol)
        with opened as wire:
            yield Speaker(wire, variant.format)
        if variant.client == "chromium":
            page.close()

    return connected


@contextmanager
def heard(connect: Connect, **stream: Any) -> Iterator[tuple[Theatre, Speaker]]:
    """A hub, and a client of it."""
    with theatre(**stream) as stage, connect(stage) as speaker:
        assert (speaker.welcome["channel"], speaker.welcome["type"]) == ("system", "welcome")
        yield stage, speaker


def test_every_method_is_answered(connect: Connect) -> None:
    with heard(connect) as (stage, speaker):
        stage.publish(BTC, trades={BTC: [trade(1), trade(2)]})
        wanted = {"symbols": ["bybit:LINEAR:btcusdt"], "max_rate_hz": 5, "fields": ["price"]}
        result = speaker.subscribe("ticker", **wanted)
        assert (result["sub"], result["keys"], result["max_rate_hz"]) == (1, [KEY], 5)
        again = speaker.subscribe("ticker", **wanted)
        assert again["sub"] == 1 and again["warnings"]
        [told] = speaker.ask("subscriptions")["result"]["subscriptions"]
        assert (told["sub"], told["channel"], told["params"]["fields"]) == (1, "ticker", ["price"])
        assert speaker.frame(1)["data"] == [{"key": KEY, "price": 100.0}]
        assert speaker.ask("set", sub=1, fields=["bid"])["result"]["fields"] == ["bid"]
        frame = speaker.frame(1)
        assert (frame["type"], frame["seq"], frame["data"]) == ("snapshot", 2, [{"key": KEY, "bid": 99.5}])
        assert speaker.ask("ping", deep=[1, None])["result"]["params"] == {"deep": [1, None]}
        history = speaker.ask("history", channel="trades", key=KEY)["result"]["data"]
        assert [each["trade_id"] for each in history] == ["1", "2"]
        assert speaker.ask("unsubscribe", sub=1)["result"] == {"subs": [1]}
        stage.publish(BTC, values={"bid": 1.0})
        assert speaker.ask("subscriptions")["result"]["subscriptions"] == []
        assert speaker.waiting == [], "told more than was asked for"


def test_every_error_has_its_code_and_the_connection_goes_on(connect: Connect) -> None:
    with heard(connect, subscriptions_max=2, messages_per_s=5) as (stage, speaker):
        stage.publish(BTC, ETH)
        assert speaker.answer([])["error"]["code"] == "bad_message"
        assert speaker.error("sing") == "unknown_method"
        assert speaker.error("subscribe", channel="ticker", rate=1) == "bad_params"
        assert speaker.error("subscribe", channel="tickers") == "unknown_channel"
        assert speaker.error("subscribe", channel="liquidations", symbols=[SPOT_KEY]) == "no_symbols"
        assert speaker.error("history", channel="trades", key="bybit:linear:NOPE") == "unknown_symbol"
        assert speaker.error("history", channel="trades", key=SPOT_KEY) == "switched_off"
        assert speaker.error("history", channel="liquidations", key=SPOT_KEY) == "not_offered"
        assert speaker.error("unsubscribe", sub=7) == "unknown_subscription"
        part = speaker.subscribe("ticker", symbols=[KEY, "bybit:linear:BTCUSD", "kraken:spot:BTC"])
        assert part["keys"] == [KEY]
        codes = {each["symbol"]: (each["code"], each["nearest"]) for each in part["rejected"]}
        assert codes["bybit:linear:BTCUSD"][0] == "unknown_symbol"
        assert KEY in codes["bybit:linear:BTCUSD"][1]
        assert codes["kraken:spot:BTC"][0] == "unknown_symbol"
        speaker.subscribe("quote")
        assert speaker.error("subscribe", channel="trades") == "limit_exceeded"
        codes_after = speaker.answers({"method": "ping"}, 60)  # while a few more may be read
        assert {each["error"]["code"] for each in codes_after if not each["success"]} == {"rate_limited"}
        stage.publish(BTC, values={"price": 5.0})
        while speaker.frame(part["sub"])["data"][0]["price"] != 5.0:
            pass


def change(stage: Theatre, number: int) -> int:
    """Something of everything happens. Returns the offset of that."""
    return stage.publish(
        BTC,
        ETH,
        values={"price": 100.0 + number, "bid": 99.0 + number / 10, "funding_rate": number / 1e4},
        trades={BTC: [trade(number, price=number / 8)], ETH: [trade(number, symbol="ETHUSDT")]},
        bars={BTC: [bar(60 * number, closed=False), bar(60 * number - 60)]},
        books={BTC: book(bids=[(99.0 - each, 1.0 + (number * each) % 3) for each in range(number % 5 + 1)])},
        liquidations={BTC: [Liquidation("BTCUSDT", "long", 90.0, number, number, number)]},
        qualities=[quality(BTC, "trades", "live" if number == LAST else "stale"), quality(BTC, "book")],
        holes=[hole(number, number + 1)],
    )


def test_every_channel_from_its_snapshot_to_the_same_picture_as_rest(connect: Connect) -> None:
    with heard(connect) as (stage, speaker):
        stage.list_instruments(BTC, ETH)
        change(stage, 1)
        stage.publish(("linear", "BTC"), exchange="hyperliquid", values={"name": "BTC-USDC"})
        subs: dict[int, Picture] = {}
        for channel in CHANNELS:
            if channel != "system":
                subs[speaker.subscribe(channel)["sub"]] = Picture(channel)
        notices = speaker.subscribe("system")["sub"]
        marker = [change(stage, number) for number in range(2, LAST + 1)][-1]
        for sub, picture in subs.items():
            while picture.offset < marker and picture.channel not in UNMOVED:
                picture.take(speaker.frame(sub))
            if picture.channel in UNMOVED:
                picture.take(speaker.frame(sub))
            assert picture.snapshots >= 1
        by_channel = {picture.channel: picture for picture in subs.values()}
        check_tickers(stage, by_channel["ticker"])
        assert by_channel["book"].levels(KEY) == {
            side: stage.rest(f"book/{KEY}", depth=50)[side] for side in ("bids", "asks")
        }
        ids = [(each["key"], each["trade_id"]) for each in by_channel["trades"].events]
        assert sorted(ids) == sorted(
            (key, str(number)) for key in (KEY, ETH_KEY) for number in range(1, LAST + 1)
        )
        assert [each["size"] for each in by_channel["liquidations"].events] == list(range(1, LAST + 1))
        bars = {each["start"]: each for each in stage.rest(f"bars/{KEY}", interval="1m")}
        told = by_channel["bars"].records
        assert [told[KEY, start]["closed"] for start in sorted(bars)][-2:] == [True, False]
        assert told[KEY, max(bars)]["close"] == bars[max(bars)]["close"]
        assert by_channel["quality"].records[KEY, "trades"]["quality"] == "live"
        assert by_channel["funding"].records[KEY, None]["funding_rate"] == LAST / 1e4
        assert by_channel["quote"].records[KEY, None]["bid"] == 99.8
        kinds = [speaker.frame(notices)["type"] for _ in range(3)]
        assert set(kinds) <= {"feed", "gap"}


def check_tickers(stage: Theatre, picture: Picture) -> None:
    """All that a client holds of tickers is what REST tells, but for their age."""
    for each in stage.rest("tickers"):
        del each["age_ms"]
        assert picture.records[each["key"], None] == each


def test_globs_follow_what_is_listed_and_delisted(connect: Connect) -> None:
    with heard(connect) as (stage, speaker):
        stage.publish(BTC, values={"turnover_24h": 1e6})
        wide, best = (
            speaker.subscribe("ticker", symbols=[each], fields=["price"])["sub"]
            for each in ("bybit:*:*", "bybit:linear:top:1")
        )
        assert [each["key"] for each in speaker.frame(wide)["data"]] == [KEY]
        assert [each["key"] for each in speaker.frame(best)["data"]] == [KEY]
        new: Pair = ("linear", "NEWUSDT")
        stage.publish(new, values={"price": 2.0, "turnover_24h": 9e9})
        assert speaker.frame(wide)["data"] == [{"key": "bybit:linear:NEWUSDT", "price": 2.0}]
        leader = speaker.frame(best)
        assert (leader["data"][0]["key"], leader["removed"]) == ("bybit:linear:NEWUSDT", [KEY])
        stage.publish(removed=[new])
        assert speaker.frame(wide)["removed"] == ["bybit:linear:NEWUSDT"]


def test_rates_fields_and_changes(connect: Connect) -> None:
    with heard(connect) as (stage, speaker):
        stage.publish(BTC, ETH)
        slow = speaker.subscribe("quote", symbols=[KEY], max_rate_hz=4)["sub"]
        thin = speaker.subscribe("ticker", symbols=["*"], changes_only=True, fields=["price", "bid"])["sub"]
        speaker.frame(slow), speaker.frame(thin)
        stage.publish_at_once(BTC, values=[{"bid": 50.0 + number} for number in range(1, 11)])
        told: list[dict[str, Any]] = []
        while not told or told[-1]["data"][0]["bid"] != 60.0:
            told.append(speaker.frame(slow))
        assert len(told) <= 3  # the last of the burst came, and hardly anything between
        records: list[dict[str, Any]] = []
        while not records or records[-1] != {"key": KEY, "bid": 60.0}:
            records += speaker.frame(thin)["data"]
        assert all(set(each) == {"key", "bid"} for each in records)


def test_heartbeats_and_goodbye(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "HEARTBEAT_S", 0.2)
    with heard(connect) as (stage, speaker):
        stage.publish(BTC)
        speaker.subscribe("ticker", symbols=[KEY], max_rate_hz=0.001, fields=["price"])
        speaker.frame(1)
        while (beat := speaker.next())["channel"] != "heartbeat" or beat["subs"] == 0:
            pass
        assert set(beat) == {"channel", "ts", "subs", "lag_ms", "conflated"} and beat["subs"] == 1
        stage.publish(BTC, values={"price": 7.0})  # which that rate would tell in a quarter of an hour
        stage.stop()
        assert speaker.close_code() == 1001
        last = [each for each in speaker.waiting if each.get("channel") != "heartbeat"]
        assert last[0]["data"] == [{"key": KEY, "price": 7.0}]
        assert (last[1]["type"], last[1]["data"]["within_ms"]) == ("going_away", 1000)


def test_the_older_dialect_on_the_same_socket(connect: Connect) -> None:
    with heard(connect) as (stage, speaker):
        stage.publish(BTC, BTC_SPOT)
        speaker.say({"type": "subscribe", "symbols": ["BTCUSDT"], "market": "FUTURES"})
        assert speaker.next() == {"type": "subscribed", "symbols": ["BTCUSDT"]}
        [price] = speaker.next()
        assert set(price) == {"symbol", "price", "market", "timestamp"}
        assert (price["symbol"], price["price"], price["market"]) == ("BTCUSDT", 100.0, "FUTURES")
        stage.publish(BTC, values={"price": 5.0})
        assert [each["price"] for each in speaker.next()] == [5.0]
        speaker.say({"type": "unsubscribe"})
        assert speaker.next() == {"type": "unsubscribed", "symbols": ["BTCUSDT"]}
        speaker.say({"type": "ping"})
        assert speaker.next() == {"type": "pong"}


def test_messages_that_make_no_sense_end_with_1008(connect: Connect) -> None:
    with heard(connect, messages_per_s=1000) as (_, speaker), pytest.raises(Closed) as closed:
        for _ in range(200):
            assert speaker.answer({"method": "sing"})["error"]["code"] == "unknown_method"
    assert closed.value.code == 1008
