"""How alerts look from outside: rules and notifiers with their states, and why something is refused."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.alerts.happenings import Standing
from actors.market.alerts.rules import Rule

Origin: TypeAlias = Literal["settings", "api"]
Code: TypeAlias = Literal[
    "bad_rule", "rule_exists", "unknown_rule", "read_only_rule", "too_many_rules", "reserved_name",
    "unknown_notifier", "alerts_unavailable", "alerts_disabled",
]  # fmt: skip


class Refused(Exception):
    """What was asked cannot be done; its words are for whoever asked. `field` is what it lies at."""

    def __init__(self, code: Code, words: str, field: str = "") -> None:
        super().__init__(words)
        self.code, self.field = code, field


class RuleView(Struct, frozen=True, kw_only=True):
    """A rule and how it stands. Those of the settings can only be changed there. `muted_until_ns` is `None`
    while it is not muted."""

    rule: Rule
    origin: Origin
    standing: Standing
    muted_until_ns: int | None


class NotifierView(Struct, frozen=True, kw_only=True):
    """A notifier: what was sent since the start, what waits, and what went wrong last. Of notifications,
    queued = sent + dropped + waiting, but for those that an earlier run left."""

    name: str
    kind: str
    waiting: int = 0
    sent: int = 0
    failures: int = 0
    dropped: dict[str, int] = {}
    last_error: str | None = None
    last_error_ns: int | None = None


class AlertsReport(Struct, frozen=True, kw_only=True):
    """All alerts together, for those who count. `trouble` is why nothing can be kept now."""

    rules: dict[Origin, int]
    states: dict[str, int]
    active: int
    happenings: dict[str, int]
    suppressed: dict[str, int]
    unwritten: int
    dropped: dict[str, int]
    notifiers: list[NotifierView]
    trouble: str | None
