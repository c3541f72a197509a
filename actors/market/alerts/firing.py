"""When latches fire: at once, after a while, later, or not at all; and what is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import TypeAlias

from actors.market.alerts.happenings import Happening, over, told
from actors.market.alerts.latch import Latch
from actors.market.alerts.subjects import Measure, Subject
from actors.market.alerts.triggers import Meter, Source, Trigger

RETRY_NS = 1_000_000_000
TIDY_NS = 10_000_000_000
ACTIVE_MAX = 100_000
Open: TypeAlias = dict[tuple[str, str, int], int]  # (rule, subject, way) of what was firing: since when


class Firing:
    """`happenings` are what was not taken yet; `suppressed` counts by cause what held and did not fire.
    `active` are the latches that are pending or firing, by rule, at most `active_max` of them in all;
    `opened` is what an earlier run left firing.

    `is_fresh` says whether a subject's exchange was heard of just now: nothing fires by a timer alone.
    """

    def __init__(
        self,
        is_fresh: Callable[[Subject, int], bool],
        opened: Open,
        suppressed: Counter[str],
        active_max: int = ACTIVE_MAX,
    ) -> None:
        self.happenings: list[Happening] = []
        self.suppressed = suppressed
        self.active: dict[str, dict[Latch, None]] = {}
        self.active_count = 0
        self.opened = opened
        self._active_max = active_max
        self._is_fresh = is_fresh
        self._queue: list[tuple[int, int, Latch]] = []
        self._serial = 0
        self._resting: dict[Latch, None] = {}
        self._tidied_ns = 0

    def take(self) -> list[Happening]:
        """What happened since the last call."""
        found, self.happenings = self.happenings, []
        return found

    def next_ns(self) -> int | None:
        """When something may fire by itself."""
        return self._queue[0][0] if self._queue else None

    # What the numbers do

    def risen(
        self, subject: Subject, triggers: Iterable[Trigger], now_ns: int, *, first: bool = False
    ) -> None:
        """These bounds are exceeded now; `first`: by the first number that there is."""
        for trigger in triggers:
            latch = subject.latches.get(trigger)
            if (first and trigger.once) or (latch is not None and latch.state != "idle"):
                continue
            if self.active_count >= self._active_max:
                self.suppressed["full"] += 1
                continue
            latch = latch or subject.latch(trigger)
            self._activate(latch)
            latch.state, latch.since_ns = "pending", now_ns
            self._consider(latch, now_ns)

    def dipped(self, subject: Subject, triggers: Iterable[Trigger], now_ns: int) -> None:
        """These bounds are not exceeded any more: what waited for its time has not come to it."""
        for trigger in triggers:
            latch = subject.latches.get(trigger)
            if latch is not None and latch.state == "pending":
                self._rest(latch, now_ns)

    def cleared(self, subject: Subject, triggers: Iterable[Trigger], now_ns: int) -> None:
        """These are off by their hysteresis: what fired is over."""
        for trigger in triggers:
            latch = subject.latches.get(trigger)
            if latch is not None and latch.state == "firing":
                self._end(latch, now_ns)

    def check(self, subject: Subject, meter: Meter, now_ns: int) -> None:
        """Whatever is remembered of a meter, judged by its first number: an earlier run may have left it."""
        value = subject.values[meter]
        done = [each.trigger for each in subject.latches_of(meter) if each.trigger.is_cleared(value)]
        self.cleared(subject, done, now_ns)

    def recall(self, subject: Subject, triggers: Iterable[Trigger]) -> None:
        """Go on with what an earlier run left firing: it does not fire again, and may be over."""
        for trigger in triggers:
            since_ns = self.opened.pop((trigger.rule.name, subject.key, trigger.number), None)
            if since_ns is not None and not trigger.once:
                latch = subject.latch(trigger)
                latch.state, latch.since_ns, latch.fired_ns = "firing", since_ns, since_ns
                self._activate(latch)

    # What becomes of the data

    def freeze(self, subject: Subject, latches: Iterable[Latch], cause: str) -> None:
        """The data of these is lost: those that were pending wait for it, and begin anew then."""
        for latch in latches:
            if latch.state == "pending" and not latch.is_waiting:
                latch.since_ns = None
                subject.waiting += 1
                self.suppressed[cause] += 1

    def thaw(self, subject: Subject, source: Source, now_ns: int) -> None:
        """The data of a source is back, and the numbers are the newest."""
        for latch in [each for each in subject.latches.values() if each.is_waiting]:
            trigger = latch.trigger
            value = subject.values.get(trigger.meter)
            if trigger.meter.source != source or value is None:
                continue
            if not trigger.is_exceeded(value):
                self._rest(latch, now_ns)
                continue
            latch.since_ns = now_ns
            subject.waiting -= 1
            self._consider(latch, now_ns)

    def shadow(self, subject: Subject, measure: Measure, value: float) -> None:
        """Data that is not to be trusted says so: what would fire is counted, and does not."""
        meter, ladders = measure
        before = subject.shadows.get(meter, subject.values.get(meter))
        if value == before:
            return
        subject.shadows[meter] = value
        held = subject.latches
        for ladder in ladders:
            would = (each for each in ladder.risen(before, value) if each not in held)
            self.suppressed["stale"] += sum(1 for _ in would)

    def forget(self, name: str) -> None:
        """A rule is no more, and what it was firing is forgotten."""
        mine = self.active.pop(name, {})
        self.active_count -= len(mine)
        for latch in mine:
            latch.subject.waiting -= latch.is_waiting
            latch.subject.latches.pop(latch.trigger, None)
        for place in [each for each in self.opened if each[0] == name]:
            del self.opened[place]

    def gone(self, subject: Subject, now_ns: int) -> None:
        """The subject is gone, and with it whatever it was firing."""
        for latch in subject.latches.values():
            self._deactivate(latch)
            if latch.state == "firing" and not latch.silent and not latch.trigger.once:
                self._tell_over(latch, None, now_ns)
        subject.latches.clear()
        subject.waiting = 0

    # What time does

    def advance(self, now_ns: int) -> None:
        """Look at what is due. It fires at the time at which it was due: nothing has changed since."""
        while self._queue and self._queue[0][0] <= now_ns:
            due_ns, _, latch = heappop(self._queue)
            latch.queued = False
            if latch.subject.latches.get(latch.trigger) is not latch:
                continue
            if latch.state == "pending" and latch.since_ns is not None:
                self._consider(latch, due_ns)
        if now_ns - self._tidied_ns >= TIDY_NS:
            self._tidied_ns = now_ns
            self._tidy(now_ns)

    def _tidy(self, now_ns: int) -> None:
        """Forget what rests, and may fire again."""
        for latch in list(self._resting):
            if latch.state != "idle" or latch.queued:
                continue
            if latch.cool_ns() <= now_ns:
                del self._resting[latch]
                if latch.subject.latches.get(latch.trigger) is latch:
                    del latch.subject.latches[latch.trigger]

    def _consider(self, latch: Latch, now_ns: int) -> None:
        due_ns = latch.due_ns()
        if due_ns > now_ns:
            self._put(latch, due_ns)
        elif not self._is_fresh(latch.subject, now_ns):
            self.suppressed["stale"] += 1
            latch.since_ns = now_ns
            self._put(latch, max(latch.due_ns(), now_ns + RETRY_NS))
        else:
            self._fire(latch, now_ns)

    def _fire(self, latch: Latch, now_ns: int) -> None:
        trigger, subject = latch.trigger, latch.subject
        latch.state = "firing"
        why = latch.why_not(now_ns) if trigger.once else None
        latch.silent = why is not None
        if why is not None:
            self.suppressed[why] += 1
            return
        latch.fired_ns = now_ns
        value = subject.values[trigger.meter]
        self.happenings.append(
            Happening(
                kind="fired",
                rule=trigger.rule.name,
                severity=trigger.rule.severity,
                subject=subject.key,
                value=value,
                bound=trigger.bound,
                text=told(trigger, subject.key, value),
                at_ns=now_ns,
                since_ns=latch.since_ns or now_ns,
                way=trigger.number,
                lasting=not trigger.once,
            )
        )

    def _end(self, latch: Latch, now_ns: int) -> None:
        if not latch.silent and not latch.trigger.once:
            self._tell_over(latch, latch.subject.values.get(latch.trigger.meter), now_ns)
        self._rest(latch, now_ns)

    def _tell_over(self, latch: Latch, value: float | None, now_ns: int) -> None:
        rule, key = latch.trigger.rule, latch.subject.key
        self.happenings.append(
            Happening(
                kind="resolved",
                rule=rule.name,
                severity=rule.severity,
                subject=key,
                value=value,
                bound=latch.trigger.bound,
                text=over(rule, key, value),
                at_ns=now_ns,
                since_ns=latch.fired_ns or now_ns,
                way=latch.trigger.number,
            )
        )

    def _rest(self, latch: Latch, now_ns: int) -> None:
        """Idle again; what must not fire again too soon is remembered until it may."""
        latch.subject.waiting -= latch.is_waiting
        self._deactivate(latch)
        latch.state, latch.silent, latch.since_ns = "idle", False, None
        if latch.queued or latch.cool_ns() > now_ns:
            self._resting[latch] = None
        else:
            latch.subject.latches.pop(latch.trigger, None)

    def _activate(self, latch: Latch) -> None:
        self.active.setdefault(latch.trigger.rule.name, {})[latch] = None
        self.active_count += 1

    def _deactivate(self, latch: Latch) -> None:
        mine = self.active.get(latch.trigger.rule.name, {})
        if mine.pop(latch, 0) is None:
            self.active_count -= 1
            if not mine:
                del self.active[latch.trigger.rule.name]

    def _put(self, latch: Latch, due_ns: int) -> None:
        """Look at it then; each stands in the queue once at most, at a time that is early enough."""
        if not latch.queued:
            latch.queued = True
            self._serial += 1
            heappush(self._queue, (due_ns, self._serial, latch))
