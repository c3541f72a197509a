"""The addresses of alerts, for the document that describes all."""

from __future__ import annotations

from typing import Any

from actors.market.alerts.rules import Rule
from web.api.alert_shapes import (
    AlertHistory,
    HistoryQuery,
    Mute,
    NotifiersAnswer,
    PreviewAnswer,
    PreviewQuery,
    RuleAnswer,
    RulesAnswer,
    Trial,
    TrialAnswer,
)
from web.api.elsewhere import Elsewhere

JSON = "application/json"
CONTROL = "Needs the control token, or a request on the hub's own machine."
CHANGING = (400, 401, 403, 409, 413, 415, 429, 503)
ONE: dict[int, tuple[str, Any]] = {200: (JSON, RuleAnswer)}
NEW: dict[int, tuple[str, Any]] = {201: (JSON, RuleAnswer)}


def _told(method: Any, path: str, name: str, summary: str, details: str, **more: Any) -> Elsewhere:
    return Elsewhere(method, f"/api/v1/alerts{path}", name, "alerts", summary, details, **more)


ADDRESSES = [
    _told(
        "get",
        "",
        "alerts",
        "All alert rules, and how they stand",
        "By name; without their subjects.",
        answers={200: (JSON, RulesAnswer)},
        problems=(400, 503),
    ),
    _told("post", "", "create_alert", "A new rule", CONTROL, answers=NEW, problems=CHANGING, body=Rule),
    _told(
        "get",
        "/history",
        "alert_history",
        "What happened",
        "The newest first: what fired, what is over, which rules had stale data only.",
        answers={200: (JSON, AlertHistory)},
        problems=(400, 503),
        query=HistoryQuery,
    ),
    _told(
        "get",
        "/notifiers",
        "notifiers",
        "Who is told, and how that goes",
        "They stand in the settings.",
        answers={200: (JSON, NotifiersAnswer)},
        problems=(400, 503),
    ),
    _told(
        "post",
        "/preview",
        "preview_alert",
        "How often a rule would have fired",
        f"Out of history; nothing is saved. {CONTROL}",
        answers={200: (JSON, PreviewAnswer)},
        problems=(400, 401, 403, 413, 415, 422, 429, 503, 504),
        body=Rule,
        query=PreviewQuery,
    ),
    _told(
        "post",
        "/test",
        "try_notifier",
        "Send a message through a notifier, at once",
        CONTROL,
        answers={200: (JSON, TrialAnswer)},
        problems=(400, 401, 403, 404, 413, 415, 429, 503),
        body=Trial,
    ),
    _told(
        "get",
        "/{name}",
        "alert",
        "One rule, and how it stands with what it looks at",
        "Up to a hundred of its subjects, those that matter most first.",
        answers=ONE,
        problems=(400, 404, 503),
    ),
    _told(
        "put",
        "/{name}",
        "put_alert",
        "A rule in place of the one of that name, or a new one",
        CONTROL,
        answers={**ONE, **NEW},
        problems=CHANGING,
        body=Rule,
    ),
    _told(
        "patch",
        "/{name}",
        "change_alert",
        "Change some fields of a rule",
        f"A merge patch: `null` means the default. {CONTROL}",
        answers=ONE,
        problems=(*CHANGING, 404),
        body=dict,
    ),
    _told(
        "delete",
        "/{name}",
        "remove_alert",
        "Have a rule no more",
        f"What it did stays in the history. {CONTROL}",
        answers={204: ("", None)},
        problems=(401, 403, 404, 409, 429, 503),
    ),
    _told(
        "post",
        "/{name}/mute",
        "mute_alert",
        "Notify nobody of a rule for a while",
        f"It goes on being judged, and its alerts are kept and streamed. {CONTROL}",
        answers=ONE,
        problems=(*CHANGING, 404),
        body=Mute,
    ),
]
