"""The outgoing JSON, key by key: readers depend on names and order."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from actors.market.events import State
from actors.market.ticker import Ticker
from tests.web.harness import NOW_NS
from web import wire

KEYS = [
    *("symbol", "price", "volume_24h", "change_24h", "high_24h", "low_24h", "bid", "ask", "timestamp"),
    *(
        "market",
        "exchange",
        "key",
        "name",
        "bid_size",
        "ask_size",
        "turnover_24h",
        "mark_price",
        "index_price",
    ),
    *(
        "funding_rate",
        "funding_interval_h",
        "next_funding_ts",
        "open_interest",
        "ts_event",
        "ts_recv",
        "stale",
        "quality",
    ),
]


def ticker(**values: float | int | bool | None) -> Ticker:
    return Ticker(exchange="bybit", market="linear", symbol="BTCUSDT", **values)  # type: ignore[arg-type]


def test_a_record_has_these_keys_in_this_order() -> None:
    body = wire.encode_record(ticker(price=64_321.5, ts_event=NOW_NS, ts_recv=NOW_NS + 5_000_000))
    record = json.loads(body)
    assert list(record) == KEYS
    assert record["timestamp"] == 1_766_523_600.123
    assert (record["ts_event"], record["ts_recv"]) == (1_766_523_600_123, 1_766_523_600_128)
    assert record["key"] == "bybit:linear:BTCUSDT"
    assert record["bid"] is None


def test_without_an_event_time_the_timestamp_is_when_we_received() -> None:
    assert json.loads(wire.encode_record(ticker(ts_recv=NOW_NS)))["timestamp"] == 1_766_523_600.123
    assert json.loads(wire.encode_record(ticker()))["timestamp"] is None


@pytest.mark.parametrize(("quality", "stale"), [("live", False), ("gapped", True), ("connecting", True)])
def test_a_record_says_how_far_it_can_be_trusted(quality: State, stale: bool) -> None:
    body = wire.encode_record(structs.replace(ticker(price=1.0), quality=quality))
    record = json.loads(body)
    assert (record["quality"], record["stale"]) == (quality, stale)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_null(value: float) -> None:
    assert json.loads(wire.encode_record(ticker(price=value)))["price"] is None


def test_a_price_keeps_its_digits() -> None:
    assert b'"price":0.00001234,' in wire.encode_record(ticker(price=0.00001234)).replace(
        b"1.234e-5", b"0.00001234"
    )
    assert b'"price":64321.5,' in wire.encode_record(ticker(price=64_321.5))


def test_initial_data() -> None:
    message = json.loads(wire.initial_data("bybit", [b'{"a":1}', b'{"a":2}'], NOW_NS))
    assert list(message)[:4] == ["type", "exchange", "data", "count"]
    assert message["data"] == [{"a": 1}, {"a": 2}]
    assert (message["count"], message["ts_out"]) == (2, 1_766_523_600_123)


def test_market_data() -> None:
    message = json.loads(wire.market_data("bybit", [b"1"], NOW_NS, NOW_NS + 7_000_000, "all"))
    assert list(message) == ["type", "exchange", "data", "timestamp", "count", "ts_out"]
    assert message["timestamp"] == "2025-12-23T21:00:00.123Z"
    assert message["ts_out"] == 1_766_523_600_130


def test_market_data_of_changes_names_what_is_gone() -> None:
    message = json.loads(wire.market_data("bybit", [], NOW_NS, NOW_NS, "changes", ["bybit:spot:X"]))
    assert (message["mode"], message["removed"], message["data"]) == ("changes", ["bybit:spot:X"], [])


def test_a_pong_gives_back_what_came() -> None:
    assert json.loads(wire.pong(NOW_NS, "abc")) == {"type": "pong", "ts": "abc", "ts_hub": 1_766_523_600_123}
    assert "ts" not in json.loads(wire.pong(NOW_NS))


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_gives_its_payload_back(length: int) -> None:
    payload = b"x" * length
    assert wire.payload_of(wire.text_frame(payload)) == payload
