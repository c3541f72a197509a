"""What rules look at: instruments and assets, their newest numbers, and the rules that mean them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from actors.market.alerts.ladder import Ladder
from actors.market.alerts.latch import Latch
from actors.market.alerts.triggers import SOURCES, Meter, Source, Trigger
from actors.market.alerts.windows import Course, Sum, Volumes
from actors.market.events import State
from actors.market.ticker import Ticker


class Place:
    """A pattern: the rules that have it, as one ladder for each meter, and the subjects that it means.

    `lost` counts, by source, the subjects whose numbers cannot be trusted.
    """

    def __init__(self) -> None:
        self.rules: dict[str, list[Trigger]] = {}
        self.ladders: dict[Meter, Ladder] = {}
        self.subjects: dict[Subject, None] = {}
        self.lost: Counter[Source] = Counter()

    def add(self, name: str, triggers: list[Trigger]) -> bool:
        """One more rule. Returns whether something is measured that was not before."""
        self.rules[name] = triggers
        return self._build({each.meter for each in triggers})

    def remove(self, name: str) -> bool:
        """One rule less. Returns whether something is not measured any more."""
        return self._build({each.meter for each in self.rules.pop(name)})

    def enter(self, subject: Subject) -> None:
        """One more is meant."""
        self.subjects[subject] = None
        self.lost.update(source for source in SOURCES if not subject.trusts(source))

    def leave(self, subject: Subject) -> None:
        """One less."""
        del self.subjects[subject]
        self.lost.subtract(source for source in SOURCES if not subject.trusts(source))

    def _build(self, meters: Iterable[Meter]) -> bool:
        before = set(self.ladders)
        for meter in meters:
            mine = [each for some in self.rules.values() for each in some if each.meter is meter]
            if mine:
                self.ladders.setdefault(meter, Ladder(meter)).build(mine)
            else:
                self.ladders.pop(meter, None)
        return before != set(self.ladders)


class Measure(NamedTuple):
    """One meter, and every ladder that its number climbs."""

    meter: Meter
    ladders: tuple[Ladder, ...]


class Plan:
    """What is measured of the subjects that lie in the same places, by source: those of tickers in `fields`,
    and in `courses` where a window belongs to it."""

    def __init__(self, places: tuple[Place, ...]) -> None:
        self.places = places
        found: dict[Meter, tuple[Ladder, ...]] = {}
        for place in places:
            for meter, ladder in place.ladders.items():
                found[meter] = (*found.get(meter, ()), ladder)
        self.meters = frozenset(found)
        measures = [Measure(meter, ladders) for meter, ladders in found.items()]
        self.fields = [each for each in measures if each.meter.spec.kind == "field"]
        self.courses = [each for each in measures if each.meter.spec.kind in ("move", "size")]
        self._sources = {
            source: [each for each in measures if each.meter.source == source] for source in SOURCES
        }

    def of(self, source: Source) -> list[Measure]:
        """What stands on a source."""
        return self._sources[source]


NOTHING = Plan(())


class Subject:
    """One instrument, or one asset, where `exchange` is empty.

    `values` are the newest numbers that could be trusted, `trusted` the sources that can be now, `states`
    those of its channels; `waiting` counts the latches that wait for their data.
    """

    __slots__ = (
        "courses", "exchange", "key", "latches", "market", "name", "plan", "shadows", "states", "sums",
        "symbol", "ticker", "trusted", "values", "volumes", "waiting",
    )  # fmt: skip

    def __init__(self, exchange: str, market: str, symbol: str, plan: Plan = NOTHING) -> None:
        self.exchange, self.market, self.symbol = exchange, market, symbol
        self.key = f"{exchange}:{market}:{symbol}" if exchange else symbol
        self.name: str | None = None
        self.ticker: Ticker | None = None
        self.plan = plan
        self.values: dict[Meter, float] = {}
        self.shadows: dict[Meter, float] = {}
        self.trusted: set[Source] = set()
        self.states: dict[str, State] = {}
        self.latches: dict[Trigger, Latch] = {}
        self.waiting = 0
        self.courses: dict[Meter, Course] = {}
        self.sums: dict[Meter, Sum] = {}
        self.volumes: dict[Meter, Volumes] = {}

    def trusts(self, source: Source) -> bool:
        """Whether numbers of a source can be used. What is told of a channel's state always can."""
        return source == "states" or source in self.trusted

    def latch(self, trigger: Trigger) -> Latch:
        """The latch of a trigger, new if there is none."""
        found = self.latches.get(trigger)
        if found is None:
            found = self.latches[trigger] = Latch(trigger, self)
        return found

    def latches_of(self, meter: Meter) -> Iterable[Latch]:
        """The latches that stand on a meter."""
        return [each for each in self.latches.values() if each.trigger.meter is meter]

    @property
    def is_windowed(self) -> bool:
        """Whether some of its numbers change with time alone."""
        return bool(self.courses or self.sums)


def tape_state(states: Mapping[str, State]) -> State | None:
    """The state of what bars are made of: trades, or else the exchange's candles."""
    return states.get("trades") or states.get("candles")
