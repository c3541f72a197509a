"""One trigger on one subject, as long as there is something to remember of it.

    idle ──rise──▶ pending ──for_s──▶ firing ──clear──▶ idle
                      │ dip                ▲ dip: still firing, until it is off by the hysteresis
                      └──────▶ idle        │

A pending one whose data is lost waits (`since_ns` is `None`): the time that nobody saw does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from actors.market.alerts.triggers import Trigger

if TYPE_CHECKING:
    from actors.market.alerts.subjects import Subject

LatchState: TypeAlias = Literal["idle", "pending", "firing"]


class Latch:
    """`fired_ns` is when it last fired, `queued` whether the engine will look at it by itself."""

    __slots__ = ("fired_ns", "queued", "silent", "since_ns", "state", "subject", "trigger")

    def __init__(self, trigger: Trigger, subject: Subject) -> None:
        self.trigger, self.subject = trigger, subject
        self.state: LatchState = "idle"
        self.since_ns: int | None = None
        self.fired_ns: int | None = None
        self.queued = False
        self.silent = False  # it is beyond the bound, and nobody was told

    @property
    def is_waiting(self) -> bool:
        """Whether it is pending, and its data is lost."""
        return self.state == "pending" and self.since_ns is None

    def cool_ns(self) -> int:
        """From when on it may fire again."""
        return 0 if self.fired_ns is None else self.fired_ns + self.trigger.cooldown_ns

    def due_ns(self) -> int:
        """When a pending one fires, if it still holds then."""
        held = (self.since_ns or 0) + self.trigger.for_ns
        if self.trigger.once:
            return held
        due = max(held, self.cool_ns())
        return due if self.trigger.schedule is None else self.trigger.schedule.opens_ns(due)

    def why_not(self, now_ns: int) -> str | None:
        """Why it may not fire, though it holds: `cooldown` or `schedule`."""
        if now_ns < self.cool_ns():
            return "cooldown"
        schedule = self.trigger.schedule
        return None if schedule is None or schedule.is_open(now_ns) else "schedule"
