"""Who reads what: the groups, the keys that each shows, and so whom a change concerns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from web.site import Site
from web.stream.attention import Kind
from web.stream.bars import BarsGroup
from web.stream.events import AlertsGroup, Events, SystemGroup
from web.stream.groups import Group, Newest, Wish
from web.stream.journal import Journal
from web.stream.library import Library
from web.stream.prices import PRICES, PricesGroup
from web.stream.shelves import Bars
from web.stream.subscription import Circle, Subscription
from web.stream.watching import Watching
from web.stream.wholes import ScreenerGroup, SpreadsGroup

Changed: TypeAlias = Mapping[Kind, Sequence[str]]
RINGS: tuple[Kind, ...] = ("trades", "liquidations", "notices", "alerts")


class Register:
    """The groups by what they show. A group without members is forgotten, with all that it had open."""

    def __init__(self, journal: Journal, site: Site, spare: Callable[[], bool]) -> None:
        self.journal = journal
        self.library = Library(journal)
        self.watching = Watching(site)
        self._spare = spare
        self._groups: dict[Wish, Group] = {}
        self._circles: dict[Group, dict[float, Circle]] = {}
        self._readers: dict[tuple[Kind, str], dict[Group, None]] = {}
        self._wide: dict[Kind, dict[Group, None]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(list(self._groups.values()))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of anybody."""
        return not (self._groups or self._circles or self._readers or len(self.library) or len(self.watching))

    def group(self, wish: Wish) -> Group:
        """The group of a wish, made when it is first asked for. Whoever asks must `join` or `leave`."""
        group = self._groups.get(wish)
        if group is None:
            group = self._groups[wish] = self._made(wish)
            self.journal.open(group.topics)
            self._circles[group] = {}
            if group.roster is None or isinstance(group, SpreadsGroup):
                for kind in group.kinds:
                    self._wide.setdefault(kind, {})[group] = None
            self.follow(group)
        return group

    def join(self, group: Group, period_s: float) -> Circle:
        """The circle of a group in which a rate belongs."""
        period_s = max(period_s, group.period_s)
        circle = self._circles[group].get(period_s)
        if circle is None:
            circle = self._circles[group][period_s] = Circle(group, period_s)
        group.members += 1
        circle.seats += 1
        return circle

    def part(self, circle: Circle) -> bool:
        """A member less. Returns whether the circle has ended."""
        group = circle.group
        group.members -= 1
        circle.seats -= 1
        ended = not circle.seats
        if ended:
            self._circles[group].pop(circle.cadence.period_s, None)
        self.drop_if_unused(group)
        return ended

    def drop_if_unused(self, group: Group) -> None:
        """Forget a group that has no members."""
        if group.members or group.wish not in self._groups:
            return
        self._close(group, list(group.keys))
        self.journal.close(group.topics)
        del self._groups[group.wish], self._circles[group]
        for kind in group.kinds:
            self._wide.get(kind, {}).pop(group, None)
        if isinstance(group, Newest):
            self.library.give_back(group.options)
        if not self._groups:
            self._readers.clear()  # it is empty; only this gives its memory back

    def follow(self, group: Group) -> bool:
        """Look at the listings again. Returns whether the group shows other keys now."""
        debts = {each: each.debt() for each in self.members(group)} if group.ring is not None else {}
        joined, left = group.resolve()
        self._open(group, joined)
        self._close(group, left)
        if not joined and not left:
            return False
        for subscription, debt in debts.items():
            subscription.recount(debt)
        return True

    def members(self, group: Group) -> Iterator[Subscription]:
        """All subscriptions of a group."""
        return (member for circle in self._circles[group].values() for member in circle.members)

    def circles(self, groups: Iterable[Group]) -> Iterator[Circle]:
        """All circles of these groups."""
        return (circle for group in groups for circle in self._circles[group].values())

    def concerned(self, changed: Changed) -> dict[Group, None]:
        """The groups that show something of what changed. What rings were given is counted on the way."""
        found: dict[Group, None] = {}
        readers = self._readers
        for kind, keys in changed.items():
            if keys:
                found.update(self._wide.get(kind, {}))
            for key in keys:
                groups = readers.get((kind, key))
                if groups:
                    found.update(groups)
        for kind in RINGS:
            if changed.get(kind):
                self._count(kind)
        return found

    def parts_of(self, group: Group, changed: Changed) -> set[Hashable]:
        """What of a group's records the newest tick changed, each by its key and its part."""
        if not isinstance(group, Newest):
            return set()
        now = self.journal.offset
        keys = (key for kind in group.kinds for key in changed.get(kind, ()) if key in group.keys)
        return {(cell.key, cell.part) for key in keys for cell in group.shelf.after(key, now - 1)}

    def _count(self, kind: Kind) -> None:
        entry = self.journal.rings[kind].entries[-1]
        for group in self._wide.get(kind, {}):
            group.total += entry.count
        for key, records in entry.items.items():
            for group in self._readers.get((kind, key), {}):
                if kind in group.kinds:
                    group.total += len(records)

    def _open(self, group: Group, keys: Sequence[str]) -> None:
        for kind in (*group.kinds, "notices"):
            for key in keys:
                self._readers.setdefault((kind, key), {})[group] = None
        if isinstance(group, Newest):
            self.library.open(group.options, keys)
        if group.channel == "book":
            self.watching.open(group.options, keys)

    def _close(self, group: Group, keys: Sequence[str]) -> None:
        for kind in (*group.kinds, "notices"):
            for key in keys:
                readers = self._readers.get((kind, key), {})
                readers.pop(group, None)
                if not readers:
                    self._readers.pop((kind, key), None)
        if isinstance(group, Newest):
            self.library.close(group.options, keys)
        if group.channel == "book":
            self.watching.close(group.options, keys)

    def _made(self, wish: Wish) -> Group:
        channel = wish.options.channel
        if wish.options == PRICES:
            return PricesGroup(wish, self.journal, self._spare)
        if channel in ("trades", "liquidations"):
            return Events(wish, self.journal, self._spare)
        if channel == "system":
            return SystemGroup(wish, self.journal, self._spare)
        if channel == "alerts":
            return AlertsGroup(wish, self.journal, self._spare)
        if channel == "spreads":
            return SpreadsGroup(wish, self.journal, self._spare)
        if channel == "screener":
            return ScreenerGroup(wish, self.journal, self._spare)
        shelf = self.library.lend(wish.options)
        if isinstance(shelf, Bars):
            return BarsGroup(wish, self.journal, shelf, self._spare)
        return Newest(wish, self.journal, shelf, self._spare)
