"""From what changes to numbers, and from numbers to the ladders that they climb."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actors.market.alerts.firing import Firing
from actors.market.alerts.subjects import Measure, Subject
from actors.market.alerts.triggers import Meter, Source
from actors.market.alerts.windows import Course, Sum, Volumes
from actors.market.events import Liquidation
from actors.market.reports import Bar
from actors.market.ticker import Ticker

WINDOWS_MAX = 100_000


class Measuring:
    """Measures subjects. What has a window is remembered, for at most `windows_max` of them together; beyond
    that, nothing is known, and `refused` counts."""

    def __init__(self, firing: Firing, windows_max: int = WINDOWS_MAX) -> None:
        self._firing = firing
        self._windowed: dict[Subject, None] = {}
        self._windows_max = windows_max
        self.windows = 0
        self.refused = 0

    def measure(self, subject: Subject, now_ns: int) -> None:
        """Read the newest ticker of a subject."""
        ticker, plan = subject.ticker, subject.plan
        if ticker is None:
            return
        trusted, values = "ticker" in subject.trusted, subject.values
        if not trusted:
            self._read_shadows(subject, ticker)
            return
        for measure in plan.fields:
            value = measure.meter.read(ticker)
            if value is None:
                self._lost(subject, measure.meter)
            elif value != values.get(measure.meter):
                self.move(subject, measure, value, now_ns)
        for measure in plan.courses:
            self._take_course(subject, measure, measure.meter.read(ticker), now_ns)
        if subject.waiting:
            self.thaw(subject, now_ns)

    def move(self, subject: Subject, measure: Measure, value: float, now_ns: int) -> None:
        """A number is another than it was."""
        meter, ladders = measure
        before = subject.values.get(meter)
        subject.values[meter] = value
        for ladder in ladders:
            risen = ladder.risen(before, value)
            if risen:
                self._firing.risen(subject, risen, now_ns, first=before is None)
        if not subject.latches:
            return
        if before is None:
            self._firing.check(subject, meter, now_ns)
            return
        for ladder in ladders:
            dipped, cleared = ladder.fallen(before, value)
            self._firing.dipped(subject, dipped, now_ns)
            self._firing.cleared(subject, cleared, now_ns)

    def lose(self, subject: Subject, source: Source, now_ns: int) -> None:
        """What a source tells cannot be trusted any more."""
        if source == "ticker":
            for course in subject.courses.values():
                course.add(now_ns, None)
        if subject.latches:
            mine = [each for each in subject.latches.values() if each.trigger.meter.source == source]
            self._firing.freeze(subject, mine, "stale")

    def judge_states(self, subject: Subject, now_ns: int) -> None:
        """Look at the states of a subject's channels, and at what they allow to be judged again."""
        for measure in subject.plan.of("states"):
            spec = measure.meter.spec
            state = subject.states.get(spec.name)
            value = 1.0 if state in spec.among else 0.0
            if state is not None and value != subject.values.get(measure.meter):
                self.move(subject, measure, value, now_ns)
        self.thaw(subject, now_ns)

    def take_liquidations(self, subject: Subject, some: Iterable[Liquidation], now_ns: int) -> None:
        """Add what was liquidated, at its worth."""
        told = list(some)
        for measure in subject.plan.of("liquidations"):
            spec = measure.meter.spec
            total = subject.sums.get(measure.meter)
            if total is None:
                if not self._has_room():
                    continue
                total = subject.sums[measure.meter] = Sum(spec.span)
                self._windowed[subject] = None
            for each in told:
                if spec.name in ("any", each.side):
                    total.add(now_ns, each.price * each.size)
            self._sum_up(subject, measure, total, now_ns)

    def take_bars(self, subject: Subject, bars: Iterable[Bar], now_ns: int) -> None:
        """Compare volumes with those before them. A bar with a gap is no measure of anything."""
        measures = subject.plan.of("bars")
        whole = [bar for bar in bars if not bar.gap] if measures else []
        for measure in measures:
            spec = measure.meter.spec
            mine = [bar for bar in whole if bar.interval_s == spec.span]
            volumes = subject.volumes.get(measure.meter)
            if not mine:
                continue
            if volumes is None:
                if not self._has_room():
                    continue
                volumes = subject.volumes[measure.meter] = Volumes(spec.count)
            for bar in mine:
                volumes.add(bar.start_ns, bar.volume, closed=bar.closed)
            self.offer(subject, measure, volumes.deviations(), now_ns)
        self.thaw(subject, now_ns)

    def sweep(self, now_ns: int) -> None:
        """Look at what changes with time alone."""
        for subject in list(self._windowed):
            for measure in subject.plan.courses if "ticker" in subject.trusted else ():
                course = subject.courses.get(measure.meter)
                if course is not None:
                    self.offer(subject, measure, _read(course, measure, now_ns), now_ns)
            for measure in subject.plan.of("liquidations"):
                total = subject.sums.get(measure.meter)
                if total is not None:
                    self._sum_up(subject, measure, total, now_ns)
            self.thaw(subject, now_ns)

    def thaw(self, subject: Subject, now_ns: int) -> None:
        """What waited for its data, and has it now, begins anew."""
        for source in subject.trusted if subject.waiting else ():
            self._firing.thaw(subject, source, now_ns)

    def keep_only(self, subject: Subject) -> None:
        """Forget what the plan of a subject does not measure."""
        plan = subject.plan
        for numbers in (subject.values, subject.shadows):
            for meter in numbers.keys() - plan.meters:
                del numbers[meter]
        windows: tuple[dict[Meter, Any], ...] = (subject.courses, subject.sums, subject.volumes)
        for mine in windows:
            for meter in mine.keys() - plan.meters:
                del mine[meter]
                self.windows -= 1
        if not subject.is_windowed:
            self._windowed.pop(subject, None)

    def _take_course(self, subject: Subject, measure: Measure, value: float | None, now_ns: int) -> None:
        course = subject.courses.get(measure.meter)
        if course is None:
            if not self._has_room():
                return
            course = subject.courses[measure.meter] = Course(measure.meter.spec.span)
            self._windowed[subject] = None
        course.add(now_ns, value)
        self.offer(subject, measure, _read(course, measure, now_ns), now_ns)

    def _sum_up(self, subject: Subject, measure: Measure, total: Sum, now_ns: int) -> None:
        if "liquidations" in subject.trusted:
            self.offer(subject, measure, total.total(now_ns), now_ns)
        else:
            self._firing.shadow(subject, measure, total.total(now_ns))

    def offer(self, subject: Subject, measure: Measure, value: float | None, now_ns: int) -> None:
        """A number was measured, or could not be."""
        if value is None or not subject.trusts(measure.meter.source):
            self._lost(subject, measure.meter)
        elif value != subject.values.get(measure.meter):
            self.move(subject, measure, value, now_ns)

    def _lost(self, subject: Subject, meter: Meter) -> None:
        """The number is not known now. When it is again, it is the first that is."""
        subject.values.pop(meter, None)
        if subject.latches:
            self._firing.freeze(subject, subject.latches_of(meter), "unknown")

    def _read_shadows(self, subject: Subject, ticker: Ticker) -> None:
        for measure in subject.plan.fields:
            value = measure.meter.read(ticker)
            if value is not None:
                self._firing.shadow(subject, measure, value)

    def _has_room(self) -> bool:
        if self.windows >= self._windows_max:
            self.refused += 1
            return False
        self.windows += 1
        return True


def _read(course: Course, measure: Measure, now_ns: int) -> float | None:
    return course.size(now_ns) if measure.meter.spec.kind == "size" else course.change(now_ns)
