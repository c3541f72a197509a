"""REST v1: what is asked is what comes, and what cannot be is said in words that help."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from msgspec import structs
from quart_trio import QuartTrio

from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, application, report
from tests.web.populated import BTC, ETH, OFFERS, bar, populated, quality, records, ticker, trade
from web.offers import Offer
from web.readmodel import ReadModel


def hub(read_model: ReadModel | None = None) -> QuartTrio:
    return application(read_model or populated(), offers=OFFERS)


async def ask(app: QuartTrio, path: str, status: int = 200) -> dict[str, Any]:
    response = await app.test_client().get(f"/api/v1/{path}")
    answer: dict[str, Any] = await response.get_json(force=True)
    assert response.status_code == status, answer
    return answer


async def keys(app: QuartTrio, path: str) -> list[str]:
    return [each["key"] for each in (await ask(app, path))["data"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "",
            ["bybit:linear:BTCUSDT", "bybit:linear:ETHUSDT", "bybit:spot:BTCUSDT", "hyperliquid:linear:BTC"],
        ),
        ("?exchange=hyperliquid", ["hyperliquid:linear:BTC"]),
        ("?market=spot", ["bybit:spot:BTCUSDT"]),
        ("?symbols=btcusdt", ["bybit:linear:BTCUSDT", "bybit:spot:BTCUSDT"]),
        ("?symbols=BTC-USDC", ["hyperliquid:linear:BTC"]),
        ("?symbols=ETHUSDT,BTC&market=LINEAR", ["bybit:linear:ETHUSDT", "hyperliquid:linear:BTC"]),
        (
            "?exchange=&symbols=",
            ["bybit:linear:BTCUSDT", "bybit:linear:ETHUSDT", "bybit:spot:BTCUSDT", "hyperliquid:linear:BTC"],
        ),
    ],
)
@pytest.mark.parametrize("path", ["tickers", "instruments"])
async def test_filters(path: str, query: str, found: list[str]) -> None:
    assert await keys(hub(), path + query) == found


async def test_symbols_that_nobody_has_are_named() -> None:
    answer = await ask(hub(), "tickers?symbols=BTCUSDT,NOPE")
    assert answer["meta"]["unknown_symbols"] == ["NOPE"]
    assert answer["meta"]["count"] == 2


async def test_what_a_limit_leaves_out_is_said() -> None:
    answer = await ask(hub(), "tickers?limit=2")
    assert (answer["meta"]["count"], answer["meta"]["total"]) == (2, 4)
    assert "total" not in (await ask(hub(), "tickers?limit=4"))["meta"]


async def test_a_ticker_says_how_old_it_is_and_what_follows_from_it() -> None:
    record = (await ask(hub(), "tickers/bybit:linear:BTCUSDT"))["data"]
    assert (record["quality"], record["stale"], record["age_ms"]) == ("live", False, 250)
    assert (record["mid"], record["spread_bps"], record["change_1h"]) == (100.0, 100.0, 2.0)
    assert record["funding_apr"] == pytest.approx(0.0001 * 3 * 365 * 100)
    assert record["open_interest_value"] == 1000.0


async def test_a_spread_has_no_more_digits_than_its_prices() -> None:
    read_model = populated()
    close = ticker("bybit", BTC, bid=84973.6, ask=84973.7)
    tiny = ticker("bybit", ETH, name="ETH-USDT", bid=0.0000012343, ask=0.0000012345)
    read_model.publish(Tick("bybit", NOW_NS, records(close, tiny)))
    spreads = [
        each["spread"]
        for each in (await ask(hub(read_model), "tickers?symbols=BTCUSDT,ETHUSDT&market=linear"))["data"]
    ]
    assert spreads == [0.1, 2e-10]


async def test_the_funding_interval_is_told_by_whoever_knows_it() -> None:
    data = (await ask(hub(), "instruments?market=linear"))["data"]
    assert {each["key"]: each["funding_interval_h"] for each in data} == {
        "bybit:linear:BTCUSDT": 8.0,
        "bybit:linear:ETHUSDT": 8.0,
        "hyperliquid:linear:BTC": 1.0,
    }


@pytest.mark.parametrize("key", ["bybit:linear:btcusdt", "BYBIT:Linear:BTC-USDT", "bybit:linear:btc/usdt"])
async def test_a_key_may_be_written_as_one_likes(key: str) -> None:
    assert (await ask(hub(), f"tickers/{key}"))["data"]["key"] == "bybit:linear:BTCUSDT"


async def test_symbols_with_signs_are_keys_too() -> None:
    read_model = populated()
    for symbol in ("PURR/USDC", "xyz:GOLD", "@107"):
        read_model.publish(Tick("hyperliquid", NOW_NS, records(ticker("hyperliquid", ("spot", symbol)))))
        found = await ask(hub(read_model), f"tickers/hyperliquid:spot:{symbol}")
        assert found["data"]["symbol"] == symbol


async def test_a_spelling_that_means_two_is_not_guessed() -> None:
    read_model = populated()
    two = [ticker("hyperliquid", ("linear", symbol), name=None) for symbol in ("kPEPE", "KPEPE")]
    read_model.publish(Tick("hyperliquid", NOW_NS, records(*two)))
    problem = await ask(hub(read_model), "tickers/hyperliquid:linear:kpepe", 404)
    assert problem["nearest"] == ["hyperliquid:linear:KPEPE", "hyperliquid:linear:kPEPE"]
    assert (await ask(hub(read_model), "tickers/hyperliquid:linear:kPEPE"))["data"]["symbol"] == "kPEPE"


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("bybit:linear:BTCUSD", "bybit:linear:BTCUSDT"),
        ("binance:linear:ETHUSDT", "bybit:linear:ETHUSDT"),
        ("ETHUSDT", "bybit:linear:ETHUSDT"),
        ("bybit:spot:ETHUSDT", "bybit:linear:ETHUSDT"),
    ],
)
@pytest.mark.parametrize("path", ["tickers", "trades", "bars", "book"])
async def test_an_unknown_key_names_the_nearest(path: str, key: str, nearest: str) -> None:
    problem = await ask(hub(), f"{path}/{key}", 404)
    assert problem["code"] == "unknown_key"
    assert problem["nearest"][0] == nearest
    assert nearest in problem["detail"]


async def test_of_the_places_where_a_symbol_is_traded_the_one_that_was_meant_comes_first() -> None:
    read_model = populated()
    for exchange in ("hyperliquid", "bybit"):
        both = [ticker(exchange, (market, "SOLUSDT")) for market in ("linear", "spot")]
        read_model.publish(Tick(exchange, NOW_NS, records(*both)))
    for typo in ("bybit:spot:SOLUSD", "bibit:spot:SOLUSDT"):
        problem = await ask(hub(read_model), f"tickers/{typo}", 404)
        assert problem["nearest"][0] == "bybit:spot:SOLUSDT"


@pytest.mark.parametrize("key", ["", ":", "::", "a:b:c:d", "x" * 5000, "bybit:linear:%00", "bybit::BTCUSDT"])
async def test_nonsense_is_a_404(key: str) -> None:
    response = await hub().test_client().get(f"/api/v1/trades/{key}")
    assert response.status_code == 404
    assert len(await response.get_data(as_text=False)) < 1000


@pytest.mark.parametrize(
    ("path", "parameter", "value", "expected"),
    [
        ("tickers?exchange=kraken", "exchange", "kraken", "one of bybit, hyperliquid"),
        ("tickers?market=swap", "market", "swap", "one of linear, spot"),
        ("trades/bybit:linear:BTCUSDT?limit=10001", "limit", "10001", "a whole number from 1 to 10000"),
        ("trades/bybit:linear:BTCUSDT?limit=-1", "limit", "-1", "a whole number from 1 to 10000"),
        ("trades/bybit:linear:BTCUSDT?limit=ten", "limit", "ten", "a whole number from 1 to 10000"),
        ("bars/bybit:linear:BTCUSDT?interval=2m", "interval", "2m", "one of 1s, 1m, 5m, 15m, 1h, 4h, 1d"),
        ("book/bybit:linear:BTCUSDT?depth=201", "depth", "201", "a whole number from 1 to 200"),
        ("movers?by=price", "by", "price", "one of change_1m, change_5m, change_1h, change_24h"),
        ("quality/bybit?state=good", "state", "good", "one of connecting, syncing, live, stale"),
        ("tickers?limit=1&limit=2", "limit", "1, 2", "once"),
        ("tickers?market=%0B", "market", "\x0b", "one of linear, spot"),
        ("tickers?symbol=BTCUSDT", "symbol", "BTCUSDT", "one of the parameters"),
        ("tickers/bybit:linear:BTCUSDT?limit=3", "limit", "3", "no parameter"),
    ],
)
async def test_a_bad_parameter_is_named(path: str, parameter: str, value: str, expected: str) -> None:
    problem = await ask(hub(), path, 400)
    [wrong] = problem["errors"]
    assert (problem["code"], wrong["parameter"], wrong["value"]) == ("bad_parameter", parameter, value)
    assert expected in wrong["expected"]
    assert parameter in problem["detail"]


async def test_a_list_has_so_many_places_at_most_filled_or_not() -> None:
    await ask(hub(), f"tickers?symbols={',' * 999}")
    problem = await ask(hub(), f"tickers?symbols={',' * 1000}", 400)
    assert problem["errors"][0]["expected"].startswith("at most 1000 names")


async def test_a_mistyped_parameter_is_understood_as_such() -> None:
    assert "Did you mean limit?" in (await ask(hub(), "tickers?limt=3", 400))["detail"]


async def test_liquidations_that_the_settings_do_not_follow_are_not_none() -> None:
    """An empty list would say that nobody was liquidated."""
    followed = OFFERS["bybit", "linear"]
    ignored = structs.replace(followed, switched_off=("liquidations",))
    off = application(populated(), offers=OFFERS | {("bybit", "linear"): ignored})
    problem = await ask(off, "liquidations?exchange=bybit", 404)
    assert (problem["code"], problem["channel"]) == ("switched_off", "liquidations")
    assert "[exchange:bybit] liquidations = no" in problem["detail"]
    meta = (await ask(off, "liquidations"))["meta"]
    assert (meta["switched_off"], meta["not_offered"]) == (
        ["bybit:linear"],
        ["bybit:spot", "hyperliquid:linear"],
    )
    [market] = (await ask(off, "instruments?exchange=bybit&market=linear"))["meta"]["markets"]
    assert market["switched_off"] == ["liquidations"]
    assert "switched_off" not in (await ask(hub(), "liquidations"))["meta"]


async def test_a_channel_that_is_not_offered_is_said_never_faked() -> None:
    problem = await ask(hub(), "liquidations?exchange=hyperliquid", 404)
    assert (problem["code"], problem["channel"]) == ("not_offered", "liquidations")
    answer = await ask(hub(), "liquidations")
    assert answer["meta"]["not_offered"] == ["bybit:spot", "hyperliquid:linear"]
    offers = {("bybit", "linear"): Offer(("ticker",))}
    bare = application(populated(), offers=offers)
    for path in ("trades", "bars", "book"):
        problem = await ask(bare, f"{path}/bybit:linear:BTCUSDT", 404)
        assert (problem["code"], problem["key"]) == ("not_offered", "bybit:linear:BTCUSDT")


async def test_a_channel_that_the_settings_do_not_follow_says_so() -> None:
    offers = {("bybit", "linear"): Offer(("ticker", "trades", "candles"), switched_off=("trades",))}
    bare = application(populated(), offers=offers)
    problem = await ask(bare, "trades/bybit:linear:BTCUSDT", 404)
    assert (problem["code"], problem["channel"]) == ("switched_off", "trades")
    assert "[exchange:bybit] trades = no" in problem["detail"]
    assert (await ask(bare, "bars/bybit:linear:BTCUSDT"))["data"]


async def test_what_a_report_says_is_offered_counts_too() -> None:
    read_model = populated()
    read_model.report([report(offers=("ticker", "quote"))])
    problem = await ask(application(read_model), "trades/bybit:linear:BTCUSDT", 404)
    assert problem["code"] == "not_offered"


async def test_instruments_say_what_each_market_offers() -> None:
    answer = await ask(hub(), "instruments?exchange=bybit&market=linear")
    [market] = answer["meta"]["markets"]
    assert market["channels"] == ["ticker", "quote", "trades", "book", "liquidations", "candles"]
    assert (market["sampled"], market["depth_max"]) == (["liquidations"], 200)
    assert [(each["symbol"], each["quality"]) for each in answer["data"]] == [
        ("BTCUSDT", "live"),
        ("ETHUSDT", "stale"),
    ]


async def test_trades_come_newest_first_and_bars_newest_last() -> None:
    trades = await ask(hub(), "trades/bybit:linear:BTCUSDT")
    assert [each["trade_id"] for each in trades["data"]] == ["2", "1"]
    assert trades["data"][0] | {"side": "sell", "backfill": True, "ts_event": 2000} == trades["data"][0]
    assert trades["meta"]["quality"]["state"] == "live"
    assert [
        each["trade_id"] for each in (await ask(hub(), "trades/bybit:linear:BTCUSDT?limit=1"))["data"]
    ] == ["2"]
    bars = await ask(hub(), "bars/bybit:linear:BTCUSDT")
    assert [(each["start"], each["closed"], each["gap"]) for each in bars["data"]] == [
        (60_000, True, False),
        (120_000, False, True),
    ]
    assert bars["data"][0]["vwap"] == 1.5
    assert [each["start"] for each in (await ask(hub(), "bars/bybit:linear:BTCUSDT?limit=1"))["data"]] == [
        120_000
    ]


async def test_nothing_yet_is_an_empty_list_that_says_why() -> None:
    answer = await ask(hub(), "trades/bybit:linear:ETHUSDT")
    assert answer["data"] == []
    assert (
        answer["meta"]["quality"] | {"state": "stale", "reason": "no data for 12 s"}
        == answer["meta"]["quality"]
    )
    answer = await ask(hub(), "bars/bybit:spot:BTCUSDT?interval=1h")
    assert (answer["data"], answer["meta"]["quality"]["state"]) == ([], "connecting")


async def test_bars_of_candles_are_judged_as_candles() -> None:
    read_model = populated()
    candles = Changes(bars={ETH: [bar(60, source="exchange")]}, qualities=[quality(ETH, "candles")])
    read_model.publish(Tick("bybit", NOW_NS, [], Changes(removed=[ETH])))
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", ETH)), candles))
    answer = await ask(hub(read_model), "bars/bybit:linear:ETHUSDT")
    assert answer["meta"]["quality"]["channel"] == "candles"
    assert answer["data"][0]["source"] == "exchange"


async def test_of_a_wanted_symbol_without_a_record_it_is_said_why() -> None:
    read_model = populated()
    read_model.report([report(symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT"))])
    problem = await ask(hub(read_model), "tickers/bybit:linear:SOLUSDT", 503)
    assert (problem["code"], problem["quality"]["state"]) == ("no_data_yet", "connecting")


async def test_funding_is_comparable() -> None:
    data = (await ask(hub(), "funding"))["data"]
    assert [each["key"] for each in data] == [
        "bybit:linear:BTCUSDT",
        "bybit:linear:ETHUSDT",
        "hyperliquid:linear:BTC",
    ]
    assert data[0]["funding_rate_8h"] == pytest.approx(0.0001)
    assert data[2]["funding_rate_8h"] == pytest.approx(0.0008)
    assert data[0]["next_funding_ts"] == NOW_NS // 1_000_000 + 1000
    assert data[1]["quality"] == "stale"


async def test_liquidations_say_whose_position_and_whether_they_are_all() -> None:
    [one] = (await ask(hub(), "liquidations?symbols=BTCUSDT"))["data"]
    assert (one["side"], one["value"], one["sampled"], one["quality"]) == ("long", 180.0, True, "live")
    assert (await ask(hub(), "liquidations?market=spot&exchange=bybit", 404))["code"] == "not_offered"
    assert (await ask(hub(), "liquidations?symbols=ETHUSDT"))["data"] == []


async def test_only_live_legs_make_a_spread() -> None:
    [asset] = (await ask(hub(), "spreads?bases=btc"))["data"]
    assert (asset["best"]["bid"]["key"], asset["best"]["ask"]["key"]) == (
        "hyperliquid:linear:BTC",
        "bybit:spot:BTCUSDT",
    )
    assert asset["best"]["spread_bps"] == pytest.approx(75.0)
    assert {each["key"]: each["age_ms"] for each in asset["legs"]}["hyperliquid:linear:BTC"] == 250
    [lone] = (await ask(hub(), "spreads?bases=ETH&legs_min=1"))["data"]
    assert (lone["best"]["bid"], lone["legs"][0]["left_out"]) == (None, "stale")


async def test_movers_are_live() -> None:
    moved = (await ask(hub(), "movers"))["data"]
    assert [each["key"] for each in moved["gainers"]] == ["bybit:linear:BTCUSDT"]
    assert [each["key"] for each in moved["losers"]] == ["bybit:spot:BTCUSDT"]


async def test_the_screener_filters_sorts_and_limits() -> None:
    found = await ask(
        hub(), f"screener?filter={quote_plus('price>1 and market=linear')}&sort=-price,exchange&limit=1"
    )
    assert [each["key"] for each in found["data"]] == ["bybit:linear:BTCUSDT"]
    assert found["meta"]["total"] == 2
    stale = await keys(hub(), f"screener?filter={quote_plus('quality=stale')}")
    assert stale == ["bybit:linear:ETHUSDT"]


@pytest.mark.parametrize(
    ("name", "value", "text"), [("filter", "prise>1", "prise"), ("sort", "-nope", "nope")]
)
async def test_a_screen_that_means_nothing_says_where(name: str, value: str, text: str) -> None:
    [wrong] = (await ask(hub(), f"screener?{name}={quote_plus(value)}", 400))["errors"]
    assert (wrong["parameter"], wrong["value"], wrong["text"]) == (name, value, text)
    assert isinstance(wrong["position"], int)


async def test_quality_of_all_markets() -> None:
    overview = (await ask(hub(), "quality"))["data"]
    linear = overview["markets"][0]
    assert (linear["exchange"], linear["market"], linear["state"], linear["running"]) == (
        "bybit",
        "linear",
        "live",
        True,
    )
    assert linear["reconnects_by_cause"] == {"stall": 2, "closed": 1}
    assert linear["latency"]["clock_offset_ms"] == 3.0
    trades = next(each for each in linear["channels"] if each["channel"] == "trades")
    assert trades["states"] == {"live": 1, "stale": 1}
    assert trades["messages"] == 10
    assert [each["from_ts"] for each in overview["holes"]] == [30_000, 10_000], "the open one first"
    assert {each["market"] for each in (await ask(hub(), "quality?market=spot"))["data"]["markets"]} == {
        "spot"
    }


async def test_quality_of_every_channel() -> None:
    stale = (await ask(hub(), "quality/bybit?state=stale"))["data"]
    assert [(each["key"], each["channel"]) for each in stale] == [("bybit:linear:ETHUSDT", "trades")]
    one = stale[0]
    assert (one["reason"], one["age_ms"], one["threshold_ms"]) == ("no data for 12 s", 1000, 3000.0)
    channels = await ask(hub(), "quality/BYBIT?symbols=btc-usdt")
    assert [each["channel"] for each in channels["data"]] == ["ticker", "trades", "book", "liquidations"]
    assert (await ask(hub(), "quality/bybit?market=spot"))["data"] == []


async def test_trades_beyond_the_limit_are_never_asked_for() -> None:
    read_model = populated()
    read_model.publish(
        Tick("bybit", NOW_NS, [], Changes(trades={BTC: [trade(each) for each in range(3, 900)]}))
    )
    assert len((await ask(hub(read_model), "trades/bybit:linear:BTCUSDT?limit=500"))["data"]) == 500
