"""The client and its connection: lost, silent, refused, closed, and what of it the subscriptions notice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import anyio
import pytest
from tickwell_client import (
    Backoff,
    ConnectionFailed,
    Down,
    Gap,
    Hub,
    HubClosed,
    MissedEvents,
    Refused,
    RequestError,
    RequestTimeout,
    Up,
    connect,
)

from tests.clients.scripted_hub import Peer, Refusal, ScriptedHub, scripted_hub, with_hub
from tests.clients.test_client_stream import BTC, ETH, ticker, trade
from tests.clients.two_loops import on_both_loops


async def ids(trades: Any, count: int) -> list[str]:
    return [(await anext(trades)).trade_id for _ in range(count)]


@with_hub()
async def test_a_lost_connection_is_resumed_where_it_was(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC) as trades:
        await scripted.peer.data(1, trade(1), trade(2))
        assert await ids(trades, 2) == ["1", "2"]
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        assert scripted.requests("subscribe")[1]["resume"] == {"epoch": "e1", "offset": 101}
        await peer.data(1, trade(3))
        assert await ids(trades, 1) == ["3"]
        assert trades.missed == 0
    assert hub.reconnects == 1


@with_hub()
async def test_what_came_before_the_first_frame_is_resumed_too(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC):
        await scripted.peer.cut()
        await scripted.until_asked("subscribe", 2)
        assert scripted.requests("subscribe")[1]["resume"] == {"epoch": "e1", "offset": 100}


@with_hub(events_max=1000)
async def test_what_cannot_be_resumed_is_a_gap_and_not_repeated(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC, on_gap="raise") as trades:
        await scripted.peer.data(1, trade(1), trade(2))
        assert await ids(trades, 2) == ["1", "2"]
        scripted.recovers, scripted.epoch = False, "e2"
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        await peer.data(1, trade(1), trade(2), trade(3), kind="snapshot")
        with pytest.raises(MissedEvents, match="not_recovered") as caught:
            await anext(trades)
        assert caught.value.gap.missed is None
        assert await ids(trades, 1) == ["3"]
        assert trades.position == ("e2", 102)


@with_hub()
async def test_merged_channels_need_no_gap_but_are_told(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.tickers(BTC) as tickers:
        await scripted.peer.data(1, ticker(1), kind="snapshot")
        await tickers.next_event()
        scripted.recovers = False
        await scripted.peer.cut()
        down, up = await tickers.next_event(), await tickers.next_event()
        assert isinstance(down, Down) and "1006" in str(down.error)
        assert isinstance(up, Up) and not up.recovered
        await scripted.peer.data(1, ticker(2), kind="snapshot")
        assert (await anext(tickers)).price == 2


@with_hub()
async def test_a_frame_that_is_missing_is_fetched_again(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC) as trades:
        await scripted.peer.data(1, trade(1))
        scripted.peer.seqs[1] += 1
        await scripted.peer.data(1, trade(3))
        peer = await scripted.until_asked("subscribe", 2)
        assert scripted.requests("unsubscribe") == [{"sub": 1}]
        assert scripted.requests("subscribe")[1]["resume"]["offset"] == 101
        await peer.data(2, trade(2), trade(3))
        assert await ids(trades, 3) == ["1", "2", "3"]
        assert trades.resyncs == 1


@on_both_loops
async def test_pauses_double_with_full_jitter_and_begin_anew_after_a_healthy_time() -> None:
    async with scripted_hub() as scripted:
        backoff = Backoff(draw=lambda: 1.0)
        scripted.heartbeat_ms = 60_000
        async with connect("hub", dial=scripted.dial, backoff=lambda: backoff):
            scripted.failures = [ConnectionFailed("no") for _ in range(7)]
            await scripted.peer.cut()
            while len(scripted.peers) < 2:
                await anyio.sleep(0.01)
            times = scripted.dialled_at[1:]
            pauses = [later - earlier for earlier, later in pairwise(times)]
            assert pauses == pytest.approx([1.5, 2.5, 4.5, 8.5, 16.5, 20, 20], abs=0.05)
            await anyio.sleep(31)
            cut_at = anyio.current_time()
            await scripted.peer.cut()
            while len(scripted.peers) < 3:
                await anyio.sleep(0.01)
            assert scripted.dialled_at[-1] - cut_at == pytest.approx(1.0, abs=0.05)


@with_hub()
async def test_silence_for_two_heartbeats_is_a_dead_connection(scripted: ScriptedHub, hub: Hub) -> None:
    heartbeat = {"channel": "heartbeat", "ts": 1, "subs": 0, "lag_ms": 7, "conflated": 3}
    for _ in range(5):
        await anyio.sleep(9)
        await scripted.peer.send(heartbeat)
    await anyio.sleep(1)
    assert (hub.reconnects, hub.heartbeat.lag_ms, hub.heartbeat.conflated) == (0, 7, 3)
    await anyio.sleep(10)
    assert hub.reconnects == 1


@pytest.mark.parametrize("code", [1008, 1009, 4500, 4503, 4999])
def test_some_ends_are_for_good(code: int) -> None:
    async def refused(scripted: ScriptedHub, hub: Hub) -> None:
        trades = hub.trades(BTC)
        await trades.ready()
        await scripted.peer.data(1, trade(1))
        await scripted.peer.close(code, "why")
        assert await ids(trades, 1) == ["1"]
        with pytest.raises(Refused, match=f"{code}: why") as caught:
            await anext(trades)
        assert caught.value.code == code
        with pytest.raises(Refused):
            await hub.ping()

    for backend in ("trio", "asyncio"):
        with_hub()(refused)(backend)


@pytest.mark.parametrize("code", [1001, 1011, 4000, 4001, 4499])
def test_other_ends_are_not(code: int) -> None:
    async def comes_back(scripted: ScriptedHub, hub: Hub) -> None:
        async with hub.trades(BTC) as trades:
            await scripted.peer.system("going_away", within_ms=1000, reason="restart")
            await scripted.peer.close(code)
            peer = await scripted.until_asked("subscribe", 2)
            await peer.data(1, trade(1))
            assert await ids(trades, 1) == ["1"]

    for backend in ("trio", "asyncio"):
        with_hub()(comes_back)(backend)


@on_both_loops
async def test_a_handshake_that_is_refused_says_why() -> None:
    async with scripted_hub() as scripted:
        scripted.rejections = [(404, [], b"no such place")]
        with pytest.raises(Refused, match="404 instead of upgrading: no such place"):
            async with connect("hub", dial=scripted.dial):
                pass


@on_both_loops
async def test_a_hub_that_is_not_there_yet_can_be_waited_for() -> None:
    async with scripted_hub() as scripted:
        scripted.failures = [ConnectionFailed("down")]
        with pytest.raises(ConnectionFailed, match="down"):
            async with connect("hub", dial=scripted.dial):
                pass
        scripted.failures = [ConnectionFailed("down") for _ in range(5)]
        async with connect("hub", dial=scripted.dial, wait_s=60) as hub:
            assert hub.is_connected


@on_both_loops
async def test_the_wait_that_a_busy_hub_asks_for_is_kept() -> None:
    async with scripted_hub() as scripted:
        scripted.rejections = [(503, [(b"Retry-After", b"25")], b"full")]
        async with connect("hub", dial=scripted.dial, wait_s=60):
            assert scripted.dialled_at[1] - scripted.dialled_at[0] >= 25


@on_both_loops
async def test_a_hub_that_says_nothing_is_given_up() -> None:
    async with scripted_hub() as scripted:
        scripted.greets = False
        with pytest.raises(ConnectionFailed, match="welcome within 10 s"):
            async with connect("hub", dial=scripted.dial):
                pass


@with_hub(request_within_s=3)
async def test_requests_fail_in_time_and_with_the_connection(scripted: ScriptedHub, hub: Hub) -> None:
    scripted.scripts["ping"] = lambda _: None
    with pytest.raises(RequestTimeout, match="ping within 3 s"):
        await hub.ping()

    async def cut() -> None:
        await (await scripted.until_asked("ping", 2)).cut()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cut)
        with pytest.raises(ConnectionFailed):
            await hub.ping()
    del scripted.scripts["ping"]
    assert await hub.ping() < 1  # waits for the next connection


@with_hub()
async def test_a_subscription_asked_too_fast_is_asked_again(scripted: ScriptedHub, hub: Hub) -> None:
    refusals = [Refusal("rate_limited", "slow down", temporary=True)]

    def subscribe(params: dict[str, Any]) -> Any:
        return refusals.pop() if refusals else scripted.peer.usual("subscribe", params)

    scripted.scripts["subscribe"] = subscribe
    async with hub.trades(BTC) as trades:
        await scripted.peer.data(1, trade(1))
        assert await ids(trades, 1) == ["1"]


@with_hub()
async def test_a_failure_after_reconnecting_reaches_whoever_iterates(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC) as trades, hub.trades(ETH) as others:
        scripted.scripts["subscribe"] = lambda params: (
            Refusal("unknown_symbol", "delisted")
            if params["symbols"] == [BTC]
            else scripted.peer.usual("subscribe", params)
        )
        await scripted.peer.cut()
        with pytest.raises(RequestError, match="delisted"):
            await anext(trades)
        await (await scripted.until_asked("subscribe", 4)).data(1, trade(1, ETH))
        assert await ids(others, 1) == ["1"]


@on_both_loops
async def test_an_exception_of_the_block_leaves_it_as_it_is() -> None:
    async with scripted_hub() as scripted:
        with pytest.raises(KeyError, match="mine"):
            async with connect("hub", dial=scripted.dial):
                raise KeyError("mine")
        await anyio.sleep(1)
        assert scripted.goodbyes == [1000]


@on_both_loops
async def test_cancelling_ends_everything_at_once() -> None:
    async with scripted_hub() as scripted:
        with anyio.move_on_after(5) as scope:
            async with connect("hub", dial=scripted.dial) as hub:
                async for _ in hub.trades(BTC):
                    pass
        assert scope.cancelled_caught
        assert anyio.current_time() < 6
        await anyio.sleep(1)
        assert scripted.goodbyes == [1000]


@on_both_loops
async def test_after_the_block_nothing_can_be_asked() -> None:
    async with scripted_hub() as scripted:
        async with connect("hub", dial=scripted.dial) as hub:
            trades = hub.trades(BTC)
            await trades.ready()
        with pytest.raises(HubClosed):
            await anext(trades)
        with pytest.raises(HubClosed):
            await hub.ping()
        with pytest.raises(HubClosed):
            await anext(hub.trades(ETH))


@with_hub(events_max=10)
async def test_no_trade_is_missing_or_doubled_over_many_cuts(scripted: ScriptedHub, hub: Hub) -> None:
    """The hub keeps all trades, and cuts after a few frames of each connection, wherever they are."""
    log = [trade(number) for number in range(500)]

    async def serve(peer: Peer, sub: int, params: dict[str, Any]) -> None:
        begin = params["resume"]["offset"] if "resume" in params else 100
        for number in range(begin - 100, min(begin - 100 + 17, len(log))):
            scripted.offset = 100 + number
            await peer.data(sub, log[number])
        if scripted.offset - 100 < len(log):
            await peer.cut()

    scripted.on_subscribed = serve
    assert await ids(hub.trades(BTC), 500) == [str(number) for number in range(500)]
    assert hub.reconnects >= 29


@with_hub()
async def test_a_slow_reader_is_told_what_the_hub_could_not_keep(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.liquidations("*") as liquidations:
        await scripted.peer.system("slow_consumer", lag_ms=900, conflated=5)
        gap = {"sub": 1, "channel": "liquidations", "reason": "slow_consumer", "missed": 4}
        await scripted.peer.system("gap", **gap, from_offset=1, to_offset=9)
        event = await liquidations.next_event()
        assert isinstance(event, Gap)
        assert (event.missed, event.from_offset, event.to_offset) == (4, 1, 9)


@with_hub()
async def test_equal_subscriptions_share_one_and_resume_together(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.trades(BTC, on_gap="raise") as one, hub.trades(BTC, on_gap="raise") as other:
        await scripted.peer.data(1, trade(1))
        assert [await ids(each, 1) for each in (one, other)] == [["1"], ["1"]]
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        await peer.data(1, trade(2), trade(3))
        assert [await ids(each, 2) for each in (one, other)] == [["2", "3"], ["2", "3"]]
        assert len(scripted.requests("subscribe")) == 2
        await one.aclose()
        await peer.data(1, trade(4))
        assert await ids(other, 1) == ["4"]
        assert not scripted.requests("unsubscribe")


@with_hub(events_max=10)
async def test_who_lets_go_of_a_full_subscription_frees_the_others(scripted: ScriptedHub, hub: Hub) -> None:
    async def drop() -> None:
        await anext(hub.trades(BTC))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drop)
        peer = await scripted.until_asked("subscribe")
        await peer.data(1, *(trade(number) for number in range(100)))
    async with hub.tickers(ETH) as tickers:
        await peer.data(2, ticker(1, ETH))
        assert (await anext(tickers)).price == 1
        await peer.data(1, trade(101))
        await scripted.until_asked("unsubscribe")


@on_both_loops
async def test_a_subscription_begun_while_the_hub_is_away_is_asked_when_it_is_back() -> None:
    async with scripted_hub() as scripted, connect("hub", dial=scripted.dial) as hub:
        await scripted.peer.cut()
        while hub.is_connected:
            await anyio.sleep(0.01)
        async with hub.trades(BTC) as trades:
            await scripted.peer.data(1, trade(1))
            assert await ids(trades, 1) == ["1"]


@with_hub()
async def test_what_is_closed_stays_closed(scripted: ScriptedHub, hub: Hub) -> None:
    trades = hub.trades(BTC)
    await trades.aclose()
    with pytest.raises(HubClosed):
        await anext(trades)
    assert scripted.requests("subscribe") == []
