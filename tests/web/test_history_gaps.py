"""What history does not have, its answers say: in `meta`, in bars, and at an address of its own."""

from __future__ import annotations

from typing import Any

import pytest
from quart_trio import QuartTrio

from actors.market.losses import EVERYTHING
from actors.market.rows import BarRow, GapRow, Row
from actors.runtime.errors import SinkUnavailable
from actors.sinks.base import InstrumentKey
from tests.web.fake_history import SECOND_NS, FakeHistory, bar, gap, tick, trade
from tests.web.harness import NOW_NS, application
from tests.web.populated import populated
from tests.web.test_openapi import check

MINUTE_NS = 60 * SECOND_NS
START_NS = NOW_NS // (3600 * SECOND_NS) * 3600 * SECOND_NS - 3600 * SECOND_NS  # a whole hour, over by now
EVERYWHERE = InstrumentKey(EVERYTHING, EVERYTHING, EVERYTHING)
TICKERS = "/api/v1/tickers/bybit:linear:BTCUSDT/history"
TRADES = "/api/v1/trades/bybit:linear:BTCUSDT/history"
BARS = "/api/v1/bars/bybit:linear:BTCUSDT/history"
GAPS = "/api/v1/gaps/bybit:linear:BTCUSDT/history"
STATS = "/api/prices/BTCUSDT/FUTURES/stats"
PRICES = "/api/prices/BTCUSDT/FUTURES/history"


def hub(*rows: Row) -> QuartTrio:
    return application(populated(), history=FakeHistory(list(rows)))


async def ask(app: QuartTrio, path: str) -> dict[str, Any]:
    response = await app.test_client().get(path)
    answer: dict[str, Any] = await response.get_json(force=True)
    assert response.status_code == 200, answer
    check(path, 200, answer)
    return answer


def ms(ns: int) -> int:
    return ns // 1_000_000


def minutes(*numbers: int, **changes: Any) -> list[BarRow]:
    return [bar(START_NS + number * MINUTE_NS, **changes) for number in numbers]


async def gap_flags(*rows: Row, interval: str = "5m") -> list[bool]:
    answer = await ask(hub(*rows), f"{BARS}?interval={interval}&order=oldest")
    return [each["gap"] for each in answer["data"]]


