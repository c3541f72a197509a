"""What subjects are called, and which of them a pattern means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.live import LivePrice
from actors.nats.address import Address
from actors.nats.patterns import Pattern, read_patterns
from actors.nats.quotes import quote_message
from actors.nats.subjects import quote_subject, text_of, token_of
from actors.runtime.errors import SettingsError

STRANGE = [
    "md.>",
    "*",
    ">",
    "..",
    "a b",
    "x\r\nPUB quotes.spot.Y 1",
    "\0",
    "%2E",
    "~",
    "币",
    "😀",
    "\u202e",
    "'; --",
]


def test_the_seeds_exchange_has_the_short_subjects() -> None:
    assert quote_subject("bybit", "spot", "BTCUSDT", "bybit") == "quotes.spot.BTCUSDT"
    assert quote_subject("bybit", "linear", "BTCUSDT", "bybit") == "quotes.futures.BTCUSDT"
    assert quote_subject("binance", "linear", "BTCUSDT", "bybit") == "quotes.binance.futures.BTCUSDT"
    assert quote_subject("bybit", "spot", "BTCUSDT", "") == "quotes.bybit.spot.BTCUSDT"


def test_usual_symbols_stay_as_they_are_and_dots_do_not() -> None:
    assert [token_of(each) for each in ("BTCUSDT", "HYPE/USDC", "@107", "xyz:NVDA", "BTC-27MAR26")] == [
        "BTCUSDT", "HYPE/USDC", "@107", "xyz:NVDA", "BTC-27MAR26",
    ]  # fmt: skip
    assert token_of("BRK.B") == "BRK%2EB"


@pytest.mark.parametrize("symbol", STRANGE)
def test_a_strange_symbol_is_one_harmless_token(symbol: str) -> None:
    message = quote_message(LivePrice("bybit", "spot", symbol, 1.5, 7_000_000), "bybit")
    assert message.subject.split(".")[:2] == ["quotes", "spot"] and message.subject.count(".") == 2
    assert message.headers == {"Exchange": "bybit"}
    assert text_of(message.subject.split(".")[2]) == symbol


@given(st.text(min_size=1, max_size=13))
def test_a_token_holds_any_text_and_gives_it_back(text: str) -> None:
    token = token_of(text)
    assert token.isascii() and token.isprintable() and not set(token) & set(" .*>~")
    assert text_of(token) == text


@pytest.mark.parametrize("text", ["", "\ud800", "x" * 121, "币" * 40])
def test_what_no_token_can_hold_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        token_of(text)


def test_a_price_is_told_in_the_words_of_the_seed() -> None:
    message = quote_message(
        LivePrice("bybit", "linear", "BTCUSDT", 67012.5, 1_795_258_874_139_482_117), "bybit"
    )
    assert message.payload == (
        b'{"symbol":"BTCUSDT","price":67012.5,"market":"FUTURES","timestamp":1795258874139}'
    )


def meant(*texts: str) -> list[tuple[str, str]]:
    return [(str(each), each.subject) for each in read_patterns(texts)]


def test_globs_become_what_the_server_knows() -> None:
    assert meant() == [("quotes.>", "quotes.>")]
    assert meant("quotes.*.BTC*") == [("quotes.*.BTC*", "quotes.*.*")]
    assert meant("quotes.binance.>", "quotes.binance.>") == [("quotes.binance.>", "quotes.binance.>")]
    assert meant(">") == [(">", ">")]
    assert meant("BTCUSDT") == [
        ("quotes.*.BTCUSDT", "quotes.*.BTCUSDT"),
        ("quotes.*.*.BTCUSDT", "quotes.*.*.BTCUSDT"),
    ]
    assert meant("quotes.spot.币?") == [("quotes.spot.%E5%B8%81?", "quotes.spot.*")]


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [
        ("quotes.*.BTC*", "quotes.spot.BTCUSDT", True),
        ("quotes.*.BTC*", "quotes.spot.BTC", True),
        ("quotes.*.BTC*", "quotes.spot.WBTCUSDT", False),
        ("quotes.*.BTC*", "quotes.binance.spot.BTCUSDT", False),
        ("quotes.*.*USD?", "quotes.spot.BTCUSDT", True),
        ("quotes.*.*USD?", "quotes.spot.BTCUSD", False),
        ("quotes.>", "quotes.binance.spot.BTCUSDT", True),
        ("quotes.>", "quotes", False),
        ("quotes.b*.>", "quotes.bybit.spot.X", True),
        ("quotes.b*.>", "quotes.spot.X", False),
        ("quotes.spot.a[bc]", "quotes.spot.ab", False),
        ("quotes.spot.a+", "quotes.spot.aa", False),
    ],
)
def test_what_fits(pattern: str, subject: str, fits: bool) -> None:
    [read] = read_patterns([pattern])
    assert read.fits(subject) is fits


TOKENS = st.text("ab*?", min_size=1, max_size=3)


@given(
    st.lists(TOKENS, min_size=2, max_size=3),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=2, max_size=3),
)
def test_the_server_is_asked_for_all_that_fits(pattern: list[str], subject: list[str]) -> None:
    read, told = Pattern(tuple(pattern)), ".".join(subject)
    if read.fits(told):
        assert Pattern(tuple(read.subject.split("."))).fits(told)


@pytest.mark.parametrize(
    "text",
    ["quotes..x", ".", "quotes.", "quotes.>.x", "quotes.a>", "quotes.a b", "quotes.\x1b[2J", "", "x" * 201],
)
def test_a_pattern_that_means_nothing_is_told_with_what_would(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected such as 'quotes\.futures\.BTC\*'"):
        read_patterns([text])


def test_an_address_says_where_and_never_how_it_gets_in() -> None:
    address = Address.parse("nats://user:s%2Ccret@one,nats://two:5222")
    assert (address.servers, address.username, address.password) == (
        ("one:4222", "two:5222"),
        "user",
        "s,cret",
    )
    assert address.urls == ["nats://one:4222", "nats://two:5222"]
    token = Address.parse("tls://t0ken@[::1]:4223")
    assert (token.token, token.username, token.servers, token.is_encrypted) == (
        "t0ken",
        None,
        ("[::1]:4223",),
        True,
    )
    for shown in (f"{address} {address!r}", f"{token} {token!r}"):
        assert "cret" not in shown and "t0ken" not in shown


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis://x", "begins with nats:// or tls://"),
        ("nats://", "names no host"),
        ("nats://x:99999", "no valid host and port"),
        ("nats://x/1", "has no path"),
        ("nats://x#y", "in a password, it is %23"),
        ("nats://a,tls://b", "of one kind"),
        ("nats://a?tls_roots=/nowhere.pem", "is no file"),
        ("nats://a?x=1", "unknown option x"),
    ],
)
def test_a_wrong_address_is_told(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem.replace("?", "[?]")):
        Address.parse(url)
