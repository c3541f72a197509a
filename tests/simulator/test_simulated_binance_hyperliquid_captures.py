"""Frames of the whole market have the keys and kinds of value that recorded ones of the channel have.

Runs where the recordings are at hand; nothing of them is part of the project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.simulator_client import connected, get, request, running

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.captures,
    pytest.mark.skipif(not CAPTURES.is_dir(), reason="no recordings here"),
]


def recorded(name: str) -> Iterator[Any]:
    """The data of every recorded frame of a channel, without its wrapper."""
    for line in (CAPTURES / f"{name}.jsonl").read_text().splitlines():
        frame: Any = json.loads(line)["frame"]
        frame = frame.get("data", frame) if isinstance(frame, dict) else frame
        yield frame


def shape(value: Any) -> Any:
    """What a value is made of: its keys, the kind of its items, whether a text is a number."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, str):
        return "number" if value.replace(".", "", 1).lstrip("-").isdigit() else "text"
    return type(value).__name__


def agrees(ours: Any, theirs: list[Any], newer: frozenset[str] = frozenset()) -> None:
    """Ours has what every recording has, nothing that none has, and the same kind of value everywhere."""
    if not isinstance(ours, dict):
        assert any(shape(ours) == shape(other) for other in theirs)
        return
    assert set.intersection(*map(set, theirs)) <= set(ours)
    assert set(ours) <= set.union(*map(set, theirs)) | newer
    for key, value in ours.items():
        known = [other[key] for other in theirs if other.get(key) not in (None, [])]
        if known and value != []:
            agrees(value, known, newer)


@pytest.mark.parametrize(
    ("route", "stream", "name", "newer"),
    [
        ("binance-spot", "btcusdt@trade", "binance_spot_trades", ()),
        ("binance-spot", "btcusdt@aggTrade", "binance_spot_aggtrades", ()),
        ("binance-spot", "btcusdt@depth@100ms", "binance_spot_depth", ()),
        ("binance-spot", "btcusdt@depth20@100ms", "binance_spot_partialdepth", ()),
        ("binance-spot", "btcusdt@kline_1s", "binance_spot_kline", ()),
        ("binance-usdm/public", "btcusdt@trade", "binance_usdm_trades", ()),
        ("binance-usdm/public", "btcusdt@depth@100ms", "binance_usdm_depth", ("ps", "st")),
        ("binance-usdm/public", "btcusdt@depth20@100ms", "binance_usdm_partialdepth", ("ps", "st")),
        ("binance-usdm/market", "btcusdt@aggTrade", "binance_usdm_aggtrades", ()),
        ("binance-usdm/market", "btcusdt@kline_1m", "binance_usdm_kline", ()),
        ("binance-usdm/market", "!forceOrder@arr", "binance_usdm_forceorder", ()),
    ],
)
async def test_binance_streams(route: str, stream: str, name: str, newer: tuple[str, ...]) -> None:
    options: dict[str, Any] = {"rate": 3_000.0, "liquidations_per_minute": 6_000.0}
    async with (
        running(**options) as simulator,
        connected(simulator, f"/{route}/stream?streams={stream}") as client,
    ):
        for _ in range(3):
            agrees((await client.receive())["data"], list(recorded(name)), frozenset(newer))


async def test_binance_books_in_rest() -> None:
    async with running() as simulator:
        for path, name in (
            ("/binance-spot/api/v3/depth", "binance_spot_rest_depth"),
            ("/binance-usdm/fapi/v1/depth", "binance_usdm_rest_depth"),
        ):
            agrees(await get(simulator, f"{path}?symbol=BTCUSDT"), list(recorded(name)))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"type": "l2Book"}, "hyperliquid_main_l2book"),
        ({"type": "candle", "interval": "1m"}, "hyperliquid_main_candle"),
        ({"type": "trades"}, "hyperliquid_main_trades"),
    ],
)
async def test_hyperliquid_channels(fields: dict[str, str], name: str) -> None:
    async with running(rate=3_000.0) as simulator, connected(simulator, "/hyperliquid/ws") as client:
        await client.send({"method": "subscribe", "subscription": {"coin": "BTC", **fields}})
        ours = (await client.until(lambda message: message["channel"] == fields["type"]))["data"]
        theirs = list(recorded(name))
        if isinstance(ours, list):
            ours, theirs = ours[0], [row for rows in theirs for row in rows]
        agrees(ours, theirs)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"type": "l2Book", "coin": "BTC"}, "hyperliquid_main_rest_l2book"),
        ({"type": "fundingHistory", "coin": "BTC", "startTime": 0}, "hyperliquid_main_rest_fundinghistory"),
        (
            {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1h", "startTime": 0}},
            "hyperliquid_main_rest_candles",
        ),
    ],
)
async def test_hyperliquid_answers(body: dict[str, Any], name: str) -> None:
    async with running() as simulator:
        ours = (await request(simulator, "POST", "/hyperliquid/info", body)).json()
        theirs = list(recorded(name))
        if isinstance(ours, list):
            ours, theirs = ours[0], [row for rows in theirs for row in rows]
        agrees(ours, theirs)
