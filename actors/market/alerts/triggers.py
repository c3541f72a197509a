"""From a rule to numbers: what is measured, and above which number it counts.

Every condition is a number that is measured (a meter) and a bound that it exceeds. What asks for less than a
bound is measured with the other sign, so that there is one way to fire, one to clear, and one place for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, nextafter
from operator import attrgetter
from typing import Any, Literal, TypeAlias, get_args

from actors.market.alerts.rules import (
    INTERVALS_S,
    Above,
    Across,
    Below,
    Condition,
    Crosses,
    Liquidations,
    Moves,
    Quality,
    Rule,
    Volume,
)
from actors.market.alerts.schedule import Schedule
from actors.market.derived import DERIVED
from actors.market.ticker import Ticker

NS = 1_000_000_000
Source: TypeAlias = Literal["ticker", "liquidations", "bars", "states", "across"]
Kind: TypeAlias = Literal["field", "move", "size", "liquidations", "volume", "quality", "across"]
Sign: TypeAlias = Literal[1, -1]
Reader: TypeAlias = Callable[[Ticker], float | None]

SOURCES: tuple[Source, ...] = get_args(Source)
_SOURCES: dict[Kind, Source] = {
    "field": "ticker",
    "move": "ticker",
    "size": "ticker",
    "liquidations": "liquidations",
    "volume": "bars",
    "quality": "states",
    "across": "across",
}


@dataclass(frozen=True)
class Spec:
    """What is measured: a field, a movement of it in percent (its `size` without direction), a sum, a volume
    in deviations, a state. `span` is the window in ns, or the length of a bar in s; `count` its bars."""

    kind: Kind
    name: str
    span: int = 0
    count: int = 0
    among: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """Whose trust decides whether the number may be used."""
        return _SOURCES[self.kind]


class Meter:
    """One thing that is measured, for all rules that look at it. Compared by identity, as that is quick."""

    __slots__ = ("read", "source", "spec")

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.source: Source = spec.source
        self.read: Reader = reader_of(spec.name) if spec.source == "ticker" else _nothing


class Meters(dict[Spec, Meter]):
    """The meters by what they measure."""

    def __missing__(self, spec: Spec) -> Meter:
        made = self[spec] = Meter(spec)
        return made


def reader_of(field: str) -> Reader:
    """What reads a field of a ticker, or what follows from it."""
    derived = DERIVED.get(field)
    read: Reader = attrgetter(field) if derived is None else derived
    return read


def _nothing(ticker: Ticker) -> float | None:
    return None


class Trigger:
    """One way of a rule to fire: the meter times `sign` exceeds `fires_above`; it is off at `clears_at`.

    `once`: it is about the way there, and what is beyond the bound when it is first seen has not come there.
    """

    __slots__ = (
        "clears_at", "cooldown_ns", "fires_above", "for_ns", "meter", "number", "once", "rule", "schedule",
        "sign",
    )  # fmt: skip

    def __init__(
        self, rule: Rule, number: int, meter: Meter, sign: Sign, fires_above: float, *, once: bool = False
    ) -> None:
        self.rule, self.number, self.meter, self.sign = rule, number, meter, sign
        self.fires_above, self.clears_at = fires_above, fires_above - rule.hysteresis
        self.once = once
        self.for_ns, self.cooldown_ns = int(rule.for_s * NS), int(rule.cooldown_s * NS)
        self.schedule: Schedule | None = rule.schedule

    def is_exceeded(self, value: float) -> bool:
        """Whether a number is beyond the bound."""
        return self.sign * value > self.fires_above

    def is_cleared(self, value: float) -> bool:
        """Whether it is off, by the hysteresis."""
        return self.sign * value <= self.clears_at

    @property
    def bound(self) -> float:
        """The bound as the rule says it."""
        return bound_of(self.rule.when)


def bound_of(when: Condition) -> float:
    """The number in a condition; 0 of one about states."""
    for name in ("value", "percent", "deviations"):
        if hasattr(when, name):
            return float(getattr(when, name))
    return 0.0


def among_of(rule: Rule) -> tuple[str, ...]:
    """The keys of a rule as those of others that mean the same."""
    return tuple(sorted({key.strip().casefold() for key in rule.keys}))


def triggers_of(rule: Rule, meters: Meters) -> list[Trigger]:
    """The triggers of a rule: two where it looks both ways, else one."""
    return _COMPILE[type(rule.when)](rule, rule.when, meters)


def _at_least(value: float) -> float:
    """The bound that is exceeded by what is at least `value`."""
    return nextafter(value, -inf)


def _above(rule: Rule, when: Above, meters: Meters) -> list[Trigger]:
    return [Trigger(rule, 0, meters[Spec("field", when.field)], 1, when.value)]


def _below(rule: Rule, when: Below, meters: Meters) -> list[Trigger]:
    return [Trigger(rule, 0, meters[Spec("field", when.field)], -1, -when.value)]


def _crosses(rule: Rule, when: Crosses, meters: Meters) -> list[Trigger]:
    meter = meters[Spec("field", when.field)]
    up = Trigger(rule, 0, meter, 1, when.value, once=True)
    down = Trigger(rule, 1, meter, -1, -when.value, once=True)
    return {"up": [up], "down": [down], "any": [up, down]}[when.direction]


def _moves(rule: Rule, when: Moves, meters: Meters) -> list[Trigger]:
    kind: Kind = "size" if when.direction == "any" else "move"
    meter = meters[Spec(kind, when.field, int(when.window_s * NS))]
    sign: Sign = -1 if when.direction == "down" else 1
    return [Trigger(rule, 0, meter, sign, _at_least(when.percent))]


def _across(rule: Rule, when: Across, meters: Meters) -> list[Trigger]:
    meter = meters[Spec("across", when.measure, among=among_of(rule))]
    return [Trigger(rule, 0, meter, 1, when.value)]


def _liquidations(rule: Rule, when: Liquidations, meters: Meters) -> list[Trigger]:
    meter = meters[Spec("liquidations", when.side, int(when.window_s * NS))]
    return [Trigger(rule, 0, meter, 1, _at_least(when.value))]


def _volume(rule: Rule, when: Volume, meters: Meters) -> list[Trigger]:
    meter = meters[Spec("volume", when.interval, INTERVALS_S[when.interval], when.bars)]
    return [Trigger(rule, 0, meter, 1, _at_least(when.deviations))]


def _quality(rule: Rule, when: Quality, meters: Meters) -> list[Trigger]:
    meter = meters[Spec("quality", when.channel, among=tuple(sorted(when.states)))]
    return [Trigger(rule, 0, meter, 1, 0.5)]


_COMPILE: Mapping[type[Condition], Callable[[Rule, Any, Meters], list[Trigger]]] = {
    Above: _above,
    Below: _below,
    Crosses: _crosses,
    Moves: _moves,
    Across: _across,
    Liquidations: _liquidations,
    Volume: _volume,
    Quality: _quality,
}
