"""`GET /api/v1/stream`: the stream for those who have plain HTTP only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from quart_trio import QuartTrio
from werkzeug.datastructures import MultiDict

from actors.market.tick import Changes, Tick
from actors.runtime.settings import StreamSettings
from tests.web.harness import LOCAL, NOW_NS, application
from tests.web.populated import BTC, OFFERS, populated, records, ticker, trade
from web.api.stream import position, read_subscribe
from web.problems import Problem
from web.site import Site
from web.stream.requests import Subscribe
from web.stream.sse import EventOutlet, EventStream

KEY = "bybit:linear:BTCUSDT"
CROSS_SITE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}


def hub() -> tuple[QuartTrio, Site]:
    app = application(populated(), offers=OFFERS)
    return app, app.extensions["tickwell"]


def wanted(query: str, last_event_id: str = "") -> Subscribe:
    pairs = [part.partition("=")[::2] for part in query.split("&")]
    return read_subscribe(MultiDict(pairs), last_event_id)


def events_of(piece: bytes) -> list[dict[str, Any]]:
    """The events in a piece, each with its lines by name and its data read."""
    found = []
    for block in piece.decode().split("\n\n")[:-1]:
        event: dict[str, Any] = dict(line.split(": ", 1) for line in block.split("\n"))
        if "data" in event:
            found.append(event | {"data": json.loads(event["data"])})
    return found


class Reader:
    """Reads events one by one, without heartbeats."""

    def __init__(self, stream: EventStream) -> None:
        self.stream = stream
        self.waiting: list[dict[str, Any]] = []

    async def next(self, kind: str = "") -> dict[str, Any]:
        while True:
            while not self.waiting:
                self.waiting = events_of(await self.stream.__anext__())
            event = self.waiting.pop(0)
            if event["event"] == kind or (not kind and event["event"] != "heartbeat"):
                return event


@asynccontextmanager
async def reading(site: Site, query: str, last_event_id: str = "") -> AsyncIterator[Reader]:
    """A reader of a hub that runs; afterwards nothing is left of it."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.stream.run)
        async with EventStream(site, wanted(query, last_event_id), "127.0.0.1", site.stop) as stream:
            assert isinstance(stream, EventStream)
            yield Reader(stream)
        assert site.stream.is_empty
        assert site.stream.doors.open == 0
        nursery.cancel_scope.cancel()


def publish(site: Site, **changes: Any) -> None:
    site.read_model.publish(Tick("bybit", NOW_NS, [], Changes(**changes)))


async def test_the_options_are_those_of_subscribe() -> None:
    more = "depth=5&grouping=0.5&max_rate_hz=2&snapshot=false"
    found = wanted(f"channel=book&symbols={KEY},top:5&symbols=ETH*&{more}")
    assert found.options.symbols == ("ETH*", KEY, "top:5")
    assert (found.options.depth, found.options.grouping) == (5, 0.5)
    assert (found.max_rate_hz, found.snapshot, found.resume) == (2.0, False, None)
    assert wanted("channel=ticker&fields=bid,ask&changes_only=true&symbols=").options.fields == ("ask", "bid")
    assert wanted("channel=spreads&bases=btc,eth").options.bases == ("BTC", "ETH")


async def test_the_position_is_that_of_the_last_event() -> None:
    assert position("19a6c7:18441") == wanted("channel=trades", "19a6c7:18441").resume
    assert position("19a6c7:5") == wanted("channel=trades&resume=19a6c7:5").resume
    assert wanted("channel=trades&resume=19a6c7:5", "19a6c7:7").resume == position("19a6c7:7")
    assert wanted("channel=trades", "somebody else's").resume is None


