"""A disk that takes nothing: told as what it is, and over when it is over."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actors.market.rows import Row
from actors.runtime.errors import OutboxUnwritable
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from tests.sinks.fakes import trades
from tests.test_persist import Stage


@contextmanager
def full_disk(bytes_max: int = 0) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, which is what a full disk looks like to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def everything(outbox: Outbox) -> list[Row]:
    rows: list[Row] = []
    while (parcel := outbox.peek(50)) is not None:
        rows += parcel.rows
        outbox.acknowledge(parcel)
    return rows


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "o.db", Bounds(), lambda: 1)
    made.open()
    yield made
    made.close()


def test_a_batch_that_does_not_fit_the_disk_leaves_no_trace(outbox: Outbox) -> None:
    kept = 0
    with full_disk(200_000), pytest.raises(OutboxUnwritable):
        for kept in range(1000):
            outbox.append(trades(kept * 10, kept * 10 + 10), 1)
    assert kept > 5
    assert outbox.rows == kept * 10
    outbox.append(trades(kept * 10, kept * 10 + 10), 1)
    assert everything(outbox) == trades(0, kept * 10 + 10)


def test_what_has_arrived_is_not_given_out_again_though_it_cannot_be_deleted(outbox: Outbox) -> None:
    for number in range(10):
        outbox.append(trades(number * 10, number * 10 + 10), 1)
    with full_disk():
        assert outbox.acknowledge(outbox.peek(50)) is not None
        assert outbox.rows == 50
        parcel = outbox.peek(20)
        assert parcel is not None
        assert parcel.rows == trades(50, 70)
        with pytest.raises(OutboxUnwritable):
            outbox.probe()
    outbox.probe()
    assert outbox.acknowledge(parcel) is None
    assert everything(outbox) == trades(70, 100)
    outbox.close()
    outbox.open()
    assert outbox.rows == 0


def test_a_disk_that_is_full_from_the_beginning(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "new" / "o.db", Bounds(), lambda: 1)
    with full_disk(), pytest.raises(OutboxUnwritable):
        outbox.open()
    outbox.append(trades(0, 3), 1)
    assert everything(outbox) == trades(0, 3)
    outbox.close()


def test_damage_is_not_repaired_without_room_and_nothing_is_lost_by_trying(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", Bounds(), lambda: 1)
    for number in range(30):
        outbox.append(trades(number * 100, number * 100 + 100), 1)
    outbox.close()
    content = outbox.path.read_bytes()
    outbox.path.write_bytes(content[:-8192])
    with full_disk(30_000), pytest.raises(OutboxUnwritable, match="damaged"):
        outbox.open()
    assert [each.name for each in tmp_path.iterdir()] == ["o.db"]
    outbox.open()
    assert outbox.rows >= 1500
    assert len(everything(outbox)) >= 1500
    outbox.close()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutboxUnwritable, match="cannot make"):
        Outbox(tmp_path / "file" / "o.db", Bounds(), lambda: 1).open()


async def test_a_full_disk_beside_a_good_sink_only_raises_the_alarm(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "fake.db")
    stage.sink.slow_s = 2.0  # so that the outbox is tried
    async with stage.living():
        await trio.sleep(1)
        with full_disk():
            for number in range(0, 100, 10):
                stage.intake.offer(trades(number, number + 10))
                await trio.sleep(1)
                stage.check()
            assert stage.state == "disk_full"
            assert "fake.db" in (stage.status.disk_error or "")
        await trio.sleep(30)
        assert stage.state == "ok"
        assert stage.sink.rows == trades(0, 100)


async def test_where_neither_takes_rows_memory_stays_bounded_and_the_rest_is_counted(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    stage = Stage(tmp_path / "fake.db", rows_max=500)
    stage.sink.down = True
    async with stage.living():
        await trio.sleep(1)
        with full_disk():
            for number in range(0, 2000, 50):
                stage.intake.offer(trades(number, number + 50))
                await trio.sleep(0.5)
                stage.check()
            assert stage.state == "disk_full"
            assert stage.status.in_hand == 500
            assert stage.status.dropped == {"disk_full": 1500}
        await trio.sleep(10)
        assert (stage.state, stage.status.outbox_rows) == ("down", 500)
        stage.sink.down = False
        await trio.sleep(10)
        stage.intake.offer(trades(2000, 2001))
        await trio.sleep(2)
        assert stage.sink.rows == [*trades(0, 500), *trades(2000, 2001)]
        assert [(gap.cause, gap.missed) for gap in stage.sink.gaps] == [("disk_full", 1500)]
        assert stage.state == "ok"


async def test_a_stop_while_nothing_takes_rows_ends_in_time_and_says_what_it_costs(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(tmp_path / "fake.db")
    stage.sink.down = True
    with full_disk():
        stage.intake.offer(trades(0, 250))
        await stage.finish()
    assert trio.current_time() <= 6
    assert stage.status.dropped == {"disk_full": 250}
    assert "rows were dropped" in caplog.text


def test_the_limit_is_a_limit(tmp_path: Path) -> None:
    """The other tests prove something only if this is so."""
    with full_disk(5000), pytest.raises(OSError, match="large"):
        (tmp_path / "x").write_bytes(b"x" * 10_000)
    assert (tmp_path / "x").write_bytes(b"x" * 10_000) == 10_000
