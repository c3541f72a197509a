"""The recall actor: it asks once, waits a second at most, and fails for nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from actors.market.rows import TickRow
from actors.recall import Recall
from actors.runtime.errors import HistoryTimeout, SinkUnavailable
from actors.runtime.settings import ExchangeSettings
from tests.fakes import mock_now_ns

DAY_S = 86_400
EXCHANGES = {
    "bybit": ExchangeSettings(linear=("BTCUSDT",), spot=("top:5",)),
    "binance": ExchangeSettings(enabled=False, linear=("*",)),
}


def row(
    symbol: str = "BTCUSDT", exchange: str = "bybit", market: str = "linear", age_s: float = 5
) -> TickRow:
    ts = mock_now_ns() - int(age_s * 1e9)
    return TickRow(ts, exchange, market, symbol, 100.0, None, None, None, None, None, None)


@dataclass
class FakeMemory:
    rows: list[TickRow] = field(default_factory=list)
    takes_s: float = 0.0
    failure: Exception | None = None
    asked: int = 0

    async def ask(self) -> list[TickRow]:
        self.asked += 1
        await trio.sleep(self.takes_s)
        if self.failure is not None:
            raise self.failure
        return self.rows


async def recalled(*memories: FakeMemory) -> list[TickRow]:
    told: list[TickRow] = []
    asks: list[Callable[[], Awaitable[list[TickRow]]]] = [each.ask for each in memories]
    await Recall(asks, EXCHANGES, told.extend, mock_now_ns).run()
    assert [each.asked for each in memories] == [1] * len(memories)
    return told


async def test_what_is_followed_is_told(autojump_clock: MockClock) -> None:
    followed = [row(), row("ANYTHING", market="spot")]
    others = [row("OTHER"), row(exchange="binance"), row(exchange="unknown"), row(market="options")]
    assert await recalled(FakeMemory([*others, *followed])) == followed


async def test_what_is_older_than_a_day_or_of_the_future_is_not_told(autojump_clock: MockClock) -> None:
    await trio.sleep(100)
    young = [row(age_s=DAY_S - 1), row(age_s=0)]
    assert await recalled(FakeMemory([row(age_s=DAY_S + 1), *young, row(age_s=-5)])) == young


async def test_nobody_to_ask_is_no_failure(autojump_clock: MockClock) -> None:
    assert await recalled() == []


@pytest.mark.parametrize("failure", [SinkUnavailable("Redis is down"), HistoryTimeout("too slow")])
async def test_a_memory_that_fails_is_logged_and_the_others_tell(
    autojump_clock: MockClock, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert await recalled(FakeMemory(failure=failure), FakeMemory([row()], takes_s=0.5)) == [row(age_s=5.5)]
    assert str(failure) in caplog.text


async def test_a_memory_that_does_not_answer_is_not_waited_for_for_ever(autojump_clock: MockClock) -> None:
    before = trio.current_time()
    quick = row()
    assert await recalled(FakeMemory([row("BTCUSDT")], takes_s=60), FakeMemory([quick])) == [quick]
    assert trio.current_time() - before == pytest.approx(10.0)
