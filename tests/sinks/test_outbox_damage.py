"""Damage to an outbox's file: what is whole is replayed, nothing else is, and what is missing is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from actors.market.rows import Row
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from tests.sinks.fakes import trades

BATCHES = 30
ROWS = 100
PAGE = 4096


def filled(path: Path) -> Outbox:
    """An outbox with thirty batches of a hundred trades."""
    outbox = Outbox(path, Bounds(), lambda: 1)
    for number in range(BATCHES):
        outbox.append(trades(number * ROWS, number * ROWS + ROWS), 1)
    return outbox


def everything(outbox: Outbox) -> list[Row]:
    rows: list[Row] = []
    while (parcel := outbox.peek(500)) is not None:
        rows += parcel.rows
        outbox.acknowledge(parcel)
    return rows


def batches_of(rows: list[Row]) -> list[int]:
    """Which batches these are; each must be whole."""
    numbers = [int(row.trade_id) for row in rows]  # type: ignore[union-attr]
    starts = [number for number in numbers if number % ROWS == 0]
    assert numbers == [start + offset for start in starts for offset in range(ROWS)]
    return [start // ROWS for start in starts]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "o.db"


def test_a_record_whose_bits_have_changed_is_set_aside_and_the_rest_goes_on(path: Path) -> None:
    outbox = filled(path)
    outbox.close()
    content = bytearray(path.read_bytes())
    spot = content.index(b"1234")  # the id of a trade of the twelfth batch
    content[spot] ^= 1
    path.write_bytes(content)
    outbox.open()
    kept = batches_of(everything(outbox))
    assert kept == [number for number in range(BATCHES) if number != 12]
    assert [(loss.cause, loss.rows) for loss in outbox.take_dropped()] == [("corrupt", ROWS)]
    assert [loss.rows for loss in outbox.losses()] == [ROWS]
    outbox.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT reason FROM aside").fetchall() == [("damaged",)]


def test_a_file_that_was_cut_short_keeps_what_is_whole(path: Path) -> None:
    outbox = filled(path)
    outbox.close()
    path.write_bytes(path.read_bytes()[: -20 * PAGE])
    outbox.open()
    kept = batches_of(everything(outbox))
    assert len(kept) >= 5
    assert kept == sorted(kept)
    outbox.append(trades(0, 3), 1)
    assert everything(outbox) == trades(0, 3)
    outbox.close()
    assert path.with_name("o.db.bad").exists()


@pytest.mark.parametrize("content", [b"", b"not a database, by any means" * 500])
def test_a_file_that_holds_nothing_readable_is_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    outbox = Outbox(path, Bounds(), lambda: 1)
    outbox.open()
    outbox.append(trades(0, 3), 1)
    assert everything(outbox) == trades(0, 3)
    outbox.close()
    assert path.with_name("o.db.bad").exists() == bool(content)


def test_damage_that_is_found_while_it_is_open_costs_what_is_damaged(path: Path) -> None:
    outbox = filled(path)
    outbox.close()
    outbox.open()
    content = bytearray(path.read_bytes())
    content[20 * PAGE : 24 * PAGE] = b"\xff" * 4 * PAGE
    path.write_bytes(content)
    kept = batches_of(everything(outbox))
    lost = sum(loss.rows for loss in outbox.take_dropped())
    assert len(kept) * ROWS + lost == BATCHES * ROWS
    assert BATCHES > len(kept) >= BATCHES - 8
    outbox.close()


def test_a_torn_end_of_the_log_costs_what_was_written_last(path: Path) -> None:
    source = path.with_name("source.db")
    outbox = filled(source)
    wal = source.with_name("source.db-wal").read_bytes()
    path.write_bytes(source.read_bytes())
    path.with_name("o.db-wal").write_bytes(wal[: len(wal) - 3 * PAGE // 2])
    outbox.close()
    torn = Outbox(path, Bounds(), lambda: 1)
    torn.open()
    assert batches_of(everything(torn)) == list(range(BATCHES - 1))
    torn.close()


@seed(3)
@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.floats(0, 0.9999), st.integers(1, 40), st.binary(min_size=1, max_size=8)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_damaged_only_whole_batches_come_out_in_order(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, spots: list[tuple[float, int, bytes]]
) -> None:
    content = bytearray(whole.read_bytes())
    for place, length, noise in spots:
        start = int(place * len(content))
        patch = (noise * length)[: len(content) - start]
        content[start : start + len(patch)] = patch
    path = tmp_path_factory.mktemp("damaged") / "o.db"
    path.write_bytes(content)
    outbox = Outbox(path, Bounds(), lambda: 1)
    outbox.open()
    kept = batches_of(everything(outbox))
    assert kept == sorted(set(kept))
    assert (outbox.rows, outbox.peek(1)) == (0, None)
    outbox.append(trades(0, 3), 1)
    assert everything(outbox) == trades(0, 3)
    outbox.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "o.db"
    filled(path).close()
    return path
