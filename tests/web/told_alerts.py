"""Alerts as the web is told of them, made up: a report whose every number can be changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import structs

from actors.market.alerts.happenings import Alert
from actors.market.alerts.views import AlertsReport, NotifierView

ALERT = Alert(
    id="al_1",
    number=1_766_523_600_500,
    kind="fired",
    rule="btc-above",
    severity="warning",
    subject="bybit:linear:BTCUSDT",
    value=101.0,
    bound=100.0,
    text="bybit:linear:BTCUSDT: price is 101, above 100",
    note="",
    muted=False,
    ts=1_766_523_600_500,
    since=1_766_523_600_000,
)
OPS = {"notifier": "ops"}


class ToldAlerts:
    """Only what is counted."""

    def __init__(self) -> None:
        self.followers: list[Callable[[Sequence[Alert]], None]] = []
        self.told = AlertsReport(
            rules={},
            states={},
            active=0,
            happenings={},
            suppressed={},
            unwritten=0,
            dropped={"unwritten": 0, "inbox": 0},
            notifiers=[NotifierView(name="ops", kind="webhook")],
            trouble=None,
        )

    def report(self) -> AlertsReport:
        """What is counted."""
        return self.told

    def tell(self, **changes: Any) -> None:
        """Have another report."""
        self.told = structs.replace(self.told, **changes)

    def notifier(self, **changes: Any) -> None:
        """Have another notifier."""
        self.tell(notifiers=[structs.replace(self.told.notifiers[0], **changes)])


# A metric, its labels, what it is then, and what is done.
MOVED: list[tuple[str, dict[str, str], float, Callable[[ToldAlerts], None]]] = [
    ("alert_rules", {"origin": "api"}, 2, lambda told: told.tell(rules={"api": 2})),
    ("alert_rules_by_state", {"state": "stale"}, 3, lambda told: told.tell(states={"stale": 3})),
    ("alerts_active", {}, 4, lambda told: told.tell(active=4)),
    ("alerts_total", {"kind": "fired"}, 5, lambda told: told.tell(happenings={"fired": 5})),
    ("alerts_suppressed_total", {"cause": "stale"}, 6, lambda told: told.tell(suppressed={"stale": 6})),
    ("alerts_unwritten", {}, 7, lambda told: told.tell(unwritten=7)),
    ("alerts_dropped_total", {"queue": "inbox"}, 8, lambda told: told.tell(dropped={"inbox": 8})),
    ("notifier_waiting", OPS, 9, lambda told: told.notifier(waiting=9)),
    ("notifier_sent_total", OPS, 10, lambda told: told.notifier(sent=10)),
    ("notifier_failures_total", OPS, 11, lambda told: told.notifier(failures=11)),
    (
        "notifier_dropped_total",
        {**OPS, "cause": "full"},
        12,
        lambda told: told.notifier(dropped={"full": 12}),
    ),
]
