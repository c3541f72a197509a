"""What the stream tells of a key is what REST tells of it, in both formats, whole and in part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgpack
import msgspec
import pytest
from msgspec import Struct, structs
from quart_trio import QuartTrio

from actors.market.events import Liquidation
from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, application
from tests.web.populated import (
    BTC,
    BTC_SPOT,
    ETH,
    OFFERS,
    SECOND_NS,
    bar,
    book,
    populated,
    quality,
    records,
    ticker,
    trade,
)
from tests.web.told_alerts import ALERT
from tests.web.told_plugins import HAR
from web.api.derived import derived_out
from web.site import Site
from web.stream.ladder import ladder_of, snapshot_record
from web.stream.options import CHANNELS, Channel, Options
from web.stream.records import (
    alert_record,
    bar_record,
    changed_fields,
    encode_record,
    funding_record,
    is_news,
    liquidation_record,
    newest,
    quality_record,
    quote_record,
    ticker_body,
    ticker_record,
    trade_record,
    whole,
)
from web.stream.selectors import split_key
from web.stream.shapes import SHAPES

KEY = "bybit:linear:BTCUSDT"
KEYS = (KEY, "bybit:linear:ETHUSDT", "bybit:spot:BTCUSDT", "hyperliquid:linear:BTC")


def hub() -> tuple[QuartTrio, Site]:
    app = application(populated(), offers=OFFERS)
    site = app.extensions["tickwell"]
    assert isinstance(site, Site)
    return app, site


def told(found: Iterable[Struct]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(msgspec.json.encode(each)) for each in found]


def without(records: Iterable[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name not in names} for each in records]


async def rest(app: QuartTrio, path: str) -> list[dict[str, Any]]:
    answer = await (await app.test_client().get(f"/api/v1/{path}")).get_json(force=True)
    data: list[dict[str, Any]] = answer["data"]
    return without(data, "age_ms")


def streamed(
    site: Site, channel: Channel, keys: Iterable[str] = KEYS, **options: Any
) -> list[dict[str, Any]]:
    found = (newest(site, Options(channel=channel, **options), key) for key in keys)
    return told(record for each in found for record in each)


@pytest.mark.parametrize(("channel", "path"), [("ticker", "tickers"), ("funding", "funding")])
async def test_tickers_and_funding_are_those_of_rest(channel: Channel, path: str) -> None:
    app, site = hub()
    assert streamed(site, channel) == await rest(app, path)
    assert streamed(site, channel)


async def test_trades_and_bars_are_those_of_rest_with_a_key_and_a_quality() -> None:
    app, site = hub()
    trades = streamed(site, "trades", [KEY])
    assert without(trades, "key", "quality") == (await rest(app, f"trades/{KEY}"))[::-1]
    bars = streamed(site, "bars", [KEY], interval="1m")
    assert without(bars, "key", "quality") == await rest(app, f"bars/{KEY}?interval=1m")
    assert {(each["key"], each["quality"]) for each in trades + bars} == {(KEY, "live")}
    assert [each["interval"] for each in streamed(site, "bars", [KEY], interval="1s")] == ["1s"]


async def test_liquidations_and_qualities_are_those_of_rest() -> None:
    app, site = hub()
    liquidations = streamed(site, "liquidations")
    assert liquidations == await rest(app, "liquidations")
    assert liquidations[0]["sampled"] is True
    assert streamed(site, "quality", KEYS[:3]) == await rest(app, "quality/bybit")


async def test_spreads_and_the_screener_are_those_of_rest() -> None:
    app, site = hub()
    spreads = told(whole(site, Options(channel="spreads", bases=("BTC",), legs_min=2)))
    asked = await rest(app, "spreads?bases=btc&legs_min=2")
    for asset in asked:
        asset["legs"] = without(asset["legs"], "age_ms")
    assert without(spreads, "key") == asked
    assert [each["key"] for each in spreads] == ["BTC-USD"]
    screen = Options(channel="screener", filter="market=linear", sort="-price", limit=2)
    assert told(whole(site, screen)) == await rest(app, "screener?filter=market%3Dlinear&sort=-price&limit=2")


def test_limits_of_the_newest() -> None:
    _, site = hub()
    more = [Liquidation("BTCUSDT", "short", 90.0 + each, 2.0, each, each) for each in range(7, 10)]
    site.read_model.publish(Tick("bybit", NOW_NS, [], Changes(liquidations={BTC: more})))
    newest_two = newest(site, Options(channel="liquidations"), KEY, 2)
    assert [getattr(each, "price") for each in newest_two] == [98.0, 99.0]  # noqa: B009
    assert len(newest(site, Options(channel="trades"), KEY, 1)) == 1
    assert len(newest(site, Options(channel="bars"), KEY, 1)) == 1


@pytest.mark.parametrize(
    "channel", ["ticker", "quote", "trades", "bars", "liquidations", "funding", "quality"]
)
def test_of_what_is_not_known_there_is_nothing(channel: Channel) -> None:
    _, site = hub()
    assert newest(site, Options(channel=channel), "bybit:linear:NEWUSDT") == []


def test_spot_has_no_funding_record() -> None:
    _, site = hub()
    assert newest(site, Options(channel="funding"), "bybit:spot:BTCUSDT") == []


def test_the_quote_of_a_ticker() -> None:
    record = quote_record(ticker("bybit", BTC, bid=99.0, ask=101.0, bid_size=2.0))
    assert told([record]) == [
        {
            "key": KEY,
            "bid": 99.0,
            "ask": 101.0,
            "bid_size": 2.0,
            "ask_size": None,
            "mid": 100.0,
            "spread_bps": 200.0,
            "ts_event": (NOW_NS - SECOND_NS // 2) // 1_000_000,
            "ts_recv": (NOW_NS - SECOND_NS // 4) // 1_000_000,
            "quality": "live",
        }
    ]


def test_a_ticker_is_encoded_from_what_is_encoded_already() -> None:
    for each in (ticker("bybit", BTC), ticker("bybit", BTC_SPOT, "stale", price=None, bid=None)):
        [record] = records(each)
        assert ticker_body(record) == msgspec.json.encode(ticker_record(each))


def every_record() -> dict[Channel, Struct]:
    _, site = hub()
    liquidation = Liquidation("BTCUSDT", "long", 90.0, 2.0, SECOND_NS, SECOND_NS)
    return {
        "ticker": ticker_record(ticker("bybit", BTC)),
        "quote": quote_record(ticker("bybit", BTC)),
        "trades": trade_record(site, KEY, trade(1)),
        "book": snapshot_record(KEY, ladder_of(book(), 2), 2, 7),
        "bars": bar_record(site, KEY, bar(60)),
        "liquidations": liquidation_record(site, KEY, liquidation),
        "funding": funding_record(ticker("bybit", BTC)),
        "spreads": whole(site, Options(channel="spreads"))[0],
        "screener": whole(site, Options(channel="screener"))[0],
        "quality": quality_record(quality(BTC, "trades")),
        "derived": derived_out(site, HAR),
        "alerts": alert_record(ALERT),
    }


def test_every_channel_with_records_has_a_shape_with_a_key_and_without_age() -> None:
    found = every_record()
    assert found.keys() == SHAPES.keys() == set(CHANNELS) - {"system"}
    for channel, record in found.items():
        assert type(record) is SHAPES[channel]
        names = record.__struct_fields__
        assert "key" in names
        assert "age_ms" not in msgspec.json.encode(record).decode()


@pytest.mark.parametrize("channel", sorted(SHAPES))
def test_both_formats_say_the_same(channel: Channel) -> None:
    record = every_record()[channel]
    as_json = msgspec.json.decode(encode_record(record, "json"))
    assert as_json == msgpack.unpackb(encode_record(record, "msgpack"))
    fields = tuple(sorted(record.__struct_fields__)[:2])
    some = msgspec.json.decode(encode_record(record, "json", fields))
    assert some == msgpack.unpackb(encode_record(record, "msgpack", fields))
    assert {"key", *fields} <= some.keys()
    assert some == {name: as_json[name] for name in some}


def test_what_places_a_record_comes_with_every_choice_of_fields() -> None:
    found = every_record()
    for channel, fields in (
        ("ticker", {"key"}),
        ("bars", {"key", "start"}),
        ("quality", {"key", "channel"}),
        ("derived", {"key", "plugin", "name"}),
        ("book", {"key", "version", "previous"}),
    ):
        record = found[channel]  # type: ignore[index]
        assert msgspec.json.decode(encode_record(record, "json", ())).keys() == fields


def test_changed_fields() -> None:
    before, after = (quote_record(ticker("bybit", BTC, bid=bid)) for bid in (99.0, 99.5))
    assert changed_fields(before, before) == {"key": KEY}
    changed = changed_fields(before, after)
    assert changed.keys() == {"key", "bid", "mid", "spread_bps"}
    assert changed["bid"] == 99.5
    assert changed_fields(before, after, ("ask", "bid")) == {"key": KEY, "bid": 99.5}
    gone = quote_record(ticker("bybit", BTC, bid=None))
    assert changed_fields(after, gone, ("bid",)) == {"key": KEY, "bid": None}


def test_what_is_news() -> None:
    old, new = ticker("bybit", BTC), ticker("bybit", BTC, ts_recv=NOW_NS)
    assert not is_news("quote", quote_record(old), quote_record(new))
    assert not is_news("funding", funding_record(old), funding_record(new))
    assert is_news("ticker", ticker_record(old), ticker_record(new))
    stale = structs.replace(new, quality="stale")
    for channel, record in (("quote", quote_record), ("funding", funding_record), ("ticker", ticker_record)):
        assert is_news(channel, record(old), record(stale))  # type: ignore[arg-type]
    assert is_news("funding", funding_record(old), funding_record(structs.replace(old, mark_price=7.0)))
    counted = structs.replace(quality(ETH, "trades"), messages=99, last_ns=NOW_NS)
    assert not is_news("quality", quality_record(quality(ETH, "trades")), quality_record(counted))
    assert is_news("quality", quality_record(counted), quality_record(quality(ETH, "trades", "gapped")))


def test_a_key_in_its_parts() -> None:
    assert split_key("hyperliquid:linear:xyz:TSLA") == ("hyperliquid", ("linear", "xyz:TSLA"))
