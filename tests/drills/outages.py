"""The drills: what goes wrong with a sink, when, and what is true afterwards."""

from __future__ import annotations

import trio
from msgspec import Struct

from tests.drills.rigs import Rig, Trouble
from tests.drills.small_disk import SmallDisk
from tests.drills.stage import SAMPLES_MIN, Scale, Stage


class Drill(Struct, frozen=True):
    """One kind of trouble. `alarm` is the state that must be told while it lasts.

    `from_start`: it is there before the hub is. `forgets`: what the sink had before is gone with it.
    `mid_batch`: it strikes while rows are on their way. `fills`: the disk of the outbox is full as well.
    """

    name: str
    alarm: str = "down"
    from_start: bool = False
    mid_batch: bool = False
    forgets: bool = False
    fills: bool = False


DRILLS = (
    Drill("down at start", from_start=True),
    Drill("killed mid-batch", mid_batch=True),
    Drill("frozen"),
    Drill("restarted empty", forgets=True),
    Drill("wrong password", from_start=True),
    Drill("wrong schema", from_start=True, alarm="refused"),
    Drill("disk full"),
    Drill("outbox disk full", fills=True, alarm="disk_full"),
)


class Outcome(Struct, frozen=True):
    """What came of a drill. Rows are counted, times are in seconds."""

    rig: str
    drill: str
    offered: int
    kept: int
    twice: int
    missing: int
    dropped: dict[str, int]
    told_missing: int | None
    strangers: int
    overtaken: int
    samples: int
    unbalanced: int
    alarms: list[str]
    outage_s: float
    catch_up_s: float
    clear_s: float
    lag_p99_s: float
    lag_max_s: float

    def faults(self) -> list[str]:
        """What must not be. A row may be missing only if it was counted, and told where gaps are kept."""
        counts = {
            "rows are there twice": self.twice,
            "rows were never sent": self.strangers,
            "rows came after newer ones": self.overtaken,
            "samples did not add up": self.unbalanced,
            "rows are missing beside those that were dropped": self.missing - sum(self.dropped.values()),
            "missing rows are not told": self.missing
            - (self.missing if self.told_missing is None else self.told_missing),
        }
        return [f"{count} {words}" for words, count in counts.items() if count]


async def run_drill(rig: Rig, drill: Drill, scale: Scale, outbox_disk: SmallDisk) -> Outcome:
    """Do it. Raises `AssertionError` when the sink does not catch up in time."""
    await trio.to_thread.run_sync(rig.reset)
    outbox_disk.free()
    folder = outbox_disk.folder / f"{rig.name} {drill.name}".replace(" ", "-")
    stage, trouble = Stage(rig.sink, folder, scale), _trouble(rig, drill, outbox_disk)
    if drill.from_start:
        await trio.to_thread.run_sync(trouble.strike)
    async with stage.running():
        had = await _before(stage, drill, trouble)
        struck_s, first_lag = trio.current_time(), len(stage.lags_s)
        stage.states.clear()
        await trio.sleep(scale.outage_s)
        await stage.until(lambda: stage.states[drill.alarm] > 0)
        await trio.to_thread.run_sync(trouble.cure)
        outage_s = trio.current_time() - struck_s
        catch_up_s = await stage.until(stage.is_caught_up)
        clear_s = catch_up_s + await stage.until(lambda: stage.status.state in ("ok", "catching_up"))
        lags_s = stage.lags_s[first_lag:]
        await trio.sleep(scale.after_s)
        await stage.until(lambda: stage.samples > SAMPLES_MIN)
    return await _outcome(rig, drill, stage, had, (outage_s, catch_up_s, clear_s), lags_s)


async def _before(stage: Stage, drill: Drill, trouble: Trouble) -> frozenset[int]:
    """Let it run until it is time to strike. Returns what the sink then had and may forget."""
    if drill.from_start:
        return frozenset()
    await trio.sleep(stage.scale.before_s)
    if drill.mid_batch:
        await stage.until(lambda: stage.sink.is_writing)
    await trio.to_thread.run_sync(trouble.strike)
    if not drill.forgets:
        return frozenset()
    await stage.until(lambda: not stage.sink.is_busy)  # until what it had just taken is known
    return frozenset(stage.sink.delivered)


def _trouble(rig: Rig, drill: Drill, outbox_disk: SmallDisk) -> Trouble:
    if not drill.fills:
        return rig.troubles()[drill.name]
    frozen = rig.troubles()["frozen"]

    def strike() -> None:
        frozen.strike()
        outbox_disk.fill()

    def cure() -> None:
        outbox_disk.free()
        frozen.cure()

    return Trouble(strike, cure)


async def _outcome(
    rig: Rig,
    drill: Drill,
    stage: Stage,
    had: frozenset[int],
    times_s: tuple[float, float, float],
    lags: list[float],
) -> Outcome:
    kept = await trio.to_thread.run_sync(rig.kept, stage.load)
    there, offered = set(kept), stage.intake.offered
    return Outcome(
        rig=rig.name,
        drill=drill.name,
        offered=len(offered),
        kept=len(kept),
        twice=len(kept) - len(there),
        missing=len(offered - there - had),
        dropped=dict(stage.status.dropped),
        told_missing=await trio.to_thread.run_sync(rig.told_missing),
        strangers=len(there - offered),
        overtaken=stage.sink.overtaken,
        samples=stage.samples,
        unbalanced=stage.unbalanced,
        alarms=stage.alarms.states,
        outage_s=times_s[0],
        catch_up_s=times_s[1],
        clear_s=times_s[2],
        lag_p99_s=percentile(lags, 0.99),
        lag_max_s=max(lags),
    )


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
