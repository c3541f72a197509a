"""Outages of every sink under load, with the real servers. `make drills` does them at length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from msgspec.structs import replace

from actors.market import sinkstatus
from tests.drills.outages import Drill, run_drill
from tests.drills.rigs import Rig
from tests.drills.sinks_drilled import OPENERS, drills_of
from tests.drills.small_disk import SmallDisk, small_disk
from tests.drills.stage import SAMPLES_MIN, Scale
from tests.thoroughness import cases

pytestmark = [pytest.mark.loopback, pytest.mark.filterwarnings("ignore:questdb.Sender")]

SCALE = Scale(rows_per_s=cases(2000, 5000))
CASES = [
    pytest.param(sink, drill, id=f"{sink} {drill.name}") for sink in OPENERS for drill in drills_of(sink)
]


@pytest.fixture(scope="module")
def outbox_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    with small_disk(tmp_path_factory.mktemp("outbox"), 64) as disk:
        yield disk


@pytest.fixture(scope="module")
def rig_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Rig]]:
    opened: dict[str, Rig] = {}
    with ExitStack() as stack:

        def rig_of(sink: str) -> Rig:
            if sink not in opened:
                opened[sink] = stack.enter_context(OPENERS[sink](tmp_path_factory.mktemp(sink)))
            return opened[sink]

        yield rig_of


@pytest.mark.parametrize(("sink", "drill"), CASES)
async def test_every_row_is_kept_once_and_in_order_whatever_fails(
    sink: str,
    drill: Drill,
    outbox_disk: SmallDisk,
    rig_of: Callable[[str], Rig],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sinkstatus, "REFUSING_NS", 1_000_000_000)
    scale = replace(SCALE, rows_max=SCALE.rows_per_s // 2) if drill.fills else SCALE
    outcome = await run_drill(rig_of(sink), drill, scale, outbox_disk)
    assert outcome.samples > SAMPLES_MIN
    assert outcome.faults() == []
    assert bool(outcome.dropped) == (drill.fills or (drill.alarm == "refused" and sink != "sqlite"))
    assert drill.alarm in outcome.alarms
