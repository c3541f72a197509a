"""The persist actor: what is accepted arrives once and in order, or waits on disk, or is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actors.intake import Intake
from actors.market.rows import FundingRow, Row, TickRow
from actors.market.sinkstatus import SinkStatus
from actors.persist import Pace, Persist
from actors.runtime.backoff import Backoff
from actors.runtime.errors import StartError
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from actors.sinks.spool import Caller
from tests.fakes import mock_now_ns
from tests.sinks.fakes import ScriptedSink, funding, inline, tick, trade, trades

PACE = Pace(batch_rows=100, flush_interval_s=1.0, write_timeout_s=10.0, stop_within_s=3.0)


@dataclass
class Stage:
    """A sink, its outbox and its intake; `living` is a life of the actor between them."""

    path: Path
    sink: ScriptedSink = field(default_factory=ScriptedSink)
    bounds: Bounds = field(default_factory=Bounds)
    pace: Pace = PACE
    rows_max: int = 100_000
    queued: int = 64
    call: Caller = inline
    now_ns: Callable[[], int] = mock_now_ns

    def __post_init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel[list[Row]](self.queued)
        self.status = SinkStatus("fake")
        self.intake = Intake(self.send, self.status, self.now_ns, self.rows_max)
        self.outbox = Outbox(self.path, self.bounds, self.now_ns)

    def actor(self) -> Persist:
        return Persist(
            sink=self.sink,
            outbox=self.outbox,
            inbox=self.receive,
            status=self.status,
            losses=self.intake.losses,
            now_ns=self.now_ns,
            pace=self.pace,
            backoff=Backoff(0.5, 5.0, draw=lambda: 1.0),
            call=self.call,
        )

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """One life of the actor; it is cut short at the end of the block, without a drain."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.actor().run)
            yield
            self.check()
            nursery.cancel_scope.cancel()
        self.check()

    async def finish(self) -> None:
        """A last life, drained."""
        self.send.close()
        await self.actor().run()
        self.check()

    @property
    def state(self) -> str:
        return self.status.state

    def check(self) -> None:
        """The books balance, whatever happens."""
        status = self.status
        where = status.written + status.in_hand + status.outbox_rows + sum(status.dropped.values())
        assert status.accepted == where
        assert min(status.written, status.in_hand, status.outbox_rows) >= 0


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "outbox" / "fake.db")


async def test_rows_arrive_within_half_an_interval(autojump_clock: MockClock, stage: Stage) -> None:
    async with stage.living():
        stage.intake.offer(trades(0, 3))
        await trio.sleep(0.3)
        stage.intake.offer(trades(3, 5))
        assert stage.sink.rows == []
        await trio.sleep(0.3)
        assert stage.sink.rows == trades(0, 5)
        assert (stage.status.written, stage.status.in_hand, stage.status.outbox_rows) == (5, 0, 0)
        assert stage.state == "ok"


async def test_a_full_batch_does_not_wait(autojump_clock: MockClock, stage: Stage) -> None:
    async with stage.living():
        stage.intake.offer(trades(0, 250))
        await trio.sleep(0.01)
        assert [len(batch) for batch in stage.sink.batches] == [100, 100]
        await trio.sleep(0.6)
        assert stage.sink.rows == trades(0, 250)


async def test_what_comes_while_the_sink_is_down_is_replayed_in_order(
    autojump_clock: MockClock, stage: Stage
) -> None:
    stage.sink.down = True
    async with stage.living():
        for number in range(0, 300, 10):
            stage.intake.offer(trades(number, number + 10))
            await trio.sleep(0.5)
            stage.check()
        assert stage.state == "down"
        assert stage.status.last_error == "connection refused"
        assert stage.status.next_attempt_ns is not None
        assert stage.outbox.rows == stage.status.outbox_rows > 250
        stage.sink.down = False
        await trio.sleep(6)
        stage.intake.offer(trades(300, 310))
        await trio.sleep(1)
        assert stage.sink.rows == trades(0, 310)
        assert (stage.state, stage.outbox.rows, stage.status.written) == ("ok", 0, 310)


