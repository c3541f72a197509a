"""What the next start knows of a process that has died: that it did, and until when its rows are safe."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actors.market.losses import CAUSES
from actors.sinks.presence import Presence
from actors.sinks.spool import UNDER_WAY_NS
from tests.fakes import mock_now_ns
from tests.sinks.fakes import trades
from tests.test_persist import Stage

S = 1_000_000_000
ANOTHER_RUN = 1  # never ours


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "outbox" / "fake.db")


def note_of(stage: Stage) -> Path:
    return stage.path.with_suffix(".alive")


def leave_note(stage: Stage, text: str) -> None:
    note_of(stage).parent.mkdir(parents=True, exist_ok=True)
    note_of(stage).write_text(text)


def safe_ns(stage: Stage) -> int:
    return int(note_of(stage).read_text().split()[1])


def crash_gaps(stage: Stage) -> list[tuple[int, int | None, int | None]]:
    offset = list(CAUSES).index("crash")
    return [(gap.ts - offset, gap.to_ts, gap.missed) for gap in stage.sink.gaps if gap.cause == "crash"]


async def test_a_death_is_told_to_the_sink_with_the_first_rows(
    autojump_clock: MockClock, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await trio.sleep(100)
    died_ns, now_ns = mock_now_ns() - 5 * S, mock_now_ns()
    leave_note(stage, f"{ANOTHER_RUN} {died_ns}\n")
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(3)
        assert crash_gaps(stage) == [(died_ns - UNDER_WAY_NS, now_ns, None)]
        assert [each.message for each in caplog.records if "died" in each.message] == [
            "sink fake: the hub died without a stop; rows of the last 7.0 s before this start may be missing"
        ]
    assert stage.sink.rows == trades(0, 10)


async def test_an_end_in_order_leaves_no_note_and_no_gap(autojump_clock: MockClock, stage: Stage) -> None:
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(0.1)
        assert note_of(stage).exists()
    assert not note_of(stage).exists()
    async with stage.living():
        stage.intake.offer(trades(10, 20))
        await trio.sleep(3)
    assert stage.sink.gaps == []


async def test_a_life_that_begins_anew_in_one_process_is_no_death(
    autojump_clock: MockClock, stage: Stage
) -> None:
    leave_note(stage, "")
    Presence(note_of(stage)).vouch(7)
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(3)
    assert stage.sink.gaps == []


@pytest.mark.parametrize("text", ["", "nonsense", f"{ANOTHER_RUN}", f"{ANOTHER_RUN} x7", "\0" * 32])
async def test_a_note_that_cannot_be_read_is_a_death_all_the_same(
    autojump_clock: MockClock, stage: Stage, text: str
) -> None:
    await trio.sleep(100)
    now_ns = mock_now_ns()
    leave_note(stage, text)
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(3)
    assert crash_gaps(stage) == [(now_ns, now_ns, None)]


@pytest.mark.parametrize("slow_s", [0.0, 0.3, 0.9, 4.0])
async def test_the_note_never_vouches_for_what_is_in_memory_alone(
    autojump_clock: MockClock, stage: Stage, slow_s: float
) -> None:
    stage.sink.slow_s = slow_s
    accepted_ns: list[int] = []
    async with stage.living():
        await trio.sleep(0.1)
        for _ in range(200):
            stage.intake.offer(trades(len(accepted_ns), len(accepted_ns) + 5))
            accepted_ns += [mock_now_ns()] * 5
            await trio.sleep(0.07)
            in_memory = accepted_ns[len(accepted_ns) - stage.status.in_hand :]
            assert safe_ns(stage) <= min(in_memory, default=mock_now_ns())
            assert safe_ns(stage) >= mock_now_ns() - 2.1 * S, "an interval to be safe, a second to be noted"


async def test_what_is_in_hand_holds_the_note_back(autojump_clock: MockClock, stage: Stage) -> None:
    await trio.sleep(100)
    async with stage.living():
        await trio.sleep(0.7)
        accepted_ns = mock_now_ns()
        stage.intake.offer(trades(0, 10))
        await trio.sleep(0.4)  # the note is written each second, and once meanwhile
        assert stage.status.in_hand == 10
        assert safe_ns(stage) == accepted_ns


async def test_a_second_death_before_the_sink_knows_of_the_first_makes_one_gap_of_both(
    autojump_clock: MockClock, stage: Stage
) -> None:
    await trio.sleep(100)
    first_ns = mock_now_ns() - 50 * S
    leave_note(stage, f"{ANOTHER_RUN} {first_ns}\n")
    stage.sink.down = True
    async with stage.living():
        stage.intake.offer(trades(0, 10))
        await trio.sleep(3)
    leave_note(stage, f"{ANOTHER_RUN} {mock_now_ns()}\n")
    await trio.sleep(10)
    second_start_ns = mock_now_ns()
    stage.sink.down = False
    async with stage.living():
        await trio.sleep(3)
    assert crash_gaps(stage) == [(first_ns - UNDER_WAY_NS, second_start_ns, None)]
    assert stage.sink.rows == trades(0, 10)
