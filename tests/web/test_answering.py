"""One answer for many readers: encoded once, 304 for who knows it, bounded in memory."""

from __future__ import annotations

import json

import pytest
from quart_trio import QuartTrio

from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, application, model, report
from tests.web.populated import BTC, ETH, OFFERS, populated, records, ticker, trade
from web.api import answering
from web.api.answering import Answers
from web.api.resource import Answer, Body, Meta
from web.readmodel import Board, ReadModel

LATEST = [
    "instruments",
    "tickers",
    "tickers/bybit:linear:BTCUSDT",
    "book/bybit:linear:BTCUSDT",
    "trades/bybit:linear:BTCUSDT",
    "bars/bybit:linear:BTCUSDT",
    "funding",
    "liquidations",
    "spreads",
    "movers",
    "screener",
    "quality",
    "quality/bybit",
]


def hub(read_model: ReadModel) -> QuartTrio:
    return application(read_model, offers=OFFERS)


async def etag(app: QuartTrio, path: str) -> str:
    response = await app.test_client().get(f"/api/v1/{path}")
    assert response.status_code == 200
    return str(response.headers["ETag"])


@pytest.mark.parametrize("path", LATEST)
async def test_who_knows_the_newest_gets_a_304(path: str) -> None:
    app = hub(populated())
    client = app.test_client()
    known = await etag(app, path)
    again = await client.get(f"/api/v1/{path}", headers={"If-None-Match": f'"other", {known}'})
    assert (again.status_code, again.headers["ETag"]) == (304, known)
    assert again.headers["Cache-Control"] == "no-cache"
    assert await again.get_data(as_text=False) == b""
    other = await client.get(f"/api/v1/{path}", headers={"If-None-Match": 'W/"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("changes", "changed", "unchanged"),
    [
        (
            Changes(trades={BTC: [trade(9)]}),
            ["trades/bybit:linear:BTCUSDT"],
            ["bars/bybit:linear:BTCUSDT", "tickers"],
        ),
        (
            Changes(removed=[ETH]),
            ["tickers", "instruments", "quality", "screener"],
            ["trades/bybit:linear:BTCUSDT"],
        ),
    ],
)
async def test_only_what_changed_is_told_again(
    changes: Changes, changed: list[str], unchanged: list[str]
) -> None:
    read_model = populated()
    app = hub(read_model)
    before = {path: await etag(app, path) for path in changed + unchanged}
    read_model.publish(Tick("bybit", NOW_NS, [], changes))
    after = {path: await etag(app, path) for path in before}
    assert [path for path in before if before[path] != after[path]] == changed


async def test_another_instruments_news_are_not_this_ones() -> None:
    read_model = populated()
    app = hub(read_model)
    paths = ["tickers/bybit:linear:BTCUSDT", "tickers/bybit:linear:ETHUSDT"]
    before = [await etag(app, path) for path in paths]
    read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", ETH))))
    after = [await etag(app, path) for path in paths]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]


async def test_a_report_between_two_ticks_changes_the_quality() -> None:
    read_model = populated()
    app = hub(read_model)
    before = await etag(app, "quality")
    read_model.report([report(state="stale")])
    assert await etag(app, "quality") != before


async def test_a_report_without_news_changes_nothing_else() -> None:
    read_model = populated()
    read_model.report([report()])
    app = hub(read_model)
    paths = [path for path in LATEST if path != "quality"]
    before = [await etag(app, path) for path in paths]
    read_model.report([report(messages_per_s=99.0)])
    assert [await etag(app, path) for path in paths] == before
    read_model.report([report(symbols=("BTCUSDT", "NEWUSDT"))])
    assert await etag(app, "tickers") != before[paths.index("tickers")], "a symbol may be known now"


async def test_another_run_of_the_hub_has_other_tags() -> None:
    first, second = populated(), populated()
    second.epoch = "another"
    assert await etag(hub(first), "tickers") != await etag(hub(second), "tickers")


def an_answer(board: Board, version: str, built: list[int], size: int = 1) -> Answer:
    def build(now_ns: int) -> Body:
        built.append(now_ns)
        return Body(["x" * size])

    return Answer([board], (version,), build)


def test_a_hundred_readers_cost_one_encoding_per_version_and_second() -> None:
    answers, board, built = Answers(), model().boards["bybit"], list[int]()
    bodies = {answers.get("k", an_answer(board, "1", built), Meta, "e", NOW_NS) for _ in range(100)}
    assert (len(bodies), len(built), answers.built) == (1, 1, 1)
    answers.get("k", an_answer(board, "2", built), Meta, "e", NOW_NS)
    assert len(built) == 2
    later = answers.get("k", an_answer(board, "2", built), Meta, "e", NOW_NS + 1_000_000_000)
    assert len(built) == 3, "ages do not stand still"
    assert json.loads(later)["meta"]["as_of"] == NOW_NS // 1_000_000 + 1000


def test_answers_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "ANSWERS_KEPT", 3)
    answers, board, built = Answers(), model().boards["bybit"], list[int]()
    for key in [1, 2, 3, 1, 4]:
        answers.get(key, an_answer(board, "1", built), Meta, "e", NOW_NS)
    assert len(built) == 4
    answers.get(1, an_answer(board, "1", built), Meta, "e", NOW_NS)
    assert len(built) == 4, "what was asked for lately stays"
    answers.get(2, an_answer(board, "1", built), Meta, "e", NOW_NS)
    assert len(built) == 5, "what was not asked for longest has gone"


def test_answers_are_bounded_in_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "BYTES_KEPT", 10_000)
    answers, board, built = Answers(), model().boards["bybit"], list[int]()
    for key in range(20):
        answers.get(key, an_answer(board, "1", built, size=2000), Meta, "e", NOW_NS)
    answers.get(19, an_answer(board, "1", built, size=2000), Meta, "e", NOW_NS)
    assert len(built) == 20
    answers.get(0, an_answer(board, "1", built, size=2000), Meta, "e", NOW_NS)
    assert len(built) == 21


async def test_head_is_answered_too() -> None:
    response = await hub(populated()).test_client().head("/api/v1/tickers")
    assert (response.status_code, response.content_type) == (200, "application/json")


async def test_only_get_is_allowed() -> None:
    response = await hub(populated()).test_client().post("/api/v1/tickers")
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
