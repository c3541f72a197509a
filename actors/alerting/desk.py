"""The rules of a hub and how they stand, for whoever asks: what the alerts actor drives and the web shows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import trio

from actors.alerting.courier import Caller, Courier, InThread
from actors.alerting.database import LedgerError
from actors.alerting.inbox import Inbox
from actors.alerting.ledger import Ledger
from actors.alerting.letters import entry_of, trial_of
from actors.alerting.writing import Writing
from actors.market.alerts.across import TooManyGroups
from actors.market.alerts.engine import Engine
from actors.market.alerts.happenings import Alert, Happening, Standing
from actors.market.alerts.keys import means, read_pattern
from actors.market.alerts.rules import Rule
from actors.market.alerts.standings import detailed, standings
from actors.market.alerts.views import AlertsReport, NotifierView, Refused, RuleView
from actors.notifiers.base import Notifier, NotifierError
from actors.runtime.settings import AlertsSettings

RESERVED = ("preview", "history", "notifiers", "test")  # addresses beside the rules
SUBJECTS_SHOWN_MAX = 100
T = TypeVar("T")
Follow = Callable[[Sequence[Alert]], None]
_logger = logging.getLogger("tickwell.alerts")


@dataclass
class AlertDesk:
    """`fixed` are the rules of the settings. It outlives the lives of the actor: `begin` starts one.

    Rules are changed one after the other, first on disk and then in the engine. While the disk takes nothing,
    `trouble` says so: rules go on firing, and cannot be changed. `call` runs what blocks.
    """

    settings: AlertsSettings
    ledger: Ledger
    fixed: Mapping[str, Rule]
    notifiers_by_name: Mapping[str, Notifier]
    now_ns: Callable[[], int]
    inbox: Inbox = field(default_factory=Inbox)
    engine: Engine = field(default_factory=Engine)
    stored: dict[str, Rule] = field(default_factory=dict)
    muted: dict[str, int] = field(default_factory=dict)
    followers: list[Follow] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    call: Caller = field(default_factory=InThread)

    def __post_init__(self) -> None:
        self.couriers = {
            name: Courier(each, self.ledger, self.call, self.now_ns)
            for name, each in self.notifiers_by_name.items()
        }
        self.writing = Writing(self.ledger, self.couriers, self.call, self.now_ns)
        self._number = 0
        self._is_read = False
        self._order = trio.Lock()

    async def begin(self) -> None:
        """A new life: everything that is kept, judged anew. Raises `StartError`."""
        opened = await self._read()
        grace_ns = int(self.settings.stale_grace_s * 1e9)
        self.engine = Engine(grace_ns=grace_ns, opened=opened, suppressed=self.suppressed)
        for rule in (*self.fixed.values(), *self.stored.values()):
            try:
                self.engine.put(rule, self.now_ns())
            except TooManyGroups as error:
                _logger.error("alert %s: %s", rule.name, error)
        self.inbox.lengths = self.engine.lengths()
        self.inbox.begin()

    async def _read(self) -> dict[tuple[str, str, int], int]:
        try:
            await self.writing.open()
            rules, self.muted = await self.call(self.ledger.rules), await self.call(self.ledger.mutes)
            self._number = await self.call(self.ledger.last_number)
            self.stored = {rule.name: rule for rule in rules if rule.name not in self.fixed}
            self._is_read = True
            return await self.call(self.ledger.opened)
        except LedgerError as error:
            self.writing.trouble = str(error)
            _logger.error("alerts: what is kept cannot be read: %s", error)
            return {}

    # What happens

    def tell(self, happenings: Sequence[Happening]) -> None:
        """Tell those who follow, and have it written and sent."""
        entries = []
        for each in happenings:
            self._number = max(self._number + 1, self.now_ns() // 1_000_000)
            muted = self.muted.get(each.rule, 0) > each.at_ns
            entries.append(entry_of(each, self.engine.rules.get(each.rule), self._number, muted=muted))
            self.happened[each.kind] += 1
        if entries:
            self.writing.add(entries)
            alerts = [entry.alert for entry in entries]
            for follow in self.followers:
                follow(alerts)

    # What can be asked

    def rules(self) -> list[RuleView]:
        """Every rule and how it stands, without its subjects."""
        found = standings(self.engine)
        return [self._view(rule, found[name]) for name, rule in sorted(self.engine.rules.items())]

    def rule(self, name: str) -> RuleView:
        """One rule, with what it looks at. Raises `Refused`."""
        return self._view(self._known(name), detailed(self.engine, name, SUBJECTS_SHOWN_MAX))

    def meant_by(self, rule: Rule, limit: int) -> tuple[list[tuple[str, str, str]], int]:
        """The instruments that a rule would mean now, some of them, and how many they are."""
        patterns = [read_pattern(text) for text in rule.keys]
        found = [
            (each.exchange, each.market, each.symbol)
            for each in self.engine.subjects.values()
            if means(patterns, each.exchange, each.market, each.symbol, each.name)
        ]
        return sorted(found)[:limit], len(found)

    def notifiers(self) -> list[NotifierView]:
        """Every notifier and how it does."""
        return [courier.view() for courier in self.couriers.values()]

    def report(self) -> AlertsReport:
        """Everything that is counted."""
        states: Counter[str] = Counter(view.standing.state for view in self.rules())
        return AlertsReport(
            rules={"settings": len(self.fixed), "api": len(self.stored)},
            states=dict(states),
            active=self.engine.firing.active_count,
            happenings=dict(self.happened),
            suppressed=dict(self.suppressed),
            unwritten=len(self.writing.unwritten),
            dropped={"unwritten": self.writing.dropped, "inbox": self.inbox.dropped},
            notifiers=self.notifiers(),
            trouble=self.writing.trouble,
        )

    async def history(self, rule: str | None, before: int | None, limit: int) -> list[Alert]:
        """What happened, the newest first. Raises `Refused`."""
        return await self._kept(partial(self.ledger.history, rule, before, limit))

    # What can be changed

    async def put(self, rule: Rule, *, create: bool = False) -> bool:
        """Have this rule, in place of the one of its name, unless it is only to be created. Returns whether
        it is new. Raises `Refused`."""
        async with self._order:
            return await self._put(rule, create=create)

    async def change(self, name: str, become: Callable[[Rule], Rule]) -> None:
        """Have this rule as `become` makes it of what it is then: of changes at once, none undoes another.
        Raises `Refused`, and what `become` raises."""
        async with self._order:
            await self._put(become(self._known(name)))

    async def remove(self, name: str) -> None:
        """Have this rule no more. Raises `Refused`."""
        async with self._order:
            self._check_stored(name)
            await self._kept(partial(self.ledger.remove, name))
            self.engine.drop(name, self.now_ns())
            del self.stored[name]
            self.muted.pop(name, None)
            self.inbox.lengths = self.engine.lengths()

    async def mute(self, name: str, until_ns: int) -> None:
        """Notify nobody of this rule until then. Raises `Refused`."""
        self._known(name)
        await self._kept(partial(self.ledger.mute, name, until_ns))
        self.muted[name] = until_ns

    async def send_trial(self, name: str) -> str | None:
        """Send a message through a notifier, at once. Returns why that failed. Raises `Refused`."""
        courier = self.couriers.get(name)
        if courier is None:
            there = ", ".join(self.couriers) or "none"
            words = f"There is no notifier {name!r}; there are: {there}."
            raise Refused("unknown_notifier", words, "notifier")
        try:
            await courier.notifier.send(trial_of(name, self.now_ns()))
        except NotifierError as error:
            return str(error)
        return None

    async def _put(self, rule: Rule, *, create: bool = False) -> bool:
        is_new = self._check(rule, create=create)
        await self._kept(partial(self.ledger.put, rule))
        self.engine.put(rule, self.now_ns())
        self.stored[rule.name] = rule
        self.inbox.lengths = self.engine.lengths()
        return is_new

    async def _kept(self, work: Callable[[], T]) -> T:
        if not self._is_read:
            raise Refused("alerts_unavailable", f"What is kept cannot be used now: {self.writing.trouble}.")
        try:
            return await self.call(work)
        except LedgerError as error:
            raise Refused("alerts_unavailable", f"What is kept cannot be used now: {error}.") from None

    def _check(self, rule: Rule, *, create: bool) -> bool:
        name, known = rule.name, rule.name in self.engine.rules
        if name in RESERVED:
            raise Refused("reserved_name", f"No rule can be called {name!r}: it is an address.", "name")
        if name in self.fixed:
            raise Refused("read_only_rule", f"{name!r} stands in the settings: change it there.", "name")
        if known and create:
            raise Refused("rule_exists", f"There is a rule {name!r} already.", "name")
        if not known and len(self.engine.rules) >= self.settings.rules_max:
            words = f"There are {self.settings.rules_max} rules (`rules_max`), and may be no more."
            raise Refused("too_many_rules", words)
        for each in rule.notify:
            if each not in self.couriers:
                there = ", ".join(self.couriers) or "none"
                words = f"There is no notifier {each!r}; there are: {there}."
                raise Refused("bad_rule", words, "notify")
        try:
            self.engine.check_room(rule)
        except TooManyGroups as error:
            raise Refused("too_many_rules", f"{error}.", "keys") from None
        return not known

    def _check_stored(self, name: str) -> None:
        self._known(name)
        if name in self.fixed:
            raise Refused("read_only_rule", f"{name!r} stands in the settings: change it there.", "name")

    def _known(self, name: str) -> Rule:
        rule = self.engine.rules.get(name)
        if rule is None:
            raise Refused("unknown_rule", f"There is no rule {name!r}.", "name")
        return rule

    def _view(self, rule: Rule, standing: Standing) -> RuleView:
        until_ns = self.muted.get(rule.name, 0)
        return RuleView(
            rule=rule,
            origin="settings" if rule.name in self.fixed else "api",
            standing=standing,
            muted_until_ns=until_ns if until_ns > self.now_ns() else None,
        )
