"""How rules stand, for people: counted for all of them in one go, and in detail for one."""

from __future__ import annotations

from collections.abc import Iterator

from actors.market.alerts.engine import Engine
from actors.market.alerts.happenings import RuleState, Standing, SubjectState
from actors.market.alerts.latch import Latch
from actors.market.alerts.rules import Rule
from actors.market.alerts.subjects import Subject

ORDER: tuple[RuleState, ...] = ("firing", "pending", "stale", "idle")


def standings(engine: Engine) -> dict[str, Standing]:
    """How every rule stands, without its subjects."""
    return {name: _standing(engine, rule) for name, rule in engine.rules.items()}


def detailed(engine: Engine, name: str, limit: int) -> Standing:
    """How one rule stands, with at most so many of its subjects, those that matter most first."""
    found = list(_states(engine, name))
    found.sort(key=lambda each: (ORDER.index(each.state), each.subject))
    counts = {state: sum(each.state == state for each in found) for state in ORDER}
    return Standing(
        state=_worst(engine.rules[name], counts),
        counts=counts,
        subjects=found[:limit],
    )


def _standing(engine: Engine, rule: Rule) -> Standing:
    """Counted by place: an instrument that two of its patterns mean counts twice."""
    places, source = engine.places[rule.name], engine.triggers[rule.name][0].meter.source
    met = sum(len(place.subjects) for place in places)
    lost = sum(place.lost[source] for place in places)
    active = [each for each in engine.firing.active.get(rule.name, {}) if _is_trusted(each)]
    states = [_state(each) for each in active]
    counts: dict[RuleState, int] = {
        "firing": states.count("firing"),
        "pending": states.count("pending"),
        "stale": lost,
    }
    counts["idle"] = max(0, met - sum(counts.values()))
    return Standing(state=_worst(rule, counts), counts=counts, subjects=[])


def _worst(rule: Rule, counts: dict[RuleState, int]) -> RuleState:
    """The state of the whole: something fires, or is about to; else whether anything can be judged."""
    if not rule.enabled:
        return "disabled"
    if counts["firing"] or counts["pending"]:
        return "firing" if counts["firing"] else "pending"
    if not counts["idle"]:
        return "stale" if counts["stale"] else "unknown"
    return "idle"


def _states(engine: Engine, name: str) -> Iterator[SubjectState]:
    active: dict[Subject, Latch] = {}
    for latch in engine.firing.active.get(name, {}):
        if latch.subject not in active or _state(latch) == "firing":
            active[latch.subject] = latch
    met = {subject: None for place in engine.places[name] for subject in place.subjects}
    for subject in met:
        yield _subject_state(engine, name, subject, active.get(subject))


def _subject_state(engine: Engine, name: str, subject: Subject, latch: Latch | None) -> SubjectState:
    meter = engine.triggers[name][0].meter
    fired = [
        each.fired_ns
        for trigger, each in subject.latches.items()
        if trigger.rule.name == name and each.fired_ns is not None
    ]
    state: RuleState = "idle" if latch is None else _state(latch)
    return SubjectState(
        subject=subject.key,
        state=state if subject.trusts(meter.source) else "stale",
        value=subject.values.get(meter),
        since_ns=None if latch is None else latch.since_ns,
        fired_ns=max(fired, default=None),
    )


def _state(latch: Latch) -> RuleState:
    """A crossing is over as soon as it was told."""
    if latch.state == "firing":
        return "idle" if latch.trigger.once or latch.silent else "firing"
    return "pending"


def _is_trusted(latch: Latch) -> bool:
    return latch.subject.trusts(latch.trigger.meter.source)
