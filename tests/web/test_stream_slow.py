"""Clients that do not keep up: nothing is queued for them, nothing is lost silently, counts are exact."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors.market.events import Liquidation
from tests.web.populated import BTC, ETH, book
from tests.web.streaming import ETH_KEY, KEY, Listener, settled, stage


def system(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each["data"] for each in messages if each.get("channel") == "system" and each["type"] == kind]


async def test_merged_updates_are_counted_exactly(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0, BTC, ETH)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=["bybit:linear:*"])
        await settled()
        listener.read()
        listener.pipe.stuck = True
        for price in range(1, 101):
            hub.price(float(price))
            if price % 10 == 0:
                hub.price(float(price), ETH)
            await settled()
        await trio.sleep(1)
        listener.pipe.loosen()
        await settled()
        messages = listener.read()
        told = [record for each in messages if "sub" in each for record in each["data"]]
        assert [(each["key"], each["price"]) for each in told] == [(KEY, 1.0), (KEY, 100.0), (ETH_KEY, 100.0)]
        assert listener.client.conflated == 110 - len(told)
        assert system(messages, "slow_consumer") == [{"lag_ms": 1000, "conflated": 107}]
        assert [each["seq"] for each in messages if "sub" in each] == [2, 3]
        await trio.sleep(5)
        [beat] = [each for each in listener.read() if each["channel"] == "heartbeat"]
        assert (beat["conflated"], beat["subs"]) == (107, 1)


async def test_slow_consumer_is_said_once_per_lateness(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY])
        await settled()
        said = 0
        for number in range(30):  # late again and again, within ten seconds
            listener.pipe.stuck = True
            for step in range(3):
                hub.price(number + step / 10)
                await settled()
            await trio.sleep(0.3)
            listener.pipe.loosen()
            await settled()
            said += len(system(listener.read(), "slow_consumer"))
        assert said == 1


@pytest.mark.parametrize("channel", ["trades", "liquidations"])
async def test_what_the_ring_lost_is_told_to_the_last_record(
    channel: str, autojump_clock: trio.testing.MockClock
) -> None:
    async with stage(ring_trades=100) as hub:
        hub.hub.journal.rings["liquidations"].records_max = 100
        hub.price(0.0, BTC, ETH)
        listener = hub.listen()
        listener.subscribe(channel, symbols=[KEY], snapshot=False)
        await settled()
        listener.pipe.stuck = True
        for number in range(1, 501):
            publish(hub, channel, number)
            await settled()
        listener.pipe.loosen()
        await settled()
        messages = listener.read()
        prices = [record["price"] for each in messages if "sub" in each for record in each["data"]]
        [gap] = system(messages, "gap")
        assert (gap["sub"], gap["channel"], gap["reason"]) == (1, channel, "slow_consumer")
        assert gap["missed"] == 500 - len(prices) > 0
        assert prices == [101.0] + [float(number) for number in range(601 - len(prices) + 1, 601)]
        assert gap["from_offset"] < gap["to_offset"] < messages[-1]["offset"]
        assert listener.client.missed == gap["missed"]
        listener.close()
        left = {"clients": 0, "subscriptions": 0, "groups": 0, "conflated": 0, "missed": gap["missed"]}
        assert left.items() <= hub.hub.status().items()


def publish(hub: Any, channel: str, number: int) -> None:
    """One record of BTC, whose price is its number and 100, and one of ETH."""
    if channel == "trades":
        hub.trades(number)
        hub.trades(number, pair=ETH)
        return
    for pair in (BTC, ETH):
        each = Liquidation(pair[1], "long", 100.0 + number, 1.0, number, number)
        hub.publish(liquidations={pair: [each]})


async def test_a_slow_reader_of_trades_loses_nothing_inside_the_ring(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(0.0)
        listener = hub.listen()
        listener.subscribe("trades", symbols=[KEY], snapshot=False)
        await settled()
        for number in range(1, 200):
            listener.pipe.stuck = number % 50 > 10
            if not listener.pipe.stuck:
                listener.pipe.loosen()
            hub.trades(number)
            await settled()
        listener.pipe.loosen()
        await settled()
        messages = listener.read()
        ids = [record["trade_id"] for each in messages if "sub" in each for record in each["data"]]
        assert ids == [str(number) for number in range(1, 200)]
        assert system(messages, "gap") == []


async def test_a_busy_clients_book_still_adds_up(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0)
        listener = hub.listen()
        listener.subscribe("book", symbols=[KEY], depth=5)
        sizes = {"bids": dict[float, float](), "asks": dict[float, float]()}
        version = None
        for number in range(1, 62):
            listener.pipe.stuck = number % 7 in (2, 3, 4)
            if not listener.pipe.stuck:
                listener.pipe.loosen()
            levels = [(99.0 - each, float((number * each) % 5 + 1)) for each in range(number % 4 + 1)]
            view = book(bids=levels, asks=[(101.0 + number % 3, 1.0)])
            hub.publish(books={BTC: view})
            await settled()
            for record in (each for frame in listener.data() for each in frame["data"]):
                assert record["previous"] in (None, version)
                version = record["version"]
                for side in ("bids", "asks"):
                    changes = dict(record[side])
                    kept = changes if record["previous"] is None else {**sizes[side], **changes}
                    sizes[side] = {price: size for price, size in kept.items() if size}
        assert sizes == {"bids": dict(levels), "asks": {101.0 + number % 3: 1.0}}


async def test_subscriptions_of_one_client_take_turns(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0, BTC, ETH)
        listener = hub.listen()
        for channel in ("trades", "ticker", "quote"):
            listener.subscribe(channel, symbols=[KEY], snapshot=False)
        await settled()
        listener.pipe.stuck = True
        for number in range(1, 50):
            hub.trades(number)
            hub.price(float(number), BTC, bid=float(number))
            await settled()
        listener.pipe.loosen()
        await settled()
        subs = [each["sub"] for each in listener.data()]
        assert sorted(subs[1:4]) == [1, 2, 3]


async def test_who_is_gone_leaves_nothing_behind(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0)
        gone, stays = hub.listen(), hub.listen()
        for each in (gone, stays):
            each.subscribe("ticker", symbols=[KEY])
        await settled()
        gone.pipe.stuck = True
        hub.price(1.0)
        await settled()
        gone.pipe.break_off()
        await settled()
        assert gone.left == [None]
        hub.price(2.0)
        await settled()
        assert [each["data"][0]["price"] for each in stays.data()] == [0.0, 1.0, 2.0]


async def test_one_client_that_cannot_be_served_does_not_silence_the_others(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage() as hub:
        hub.price(0.0)
        broken, fine = hub.listen(), hub.listen()
        broken.subscribe("ticker", symbols=[KEY])
        fine.subscribe("quote", symbols=[KEY])
        await settled()
        fine.read()
        [subscription] = broken.client.subscriptions.values()
        monkeypatch.setattr(subscription, "take", lambda _: 1 / 0)
        hub.price(1.0, bid=7.0)
        await settled()
        assert [type(each) for each in broken.left] == [ZeroDivisionError]
        assert [each["data"][0]["bid"] for each in fine.data()] == [7.0]


async def test_a_heartbeat_every_five_seconds(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        listener: Listener = hub.listen()
        await trio.sleep(21)
        beats = listener.read()
        assert [each["channel"] for each in beats] == ["heartbeat"] * 4
        assert set(beats[0]) == {"channel", "ts", "subs", "lag_ms", "conflated"}