@pytest.mark.parametrize(
    ("query", "status", "code", "words"),
    [
        ("", 400, "bad_parameter", "channel is missing"),
        ("channel=tikcer", 400, "bad_parameter", "Did you mean ticker?"),
        ("channel=ticker&depth=5", 400, "bad_parameter", "It belongs to book."),
        ("channel=book&depth=five", 400, "bad_parameter", "a whole number from 1 to 200"),
        ("channel=ticker&max_rate_hz=nan", 400, "bad_parameter", "a number from 0 to 100"),
        ("channel=ticker&channel=quote", 400, "bad_parameter", "expected once"),
        ("channel=ticker&resume=5", 400, "bad_parameter", "the id of an event"),
        ("channel=ticker&symbols=NOPE", 404, "no_symbols", "NOPE: no instrument"),
        ("channel=liquidations&symbols=bybit:spot:*", 404, "no_symbols", "does not offer liquidations"),
    ],
)
async def test_what_is_wrong_is_a_problem(query: str, status: int, code: str, words: str) -> None:
    app, site = hub()
    response = await app.test_client().get(f"/api/v1/stream?{query}")
    told = await response.get_json(force=True)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert told["code"] == code
    assert words in told["detail"]
    assert site.stream.doors.open == 0


async def test_a_head_has_no_body_and_leaves_nothing() -> None:
    app, site = hub()
    response = await app.test_client().head(f"/api/v1/stream?channel=ticker&symbols={KEY}")
    assert response.status_code == 200
    assert response.content_type == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert site.stream.is_empty


async def test_pages_of_other_sites_have_no_books_followed() -> None:
    app, _ = hub()
    path = f"/api/v1/stream?symbols={KEY}&channel="
    assert (await app.test_client().head(f"{path}book", headers=CROSS_SITE)).status_code == 403
    assert (await app.test_client().head(f"{path}ticker", headers=CROSS_SITE)).status_code == 200


async def test_limits_are_refused_before_the_first_byte() -> None:
    app, site = hub()
    site.stream.settings = StreamSettings(symbols_max=2)
    response = await app.test_client().get("/api/v1/stream?channel=ticker&symbols=A,B,C")
    assert "at most 2 selectors" in (await response.get_json(force=True))["detail"]
    site.stream.doors._settings = StreamSettings(connections_per_address_max=1)
    with site.stream.doors.enter("127.0.0.1"):
        path = f"/api/v1/stream?channel=ticker&symbols={KEY}"
        response = await app.test_client().get(path, scope_base=LOCAL)
        assert response.status_code == 429


async def test_first_what_the_subscription_is_then_the_picture_then_what_changes(autojump_clock: Any) -> None:
    _, site = hub()
    async with reading(site, f"channel=ticker&symbols={KEY},NOPE&fields=price") as reader:
        told = await reader.next("subscribed")
        assert told["data"]["keys"] == [KEY]
        assert [each["symbol"] for each in told["data"]["rejected"]] == ["NOPE"]
        first = await reader.next()
        assert first["event"] == "snapshot"
        assert first["data"]["data"] == [{"key": KEY, "price": 100.0}]
        assert first["id"] == f"{site.read_model.epoch}:{first['data']['offset']}"
        site.read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC, price=101.0))))
        second = await reader.next()
        assert (second["event"], second["data"]["seq"]) == ("update", 2)
        assert second["data"]["data"] == [{"key": KEY, "price": 101.0}]


async def test_who_comes_again_gets_what_was_missed(autojump_clock: Any) -> None:
    _, site = hub()
    query = f"channel=trades&symbols={KEY}"
    async with reading(site, query) as reader:
        last = (await reader.next("snapshot"))["id"]
    publish(site, trades={BTC: [trade(3), trade(4)]})
    publish(site, trades={BTC: [trade(5)]})
    async with reading(site, query, last) as reader:
        assert (await reader.next("subscribed"))["data"]["recovered"] is True
        missed = await reader.next()
        assert missed["event"] == "update"
        assert [each["trade_id"] for each in missed["data"]["data"]] == ["3", "4", "5"]
    async with reading(site, query, "abc:5") as reader:
        assert (await reader.next("subscribed"))["data"]["recovered"] is False
        assert (await reader.next())["event"] == "snapshot"


