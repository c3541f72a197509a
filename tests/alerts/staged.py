"""Alerts as the hub has them, on a disk, with a clock of their own and notifiers that do as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import trio

from actors.alerting.desk import AlertDesk
from actors.alerting.ledger import Ledger
from actors.alerts import Alerts
from actors.market.alerts.happenings import Alert
from actors.market.alerts.rules import Rule
from actors.market.events import State
from actors.market.reports import Bar
from actors.market.tick import Changes, Record, Tick
from actors.market.ticker import Ticker
from actors.notifiers.base import Notification, NotifierError
from actors.runtime.settings import AlertsSettings
from tests.alerts.judged import BTC, MONDAY_NS

T = TypeVar("T")


class Told:
    """A notifier that remembers, and fails as often as it is told to."""

    def __init__(self, name: str = "ops", kind: str = "webhook") -> None:
        self.name, self.kind = name, kind
        self.sent: list[Notification] = []
        self.failures: list[NotifierError] = []
        self.down = False

    async def send(self, notification: Notification) -> None:
        """Take it, or not."""
        await trio.lowlevel.checkpoint()
        if self.down:
            raise NotifierError("down")
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(notification)


class Staged:
    """One hub's alerts, from one life to the next."""

    def __init__(self, folder: Path, rules: Sequence[Rule] = (), **settings: Any) -> None:
        self.folder, self.fixed = folder, {rule.name: rule for rule in rules}
        self.settings = AlertsSettings(**settings)
        self.ops, self.other = Told("ops"), Told("other")
        self.asked: list[tuple[Any, ...]] = []
        self.bars: list[Bar] = []
        self.alerts: list[Alert] = []
        self.began_s: float | None = None
        self.make()

    def make(self) -> None:
        """A hub that starts again has everything anew, but the disk."""
        ledger = Ledger(self.folder / "alerts.db", self.settings.history_rows, self.settings.waiting_max)
        notifiers = {each.name: each for each in (self.ops, self.other)}
        self.desk = AlertDesk(self.settings, ledger, self.fixed, notifiers, self.now_ns, call=at_once)
        self.desk.followers.append(self.alerts.extend)
        self.actor = Alerts(self.desk, self.past, self.now_ns)

    def now_ns(self) -> int:
        """The clock, on a Monday."""
        return MONDAY_NS + int(trio.current_time() * 1e9)

    async def past(self, place: tuple[str, str, str], interval_s: int, count: int, /) -> list[Bar]:
        """The bars of the past."""
        self.asked.append((place, interval_s, count))
        await trio.lowlevel.checkpoint()
        return self.bars

    def publish(self, price: float, quality: State = "live", *, whole: bool = False, **changes: Any) -> None:
        """A tick with a price."""
        exchange, market, symbol = BTC
        ticker = Ticker(exchange=exchange, market=market, symbol=symbol, price=price, quality=quality)
        told = Changes(tickers=[ticker], **changes)
        self.desk.inbox.offer(Tick(exchange, self.now_ns(), [Record(ticker, b"")], told, whole=whole))

    def beat(self, **changes: Any) -> None:
        """A tick in which no price changed."""
        self.desk.inbox.offer(Tick(BTC[0], self.now_ns(), [], Changes(**changes)))

    async def price(self, price: float, quality: State = "live") -> list[str]:
        """A tick, and the kinds of what follows within a second."""
        before = len(self.alerts)
        self.publish(price, quality)
        await self.pass_(1)
        return [each.kind for each in self.alerts[before:]]

    async def pass_(self, seconds: float) -> None:
        """Let time pass, with a tick every second."""
        for _ in range(int(seconds)):
            await trio.sleep(1)
            self.beat()
        await settle()

    @asynccontextmanager
    async def slow_disk(self) -> AsyncIterator[None]:
        """Meanwhile the disk takes its time."""
        answers = trio.Event()

        async def slowly(work: Callable[[], T], /) -> T:
            await answers.wait()
            return work()

        usual, self.desk.call = self.desk.call, slowly
        try:
            yield
        finally:
            self.desk.call = usual
            answers.set()

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """One life of the actor."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.actor.run)
            await settle()
            yield
            await settle()
            nursery.cancel_scope.cancel()


async def at_once(work: Callable[[], T], /) -> T:
    """What a thread would do, done here: a thread takes real time, and the clock is ours."""
    await trio.lowlevel.checkpoint()
    return work()


async def settle() -> None:
    """Until nothing more happens at this moment."""
    await trio.testing.wait_all_tasks_blocked()
