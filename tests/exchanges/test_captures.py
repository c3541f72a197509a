"""Real frames through the codecs, where this machine has them: they are not part of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.exchanges import exchanges, load_codec
from actors.exchanges.base import Acknowledged, Codec, Fetch, Refused
from actors.market.events import Event, Quote, TickerUpdate
from actors.market.instrument import LINEAR, SPOT, Instrument
from tests.exchanges.cases import events
from tests.exchanges.checks import check

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"
MARKET_OF = {"linear": LINEAR, "inverse": LINEAR, "main": LINEAR, "usdm": LINEAR, "spot": SPOT}
FILES = sorted(
    path
    for path in [*CAPTURES.glob("*.jsonl"), *CAPTURES.glob("sessions/*.jsonl")]
    if "_rest_" not in path.name
)
TS_RECV = 1_700_000_000_123_456_789

pytestmark = [
    pytest.mark.captures,
    pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"NO REAL FRAMES on this machine: {CAPTURES}"),
]
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CAPTURES)))


class Line(msgspec.Struct):
    """One line of a capture: who published it, and the frame as it came."""

    source: str
    frame: msgspec.Raw


def frames(path: Path) -> list[bytes]:
    decode = msgspec.json.Decoder(Line).decode
    lines = [bytes(decode(line).frame) for line in path.read_bytes().splitlines() if line.strip()]
    return [frame for frame in lines if not is_abridged(frame)]


def is_abridged(frame: bytes) -> bool:
    """One publisher left the trade's id out of its example: no exchange sends that."""
    return b'"e":"aggTrade"' in frame and b'"a":' not in frame


def codec_of(path: Path) -> Codec:
    exchange, venue, *_ = path.stem.split("_")
    if exchange not in exchanges():
        pytest.skip(f"no codec yet: {exchange}")
    spot_context = path.stem == "hyperliquid_main_activespotassetctx"
    return load_codec(exchange)(SPOT if spot_context else MARKET_OF[venue])


def events_of(path: Path) -> Iterator[tuple[Any, list[Event]]]:
    """Each frame, decoded plainly by another library, beside the events of its codec."""
    codec = codec_of(path)
    for number, frame in enumerate(frames(path)):
        yield json.loads(frame), events(codec.receive(frame, TS_RECV + number))


def listed(codec: Codec, fetch: Fetch, name: str) -> dict[str, Instrument]:
    found = [one for frame in frames(CAPTURES / name) for one in codec.receive_listing(fetch, frame)]
    return {one.symbol: one for one in found if isinstance(one, Instrument)}


@every_file
def test_every_frame_is_understood(path: Path) -> None:
    codec = codec_of(path)
    for number, frame in enumerate(frames(path)):
        check(codec.receive(frame, TS_RECV + number), TS_RECV + number)


@pytest.mark.parametrize("name", ["bybit_linear_ticker", "bybit_inverse_ticker", "bybit_spot_ticker"])
def test_bybit_tickers(name: str) -> None:
    begun: set[str] = set()
    for frame, found in events_of(CAPTURES / f"{name}.jsonl"):
        data = frame["data"]
        if frame["type"] == "delta" and data["symbol"] not in begun:
            assert found == []
            continue
        begun.add(data["symbol"])
        [update] = found
        assert isinstance(update, TickerUpdate)
        assert update.symbol == data["symbol"]
        assert update.ts_event == frame["ts"] * 1_000_000
        for ours, theirs in {"price": "lastPrice", "bid": "bid1Price", "mark_price": "markPrice"}.items():
            assert (ours in update.values) == (theirs in data)
            assert theirs not in data or update.values[ours] == float(data[theirs])
        if "openInterest" in data:
            assert update.values["open_interest"] == float(data["openInterest"]) / 2
        if "price24hPcnt" in data:
            assert update.values["change_24h"] == pytest.approx(float(data["price24hPcnt"]) * 100, abs=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "bybit_linear_orderbook",
        "bybit_spot_orderbook",
        "sessions/bybit_linear_20260903",
        "sessions/bybit_spot_20260903",
    ],
)
def test_bybit_best_prices(name: str) -> None:
    quotes = 0
    for frame, found in events_of(CAPTURES / f"{name}.jsonl"):
        if not frame.get("topic", "").startswith("orderbook.1."):
            assert not [one for one in found if isinstance(one, Quote)]
        elif frame["type"] == "snapshot":
            [quote] = found
            assert isinstance(quote, Quote)
            assert quote.bid is not None
            assert quote.ask is not None
            assert quote.bid < quote.ask
            assert [quote.bid, quote.bid_size] == [float(text) for text in frame["data"]["b"][0]]
            quotes += 1
        else:
            assert found == []
    assert quotes >= 8


def test_bybit_answers() -> None:
    refused = []
    for name in ("bybit_linear_control", "bybit_spot_control"):
        codec = codec_of(CAPTURES / f"{name}.jsonl")
        for frame in frames(CAPTURES / f"{name}.jsonl"):
            results = codec.receive(frame, TS_RECV)
            assert all(isinstance(one, Acknowledged | Refused) for one in results)
            refused += [one.reason for one in results if isinstance(one, Refused)]
            if b"already subscribed" in frame:
                assert results == [Acknowledged(topic="orderbook.1.ETHUSDT")]
        assert codec.heard == {}
    assert refused == ["args size >10"]


