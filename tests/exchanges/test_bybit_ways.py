"""Bybit's frames are decoded in one pass where they are ordinary: it must mean what the long way means."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.exchanges._bybit_book import QuoteStream
from actors.exchanges._bybit_ticker import THEIRS, TickerStream
from actors.exchanges._bybit_wire import MALFORMED
from actors.exchanges.bybit import Codec
from actors.market.instrument import LINEAR, SPOT
from actors.runtime.errors import DecodeError

GOLDEN = sorted(Path(__file__).parent.parent.glob("golden/bybit/*.json"))
NUMBERS = st.one_of(
    st.decimals(-10, 10**9, places=6).map(str),
    st.sampled_from(["", "0", "0.00", "NaN", "-1", "1e400", "12345678901234567890"]),
)
searching = settings(max_examples=500)


def meaning(receive: Callable[[bytes, int], object], message: object) -> object:
    try:
        return receive(json.dumps(message, separators=(",", ":")).encode(), 2)
    except MALFORMED:
        return "malformed"


def said_otherwise(frame: str) -> bytes:
    """The same message as no exchange writes it: spaces, and the topic last."""
    try:
        message = json.loads(frame)
    except ValueError:
        return frame.encode()
    topic = message.pop("topic")
    return json.dumps({**message, "topic": topic}).encode()


@pytest.mark.parametrize("market", [LINEAR, SPOT])
def test_a_frame_that_begins_unlike_any_other_means_the_same(market: str) -> None:
    """Frames are told apart by how they begin; where that fails, they are read twice."""
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in GOLDEN]
    compared = 0
    for case in cases:
        if case["market"] != market:
            continue
        usual, unusual = Codec(market), Codec(market)
        for frame in case["frames"]:
            if not frame.startswith('{"topic":"'):
                continue
            results: list[object] = []
            for codec, data in ((usual, frame.encode()), (unusual, said_otherwise(frame))):
                try:
                    results.append(codec.receive(data, 1))
                except DecodeError:
                    results.append("DecodeError")
            assert results[0] == results[1]
            compared += 1
        assert usual.heard == unusual.heard
    assert compared > 15


@given(
    st.dictionaries(st.sampled_from(sorted(set(THEIRS.values()) - {"nextFundingTime"})), NUMBERS),
    st.booleans(),
)
@example({"ask1Price": "0.000000", "price24hPcnt": "4839.493124"}, False)
@searching
def test_the_two_ways_agree_on_any_ticker(data: dict[str, str], snapshot: bool) -> None:
    first = {"topic": "tickers.X", "type": "snapshot", "data": {"symbol": "X"}, "ts": 1}
    kind = "snapshot" if snapshot else "delta"
    then = {"topic": "tickers.X", "type": kind, "data": {"symbol": "X", **data}, "ts": 2}
    short, long = TickerStream("tickers.X", "X"), TickerStream("tickers.X", "X")
    assert meaning(short.receive, first) == meaning(long.receive_any, first)
    assert meaning(short.receive, then) == meaning(long.receive_any, then)


SIDES = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=1)


@given(SIDES, SIDES, st.integers(0, 2), st.one_of(st.none(), st.integers(-1, 2**44)))
@searching
def test_the_two_ways_agree_on_any_quote(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]], u: int, cts: int | None
) -> None:
    short, long = QuoteStream("orderbook.1.X", "X"), QuoteStream("orderbook.1.X", "X")
    for number in (1, u):
        data = {"s": "X", "b": bids, "a": asks, "u": number, "seq": 5}
        message = {"topic": "orderbook.1.X", "ts": 7, "type": "snapshot", "data": data, "cts": cts}
        assert meaning(short.receive, message) == meaning(long.receive_any, message)
