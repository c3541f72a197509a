"""The screener: what a filter means, in which order the rows come, and what its errors say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.derived import DERIVED
from actors.market.instrument import Instrument
from actors.market.screener import FIELDS, LIMIT_MAX, Row, Screen, ScreenError
from actors.market.ticker import Ticker
from tests.thoroughness import cases

searching = settings(max_examples=400)


def row(key: str, name: str = "BTC-USDT", *, multiplier: float = 1.0, **told: Any) -> Row:
    exchange, market, symbol = key.split(":", 2)
    told.setdefault("quality", "live")
    base, _, quote = name.partition("-")
    instrument = Instrument(
        exchange=exchange, market=market, symbol=symbol, base=base, quote=quote, multiplier=multiplier
    )
    return Ticker(exchange=exchange, market=market, symbol=symbol, name=name, **told), instrument


BTC = row(
    "bybit:linear:BTCUSDT", price=100.0, bid=99.0, ask=101.0, turnover_24h=5e9, mark_price=99.5,
    funding_rate=0.0001, funding_interval_h=8.0, change_24h=-1.5,
)  # fmt: skip
ETH = row("binance:spot:ETHFDUSD", "ETH-FDUSD", price=10.0, turnover_24h=2e9, change_24h=3.0)
PEPE = row("bybit:linear:1000PEPEUSDT", "PEPE-USDT", price=0.01, turnover_24h=2.5e7, multiplier=1000.0)
NOTCOIN = row("binance:spot:NOTUSDT", "NOT-USDT", price=0.002, turnover_24h=1e6, change_24h=0.0)
NVDA = row("hyperliquid:linear:xyz:NVDA", "NVDA-USD", price=180.0)
OLD = row("bybit:spot:OLDUSDT", "OLD-USDT", price=7.0, turnover_24h=9e9, quality="stale")
ROWS = [BTC, ETH, PEPE, NOTCOIN, NVDA, OLD]


def found(filter: str, sort: str = "", limit: int | str = 100) -> list[str]:  # noqa: A002
    screened = Screen.parse(filter, sort, limit).run(ROWS)
    return [instrument.base for _, instrument in screened.rows if instrument]


# --- What a filter means ---


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("", "BTC ETH PEPE NOT NVDA"),
        ("   ", "BTC ETH PEPE NOT NVDA"),
        ("turnover_24h>1b", "BTC ETH"),
        ("turnover_24h >= 2B", "BTC ETH"),
        ("turnover_24h<=25M", "PEPE NOT"),
        ("turnover_24h=25000k", "PEPE"),
        ("turnover_24h==2.5e7", "PEPE"),
        ("change_24h!=0", "BTC ETH"),
        ("change_24h<-.5", "BTC"),
        ("change_24h>=+0", "ETH NOT"),
        ("price>mark_price", "BTC"),
        ("spread_bps>100", "BTC"),
        ("funding_apr>10", "BTC"),
        ("exchange=bybit", "BTC PEPE"),
        ("EXCHANGE=ByBit", "BTC PEPE"),
        ("exchange!=bybit", "ETH NOT NVDA"),
        ("symbol=1000pepeusdt", "PEPE"),
        ("symbol~1000*", "PEPE"),
        ("base~?t?", "BTC ETH"),
        ("symbol~xyz:*", "NVDA"),
        ("key=hyperliquid:linear:xyz:NVDA", "NVDA"),
        ("name='btc-usdt'", "BTC"),
        ('name~"*-fdusd"', "ETH"),
        ("base=NOT", "NOT"),
        ("base=or or base=not", "NOT"),
        ("not base=not", "BTC ETH PEPE NVDA"),
        ("!base=btc,market=linear", "PEPE NVDA"),
        ("market=linear and turnover_24h>1m", "BTC PEPE"),
        ("market=linear,turnover_24h>1m", "BTC PEPE"),
        ("market=linear&&turnover_24h>1m&price<1", "PEPE"),
        ("base=btc or base=eth and price<50", "BTC ETH"),
        ("(base=btc or base=eth) and price<50", "ETH"),
        ("base=btc|base=nvda", "BTC NVDA"),
        ("not (exchange=bybit or market=spot)", "NVDA"),
        ("NOT exchange=bybit AND NOT market=spot", "NVDA"),
        ("quality=stale", "OLD"),
        ("quality~*", "BTC ETH PEPE NOT NVDA OLD"),
        ("price>5 and (quality=live or quality=stale)", "BTC ETH NVDA OLD"),
    ],
)
def test_filters(text: str, bases: str) -> None:
    assert found(text) == bases.split()


@pytest.mark.parametrize("sign", [">", ">=", "<", "<=", "=", "!="])
def test_what_is_unknown_fulfils_no_comparison(sign: str) -> None:
    assert "NVDA" not in found(f"turnover_24h{sign}1")
    assert found(f"open_interest{sign}1") == []
    assert found(f"price{sign}open_interest") == []


def test_only_live_rows_unless_the_filter_names_the_quality() -> None:
    assert "OLD" not in found("price>1")
    assert "OLD" in found("price>1 and not quality=gapped")


def test_a_row_without_its_instrument_is_named_by_its_ticker() -> None:
    ticker = BTC[0]
    assert Screen.parse("base=BTC,quote=USDT").matches((ticker, None))
    assert not Screen.parse("base!=ETH").matches((Ticker(exchange="e", market="m", symbol="S"), None))


def test_every_field_of_a_ticker_and_all_that_follows_can_be_asked() -> None:
    assert set(FIELDS) == {*Ticker.__struct_fields__, *DERIVED, "base", "quote", "key"}
    for field in FIELDS:
        Screen.parse(f"{field}=1", field).run(ROWS)


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    assert found("symbol~" + "*A" * 400) == []


# --- The order ---


def test_the_greatest_first_and_the_unknown_last() -> None:
    assert found("", "-turnover_24h") == ["BTC", "ETH", "PEPE", "NOT", "NVDA"]
    assert found("", "turnover_24h") == ["NOT", "PEPE", "ETH", "BTC", "NVDA"]


def test_several_fields_of_which_the_first_counts_most() -> None:
    assert found("", "market, -price") == ["NVDA", "BTC", "PEPE", "ETH", "NOT"]
    assert found("", "-exchange,symbol") == ["NVDA", "PEPE", "BTC", "ETH", "NOT"]


def test_the_limit_and_how_many_there_were() -> None:
    screened = Screen.parse("", "-turnover_24h", "2").run(ROWS)
    assert ([ticker.symbol for ticker, _ in screened.rows], screened.matched) == (["BTCUSDT", "ETHFDUSD"], 5)


def test_by_default_the_busiest_come_first() -> None:
    assert Screen.parse().run(ROWS).rows[0] is BTC


VALUES = st.none() | st.sampled_from([0.0, 1.0, 2.0])


@searching
@given(st.lists(st.tuples(VALUES, VALUES), max_size=12), st.booleans(), st.booleans())
def test_sorting_is_stable_and_the_unknown_is_last(
    pairs: list[tuple[float | None, float | None]], price_down: bool, bid_down: bool
) -> None:
    rows = [row(f"e:spot:{n}", price=price, bid=bid) for n, (price, bid) in enumerate(pairs)]
    sort = f"{'-' * price_down}price,{'-' * bid_down}bid"

    def place(each: Row) -> tuple[bool, float, bool, float, int]:
        price, bid = each[0].price, each[0].bid
        signs = -1 if price_down else 1, -1 if bid_down else 1
        return price is None, (price or 0) * signs[0], bid is None, (bid or 0) * signs[1], rows.index(each)

    assert Screen.parse("", sort).run(rows).rows == sorted(rows, key=place)


# --- Errors ---


@pytest.mark.parametrize(
    ("text", "offending", "position", "expected"),
    [
        ("turnover24h>1", "turnover24h", 0, "turnover_24h"),
        ("price>1 and fundng_rate>0", "fundng_rate", 12, "funding_rate"),
        ("price", "", 5, "> >= < <= = !="),
        ("price>", "", 6, "a number"),
        ("price > )", ")", 8, "a number"),
        ("price>ten", "ten", 6, "no such field"),
        ("price>base", "base", 6, "numeric field"),
        ("price>10mm", "10mm", 6, "10m"),
        ("price>1e999", "1e999", 6, "too great"),
        ("price>'1'x", "x", 9, "'and', 'or'"),
        ("price~1*", "~", 5, "> >= < <= = !="),
        ("base>BTC", ">", 4, "= != ~"),
        ("base BTC", "BTC", 5, "= != ~"),
        ("base=", "", 5, "a text"),
        ("base=BTC price>1", "price", 9, "'and', 'or'"),
        ("(price>1", "", 8, "')'"),
        ("price>1)", ")", 7, "'and', 'or'"),
        ("and price>1", "and", 0, "name of a field"),
        ("price>1 and", "", 11, "name of a field"),
        ("price>1,,price<2", ",", 8, "name of a field"),
        ("()", ")", 1, "name of a field"),
        ("'price'>1", "price", 0, "name of a field"),
        ("base='BTC", "'BTC", 5, "no end"),
        ("base=BTC; drop", ";", 8, "quotation marks"),
        ("base=B€TC", "€", 6, "quotation marks"),
        ("(" * 21 + "price>1" + ")" * 21, "(", 20, "at most 20"),
        ("not " * 21 + "price>1", "not", 80, "at most 20"),
        (" " * 996 + "price>1", "e>1", 1000, "1000"),
    ],
)
def test_an_error_says_where_and_what_would_be_right(
    text: str, offending: str, position: int, expected: str
) -> None:
    with pytest.raises(ScreenError) as raised:
        Screen.parse(text)
    error = raised.value
    assert (error.parameter, error.text, error.position) == ("filter", offending, position)
    assert expected in error.expected
    assert str(error).startswith("filter: ")
    assert expected in str(error)


def test_as_deep_and_as_long_as_allowed() -> None:
    assert found("(" * 20 + "base=btc" + ")" * 20) == ["BTC"]
    assert found("base=btc".ljust(1000)) == ["BTC"]
    assert found(",".join(["price>1"] * 125)) == ["BTC", "ETH", "NVDA"]


@pytest.mark.parametrize(
    ("sort", "offending", "position"),
    [("-volume", "volume", 1), ("price, nam", "nam", 7), ("price,", "", 6), ("--price", "-price", 1)],
)
def test_an_order_of_what_does_not_exist(sort: str, offending: str, position: int) -> None:
    with pytest.raises(ScreenError) as raised:
        Screen.parse("", sort)
    error = raised.value
    assert (error.parameter, error.text, error.position) == ("sort", offending, position)


def test_an_order_of_too_much() -> None:
    for sort in (",".join(["price"] * 11), "p" * 301):
        with pytest.raises(ScreenError, match=r"sort: .* at most 10 fields"):
            Screen.parse("", sort)


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1, "", "ten", "1.5", "١", "9" * 5000, "1_0"])
def test_a_limit_that_is_none(limit: int | str) -> None:
    with pytest.raises(ScreenError, match=r"limit: .*1 to 5000"):
        Screen.parse("", "", limit)


MARKS = ["()", "(", ")", ",", "&", "|", "!", ">", ">=", "=", "!=", "~", "<", "and", "or", "not", "'", '"']
VALUE_WORDS = ["1", "-2.5k", "btc", "1e400", "*[!", "[z-a]", "[[]", "é", "👀", "$", "'a b'", "\x00"]
PIECES = st.sampled_from([*FIELDS, *MARKS, *VALUE_WORDS])
TEXTS = st.text(max_size=60) | st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES).map("".join)


@settings(max_examples=cases(500, 2000))
@given(TEXTS, TEXTS, TEXTS | st.integers())
def test_random_text_is_understood_or_refused_and_nothing_else(
    text: str, sort: str, limit: int | str
) -> None:
    for wish in ((text, "", 1), ("", sort, 1), ("", "", limit)):
        try:
            screen = Screen.parse(*wish)
        except ScreenError as error:
            assert 0 <= error.position <= max(len(str(part)) for part in wish)
            continue
        assert len(screen.run(ROWS).rows) <= screen.limit


@searching
@given(st.sampled_from(FIELDS), st.text(alphabet="[]!-*?^&|~a1", min_size=1, max_size=30))
def test_any_pattern_is_a_pattern(field: str, pattern: str) -> None:
    try:
        Screen.parse(f"{field}~'{pattern}'").run(ROWS)
    except ScreenError as error:
        assert error.text == "~"  # a number has no pattern