def test_bybit_listings() -> None:
    linear, spot = load_codec("bybit")(LINEAR), load_codec("bybit")(SPOT)
    futures = listed(linear, linear.listing([])[0], "bybit_linear_rest_instruments.jsonl")
    assert {one.name: one.multiplier for one in futures.values()} == {
        "NFT-USDT": 10_000.0,
        "BONK-USDT": 1000.0,
    }
    assert {one.funding_interval_h for one in futures.values()} == {8.0}
    assert futures["10000NFTUSDT"].tick_size == 0.000005
    assert futures["10000NFTUSDT"].lot_size == 10.0
    coins = listed(spot, spot.listing([])[0], "bybit_spot_rest_instruments.jsonl")
    assert (coins["BTCUSDT"].tick_size, coins["BTCUSDT"].lot_size) == (0.01, 0.000001)


BOOK_TICKERS = [path for path in FILES if path.name.startswith("binance") and "control" not in path.name]


@pytest.mark.parametrize("path", BOOK_TICKERS, ids=lambda path: str(path.relative_to(CAPTURES)))
def test_binance_best_prices_and_day_tickers(path: Path) -> None:
    """Every bookTicker is one quote, every ticker one update with its own price; COIN-M is not ours."""
    for frame, found in events_of(path):
        data = frame.get("data", frame) if isinstance(frame, dict) else frame
        rows = [row for row in (data if isinstance(data, list) else [data]) if row.get("st") != 2]
        quotes = [one for one in found if isinstance(one, Quote)]
        prices = [
            one.values["price"] for one in found if isinstance(one, TickerUpdate) and "price" in one.values
        ]
        assert prices == [float(row["c"]) for row in rows if row.get("e") == "24hrTicker"]
        books = [
            row for row in rows if row.get("e", "bookTicker") == "bookTicker" and {"b", "B"} <= row.keys()
        ]
        if books:
            assert [(one.symbol, one.bid, one.ask) for one in quotes] == [
                (row["s"], float(row["b"]), float(row["a"])) for row in books
            ]
        for quote in quotes:
            assert quote.bid is not None
            assert quote.ask is not None
            assert quote.bid < quote.ask


def test_binance_mark_prices() -> None:
    for frame, found in events_of(CAPTURES / "binance_usdm_markprice.jsonl"):
        data = frame.get("data", frame)
        rows = [row for row in (data if isinstance(data, list) else [data]) if row.get("st") != 2]
        marks = [one.values["mark_price"] for one in found if isinstance(one, TickerUpdate)]
        assert marks == [float(row["p"]) for row in rows]


@pytest.mark.parametrize("venue", ["spot", "usdm"])
def test_binance_listings(venue: str) -> None:
    codec = codec_of(CAPTURES / f"binance_{venue}_rest_exchangeinfo.jsonl")
    fetch = codec.listing([])[0]
    for instrument in listed(codec, fetch, f"binance_{venue}_rest_exchangeinfo.jsonl").values():
        assert instrument.tick_size
        assert instrument.lot_size


def test_hyperliquid_best_prices() -> None:
    for frame, found in events_of(CAPTURES / "hyperliquid_main_bbo.jsonl"):
        [quote] = found
        assert isinstance(quote, Quote)
        assert quote.symbol == frame["data"]["coin"]
        assert quote.bid is None or quote.ask is None or quote.bid < quote.ask
        bid, *rest = frame["data"]["bbo"]
        assert quote.bid == (float(bid["px"]) if bid else None)
        assert quote.ask == (float(rest[0]["px"]) if rest and rest[0] else None)


@pytest.mark.parametrize("name", ["activeassetctx", "activespotassetctx"])
def test_hyperliquid_contexts(name: str) -> None:
    for frame, found in events_of(CAPTURES / f"hyperliquid_main_{name}.jsonl"):
        context = frame["data"]["ctx"]
        updates = [one for one in found if isinstance(one, TickerUpdate)]
        merged = {key: value for one in updates for key, value in one.values.items()}
        assert {one.symbol for one in updates} == {frame["data"]["coin"]}
        assert merged["mark_price"] == float(context["markPx"])
        assert merged["turnover_24h"] == float(context["dayNtlVlm"])
        if name == "activeassetctx":
            assert merged["funding_rate"] == float(context["funding"])
            assert merged["open_interest"] == float(context["openInterest"])
            assert merged["index_price"] == float(context["oraclePx"])


def test_hyperliquid_listings() -> None:
    """The captured answers lack the contexts that ours come with."""
    linear, spot = load_codec("hyperliquid")(LINEAR), load_codec("hyperliquid")(SPOT)
    for codec, name, known in ((linear, "meta", "BTC"), (spot, "spotmeta", "PURR/USDC")):
        for frame in frames(CAPTURES / f"hyperliquid_main_rest_{name}.jsonl"):
            contexts = [None] * len(json.loads(frame)["universe"]) if codec is linear else []
            body = b"[%b,%b]" % (frame, json.dumps(contexts).encode())
            found = codec.receive_listing(codec.listing([])[0], body)
            assert known in {one.symbol for one in found if isinstance(one, Instrument)}


def test_hyperliquid_candles() -> None:
    codec = load_codec("hyperliquid")(LINEAR)
    for frame in frames(CAPTURES / "hyperliquid_main_rest_candles.jsonl"):
        candles = json.loads(frame)
        noon = candles[-1]["T"] * 1_000_000
        found = codec.receive_fetched(Fetch("candles", "/info", candles[0]["s"]), frame, noon)
        check([*found], noon)
        merged = {
            key: value for one in found if isinstance(one, TickerUpdate) for key, value in one.values.items()
        }
        assert merged["high_24h"] == max(float(candle["h"]) for candle in candles)
        assert merged["low_24h"] == min(float(candle["l"]) for candle in candles)
