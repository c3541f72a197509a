"""Bybit's tickers are decoded in one pass where they are ordinary: it must mean what the long way means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.exchanges._bybit_wire import THEIRS
from actors.exchanges.bybit import Codec
from actors.market.instrument import LINEAR
from actors.runtime.errors import DecodeError


def test_the_short_way_and_the_long_way_mean_the_same() -> None:
    """Every golden ticker of the linear market, decoded in one pass and decoded the general way."""
    frames = [
        frame.encode()
        for path in sorted(Path(__file__).parent.parent.glob("golden/bybit/*.json"))
        for case in [json.loads(path.read_text(encoding="utf-8"))]
        if case["market"] == LINEAR
        for frame in case["frames"]
    ]
    short, long = Codec(LINEAR), Codec(LINEAR)
    ways = 0
    for frame in [*frames, *frames]:
        try:
            expected = long._receive_any(frame, 1)
        except DecodeError:
            with pytest.raises(DecodeError):
                short.receive(frame, 1)
            continue
        assert short.receive(frame, 1) == expected
        ways += frame.startswith(b'{"topic":"tickers.')
    assert ways > 10
    assert short.heard == long.heard


@given(
    st.dictionaries(
        st.sampled_from(sorted(set(THEIRS.values()) - {"nextFundingTime"})),
        st.one_of(
            st.decimals(-10, 10**9, places=6).map(str),
            st.sampled_from(["", "0", "0.00", "NaN", "-1", "1e400", "12345678901234567890"]),
        ),
    ),
    st.booleans(),
)
@settings(derandomize=True, deadline=None, max_examples=500)
def test_the_two_ways_agree_on_any_numbers(data: dict[str, str], snapshot: bool) -> None:
    first = {"topic": "tickers.X", "type": "snapshot", "data": {"symbol": "X"}, "ts": 1}
    kind = "snapshot" if snapshot else "delta"
    then = {"topic": "tickers.X", "type": kind, "data": {"symbol": "X", **data}, "ts": 2}
    results: list[object] = []
    for receive in (Codec(LINEAR).receive, Codec(LINEAR)._receive_any):
        receive(json.dumps(first, separators=(",", ":")).encode(), 1)
        try:
            results.append(receive(json.dumps(then, separators=(",", ":")).encode(), 2))
        except DecodeError:
            results.append("DecodeError")
    assert results[0] == results[1]