async def test_attempts_become_rarer_up_to_five_seconds(autojump_clock: MockClock, stage: Stage) -> None:
    stage.sink.down = True
    async with stage.living():
        await trio.sleep(60)
        assert 14 <= stage.sink.opened <= 16


async def test_a_batch_that_was_half_written_is_written_again(
    autojump_clock: MockClock, stage: Stage
) -> None:
    answers = iter([7, 0, None])
    stage.sink.script = lambda: next(answers, None)
    async with stage.living():
        stage.intake.offer(trades(0, 20))
        await trio.sleep(10)
        assert stage.sink.rows == trades(0, 20)
        assert [len(batch) for batch in stage.sink.batches] == [7, 0, 20]
        assert (stage.status.written, stage.outbox.rows) == (20, 0)


async def test_a_doubtful_answer_counts_each_row_once(autojump_clock: MockClock, stage: Stage) -> None:
    stage.sink.doubtful = 3
    async with stage.living():
        stage.intake.offer(trades(0, 20))
        await trio.sleep(10)
        assert len(stage.sink.batches) == 4
        assert stage.sink.rows == trades(0, 20)
        assert stage.status.written == 20


async def test_what_a_slow_sink_is_given_is_on_disk_meanwhile(
    autojump_clock: MockClock, stage: Stage
) -> None:
    stage.sink.slow_s = 9
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(1.1)
        assert (stage.outbox.rows, stage.status.in_hand) == (10, 0)
        stage.intake.offer(trades(10, 20))
        await trio.sleep(1.1)
        assert (stage.outbox.rows, stage.status.in_hand) == (20, 0)
        await trio.sleep(40)
        assert stage.sink.rows == trades(0, 20)
        assert stage.outbox.rows == 0


async def test_a_sink_that_takes_too_long_is_down_and_its_batch_stays(
    autojump_clock: MockClock, stage: Stage
) -> None:
    stage.sink.slow_s = 30
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(10.8)
        assert stage.state == "down"
        assert stage.status.last_error == "fake did not take 10 rows within 10 s"
        stage.sink.slow_s = 0
        await trio.sleep(20)
        assert stage.sink.rows == trades(0, 10)


async def test_a_clean_stop_loses_nothing(autojump_clock: MockClock, stage: Stage) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.actor().run)
        await trio.sleep(1)
        stage.intake.offer(trades(0, 120))
        stage.send.close()
    assert trio.current_time() < 2
    assert stage.sink.rows == trades(0, 120)
    assert stage.sink.closed == 1
    stage.check()


async def test_a_clean_stop_beside_a_dead_sink_puts_all_on_disk(
    autojump_clock: MockClock, stage: Stage
) -> None:
    stage.sink.slow_s = 1000
    stage.intake.offer(trades(0, 120))
    began_s = trio.current_time()
    await stage.finish()
    assert trio.current_time() - began_s < PACE.stop_within_s
    assert (stage.status.outbox_rows, stage.status.in_hand) == (120, 0)
    second = Stage(stage.path)
    await second.finish()
    assert second.status.outbox_rows == 120  # nothing new came, and a stop does not wait for a replay


async def test_what_an_earlier_run_left_is_replayed_first(autojump_clock: MockClock, stage: Stage) -> None:
    stage.sink.down = True
    stage.intake.offer(trades(0, 120))
    await stage.finish()
    second = Stage(stage.path)
    async with second.living():
        second.intake.offer(trades(120, 150))
        await trio.sleep(3)
        assert second.sink.rows == trades(0, 150)
        assert (second.status.accepted, second.status.written) == (150, 150)


