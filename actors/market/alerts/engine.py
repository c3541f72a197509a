"""The alert engine: rules and what changes in, happenings out. It looks only at what a change can matter to.

A pattern of keys is a place, with the bounds of all its rules in order; a subject (an instrument, or an
asset) lies in some places. A number that moves without passing a bound costs a few searches, however many
rules there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from actors.market.alerts.across import Acrosses
from actors.market.alerts.firing import Firing, Open
from actors.market.alerts.happenings import Happening
from actors.market.alerts.keys import Index, Pattern, means, read_pattern
from actors.market.alerts.measuring import Measuring
from actors.market.alerts.rules import Across, Rule
from actors.market.alerts.staleness import Staleness
from actors.market.alerts.subjects import NOTHING, Place, Plan, Subject, tape_state
from actors.market.alerts.triggers import Meters, Source, Trigger, among_of, triggers_of
from actors.market.events import Liquidation
from actors.market.instrument import Instrument
from actors.market.reports import Bar, QualityReport
from actors.market.tick import Pair
from actors.market.ticker import Ticker

FRESH_NS = 5_000_000_000
SWEEP_NS = 1_000_000_000


class Engine:
    """Judges `rules` against what it is told. `fresh_ns` is how long an exchange may say nothing before
    timers do not fire any more, `grace_ns` how long all data of a rule is stale before that is told.

    `opened` is what was firing at the end of an earlier run: it does not fire again, and may be over.
    `suppressed` is where it is counted what held and did not fire, by cause.
    """

    def __init__(
        self,
        fresh_ns: int = FRESH_NS,
        grace_ns: int = 30_000_000_000,
        opened: Open | None = None,
        suppressed: Counter[str] | None = None,
    ) -> None:
        self.rules: dict[str, Rule] = {}
        self.subjects: dict[tuple[str, str, str], Subject] = {}
        self.triggers: dict[str, list[Trigger]] = {}
        self.places: dict[str, list[Place]] = {}  # of each rule
        self._fresh_ns = fresh_ns
        self._heard: dict[str, int] = {}
        self._index: Index[Place] = Index()
        self._plans: dict[tuple[Place, ...], Plan] = {}
        self._meters = Meters()
        self._swept_ns = 0
        self.unseeded: dict[
            tuple[str, str, str, int], int
        ] = {}  # volumes of the past are wanted: so many bars
        self.firing = Firing(self._is_fresh, opened or {}, Counter() if suppressed is None else suppressed)
        self.measuring = Measuring(self.firing)
        self.staleness = Staleness(self.firing, grace_ns)
        self.acrosses = Acrosses(self.firing, self.measuring, self.staleness)

    # Rules

    def put(self, rule: Rule, now_ns: int) -> None:
        """Have this rule, in place of the one of its name. Raises `TooManyGroups`."""
        known = self.rules.get(rule.name)
        if known == rule:
            return
        self.check_room(rule)
        triggers = triggers_of(rule, self._meters)
        if known is not None:
            self.drop(rule.name, now_ns)
        self.rules[rule.name], self.triggers[rule.name], self.places[rule.name] = rule, triggers, []
        if not rule.enabled:
            return
        if isinstance(rule.when, Across):
            group = self.acrosses.put(triggers, self.subjects.values())
            self.places[rule.name].append(group.place)
        else:
            self._lay(rule, triggers, now_ns)
        self.staleness.touch(self.places[rule.name])

    def check_room(self, rule: Rule) -> None:
        """Raise `TooManyGroups` if there is no room for a rule across exchanges with these keys."""
        if isinstance(rule.when, Across) and rule.enabled:
            self.acrosses.check_room(among_of(rule))

    def drop(self, name: str, now_ns: int) -> None:
        """Have this rule no more. What it was firing is forgotten."""
        rule, triggers, places = self.rules.pop(name), self.triggers.pop(name), self.places.pop(name)
        self.staleness.forget(name)
        self.firing.forget(name)
        if isinstance(rule.when, Across) and rule.enabled:
            self.acrosses.drop(triggers)
            return
        for place in places:
            if place.remove(name):
                self._replan(place.subjects)
        for pattern in patterns_of(rule) if rule.enabled else ():
            empty = self._index.get(pattern)
            if empty is not None and not empty.rules:
                self._index.remove(pattern)
                self._replan(list(empty.subjects))

    def _lay(self, rule: Rule, triggers: list[Trigger], now_ns: int) -> None:
        """Put a rule in the places of its patterns, and judge what is there."""
        meant: dict[Subject, None] = {}
        for pattern in patterns_of(rule):
            place = self._index.get(pattern)
            is_new = place is None
            if place is None:
                place = Place()
                self._index.put(pattern, place)
            self.places[rule.name].append(place)
            changed = place.add(rule.name, triggers)
            if is_new:
                self._replan(each for each in self.subjects.values() if _is_meant(pattern, each))
            elif changed:
                self._replan(place.subjects)
            meant |= place.subjects
        for subject in meant:
            self._begin(subject, triggers, now_ns)

    def _replan(self, subjects: Iterable[Subject]) -> None:
        """Find anew where these lie, and what is measured of them."""
        self._plans.clear()
        for subject in list(subjects):
            self._settle(subject)

    def _settle(self, subject: Subject) -> None:
        """Find out which rules mean a subject."""
        found = self._index.meaning(subject.exchange, subject.market, subject.symbol, subject.name)
        places = tuple(found)
        for place in subject.plan.places:
            if place not in places:
                place.leave(subject)
        for place in places:
            if subject not in place.subjects:
                place.enter(subject)
        self.staleness.touch(places)
        plan = self._plans.get(places)
        if plan is None:
            plan = self._plans[places] = Plan(places) if places else NOTHING
        before, subject.plan = subject.plan, plan
        if before is not plan:
            self.measuring.keep_only(subject)

    def _begin(self, subject: Subject, triggers: Iterable[Trigger], now_ns: int) -> None:
        """Judge new triggers by the numbers that are known."""
        if self.firing.opened:
            self.firing.recall(subject, triggers)
        for measure in subject.plan.of("bars"):
            if measure.meter not in subject.volumes:
                spec, place = measure.meter.spec, (subject.exchange, subject.market, subject.symbol)
                self.unseeded[(*place, spec.span)] = max(
                    spec.count, self.unseeded.get((*place, spec.span), 0)
                )
        for trigger in triggers if subject.values else ():
            value = subject.values.get(trigger.meter)
            if value is not None and subject.trusts(trigger.meter.source) and trigger.is_exceeded(value):
                self.firing.risen(subject, [trigger], now_ns, first=True)
        self.measuring.measure(subject, now_ns)

    # What changes

    def heard(self, exchange: str, now_ns: int) -> None:
        """There was a tick of an exchange, be it an empty one."""
        self._heard[exchange] = now_ns

    def ticker(self, ticker: Ticker, now_ns: int) -> None:
        """The newest record of an instrument."""
        subject = self._subject(ticker.exchange, ticker.market, ticker.symbol, ticker.name, now_ns)
        subject.ticker = ticker
        if subject.plan is not NOTHING:
            self._trust(subject, "ticker", ticker.quality == "live", now_ns)
            self.measuring.measure(subject, now_ns)
        elif ticker.quality == "live":
            subject.trusted.add("ticker")
        else:
            subject.trusted.discard("ticker")
        self.acrosses.changed(subject)

    def quality(self, report: QualityReport, now_ns: int) -> None:
        """The state of a channel of an instrument."""
        subject = self._subject(report.exchange, report.market, report.symbol, None, now_ns)
        subject.states[report.channel] = report.state
        self._trust(subject, "liquidations", subject.states.get("liquidations") == "live", now_ns)
        self._trust(subject, "bars", tape_state(subject.states) == "live", now_ns)
        self.measuring.judge_states(subject, now_ns)

    def bars(self, exchange: str, pair: Pair, bars: Iterable[Bar], now_ns: int) -> None:
        """Bars of an instrument that changed; also those of the past, oldest first."""
        subject = self.subjects.get((exchange, *pair))
        if subject is not None:
            self.measuring.take_bars(subject, bars, now_ns)

    def liquidated(self, exchange: str, pair: Pair, some: Iterable[Liquidation], now_ns: int) -> None:
        """New liquidations of an instrument."""
        subject = self.subjects.get((exchange, *pair))
        if subject is not None:
            self.measuring.take_liquidations(subject, some, now_ns)

    def listed(self, instrument: Instrument, now_ns: int) -> None:
        """What a listing tells about an instrument."""
        self.acrosses.instruments[instrument.key] = instrument
        self._subject(instrument.exchange, instrument.market, instrument.symbol, instrument.name, now_ns)

    def gone(self, exchange: str, pair: Pair, now_ns: int) -> None:
        """An instrument is not followed any more."""
        subject = self.subjects.pop((exchange, *pair), None)
        if subject is None:
            return
        self.firing.gone(subject, now_ns)
        for place in subject.plan.places:
            place.leave(subject)
        self.staleness.touch(subject.plan.places)
        subject.plan = NOTHING
        self.measuring.keep_only(subject)
        self.acrosses.gone(subject)

    def advance(self, now_ns: int) -> list[Happening]:
        """Look at what time alone brings, to be called soon after `next_ns`. Returns what happened since."""
        self.firing.advance(now_ns)
        if now_ns - self._swept_ns >= SWEEP_NS:
            self._swept_ns = now_ns
            self.measuring.sweep(now_ns)
            self.acrosses.sweep(now_ns)
            self.staleness.sweep(self.rules, self.places, now_ns)
        return self.firing.take()

    def next_ns(self) -> int:
        """When to call `advance` next, at the latest."""
        due_ns = self.firing.next_ns()
        swept_ns = self._swept_ns + SWEEP_NS
        return swept_ns if due_ns is None else min(due_ns, swept_ns)

    def lengths(self) -> frozenset[int]:
        """The lengths of bars that some rule looks at, in seconds."""
        specs = (each[0].meter.spec for name, each in self.triggers.items() if self.rules[name].enabled)
        return frozenset(spec.span for spec in specs if spec.kind == "volume")

    def subjects_of(self, name: str) -> list[Subject]:
        """What a rule means now, each once."""
        return list({subject: None for place in self.places[name] for subject in place.subjects})

    def _is_fresh(self, subject: Subject, now_ns: int) -> bool:
        heard_ns = (
            self._heard.get(subject.exchange) if subject.exchange else max(self._heard.values(), default=0)
        )
        return heard_ns is not None and now_ns - heard_ns <= self._fresh_ns

    def _subject(self, exchange: str, market: str, symbol: str, name: str | None, now_ns: int) -> Subject:
        place = (exchange, market, symbol)
        subject = self.subjects.get(place)
        if subject is None:
            subject = self.subjects[place] = Subject(*place)
        elif name is None or name == subject.name:
            return subject
        subject.name = name or subject.name
        self.acrosses.met(subject)
        known = subject.plan.places
        self._settle(subject)
        for each in subject.plan.places:
            if each not in known:
                for triggers in each.rules.values():
                    self._begin(subject, triggers, now_ns)
        return subject

    def _trust(self, subject: Subject, source: Source, live: bool, now_ns: int) -> None:
        if live == (source in subject.trusted):
            return
        if live:
            subject.trusted.add(source)
            subject.shadows.clear()
        else:
            subject.trusted.discard(source)
            self.measuring.lose(subject, source, now_ns)
        for place in subject.plan.places:
            place.lost[source] += -1 if live else 1
        self.staleness.touch(subject.plan.places)


def patterns_of(rule: Rule) -> list[Pattern]:
    """The patterns of a rule, each once."""
    return list(dict.fromkeys(map(read_pattern, rule.keys)))


def _is_meant(pattern: Pattern, subject: Subject) -> bool:
    return means([pattern], subject.exchange, subject.market, subject.symbol, subject.name)
