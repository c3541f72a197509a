"""The client's subscriptions: what is asked, what comes out, and what is told of it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tickwell_client import Batch, Gap, Hub, MissedEvents, RequestError, Ticker, connect

from tests.clients.scripted_hub import Refusal, ScriptedHub, scripted_hub, with_hub
from tests.clients.two_loops import on_both_loops

BTC, ETH = "bybit:linear:BTCUSDT", "bybit:linear:ETHUSDT"


def trade(number: int, key: str = BTC) -> dict[str, Any]:
    return {"key": key, "trade_id": str(number), "price": 100.5 + number, "size": 2, "side": "buy",
            "ts_event": number, "ts_recv": number, "count": 1, "backfill": False}  # fmt: skip


def ticker(price: float | None, key: str = BTC, **more: Any) -> dict[str, Any]:
    return {"key": key, "price": price, "quality": "live", **more}


@with_hub()
async def test_trades_come_as_typed_records_in_order(scripted: ScriptedHub, hub: Hub) -> None:
    trades = hub.trades(BTC)
    async with trades:
        await scripted.peer.data(1, trade(1), trade(2))
        await scripted.peer.data(1, trade(3))
        found = [await anext(trades) for _ in range(3)]
    assert [each.trade_id for each in found] == ["1", "2", "3"]
    assert (found[0].price, found[0].size, found[0].side) == (101.5, 2.0, "buy")
    assert scripted.requests("subscribe") == [{"channel": "trades", "snapshot": False, "symbols": [BTC]}]
    await scripted.until_asked("unsubscribe")


@with_hub(format="msgpack", compression=True)
async def test_messagepack_and_compression_carry_the_same(scripted: ScriptedHub, hub: Hub) -> None:
    long = "x" * 100_000
    async with hub.tickers(BTC) as tickers:
        await scripted.peer.data(1, ticker(5, name=long), kind="snapshot")
        assert await anext(tickers) == Ticker(key=BTC, price=5.0, quality="live", name=long)
    assert scripted.upgrades[0].subprotocols == ["tickwell.v1.msgpack"]
    assert scripted.upgrades[0].extensions


@with_hub()
async def test_tickers_that_wait_are_merged_by_key_and_nothing_newest_is_lost(
    scripted: ScriptedHub, hub: Hub
) -> None:
    async with hub.tickers() as tickers:
        for price in range(1, 6):
            await scripted.peer.data(1, ticker(price), ticker(price * 10, ETH))
        await anyio.sleep(1)
        assert [(each.key, each.price) for each in await tickers.take()] == [(BTC, 5), (ETH, 50)]
        assert tickers.conflated == 8
        assert tickers.latest[ETH].price == 50


@with_hub()
async def test_events_tell_snapshots_updates_and_what_is_gone(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.tickers("*") as tickers:
        await scripted.peer.data(1, ticker(1), ticker(2, ETH), kind="snapshot")
        snapshot = await tickers.next_event()
        await scripted.peer.data(1, ticker(3), removed=[ETH])
        update = await tickers.next_event()
    assert isinstance(snapshot, Batch) and isinstance(update, Batch)
    assert (snapshot.kind, len(snapshot.records), snapshot.offset) == ("snapshot", 2, 101)
    assert (update.kind, update.removed, update.epoch) == ("update", [ETH], "e1")
    assert list(tickers.latest) == [BTC]


@with_hub()
async def test_changes_are_put_together_to_whole_records(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.tickers(BTC, changes_only=True) as tickers:
        await scripted.peer.data(1, ticker(1, bid=0.5, ask=1.5), kind="snapshot")
        await anext(tickers)
        await scripted.peer.data(1, {"key": BTC, "bid": None, "price": 2})
        assert await anext(tickers) == Ticker(key=BTC, price=2, bid=None, ask=1.5, quality="live")


@with_hub()
async def test_a_refusal_is_an_exception_with_the_words_of_the_hub(scripted: ScriptedHub, hub: Hub) -> None:
    scripted.scripts["subscribe"] = lambda _: Refusal("no_symbols", "no XX", "symbols")
    with pytest.raises(RequestError, match="no_symbols: no XX") as caught:
        async for _ in hub.trades("XX"):
            pass
    assert (caught.value.code, caught.value.field, caught.value.temporary) == (
        "no_symbols",
        "symbols",
        False,
    )
    assert hub.is_connected


@with_hub()
async def test_what_was_rejected_in_part_can_be_seen(scripted: ScriptedHub, hub: Hub) -> None:
    rejected = [{"symbol": "BTCUSD", "code": "unknown_symbol", "message": "?", "nearest": [BTC]}]
    scripted.scripts["subscribe"] = lambda _: {
        "sub": 1,
        "keys": [ETH],
        "rejected": rejected,
        "warnings": ["w"],
    }
    async with hub.quotes("BTCUSD", ETH) as quotes:
        assert quotes.keys == [ETH]
        assert quotes.rejected[0].nearest == [BTC]
        assert quotes.warnings == ["w"]


async def gap_of_32(scripted: ScriptedHub, hub: Hub) -> Any:
    trades = hub.trades(BTC, on_gap="raise")
    await trades.ready()
    await scripted.peer.data(1, trade(1))
    gap = {"sub": 1, "channel": "trades", "reason": "slow_consumer", "missed": 32}
    await scripted.peer.system("gap", **gap, from_offset=2, to_offset=34)
    await scripted.peer.data(1, trade(34))
    return trades


@with_hub()
async def test_a_gap_is_raised_at_its_place_and_the_iteration_goes_on(
    scripted: ScriptedHub, hub: Hub
) -> None:
    trades = await gap_of_32(scripted, hub)
    assert (await anext(trades)).trade_id == "1"
    with pytest.raises(MissedEvents, match="missed 32 of trades: slow_consumer") as caught:
        await anext(trades)
    assert caught.value.gap.to_offset == 34
    assert (await anext(trades)).trade_id == "34"
    assert trades.missed == 32


@with_hub()
async def test_taking_many_stops_before_a_gap(scripted: ScriptedHub, hub: Hub) -> None:
    trades = await gap_of_32(scripted, hub)
    await anyio.sleep(1)
    assert [each.trade_id for each in await trades.take()] == ["1"]
    with pytest.raises(MissedEvents):
        await trades.take()
    assert [each.trade_id for each in await trades.take()] == ["34"]


@with_hub()
async def test_what_the_hub_missed_goes_to_those_whom_it_concerns(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC) as concerned, hub.trades(ETH) as other:
        hole = {
            "key": BTC,
            "channel": "trades",
            "reason": "disconnected",
            "cause": "network",
            "from": 7,
            "to": 9,
        }
        await scripted.peer.system("gap", **hole, missed=None, recovered=0, healed=True)
        event = await concerned.next_event()
        assert isinstance(event, Gap)
        assert (event.key, event.from_ms, event.to_ms, event.healed) == (BTC, 7, 9, True)
        await scripted.peer.data(2, trade(1, ETH))
        assert isinstance(await other.next_event(), Batch)


@with_hub(events_max=10)
async def test_whoever_reads_too_slowly_stops_the_socket_and_loses_nothing(
    scripted: ScriptedHub, hub: Hub
) -> None:
    sent: list[int] = []

    async def flood() -> None:
        for number in range(3000):
            await scripted.peer.data(1, trade(number))
            sent.append(number)

    async with hub.trades(BTC) as trades, anyio.create_task_group() as tasks:
        tasks.start_soon(flood)
        await anyio.sleep(1)
        assert len(sent) < 3000  # the hub knows that we are slow
        found = [int((await anext(trades)).trade_id) for _ in range(3000)]
    assert found == list(range(3000))


@with_hub(events_max=10)
async def test_a_full_mailbox_does_not_hold_up_an_answer(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC):
        for start in range(0, 12, 6):
            await scripted.peer.data(1, *(trade(start + each) for each in range(6)))
        await anyio.sleep(1)
        assert await hub.ping() < 1


@with_hub(events_max=10)
async def test_a_subscription_that_nobody_holds_ends(scripted: ScriptedHub, hub: Hub) -> None:

    async def first() -> str:
        async for each in hub.trades(BTC):
            return each.trade_id
        return ""

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        peer = await scripted.until_asked("subscribe")
        await peer.data(1, trade(1))
    await peer.data(1, trade(2))
    await scripted.until_asked("unsubscribe")
    await hub.ping()


@with_hub()
async def test_the_same_in_other_words_is_one_subscription(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.tickers(BTC) as first:
        await scripted.peer.data(1, ticker(1), kind="snapshot")
        await anext(first)
        answer = {"sub": 1, "keys": [BTC], "epoch": "e1", "offset": 101}
        scripted.scripts["subscribe"] = lambda _: answer
        async with hub.tickers(BTC) as same, hub.tickers(BTC.lower()) as other:
            assert [(await anext(each)).price for each in (same, other)] == [1, 1]
            await scripted.peer.data(1, ticker(2))
            assert [(await anext(each)).price for each in (first, same, other)] == [2, 2, 2]
        assert len(scripted.requests("subscribe")) == 2
        assert not scripted.requests("unsubscribe")
    await scripted.until_asked("unsubscribe")


@on_both_loops
async def test_requests_keep_to_the_rate_that_the_hub_allows() -> None:
    async with scripted_hub() as scripted:
        scripted.messages_per_s = 5
        async with connect("hub", dial=scripted.dial) as hub:
            began = anyio.current_time()
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(hub.ping)
            assert 3 <= anyio.current_time() - began <= 4


@with_hub()
async def test_the_screener_yields_whole_results_and_unknown_channels_dicts(
    scripted: ScriptedHub, hub: Hub
) -> None:
    async with hub.screener("price>1") as screener, hub.subscribe("news", urgent=True) as news:
        await scripted.peer.data(1, ticker(5), ticker(4, ETH), kind="snapshot")
        assert [each.price for each in await anext(screener)] == [5, 4]
        await scripted.peer.data(2, {"headline": "x"})
        assert await anext(news) == {"headline": "x"}
    assert scripted.requests("subscribe")[1] == {"channel": "news", "urgent": True}


@with_hub()
async def test_options_can_be_changed_and_stay_changed(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.tickers(BTC) as tickers:
        await tickers.set(max_rate_hz=2)
        assert scripted.requests("set") == [{"sub": 1, "max_rate_hz": 2}]
        await scripted.peer.cut()
        await scripted.until_asked("subscribe", 2)
        assert scripted.requests("subscribe")[1]["max_rate_hz"] == 2
