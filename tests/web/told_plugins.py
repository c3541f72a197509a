"""Plugins as the web is told of them, made up: records and a report that can be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import structs

from actors.market.plugged import Derived, PluginReport

KEY = "bybit:linear:BTCUSDT"
HAR = Derived(
    plugin="volatility",
    name="har",
    key=KEY,
    value=41.5,
    values={"variance": 3e-7},
    inputs=(KEY,),
    source="bar",
    ts_ns=1_766_523_600_000_000_000,
)
REPORT = PluginReport(
    name="volatility",
    class_name="examples.volatility_forecast:Forecast",
    trouble=None,
    calls=0,
    answers=0,
    records=0,
    overruns=0,
    dropped=0,
    waiting=0,
    slowest_ms=0.0,
    budget_ms=20.0,
)


class ToldPlugins:
    """One plugin, and what it says: `say` replaces all of it."""

    def __init__(self, *told: Derived) -> None:
        self.followers: list[Callable[[Sequence[str]], None]] = []
        self.version = 0
        self.told = list(told)
        self.report = REPORT

    def say(self, *told: Derived) -> None:
        """Have these answers, and tell so."""
        self.told, self.version = list(told), self.version + 1
        for follow in self.followers:
            follow([each.key for each in told])

    def change(self, **changes: Any) -> None:
        """Have another report."""
        self.report = structs.replace(self.report, **changes)

    def records(self, key: str) -> list[Derived]:
        """What is said about a key."""
        return [each for each in self.told if each.key == key]

    def subjects(self) -> Iterable[str]:
        """What something is said about."""
        return {each.key: None for each in self.told}

    def dependents(self, key: str) -> Iterable[str]:
        """What rests on a key."""
        return {each.key: None for each in self.told if key in each.inputs}

    def is_on(self, plugin: str) -> bool:
        """Whether it runs."""
        return self.report.trouble is None

    def reports(self) -> list[PluginReport]:
        """How it does."""
        return [self.report]


# A metric, what it is then, and what is done.
PLUGIN_MOVED: list[tuple[str, float, Callable[[ToldPlugins], None]]] = [
    ("plugin_up", 0, lambda told: told.change(trouble="ValueError: no")),
    ("plugin_calls_total", 2, lambda told: told.change(calls=2)),
    ("plugin_answers_total", 3, lambda told: told.change(answers=3)),
    ("plugin_records", 4, lambda told: told.change(records=4)),
    ("plugin_overruns_total", 5, lambda told: told.change(overruns=5)),
    ("plugin_dropped_total", 6, lambda told: told.change(dropped=6)),
    ("plugin_waiting", 7, lambda told: told.change(waiting=7)),
    ("plugin_slowest_call_seconds", 0.008, lambda told: told.change(slowest_ms=8.0)),
]
