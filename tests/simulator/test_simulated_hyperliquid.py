"""The simulated Hyperliquid behaves as PROTOCOLS section 5 says."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed

from simulator import Simulator
from tests.patience import PATIENCE_S
from tests.simulator.simulator_client import Client, connected, get, request, running

pytestmark = pytest.mark.loopback

PATH = "/hyperliquid/ws"


def subscription(**fields: Any) -> dict[str, Any]:
    return {"method": "subscribe", "subscription": fields}


def is_channel(name: str) -> Any:
    return lambda message: message["channel"] == name


async def info(simulator: Simulator, **body: Any) -> Any:
    return (await request(simulator, "POST", "/hyperliquid/info", body)).json()


async def acknowledged(client: Client, **fields: Any) -> Any:
    answer = await client.ask(subscription(**fields), is_channel("subscriptionResponse"))
    return answer["data"]


async def test_the_echo_fills_in_defaults() -> None:
    async with running() as simulator, connected(simulator, PATH) as client:
        data = await acknowledged(client, type="l2Book", coin="BTC")
        assert data == {
            "method": "subscribe",
            "subscription": {
                "type": "l2Book",
                "coin": "BTC",
                "nSigFigs": None,
                "mantissa": None,
                "fast": False,
            },
        }
        assert (await acknowledged(client, type="bbo", coin="BTC"))["subscription"] == {
            "type": "bbo",
            "coin": "BTC",
        }
        assert await client.ask({"method": "ping"}, is_channel("pong")) == {"channel": "pong"}


async def test_errors_are_told_and_the_socket_stays_open() -> None:
    async with running() as simulator, connected(simulator, PATH) as client:
        await acknowledged(client, type="bbo", coin="BTC")
        error = await client.ask(subscription(type="bbo", coin="BTC"), is_channel("error"))
        assert error["data"] == 'Already subscribed: {"type":"bbo","coin":"BTC"}'
        unsubscribe = {"method": "unsubscribe", "subscription": {"type": "bbo", "coin": "ETH"}}
        error = await client.ask(unsubscribe, is_channel("error"))
        assert error["data"].startswith("Already unsubscribed: ")
        for nonsense in ("{", '{"method":"subscribe"}', '{"method":"subscribe","subscription":[]}'):
            error = await client.ask(nonsense, is_channel("error"))
            assert error["data"] == f"Error parsing JSON into valid websocket request: {nonsense}"


@pytest.mark.parametrize("coin", ["NOPE", "btc", "abc:NVDA", "NVDA"])
async def test_an_unknown_coin_costs_the_connection(coin: str) -> None:
    async with running() as simulator, connected(simulator, PATH) as client:
        await acknowledged(client, type="bbo", coin="BTC")
        await client.send(subscription(type="bbo", coin=coin))
        with trio.fail_after(PATIENCE_S), pytest.raises(ConnectionClosed) as closed:
            while True:
                await client.receive()
        assert closed.value.reason is None or closed.value.reason.code == 1006


async def test_subscriptions_are_limited_over_all_connections() -> None:
    async with (
        running(hyperliquid_subscriptions=3) as simulator,
        connected(simulator, PATH) as one,
        connected(simulator, PATH) as two,
    ):
        for coin in ("BTC", "ETH"):
            await acknowledged(one, type="activeAssetCtx", coin=coin)
        await acknowledged(two, type="activeAssetCtx", coin="BTC")
        error = await two.ask(subscription(type="activeAssetCtx", coin="ETH"), is_channel("error"))
        assert "3 total subscriptions" in error["data"]
        await one.send({"method": "unsubscribe", "subscription": {"type": "activeAssetCtx", "coin": "BTC"}})
        await one.until(lambda message: message.get("data", {}).get("method") == "unsubscribe")
        await acknowledged(two, type="activeAssetCtx", coin="ETH")


async def test_a_client_that_hears_nothing_is_dropped() -> None:
    async with running(hyperliquid_silence_s=0.15) as simulator, connected(simulator, PATH) as client:
        with pytest.raises(ConnectionClosed):
            await client.receive()


async def test_contexts_of_perps_and_spot_pairs() -> None:
    async with running() as simulator, connected(simulator, PATH) as client:
        await acknowledged(client, type="activeAssetCtx", coin="BTC")
        context = (await client.until(is_channel("activeAssetCtx")))["data"]
        assert context["coin"] == "BTC"
        assert context["ctx"]["markPx"].endswith(".0")
        await acknowledged(client, type="activeAssetCtx", coin="@107")
        context = (await client.until(is_channel("activeSpotAssetCtx")))["data"]
        assert context["coin"] == context["ctx"]["coin"] == "@107"
        await acknowledged(client, type="activeAssetCtx", coin="MATIC")
        context = (
            await client.until(lambda m: m["channel"] == "activeAssetCtx" and m["data"]["coin"] == "MATIC")
        )["data"]
        assert context["ctx"]["midPx"] is None
        assert context["ctx"]["impactPxs"] is None


async def test_book_tops_and_books() -> None:
    async with running() as simulator, connected(simulator, PATH) as client:
        await acknowledged(client, type="bbo", coin="xyz:NVDA")
        bid, ask = (await client.until(is_channel("bbo")))["data"]["bbo"]
        assert float(bid["px"]) < float(ask["px"])
        await acknowledged(client, type="l2Book", coin="BTC")
        bids, asks = (await client.until(is_channel("l2Book")))["data"]["levels"]
        assert len(bids) == len(asks) == 20
        assert float(bids[0]["px"]) > float(bids[1]["px"])
        assert float(asks[0]["px"]) < float(asks[1]["px"])
        await acknowledged(client, type="bbo", coin="MATIC")
        empty = await client.until(lambda m: m["channel"] == "bbo" and m["data"]["coin"] == "MATIC")
        assert empty["data"]["bbo"] == [None, None]


async def test_trades_start_with_old_ones_and_drive_candles() -> None:
    async with running(rate=2_000.0, is_paused=True) as simulator, connected(simulator, PATH) as client:
        await acknowledged(client, type="trades", coin="BTC")
        first = (await client.until(is_channel("trades")))["data"]
        simulator.resume()
        assert 1 < len(first) <= 30
        assert first[0]["time"] < simulator.world.now_ms - 60_000
        await acknowledged(client, type="candle", coin="BTC", interval="1h")
        candle = (await client.until(is_channel("candle")))["data"]
        assert set(candle) == {"t", "T", "s", "i", "o", "c", "h", "l", "v", "n"}
        assert candle["T"] == candle["t"] + 3_599_999
        assert float(candle["l"]) <= float(candle["c"]) <= float(candle["h"])


async def test_all_mids_per_dex() -> None:
    async with running() as simulator, connected(simulator, PATH) as client:
        await acknowledged(client, type="allMids")
        mids = (await client.until(is_channel("allMids")))["data"]["mids"]
        assert {"BTC", "PURR/USDC", "@107"} <= set(mids)
        assert "MATIC" not in mids
        await acknowledged(client, type="allMids", dex="xyz")
        data = (await client.until(lambda m: m["channel"] == "allMids" and "dex" in m["data"]))["data"]
        assert set(data["mids"]) == {"xyz:NVDA", "xyz:GOLD"}


async def test_info_joins_by_position_and_keeps_delisted_rows() -> None:
    async with running() as simulator:
        meta, contexts = await info(simulator, type="metaAndAssetCtxs")
        assert len(meta["universe"]) == len(contexts)
        assert meta == await info(simulator, type="meta")
        assert [row["name"] for row in meta["universe"] if row.get("isDelisted")] == ["MATIC"]
        meta, contexts = await info(simulator, type="metaAndAssetCtxs", dex="xyz")
        assert [row["name"] for row in meta["universe"]] == ["xyz:NVDA", "xyz:GOLD"]
        assert (await info(simulator, type="perpDexs"))[0] is None
        spot, contexts = await info(simulator, type="spotMetaAndAssetCtxs")
        assert [row["coin"] for row in contexts] == [pair["name"] for pair in spot["universe"]]
        tokens = {token["index"]: token["name"] for token in spot["tokens"]}
        bases = [tokens[pair["tokens"][0]] for pair in spot["universe"]]
        assert bases == ["PURR", "HYPE", "UBTC"]


async def test_info_candles_and_errors() -> None:
    async with running(is_paused=True) as simulator:
        now_ms = simulator.world.now_ms
        span = {"coin": "BTC", "interval": "1h", "startTime": now_ms - 86_400_000, "endTime": now_ms}
        rows = await info(simulator, type="candleSnapshot", req=span)
        truth = (await get(simulator, "/control/state"))["markets"]["hyperliquid"]["BTC"]
        assert len(rows) == 24
        assert max(float(row["h"]) for row in rows) == truth["high_24h"]
        assert min(float(row["l"]) for row in rows) == truth["low_24h"]
        assert len((await info(simulator, type="l2Book", coin="BTC"))["levels"]) == 2
        for body in ({"type": "nope"}, {"type": "meta", "dex": "nope"}, {}):
            assert (await request(simulator, "POST", "/hyperliquid/info", body)).status_code == 422
