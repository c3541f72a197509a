"""The rules across exchanges: the assets that their keys mean, measured once a second if they changed."""

from __future__ import annotations

from collections.abc import Iterable

from actors.market.alerts.assets import GROUPS_MAX, Group, value_of
from actors.market.alerts.firing import Firing
from actors.market.alerts.measuring import Measuring
from actors.market.alerts.staleness import Staleness
from actors.market.alerts.subjects import Plan, Subject
from actors.market.alerts.triggers import Trigger
from actors.market.cross import Asset
from actors.market.instrument import Instrument

Among = tuple[str, ...]


class TooManyGroups(ValueError):
    """A rule across exchanges has keys that no other has, and there are as many such sets as may be."""


class Acrosses:
    """Groups of rules with the same keys."""

    def __init__(self, firing: Firing, measuring: Measuring, staleness: Staleness) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.groups: dict[Among, Group] = {}
        self._firing, self._measuring, self._staleness = firing, measuring, staleness

    def check_room(self, among: Among) -> None:
        """Raise `TooManyGroups` if this set of keys would be one too many."""
        if among not in self.groups and len(self.groups) >= GROUPS_MAX:
            words = f"rules across exchanges have {GROUPS_MAX} different lists of keys, and may have no more"
            raise TooManyGroups(words)

    def put(self, triggers: list[Trigger], subjects: Iterable[Subject]) -> Group:
        """One more rule. Returns where it lies."""
        among = triggers[0].meter.spec.among
        group = self.groups.get(among)
        if group is None:
            group = self.groups[among] = Group(among)
            group.members = {each: None for each in subjects if group.means(each)}
        group.place.add(triggers[0].rule.name, triggers)
        self._rebuild(group)
        for subject in group.assets.values():
            self._firing.recall(subject, triggers)
        return group

    def drop(self, triggers: list[Trigger]) -> None:
        """One rule less."""
        among = triggers[0].meter.spec.among
        group = self.groups[among]
        group.place.remove(triggers[0].rule.name)
        self._rebuild(group)
        if not group.place.rules:
            del self.groups[among]

    def _rebuild(self, group: Group) -> None:
        """What is known is judged anew by the next sweep: a new rule sees it for the first time then."""
        group.plan, group.changed = Plan((group.place,)), True
        for subject in group.assets.values():
            subject.plan = group.plan
            subject.values.clear()

    def met(self, subject: Subject) -> None:
        """An instrument is new, or is called otherwise."""
        for group in self.groups.values():
            if group.means(subject):
                group.members[subject] = None
                group.changed = True

    def changed(self, subject: Subject) -> None:
        """An instrument has changed."""
        for group in self.groups.values():
            if not group.changed and subject in group.members:
                group.changed = True

    def gone(self, subject: Subject) -> None:
        """An instrument is gone."""
        self.instruments.pop(subject.key, None)
        for group in self.groups.values():
            if group.members.pop(subject, 0) is None:
                group.changed = True

    def sweep(self, now_ns: int) -> None:
        """Reckon what changed."""
        for group in self.groups.values():
            if group.changed:
                self._take(group, group.reckon(self.instruments), now_ns)

    def _take(self, group: Group, assets: dict[str, Asset], now_ns: int) -> None:
        for name in group.assets.keys() - assets.keys():
            subject = group.assets.pop(name)
            self._firing.gone(subject, now_ns)
            group.place.leave(subject)
        for name, asset in assets.items():
            self._judge(group.assets.get(name) or self._made(group, name), group, asset, now_ns)

    def _made(self, group: Group, name: str) -> Subject:
        subject = group.assets[name] = Subject("", "", name, group.plan)
        group.place.enter(subject)
        for triggers in group.place.rules.values():
            self._firing.recall(subject, triggers)
        self._staleness.touch([group.place])
        return subject

    def _judge(self, subject: Subject, group: Group, asset: Asset, now_ns: int) -> None:
        live = sum(leg.live for leg in asset.legs) > 1
        if live != ("across" in subject.trusted):
            group.place.lost["across"] += -1 if live else 1
            self._staleness.touch([group.place])
            (subject.trusted.add if live else subject.trusted.discard)("across")
            if not live:
                self._measuring.lose(subject, "across", now_ns)
        for measure in group.plan.of("across") if live else ():
            self._measuring.offer(subject, measure, value_of(measure.meter.spec, asset), now_ns)
        self._measuring.thaw(subject, now_ns)
