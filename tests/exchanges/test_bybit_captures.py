"""Real Bybit frames beside tickers: books are rebuilt, and no missing delta goes unnoticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.exchanges import load_codec
from actors.exchanges.base import Resync
from actors.market.events import BookSnapshot, Candle, Gap, Liquidation, Trade
from actors.market.instrument import LINEAR, SPOT
from tests.exchanges.checks import Books, check
from tests.exchanges.test_captures import CAPTURES, TS_RECV, events_of, frames, pytestmark

__all__ = ["pytestmark"]

XRP = "orderbook.500.XRPUSDT"


def plain(levels: dict[str, float], changes: list[list[str]]) -> dict[str, float]:
    """The same book the plainest way: sizes by the text of the price."""
    merged = levels | {price: float(size) for price, size in changes}
    return {price: size for price, size in merged.items() if size}


def recorded(topic: str) -> list[bytes]:
    """One book's recorded frames, in order."""
    found = frames(CAPTURES / "bybit_linear_orderbook.jsonl")
    return [frame for frame in found if json.loads(frame)["topic"] == topic]


def test_the_long_recording_is_rebuilt_without_a_gap() -> None:
    codec, books = load_codec("bybit")(LINEAR), Books()
    sides: dict[str, dict[str, float]] = {"b": {}, "a": {}}
    for number, frame in enumerate(recorded(XRP)):
        results = codec.receive(frame, TS_RECV + number)
        assert not [one for one in results if isinstance(one, Gap | Resync)]
        check(results, TS_RECV + number)
        books.read(results)
        data = json.loads(frame)["data"]
        sides = {side: plain(levels, data[side]) for side, levels in sides.items()}
        book, u = books.whole["XRPUSDT"]
        assert u == data["u"]
        assert dict(book.bids.sizes) == {float(price): size for price, size in sides["b"].items()}
        assert dict(book.asks.sizes) == {float(price): size for price, size in sides["a"].items()}
    book, u = books.whole["XRPUSDT"]
    assert (book.best_bid, book.best_ask, u) == (1.9534, 1.9535, 20254893)
    assert (len(book.bids), len(book.asks)) == (500, 500)


def test_any_delta_that_is_missing_is_noticed_and_the_book_recovers() -> None:
    complete = recorded(XRP)
    assert len(complete) == 25
    again = complete[0].replace(b'"u":20254869', b'"u":20254893')
    for missing in range(1, len(complete) - 1):
        codec, books = load_codec("bybit")(LINEAR), Books()
        gaps: list[Gap] = []
        orders: list[Resync] = []
        for number, frame in enumerate(complete):
            if number != missing:
                results = codec.receive(frame, TS_RECV)
                gaps += [one for one in results if isinstance(one, Gap)]
                orders += [one for one in results if isinstance(one, Resync)]
                books.read(results)
            assert ("XRPUSDT" in books.whole) == (number <= missing)
        assert [(gap.cause, gap.missed) for gap in gaps] == [("sequence", 1)]
        assert orders == [Resync(XRP)]
        books.read(codec.receive(again, TS_RECV))
        assert books.whole["XRPUSDT"][1] == 20254893


@pytest.mark.parametrize("name", ["bybit_linear_orderbook", "bybit_spot_orderbook"])
def test_every_short_recording_is_whole(name: str) -> None:
    """Each begins with its snapshot, except for lone deltas; a snapshot of another recording begins anew."""
    codec, books = load_codec("bybit")(LINEAR if "linear" in name else SPOT), Books()
    snapshots = 0
    for number, frame in enumerate(frames(CAPTURES / f"{name}.jsonl")):
        results = codec.receive(frame, TS_RECV + number)
        books.read(results)
        snapshots += sum(isinstance(one, BookSnapshot) for one in results)
        symbols = {one.symbol for one in results if isinstance(one, Gap)}
        assert not symbols & books.whole.keys()
    assert snapshots >= 2


TRADES = [
    "bybit_linear_trades",
    "bybit_spot_trades",
    "sessions/bybit_linear_20260903",
    "sessions/bybit_spot_20260903",
]


@pytest.mark.parametrize("name", TRADES)
def test_every_trade_is_told_once(name: str) -> None:
    trades = 0
    for frame, found in events_of(CAPTURES / f"{name}.jsonl"):
        rows: list[dict[str, Any]] = []
        if frame.get("topic", "").startswith("publicTrade."):
            rows = frame["data"]
        told = [one for one in found if isinstance(one, Trade)]
        assert [(one.trade_id, one.price, one.size, one.side, one.ts_event, one.order) for one in told] == [
            (
                row["i"],
                float(row["p"]),
                float(row["v"]),
                row["S"].lower(),
                row["T"] * 1_000_000,
                row.get("seq", 0),
            )
            for row in rows
        ]
        trades += len(told)
    assert trades >= 5


def test_liquidations() -> None:
    sides = {"Buy": "long", "Sell": "short"}
    for frame, found in events_of(CAPTURES / "bybit_linear_liquidations.jsonl"):
        assert [(one.symbol, one.side, one.price) for one in found if isinstance(one, Liquidation)] == [
            (row["s"], sides[row["S"]], float(row["p"])) for row in frame["data"]
        ]
        assert len(found) == len(frame["data"]) > 0


def test_candles_of_a_minute_only() -> None:
    for frame in frames(CAPTURES / "bybit_linear_kline.jsonl"):
        codec = load_codec("bybit")(LINEAR)
        assert codec.receive(frame, TS_RECV) == []
        [candle] = codec.receive(frame.replace(b"kline.5.", b"kline.1."), TS_RECV)
        assert isinstance(candle, Candle)
        row = json.loads(frame)["data"][0]
        assert (candle.start_ns, candle.closed) == (row["start"] * 1_000_000, row["confirm"])
        assert (candle.open, candle.turnover) == (float(row["open"]), float(row["turnover"]))
