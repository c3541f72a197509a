"""Plugins: which of them run, what they are told, what they say, and how long they take."""

from __future__ import annotations

from collections.abc import Iterator

from actors.market.plugged import PluginReport
from web.metrics.families import Family, Sample, counter, gauge
from web.site import Site

UP = gauge("plugin_up", "1 while a plugin runs; 0 after it was switched off.", "plugin")
CALLS = counter("plugin_calls_total", "Bars and tickers that a plugin was told.", "plugin")
ANSWERS = counter("plugin_answers_total", "What it said.", "plugin")
RECORDS = gauge("plugin_records", "Its answers that are kept, the newest of each name.", "plugin")
OVERRUNS = counter("plugin_overruns_total", "Calls that took longer than `budget_ms`.", "plugin")
DROPPED = counter(
    "plugin_dropped_total", "Bars and tickers that found no room, and were never told.", "plugin"
)
WAITING = gauge("plugin_waiting", "Bars and tickers that it is still to be told.", "plugin")
SLOWEST = gauge("plugin_slowest_call_seconds", "The longest call since the start.", "plugin")

FAMILIES: tuple[Family, ...] = (
    UP, CALLS, ANSWERS, RECORDS, OVERRUNS, DROPPED, WAITING, SLOWEST,
)  # fmt: skip


def samples(site: Site) -> Iterator[Sample]:
    """Of every plugin; none where there are no plugins."""
    for report in site.plugins.reports() if site.plugins is not None else ():
        yield from _of(report)


def _of(report: PluginReport) -> Iterator[Sample]:
    name = report.name
    yield UP.of(report.trouble is None, name)
    yield CALLS.of(report.calls, name)
    yield ANSWERS.of(report.answers, name)
    yield RECORDS.of(report.records, name)
    yield OVERRUNS.of(report.overruns, name)
    yield DROPPED.of(report.dropped, name)
    yield WAITING.of(report.waiting, name)
    yield SLOWEST.of(report.slowest_ms / 1000, name)
