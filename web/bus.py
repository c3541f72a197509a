"""The bus between several machines as the web tells of it: for the status, and how well it is for health."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from actors.market.busstatus import BusReport
from web.sinks import Verdict

CLOCK_AHEAD_MAX_MS = 1000.0
LAG_MAX_MS = 5000.0


def bus_entry(report: BusReport) -> dict[str, Any]:
    """All about it."""
    return asdict(report) | {"nodes": [asdict(node) for node in report.nodes]}


def bus_check(report: BusReport) -> dict[str, Any]:
    """Its entry in health. A bus that is down takes no node out of service: what it shows is stale, and says
    so, and no other node is better off. One that does not know yet what the others know is not ready."""
    status, output = _verdict(report)
    check: dict[str, Any] = {"status": status, "observedValue": len(report.nodes), "observedUnit": "nodes"}
    return check | {"output": output} if output else check


def _verdict(report: BusReport) -> tuple[Verdict, str]:
    if report.error is not None:
        return "warn", report.error
    if report.lag_ms > LAG_MAX_MS:
        return "fail", f"this node is {report.lag_ms / 1000:.1f} s behind the log, and catches up"
    if not report.has_heard:
        return "fail", "this node has not heard yet what the others know"
    off = [node for node in report.nodes if abs(node.clock_ahead_ms) > CLOCK_AHEAD_MAX_MS]
    if off:
        seconds = off[0].clock_ahead_ms / 1000
        return "warn", f"the clock of node {off[0].name} is {seconds:+.1f} s off this one's: let NTP set both"
    return "pass", ""
