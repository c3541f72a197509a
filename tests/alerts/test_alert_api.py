"""Alerts over HTTP and on the stream: every address as it is described, and who may do what."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from jsonschema import Draft202012Validator
from msgspec import structs
from quart_trio import QuartTrio

from actors.market.alerts.rules import Above
from actors.market.rows import FundingRow, GapRow, Row, TickRow
from actors.runtime.settings import AlertsSettings
from tests.alerts.judged import BTC, KEY, SECOND_NS, above, rule_of
from tests.alerts.staged import Staged
from tests.web.fake_history import FakeHistory
from tests.web.harness import LOCAL, NOW_NS, application
from tests.web.populated import populated
from tests.web.streaming import settled, stage
from tests.web.test_openapi import check, described
from tests.web.told_alerts import ALERT
from web.api.alerts import STATUS, merged
from web.site import Site

PATH = "/api/v1/alerts"
ABOVE = {"name": "mine", "keys": [KEY], "when": {"kind": "above", "value": 100}}
MINUTE_NS = 60 * SECOND_NS


class Client:
    """Asks an application, and checks that what comes is as described."""

    def __init__(self, app: QuartTrio) -> None:
        self._client = app.test_client()

    async def ask(self, method: str, path: str, body: Any = None, *, local: bool = True) -> tuple[int, Any]:
        more: dict[str, Any] = {"scope_base": LOCAL} if local else {}
        more |= {"json": body} if body is not None else {}
        response = await self._client.open(PATH + path, method=method, **more)
        text = await response.get_data(as_text=True)
        answer = json.loads(text) if text else None
        described = response.status_code != 204 and response.status_code < 400
        if described:
            check(PATH + path, response.status_code, answer, method.lower())
        return response.status_code, answer


@asynccontextmanager
async def served(folder: Path, *rules: Any, history: Any = None) -> AsyncIterator[tuple[Client, Staged]]:
    staged = Staged(folder, rules)
    app = application(populated(), history=history)
    site: Site = app.extensions["tickwell"]
    site.alerts = staged.desk
    async with staged.life():
        await staged.price(50)
        yield Client(app), staged


async def test_a_rule_is_made_read_changed_muted_and_removed(tmp_path: Path, autojump_clock: object) -> None:
    async with served(tmp_path) as (client, staged):
        status, made = await client.ask("POST", "", ABOVE)
        assert (status, made["data"]["state"], made["data"]["origin"]) == (201, "idle", "api")
        assert (await client.ask("POST", "", ABOVE))[1]["code"] == "rule_exists"
        await staged.price(101)
        _, one = await client.ask("GET", "/mine")
        [subject] = one["data"]["subjects"]
        assert (subject["subject"], subject["state"], subject["value"]) == (KEY, "firing", 101)
        _, changed = await client.ask("PATCH", "/mine", {"when": {"value": 200}, "severity": "info"})
        rule = changed["data"]["rule"]
        assert (rule["when"]["value"], rule["severity"], changed["data"]["state"]) == (200, "info", "idle")
        _, back = await client.ask("PATCH", "/mine", {"severity": None})
        assert back["data"]["rule"]["severity"] == "warning"
        _, muted = await client.ask(
            "POST", "/mine/mute", {"for_s": 10_000_000}
        )  # the two clocks are days apart
        assert muted["data"]["muted_until"] > 0
        assert (await client.ask("POST", "/mine/mute", {"for_s": 0}))[1]["data"]["muted_until"] is None
        assert (await client.ask("PUT", "/mine", {**ABOVE, "name": "mine"}))[0] == 200
        assert (await client.ask("PUT", "/other", {k: v for k, v in ABOVE.items() if k != "name"}))[0] == 201
        _, all_rules = await client.ask("GET", "")
        assert [each["rule"]["name"] for each in all_rules["data"]] == ["mine", "other"]
        assert "subjects" not in all_rules["data"][0]
        assert (await client.ask("DELETE", "/mine"))[0] == 204
        assert (await client.ask("GET", "/mine"))[1]["code"] == "unknown_rule"


async def test_of_changes_at_once_none_undoes_another(tmp_path: Path, autojump_clock: object) -> None:
    async with served(tmp_path) as (client, staged):
        await client.ask("POST", "", ABOVE)
        changes = [{"enabled": False}, {"severity": "critical"}, {"when": {"value": 200}}, {"note": "look"}]
        async with trio.open_nursery() as nursery:
            for change in changes:
                nursery.start_soon(client.ask, "PATCH", "/mine", change)
        rule = staged.desk.rule("mine").rule
        assert (rule.enabled, rule.severity, rule.note) == (False, "critical", "look")
        assert rule.when == Above(value=200)


async def test_a_change_brings_nothing_back_that_was_removed(tmp_path: Path, autojump_clock: object) -> None:
    async with served(tmp_path) as (client, staged):
        await client.ask("POST", "", ABOVE)
        async with trio.open_nursery() as nursery, staged.slow_disk():
            nursery.start_soon(client.ask, "DELETE", "/mine")
            await settled()
            nursery.start_soon(client.ask, "PATCH", "/mine", {"enabled": False})
            await settled()
        assert list(staged.desk.engine.rules) == []


async def test_history_comes_in_pages(tmp_path: Path, autojump_clock: object) -> None:
    async with served(tmp_path, above(100)) as (client, staged):
        for price in (101, 99, 101):
            await staged.price(price)
        _, page = await client.ask("GET", "/history?limit=2&rule=rule")
        assert [each["kind"] for each in page["data"]] == ["fired", "resolved"]
        _, rest = await client.ask("GET", f"/history?limit=2&before={page['meta']['next_before']}")
        assert [each["kind"] for each in rest["data"]] == ["fired"]
        assert "next_before" not in rest["meta"]
        assert (await client.ask("GET", "/history?limit=0"))[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", ABOVE),
        ("PUT", "/mine", ABOVE),
        ("PATCH", "/rule", {"enabled": False}),
        ("DELETE", "/rule", None),
        ("POST", "/rule/mute", {}),
        ("POST", "/test", {"notifier": "ops"}),
        ("POST", "/preview", ABOVE),
    ],
)
async def test_only_who_may_control_changes_anything(
    tmp_path: Path, autojump_clock: object, method: str, path: str, body: Any
) -> None:
    async with served(tmp_path, above(100)) as (client, staged):
        status, answer = await client.ask(method, path, body, local=False)
        assert (status, answer["code"]) == (401, "control_refused")
        assert list(staged.desk.engine.rules) == ["rule"]
        assert not staged.ops.sent


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**ABOVE, "when": {"kind": "above", "field": "prise", "value": 1}}, "when.field"),
        ({**ABOVE, "for_s": -1}, "for_s"),
        ({"name": "mine", "when": ABOVE["when"]}, "keys"),
        ({**ABOVE, "notify": ["nobody"]}, "notify"),
        ({**ABOVE, "name": "history"}, "name"),
    ],
)
async def test_what_is_wrong_is_named(tmp_path: Path, autojump_clock: object, body: Any, field: str) -> None:
    async with served(tmp_path) as (client, _):
        status, answer = await client.ask("POST", "", body)
        assert status == 400
        assert answer["errors"][0]["parameter"] == field


async def test_bodies_that_are_no_rules(tmp_path: Path, autojump_clock: object) -> None:
    async with served(tmp_path) as (client, _):
        bodies: list[Any] = [[], "text", 7]
        for body in bodies:
            assert (await client.ask("POST", "", body))[1]["code"] == "bad_body"
        assert (await client.ask("PUT", "/other", ABOVE))[1]["errors"][0]["parameter"] == "name"
        assert (await client.ask("POST", ""))[1]["code"] == "not_json"
        assert (await client.ask("GET", "?colour=red"))[1]["code"] == "bad_parameter"


async def test_a_notifier_is_tried_and_tells_how_it_does(tmp_path: Path, autojump_clock: object) -> None:
    async with served(tmp_path) as (client, staged):
        assert (await client.ask("POST", "/test", {"notifier": "ops"}))[1]["data"]["delivered"]
        staged.ops.down = True
        _, failed = await client.ask("POST", "/test", {"notifier": "ops"})
        assert failed["data"] == {"delivered": False, "error": "down"}
        assert (await client.ask("POST", "/test", {"notifier": "x"}))[1]["code"] == "unknown_notifier"
        _, told = await client.ask("GET", "/notifiers")
        assert [each["name"] for each in told["data"]] == ["ops", "other"]


def tick(minutes_ago: int, price: float) -> TickRow:
    return TickRow(NOW_NS - minutes_ago * MINUTE_NS, *BTC, price, 1.0, None, None, 0.0, price, price)


async def test_a_preview_counts_what_would_have_fired(tmp_path: Path) -> None:
    history = FakeHistory([tick(60 - at, 101.0 if at % 10 == 5 else 99.0) for at in range(60)])
    async with served(tmp_path, history=history) as (client, staged):
        status, answer = await client.ask("POST", "/preview?hours=1", ABOVE)
        assert status == 200
        told = answer["data"]
        assert (told["fired"], told["meant"], told["looked_at"], told["rows"]) == (6, 1, [KEY], 60)
        assert [each["value"] for each in told["firings"]] == [101.0] * 6
        assert "mine" not in staged.desk.engine.rules
        held = {**ABOVE, "for_s": 120}
        assert (await client.ask("POST", "/preview?hours=1", held))[1]["data"]["fired"] == 0
        moved = {**ABOVE, "when": {"kind": "moves", "percent": 1.5, "window_s": 60}}
        assert (await client.ask("POST", "/preview?hours=1", moved))[1]["data"]["fired"] > 6


async def test_a_preview_does_not_fire_in_a_gap(tmp_path: Path) -> None:
    gap = GapRow(tick(31, 0).ts, *BTC, "ticker", tick(10, 0).ts, "network", "", None, 0, False)
    rows: list[Row] = [tick(40, 99.0), gap, tick(30, 101.0), tick(25, 99.0), tick(5, 101.0)]
    async with served(tmp_path, history=FakeHistory(rows)) as (client, _):
        _, answer = await client.ask("POST", "/preview?hours=1", ABOVE)
        assert [each["ts"] for each in answer["data"]["firings"]] == [tick(5, 0).ts // 1_000_000]


async def test_a_preview_of_funding(tmp_path: Path) -> None:
    rates = [(30, 0.0001), (20, 0.001), (10, 0.0001)]
    rows: list[Row] = [
        FundingRow(NOW_NS - ago * MINUTE_NS, *BTC, rate, 8.0, None, None, None, None) for ago, rate in rates
    ]
    async with served(tmp_path, history=FakeHistory(rows)) as (client, _):
        funding = {**ABOVE, "when": {"kind": "above", "field": "funding_apr", "value": 50}}
        _, answer = await client.ask("POST", "/preview?hours=1", funding)
        [fired] = answer["data"]["firings"]
        assert fired["value"] == pytest.approx(0.001 * 3 * 365 * 100)


async def test_what_has_no_preview(tmp_path: Path) -> None:
    async with served(tmp_path, history=FakeHistory()) as (client, _):
        quality = {**ABOVE, "when": {"kind": "quality"}}
        assert (await client.ask("POST", "/preview", quality))[1]["code"] == "no_preview"
        turnover = {**ABOVE, "when": {"kind": "above", "field": "turnover_24h", "value": 1}}
        assert (await client.ask("POST", "/preview", turnover))[0] == 422
        _, nothing = await client.ask("POST", "/preview", ABOVE)
        assert (nothing["data"]["fired"], nothing["data"]["since"]) == (0, None)
    async with served(tmp_path) as (client, _):
        assert (await client.ask("POST", "/preview", ABOVE))[1]["code"] == "no_history"


async def test_a_hub_without_alerts_says_so() -> None:
    client = Client(application(populated()))
    assert (await client.ask("GET", ""))[1]["code"] == "alerts_disabled"
    assert set(STATUS.values()) <= {400, 404, 409, 503}


def test_a_merge_patch_of_another_kind_begins_anew() -> None:
    before = {"when": {"kind": "above", "field": "price", "value": 1}, "for_s": 5}
    after = merged(before, {"when": {"kind": "quality"}, "for_s": None})
    assert after == {"when": {"kind": "quality"}}


async def test_the_stream_tells_alerts_once_and_the_newest_to_who_comes(autojump_clock: object) -> None:
    async with stage() as theatre:
        early = theatre.listen()
        early.subscribe("alerts")
        await settled()
        [snapshot] = early.data()
        assert (snapshot["type"], snapshot["data"]) == ("snapshot", [])
        first = example(1)
        theatre.hub.tell_alerts([first])
        await settled()
        [update] = early.data()
        assert (update["type"], update["channel"]) == ("update", "alerts")
        [told] = update["data"]
        assert told == {"key": KEY, **json.loads(json.dumps(structs.asdict(first)))}
        late = theatre.listen()
        late.subscribe("alerts")
        await settled()
        assert [each["id"] for each in late.data()[0]["data"]] == ["al_1"]
        back = theatre.listen()
        position = {"epoch": update["epoch"], "offset": snapshot["offset"]}
        assert back.subscribe("alerts", resume=position)["recovered"]
        await settled()
        assert [each["id"] for each in back.data()[0]["data"]] == ["al_1"]
        theatre.hub.tell_alerts([example(2), example(3)])
        await settled()
        assert [each["id"] for frame in late.data() for each in frame["data"]] == ["al_2", "al_3"]


async def test_a_client_that_was_busy_is_told_every_alert(autojump_clock: object) -> None:
    async with stage() as theatre:
        slow = theatre.listen()
        slow.subscribe("alerts")
        await settled()
        slow.data()
        slow.pipe.stuck = True
        for number in range(1, 6):
            theatre.hub.tell_alerts([example(number)])
            await settled()
        slow.pipe.loosen()
        await settled()
        found = [each["number"] for frame in slow.data() for each in frame["data"]]
        assert found == [1, 2, 3, 4, 5]


def example(number: int) -> Any:
    return structs.replace(ALERT, id=f"al_{number}", number=number)


def test_the_schema_of_a_rule_knows_every_condition() -> None:
    schemas = described()["components"]["schemas"]
    kinds = schemas["Rule"]["properties"]["when"]["discriminator"]["mapping"]
    assert set(kinds) == {
        "above", "below", "crosses", "moves", "across", "liquidations", "volume", "quality",
    }  # fmt: skip
    Draft202012Validator({**schemas["Rule"], "components": described()["components"]}).validate(
        {"name": "a", "keys": ["*"], "when": {"kind": "above", "value": 1}}
    )
    assert AlertsSettings().rules_max == 1000
    assert rule_of({"kind": "volume", "deviations": 2}).name == "rule"