async def test_a_slow_reader_gets_the_newest_once(autojump_clock: Any) -> None:
    _, site = hub()
    async with reading(site, f"channel=ticker&symbols={KEY}&fields=price") as reader:
        await reader.next("snapshot")
        for price in range(200, 230):
            site.read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC, price=price + 0.0))))
            await trio.sleep(0.2)
        prices = []
        with trio.move_on_after(1):
            while True:
                event = await reader.next("update")
                prices.append(event["data"]["data"][0]["price"])
        assert prices[-1] == 229.0
        assert len(prices) <= 3


async def test_a_quiet_stream_shows_that_it_lives(autojump_clock: Any) -> None:
    _, site = hub()
    async with reading(site, f"channel=liquidations&symbols={KEY}") as reader:
        beat = await reader.next("heartbeat")
        assert beat["data"]["subs"] == 1
        assert "id" not in beat


async def test_a_hub_that_stops_says_so_with_the_last_state(autojump_clock: Any) -> None:
    _, site = hub()
    async with reading(site, f"channel=ticker&symbols={KEY}&fields=price&max_rate_hz=0.1") as reader:
        await reader.next("snapshot")
        site.read_model.publish(Tick("bybit", NOW_NS, records(ticker("bybit", BTC, price=7.0))))
        await trio.sleep(0.1)
        site.stop.set()
        assert (await reader.next("update"))["data"]["data"] == [{"key": KEY, "price": 7.0}]
        assert (await reader.next())["event"] == "going_away"
        with pytest.raises(StopAsyncIteration):
            await reader.next()


async def test_who_finds_the_last_place_taken_is_told_so() -> None:
    _, site = hub()
    site.stream.doors._settings = StreamSettings(connections_max=1)
    with site.stream.doors.enter("somebody"):
        async with EventStream(site, wanted("channel=ticker"), "127.0.0.1", site.stop) as stream:
            [told] = events_of(await stream.__aiter__().__anext__())
            assert (told["event"], told["data"]["code"]) == ("error", "limit_exceeded")
            with pytest.raises(StopAsyncIteration):
                await stream.__aiter__().__anext__()
    assert site.stream.is_empty


async def test_an_error_of_ours_ends_the_stream(
    caplog: pytest.LogCaptureFixture, autojump_clock: Any
) -> None:
    _, site = hub()
    async with reading(site, f"channel=ticker&symbols={KEY}") as reader:
        await reader.next("snapshot")
        [client] = site.stream.turns.clients
        client.leave(ZeroDivisionError("a bug"))
        with pytest.raises(StopAsyncIteration):
            await reader.next()
    assert "a reader of events failed" in caplog.text


async def test_a_piece_is_taken_only_after_the_one_before(autojump_clock: Any) -> None:
    outlet = EventOutlet()
    with pytest.raises(trio.WouldBlock):
        outlet.write_now(b"a")
    taken = []

    async def read() -> None:
        while piece := await outlet.take():
            taken.append(piece)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await outlet.send_frame(b"a")
        began = trio.current_time()
        await outlet.send_frame(b"b")
        assert trio.current_time() - began == 1
        await trio.sleep(1.5)
        assert outlet.write_now(b"c", b"d") is None
        outlet.close()
    assert taken == [b"a", b"b", b"cd"]
    with pytest.raises(trio.ClosedResourceError):
        outlet.write_now(b"e")
    with pytest.raises(trio.ClosedResourceError):
        await outlet.send_frame(b"e")


def test_problems_about_a_url_name_the_parameter() -> None:
    with pytest.raises(Problem) as caught:
        wanted("channel=tikcer")
    assert caught.value.members["errors"][0]["expected"].endswith("system, alerts")
    with pytest.raises(Problem) as caught:
        wanted("channel=book&depth=500")
    [wrong] = caught.value.members["errors"]
    assert wrong == {"parameter": "depth", "value": "500", "expected": "a whole number from 1 to 200"}
