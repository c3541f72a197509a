"""Sinks as the web tells of them: all about each for the status, and how well it is for health."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec.structs import asdict

from actors.market.sinkstatus import SinkReport, SinkState
from web.wire import iso_time

Verdict: TypeAlias = Literal["pass", "warn", "fail"]

# A sink that is down loses nothing as long as our disk takes its rows; without room there, rows are lost.
VERDICTS: dict[SinkState, Verdict] = {
    "ok": "pass",
    "catching_up": "pass",
    "down": "warn",
    "refused": "warn",
    "disk_full": "fail",
}
WORDS: dict[SinkState, str] = {
    "ok": "",
    "catching_up": "writes what has waited",
    "down": "takes no rows",
    "refused": "refuses some rows",
    "disk_full": "rows cannot be put away on the hub's own disk",
}


def sink_entry(report: SinkReport, now_ns: int) -> dict[str, Any]:
    """One sink: rows accepted = written + in hand + in the outbox + dropped, at all times."""
    attempt = report.next_attempt_ns
    return {
        "name": report.name,
        **sink_counts(report),
        "outbox_bytes": report.outbox_bytes,
        "outbox_age_s": age_s(report.outbox_oldest_ns, now_ns),
        "trouble": report.trouble,
        "next_attempt_in_s": None if attempt is None else round(max(0, attempt - now_ns) / 1e9, 1),
        "storage": None if report.storage is None else asdict(report.storage),
    }


def sink_counts(report: SinkReport) -> dict[str, Any]:
    """Its state, since when, and where every accepted row is."""
    return {
        "state": report.state,
        "since": iso_time(report.since_ns) if report.since_ns else None,
        "accepted": report.accepted,
        "written": report.written,
        "in_hand": report.in_hand,
        "outbox_rows": report.outbox_rows,
        "dropped": report.dropped,
        "last_error": report.last_error,
    }


def sink_check(report: SinkReport, now_ns: int) -> dict[str, Any]:
    """One sink's entry in health: how many rows wait, and what is wrong in words."""
    check: dict[str, Any] = {
        "status": VERDICTS[report.state],
        "componentType": "datastore",
        "observedValue": report.outbox_rows,
        "observedUnit": "rows",
        "time": iso_time(now_ns),
        "sink": sink_counts(report),
    }
    output = "; ".join(words for words in said(report) if words)
    return {**check, "output": output} if output else check


def said(report: SinkReport) -> list[str]:
    """What a person should know."""
    state = WORDS[report.state]
    return [
        f"{state}: {report.trouble}" if state and report.trouble else state,
        f"{report.outbox_rows} rows wait on disk" if report.outbox_rows else "",
        f"{report.in_hand} rows wait in memory" if report.state == "disk_full" else "",
        *(f"{rows} rows dropped since the start: {cause}" for cause, rows in sorted(report.dropped.items())),
    ]


def age_s(ts_ns: int | None, now_ns: int) -> float | None:
    """How long ago something was, in seconds; `None` when it never was."""
    return None if ts_ns is None else round(max(0, now_ns - ts_ns) / 1e9, 3)
