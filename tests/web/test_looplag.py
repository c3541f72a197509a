"""The watchdog of the event loop: what it measures, how long it remembers, and how often it complains."""

from __future__ import annotations

import logging

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from web.looplag import COMPLAIN_EVERY_S, EVERY_S, WINDOW_S, LoopLag


async def test_a_loop_that_is_busy_is_seen() -> None:
    clock_s = trio.current_time()
    lag = LoopLag()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lag.run)
        await trio.testing.wait_all_tasks_blocked()
        while trio.current_time() < clock_s + 2.5 * EVERY_S:  # without a checkpoint: nobody else runs
            pass
        while not sum(lag.lags.report().counts):
            await trio.sleep(0)
        nursery.cancel_scope.cancel()
    assert lag.max_s(trio.current_time()) > 0.8 * EVERY_S


async def test_an_idle_loop_is_measured_ten_times_a_second_and_not_late(autojump_clock: MockClock) -> None:
    lag = LoopLag()
    with trio.move_on_after(10.05):
        await lag.run()
    counts = lag.lags.report().counts
    assert counts[0] == sum(counts) == 100
    assert lag.max_s(trio.current_time()) < 0.0005


def test_the_longest_of_the_last_minute() -> None:
    lag = LoopLag()
    for now_s, lag_s in ((0, 0.1), (1, 0.4), (2, 0.2), (30, 0.3), (31, 0.05)):
        lag.take(lag_s, now_s)
    assert lag.max_s(31) == 0.4
    assert lag.max_s(1 + WINDOW_S) == 0.4
    assert lag.max_s(1.1 + WINDOW_S) == 0.3
    assert lag.max_s(30.5 + WINDOW_S) == 0.05
    assert lag.max_s(40 + WINDOW_S) == 0.0
    assert sum(lag.lags.report().counts) == 5


def test_it_remembers_no_more_than_it_needs() -> None:
    lag = LoopLag()
    for number in range(10_000):
        lag.take(1 / (1 + number), number * EVERY_S)
    assert len(lag._longest) <= WINDOW_S / EVERY_S + 1


def test_a_long_lag_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    lag = LoopLag()
    with caplog.at_level(logging.WARNING, logger="tickwell.loop"):
        lag.take(0.4, 0.0)
        assert not caplog.records
        for second in range(int(COMPLAIN_EVERY_S)):
            lag.take(0.75, float(second))
        assert len(caplog.records) == 1
        assert "0.75 s" in caplog.text
        lag.take(0.8, COMPLAIN_EVERY_S)
        assert len(caplog.records) == 2
