"""An order book over REST: followed because it is read, waited for a little, and shown only while live."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from quart_trio import QuartTrio
from werkzeug.datastructures import Headers

from actors.market.reports import BookView
from actors.market.tick import Changes, Tick
from actors.runtime.errors import NotFollowed, NotOffered, TooManyBooks
from tests.web.harness import NOW_NS, Switch, application
from tests.web.populated import BTC, OFFERS, book, populated, quality
from web.readmodel import ReadModel

PATH = "/api/v1/book/bybit:linear:BTCUSDT"
Answered = tuple[int, dict[str, Any], Headers, float]


def hub(read_model: ReadModel, switch: Switch | None = None, stop: trio.Event | None = None) -> QuartTrio:
    return application(read_model, switch, stop, offers=OFFERS)


async def ask(app: QuartTrio, path: str = PATH, **headers: str) -> Answered:
    began_s = trio.current_time()
    response = await app.test_client().get(path, headers=headers)
    body = await response.get_json(force=True) if response.status_code != 304 else {}
    return response.status_code, body, response.headers, trio.current_time() - began_s


def tell(read_model: ReadModel, view: BookView | None = None, **changes: Any) -> None:
    books = {} if view is None else {BTC: view}
    read_model.publish(Tick("bybit", NOW_NS, [], Changes(books=books, **changes)))


def without_book() -> ReadModel:
    read_model = populated()
    tell(read_model, unfollowed=[BTC], qualities=[quality(BTC, "book", "syncing")])
    return read_model


async def test_a_live_book_comes_at_once(autojump_clock: trio.testing.MockClock) -> None:
    switch = Switch()
    status, answer, headers, took_s = await ask(hub(populated(), switch), f"{PATH}?depth=2")
    assert (status, took_s) == (200, 0.0)
    data = answer["data"]
    assert data["bids"] == [[99.0, 1.0], [98.0, 2.0]]
    assert data["asks"] == [[101.0, 1.0], [102.0, 1.0]]
    assert (data["mid"], data["spread"], data["spread_bps"]) == (100.0, 2.0, pytest.approx(200.0))
    assert data["imbalance"] == pytest.approx(0.2)
    assert (data["u"], data["depth"], data["quality"], data["age_ms"]) == (17, 50, "live", 0)
    assert headers["Cache-Control"] == "no-cache"
    assert switch.watched == [("bybit:linear:BTCUSDT", 2, None)]


async def test_every_request_renews_the_lease_of_the_settings_also_one_that_learns_nothing_new() -> None:
    switch = Switch()
    app = hub(populated(), switch)
    _, _, headers, _ = await ask(app)
    status, _, _, _ = await ask(app, **{"If-None-Match": headers["ETag"]})
    assert status == 304
    assert switch.watched == [("bybit:linear:BTCUSDT", 50, None)] * 2


async def test_a_book_that_nobody_watched_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    read_model, answers = without_book(), list[Answered]()
    app = hub(read_model)

    async def reader() -> None:
        answers.append(await ask(app))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader)
        await trio.sleep(1)
        tell(read_model, book("syncing"))
        await trio.sleep(1)
        tell(read_model, book())
    [(status, answer, _, took_s)] = answers
    assert (status, took_s, answer["data"]["quality"]) == (200, 2.0, "live")


@pytest.mark.parametrize("state", ["syncing", "gapped", "stale"])
async def test_one_that_does_not_come_is_a_503(state: Any, autojump_clock: trio.testing.MockClock) -> None:
    read_model = without_book()
    tell(read_model, book(state), qualities=[quality(BTC, "book", state)])
    status, problem, headers, took_s = await ask(hub(read_model))
    assert (status, took_s, headers["Retry-After"]) == (503, 3.0, "1")
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["code"] == ("syncing" if state == "syncing" else "not_live")
    assert problem["quality"]["state"] == state
    assert "bids" not in problem


async def test_more_levels_are_waited_for_as_far_as_there_can_be_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    read_model = populated()
    app = hub(read_model)
    status, answer, _, took_s = await ask(app, f"{PATH}?depth=200")
    assert (status, took_s, answer["data"]["depth"]) == (200, 3.0, 50), "what there is, after a while"
    tell(read_model, book(levels=120, depth=200))
    status, answer, _, took_s = await ask(app, f"{PATH}?depth=200")
    assert (status, took_s, len(answer["data"]["bids"])) == (200, 0.0, 120)
    _, answer, _, _ = await ask(app)
    assert len(answer["data"]["bids"]) == 50


async def test_of_a_stopped_exchange_nothing_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    status, problem, _, took_s = await ask(hub(populated()), "/api/v1/book/hyperliquid:linear:BTC")
    assert (status, problem["code"], took_s) == (409, "stopped", 0.0)


async def test_a_hub_that_stops_lets_nobody_wait(autojump_clock: trio.testing.MockClock) -> None:
    stop = trio.Event()
    stop.set()
    status, _, _, took_s = await ask(hub(without_book(), stop=stop))
    assert (status, took_s) == (503, 0.0)


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (NotFollowed("it is not followed"), 404, "not_followed"),
        (NotOffered("there are no books"), 404, "not_offered"),
        (TooManyBooks("200 books are watched"), 503, "too_many_books"),
    ],
)
async def test_what_cannot_be_watched_is_said_why(refusal: Exception, status: int, code: str) -> None:
    switch = Switch()
    switch.refusal = refusal
    found, problem, headers, _ = await ask(hub(without_book(), switch))
    assert (found, problem["code"]) == (status, code)
    assert ("Retry-After" in headers) == (status == 503)


@pytest.mark.parametrize(
    ("mode", "origin", "status"),
    [
        ("no-cors", None, 403),
        ("cors", "https://evil.test", 403),
        ("cors", "https://ours.test", 200),
        ("navigate", None, 200),
    ],
)
async def test_no_foreign_page_has_books_followed(mode: str, origin: str | None, status: int) -> None:
    switch = Switch()
    app = application(populated(), switch, offers=OFFERS, allowed_origins=("https://ours.test",))
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode} | (
        {"Origin": origin} if origin else {}
    )
    found, _, _, _ = await ask(app, **headers)
    assert (found, bool(switch.watched)) == (status, status == 200)


async def test_an_empty_side_has_no_mid() -> None:
    read_model = populated()
    tell(read_model, book(asks=[]))
    _, answer, _, _ = await ask(hub(read_model))
    data = answer["data"]
    assert (data["mid"], data["spread_bps"], data["imbalance"], data["asks"]) == (None, None, 1.0, [])
