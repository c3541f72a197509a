"""`/api/v1/hub` and `/api/v1/clients`: the hub in few numbers, and who listens, for those who may know."""

from __future__ import annotations

from typing import Any, cast

import pytest

from actors.runtime.version import __version__
from tests.web.harness import LOCAL, NOW_NS, REMOTE, application, report
from tests.web.populated import OFFERS, populated
from tests.web.streaming import KEY, VISITOR, settled, stage
from tests.web.test_health_sinks import sink
from web.fanout import Member
from web.transport import ClientStream
from web.wishes import Wish

NOW_MS = NOW_NS // 1_000_000


async def ask(app: Any, path: str, scope: dict[str, Any] = LOCAL, **headers: str) -> tuple[int, Any]:
    response = await app.test_client().get(f"/api/v1/{path}", scope_base=scope, headers=headers)
    return response.status_code, await response.get_json()


async def test_the_hub_in_few_numbers() -> None:
    read_model = populated()
    stale = tuple(f"COIN{number}" for number in range(12))
    read_model.report([report(stale=stale, messages=70, received_bytes=900, refused={"X": "no"})])
    app = application(read_model, offers=OFFERS, sinks=lambda: [sink(outbox_rows=3)])
    app.extensions["tickwell"].traffic._sent_bytes = 4000
    status, answer = await ask(app, "hub")
    told = answer["data"]
    assert (status, told["version"], told["started_ts"]) == (200, __version__, NOW_MS)
    linear = next(
        each for each in told["markets"] if (each["exchange"], each["market"]) == ("bybit", "linear")
    )
    assert (linear["state"], linear["running"], linear["age_ms"]) == ("live", True, 1500)
    assert (linear["stale"], linear["stale_symbols"], linear["refused"]) == (12, list(stale[:10]), 1)
    assert (linear["p50_ms"], linear["p99_ms"]) == (20.0, 45.0)
    assert told["traffic"]["messages_in"] == sum(each.messages for each in read_model.reports()) >= 70
    assert told["traffic"]["bytes_out"] == 4000
    assert [(each["name"], each["outbox_rows"]) for each in told["sinks"]] == [("history", 3)]


async def test_what_goes_out_is_counted_once_and_stays_counted() -> None:
    async with stage() as hub:
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY])
        await settled()
        hub.price(2)
        await settled()
        assert listener.client.sent == 2, "a snapshot and an update"
        assert (await ask(hub.app, "hub"))[1]["data"]["traffic"]["messages_out"] == 2
        listener.close()
        assert hub.hub.status()["sent"] == 2


@pytest.mark.parametrize(
    ("scope", "headers", "status"),
    [
        (LOCAL, {}, 200),
        (REMOTE, {}, 401),
        (REMOTE, {"Authorization": "Bearer open sesame"}, 200),
        (LOCAL, {"X-Forwarded-For": "192.0.2.1"}, 401),
        (LOCAL, {"Origin": "https://elsewhere.example"}, 403),
    ],
)
async def test_who_listens_is_told_to_the_owner_only(
    scope: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    app = application(control_token="open sesame")
    assert (await ask(app, "clients", scope, **{"Host": "localhost", **headers}))[0] == status


async def test_who_listens_to_what() -> None:
    async with stage() as hub:
        hub.price(1)
        hub.listen().subscribe("quote", symbols=["bybit:*:*"], max_rate_hz=2)
        hub.listen("msgpack").subscribe("spreads")
        await settled()
        _, answer = await ask(hub.app, "clients", Host="localhost")
        first, second = answer["data"]
        assert (first["route"], first["format"], first["address"]) == ("stream", "json", "127.0.0.1")
        wish = {"channel": "quote", "selectors": ["bybit:*:*"], "keys": 2, "max_rate_hz": 2.0}
        assert first["wishes"] == [wish]
        assert (first["messages"], first["busy"], first["since"]) == (1, False, NOW_MS)
        assert (second["format"], second["wishes"][0]["keys"]) == ("msgpack", None)
        _, answer = await ask(hub.app, "clients?limit=1", Host="localhost")
        assert (len(answer["data"]), answer["meta"]["total"]) == (1, 2)


async def test_who_follows_one_exchange_is_listed_with_what_they_skipped() -> None:
    app = application()
    site = app.extensions["tickwell"]
    wish = Wish("bybit", "linear", symbols=("BTCUSDT",))
    with site.fanout.join(wish) as group:
        member = Member(cast(ClientStream, None), lambda _: None, 0, 0, 0.0, VISITOR)
        with site.fanout.receive(group, member):
            member.sent, member.skipped = 7, 2
            [told] = (await ask(app, "clients", Host="localhost"))[1]["data"]
    assert (told["route"], told["messages"], told["conflated"]) == ("realtime", 7, 2)
    assert told["wishes"][0]["selectors"] == ["bybit:linear:BTCUSDT"]
