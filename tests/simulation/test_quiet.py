"""A market that is merely quiet is no alarm: nothing is restarted, and next to nothing is called stale.

These days are simulated like those of `test_days.py`, with the default patience and without any fault.
"""

from __future__ import annotations

import random
from collections import Counter

from actors.market.reports import QualityReport
from actors.market.rhythm import NS_PER_S, Patience
from tests.simulation.exchange import Exchange
from tests.simulation.hub import Hub
from tests.simulation.reader import Reader
from tests.simulation.wire import NS_PER_MS
from tests.thoroughness import cases

BEGIN_NS = 1_760_054_400 * NS_PER_S  # a midnight
COIN = "AAAUSDT"
DAY_S = 86_400
RARE_S = 1200  # a trade every twenty minutes
SLOW_DOWNS = cases(2, 4)


class Watched:
    """One instrument's day at an exchange that does not fail, and every change of its states."""

    def __init__(self, market: str, seed: int) -> None:
        dice = random.Random(seed)
        self.dice = dice
        self.now_ns = BEGIN_NS
        self.exchange = Exchange(market, dice, (COIN,))
        self.hub = Hub(self.exchange, dice, Patience())
        self.hub.books = {COIN: 50}
        self.reader = Reader(self.exchange, self.hub, self.hub.patience)
        self.told: list[QualityReport] = []

    @property
    def passed_s(self) -> float:
        return (self.now_ns - BEGIN_NS) / NS_PER_S

    def step(self, pause_s: float, trading: float, moving: float) -> None:
        self.now_ns += int(pause_s * 1000) * NS_PER_MS  # as exact as the exchange tells time
        self.exchange.move(self.now_ns, trading, moving)
        drained, gone = self.hub.step(self.now_ns)
        before = {key: report.state for key, report in self.reader.reports.items()}
        self.reader.take(drained, gone, self.now_ns)
        for key, report in self.reader.reports.items():
            if report.state != before.get(key):
                self.told.append(report)

    def alarms(self) -> Counter[str]:
        """How often each channel was called stale or gapped."""
        return Counter(each.channel for each in self.told if each.state in ("stale", "gapped"))


def test_a_coin_that_trades_every_twenty_minutes_is_live_all_day() -> None:
    """Its quote repeats itself every 3 s, and that is all that there is to hear of it."""
    day = Watched("spot", seed=1)
    while day.passed_s < DAY_S:
        day.step(3.0, trading=3 / RARE_S, moving=3 / RARE_S)
    assert day.alarms() == {} and day.hub.lives == [] and day.hub.gaps == []
    assert {report.state for report in day.reader.reports.values()} == {"live"}
    assert 40 < len({trade.ts_recv for trade in day.reader.trades[COIN].values()}) < 110
    assert day.reader.holes == {}


def test_a_ticker_that_slows_down_at_night_is_never_stale() -> None:
    """Every 0.1 s by day, every 3 s by night: whatever was learned, the floor of 5 s leaves room for that."""
    day = Watched("linear", seed=2)
    for _ in range(cases(4, 12)):
        for _ in range(600):
            day.step(0.1 * day.dice.uniform(0.5, 1.5), trading=0.5, moving=0.9)
        for _ in range(600):
            day.step(3.0 * day.dice.uniform(0.7, 1.5), trading=0.3, moving=0.9)
    assert day.alarms()["ticker"] == 0 and day.hub.lives == []
    assert day.reader.tickers[COIN].quality == "live"


def test_what_trades_briskly_and_then_hardly_is_called_stale_once_for_each_slow_down() -> None:
    """Trades every second by day and every twenty minutes by night, several times over: one mark each time.

    After brisk trading, silence looks like a fault and is called one; who asks again hears nothing else. The
    next trade shows that it was none, and from then on the trades are so rare that their silence means
    nothing. The same holds for the book, whose levels move as rarely, except that asking again brings a
    snapshot at once. Nothing is restarted, and nobody is asked again and again.
    """
    day = Watched("linear", seed=3)
    for _ in range(SLOW_DOWNS):
        for _ in range(300):
            day.step(1.0, trading=0.9, moving=0.9)
        for _ in range(4 * 3600 // 3):
            day.step(3.0, trading=3 / RARE_S, moving=3 / RARE_S)
    alarms = day.alarms()
    assert alarms["ticker"] == 0 and day.hub.lives == []
    assert 1 <= alarms["trades"] <= SLOW_DOWNS
    assert alarms["book"] <= SLOW_DOWNS
    assert day.exchange.requests <= 2 + 2 * 2 * 8 * SLOW_DOWNS
    holes = [hole for hole in day.reader.holes.values() if hole.channel == "trades"]
    assert len(holes) == alarms["trades"] and all(hole.healed for hole in holes)
