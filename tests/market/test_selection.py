"""Which instruments the settings mean."""

from __future__ import annotations

import pytest

from actors.market.instrument import Instrument
from actors.market.selection import Selection, needs_listing, select


def listed(symbol: str, base: str = "", quote: str = "USDT") -> Instrument:
    return Instrument(exchange="x", market="linear", symbol=symbol, base=base or symbol, quote=quote)


INSTRUMENTS = [
    listed("BTCUSDT", "BTC"),
    listed("ETHUSDT", "ETH"),
    listed("SOLUSDT", "SOL"),
    listed("@107", "HYPE", "USDC"),
    listed("xyz:NVDA", "NVDA"),
    listed("xyz:TSLA", "TSLA"),
]
TURNOVER = {"ETHUSDT": 9.0, "BTCUSDT": 5.0, "SOLUSDT": 1.0, "xyz:NVDA": 99.0}


def symbols(*wanted: str) -> tuple[str, ...]:
    chosen = select(wanted, INSTRUMENTS, TURNOVER)
    assert chosen.refused == {}
    return chosen.symbols


def test_symbols_keep_the_order_of_the_settings() -> None:
    assert symbols("SOLUSDT", "BTCUSDT", "SOLUSDT") == ("SOLUSDT", "BTCUSDT")


def test_everything_is_the_main_exchange_busiest_first() -> None:
    assert symbols("*") == ("ETHUSDT", "BTCUSDT", "SOLUSDT", "@107")


def test_the_top_is_by_turnover() -> None:
    assert symbols("top:2") == ("ETHUSDT", "BTCUSDT")
    assert symbols("top:99") == symbols("*")


def test_a_builders_exchange_is_asked_for_by_name() -> None:
    assert symbols("xyz:*") == ("xyz:NVDA", "xyz:TSLA")
    assert symbols("xyz:TSLA") == ("xyz:TSLA",)


def test_names_are_understood_both_ways() -> None:
    assert symbols("HYPE/USDC", "BTC-USDT", "BTCUSDT") == ("@107", "BTCUSDT")


def test_wishes_overlap_without_doubles() -> None:
    assert symbols("SOLUSDT", "top:2", "*") == ("SOLUSDT", "ETHUSDT", "BTCUSDT", "@107")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("BTCUSD", "not in the exchange's listing; near it are BTCUSDT"),
        ("ethusdt", "not in the exchange's listing; near it are ETHUSDT"),
        ("QQQQQQ", "not in the exchange's listing"),
        ("abc:*", "not in the exchange's listing"),
        ("LUNA/USDC", "not in the exchange's listing"),
    ],
)
def test_what_is_not_listed_is_refused_with_what_is_near(wanted: str, words: str) -> None:
    chosen = select([wanted, "BTCUSDT"], INSTRUMENTS, TURNOVER)
    assert chosen.symbols == ("BTCUSDT",)
    assert chosen.refused[wanted].startswith(words)


def test_an_empty_listing_refuses_what_is_named() -> None:
    assert select(["*"], [], {}) == Selection((), {})
    assert list(select(["BTCUSDT", "xyz:*"], [], {}).refused) == ["BTCUSDT", "xyz:*"]


@pytest.mark.parametrize(
    ("wanted", "needed"),
    [
        (["BTCUSDT", "xyz:NVDA"], False),
        (["HYPE/USDC"], False),
        (["*"], True),
        (["A", "top:5"], True),
        (["xyz:*"], True),
    ],
)
def test_whether_the_listing_must_be_known(wanted: list[str], needed: bool) -> None:
    assert needs_listing(wanted) is needed
