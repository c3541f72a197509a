"""From happenings to alerts as they are told, and from alerts to what notifiers send."""

from __future__ import annotations

import secrets

import msgspec

from actors.alerting.ledger import Entry
from actors.market.alerts.happenings import Alert, Happening
from actors.market.alerts.rules import Rule
from actors.notifiers.base import Notification

TITLES = {"fired": "ALERT", "resolved": "over", "stale": "stale data", "fresh": "fresh data", "test": "test"}


def entry_of(happening: Happening, rule: Rule | None, number: int, *, muted: bool) -> Entry:
    """What is written of a happening. A rule that is gone tells nobody any more."""
    alert = Alert(
        id=f"al_{secrets.token_hex(8)}",
        number=number,
        kind=happening.kind,
        rule=happening.rule,
        severity=happening.severity,
        subject=happening.subject,
        value=happening.value,
        bound=happening.bound,
        text=happening.text,
        note=rule.note if rule is not None else "",
        muted=muted,
        ts=happening.at_ns // 1_000_000,
        since=happening.since_ns // 1_000_000,
    )
    return Entry(
        alert=alert,
        way=happening.way,
        opens=happening.kind == "fired" and happening.lasting,
        closes=happening.kind == "resolved",
        notify=rule.notify if rule is not None and not muted and _is_wanted(happening, rule) else (),
    )


def _is_wanted(happening: Happening, rule: Rule) -> bool:
    """Whoever is told that data is stale is told when it is fresh again."""
    return ("stale" if happening.kind == "fresh" else happening.kind) in rule.notify_on


def notification_of(alert: Alert) -> Notification:
    """What a notifier sends of an alert."""
    words = f"{alert.text}\n{alert.note}" if alert.note else alert.text
    return Notification(
        id=alert.id,
        kind=alert.kind,
        title=f"[{alert.severity}] {alert.rule}: {TITLES[alert.kind]}",
        text=words,
        body=msgspec.json.encode({"type": f"alert.{alert.kind}", "id": alert.id, "data": alert}),
        at_ns=alert.ts * 1_000_000,
    )


def trial_of(name: str, now_ns: int) -> Notification:
    """What is sent to find out whether a notifier works."""
    identity, ts = f"al_{secrets.token_hex(8)}", now_ns // 1_000_000
    return Notification(
        id=identity,
        kind="test",
        title=f"[info] {name}: {TITLES['test']}",
        text="Tickwell can reach you here.",
        body=msgspec.json.encode({"type": "alert.test", "id": identity, "data": {"ts": ts}}),
        at_ns=now_ns,
    )
