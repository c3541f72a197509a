"""Frames of the simulator have the keys of recorded frames of the same channel.

Runs where the recordings are at hand; nothing of them is part of the project.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.simulator_client import connected, get, request, running

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(not CAPTURES.is_dir(), reason="no recordings here"),
]


def recorded(name: str, *inside: str) -> list[set[str]]:
    """The key sets at one place of every recorded frame of a channel."""
    found = []
    for line in (CAPTURES / f"{name}.jsonl").read_text().splitlines():
        value: Any = json.loads(line)["frame"]
        value = value[0] if isinstance(value, list) else value
        # Some recordings hold raw frames, which have no wrapper to look into.
        is_raw = inside[:1] == ("data",) and "data" not in value
        inside_here = inside[1:] if is_raw else inside
        for key in inside_here:
            value = value[0] if isinstance(value, list) else value
            value = value.get(key, {}) if isinstance(value, dict) else {}
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, dict) and value:
            found.append(set(value))
    return found


def has(key: str, wanted: str, message: Any) -> bool:
    """Whether a message has this value under this key."""
    return bool(message.get(key) == wanted)


def agrees(ours: dict[str, Any], theirs: list[set[str]], *, newer: set[str] | None = None) -> None:
    """Ours has everything that every recording has, and nothing that none has."""
    assert set.intersection(*theirs) <= set(ours)
    assert set(ours) <= set.union(*theirs) | (newer or set())


async def test_bybit() -> None:
    async with running(rate=2_000.0) as simulator:
        async with connected(simulator, "/bybit/v5/public/linear") as client:
            await client.send({"op": "subscribe", "args": ["tickers.BTCUSDT", "orderbook.1.BTCUSDT"]})
            ticker = await client.until(lambda message: message.get("topic") == "tickers.BTCUSDT")
            agrees(ticker, recorded("bybit_linear_ticker"))
            added = {"singleOpenInterest", "singleOpenInterestValue"}
            agrees(ticker["data"], recorded("bybit_linear_ticker", "data"), newer=added)
        async with connected(simulator, "/bybit/v5/public/spot") as client:
            await client.send({"op": "subscribe", "args": ["tickers.BTCUSDT", "orderbook.1.BTCUSDT"]})
            ticker = await client.until(lambda message: message.get("topic") == "tickers.BTCUSDT")
            agrees(ticker, recorded("bybit_spot_ticker"))
            agrees(ticker["data"], recorded("bybit_spot_ticker", "data"))
            book = await client.until(lambda message: message.get("topic") == "orderbook.1.BTCUSDT")
            agrees(book, recorded("bybit_spot_orderbook"))
            agrees(book["data"], recorded("bybit_spot_orderbook", "data"))


BYBIT_TOPICS = {
    "linear": {
        "orderbook.50.BTCUSDT": "bybit_linear_orderbook",
        "publicTrade.BTCUSDT": "bybit_linear_trades",
        "kline.1.BTCUSDT": "bybit_linear_kline",
        "allLiquidation.BTCUSDT": "bybit_linear_liquidations",
    },
    "spot": {"orderbook.50.BTCUSDT": "bybit_spot_orderbook", "publicTrade.BTCUSDT": "bybit_spot_trades"},
}


@pytest.mark.parametrize("market", ["linear", "spot"])
async def test_bybit_books_trades_liquidations_and_candles(market: str) -> None:
    path = f"/bybit/v5/public/{market}"
    async with (
        running(rate=2_000.0, liquidations_per_minute=60_000.0) as simulator,
        connected(simulator, path) as client,
    ):
        for topic, name in BYBIT_TOPICS[market].items():
            await client.send({"op": "subscribe", "args": [topic]})
            message = await client.until(partial(has, "topic", topic))
            agrees(message, recorded(name))
            row = first_row(message["data"])
            agrees(row, recorded(name, "data"))
            agrees_in_kind(row, name)


def first_row(data: Any) -> dict[str, Any]:
    """The data, or the first of its rows."""
    row: dict[str, Any] = data[0] if isinstance(data, list) else data
    return row


def agrees_in_kind(row: dict[str, Any], name: str) -> None:
    """Every field of ours has the JSON type it has in the recordings."""
    kinds: dict[str, set[type]] = {}
    for line in (CAPTURES / f"{name}.jsonl").read_text().splitlines():
        for key, value in first_row(json.loads(line)["frame"]["data"]).items():
            kinds.setdefault(key, set()).add(type(value))
    assert all(type(value) in kinds[key] for key, value in row.items())


async def test_bybit_lists() -> None:
    async with running() as simulator:
        for category, newer in (
            ("linear", {"isPreListing", "symbolType"}),
            ("spot", {"marginTrading", "symbolType"}),
        ):
            answer = await get(simulator, f"/bybit/v5/market/instruments-info?category={category}")
            name = f"bybit_{category}_rest_instruments"
            agrees(answer, recorded(name))
            agrees(answer["result"]["list"][0], recorded(name, "result", "list"), newer=newer)


async def test_hyperliquid() -> None:
    wanted = {
        "bbo": "hyperliquid_main_bbo",
        "trades": "hyperliquid_main_trades",
        "candle": "hyperliquid_main_candle",
        "activeAssetCtx": "hyperliquid_main_activeassetctx",
        "activeSpotAssetCtx": "hyperliquid_main_activespotassetctx",
        "l2Book": "hyperliquid_main_l2book",
    }
    async with running(rate=2_000.0) as simulator, connected(simulator, "/hyperliquid/ws") as client:
        for kind, name in wanted.items():
            coin = "@107" if kind == "activeSpotAssetCtx" else "BTC"
            asked = kind.replace("Spot", "")
            fields = {"type": asked, "coin": coin} | ({"interval": "1m"} if kind == "candle" else {})
            await client.send({"method": "subscribe", "subscription": fields})
            frame = await client.until(partial(has, "channel", kind))
            data = frame["data"][0] if isinstance(frame["data"], list) else frame["data"]
            agrees(data, recorded(name, "data"))
            if "ctx" in data:
                agrees(data["ctx"], recorded(name, "data", "ctx"))


async def test_hyperliquid_info() -> None:
    async with running() as simulator:
        for body, name in (
            ({"type": "meta"}, "hyperliquid_main_rest_meta"),
            ({"type": "spotMeta"}, "hyperliquid_main_rest_spotmeta"),
        ):
            answer = (await request(simulator, "POST", "/hyperliquid/info", body)).json()
            agrees(answer, recorded(name))
            agrees(answer["universe"][0], recorded(name, "universe"))


async def test_binance_spot() -> None:
    path = "/binance-spot/stream?streams=btcusdt@ticker/btcusdt@bookTicker/btcusdt@miniTicker"
    async with running(rate=2_000.0) as simulator, connected(simulator, path) as client:
        for stream, name in (
            ("btcusdt@bookTicker", "binance_spot_bookticker"),
            ("btcusdt@ticker", "binance_spot_ticker24h"),
            ("btcusdt@miniTicker", "binance_spot_miniticker"),
        ):
            frame = await client.until(partial(has, "stream", stream))
            agrees(frame["data"], recorded(name, "data"))
        listed = await get(simulator, "/binance-spot/api/v3/exchangeInfo")
        agrees(listed, recorded("binance_spot_rest_exchangeinfo"))
        theirs = recorded("binance_spot_rest_exchangeinfo", "symbols")
        agrees(listed["symbols"][0], theirs, newer={"permissionSets"})


async def test_binance_usdm() -> None:
    async with running(rate=2_000.0) as simulator:
        for route, stream, name, newer in (
            ("public", "btcusdt@bookTicker", "binance_usdm_bookticker", {"ps", "st"}),
            ("market", "btcusdt@ticker", "binance_usdm_ticker24h", set()),
            ("market", "btcusdt@markPrice@1s", "binance_usdm_markprice", set()),
            ("market", "btcusdt@miniTicker", "binance_usdm_miniticker", {"ps", "st"}),
        ):
            async with connected(simulator, f"/binance-usdm/{route}/stream?streams={stream}") as client:
                agrees((await client.receive())["data"], recorded(name, "data"), newer=newer)
        listed = await get(simulator, "/binance-usdm/fapi/v1/exchangeInfo")
        agrees(listed, recorded("binance_usdm_rest_exchangeinfo"))
        agrees(listed["symbols"][0], recorded("binance_usdm_rest_exchangeinfo", "symbols"))