async def begins(path: str, *rows: Row) -> list[int]:
    """The begins of the gaps that an answer is told to have, in seconds from the start."""
    return [(each["from"] - ms(START_NS)) // 1000 for each in (await ask(hub(*rows), path))["meta"]["gaps"]]


async def test_the_answer_says_what_is_missing_of_its_time() -> None:
    missed = gap(START_NS + 10 * SECOND_NS, START_NS + 20 * SECOND_NS, missed=7, recovered=2)
    answer = await ask(hub(trade(START_NS, "1"), missed), f"{TRADES}?from={ms(START_NS)}")
    assert answer["meta"]["gaps"] == [
        {
            "channel": "trades",
            "from": ms(START_NS) + 10_000,
            "to": ms(START_NS) + 20_000,
            "cause": "disconnected",
            "reason": "connection lost",
            "missed": 7,
            "recovered": 2,
            "healed": False,
        }
    ]


@pytest.mark.parametrize(
    ("path", "channels"),
    [
        (TICKERS, ["outbox", "quote", "ticker"]),
        (PRICES, ["outbox", "quote", "ticker"]),
        (TRADES, ["outbox", "trades"]),
        (BARS, ["candles", "outbox", "trades"]),
        (f"{PRICES}?interval=1h", ["candles", "outbox", "trades"]),
        (STATS, ["outbox", "quote", "ticker", "trades"]),
    ],
)
async def test_only_what_concerns_the_rows_is_told(path: str, channels: list[str]) -> None:
    of_channels = [
        gap(START_NS, None, channel) for channel in ("ticker", "quote", "trades", "candles", "book")
    ]
    elsewhere = gap(START_NS, None, "trades", InstrumentKey("bybit", "spot", "BTCUSDT"))
    lost = gap(START_NS, START_NS + 9, "outbox", EVERYWHERE)
    answer = await ask(hub(*of_channels, elsewhere, lost), path)
    assert sorted(each["channel"] for each in answer["meta"]["gaps"]) == channels


async def test_what_was_healed_is_missing_no_more() -> None:
    assert await begins(TRADES, gap(START_NS, START_NS + 9, healed=True)) == []


async def test_a_gap_that_reaches_into_the_range_is_told_and_one_beside_it_is_not() -> None:
    rows = [
        gap(START_NS - 30 * SECOND_NS, START_NS - 20 * SECOND_NS),
        gap(START_NS - 10 * SECOND_NS, START_NS + 1 * SECOND_NS),
        gap(START_NS + 50 * SECOND_NS, None),
        gap(START_NS + 60 * SECOND_NS, None),
    ]
    path = f"{TRADES}?from={ms(START_NS)}&to={ms(START_NS) + 60_000}"
    assert await begins(path, *rows) == [50, -10]


@pytest.mark.parametrize(("order", "pages"), [("newest", [[25], [15, 5]]), ("oldest", [[5, 15], [25]])])
async def test_each_page_tells_what_is_missing_of_its_own_part(order: str, pages: list[list[int]]) -> None:
    """Ticks at 0, 10, 20 and 30 s; a page holds two, and ends at 20 s from either side."""
    ticks: list[Row] = [tick(START_NS + each * SECOND_NS) for each in (0, 10, 20, 30)]
    if order == "oldest":
        ticks.insert(2, tick(START_NS + 20 * SECOND_NS - 1))
    gaps = [
        gap(START_NS + each * SECOND_NS, START_NS + (each + 1) * SECOND_NS, "ticker") for each in (5, 15, 25)
    ]
    app, limit = hub(*ticks, *gaps), 2 if order == "newest" else 3
    path = f"{TICKERS}?from={ms(START_NS)}&to={ms(START_NS) + 40_000}&order={order}&limit={limit}"
    told, cursor = [], ""
    for _ in pages:
        meta = (await ask(app, f"{path}{cursor}"))["meta"]
        told.append(sorted((each["from"] - ms(START_NS)) // 1000 for each in meta["gaps"]))
        cursor = f"&cursor={meta['next_cursor']}"
    assert told == [sorted(page) for page in pages]


async def test_a_window_of_stats_tells_its_holes_and_is_another_version_with_them() -> None:
    history = FakeHistory([tick(NOW_NS - SECOND_NS)])
    app = application(populated(), history=history)
    before = await app.test_client().get(f"{STATS}?window=15m")
    history.rows.append(gap(NOW_NS - MINUTE_NS, NOW_NS - 30 * SECOND_NS, "ticker"))
    after = await application(populated(), history=history).test_client().get(f"{STATS}?window=15m")
    assert (await before.get_json())["meta"]["gaps"] == []
    assert [each["cause"] for each in (await after.get_json())["meta"]["gaps"]] == ["disconnected"]
    assert before.headers["etag"] != after.headers["etag"]


async def test_of_very_many_the_newest_are_told() -> None:
    rows = [gap(START_NS + each * SECOND_NS, START_NS + each * SECOND_NS + 1) for each in range(150)]
    assert await begins(TRADES, *rows) == list(range(149, 49, -1))


@pytest.mark.parametrize("path", [TICKERS, TRADES, BARS, STATS])
async def test_an_answer_is_told_without_its_gaps_when_they_cannot_be_had(path: str) -> None:
    history = FakeHistory([tick(START_NS)], gap_failures=[SinkUnavailable("locked")])
    answer = await ask(application(populated(), history=history), path)
    assert answer["meta"]["gaps"] is None


async def test_csv_has_no_place_for_gaps_and_does_not_ask() -> None:
    history = FakeHistory([tick(START_NS)])
    app = application(populated(), history=history)
    await app.test_client().get(TICKERS, headers={"accept": "text/csv"})
    assert history.asked_gaps == []


async def test_a_minute_without_trades_is_no_gap() -> None:
    assert await gap_flags(*minutes(0, 1, 3, 4)) == [False]


async def test_a_minute_that_is_wholly_missing_is_a_gap_of_the_longer_bar() -> None:
    hole = gap(START_NS + 115 * SECOND_NS, START_NS + 200 * SECOND_NS)
    assert await gap_flags(*minutes(0, 1, 4, 5, 6, 7, 8), hole) == [True, False]


async def test_a_bar_after_the_hub_was_away_is_not_whole() -> None:
    away = gap(START_NS + 3 * MINUTE_NS, START_NS + 8 * MINUTE_NS, "outbox", EVERYWHERE)
    assert await gap_flags(*minutes(0, 1, 2, 8, 9, 10, 11, 12, 13, 14), away) == [True, True, False]


@pytest.mark.parametrize(
    "hole",
    [
        gap(START_NS + 2 * MINUTE_NS + 1, START_NS + 3 * MINUTE_NS - 1, healed=True),
        gap(START_NS + 2 * MINUTE_NS + 1, START_NS + 3 * MINUTE_NS - 1, "book"),
        gap(START_NS + 3 * MINUTE_NS, None),
        gap(START_NS, START_NS + 2 * MINUTE_NS - 1),
    ],
    ids=["healed", "of another channel", "after it", "before it"],
)
async def test_what_is_not_missing_of_that_minute_makes_no_gap(hole: GapRow) -> None:
    assert await gap_flags(*minutes(0, 1, 3, 4), hole) == [False]


async def test_what_lies_before_the_first_bar_of_all_was_never_recorded() -> None:
    assert await gap_flags(*minutes(3, 4, 5, 6, 7, 8)) == [True, False]


async def test_an_hour_that_is_missing_is_a_gap_of_four() -> None:
    start = START_NS // (4 * 60 * MINUTE_NS) * 4 * 60 * MINUTE_NS - 240 * MINUTE_NS
    rows = [bar(start + hour * 60 * MINUTE_NS, 3600) for hour in (0, 1, 3)]
    hole = gap(start + 130 * MINUTE_NS, start + 170 * MINUTE_NS)
    assert await gap_flags(*rows, interval="4h") == [False]
    assert await gap_flags(*rows, hole, interval="4h") == [True]


async def test_gaps_have_a_history_of_their_own() -> None:
    rows = [
        gap(START_NS, START_NS + 5, healed=True),
        gap(START_NS + 10, None, "book", missed=3),
        gap(START_NS + 20, START_NS + 30, "outbox", EVERYWHERE, cause="crash"),
    ]
    app = hub(*rows)
    first = await ask(app, f"{GAPS}?limit=2")
    assert [(each["channel"], each["healed"]) for each in first["data"]] == [
        ("outbox", False),
        ("book", False),
    ]
    rest = await ask(app, f"{GAPS}?limit=2&cursor={first['meta']['next_cursor']}")
    assert [each["healed"] for each in rest["data"]] == [True]
    csv = await app.test_client().get(GAPS, headers={"accept": "text/csv"})
    lines = await csv.get_data(as_text=True)
    assert lines.splitlines()[0] == "channel,from,to,cause,reason,missed,recovered,healed"


async def test_gaps_of_what_nobody_knows_are_not_to_be_had() -> None:
    response = await hub().test_client().get("/api/v1/gaps/bybit:linear:NOPE/history")
    assert response.status_code == 404
