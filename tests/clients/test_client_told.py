"""Alerts and derived values in the client: every alert once, and the newest of each derived name."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from msgspec import structs
from tickwell_client import Alert, Batch, Derived, Gap, Hub, MissedEvents, Rest, connect

from tests.clients.scripted_hub import ScriptedHub, with_hub
from tests.clients.test_client_stream import BTC, ETH
from tests.patience import PATIENCE_S
from tests.web.populated import OFFERS
from tests.web.served import hub as served_hub
from tests.web.told_alerts import ALERT
from tests.web.told_plugins import HAR, ToldPlugins
from web.site import Site


def alert(number: int, key: str = BTC, **more: Any) -> dict[str, Any]:
    return {"key": key, "id": f"al_{number}", "number": number, "kind": "fired", "text": "…", **more}


def derived(name: str, value: float | None, key: str = BTC, **more: Any) -> dict[str, Any]:
    return {"key": key, "plugin": "volatility", "name": name, "value": value, "quality": "live", **more}


async def numbers(alerts: Any, count: int) -> list[int]:
    return [(await anext(alerts)).number for _ in range(count)]


@with_hub(format="msgpack")
async def test_every_alert_comes_once_from_now_on(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.alerts() as alerts:
        told = alert(1, key="", kind="stale", subject=None, severity="warning", rule="btc", ts=5, since=4)
        await scripted.peer.data(1, told, alert(2))
        await scripted.peer.data(1, alert(2))  # of one key, and yet not merged
        first = await anext(alerts)
        assert first == Alert(
            id="al_1", number=1, kind="stale", rule="btc", severity="warning", text="…", ts=5, since=4
        )
        assert await numbers(alerts, 2) == [2, 2]
        assert (alerts.keys, alerts.latest, alerts.conflated) == ([], {}, 0)
    assert scripted.requests("subscribe") == [{"channel": "alerts", "snapshot": False}]


@with_hub()
async def test_alerts_go_on_where_they_were(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.alerts(on_gap="raise") as alerts:
        await scripted.peer.data(1, alert(1))
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        assert scripted.requests("subscribe")[1]["resume"] == {"epoch": "e1", "offset": 101}
        await peer.data(1, alert(2))
        assert await numbers(alerts, 2) == [1, 2]


@with_hub()
async def test_alerts_that_cannot_be_had_again_are_a_gap_and_none_comes_twice(
    scripted: ScriptedHub, hub: Hub
) -> None:
    async with hub.alerts(on_gap="raise") as alerts:
        await scripted.peer.data(1, alert(1), alert(2, ETH))
        assert await numbers(alerts, 2) == [1, 2]
        scripted.recovers = False
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        await peer.data(1, alert(2, ETH), alert(9), kind="snapshot")
        with pytest.raises(MissedEvents, match="not_recovered"):
            await anext(alerts)
        assert await numbers(alerts, 1) == [9]


@with_hub()
async def test_alerts_without_their_id_are_rather_told_twice_than_not(
    scripted: ScriptedHub, hub: Hub
) -> None:
    async with hub.alerts(fields=["text"]) as alerts:
        await scripted.peer.data(1, {"key": BTC, "text": "one"})
        scripted.recovers = False
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        await peer.data(1, {"key": BTC, "text": "one"}, {"key": BTC, "text": "two"}, kind="snapshot")
        assert [(await anext(alerts)).text for _ in range(3)] == ["one", "one", "two"]


@with_hub(events_max=2)
async def test_alerts_that_the_hub_could_not_keep_are_told_at_their_place(
    scripted: ScriptedHub, hub: Hub
) -> None:
    async with hub.alerts() as alerts:
        await scripted.peer.data(1, alert(1))
        gap = {"sub": 1, "channel": "alerts", "reason": "slow_consumer", "missed": 7}
        await scripted.peer.system("gap", **gap, from_offset=1, to_offset=9)
        await scripted.peer.data(1, alert(9))
        events = [await alerts.next_event() for _ in range(3)]
    assert [type(each) for each in events] == [Batch, Gap, Batch]
    assert alerts.missed == 7


@with_hub()
async def test_of_derived_values_the_newest_of_each_name_waits(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.derived("*:linear:BTC*", max_rate_hz=2) as values:
        await scripted.peer.data(1, derived("har", 1), derived("ewma", 2), derived("har", 3, ETH))
        await scripted.peer.data(1, derived("har", 4, values={"variance": 1e-7}, inputs=[BTC], ts=7))
        await hub.ping()
        taken = await values.take()
        assert [(each.key, each.name, each.value) for each in taken] == [
            (BTC, "har", 4),
            (BTC, "ewma", 2),
            (ETH, "har", 3),
        ]
        assert taken[0] == Derived(
            key=BTC, plugin="volatility", name="har", value=4, values={"variance": 1e-7}, inputs=[BTC], ts=7,
            quality="live",
        )  # fmt: skip
        assert (values.conflated, taken[0].is_live) == (1, True)
        assert values.latest[f"{BTC} volatility ewma"].value == 2
        assert values.keys == ["*:linear:BTC*", BTC, ETH]
    asked = {"channel": "derived", "symbols": ["*:linear:BTC*"], "max_rate_hz": 2}
    assert scripted.requests("subscribe") == [asked]


@with_hub()
async def test_an_instrument_that_is_gone_takes_all_its_derived_values_along(
    scripted: ScriptedHub, hub: Hub
) -> None:
    async with hub.derived() as values:
        await scripted.peer.data(1, derived("har", 1), derived("ewma", 2), derived("har", 3, ETH))
        await scripted.peer.data(1, removed=[BTC])
        await hub.ping()
        assert list(values.latest) == [f"{ETH} volatility har"]
        assert values.keys == [ETH]
        event = await values.next_event()
        assert isinstance(event, Batch)
        assert ([each.key for each in event.records], event.removed) == ([ETH], [BTC])
        await scripted.peer.data(1, removed=[ETH])
        await scripted.peer.data(1, derived("har", 5, ETH))
        await hub.ping()
        event = await values.next_event()
        assert isinstance(event, Batch)
        assert ([each.value for each in event.records], event.removed) == ([5], [])


@with_hub()
async def test_changes_of_a_derived_value_are_those_of_its_name(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.derived(BTC, changes_only=True) as values:
        await scripted.peer.data(1, derived("har", 1, ts=5), derived("ewma", 2, ts=5), kind="snapshot")
        change = {"key": BTC, "plugin": "volatility", "name": "ewma", "quality": "stale"}
        await scripted.peer.data(1, change)
        await hub.ping()
        told = {each.name: (each.value, each.ts, each.quality) for each in await values.take()}
        assert told == {"har": (1, 5, "live"), "ewma": (2, 5, "stale")}


@with_hub()
async def test_derived_values_go_on_where_they_were(scripted: ScriptedHub, hub: Hub) -> None:
    async with hub.derived(BTC) as values:
        await scripted.peer.data(1, derived("har", 1), kind="snapshot")
        await anext(values)
        await scripted.peer.cut()
        peer = await scripted.until_asked("subscribe", 2)
        assert scripted.requests("subscribe")[1]["resume"] == {"epoch": "e1", "offset": 101}
        await peer.data(1, derived("har", 2))
        assert (await anext(values)).value == 2
        assert values.missed == 0


@pytest.mark.loopback
async def test_the_real_web_tells_both() -> None:
    async with served_hub(offers=OFFERS) as served:
        site: Site = served.app.extensions["tickwell"]
        site.plugins = plugins = ToldPlugins()
        plugins.followers.append(site.stream.tell_derived)
        served.publish("BTCUSDT")
        async with (
            connect(f"ws://127.0.0.1:{served.port}") as hub,
            hub.alerts(on_gap="raise") as alerts,
            hub.derived("BTCUSDT") as values,
            Rest(f"http://127.0.0.1:{served.port}") as rest,
        ):
            beta = structs.replace(HAR, name="beta", value=None)
            with trio.fail_after(PATIENCE_S):
                plugins.say(HAR, beta)
                site.stream.tell_alerts([ALERT, structs.replace(ALERT, id="al_2", subject=None)])
                one, two = await anext(alerts), await anext(alerts)
                taken = {each.name: each for each in [await anext(values), await anext(values)]}
                asked = {each.name: each for each in await rest.derived(plugin=HAR.plugin)}
                nobodys = await rest.derived(plugin="nobody")
    assert one == Alert(key=BTC, **structs.asdict(ALERT))
    assert (two.id, two.key, two.subject) == ("al_2", "", None)
    assert (taken["har"].value, taken["beta"].value) == (HAR.value, None)
    assert taken["har"].inputs == [BTC]
    assert (asked, nobodys) == (taken, [])
