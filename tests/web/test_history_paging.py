"""From page to page: every row once, in order, whatever the pages are; and cursors that are ours alone."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from quart_trio import QuartTrio

from actors.market.rows import TradeRow
from actors.runtime.errors import HistoryTimeout
from actors.sinks.base import Order, Span
from tests.web.fake_history import BTC, SECOND_NS, FakeHistory, chosen, remembering, tick, trade
from tests.web.harness import NOW_NS, application
from tests.web.populated import populated
from web.api.history_cursor import Place, check_of, question_of, read_cursor, write_cursor
from web.api.history_pages import PAGE_ROWS, Reader
from web.problems import Problem

TRADES = "/api/v1/trades/bybit:linear:BTCUSDT/history"
QUESTION = question_of("trades", "bybit:linear:BTCUSDT", "newest", "", "")
ns = st.integers(0, (1 << 63) - 1)
places = st.builds(Place, st.none() | ns, st.none() | ns, ns, st.text(max_size=40))


def hub(history: FakeHistory | None = None) -> QuartTrio:
    return application(populated(), history=history or remembering())


async def ask(app: QuartTrio, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
    response = await app.test_client().get(f"{path}?{urlencode(query)}")
    answer: dict[str, Any] = await response.get_json(force=True)
    assert response.status_code == status, answer
    return answer


async def walk(app: QuartTrio, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows, page after page."""
    answer = await ask(app, path, **query)
    found = list(answer["data"])
    while answer["meta"]["has_more"]:
        answer = await ask(app, path, **query, cursor=answer["meta"]["next_cursor"])
        found += answer["data"]
    assert answer["meta"]["next_cursor"] is None
    return found


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), max_size=40, unique=True),
    st.integers(1, 12),
    st.integers(1, 7),
    st.sampled_from(["newest", "oldest"]),
)
def test_every_row_once_whatever_the_pages(
    moments: list[tuple[int, int]], limit: int, page_rows: int, order: Order
) -> None:
    """Many trades of the same moment, read in requests of `limit` rows, each in pages of `page_rows`."""
    rows = [trade(ts, f"{number:02}") for ts, number in moments]

    async def fetch(span: Span) -> list[TradeRow]:
        return chosen(rows, TradeRow, BTC, span, place_of)

    def place_of(row: TradeRow) -> tuple[int, str]:
        return row.ts, row.trade_id

    async def read() -> list[tuple[int, str]]:
        found: list[TradeRow] = []
        after, has_more = None, True
        while has_more:
            reader = Reader(fetch, place_of, Span(None, None, limit, order, after), page_rows)
            told = await reader.page()
            while not reader.ended:
                told += await reader.more()
            assert len(told) == reader.told <= limit
            assert reader.told == limit or not reader.has_more
            found, after, has_more = found + told, reader.after, reader.has_more
        return [place_of(row) for row in found]

    expected = sorted((place_of(row) for row in rows), reverse=order == "newest")
    assert trio.run(read) == expected


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("limit", [1, 61, 299, 300, 450, 899, 900, 901, 5000])
async def test_pages_over_rest(order: str, limit: int) -> None:
    if limit == 1:
        history = FakeHistory([trade(NOW_NS - each // 3, f"{each:05}") for each in range(9)])
    else:
        history = remembering()
    found = [each["trade_id"] for each in await walk(hub(history), TRADES, order=order, limit=limit)]
    rows = chosen(
        history.rows, TradeRow, BTC, Span(None, None, 10**6, "oldest"), lambda r: (r.ts, r.trade_id)
    )
    expected = [row.trade_id for row in rows]
    assert found == (expected if order == "oldest" else expected[::-1])


async def test_rows_that_come_meanwhile_change_nothing() -> None:
    history = remembering()
    app = hub(history)
    first = await ask(app, TRADES, limit=100)
    history.rows += [trade(NOW_NS + each, f"new{each}") for each in range(50)]
    second = await ask(app, TRADES, limit=100, cursor=first["meta"]["next_cursor"])
    told = [each["trade_id"] for each in first["data"] + second["data"]]
    assert len(set(told)) == 200
    assert not [each for each in told if each.startswith("new")]


async def test_how_long_ago_stays_what_it_was_on_the_first_page() -> None:
    now_ns = NOW_NS
    read_model = populated()
    read_model.now_ns = lambda: now_ns
    app = application(
        read_model, history=FakeHistory([tick(NOW_NS - each * SECOND_NS) for each in range(600)])
    )
    path = "/api/v1/tickers/bybit:linear:BTCUSDT/history"
    query: dict[str, Any] = {"from": "-5m", "limit": 200}
    first = await ask(app, path, **query)
    now_ns += 3600 * SECOND_NS
    second = await ask(app, path, **query, cursor=first["meta"]["next_cursor"])
    assert second["meta"]["from"] == first["meta"]["from"]
    assert second["meta"]["count"] == 101
    assert not second["meta"]["has_more"]
    assert first["data"][-1]["ts"] > second["data"][0]["ts"]


async def test_a_page_that_could_not_be_read_on_ends_early_and_goes_on_later() -> None:
    history = FakeHistory(
        [trade(each, f"{each:05}") for each in range(4500)], failures=[None, None, HistoryTimeout("slow")]
    )
    app = hub(history)
    first = await ask(app, TRADES, limit=4400)
    assert first["meta"]["count"] == len(first["data"]) == 2 * PAGE_ROWS
    assert first["meta"]["has_more"]
    rest = await walk(app, TRADES, limit=4400, cursor=first["meta"]["next_cursor"])
    assert len({each["trade_id"] for each in first["data"] + rest}) == 4500


async def test_the_answer_ends_early_when_telling_takes_too_long(
    autojump_clock: trio.testing.MockClock,
) -> None:
    history = FakeHistory([trade(each, f"{each:05}") for each in range(5000)], takes_s=8.0)
    answer = await ask(hub(history), TRADES, limit=5000)
    assert answer["meta"]["count"] == 3 * PAGE_ROWS
    assert answer["meta"]["has_more"]


@given(places)
def test_a_cursor_is_read_as_it_was_written(place: Place) -> None:
    assert read_cursor(write_cursor(place, QUESTION), QUESTION) == place


@given(places, st.data())
def test_a_changed_cursor_is_refused(place: Place, data: st.DataObject) -> None:
    text = write_cursor(place, QUESTION)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz0189-_=+ é"))
    changed = text[:at] + letter + text[at + 1 :]
    if changed != text:
        with pytest.raises(Problem, match="cursor"):
            read_cursor(changed, QUESTION)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Problem) as problem:
        read_cursor(text, QUESTION)
    assert (problem.value.status, problem.value.members["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize(
    "place", [[None, None, -1, ""], [None, None, 1 << 63, ""], [None, None, 1, 5], [None, None, 1], {}]
)
def test_a_cursor_with_a_right_check_and_wrong_values_is_refused(place: Any) -> None:
    payload = msgspec.msgpack.encode(place)
    text = base64.urlsafe_b64encode(check_of(payload, QUESTION) + payload).decode().rstrip("=")
    with pytest.raises(Problem, match="cursor"):
        read_cursor(text, QUESTION)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/tickers/bybit:linear:BTCUSDT/history", {}),
        ("/api/v1/bars/bybit:linear:BTCUSDT/history", {}),
        ("/api/v1/trades/bybit:spot:BTCUSDT/history", {}),
        (TRADES, {"order": "oldest"}),
        (TRADES, {"from": "-1h"}),
        (TRADES, {"to": "2030-01-01T00:00:00Z"}),
    ],
)
async def test_a_cursor_is_good_for_its_own_question(path: str, query: dict[str, str]) -> None:
    app = hub()
    cursor = (await ask(app, TRADES, limit=2))["meta"]["next_cursor"]
    assert (await ask(app, TRADES, limit=3, cursor=cursor))["meta"]["count"] == 3
    assert (await ask(app, path, 400, **query, cursor=cursor))["code"] == "bad_cursor"
