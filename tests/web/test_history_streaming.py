"""Long answers are streamed: what a slow client, one that leaves, and too many at once cost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from quart_trio import QuartTrio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.errors import HistoryTimeout
from tests.web.fake_history import SECOND_NS, FakeHistory, tick
from tests.web.harness import NOW_NS, application
from tests.web.populated import populated
from web.api.history_desk import ANSWER_S, QUESTIONS_MAX, WAIT_S
from web.api.history_pages import PAGE_ROWS

PATH = "/api/v1/tickers/bybit:linear:BTCUSDT/history"
PATHS = [f"/api/v1/{kind}/bybit:linear:{symbol}/history" for kind in ("tickers", "trades", "bars")
         for symbol in ("BTCUSDT", "ETHUSDT")]  # fmt: skip


def long_history(rows: int = 5500, **more: Any) -> FakeHistory:
    return FakeHistory([tick(NOW_NS - each * SECOND_NS, float(each)) for each in range(rows)], **more)


def hub(history: FakeHistory) -> QuartTrio:
    return application(populated(), history=history)


class Client:
    """One request as the server's end of a connection sees it: it may read slowly, or leave."""

    def __init__(self, app: QuartTrio, path: str, accept: str = "*/*") -> None:
        self.pieces: list[bytes] = []
        self.headers: dict[bytes, bytes] = {}
        self.left = trio.Event()
        self.takes_max = 1000
        self._began = False
        self.app: Any = app
        self._scope = app.test_client().request(path, headers={"accept": accept}).scope  # type: ignore[attr-defined]

    async def run(self) -> None:
        """Ask, and take what comes, until the answer ends or the client leaves."""
        await self.app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if not self._began:
            self._began = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.headers |= dict(message.get("headers", []))
        if message.get("body"):
            self.pieces.append(message["body"])
        if len(self.pieces) >= self.takes_max:
            await trio.sleep_forever()  # what it has not taken fills the way to it


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/x-ndjson"])
async def test_it_comes_in_pieces_that_make_a_whole(accept: str) -> None:
    client = Client(hub(long_history()), f"{PATH}?limit=5000", accept)
    await client.run()
    assert b"content-length" not in client.headers
    assert len(client.pieces) == -(-5000 // PAGE_ROWS) + 1
    assert max(map(len, client.pieces)) < 200 * PAGE_ROWS
    whole = b"".join(client.pieces)
    if accept == "application/json":
        answer = msgspec.json.decode(whole)
        assert [each["price"] for each in answer["data"]] == [float(each) for each in range(5000)]
        assert answer["meta"]["count"] == 5000
        assert answer["meta"]["has_more"]
    else:
        assert len(whole.splitlines()) == 5000 + (2 if accept == "text/csv" else 1)


async def test_a_client_that_does_not_read_is_not_read_ahead_for() -> None:
    history = long_history()
    client = Client(hub(history), f"{PATH}?limit=5000")
    client.takes_max = 2
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run)
        await wait_all_tasks_blocked()
        assert len(history.asked) == 2
        assert history.active == 0
        client.left.set()
    assert len(history.asked) == 2


async def test_a_client_that_leaves_stops_its_question(autojump_clock: MockClock) -> None:
    history = long_history(takes_s=5.0)
    app = hub(history)
    for _ in range(QUESTIONS_MAX + 1):  # or the places would run out
        client = Client(app, f"{PATH}?limit=5000")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.run)
            await trio.sleep(1)
            assert history.active == 1
            client.left.set()
        assert history.active == 0
    assert history.given_up == QUESTIONS_MAX + 1
    assert (await app.test_client().get(f"{PATH}?limit=1")).status_code == 200


async def test_a_few_are_answered_at_once_and_others_told_to_come_back(autojump_clock: MockClock) -> None:
    history = long_history(10, takes_s=WAIT_S * 3)
    client = hub(history).test_client()
    answers: list[tuple[int, str | None]] = []

    async def reader(path: str) -> None:
        response = await client.get(path)
        answers.append((response.status_code, response.headers.get("retry-after")))

    async with trio.open_nursery() as nursery:
        for path in PATHS:
            nursery.start_soon(reader, path)
    assert sorted(answers, key=str) == [(200, None)] * QUESTIONS_MAX + [(503, "1")] * (
        len(PATHS) - QUESTIONS_MAX
    )
    assert (await client.get(PATHS[0])).status_code == 200


async def test_a_place_that_becomes_free_in_time_is_taken(autojump_clock: MockClock) -> None:
    history = long_history(10, takes_s=WAIT_S / 2)
    client = hub(history).test_client()
    statuses: list[int] = []

    async def reader(path: str) -> None:
        statuses.append((await client.get(path)).status_code)

    async with trio.open_nursery() as nursery:
        for path in PATHS:
            nursery.start_soon(reader, path)
    assert statuses == [200] * len(PATHS)
    assert len(history.asked) == len(PATHS)


@pytest.mark.parametrize("path", [PATH, "/api/prices/latest", "/api/prices/BTCUSDT/FUTURES/stats"])
async def test_a_question_that_never_ends_is_given_up(autojump_clock: MockClock, path: str) -> None:
    history = long_history(10, takes_s=1e6)
    began_s = trio.current_time()
    response = await hub(history).test_client().get(path)
    assert (response.status_code, (await response.get_json(force=True))["code"]) == (504, "history_timeout")
    assert trio.current_time() - began_s == pytest.approx(ANSWER_S)
    assert (history.active, history.given_up) == (0, 1)


async def test_those_who_wait_for_the_same_answer_survive_who_leaves(autojump_clock: MockClock) -> None:
    history = long_history(10, takes_s=2.0)
    clients = [Client(hub(history), PATH)]
    clients += [Client(clients[0].app, PATH) for _ in range(2)]
    async with trio.open_nursery() as nursery:
        for client in clients:
            nursery.start_soon(client.run)
            await trio.sleep(0.5)
        clients[0].left.set()
    assert [bool(client.pieces) for client in clients] == [False, True, True]
    assert len(history.asked) == 2


async def test_a_failure_is_not_kept() -> None:
    history = long_history(10, failures=[HistoryTimeout("slow")])
    client = hub(history).test_client()
    assert [(await client.get(PATH)).status_code for _ in range(2)] == [504, 200]


async def test_a_head_asks_for_a_page_at_most() -> None:
    history = long_history()
    response = await hub(history).test_client().head(f"{PATH}?limit=5000")
    assert (response.status_code, await response.get_data()) == (200, b"")
    assert len(history.asked) == 1
