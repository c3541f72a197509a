"""What the web needs of alerts: a desk at which rules are read and changed, outside its walls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from actors.market.alerts.happenings import Alert
from actors.market.alerts.rules import Rule
from actors.market.alerts.views import AlertsReport, NotifierView, RuleView


class Alerting(Protocol):
    """The rules and what became of them. What cannot be done raises `Refused`
    (`actors/market/alerts/views.py`), with a code and words for whoever asked.

    `followers` are called with every alert as it happens; they must be quick, and never raise.
    """

    followers: list[Callable[[Sequence[Alert]], None]]

    def rules(self) -> list[RuleView]:
        """Every rule and how it stands, without its subjects."""

    def rule(self, name: str) -> RuleView:
        """One rule, with what it looks at."""

    def meant_by(self, rule: Rule, limit: int) -> tuple[list[tuple[str, str, str]], int]:
        """The instruments (exchange, market, symbol) that a rule means now, some of them, and how many."""

    def notifiers(self) -> list[NotifierView]:
        """Every notifier and how it does."""

    def report(self) -> AlertsReport:
        """Everything that is counted."""

    async def history(self, rule: str | None, before: int | None, limit: int) -> list[Alert]:
        """What happened, the newest first: of one rule, before a number."""

    async def put(self, rule: Rule, *, create: bool = False) -> bool:
        """Have this rule, in place of the one of its name, unless it is only to be created. Returns whether
        it is new."""

    async def change(self, name: str, become: Callable[[Rule], Rule]) -> None:
        """Have this rule as `become` makes it of what it is then. What that raises is raised."""

    async def remove(self, name: str) -> None:
        """Have this rule no more."""

    async def mute(self, name: str, until_ns: int) -> None:
        """Notify nobody of this rule until then."""

    async def send_trial(self, name: str) -> str | None:
        """Send a message through a notifier, at once. Returns why that failed."""
