"""Which rules cannot be judged at all, as all of their data is stale: told once it has lasted for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from actors.market.alerts.firing import Firing
from actors.market.alerts.happenings import Happening, HappeningKind
from actors.market.alerts.rules import Rule
from actors.market.alerts.subjects import Place


class Staleness:
    """`since` are the rules all of whose subjects are stale, `told` those of them that were told so."""

    def __init__(self, firing: Firing, grace_ns: int) -> None:
        self._firing = firing
        self._grace_ns = grace_ns
        self._touched: dict[Place, None] = {}
        self.since: dict[str, int] = {}
        self.told: set[str] = set()

    def touch(self, places: Iterable[Place]) -> None:
        """Something became stale or fresh among the subjects there."""
        self._touched.update(dict.fromkeys(places))

    def forget(self, name: str) -> None:
        """The rule is no more."""
        self.since.pop(name, None)
        self.told.discard(name)

    def sweep(self, rules: Mapping[str, Rule], places: Mapping[str, list[Place]], now_ns: int) -> None:
        """Find the rules that became stale or fresh, and tell of those that have been for long enough.
        `places` are those of each rule."""
        touched, self._touched = self._touched, {}
        names = {name for place in touched for name in place.rules if name in rules}
        for name in sorted(names):
            if is_stale(name, places[name]):
                self.since.setdefault(name, now_ns)
            elif self.since.pop(name, None) is not None and name in self.told:
                self.told.remove(name)
                self._tell("fresh", rules[name], now_ns, now_ns)
        for name, since_ns in self.since.items():
            if name not in self.told and now_ns - since_ns >= self._grace_ns:
                self.told.add(name)
                self._tell("stale", rules[name], now_ns, since_ns)

    def _tell(self, kind: HappeningKind, rule: Rule, now_ns: int, since_ns: int) -> None:
        words = "its data is stale: it cannot fire" if kind == "stale" else "its data is fresh again"
        self._firing.happenings.append(
            Happening(
                kind=kind,
                rule=rule.name,
                severity=rule.severity,
                subject=None,
                value=None,
                bound=None,
                text=f"{rule.name}: {words}",
                at_ns=now_ns,
                since_ns=since_ns,
            )
        )


def is_stale(name: str, places: Iterable[Place]) -> bool:
    """Whether a rule has subjects, and none that can be trusted."""
    peopled = [place for place in places if place.subjects]
    return bool(peopled) and all(
        place.lost[place.rules[name][0].meter.source] >= len(place.subjects) for place in peopled
    )
