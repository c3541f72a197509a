"""The snapshot actor: its rhythm, what it sends, and what it does after a pause of the machine."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import trio

from actors.market.events import Batch, Removed, Source, TickerUpdate
from actors.market.feeds import Board
from actors.market.market import Market
from actors.market.rhythm import Patience
from actors.market.tick import Tick
from actors.market.ticker import Ticker
from actors.snapshot import Snapshot
from tests.fakes import mock_now_ns

SOURCE = Source("bybit", "linear", "stream-0", 1)


@dataclass
class Stage:
    """A market, a snapshot of it, and what was published when."""

    market: Market = field(default_factory=lambda: Market(Patience()))
    ticks: list[tuple[float, Tick]] = field(default_factory=list)
    encoded: list[str] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        return Snapshot(
            market=self.market,
            board=Board(),
            exchanges=["bybit", "binance"],
            interval_s=0.2,
            encode=self.encode,
            publish=lambda tick: self.ticks.append((trio.current_time(), tick)),
            report=lambda _: self.reports.append(trio.current_time()),
            now_ns=mock_now_ns,
        )

    def encode(self, ticker: Ticker) -> bytes:
        self.encoded.append(ticker.symbol)
        return str(ticker.price).encode()

    def price(self, symbol: str, price: float) -> None:
        self.market.apply(Batch(SOURCE, [TickerUpdate(symbol, {"price": price}, None, mock_now_ns())]))

    def bybit(self) -> list[tuple[float, Tick]]:
        return [(at, tick) for at, tick in self.ticks if tick.exchange == "bybit"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_every_interval_brings_one_tick_per_exchange(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    nursery.start_soon(stage.snapshot().run)
    await trio.sleep(1.05)
    assert [round(at, 1) for at, _ in stage.bybit()] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert {tick.exchange for _, tick in stage.ticks} == {"bybit", "binance"}
    assert stage.reports == [0.0, pytest.approx(1.0)]
    nursery.cancel_scope.cancel()


async def test_what_changed_is_encoded_once_and_only_the_newest(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    nursery.start_soon(stage.snapshot().run)
    await trio.sleep(0.1)
    for price in range(1, 100):
        stage.price("BTCUSDT", price)
    await trio.sleep(0.5)
    assert stage.encoded == ["BTCUSDT"]
    assert [record.body for _, tick in stage.bybit() for record in tick.changed] == [b"99"]
    nursery.cancel_scope.cancel()


async def test_a_new_life_begins_with_the_whole_picture(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    stage.price("BTCUSDT", 1)
    stage.market.drain()
    nursery.start_soon(stage.snapshot().run)
    await trio.sleep(0.1)
    [(_, first)] = stage.bybit()
    assert ([record.symbol for record in first.changed], first.whole) == (["BTCUSDT"], True)
    nursery.cancel_scope.cancel()


async def test_what_is_removed_is_told_once(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    stage.price("BTCUSDT", 1)
    nursery.start_soon(stage.snapshot().run)
    await trio.sleep(0.1)
    stage.market.apply(Batch(SOURCE, [Removed("BTCUSDT")]))
    await trio.sleep(1)
    assert [tick.removed for _, tick in stage.bybit() if tick.removed] == [[("linear", "BTCUSDT")]]
    nursery.cancel_scope.cancel()


async def test_after_a_pause_there_is_one_late_tick_and_no_burst(
    mock_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    nursery.start_soon(stage.snapshot().run)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(30)
    await trio.testing.wait_all_tasks_blocked()
    late = [tick for _, tick in stage.bybit() if tick.lag_ms > 200]
    assert [round(tick.lag_ms) for tick in late] == [29_800]
    assert len(stage.bybit()) == 2
    mock_clock.jump(0.2)
    await trio.testing.wait_all_tasks_blocked()
    assert len(stage.bybit()) == 3
    nursery.cancel_scope.cancel()


async def test_who_wants_changes_at_once_gets_them_between_beats_at_the_pace_that_is_wanted(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    snapshot = stage.snapshot()
    snapshot.pace_s = lambda: 0.05
    nursery.start_soon(snapshot.run)
    await trio.sleep(0.06)
    for step in range(8):  # at 0.06, 0.07, … 0.13
        stage.price("BTCUSDT", step)
        snapshot.wake()
        await trio.sleep(0.01)
    await trio.sleep(0.1)
    told = [(round(at, 2), tick.beat, [each.body for each in tick.changed]) for at, tick in stage.bybit()]
    assert told == [
        (0.0, True, []),
        (0.06, False, [b"0"]),
        (0.11, False, [b"5"]),
        (0.16, False, [b"7"]),
        (0.2, True, []),
    ]
    assert [tick.beat for _, tick in stage.ticks if tick.exchange == "binance"] == [True, True]
    nursery.cancel_scope.cancel()


async def test_without_anybody_in_a_hurry_there_are_only_beats(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, stage: Stage
) -> None:
    snapshot = stage.snapshot()
    nursery.start_soon(snapshot.run)
    await trio.sleep(0.05)
    stage.price("BTCUSDT", 1)
    snapshot.wake()
    await trio.sleep(0.5)
    assert all(tick.beat for _, tick in stage.ticks)
    nursery.cancel_scope.cancel()
