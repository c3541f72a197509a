"""The snapshot actor: several times a second, what changed, encoded once, to the web.

beat ──── beat ──── beat      every `interval_s`, to everybody
─┴┴─┴──┴┴──┴──                between them, as soon as something changed, while somebody wants it so
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import trio
from msgspec import structs

from actors.market.feeds import Board, MarketReport
from actors.market.mark import Mark
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S
from actors.market.tick import Changes, Record, Tick
from actors.market.ticker import Ticker

REPORT_EVERY_S = 1.0
LATE_MS = 200.0
LATE_NS, CAUGHT_UP_NS = 5 * NS_PER_S, NS_PER_S // 2
BETWEEN_MIN_S = 0.005  # what comes within this time of a tick waits and goes together

_logger = logging.getLogger("tickwell.snapshot")


@dataclass
class Snapshot:
    """Every `interval_s`, one `Tick` per exchange; every second, the reports of all markets.

    `pace_s` tells how soon after a tick the quickest reader wants the next one, if something changes; `None`
    when the beat is enough for everybody. `wake` says that something may have changed. Where the flow has its
    own beat (`cut`), ours rests but for while it `is_free`. What comes more than `LATE_NS` after its time is
    history, which is caught up with: it goes to `record`, and the picture is shown as a whole at the end.
    """

    market: Market
    board: Board
    exchanges: Sequence[str]
    interval_s: float
    encode: Callable[[Ticker], bytes]
    publish: Callable[[Tick], None]
    report: Callable[[Sequence[MarketReport]], None]
    now_ns: Callable[[], int]
    pace_s: Callable[[], float | None] = lambda: None
    is_free: Callable[[], bool] = lambda: True
    record: Callable[[Tick], None] = lambda _: None

    def __post_init__(self) -> None:
        self._woken = trio.Event()
        self._told_s = 0.0
        self._was_late = False

    def wake(self) -> None:
        """Something was applied to the market."""
        self._woken.set()

    async def run(self) -> None:
        """One life: it begins with the whole picture, and goes on with what changes."""
        self._tick(self.market.everything(self.now_ns()), whole=True)
        self.report(self.board.reports())  # whoever comes at once learns what there will be
        due_s = reported_s = trio.current_time()
        while True:
            if trio.current_time() - reported_s >= REPORT_EVERY_S:
                self.report(self.board.reports())
                reported_s = trio.current_time()
            # After a pause of the machine there is one tick, not one for every interval that was missed.
            due_s += self.interval_s
            if due_s < trio.current_time():
                due_s = trio.current_time() + self.interval_s
            await self._tell_between(due_s)
            if self.is_free():
                self._tick(self.market.drain(self.now_ns()), self._lag_ms(due_s))

    async def _tell_between(self, due_s: float) -> None:
        """Wait for the next beat, and tell what changes meanwhile to those who want it sooner."""
        while self.is_free() and (pace_s := self.pace_s()) is not None:
            self._woken = trio.Event()
            with trio.move_on_at(due_s) as until_beat:
                await self._woken.wait()
                await trio.sleep_until(self._told_s + max(pace_s, BETWEEN_MIN_S))
            if until_beat.cancelled_caught or trio.current_time() >= due_s:
                return
            self._tick(self.market.drain(self.now_ns()), beat=False)
        await trio.sleep_until(due_s)

    def cut(self, mark: Mark) -> None:
        """Tell what changed up to a mark of the flow."""
        was_late = self._was_late
        late_ns = CAUGHT_UP_NS if was_late else LATE_NS
        self._was_late = self.now_ns() - mark.now_ns > late_ns
        changes = self.market.drain(mark.now_ns)
        if was_late or self._was_late:
            self._tick(changes, beat=mark.beat, mark=mark, publish=self.record)
        else:
            self._tick(changes, beat=mark.beat, mark=mark)
        if was_late and not self._was_late:
            # Others have told at earlier numbers what this tick tells at once.
            self._tick(
                self.market.everything(mark.now_ns), whole=True, mark=structs.replace(mark, is_sure=False)
            )

    def finish(self) -> None:
        """Tell what changed since the last tick: nothing more will."""
        self._tick(self.market.drain(self.now_ns()))

    def _lag_ms(self, due_s: float) -> float:
        lag_ms = (trio.current_time() - due_s) * 1000
        if lag_ms > LATE_MS:
            _logger.warning("a tick was late: the program was busy lag_ms=%.0f", lag_ms)
        return lag_ms

    def _tick(
        self,
        changes: Mapping[str, Changes],
        lag_ms: float = 0.0,
        *,
        whole: bool = False,
        beat: bool = True,
        mark: Mark | None = None,
        publish: Callable[[Tick], None] | None = None,
    ) -> None:
        ts, number, is_sure = self.now_ns(), 0, True
        if mark is not None:
            ts, number, is_sure = mark.now_ns, mark.number, mark.is_sure
        self._told_s = trio.current_time()
        for exchange in self.exchanges:
            changed = changes.get(exchange, Changes())
            if not beat and changed.is_empty:
                continue
            records = [Record(ticker, self.encode(ticker)) for ticker in changed.tickers]
            (publish or self.publish)(
                Tick(exchange, ts, records, changed, lag_ms, whole, beat, number, is_sure)
            )
