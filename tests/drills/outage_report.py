"""The drills at length, as a table: how many rows, what was lost, and what anybody else noticed of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import trio

from tests.drills.outages import Drill, Outcome, run_drill
from tests.drills.rigs import Rig
from tests.drills.sinks_drilled import OPENERS, drills_of
from tests.drills.small_disk import small_disk
from tests.drills.stage import Scale

HEAD = (
    "| sink | what failed | outage s | rows accepted | in the sink | twice | late | dropped and told | "
    "caught up after s | alarm over after s | alarms | lag p99 ms | lag max ms |"
)
RULE = "|---|---|" + "--:|" * 11


def scale_of(drill: Drill) -> Scale:
    """As long as it takes to show: the settings are those of the hub."""
    outage_s = {"frozen": 60.0, "outbox disk full": 40.0}.get(drill.name, 12.0)
    return Scale(before_s=4.0, outage_s=outage_s, after_s=3.0, write_timeout_s=10.0, catch_up_within_s=180.0)


def outage_report(folder: Path) -> Iterator[str]:
    """The lines of the table, each when its drill is over; at last whatever should not have been."""
    yield HEAD
    yield RULE
    faults: list[str] = []
    with small_disk(folder / "outbox", 512) as outbox_disk:
        for name, opener in OPENERS.items():
            with opener(folder / name) as rig:
                for drill in drills_of(name):
                    outcome = trio.run(run_drill, rig, drill, scale_of(drill), outbox_disk)
                    yield _line(rig, outcome)
                    faults += [f"**{rig.name}, {drill.name}: {fault}**" for fault in outcome.faults()]
    yield ""
    yield from faults or ["No fault was found."]


def _line(rig: Rig, outcome: Outcome) -> str:
    dropped = sum(outcome.dropped.values())
    told = "-" if outcome.told_missing is None else f"{outcome.told_missing:,}"
    cells = [
        rig.name,
        outcome.drill,
        f"{outcome.outage_s:.1f}",
        f"{outcome.offered:,}",
        f"{outcome.kept:,}",
        f"{outcome.twice:,}",
        f"{outcome.overtaken:,}",
        f"{dropped:,} / {told}" if dropped else "0",
        f"{outcome.catch_up_s:.1f}",
        f"{outcome.clear_s:.1f}",
        ", ".join(outcome.alarms),
        f"{outcome.lag_p99_s * 1000:.1f}",
        f"{outcome.lag_max_s * 1000:.0f}",
    ]
    return f"| {' | '.join(cells)} |"
