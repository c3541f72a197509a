"""What plugins derive is told by REST and by the stream, and never as `live` when its input is not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from quart_trio import QuartTrio

from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, application
from tests.web.populated import BTC, ETH, OFFERS, bar, populated, quality, records, ticker
from tests.web.streaming import Stage, settled, stage
from tests.web.told_plugins import HAR, KEY, ToldPlugins
from web.site import Site

ETH_KEY = "bybit:linear:ETHUSDT"
OF_ETH = structs.replace(HAR, key=ETH_KEY, name="beta", inputs=(ETH_KEY, KEY))


def hub(*told: Any) -> tuple[QuartTrio, Site, ToldPlugins]:
    app = application(populated(), offers=OFFERS)
    site: Site = app.extensions["tickwell"]
    site.plugins = plugins = ToldPlugins(*told)
    plugins.followers.append(site.stream.tell_derived)
    return app, site, plugins


async def asked(app: QuartTrio, query: str = "") -> list[dict[str, Any]]:
    response = await app.test_client().get(f"/api/v1/derived{query}")
    assert response.status_code == 200
    data: list[dict[str, Any]] = (await response.get_json())["data"]
    return data


def become(site: Site, state: Any, pair: tuple[str, str] = BTC, channel: str = "trades") -> None:
    told = Changes(qualities=[quality(pair, channel, state)])
    site.read_model.publish(Tick("bybit", NOW_NS, [], told))


async def test_rest_tells_all_that_is_known_and_what_is_asked_for() -> None:
    app, site, _ = hub(HAR, OF_ETH)
    become(site, "live")
    [beta_before, har] = sorted(await asked(app), key=lambda each: each["name"])
    assert beta_before["key"] == ETH_KEY
    assert har == {
        "key": KEY,
        "plugin": "volatility",
        "name": "har",
        "value": 41.5,
        "values": {"variance": 3e-7},
        "inputs": [KEY],
        "source": "bar",
        "ts": 1_766_523_600_000,
        "quality": "live",
    }
    assert [each["name"] for each in await asked(app, "?symbols=BTCUSDT")] == ["har"]
    assert await asked(app, "?plugin=other") == []
    assert await asked(app, "?exchange=hyperliquid") == []


async def test_without_plugins_there_is_nothing() -> None:
    assert await asked(application(populated(), offers=OFFERS)) == []


@pytest.mark.parametrize("state", ["stale", "gapped", "syncing", "halted"])
async def test_it_is_as_good_as_the_worst_of_its_inputs(state: str) -> None:
    app, site, _ = hub(HAR, OF_ETH)
    for pair in (BTC, ETH):
        become(site, "live", pair)
    assert {each["quality"] for each in await asked(app)} == {"live"}
    become(site, state, BTC)
    assert {each["quality"] for each in await asked(app)} == {state}
    become(site, "live", BTC)
    become(site, state, ETH)
    assert {each["key"]: each["quality"] for each in await asked(app)} == {KEY: "live", ETH_KEY: state}


async def test_an_answer_that_is_known_already_is_not_sent_again_until_its_quality_changes() -> None:
    app, site, plugins = hub(HAR)
    client = app.test_client()
    tag = (await client.get("/api/v1/derived")).headers["etag"]
    known = {"if-none-match": tag}
    assert (await client.get("/api/v1/derived", headers=known)).status_code == 304
    become(site, "stale")
    again = await client.get("/api/v1/derived", headers=known)
    assert again.status_code == 200
    known = {"if-none-match": again.headers["etag"]}
    plugins.say(structs.replace(HAR, value=42.0))
    assert (await client.get("/api/v1/derived", headers=known)).status_code == 200


async def test_what_is_made_of_a_ticker_is_as_good_as_the_ticker() -> None:
    app, site, _ = hub(structs.replace(HAR, source="ticker"))
    told = records(ticker("bybit", BTC, "stale"))
    site.read_model.publish(Tick("bybit", NOW_NS, told, Changes(tickers=[told[0].ticker])))
    assert [each["quality"] for each in await asked(app)] == ["stale"]


async def test_what_a_plugin_said_that_was_switched_off_or_with_a_gap_is_not_live() -> None:
    app, site, plugins = hub(HAR, structs.replace(HAR, name="torn", whole=False))
    become(site, "live")
    assert {each["name"]: each["quality"] for each in await asked(app)} == {"har": "live", "torn": "gapped"}
    plugins.change(trouble="ValueError: no")
    plugins.version += 1
    assert [each["quality"] for each in await asked(app, "?limit=1")] == ["stale"]


async def test_health_warns_of_a_plugin_and_stays_ready() -> None:
    app, _, plugins = hub(HAR)
    client = app.test_client()
    before = await (await client.get("/health")).get_json()
    assert before["checks"]["plugin:volatility"][0]["status"] == "pass"
    plugins.change(trouble="ValueError: no")
    response = await client.get("/health")
    [check] = (await response.get_json())["checks"]["plugin:volatility"]
    assert check["status"] == "warn"
    assert "ValueError: no" in check["output"]
    plugins.change(trouble=None, dropped=3)
    [check] = (await (await client.get("/health")).get_json())["checks"]["plugin:volatility"]
    assert "3 bars and tickers" in check["output"]


def plug(told: Stage) -> ToldPlugins:
    told.site.plugins = plugins = ToldPlugins()
    plugins.followers.append(told.hub.tell_derived)
    return plugins


async def test_the_stream_tells_what_changes_and_nothing_else(autojump_clock: object) -> None:
    async with stage() as told:
        plugins = plug(told)
        told.publish(BTC, ETH, qualities=[quality(BTC, "trades"), quality(ETH, "trades")])
        listener = told.listen()
        listener.subscribe("derived", symbols=[KEY])
        await settled()
        assert [each["data"] for each in listener.data()] == [[]]
        plugins.say(HAR, OF_ETH)
        await settled()
        [frame] = listener.data()
        assert [(each["name"], each["value"], each["quality"]) for each in frame["data"]] == [
            ("har", 41.5, "live")
        ]
        told.publish(bars={BTC: [bar(60)]}, qualities=[quality(BTC, "trades", messages=99)])
        plugins.say(HAR)
        await settled()
        assert listener.data() == [], "nothing of it has changed"


async def test_the_stream_says_that_an_input_went_stale_without_a_word_of_the_plugin(
    autojump_clock: object,
) -> None:
    async with stage() as told:
        plugins = plug(told)
        told.publish(BTC, ETH, qualities=[quality(BTC, "trades"), quality(ETH, "trades")])
        plugins.say(HAR, OF_ETH)
        listener = told.listen()
        listener.subscribe("derived", changes_only=True)
        await settled()
        [snapshot] = listener.data()
        assert {each["quality"] for each in snapshot["data"]} == {"live"}
        told.publish(qualities=[quality(BTC, "trades", "stale")])
        await settled()
        [frame] = listener.data()
        same = {"plugin": "volatility", "quality": "stale"}
        assert sorted(frame["data"], key=lambda each: each["name"]) == [
            {"key": ETH_KEY, "name": "beta", **same},
            {"key": KEY, "name": "har", **same},
        ]


async def test_who_comes_back_is_told_what_was_said_meanwhile(autojump_clock: object) -> None:
    async with stage() as told:
        plugins = plug(told)
        told.hub.journal.open(["derived"])
        told.publish(BTC, qualities=[quality(BTC, "trades")])
        plugins.say(HAR)
        position = {"epoch": told.read_model.epoch, "offset": told.hub.journal.offset}
        plugins.say(structs.replace(HAR, value=50.0))
        listener = told.listen()
        assert listener.subscribe("derived", symbols=[KEY], resume=position)["recovered"]
        await settled()
        [frame] = listener.data()
        assert [each["value"] for each in frame["data"]] == [50.0]
