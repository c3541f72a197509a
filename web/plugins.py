"""Plugins as the web sees them: what they derive, how far that can be trusted, and how well they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from actors.market.plugged import Derived, PluginReport
from web.sinks import Verdict


class Plugins(Protocol):
    """What all plugins said at last. `followers` are called with the keys about which one said something,
    or is not to be trusted any more; they must be quick, and never raise. `version` counts what changed."""

    followers: list[Callable[[Sequence[str]], None]]
    version: int

    def records(self, key: str) -> list[Derived]:
        """The newest answers about an instrument, by plugin and name."""

    def subjects(self) -> Iterable[str]:
        """The instruments about which there are any."""

    def dependents(self, key: str) -> Iterable[str]:
        """The instruments about which something rests on this one."""

    def is_on(self, plugin: str) -> bool:
        """Whether a plugin runs."""

    def reports(self) -> list[PluginReport]:
        """How every plugin does."""


def plugin_checks(plugins: Plugins | None) -> dict[str, list[dict[str, Any]]]:
    """Their entries in health. None of them, in whatever state, takes the hub out of service."""
    reports = plugins.reports() if plugins is not None else []
    return {f"plugin:{each.name}": [_check(each)] for each in reports}


def _check(report: PluginReport) -> dict[str, Any]:
    status, output = _verdict(report)
    slowest_ms = round(report.slowest_ms, 3)
    check: dict[str, Any] = {"status": status, "observedValue": slowest_ms, "observedUnit": "ms"}
    return check | {"output": output} if output else check


def _verdict(report: PluginReport) -> tuple[Verdict, str]:
    if report.trouble is not None:
        return "warn", f"switched off until the next start: {report.trouble}"
    if report.dropped:
        return "warn", f"{report.dropped} bars and tickers found no room: it is too slow"
    return "pass", ""
