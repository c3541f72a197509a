"""Which of two runs has the last word on a gap that was open between them, in the embedded history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from actors.market.rows import GapRow
from actors.sinks.base import InstrumentKey, Span
from actors.sinks.sqlite import Retention, SqliteHistory, SqliteSink
from tests.sinks.fakes import EPOCH_NS

S = 1_000_000_000
BTC = InstrumentKey("bybit", "linear", "BTCUSDT")


def gap(at_s: int, to_s: int | None = None, healed: bool = False) -> GapRow:
    to_ns = None if to_s is None else EPOCH_NS + to_s * S
    return GapRow(
        EPOCH_NS + at_s * S, BTC.exchange, BTC.market, BTC.symbol, "ticker", to_ns, "disconnect",
        "the feed was stopped", None, 0, healed,
    )  # fmt: skip


async def run(path: Path, began_s: int, *batches: Sequence[GapRow]) -> None:
    """One run of a hub that started then; before each batch its file is opened anew."""
    sink = SqliteSink(path, Retention(), lambda: EPOCH_NS + began_s * S)
    for rows in batches:
        await sink.open()
        await sink.write(rows)
    await sink.aclose()


async def ends_s(path: Path) -> list[int | None]:
    history = SqliteHistory(path)
    found = [row async for page in history.gaps(BTC, Span(order="oldest")) for row in page]
    history.close()
    return [None if row.to_ts is None else (row.to_ts - EPOCH_NS) // S for row in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


async def test_each_start_ends_what_the_last_run_left(path: Path) -> None:
    await run(path, 0, [gap(5, 7), gap(10)])
    await run(path, 60, [gap(70)])
    assert await ends_s(path) == [7, 60, None]
    await run(path, 100, [])
    assert await ends_s(path) == [7, 60, 100]


async def test_a_run_does_not_end_its_own_when_it_opens_the_file_again(path: Path) -> None:
    await run(path, 60, [gap(60)], [gap(70)])
    assert await ends_s(path) == [None, None]


async def test_whoever_knows_better_has_the_last_word(path: Path) -> None:
    await run(path, 0, [gap(10)])
    await run(path, 60, [gap(10, 20, healed=True)])
    assert await ends_s(path) == [20]
