"""A plugin is told what it should be, what it says is kept, and whatever it does, nobody else suffers."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from msgspec import structs

from actors.market.alerts.keys import read_pattern
from actors.market.reports import Bar
from actors.market.tick import Changes, Pair, Tick
from actors.plugging import inbox as inboxes
from actors.plugging.calling import SLICE_NS, Caller, Outcome
from actors.plugging.desk import PluginDesk, Standing
from actors.plugging.inbox import PluginInbox
from actors.plugins import HANGS_AFTER_S, Plugging, Plugin, Work, in_a_thread
from actors.runtime.settings import (
    DataSettings,
    MarketSettings,
    Settings,
    SupervisorSettings,
    WebSettings,
)
from actors.runtime.settings_plugins import PluginSettings
from tests.patience import PATIENCE_S
from tests.plugins.guests import Closes, Prices, Says
from tests.web.populated import BTC, ETH, bar, instrument, records, ticker

SETTINGS = Settings(SupervisorSettings(), MarketSettings(), WebSettings(), DataSettings(), {})
KEY, ETH_KEY = "bybit:linear:BTCUSDT", "bybit:linear:ETHUSDT"


class Clock:
    """A clock that goes on by `step_ns` whenever somebody looks."""

    def __init__(self, step_ns: int = 1000) -> None:
        self.now_ns, self.step_ns = 0, step_ns

    def __call__(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


async def at_once(work: Work, limiter: trio.CapacityLimiter) -> Outcome:
    """Do it here, so that a test decides what is when."""
    await trio.lowlevel.checkpoint()
    return work()


class Rig:
    """One plugin with all that is around it, told by hand."""

    def __init__(self, guest: Any, *, symbols: tuple[str, ...] = ("*",), clock: Clock | None = None) -> None:
        self.guest, self.clock = guest, clock or Clock()
        self.inbox = PluginInbox(
            [read_pattern(each) for each in symbols],
            interval_s=60 if hasattr(guest, "on_bar") else None,
            tickers=hasattr(guest, "on_ticker"),
        )
        self.standing = Standing(self.inbox, "tests:Guest", 20.0)
        self.desk = PluginDesk({"mine": self.standing})
        self.concerned: list[list[str]] = []
        self.desk.followers.append(lambda keys: self.concerned.append(list(keys)))
        caller = Caller("mine", guest, self.clock)
        self.plugin = Plugin("mine", caller, self.desk, self.clock, at_once)

    def tick(self, *bars: Bar, pair: Pair = BTC, whole: bool = False, **changes: Any) -> None:
        told = records(ticker("bybit", BTC), ticker("bybit", ETH)) if whole else []
        self.desk.offer(Tick("bybit", 0, told, Changes(bars={pair: list(bars)}, **changes), whole=whole))

    def prices(self, *prices: float, pair: Pair = BTC) -> None:
        for price in prices:
            told = records(ticker("bybit", pair, price=price))
            self.desk.offer(Tick("bybit", 0, told, Changes(tickers=[told[0].ticker])))

    def values(self, key: str = KEY) -> dict[str, float | None]:
        return {each.name: each.value for each in self.desk.records(key)}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[trio.Event]:
        """Inside the block it runs; the event is set when it has ended by itself."""
        ended = trio.Event()

        async def run() -> None:
            await self.plugin.run()
            ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.testing.wait_all_tasks_blocked()
            yield ended
            nursery.cancel_scope.cancel()

    async def settle(self) -> None:
        async with self.running():
            await trio.testing.wait_all_tasks_blocked()


def closed(start_s: int, **changes: Any) -> Bar:
    return bar(start_s, closed=True, **changes)


# What it is told


async def test_closed_bars_of_its_length_are_told_once_each_in_order() -> None:
    rig = Rig(Closes({}))
    rig.tick(closed(60, close=1.0), closed(120, close=2.0), bar(180, closed=False), closed(0, interval_s=300))
    await rig.settle()
    rig.tick(closed(60, close=1.0), closed(120, close=2.0), closed(180, close=3.0), whole=True)
    await rig.settle()
    assert rig.guest.told == [(KEY, 60, 0), (KEY, 120, 0), (KEY, 180, 0)]
    [derived] = rig.desk.records(KEY)
    assert (derived.value, derived.ts_ns, derived.inputs) == (3.0, 240_000_000_000, (KEY,))
    assert derived.whole


async def test_a_corrected_bar_is_told_again() -> None:
    rig = Rig(Closes({}))
    rig.tick(closed(60), closed(120))
    await rig.settle()
    rig.tick(closed(60, revision=1))
    await rig.settle()
    assert rig.guest.told[-1] == (KEY, 60, 1)


async def test_only_instruments_that_are_meant_are_told_by_name_too() -> None:
    rig = Rig(Closes({}), symbols=("ETH-USDT",))
    rig.tick(closed(60), closed(60))
    rig.tick(closed(60), pair=ETH)
    await rig.settle()
    assert rig.guest.told == []
    rig.tick(closed(120), pair=ETH, instruments=[instrument("bybit", ETH, "ETH")])
    await rig.settle()
    assert rig.guest.told == [(ETH_KEY, 120, 0)]


async def test_of_tickers_that_wait_the_newest_is_told() -> None:
    rig = Rig(Prices({}))
    rig.prices(1.0, 2.0, 3.0)
    rig.prices(5.0, pair=ETH)
    await rig.settle()
    assert rig.guest.told == [(KEY, 3.0), (ETH_KEY, 5.0)]
    [beside, _] = rig.desk.records(ETH_KEY)
    assert (beside.value, beside.values, beside.inputs) == (None, {"price": 5.0}, (ETH_KEY, KEY))
    assert set(rig.desk.dependents(KEY)) == {KEY, ETH_KEY}


async def test_what_is_gone_is_forgotten_and_told() -> None:
    rig = Rig(Closes({}))
    rig.tick(closed(60))
    await rig.settle()
    version = rig.desk.version
    rig.tick(removed=[BTC])
    await rig.settle()
    assert rig.guest.gone == [KEY]
    assert rig.values() == {}
    assert rig.desk.version > version
    rig.tick(closed(60))
    await rig.settle()
    assert rig.values() == {"close": bar(60).close}


async def test_what_goes_while_it_is_thought_about_is_not_kept() -> None:
    rig = Rig(Closes({}))
    rig.tick(closed(60))
    outcome = rig.plugin.caller.call(rig.inbox.take(10))
    rig.tick(closed(120), removed=[BTC])
    rig.desk.put("mine", outcome.derived)
    assert rig.values() == {}


def test_beyond_the_room_bars_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "WAITING_MAX", 3)
    rig = Rig(Closes({}))
    rig.tick(*(closed(60 * number) for number in range(1, 6)))
    assert (len(rig.inbox), rig.inbox.dropped) == (3, 2)
    [report] = rig.desk.reports()
    assert (report.waiting, report.dropped) == (3, 2)


# What it does wrong


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (SystemExit(3), "SystemExit: 3"),
        (7, "it answered int, and not a list of answers"),
        ({"name": "one", "value": 1.0}, "it answered dict, and not a list"),
        ([{"name": "one"}], "missing required field `value`"),
        ([{"name": "one", "value": "1"}], "Expected `float | null`, got `str`"),
        ([{"name": "one", "value": 1.0, "colour": "red"}], "unknown field `colour`"),
        ([{"name": "one", "value": float("nan")}], "one: value = nan: must be a finite number, or None"),
        ([{"name": "one", "value": 1.0, "values": {"two": float("inf")}}], "one: two = inf: must be"),
        ([{"name": "one", "value": 1.0, "key": "bybit:spot:X"}], "bybit:spot:X: must be the key of"),
        ([{"name": "one", "value": 1.0, "inputs": ["bybit:spot:X"]}], "bybit:spot:X: must be the key of"),
        ([{"name": "one", "value": 1.0}] * 1001, "more than 1000 things"),
        ([{"name": str(each), "value": 1.0} for each in range(101)], "more than 100 names"),
    ],
)
async def test_one_that_fails_is_switched_off_and_says_why(
    said: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(Says([{"name": "before", "value": 1.0}]))
    rig.tick(closed(60))
    await rig.settle()
    assert rig.values() == {"before": 1.0}
    assert rig.desk.is_on("mine")
    rig.guest._said = said
    with caplog.at_level(logging.ERROR), trio.fail_after(PATIENCE_S):
        async with rig.running() as ended:
            rig.concerned.clear()
            rig.tick(closed(120))
            await ended.wait()
    assert not rig.desk.is_on("mine")
    assert [KEY] in rig.concerned, "whoever was told that it is live has to hear of it"
    [report] = rig.desk.reports()
    assert report.trouble is not None
    assert words in report.trouble
    assert "switched off until the next start" in caplog.text
    rig.tick(closed(180))
    assert len(rig.inbox) == 0


async def test_one_that_hangs_is_left_alone(autojump_clock: trio.testing.MockClock) -> None:
    rig = Rig(Closes({}))

    async def never(work: Work, limiter: trio.CapacityLimiter) -> Outcome:
        await trio.sleep_forever()
        raise AssertionError

    rig.plugin.hand_over = never
    rig.tick(closed(60))
    began_s = trio.current_time()
    await rig.plugin.run()
    assert trio.current_time() - began_s == pytest.approx(HANGS_AFTER_S)
    assert rig.standing.trouble == "one call has not ended within 10 s"


async def test_a_slow_call_is_counted_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(Closes({}), clock=Clock(30_000_000))
    with caplog.at_level(logging.WARNING):
        for number in range(1, 4):
            rig.tick(closed(60 * number))
            await rig.settle()
    [report] = rig.desk.reports()
    assert (report.calls, report.overruns, report.slowest_ms) == (3, 3, 30.0)
    assert caplog.text.count("budget_ms is 20") == 1
    assert rig.desk.is_on("mine")


async def test_a_long_row_of_calls_is_cut_and_goes_on_where_it_was() -> None:
    rig = Rig(Closes({}), clock=Clock(SLICE_NS // 2))
    bars = [closed(60 * number) for number in range(1, 10)]
    rig.tick(*bars)
    outcome = rig.plugin.caller.call(rig.inbox.take(100))
    assert outcome.told == 2
    rig = Rig(Closes({}), clock=Clock(SLICE_NS // 2))
    rig.tick(*bars)
    await rig.settle()
    assert [start_s for _, start_s, _ in rig.guest.told] == [60 * number for number in range(1, 10)]


async def test_it_is_called_beside_the_loop() -> None:
    threads: list[int] = []

    class Here(Closes):
        def on_bar(self, key: str, bar: Any) -> list[dict[str, Any]]:
            threads.append(threading.get_ident())
            return super().on_bar(key, bar)

    rig = Rig(Here({}))
    rig.plugin.hand_over = in_a_thread
    told = trio.Event()
    rig.desk.followers.append(lambda _: told.set())
    with trio.fail_after(PATIENCE_S):
        async with rig.running():
            rig.tick(closed(60))
            await told.wait()
    assert threads != [threading.get_ident()]
    assert rig.values() == {"close": bar(60).close}


DOCUMENT = Path(__file__).parents[2] / "docs" / "plugins.md"


async def test_the_class_in_the_documents_works() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    [block] = [block for block in blocks if "class Spread" in block]
    names: dict[str, Any] = {}
    exec(block, names)
    rig = Rig(names["Spread"]({"factor": "2"}))
    told = records(ticker("bybit", BTC, bid=99.0, ask=101.0))
    rig.desk.offer(Tick("bybit", 0, told, Changes(tickers=[told[0].ticker])))
    await rig.settle()
    assert rig.values() == {"spread": 400.0}


def test_a_hub_without_plugins_has_none_of_it() -> None:
    plugging = Plugging(SETTINGS, Clock())
    assert plugging.desk is None
    assert plugging.children() == []
    plugging.offer(Tick("bybit", 0, []))


def test_a_hub_has_a_child_for_each_and_gives_it_what_it_hears() -> None:
    sections = {
        "closes": PluginSettings(class_="tests.plugins.guests:Closes", interval="5m"),
        "prices": PluginSettings(class_="tests.plugins.guests:Prices", symbols=("ETHUSDT",)),
    }
    settings = structs.replace(SETTINGS, plugins=sections)
    plugging = Plugging(settings, Clock())
    assert [child.name for child in plugging.children()] == ["plugin:closes", "plugin:prices"]
    told = records(ticker("bybit", BTC), ticker("bybit", ETH))
    bars = {BTC: [closed(60), closed(300, interval_s=300)]}
    plugging.offer(Tick("bybit", 0, told, Changes(tickers=[each.ticker for each in told], bars=bars)))
    assert plugging.desk is not None
    assert {each.name: each.waiting for each in plugging.desk.reports()} == {"closes": 1, "prices": 1}
    assert Plugging(settings, Clock(), is_here=False).desk is None