async def test_one_refused_table_does_not_hold_up_the_rest(autojump_clock: MockClock, stage: Stage) -> None:
    stage.sink.refuses = lambda row: isinstance(row, FundingRow)
    async with stage.living():
        rows: list[Row] = [trade(1), funding(1), tick(1), funding(2), *map(funding, range(3, 40)), tick(2)]
        stage.intake.offer(rows)
        await trio.sleep(1)
        assert stage.sink.rows == [trade(1), tick(1), tick(2)]
        assert stage.status.dropped == {"refused": 39}
        assert stage.state == "refused"
        assert stage.status.last_error == "column `price` is of another type"
        stage.sink.refuses = lambda _: False
        stage.intake.offer([tick(3)])
        await trio.sleep(61)
        stage.intake.offer([tick(4)])
        await trio.sleep(1)
        assert stage.state == "ok"
        [gap] = stage.sink.gaps
        assert (gap.channel, gap.cause, gap.missed) == ("outbox", "refused", 39)


async def test_one_refused_row_is_found_among_many(autojump_clock: MockClock, stage: Stage) -> None:
    stage.sink.refuses = lambda row: isinstance(row, TickRow) and row == tick(41)
    async with stage.living():
        stage.intake.offer([*map(tick, range(100))])
        await trio.sleep(1)
        assert len(stage.sink.rows) == 99
        assert stage.status.dropped == {"refused": 1}
        assert len(stage.sink.batches) < 20


async def test_a_sink_whose_schema_is_refused_as_a_whole_loses_no_rows(
    autojump_clock: MockClock, stage: Stage
) -> None:
    stage.sink.refuses_open = True
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(20)
        assert stage.state == "refused"
        assert stage.outbox.rows == 10
        stage.sink.refuses_open = False
        await trio.sleep(70)
        assert stage.sink.rows == trades(0, 10)
        assert stage.state == "ok"


async def test_what_no_longer_fits_the_outbox_is_counted_and_told_as_a_gap(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "fake.db", bounds=Bounds(bytes_max=6_000))
    stage.sink.down = True
    async with stage.living():
        for number in range(0, 300, 10):
            stage.intake.offer(trades(number, number + 10))
            await trio.sleep(0.6)
        lost = stage.status.dropped["outbox_full"]
        assert 100 < lost < 280
        assert stage.outbox.bytes <= 6_000
        stage.sink.down = False
        await trio.sleep(6)
        assert stage.sink.rows == trades(lost, 300)
        [gap] = stage.sink.gaps
        assert (gap.cause, gap.missed) == ("outbox_full", lost)
        assert gap.to_ts is not None
        assert 0 < gap.to_ts - gap.ts < 20e9
    again = Stage(stage.path)
    async with again.living():
        await trio.sleep(2)
        assert again.sink.gaps == []  # it was told


async def test_rows_that_come_faster_than_they_can_be_put_away_are_counted(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "fake.db", rows_max=150)
    stage.intake.offer(trades(0, 100))
    stage.intake.offer(trades(100, 200))
    stage.intake.offer(trades(200, 300))
    assert stage.status.dropped == {"inbox_full": 150}
    async with stage.living():
        await trio.sleep(1)
        assert stage.sink.rows == trades(0, 150)
        assert [(gap.cause, gap.missed) for gap in stage.sink.gaps] == [("inbox_full", 150)]


async def test_a_channel_that_is_full_never_makes_the_market_wait(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "fake.db", queued=2)
    for number in range(4):
        stage.intake.offer([trade(number)])
    assert (stage.status.in_hand, stage.status.dropped) == (2, {"inbox_full": 2})
    stage.check()


async def test_a_second_hub_on_the_same_outbox_is_refused(autojump_clock: MockClock, stage: Stage) -> None:
    async with stage.living():
        stage.intake.offer([trade(1)])
        await trio.sleep(1)
        with pytest.raises(StartError, match="in use by process"):
            await Stage(stage.path).actor().run()
