"""The alerts actor: what changed → the rules → whoever follows, history, and the notifiers.

    inbox ─▶ engine ─▶ told at once to the stream
                   └─▶ written to disk ─▶ outbox ─▶ one courier for each notifier

It waits for nobody: a disk or a notifier that is slow holds up its own queue only, and that has a bound.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import trio

from actors.alerting.configured import notifiers_of, rules_of
from actors.alerting.desk import AlertDesk
from actors.alerting.inbox import News
from actors.alerting.ledger import Ledger
from actors.alerting.past import HistoryPast, Past
from actors.market.tick import Tick
from actors.runtime.errors import HistoryTimeout, SettingsError, SinkError
from actors.runtime.settings import Settings
from actors.runtime.supervision import Child
from actors.sinks.base import History

DATABASE = "alerts.db"
LOOKS_PER_CHECKPOINT = 100  # each takes some ten microseconds, and the loop has others to serve
SEED_EVERY_S = 1.0
SEEDS_AT_ONCE = 20
END_WITHIN_S = 2.0

_logger = logging.getLogger("tickwell.alerts")


@dataclass
class Alerts:
    """Judges what changes. `past` tells the volumes of bars from before the start."""

    desk: AlertDesk
    past: Past
    now_ns: Callable[[], int]

    async def run(self) -> None:
        """One life: it knows what an earlier one had told, and begins with the whole picture."""
        await self.desk.begin()
        try:
            async with trio.open_nursery() as nursery:
                for courier in self.desk.couriers.values():
                    nursery.start_soon(courier.run)
                nursery.start_soon(self.desk.writing.run)
                nursery.start_soon(self._seed)
                await self._judge()
        finally:
            with trio.move_on_after(END_WITHIN_S, shield=True):
                await self.desk.writing.close()

    async def _judge(self) -> None:
        inbox, engine = self.desk.inbox, self.desk.engine
        while True:
            with trio.move_on_after(max(0.0, (engine.next_ns() - self.now_ns()) / 1e9)):
                await inbox.wait()
            for count, _ in enumerate(self._look(inbox.take()), 1):
                if count % LOOKS_PER_CHECKPOINT == 0:
                    await trio.lowlevel.checkpoint()
            self.desk.tell(engine.advance(self.now_ns()))
            await trio.lowlevel.checkpoint()

    def _look(self, news: News) -> Iterator[None]:
        """Show the engine what changed, one thing after the other."""
        engine, now_ns = self.desk.engine, self.now_ns()
        for exchange in news.heard:
            engine.heard(exchange, now_ns)
        for exchange, *pair in news.gone:
            engine.gone(exchange, (pair[0], pair[1]), now_ns)
            yield
        for instrument in news.listed.values():
            engine.listed(instrument, now_ns)
            yield
        for reports in news.qualities.values():
            for report in reports.values():
                engine.quality(report, now_ns)
                yield
        for ticker in news.tickers.values():
            engine.ticker(ticker, now_ns)
            yield
        for (exchange, market, symbol), bars in news.bars.items():
            engine.bars(exchange, (market, symbol), bars.values(), now_ns)
            yield
        for exchange, of, liquidation in news.liquidations:
            engine.liquidated(exchange, of, [liquidation], now_ns)
            yield

    async def _seed(self) -> None:
        """Ask history for the volumes that rules compare with; without them, they are gathered in time."""
        while True:
            wanted = self.desk.engine.unseeded
            for place in list(wanted)[:SEEDS_AT_ONCE]:
                *of, interval_s = place
                exchange, market, symbol = of[0], of[1], of[2]
                try:
                    bars = await self.past((exchange, market, symbol), interval_s, wanted.pop(place))
                except (SinkError, HistoryTimeout) as error:
                    _logger.info("alerts: the usual volumes are not told: %s", error)
                    continue
                self.desk.engine.bars(exchange, (market, symbol), bars, self.now_ns())
            await trio.sleep(SEED_EVERY_S)


class Alerting:
    """The alerts of a hub, as the map puts them together: nothing at all where the settings have none, or
    where they are another node's. Raises `SettingsError`."""

    def __init__(
        self, settings: Settings, now_ns: Callable[[], int], history: History | None, *, is_here: bool = True
    ) -> None:
        check_alerts(settings)
        self.desk: AlertDesk | None = None
        self._children: list[Child] = []
        if not settings.alerts.enabled or not is_here:
            return
        path = Path(settings.data.directory) / DATABASE
        ledger = Ledger(path, settings.alerts.history_rows, settings.alerts.waiting_max)
        fixed = {rule.name: rule for rule in rules_of(settings)}
        self.desk = AlertDesk(settings.alerts, ledger, fixed, notifiers_of(settings, now_ns), now_ns)
        for name, options in settings.notifiers.items():
            courier = self.desk.couriers[name]
            courier.per_minute, courier.give_up_after_s = options.per_minute, options.give_up_after_s
        self._children = [Child("alerts", Alerts(self.desk, HistoryPast(history), now_ns).run)]

    def children(self) -> list[Child]:
        """What the hub keeps alive."""
        return self._children

    def offer(self, tick: Tick) -> None:
        """Take what changed at one exchange."""
        if self.desk is not None:
            self.desk.inbox.offer(tick)


def check_alerts(settings: Settings) -> None:
    """Raise `SettingsError` for what the settings say wrongly of rules and notifiers."""
    notifiers_of(settings, lambda: 0)
    rules = rules_of(settings)
    if len(rules) > settings.alerts.rules_max:
        words = (
            f"[alerts] rules_max = {settings.alerts.rules_max}: there are {len(rules)} sections [alert:NAME]"
        )
        raise SettingsError([words])
