"""Every kind of fault can be seen from outside, and healing ends it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed

from simulator import Fault, Simulator, load_script
from simulator.faults import FaultBoard
from tests.patience import PATIENCE_S
from tests.simulator.simulator_client import (
    Client,
    change_limits,
    connected,
    get,
    masked,
    request,
    running,
    upgrade,
    wait_until,
)

pytestmark = pytest.mark.loopback

LINEAR = "/bybit/v5/public/linear"
SPOT = "/binance-spot/stream?streams=btcusdt@bookTicker"
HYPERLIQUID = "/hyperliquid/ws"
BTC = {"op": "subscribe", "args": ["tickers.BTCUSDT"]}


def is_data(message: Any) -> bool:
    return "topic" in message or "stream" in message


async def closed_with(client: Client) -> int | None:
    """Read until the connection ends; the close code, None for none."""
    with trio.fail_after(PATIENCE_S), pytest.raises(ConnectionClosed) as closed:
        while True:
            await client.socket.get_message()
    return None if closed.value.reason is None else int(closed.value.reason.code)


async def is_quiet(simulator: Simulator, client: Client, for_s: float = 0.3) -> bool:
    """Whether the only client gets no data for a while, after what was under way."""
    [connection] = simulator.connections
    steps = simulator.world.steps
    await wait_until(lambda: simulator.world.steps > steps)
    await trio.sleep(0.1)
    while client.received < connection.frames_sent:
        await client.receive()
    with trio.move_on_after(for_s):
        await client.until(is_data)
        return False
    return True


def test_a_script_is_a_json_list() -> None:
    text = '[{"kind":"429","venue":"bybit","retry_after_s":3},{"kind":"drop","after_s":2,"count":3}]'
    assert load_script(text) == (
        Fault(kind="429", venue="bybit", retry_after_s=3),
        Fault(kind="drop", after_s=2, count=3),
    )
    with pytest.raises(ValueError, match="unknown field"):
        load_script('[{"kind":"drop","nonsense":1}]')


def test_the_board_delays_counts_and_ends() -> None:
    board = FaultBoard()
    board.inject(Fault(kind="drop", after_s=1, count=2, every_s=5), 10.0)
    board.inject(Fault(kind="stall", venue="bybit", market="spot", duration_s=2), 10.0)
    assert board.due(10.5) == []
    assert [len(board.due(moment)) for moment in (11.0, 11.5, 16.0, 30.0)] == [1, 0, 1, 0]
    assert board.is_empty
    board.inject(Fault(kind="stall", venue="bybit", market="spot", duration_s=2), 10.0)
    assert board.lasting("stall", "bybit", ("spot",), 11.0) is not None
    assert board.lasting("stall", "bybit", ("linear",), 11.0) is None
    assert board.lasting("stall", "binance-spot", ("spot",), 11.0) is None
    assert board.lasting("stall", "bybit", ("spot",), 12.0) is None


async def test_drop_closes_with_a_code_and_only_where_aimed() -> None:
    async with (
        running() as simulator,
        connected(simulator, LINEAR) as hit,
        connected(simulator, SPOT) as spared,
    ):
        simulator.inject(Fault(kind="drop", venue="bybit", market="linear", code=1012))
        assert await closed_with(hit) == 1012
        await spared.until(is_data)
        simulator.inject(Fault(kind="drop", venue="binance-spot"))
        assert await closed_with(spared) == 1001


async def test_reset_is_a_tcp_reset() -> None:
    async with running() as simulator, await upgrade(simulator, HYPERLIQUID) as stream:
        with trio.fail_after(PATIENCE_S):
            assert b"101" in await stream.receive_some()
        await wait_until(lambda: bool(simulator.connections))
        simulator.inject(Fault(kind="reset", venue="hyperliquid"))
        with trio.fail_after(PATIENCE_S), pytest.raises(trio.BrokenResourceError):
            assert await stream.receive_some()


async def test_stall_keeps_answering_pings() -> None:
    async with running() as simulator, connected(simulator, LINEAR) as client:
        await client.ask(BTC, is_data)
        simulator.inject(Fault(kind="stall", venue="bybit"))
        assert await is_quiet(simulator, client)
        pong = await client.ask({"op": "ping"}, lambda message: message.get("op") == "ping")
        assert pong["ret_msg"] == "pong"
        simulator.heal()
        await client.until(is_data)


async def test_blackhole_answers_nothing() -> None:
    async with running() as simulator, connected(simulator, LINEAR) as client:
        await client.ask(BTC, is_data)
        simulator.inject(Fault(kind="blackhole", venue="bybit"))
        assert await is_quiet(simulator, client)
        await client.send({"op": "ping"})
        with trio.move_on_after(0.2) as silence:
            await client.socket.get_message()
        assert silence.cancelled_caught
        simulator.heal()
        await client.until(is_data)


@pytest.mark.parametrize("variant", ["mixed", "malformed", "truncated", "binary", "nan"])
async def test_garbage_comes_between_real_frames(variant: Any) -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, LINEAR) as client:
        await client.ask(BTC, is_data)
        simulator.inject(Fault(kind="garbage", venue="bybit", variant=variant))
        bad = good = 0
        with trio.fail_after(PATIENCE_S):
            while bad < 3 or good < 3:
                message = await client.socket.get_message()
                try:
                    json.loads(message, parse_constant=_refuse)
                    good += 1
                except (ValueError, UnicodeDecodeError):
                    bad += 1


def _refuse(constant: str) -> None:
    raise ValueError(constant)


async def test_slow_drips_the_bytes() -> None:
    async with running() as simulator, await upgrade(simulator, LINEAR) as stream:
        await wait_until(lambda: bool(simulator.connections))
        simulator.inject(Fault(kind="slow", venue="bybit", piece_bytes=16, delay_s=0.01))
        await stream.send_all(masked(json.dumps(BTC)))
        sizes: list[int] = []
        with trio.fail_after(PATIENCE_S):
            while len(sizes) < 10:
                sizes.append(len(await stream.receive_some()))
        assert sorted(sizes)[5] <= 32


@pytest.mark.parametrize(("code", "status"), [(None, 503), (403, 403)])
async def test_refuse_answers_upgrades_with_a_status(code: int | None, status: int) -> None:
    async with running() as simulator:
        simulator.inject(Fault(kind="refuse", venue="bybit", code=code, count=1))
        async with await upgrade(simulator, LINEAR) as stream:
            with trio.fail_after(PATIENCE_S):
                assert (await stream.receive_some()).startswith(f"HTTP/1.1 {status} ".encode())
        async with connected(simulator, LINEAR) as client:
            await client.ask(BTC, is_data)


async def test_429_hits_rest_and_upgrades() -> None:
    async with running() as simulator:
        simulator.inject(Fault(kind="429", venue="binance-spot", retry_after_s=7, count=2))
        limited = await request(simulator, "GET", "/binance-spot/api/v3/time")
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
        async with await upgrade(simulator, SPOT) as stream:
            with trio.fail_after(PATIENCE_S):
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 429")
        assert (await request(simulator, "GET", "/binance-spot/api/v3/time")).status_code == 200


async def test_silence_mutes_one_topic() -> None:
    async with running() as simulator, connected(simulator, LINEAR) as client:
        simulator.inject(Fault(kind="silence", venue="bybit", topic="tickers.BTCUSDT"))
        both = {"op": "subscribe", "args": ["tickers.BTCUSDT", "tickers.ETHUSDT"]}
        assert (await client.ask(both, lambda message: "success" in message))["success"] is True
        for _ in range(20):
            assert (await client.until(is_data))["topic"] == "tickers.ETHUSDT"
        simulator.heal()
        await client.until(lambda message: message.get("topic") == "tickers.BTCUSDT")


async def test_refuse_topic_uses_the_words_of_the_venue() -> None:
    async with running() as simulator:
        simulator.inject(Fault(kind="refuse_topic", venue="bybit", topic="tickers.BTCUSDT"))
        simulator.inject(Fault(kind="refuse_topic", venue="hyperliquid", topic="bbo:BTC"))
        simulator.inject(Fault(kind="refuse_topic", venue="binance-usdm", topic="btcusdt@ticker"))
        async with connected(simulator, LINEAR) as client:
            answer = await client.ask(BTC, lambda message: "success" in message)
            assert answer["ret_msg"] == "error:handler not found,topic:tickers.BTCUSDT"
        async with connected(simulator, "/binance-usdm/market/stream") as client:
            subscribe = {"method": "SUBSCRIBE", "params": ["btcusdt@ticker"], "id": 1}
            assert "error" in await client.ask(subscribe, lambda message: "id" in message)
        async with connected(simulator, HYPERLIQUID) as client:
            await client.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
            await closed_with(client)


async def test_a_shutdown_is_announced_first() -> None:
    async with running(shutdown_notice_s=10 * PATIENCE_S) as simulator, connected(simulator, SPOT) as client:
        simulator.inject(Fault(kind="shutdown_notice", venue="binance-spot"))
        notice = await client.until(lambda message: message.get("stream") == "!serverShutdown")
        assert notice["data"]["e"] == "serverShutdown"
        await client.until(is_data)
        change_limits(simulator, shutdown_notice_s=0.2)
        simulator.inject(Fault(kind="shutdown_notice", venue="binance-spot"))
        assert await closed_with(client) == 1001


async def test_accept_silent_never_answers_the_upgrade() -> None:
    async with running() as simulator:
        simulator.inject(Fault(kind="accept_silent", venue="bybit", count=1))
        async with await upgrade(simulator, LINEAR) as stream:
            with trio.move_on_after(0.3) as silence:
                await stream.receive_some()
            assert silence.cancelled_caught


async def test_control_injects_heals_and_tells() -> None:
    async with running() as simulator, connected(simulator, SPOT) as client:
        await client.until(is_data)
        body = {"kind": "stall", "venue": "binance-spot"}
        assert (await request(simulator, "POST", "/control/fault", body)).status_code == 200
        assert await is_quiet(simulator, client)
        state = await get(simulator, "/control/state")
        assert [fault["kind"] for fault in state["faults_fired"]] == ["stall"]
        assert [row["subscriptions"] for row in state["connections"]] == [["btcusdt@bookTicker"]]
        assert state["connections"][0]["frames_sent"] > 0
        assert set(state["markets"]) == {
            "bybit-linear",
            "bybit-spot",
            "hyperliquid",
            "binance-spot",
            "binance-usdm",
        }
        await request(simulator, "POST", "/control/heal?kind=blackhole")
        assert await is_quiet(simulator, client)
        await request(simulator, "POST", "/control/heal?kind=stall")
        await client.until(is_data)
        assert (await request(simulator, "POST", "/control/heal?kind=nope")).status_code == 400
        assert (await request(simulator, "POST", "/control/fault", {"kind": "nope"})).status_code == 400
        assert (await request(simulator, "GET", "/control/nope")).status_code == 404


async def test_a_delayed_fault_of_a_script_strikes_by_itself() -> None:
    # Again and again: the first may come before the client did.
    drop = Fault(
        kind="drop", venue="binance-usdm", market="public", after_s=0.2, count=1_000_000, every_s=0.2
    )
    path = "stream?streams=btcusdt@bookTicker"
    async with (
        running(faults=(drop,)) as simulator,
        connected(simulator, f"/binance-usdm/public/{path}") as public,
        connected(simulator, f"/binance-usdm/market/{path}") as market,
    ):
        assert await closed_with(public) == 1001
        assert "market" in [row.route for row in simulator.connections if not row.closing]
        await market.socket.ping()


async def test_rate_limits_speak_each_venue() -> None:
    async with running() as simulator:
        simulator.inject(Fault(kind="429", retry_after_s=2))
        bybit = await request(simulator, "GET", "/bybit/v5/market/time")
        binance = await request(simulator, "GET", "/binance-usdm/fapi/v1/time")
        assert (bybit.status_code, bybit.json()["retCode"]) == (429, 10006)
        assert (binance.status_code, binance.json()["code"]) == (429, -1003)
