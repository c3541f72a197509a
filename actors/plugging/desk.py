"""What all plugins said at last, for whoever asks: what their actors write and the web shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from actors.market.plugged import Derived, PluginReport
from actors.market.tick import Tick
from actors.plugging.inbox import PluginInbox, gone

RECORDS_PER_KEY_MAX = 100  # of one plugin


class TooManyNames(Exception):
    """A plugin gives ever new names to its answers."""


@dataclass
class Standing:
    """How one plugin does."""

    inbox: PluginInbox
    class_name: str
    budget_ms: float
    trouble: str | None = None
    calls: int = 0
    answers: int = 0
    overruns: int = 0
    slowest_ns: int = 0


@dataclass
class PluginDesk:
    """`standings` are the plugins by name. `version` counts what changed; `followers` are called with the
    keys that it concerns. An answer is kept until a newer one replaces it, or its instrument is gone."""

    standings: Mapping[str, Standing]
    followers: list[Callable[[Sequence[str]], None]] = field(default_factory=list)
    version: int = 0
    _records: dict[str, dict[tuple[str, str], Derived]] = field(default_factory=dict)
    _dependents: dict[str, dict[str, None]] = field(default_factory=dict)

    # What can be asked

    def records(self, key: str) -> list[Derived]:
        """The newest answers about an instrument, by plugin and name."""
        found = self._records.get(key, {})
        return [found[name] for name in sorted(found)]

    def subjects(self) -> Iterable[str]:
        """The instruments about which there are any."""
        return self._records.keys()

    def dependents(self, key: str) -> Iterable[str]:
        """The instruments about which something rests on this one."""
        return self._dependents.get(key, ())

    def is_on(self, plugin: str) -> bool:
        """Whether a plugin runs."""
        return self.standings[plugin].trouble is None

    def reports(self) -> list[PluginReport]:
        """How every plugin does."""
        kept = [plugin for each in self._records.values() for plugin, _ in each]
        return [_report(name, each, kept.count(name)) for name, each in self.standings.items()]

    # What happens

    def offer(self, tick: Tick) -> None:
        """Take what changed at one exchange."""
        for each in self.standings.values():
            if each.trouble is None:
                each.inbox.offer(tick)
        for pair in gone(tick, self._records):
            self._drop(":".join((tick.exchange, *pair)))

    def put(self, plugin: str, derived: Sequence[Derived]) -> None:
        """Have a plugin's new answers. Raises `TooManyNames`."""
        known = self.standings[plugin].inbox.known
        concerned: dict[str, None] = {}
        for each in derived:
            if each.key not in known:
                continue  # it went while the plugin was thinking
            mine = self._records.setdefault(each.key, {})
            mine[each.plugin, each.name] = each
            if sum(of == plugin for of, _ in mine) > RECORDS_PER_KEY_MAX:
                raise TooManyNames(
                    f"it has more than {RECORDS_PER_KEY_MAX} names for answers about {each.key}"
                )
            for other in each.inputs:
                self._dependents.setdefault(other, {})[each.key] = None
            concerned[each.key] = None
        self._tell(list(concerned))

    def switch_off(self, plugin: str, trouble: str) -> None:
        """A plugin is told nothing any more; what it said is not to be trusted from now on."""
        self.standings[plugin].trouble = trouble
        self._tell([key for key, mine in self._records.items() if any(of == plugin for of, _ in mine)])

    def _drop(self, key: str) -> None:
        del self._records[key]
        for dependents in self._dependents.values():
            dependents.pop(key, None)
        self._dependents = {each: keys for each, keys in self._dependents.items() if keys}
        self.version += 1

    def _tell(self, keys: Sequence[str]) -> None:
        if keys:
            self.version += 1
            for follow in self.followers:
                follow(keys)


def _report(name: str, standing: Standing, records: int) -> PluginReport:
    return PluginReport(
        name=name,
        class_name=standing.class_name,
        trouble=standing.trouble,
        calls=standing.calls,
        answers=standing.answers,
        records=records,
        overruns=standing.overruns,
        dropped=standing.inbox.dropped,
        waiting=len(standing.inbox),
        slowest_ms=standing.slowest_ns / 1e6,
        budget_ms=standing.budget_ms,
    )
