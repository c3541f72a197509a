"""The plugins actors: what changed → a class of the user's → derived records, told like everything else.

    inbox ─▶ a thread of its own: on_bar, on_ticker ─▶ checked ─▶ desk ─▶ web

A plugin is a guest. It is called in a thread, so that nothing waits for it; when it raises, answers nonsense
or hangs, it is switched off until the next start: that is logged, counted, and a warning of `/health`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import trio

from actors.market.alerts.keys import read_pattern
from actors.market.tick import Tick
from actors.plugging.calling import Caller, Outcome
from actors.plugging.desk import PluginDesk, Standing, TooManyNames
from actors.plugging.inbox import PluginInbox
from actors.plugging.loading import load_plugins
from actors.runtime.settings import Settings
from actors.runtime.settings_plugins import INTERVALS_S, PluginSettings
from actors.runtime.supervision import Child

INPUTS_AT_ONCE = 500
HANGS_AFTER_S = 10.0
WARN_EVERY_NS = 60_000_000_000

_logger = logging.getLogger("tickwell.plugins")
Work: TypeAlias = Callable[[], Outcome]
HandOver: TypeAlias = Callable[[Work, trio.CapacityLimiter], Awaitable[Outcome]]


async def in_a_thread(work: Work, limiter: trio.CapacityLimiter) -> Outcome:
    """Have it done beside the loop. Who does not want to wait any longer leaves it alone."""
    return await trio.to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=True)


@dataclass
class Plugin:
    """Keeps one plugin supplied, and keeps what it says, until it is switched off."""

    name: str
    caller: Caller
    desk: PluginDesk
    now_ns: Callable[[], int]
    hand_over: HandOver = field(default_factory=lambda: in_a_thread)
    _warned_ns: int = field(default=-WARN_EVERY_NS)

    async def run(self) -> None:
        """One life. It ends when the plugin is switched off."""
        standing, limiter = self.desk.standings[self.name], trio.CapacityLimiter(1)
        while standing.trouble is None:
            await standing.inbox.wait()
            inputs = standing.inbox.take(INPUTS_AT_ONCE)
            with trio.move_on_after(HANGS_AFTER_S) as patience:
                outcome = await self.hand_over(partial(self.caller.call, inputs), limiter)
            if patience.cancelled_caught:
                self._switch_off(f"one call has not ended within {HANGS_AFTER_S:g} s")
                return
            standing.inbox.put_back(inputs[outcome.told :])
            self._note(standing, outcome)

    def _note(self, standing: Standing, outcome: Outcome) -> None:
        standing.calls += len(outcome.durations_ns)
        standing.answers += len(outcome.derived)
        standing.slowest_ns = max([standing.slowest_ns, *outcome.durations_ns])
        late = sum(each > standing.budget_ms * 1e6 for each in outcome.durations_ns)
        standing.overruns += late
        if late and self.now_ns() - self._warned_ns >= WARN_EVERY_NS:
            self._warned_ns = self.now_ns()
            words = "plugin %s: a call took %.1f ms, and budget_ms is %g; %d calls were too long so far"
            slowest_ms = max(outcome.durations_ns) / 1e6
            _logger.warning(words, self.name, slowest_ms, standing.budget_ms, standing.overruns)
        try:
            self.desk.put(self.name, outcome.derived)
        except TooManyNames as error:
            outcome.trouble = outcome.trouble or str(error)
        if outcome.trouble is not None:
            self._switch_off(outcome.trouble, outcome.trace)

    def _switch_off(self, trouble: str, trace: str = "") -> None:
        self.desk.switch_off(self.name, trouble)
        _logger.error("plugin %s is switched off until the next start: %s\n%s", self.name, trouble, trace)


class Plugging:
    """The plugins of a hub, as the map puts them together: nothing at all where the settings have none, or
    where there is no picture. Raises `SettingsError`."""

    def __init__(self, settings: Settings, now_ns: Callable[[], int], *, is_here: bool = True) -> None:
        plugins = load_plugins(settings.plugins) if is_here else {}
        standings = {name: _standing(settings.plugins[name], each) for name, each in plugins.items()}
        self.desk: PluginDesk | None = PluginDesk(standings) if plugins else None
        self._children: list[Child] = []
        if self.desk is not None:
            for name, each in plugins.items():
                caller = Caller(name, each, now_ns)
                self._children.append(Child(f"plugin:{name}", Plugin(name, caller, self.desk, now_ns).run))

    def children(self) -> list[Child]:
        """What the hub keeps alive."""
        return self._children

    def offer(self, tick: Tick) -> None:
        """Take what changed at one exchange."""
        if self.desk is not None:
            self.desk.offer(tick)


def check_plugins(settings: Settings) -> None:
    """Raise `SettingsError` for plugins that could not be used. What they print goes to stderr, so that what
    was asked for stands alone on stdout."""
    with redirect_stdout(sys.stderr):
        load_plugins(settings.plugins)


def _standing(section: PluginSettings, plugin: Any) -> Standing:
    hears_bars, hears_tickers = hasattr(plugin, "on_bar"), hasattr(plugin, "on_ticker")
    patterns = [read_pattern(text) for text in section.symbols]
    interval_s = INTERVALS_S[section.interval] if hears_bars else None
    inbox = PluginInbox(patterns, interval_s=interval_s, tickers=hears_tickers)
    return Standing(inbox, section.class_, section.budget_ms)
