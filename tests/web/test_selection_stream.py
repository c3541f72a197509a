"""What selectors mean: on which channel, of which exchange, and from when on."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from actors.market.tick import Changes, Tick
from actors.runtime.settings import WebSettings
from tests.web.harness import NOW_NS, Switch, model, report
from tests.web.populated import BTC, ETH, OFFERS, SECOND_NS, instrument, populated, records, ticker
from web.offers import Offers
from web.readmodel import ReadModel
from web.site import Site
from web.stream.options import Channel
from web.stream.selection import TOP_JUDGED_NS, Resolved, Selection
from web.stream.selectors import matching, read_selector

BTC_KEY, ETH_KEY, SPOT_KEY = "bybit:linear:BTCUSDT", "bybit:linear:ETHUSDT", "bybit:spot:BTCUSDT"
HL_KEY = "hyperliquid:linear:BTC"
EVERYTHING = (BTC_KEY, ETH_KEY, SPOT_KEY, HL_KEY)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ns = NOW_NS

    def __call__(self) -> int:
        return self.ns


def site_of(read_model: ReadModel | None = None, offers: Offers = OFFERS, clock: Any = None) -> Site:
    return Site(
        read_model=read_model or populated(),
        control=Switch(),
        settings=WebSettings(),
        stop=trio.Event(),
        now_ns=clock or (lambda: NOW_NS),
        offers=offers,
    )


def resolve(*symbols: str, channel: Channel = "ticker", site: Site | None = None) -> Resolved:
    return Selection(symbols, channel).resolve(site or site_of())


@pytest.mark.parametrize(
    ("symbol", "keys"),
    [
        ("*", EVERYTHING),
        ("*:*:*", EVERYTHING),
        (BTC_KEY, (BTC_KEY,)),
        ("BYBIT:Linear:btcusdt", (BTC_KEY,)),
        ("bybit:*:BTC*", (BTC_KEY, SPOT_KEY)),
        ("*:linear:*", (BTC_KEY, ETH_KEY, HL_KEY)),
        ("b?bit:l*r:e??usdt", (ETH_KEY,)),
        ("BTCUSDT", (BTC_KEY, SPOT_KEY)),
        ("btc", (HL_KEY,)),
        ("BTC-USDT", (BTC_KEY, SPOT_KEY)),
        ("btc/usdt", (BTC_KEY, SPOT_KEY)),
        ("hyperliquid:linear:BTC-USDC", (HL_KEY,)),
        ("BTC*", (BTC_KEY, SPOT_KEY, HL_KEY)),
        ("*:*:BTC/USD?", (BTC_KEY, SPOT_KEY, HL_KEY)),
    ],
)
def test_what_a_selector_means(symbol: str, keys: tuple[str, ...]) -> None:
    assert resolve(symbol) == Resolved(keys)


def test_several_selectors_mean_each_key_once_in_the_order_of_the_exchanges() -> None:
    assert resolve(HL_KEY, SPOT_KEY, "BTCUSDT", "bybit:*:*").keys == EVERYTHING


@pytest.mark.parametrize(
    ("symbol", "code", "words", "nearest"),
    [
        ("bybit:linear:BTCUSD", "unknown_symbol", "near it are bybit:linear:BTCUSDT", [BTC_KEY, SPOT_KEY]),
        ("BTCUSTD", "unknown_symbol", "no instrument 'BTCUSTD' is followed", [BTC_KEY, SPOT_KEY]),
        ("bybti:linear:BTCUSDT", "unknown_symbol", "there are: bybit, hyperliquid", [BTC_KEY, SPOT_KEY]),
        ("bybti:*:*", "unknown_symbol", "there is no exchange 'bybti'", []),
        ("bybit:futures:BTCUSDT", "unknown_symbol", "there are: linear, spot", [BTC_KEY, SPOT_KEY]),
        ("bybit:BTCUSDT", "unknown_symbol", "no instrument", [BTC_KEY, SPOT_KEY]),
        ("zzz", "unknown_symbol", "no instrument 'zzz'", []),
    ],
)
def test_what_means_nothing_is_rejected_with_what_is_near(
    symbol: str, code: str, words: str, nearest: list[str]
) -> None:
    found = resolve(symbol, ETH_KEY)
    assert found.keys == (ETH_KEY,)
    assert not found.hopeless
    [rejected] = found.rejected
    assert (rejected.symbol, rejected.code) == (symbol, code)
    assert words in rejected.message
    assert set(nearest) <= set(rejected.nearest)
    assert bool(rejected.nearest) == bool(nearest)
    assert resolve(symbol).hopeless


def test_a_channel_that_a_market_does_not_have_is_refused_by_name_and_left_out_by_globs() -> None:
    found = resolve(SPOT_KEY, HL_KEY, "bybit:*:BTC*", channel="liquidations")
    assert found.keys == (BTC_KEY,)
    assert [(each.symbol, each.code) for each in found.rejected] == [
        (SPOT_KEY, "not_offered"),
        (HL_KEY, "not_offered"),
    ]
    assert "bybit spot does not offer liquidations; it offers: ticker" in found.rejected[0].message
    assert resolve("BTCUSDT", channel="liquidations") == Resolved((BTC_KEY,))


def test_a_glob_that_can_never_mean_anything_is_refused() -> None:
    found = resolve("bybit:spot:*", "hyperliquid:linear:top:5", channel="liquidations")
    assert [each.code for each in found.rejected] == ["not_offered", "not_offered"]
    assert found.hopeless


def test_a_channel_that_the_settings_do_not_follow_is_switched_off() -> None:
    linear = structs.replace(OFFERS["bybit", "linear"], switched_off=("trades",))
    site = site_of(offers={**OFFERS, ("bybit", "linear"): linear})
    [rejected] = resolve(BTC_KEY, channel="trades", site=site).rejected
    assert (rejected.code, rejected.message) == ("switched_off", "this hub does not follow trades of bybit.")
    assert resolve("BTCUSDT", channel="trades", site=site).keys == (SPOT_KEY,)
    assert resolve(BTC_KEY, channel="bars", site=site).keys == (BTC_KEY,)


def test_spot_pays_no_funding() -> None:
    assert resolve("*", channel="funding").keys == (BTC_KEY, ETH_KEY, HL_KEY)
    assert resolve(SPOT_KEY, channel="funding").rejected[0].code == "not_offered"


def test_the_busiest_are_those_with_the_highest_turnover_in_dollars() -> None:
    read_model = populated()
    tickers = records(
        ticker("bybit", BTC, turnover_24h=5.0),
        ticker("bybit", ETH, turnover_24h=7.0),
        ticker("bybit", ("spot", "BTCTRY"), turnover_24h=1e12),
    )
    listed = Changes(instruments=[instrument("bybit", ("spot", "BTCTRY"), "BTC", "TRY")])
    read_model.publish(Tick("bybit", NOW_NS, tickers, listed))
    site = site_of(read_model)
    assert resolve("top:2", site=site).keys == (SPOT_KEY, HL_KEY)
    assert resolve("TOP:1000", site=site).keys == (BTC_KEY, ETH_KEY, "bybit:spot:BTCTRY", SPOT_KEY, HL_KEY)
    assert resolve("bybit:linear:top:1", site=site).keys == (ETH_KEY,)
    assert resolve("bybit:*:Top:2", site=site).keys == (ETH_KEY, SPOT_KEY)


def test_of_a_market_that_is_not_known_yet_everything_is_accepted_with_a_warning() -> None:
    read_model = model()
    site = site_of(read_model, offers={})
    selection = Selection(("BTCUSDT", "bybit:linear:BTC*", "bybit:linear:ETHUSDT", "top:3"), "trades")
    found = selection.resolve(site)
    assert (found.keys, found.rejected, found.hopeless) == ((), (), False)
    assert [each.partition(": ")[0] for each in found.warnings] == [
        "BTCUSDT",
        "bybit:linear:BTC*",
        "bybit:linear:ETHUSDT",
        "top:3",
    ]
    assert "not known yet" in found.warnings[0]
    read_model.report([report(), report(exchange="hyperliquid", symbols=("BTC",))])
    assert selection.resolve(site).keys == (BTC_KEY, ETH_KEY)


@pytest.mark.parametrize("wanted", [("*",), ("top:50",), ("SOLUSDT", "perp:*")])
def test_before_the_listing_came_nobody_knows_what_all_of_a_market_is(wanted: tuple[str, ...]) -> None:
    read_model = model()
    read_model.report([report(symbols=wanted, state="connecting")])
    site = site_of(read_model)
    selection = Selection((BTC_KEY, "bybit:linear:*"), "ticker")
    found = selection.resolve(site)
    assert (found.rejected, found.hopeless) == ((), False)
    assert [each for each in found.keys if "SOLUSDT" not in each] == []
    assert "not known yet" in found.warnings[0]
    read_model.report([report(symbols=("BTCUSDT",))])
    assert selection.resolve(site).keys == (BTC_KEY,)


def test_what_is_listed_later_joins_and_what_is_delisted_leaves() -> None:
    read_model = populated()
    site = site_of(read_model)
    selection = Selection(("bybit:linear:*",), "ticker")
    assert selection.resolve(site).keys == (BTC_KEY, ETH_KEY)
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", ("linear", "SOLUSDT")))))
    assert selection.resolve(site).keys == (BTC_KEY, ETH_KEY, "bybit:linear:SOLUSDT")
    read_model.publish(Tick("bybit", NOW_NS, [], Changes(removed=[ETH])))
    read_model.report([report(symbols=("BTCUSDT",))])
    assert selection.resolve(site).keys == (BTC_KEY, "bybit:linear:SOLUSDT")


def test_a_glob_of_what_may_be_listed_one_day_is_accepted() -> None:
    found = resolve("bybit:linear:NEW*")
    assert (found.keys, found.hopeless) == ((), False)
    assert found.warnings == ("bybit:linear:NEW*: nothing fits now; what is listed later joins.",)


def test_asking_again_costs_nothing_until_a_listing_changed() -> None:
    read_model, clock = populated(), Clock()
    site = site_of(read_model, clock=clock)
    selection = Selection(("*",), "ticker")
    first = selection.resolve(site)
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC, price=5.0))))
    clock.ns += 10 * TOP_JUDGED_NS
    assert selection.resolve(site) is first


def test_the_busiest_are_judged_again_after_a_minute() -> None:
    read_model, clock = populated(), Clock()
    site = site_of(read_model, clock=clock)
    selection = Selection(("bybit:linear:top:1",), "ticker")
    first = selection.resolve(site)
    assert first.keys == (BTC_KEY,)
    read_model.publish(
        Tick("bybit", NOW_NS, records(ticker("bybit", ETH, turnover_24h=1e9, name="ETH-USDT")))
    )
    clock.ns += TOP_JUDGED_NS - SECOND_NS
    assert selection.resolve(site) is first
    clock.ns += SECOND_NS
    assert selection.resolve(site).keys == (ETH_KEY,)


def test_a_symbol_may_hold_colons() -> None:
    read_model = populated()
    pair = ("linear", "xyz:TSLA")
    read_model.publish(
        Tick("hyperliquid", NOW_NS, records(ticker("hyperliquid", pair, name="xyz:TSLA-USDC")))
    )
    site = site_of(read_model)
    for symbol in ("xyz:TSLA", "hyperliquid:linear:xyz:tsla", "xyz:*", "hyperliquid:linear:xyz:*"):
        assert resolve(symbol, site=site).keys == ("hyperliquid:linear:xyz:TSLA",)


def test_only_a_few_misspelt_symbols_are_worth_a_search() -> None:
    found = resolve(*(f"BTCUSDT{number}" for number in range(30)))
    assert len(found.rejected) == 30
    assert sum(bool(each.nearest) for each in found.rejected) == 3


@given(st.text("ab*?[]!-", max_size=12), st.text("ab[]!-", max_size=12))
def test_patterns_fit_as_two_rules_say(pattern: str, text: str) -> None:
    def fits(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return fits(pattern[1:], text) or (bool(text) and fits(pattern, text[1:]))
        return bool(text) and pattern[0] in ("?", text[0]) and fits(pattern[1:], text[1:])

    assert bool(matching(pattern, text)) == (bool(text) and fits(pattern, text))
    assert matching(pattern, f"{text}\nab\n") == [
        each for each in (text, "ab") if each and fits(pattern, each)
    ]


def test_a_hostile_pattern_takes_no_time() -> None:
    """A matcher that looks back would take longer than the universe has."""
    lines = "\n".join(["a" * 100] * 100)
    assert not matching("*a" * 49 + "b", lines)
    assert not matching("*?a" * 30 + "b", lines)


@given(st.text(max_size=40) | st.from_regex(r"\A[a-z*]{0,5}:[a-z*]{0,6}:(top:)?[A-Z0-9*]{0,8}\Z"))
def test_any_text_is_a_selector_or_says_why_not(text: str) -> None:
    try:
        selector = read_selector(text)
    except ValueError as error:
        assert str(error)
    else:
        assert read_selector(selector.text) == selector
        assert isinstance(resolve(selector.text), Resolved)
