"""Alerts: the rules and their states, what happened, what was held back, and how telling goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from actors.market.alerts.happenings import HappeningKind, RuleState
from actors.market.alerts.views import AlertsReport, NotifierView, Origin
from web.metrics.families import Family, Sample, counter, gauge
from web.site import Site

SUPPRESSED_CAUSES = ("stale", "unknown", "cooldown", "schedule", "full")
NOTIFIER_CAUSES = ("full", "gave_up", "refused")

RULES = gauge("alert_rules", "Rules, by where they stand.", "origin")
STATES = gauge("alert_rules_by_state", "Rules, by how they stand.", "state")
ACTIVE = gauge("alerts_active", "Rules that are pending or firing, counted for each instrument.")
HAPPENED = counter("alerts_total", "What was told of rules.", "kind")
SUPPRESSED = counter(
    "alerts_suppressed_total",
    "Times that a condition held and did not fire, by cause; `stale`: its data was not to be trusted.",
    "cause",
)
UNWRITTEN = gauge("alerts_unwritten", "Alerts that are not on disk yet.")
DROPPED = counter(
    "alerts_dropped_total",
    "What there was no room for: alerts that the disk did not take (`unwritten`), liquidations (`inbox`).",
    "queue",
)
WAITING = gauge("notifier_waiting", "Notifications that wait on disk.", "notifier")
SENT = counter("notifier_sent_total", "Notifications that a notifier took.", "notifier")
FAILURES = counter("notifier_failures_total", "Attempts that failed.", "notifier")
LOST = counter("notifier_dropped_total", "Notifications that were never sent, by cause.", "notifier", "cause")

FAMILIES: tuple[Family, ...] = (
    RULES, STATES, ACTIVE, HAPPENED, SUPPRESSED, UNWRITTEN, DROPPED, WAITING, SENT, FAILURES, LOST,
)  # fmt: skip


def samples(site: Site) -> Iterator[Sample]:
    """Of all rules together; none where there are no alerts."""
    if site.alerts is None:
        return
    report = site.alerts.report()
    yield from _rules(report)
    for queue, count in report.dropped.items():
        yield DROPPED.of(count, queue)
    for view in report.notifiers:
        yield from _notifier(view)


def _rules(report: AlertsReport) -> Iterator[Sample]:
    for origin in get_args(Origin):
        yield RULES.of(report.rules.get(origin, 0), origin)
    for state in get_args(RuleState):
        yield STATES.of(report.states.get(state, 0), state)
    yield ACTIVE.of(report.active)
    yield UNWRITTEN.of(report.unwritten)
    for kind in get_args(HappeningKind):
        yield HAPPENED.of(report.happenings.get(kind, 0), kind)
    for cause in dict.fromkeys((*SUPPRESSED_CAUSES, *report.suppressed)):
        yield SUPPRESSED.of(report.suppressed.get(cause, 0), cause)


def _notifier(view: NotifierView) -> Iterator[Sample]:
    yield WAITING.of(view.waiting, view.name)
    yield SENT.of(view.sent, view.name)
    yield FAILURES.of(view.failures, view.name)
    for cause in dict.fromkeys((*NOTIFIER_CAUSES, *view.dropped)):
        yield LOST.of(view.dropped.get(cause, 0), view.name, cause)
