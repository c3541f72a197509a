"""From where you were: everything since, once and in order, or an honest no and the whole picture."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from tests.web.populated import BTC, ETH, bar, book, trade
from tests.web.streaming import ETH_KEY, KEY, Stage, settled, stage


def position(hub: Stage, offset: int) -> dict[str, Any]:
    return {"epoch": hub.read_model.epoch, "offset": offset}


async def test_every_trade_since_once_and_in_order(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        first = hub.listen()
        first.subscribe("trades", symbols=["*"])
        await settled()
        hub.trades(1, 2)
        await settled()
        offset = first.data()[-1]["offset"]
        first.close()
        hub.trades(3)
        hub.trades(4, pair=ETH)
        hub.trades(5, 6)
        again = hub.listen("msgpack")
        result = again.subscribe("trades", symbols=["*"], resume=position(hub, offset))
        assert result["recovered"] is True
        await settled()
        hub.trades(7)
        await settled()
        update, live = again.data()
        assert (update["type"], update["seq"]) == ("update", 1)
        assert [each["trade_id"] for each in update["data"]] == ["3", "4", "5", "6"]
        assert [each["trade_id"] for each in live["data"]] == ["7"]


async def test_outside_the_ring_it_is_a_snapshot(autojump_clock: trio.testing.MockClock) -> None:
    async with stage(ring_trades=100) as hub:
        hub.price(1.0)
        offset = hub.trades(1)
        for number in range(2, 200):
            hub.trades(number)
        listener = hub.listen()
        assert listener.subscribe("trades", symbols=[KEY], resume=position(hub, offset))["recovered"] is False
        edge = hub.hub.journal.rings["trades"].floor
        inside = hub.listen()
        assert inside.subscribe("trades", symbols=[KEY], resume=position(hub, edge))["recovered"] is True
        await settled()
        [whole], [since] = listener.data(), inside.data()
        assert (whole["type"], whole["data"][-1]["trade_id"]) == ("snapshot", "199")
        assert (since["type"], len(since["data"])) == ("update", 100)


@pytest.mark.parametrize("resume", [{"epoch": "another", "offset": 1}, {"epoch": None, "offset": 10**9}])
async def test_another_run_or_the_future_cannot_be_resumed(
    resume: dict[str, Any], autojump_clock: trio.testing.MockClock
) -> None:
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        resume = {**resume, "epoch": resume["epoch"] or hub.read_model.epoch}
        for channel in ("ticker", "trades", "book"):
            result = listener.subscribe(channel, symbols=[KEY], resume=resume, snapshot=False)
            assert result["recovered"] is False
        await settled()
        assert {each["type"] for each in listener.data()} == {"snapshot"}


async def test_the_newest_of_what_changed_and_what_is_gone(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, ETH, ("linear", "OLDUSDT"))
        offset = hub.hub.journal.offset
        hub.price(2.0, ETH)
        hub.price(3.0, ETH)
        hub.publish(removed=[("linear", "OLDUSDT")])
        listener = hub.listen()
        result = listener.subscribe("ticker", symbols=["bybit:linear:*"], resume=position(hub, offset))
        assert result["recovered"] is True
        await settled()
        [update] = listener.data()
        assert update["type"] == "update"
        assert [(each["key"], each["price"]) for each in update["data"]] == [(ETH_KEY, 3.0)]
        assert update["removed"] == ["bybit:linear:OLDUSDT"]


async def test_nothing_new_is_an_empty_update(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        offset = hub.price(1.0)
        listener = hub.listen()
        for channel in ("ticker", "trades"):
            assert listener.subscribe(channel, symbols=[KEY], resume=position(hub, offset))["recovered"]
        await settled()
        assert [(each["type"], each["data"]) for each in listener.data()] == [("update", [])] * 2


async def test_a_book_is_told_whole_again(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        offset = hub.publish(books={BTC: book()})
        listener = hub.listen()
        assert listener.subscribe("book", symbols=[KEY], resume=position(hub, offset))["recovered"] is True
        await settled()
        hub.publish(books={BTC: book(bids=[(99.0, 9.0)])})
        await settled()
        whole, change = (each["data"][0] for each in listener.data())
        assert (whole["previous"], change["previous"]) == (None, whole["version"])


async def test_bars_that_changed_meanwhile(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(1.0)
        offset = hub.publish(bars={BTC: [bar(0), bar(60, closed=False)]})
        hub.publish(bars={BTC: [bar(60), bar(120, closed=False), bar(7, 1)]})
        listener = hub.listen()
        assert listener.subscribe("bars", symbols=[KEY], resume=position(hub, offset))["recovered"] is True
        await settled()
        [update] = listener.data()
        assert [(each["start"], each["closed"]) for each in update["data"]] == [
            (60_000, True),
            (120_000, False),
        ]


async def test_what_was_in_the_ranks_meanwhile_is_not_known(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        offset = hub.price(1.0)
        listener = hub.listen()
        assert not listener.subscribe("ticker", symbols=["top:5"], resume=position(hub, offset))["recovered"]
        assert not listener.subscribe("spreads", resume=position(hub, offset))["recovered"]
        assert listener.subscribe("trades", symbols=["top:5"], resume=position(hub, offset))["recovered"]


async def test_a_repeated_picture_tells_no_trade_twice(autojump_clock: trio.testing.MockClock) -> None:
    """When the snapshot actor begins anew, it tells all that the market knows."""
    async with stage() as hub:
        hub.price(1.0)
        listener = hub.listen()
        listener.subscribe("trades", symbols=[KEY], snapshot=False)
        await settled()
        hub.trades(1, 2, 3)
        hub.publish(BTC, whole=True, trades={BTC: [trade(number) for number in range(1, 6)]})
        hub.trades(6)
        await settled()
        ids = [record["trade_id"] for each in listener.data() for record in each["data"]]
        assert ids == ["1", "2", "3", "4", "5", "6"]


async def test_two_hundred_disconnects_lose_and_double_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(0.0, BTC, ETH)
        got: list[str] = []
        prices: dict[str, float] = {}
        positions: dict[str, dict[str, Any] | None] = {"trades": None, "ticker": None}
        number = 0
        for turn in range(201):
            listener = hub.listen("msgpack" if turn % 2 else "json", deflate=turn % 3 == 0)
            for channel, resume in positions.items():
                listener.subscribe(channel, symbols=["bybit:linear:*"], resume=resume)
            for step in range(turn % 5 + 1 if turn < 200 else 0):
                number += 1
                hub.trades(number)
                hub.price(float(number), (BTC, ETH)[number % 2])
                listener.pipe.stuck = turn % 7 == 0 and step >= 2
                await settled()
            await settled()
            for each in listener.data():  # half a frame that was on its way is lost with its connection
                positions[each["channel"]] = position(hub, each["offset"])
                if each["channel"] == "trades":
                    got += [record["trade_id"] for record in each["data"]]
                else:
                    prices |= {record["key"]: record["price"] for record in each["data"]}
            listener.pipe.break_off()
            listener.close()
        assert got == [str(each) for each in range(1, number + 1)]
        entries = hub.read_model.boards["bybit"].entries.values()
        assert prices == {each.record.ticker.key: each.record.ticker.price for each in entries}


async def test_only_what_was_meant_is_named_as_gone(autojump_clock: trio.testing.MockClock) -> None:
    gone = [("linear", "OLDUSDT"), ("spot", "OLDUSDT"), ("linear", "AGEDUSDT")]
    old, spot, aged = (f"bybit:{market}:{symbol}" for market, symbol in gone)
    async with stage() as hub:
        hub.price(1.0, BTC)
        hub.price(1.0, gone[0], gone[1], name="OLD-USDT")
        hub.price(1.0, gone[2], name="AGED-USDT")
        offset = hub.hub.journal.offset
        hub.publish(removed=gone)
        for symbols, meant in (
            (["bybit:linear:*"], [old, aged]),
            (["bybit:linear:BTC*"], []),
            ([old, KEY], [old]),
            (["oldusdt", KEY], [old, spot]),
            (["*:*:AGED-USD?"], [aged]),
            (["aged/usdt", KEY], [aged]),
            (["*"], [old, spot, aged]),
        ):
            listener = hub.listen()
            listener.subscribe("ticker", symbols=symbols, resume=position(hub, offset))
            await settled()
            [update] = listener.data()
            assert sorted(update.get("removed", [])) == sorted(meant), symbols


async def test_a_book_that_is_not_followed_any_more_is_said_to_be_gone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        hub.price(1.0, BTC, ETH)
        hub.publish(books={BTC: book(), ETH: book()})
        offset = hub.hub.journal.offset
        hub.publish(unfollowed=[BTC])
        listener = hub.listen()
        listener.subscribe("book", symbols=[KEY, ETH_KEY], resume=position(hub, offset))
        await settled()
        [update] = listener.data()
        assert [each["key"] for each in update["data"]] == [ETH_KEY]
        assert update["removed"] == [KEY]
