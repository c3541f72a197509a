"""The view across exchanges: only live legs of the same coin count, each in the same unit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.cross import Asset, movers, spreads
from actors.market.events import State
from actors.market.instrument import Instrument
from actors.market.legs import Leg
from actors.market.ticker import Ticker

Leaf = tuple[Ticker, Instrument]


def leg(key: str, base: str = "BTC", quote: str = "USDT", *, multiplier: float = 1.0, **told: Any) -> Leaf:
    exchange, market, symbol = key.split(":", 2)
    told.setdefault("quality", "live")
    ticker = Ticker(exchange=exchange, market=market, symbol=symbol, **told)
    instrument = Instrument(
        exchange=exchange, market=market, symbol=symbol, base=base, quote=quote, multiplier=multiplier
    )
    return ticker, instrument


def view(*leaves: Leaf, **wishes: Any) -> list[Asset]:
    return spreads([ticker for ticker, _ in leaves], [instrument for _, instrument in leaves], **wishes)


def only(*leaves: Leaf) -> Asset:
    [asset] = view(*leaves, legs_min=1)
    return asset


def left_out(asset: Asset) -> dict[str, str | None]:
    return {leg.key: leg.left_out for leg in asset.legs}


# --- Best bid and ask ---


def test_the_best_bid_and_ask_are_on_different_exchanges() -> None:
    asset = only(
        leg("a:linear:BTCUSDT", bid=100.0, ask=100.1, bid_size=3.0),
        leg("b:linear:BTC", quote="USDC", bid=101.0, ask=101.1, ask_size=4.0),
    )
    assert (asset.base, asset.quote) == ("BTC", "USD")
    assert asset.best.bid is not None
    assert asset.best.ask is not None
    assert (asset.best.bid.key, asset.best.bid.price, asset.best.bid.quote) == ("b:linear:BTC", 101.0, "USDC")
    assert (asset.best.ask.exchange, asset.best.ask.price) == ("a", 100.1)
    assert asset.best.spread_bps == pytest.approx((101.0 - 100.1) / 100.1 * 1e4)
    assert asset.best.legs == 2


def test_the_spread_is_negative_where_nothing_is_to_be_had() -> None:
    asset = only(leg("a:spot:X", bid=100.0, ask=101.0), leg("b:spot:X", bid=100.5, ask=101.5))
    assert asset.best.spread_bps == pytest.approx((100.5 - 101.0) / 101.0 * 1e4)


@pytest.mark.parametrize("quality", ["connecting", "syncing", "stale", "gapped", "halted", "refused"])
def test_a_leg_that_is_not_live_is_listed_and_never_counted(quality: State) -> None:
    asset = only(
        leg("a:linear:X", bid=100.0, ask=101.0, funding_rate=0.1, funding_interval_h=8.0),
        leg("b:linear:X", bid=109.0, ask=90.0, quality=quality, funding_rate=0.9, funding_interval_h=8.0),
        leg("c:spot:X", bid=109.0, ask=110.0, quality=quality),
    )
    assert left_out(asset) == {"a:linear:X": None, "b:linear:X": quality, "c:spot:X": quality}
    assert asset.best.legs == 1
    assert asset.best.bid is not None
    assert asset.best.bid.price == 100.0
    assert (asset.basis, asset.funding) == ([], None)
    assert (asset.spot.bid, asset.spot.ask, asset.spot.spread_bps) == (None, None, None)


def test_a_crossed_quote_is_left_out_and_one_side_counts() -> None:
    asset = only(
        leg("a:spot:X", bid=105.0, ask=104.0),
        leg("b:spot:X", bid=101.0),
        leg("c:spot:X", bid=99.0, ask=102.0),
        leg("d:spot:X", price=100.0),
    )
    assert left_out(asset) == {
        "a:spot:X": "crossed", "b:spot:X": None, "c:spot:X": None, "d:spot:X": "no quote",
    }  # fmt: skip
    assert asset.best.bid is not None
    assert asset.best.bid.key == "b:spot:X"
    assert asset.best.ask is not None
    assert asset.best.ask.key == "c:spot:X"


def test_multiplied_contracts_are_compared_per_coin() -> None:
    asset = only(
        leg("a:linear:1000PEPEUSDT", "PEPE", multiplier=1000.0, bid=0.012, ask=0.0121, bid_size=5.0),
        leg("b:linear:kPEPE", "PEPE", "USDC", multiplier=1000.0, bid=0.0119, ask=0.012),
        leg("c:spot:PEPEUSDT", "PEPE", bid=0.0000118, ask=0.0000119),
    )
    assert asset.best.bid is not None
    assert asset.best.bid.price == pytest.approx(0.000012)
    assert asset.best.bid.size == pytest.approx(5000.0)
    assert asset.best.ask is not None
    assert asset.best.ask.price == pytest.approx(0.0000119)
    assert {leg.left_out for leg in asset.legs} == {None}


def test_another_coin_of_the_same_name_is_not_compared() -> None:
    asset = only(
        leg("a:spot:TRUMPUSDT", "TRUMP", bid=9.9, ask=10.1, turnover_24h=1e6),
        leg("b:linear:TRUMP", "TRUMP", "USDC", bid=10.0, ask=10.2, turnover_24h=1e5),
        leg("b:spot:@9", "TRUMP", "USDC", bid=0.01, ask=0.02, turnover_24h=1e3),
    )
    assert left_out(asset) == {
        "a:spot:TRUMPUSDT": None, "b:linear:TRUMP": None, "b:spot:@9": "another coin",
    }  # fmt: skip
    assert asset.best.spread_bps is not None
    assert asset.best.spread_bps < 0


def test_the_judge_of_the_coin_is_live() -> None:
    asset = only(
        leg("a:spot:X", bid=1.0, ask=2.0, turnover_24h=1e9, quality="stale"),
        leg("b:spot:X", bid=10.0, ask=11.0),
    )
    assert left_out(asset)["b:spot:X"] is None


# --- Assets ---


def test_quotes_that_are_no_dollars_are_assets_of_their_own() -> None:
    found = view(
        leg("a:spot:BTCUSDT", bid=1.0, ask=2.0),
        leg("a:spot:BTCEUR", quote="EUR", bid=1.0, ask=2.0),
        leg("b:spot:BTCFDUSD", quote="FDUSD", bid=1.0, ask=2.0),
        leg("a:spot:ETHBTC", "ETH", "BTC", bid=1.0, ask=2.0),
        legs_min=1,
    )
    assert {(asset.base, asset.quote): len(asset.legs) for asset in found} == {
        ("BTC", "USD"): 2, ("BTC", "EUR"): 1, ("ETH", "BTC"): 1,
    }  # fmt: skip


def test_the_greatest_spread_comes_first_and_the_unknown_last() -> None:
    leaves = [leg(f"a:spot:{base}", base, bid=2.0, ask=2.1) for base in ("LOW", "HIGH")]
    leaves += [leg("b:spot:LOW", "LOW", bid=1.9, ask=2.2), leg("b:spot:HIGH", "HIGH", bid=3.0, ask=3.1)]
    leaves += [leg("a:spot:NONE", "NONE"), leg("b:spot:NONE", "NONE")]
    assert [asset.base for asset in view(*leaves)] == ["HIGH", "LOW", "NONE"]


def test_what_was_asked_for() -> None:
    leaves = [leg(f"{exchange}:spot:{base}", base) for exchange in "ab" for base in ("BTC", "ETH", "SOL")]
    leaves += [leg("a:spot:ONE", "ONE"), leg("a:spot:E", quote="EUR"), leg("b:spot:E", quote="EUR")]
    assert {asset.base for asset in view(*leaves)} == {"BTC", "ETH", "SOL"}
    assert {asset.base for asset in view(*leaves, bases={"ETH", "ONE"})} == {"ETH"}
    assert [asset.quote for asset in view(*leaves, quote="EUR")] == ["EUR"]
    assert len(view(*leaves, legs_min=1)) == 5


def test_a_ticker_without_its_instrument_has_no_place() -> None:
    ticker, instrument = leg("a:spot:BTCUSDT", bid=1.0, ask=2.0)
    assert spreads([ticker], [], legs_min=1) == []
    assert len(spreads([ticker], [instrument], legs_min=1)) == 1


# --- Basis and funding ---


def test_the_basis_is_against_the_own_exchange_else_the_busiest() -> None:
    asset = only(
        leg("a:spot:X", bid=99.0, ask=101.0, turnover_24h=5.0),
        leg("b:spot:X", bid=199.0, ask=201.0, turnover_24h=9.0),
        leg("a:linear:X", bid=100.0, ask=102.0),
        leg("c:linear:X", bid=197.0, ask=199.0),
    )
    assert [(each.perpetual, each.spot) for each in asset.basis] == [
        ("a:linear:X", "a:spot:X"), ("c:linear:X", "b:spot:X"),
    ]  # fmt: skip
    assert [each.bps for each in asset.basis] == pytest.approx([100.0, -100.0])


def test_funding_is_compared_per_8_hours() -> None:
    asset = only(
        leg("a:linear:X", bid=1.0, ask=2.0, funding_rate=0.0001, funding_interval_h=8.0),
        leg("b:linear:X", funding_rate=-0.00001, funding_interval_h=1.0),
        leg("c:linear:X", bid=1.0, ask=2.0, funding_rate=0.00005, funding_interval_h=None),
    )
    assert asset.funding is not None
    assert (asset.funding.lowest_key, asset.funding.highest_key) == ("b:linear:X", "a:linear:X")
    assert asset.funding.difference_8h == pytest.approx(0.00018)
    assert asset.funding.difference_apr == pytest.approx(0.00018 * 1095 * 100)


# --- Movers ---


def mover(symbol: str, change: float | None, **told: Any) -> Ticker:
    return leg(f"a:spot:{symbol}", change_1h=change, **told)[0]


def test_movers_are_live_and_have_moved() -> None:
    tickers = [
        mover("A", 1.0), mover("B", 5.0), mover("C", -3.0), mover("D", 0.0), mover("E", None),
        mover("F", 99.0, quality="stale"), mover("G", -0.5), mover("H", 2.0),
    ]  # fmt: skip
    found = movers(tickers, by="change_1h", limit=2)
    assert [ticker.symbol for ticker in found.gainers] == ["B", "H"]
    assert [ticker.symbol for ticker in found.losers] == ["C", "G"]
    assert movers(tickers, by="change_1m").gainers == []


def test_movers_may_have_to_turn_something_over() -> None:
    tickers = [mover("A", 1.0, turnover_24h=5e6), mover("B", 5.0, turnover_24h=1.0), mover("C", 7.0)]
    assert [ticker.symbol for ticker in movers(tickers, "change_1h", turnover_min=1e6).gainers] == ["A"]


def test_a_change_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"change_2h.*change_1m"):
        movers([], by="change_2h")  # type: ignore[arg-type]


PRICES = st.none() | st.floats(min_value=0.5, max_value=2.0)
QUALITIES = st.sampled_from(["live", "live", "stale", "gapped", "connecting"])
LEAVES = st.lists(st.tuples(st.sampled_from(["spot", "linear"]), PRICES, PRICES, QUALITIES), max_size=8)


@given(LEAVES)
def test_whatever_counts_is_live_and_is_the_best(told: list[tuple[str, Any, Any, State]]) -> None:
    leaves = [
        leg(f"e{number}:{market}:X", bid=bid, ask=ask, quality=quality)
        for number, (market, bid, ask, quality) in enumerate(told)
    ]
    for asset in view(*leaves, legs_min=1):
        counted = [leg for leg in asset.legs if leg.priced]
        assert len(asset.legs) == len(leaves)
        assert all(leg.quality == "live" for leg in counted)
        assert price(asset.best.bid) == max((leg.bid for leg in counted if leg.bid), default=None)
        assert price(asset.best.ask) == min((leg.ask for leg in counted if leg.ask), default=None)
        assert all(is_counted(basis.perpetual, counted) for basis in asset.basis)
        assert all(is_counted(basis.spot, counted) for basis in asset.basis)


def price(best: Any) -> float | None:
    return None if best is None else best.price


def is_counted(key: str, counted: list[Leg]) -> bool:
    return key in {leg.key for leg in counted}
