"""Which instruments the settings mean."""

from __future__ import annotations

import pytest

from actors.market.instrument import Instrument
from actors.market.selection import Selection, needs_listing, select, unlisted


def listed(symbol: str, base: str = "", quote: str = "USDT", halted: str | None = None) -> Instrument:
    return Instrument(
        exchange="x", market="linear", symbol=symbol, base=base or symbol, quote=quote, halted=halted
    )


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


HALTED = [*INSTRUMENTS, listed("BADUSDT", "BAD", halted="BREAK"), listed("OLDBTC", "BTC", halted="HALT")]


def test_what_is_selected_is_told_with_what_the_listing_says() -> None:
    chosen = select(["SOLUSDT", "top:1"], INSTRUMENTS, TURNOVER)
    assert list(chosen.instruments) == ["SOLUSDT", "ETHUSDT"]
    assert chosen.instruments["ETHUSDT"] is INSTRUMENTS[1]


@pytest.mark.parametrize("wanted", ["*", "top:99"])
def test_what_is_halted_is_not_chosen_among_many(wanted: str) -> None:
    chosen = select([wanted], HALTED, TURNOVER)
    assert "BADUSDT" not in chosen.symbols and len(chosen.symbols) == 4


def test_what_is_halted_is_followed_when_it_is_named_or_was_followed() -> None:
    named = select(["BADUSDT"], HALTED, TURNOVER)
    assert named.symbols == ("BADUSDT",) and named.instruments["BADUSDT"].halted == "BREAK"
    kept = select(["*"], HALTED, TURNOVER, followed=("BADUSDT", "ETHUSDT"))
    assert "BADUSDT" in kept.symbols and len(kept.symbols) == 5


def test_a_name_means_the_one_that_trades() -> None:
    assert select(["BTC-USDT"], list(reversed(HALTED)), TURNOVER).symbols == ("BTCUSDT",)


@pytest.mark.parametrize(
    ("books", "symbols"),
    [
        (["*"], ("ETHUSDT", "BTCUSDT")),
        (["top:1"], ("ETHUSDT",)),
        (["BTC-USDT", "top:1"], ("BTCUSDT", "ETHUSDT")),
        ([], ()),
    ],
)
def test_books_are_chosen_among_what_is_followed(books: list[str], symbols: tuple[str, ...]) -> None:
    chosen = select(["BTCUSDT", "ETHUSDT"], INSTRUMENTS, TURNOVER, books)
    assert (chosen.books, chosen.books_refused) == (symbols, {})


def test_a_book_that_cannot_be_had_says_why() -> None:
    chosen = select(["BTCUSDT", "ETHUSDT"], INSTRUMENTS, TURNOVER, ["SOLUSDT", "HYPE/USDC", "BTCUSD"])
    assert chosen.books == ()
    beside = "its order book is wanted, but it is not followed itself"
    assert chosen.books_refused == {
        "SOLUSDT": beside,
        "HYPE/USDC": beside,
        "BTCUSD": "not in the exchange's listing; near it are BTCUSDT, ETHUSDT",
    }


def test_without_a_listing_the_books_are_those_of_the_named_symbols() -> None:
    assert unlisted(["A", "B", "C"], ["B", "X"]) == Selection(("A", "B", "C"), {}, books=("B",))
    assert unlisted(["A", "B", "C"], ["top:2"]).books == ("A", "B")
    assert unlisted(["A", "B", "C"], ["C", "*"]).books == ("C", "A", "B")
