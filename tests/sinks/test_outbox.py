"""The outbox: order, bounds, versions, and one process at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from actors.market.losses import Loss
from actors.market.rows import Row
from actors.runtime.errors import StartError
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds, Parcel, Refusal
from tests.processes import process
from tests.sinks.fakes import funding, liquidation, tick, trade, trades
from tests.thoroughness import cases

S = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ns = 1000 * S

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox" / "history.db"


@pytest.fixture
def outbox(path: Path, clock: Clock) -> Iterator[Outbox]:
    made = Outbox(path, Bounds(bytes_max=100_000), clock)
    made.open()
    yield made
    made.close()


def everything(outbox: Outbox, rows_max: int = 50) -> list[Row]:
    """Take all out of it, as a sink would."""
    rows: list[Row] = []
    while (parcel := outbox.peek(rows_max)) is not None:
        rows += parcel.rows
        outbox.acknowledge(parcel)
    return rows


def test_what_went_in_comes_out_in_order_and_once(outbox: Outbox) -> None:
    rows: list[Row] = [trade(1), tick(1), funding(1), liquidation(1), trade(2)]
    outbox.append(rows, 1)
    outbox.append(trades(3, 6), 2)
    assert (outbox.rows, outbox.oldest_ns) == (8, 1)
    first = outbox.peek(5)
    assert first is not None
    assert first.rows == rows
    assert outbox.peek(5) == first  # until it is acknowledged
    outbox.acknowledge(first)
    assert (outbox.rows, outbox.oldest_ns) == (3, 2)
    assert everything(outbox) == trades(3, 6)
    assert (outbox.rows, outbox.bytes, outbox.oldest_ns) == (0, 0, None)


def test_small_batches_come_out_together_and_large_ones_alone(outbox: Outbox) -> None:
    for start, stop in ((0, 3), (3, 6), (6, 30), (30, 31)):
        outbox.append(trades(start, stop), 1)
    sizes = []
    while (parcel := outbox.peek(8)) is not None:
        sizes.append(len(parcel.rows))
        outbox.acknowledge(parcel)
    assert sizes == [6, 24, 1]


def test_what_was_not_acknowledged_is_there_after_a_reopening(
    outbox: Outbox, path: Path, clock: Clock
) -> None:
    for number in range(5):
        outbox.append([trade(number)], number)
    parcel = outbox.peek(2)
    outbox.acknowledge(parcel)
    outbox.peek(2)
    outbox.close()
    again = Outbox(path, Bounds(), clock)
    again.open()
    assert again.rows == 3
    again.append([trade(5)], 6)
    assert everything(again) == trades(2, 6)
    again.close()


def test_the_oldest_make_room(outbox: Outbox) -> None:
    for number in range(200):
        outbox.append(trades(number * 10, number * 10 + 10), number)
        assert outbox.bytes <= 100_000
    dropped = outbox.take_dropped()
    lost = sum(loss.rows for loss in dropped)
    assert lost > 500
    assert outbox.rows == 2000 - lost
    assert {loss.cause for loss in dropped} == {"outbox_full"}
    assert outbox.losses() == [Loss("outbox_full", 0, lost // 10 - 1, lost)]
    assert everything(outbox) == trades(lost, 2000)
    assert outbox.take_dropped() == []


def test_what_is_in_flight_does_not_make_room_until_it_is_released(outbox: Outbox) -> None:
    outbox.append(trades(0, 10), 0)
    parcel = outbox.peek(10)
    assert parcel is not None
    for number in range(1, 200):
        outbox.append(trades(number * 10, number * 10 + 10), number)
    rows = outbox.rows
    outbox.acknowledge(parcel)
    assert outbox.rows == rows - 10
    outbox.release()
    left = everything(outbox)
    assert left == trades(2000 - len(left), 2000)


def test_a_batch_that_is_larger_than_the_outbox_is_counted(outbox: Outbox) -> None:
    outbox.append(trades(0, 10), 5)
    outbox.append(trades(10, 5000), 6)
    assert outbox.rows == 0
    assert sum(loss.rows for loss in outbox.take_dropped()) == 5000


def test_what_is_too_old_goes_with_the_next_batch(path: Path, clock: Clock) -> None:
    outbox = Outbox(path, Bounds(age_max_s=60), clock)
    outbox.append(trades(0, 3), clock())
    clock.now_ns += 50 * S
    outbox.append(trades(3, 5), clock())
    clock.now_ns += 20 * S
    outbox.append(trades(5, 6), clock())
    assert outbox.take_dropped() == [Loss("too_old", 1000 * S, 1000 * S, 3)]
    assert everything(outbox) == trades(3, 6)
    outbox.close()


def test_losses_wait_until_the_sink_was_told(outbox: Outbox, path: Path, clock: Clock) -> None:
    loss = Loss("inbox_full", 5, 9, 70)
    outbox.append([trade(1)], 1, [loss])
    outbox.append([trade(2)], 1, [Loss("inbox_full", 11, 12, 1)])
    outbox.acknowledge(None, [loss])
    assert outbox.losses() == [Loss("inbox_full", 5, 12, 71)]  # it has grown
    outbox.close()
    outbox.open()
    assert outbox.losses() == [Loss("inbox_full", 5, 12, 71)]
    outbox.acknowledge(outbox.peek(1), outbox.losses())
    assert outbox.losses() == []


def test_what_was_refused_is_kept_with_its_reason_and_within_bounds(outbox: Outbox, path: Path) -> None:
    for number in range(40):
        outbox.acknowledge(None, refused=[Refusal(trades(number * 10, number * 10 + 10), f"no {number}")])
    outbox.close()
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT rows, reason, length(body) FROM aside ORDER BY id").fetchall()
    assert kept[-1][:2] == (10, "no 39")
    assert 5000 < sum(size for _, _, size in kept) <= 100_000 // 8


def test_an_emptied_file_is_given_back_to_the_disk_little_by_little(path: Path, clock: Clock) -> None:
    outbox = Outbox(path, Bounds(), clock)
    outbox.open()
    for number in range(60):
        outbox.append(trades(number * 1000, number * 1000 + 1000), 1)
    assert path.stat().st_size > 3_000_000
    everything(outbox, 10_000)
    emptied = path.stat().st_size
    assert outbox.tidy()
    while outbox.tidy():
        assert path.stat().st_size <= emptied
    assert path.stat().st_size < 100_000
    assert path.with_name(path.name + "-wal").stat().st_size == 0
    outbox.append(trades(0, 5), 1)
    assert not outbox.tidy()
    assert everything(outbox) == trades(0, 5)
    outbox.close()


def test_another_process_is_refused_and_told_who_has_it(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from actors.sinks.outbox import Outbox;"
        "from actors.sinks.parcels import Bounds;"
        f"Outbox(Path({str(path)!r}), Bounds(), lambda: 1).open()"
    )
    log = tmp_path / "log"
    with process("-c", program, log=log) as child:
        assert child.wait(20) == 1
    assert (
        f"StartError: {path} is in use by process {os.getpid()}: one hub per data directory"
        in log.read_text()
    )
    outbox.append([trade(1)], 1)
    with pytest.raises(StartError):
        Outbox(path, Bounds(), lambda: 1).open()
    assert everything(outbox) == [trade(1)]


@pytest.mark.parametrize("statement", ["PRAGMA user_version = 99", "PRAGMA user_version = 0"])
def test_a_file_of_another_version_is_set_aside_whole(path: Path, clock: Clock, statement: str) -> None:
    first = Outbox(path, Bounds(), clock)
    first.append([trade(1)], 1)
    first.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    second = Outbox(path, Bounds(), clock)
    second.open()
    assert second.rows == 0
    second.append([trade(2)], 1)
    assert everything(second) == [trade(2)]
    second.close()
    with closing(sqlite3.connect(path.with_name("history.db.other"))) as connection:
        assert connection.execute("SELECT sum(rows) FROM batches").fetchone() == (1,)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40)),
        st.tuples(st.sampled_from(["peek", "acknowledge", "release", "reopen", "tidy"]), st.just(0)),
    ),
    max_size=60,
)


@seed(11)
@settings(max_examples=cases(15, 40))
@given(STEPS)
def test_it_behaves_like_a_list(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("model") / "o.db", Bounds(), lambda: 1)
    outbox.open()
    model: list[Row] = []
    given_out: Parcel | None = None
    number = 0
    for step, count in steps:
        if step == "append":
            outbox.append(trades(number, number + count), 1)
            model += trades(number, number + count)
            number += count
        elif step == "peek":
            given_out = outbox.peek(30)
            assert (given_out.rows if given_out else []) == model[: len(given_out.rows) if given_out else 0]
            assert (given_out is None) == (not model)
        elif step == "acknowledge" and given_out is not None:
            outbox.acknowledge(given_out)
            del model[: len(given_out.rows)]
            given_out = None
        elif step == "release":
            outbox.release()
        elif step == "reopen":
            outbox.close()
            outbox.open()
            given_out = None
        elif step == "tidy":
            outbox.tidy()
        assert outbox.rows == len(model)
    assert everything(outbox) == model
    outbox.close()
