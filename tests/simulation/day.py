"""A simulated day: 24 hours of one market at one exchange, with a hundred faults and more.

The day is a row of chapters: a quiet stretch, in which something happens every 35 to 50 s, and a lively
one, in which something happens every second or so, the fault strikes, and the consequences are lived through.
Nobody waits: time jumps to where something happens. Everything follows from the seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from actors.market.rhythm import NS_PER_S, Patience
from tests.simulation.exchange import Exchange, Subscription
from tests.simulation.hub import Hub
from tests.simulation.reader import Broken, Reader

DAY_NS = 86_400 * NS_PER_S
BEGIN_NS = 1_760_054_400 * NS_PER_S  # a midnight
FAULTS_MIN = 100
CALM_S, BRISK_STEPS = 2000, 25  # the calm outlasts the longest patience and the first refusal
MUTE_TRADES_S = 16
STEADY, RARE, NEW = "AAAUSDT", "BBBUSDT", "CCCUSDT"
BOOK_FAULTS = ("gap", "duplicate", "reorder", "crossed", "restart")


class Day:
    """`run` it. `faults` counts what happened, by kind."""

    def __init__(self, seed: int, patience: Patience | None = None) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.now_ns = BEGIN_NS
        self.faults: Counter[str] = Counter()
        self.steps = 0
        market_name = "spot" if seed % 2 else "linear"
        self.exchange = Exchange(market_name, self.dice, (STEADY, RARE))
        self.hub = Hub(self.exchange, self.dice, patience or Patience())
        self.reader = Reader(self.exchange, self.hub, self.hub.patience)
        self.hub.books = {STEADY: 50}
        self._undo: list[tuple[int, Callable[[], None]]] = []
        self._slewing = False

    def run(self) -> None:
        """Live through the day. Raises `Broken`, with the seed and the time of day."""
        try:
            self.begin()
            while self.now_ns < BEGIN_NS + DAY_NS or self.faults.total() < FAULTS_MIN:
                self._chapter()
            self._calm()
            self.reader.finish(self.now_ns)
        except Broken as broken:
            raise Broken(
                f"seed {self.seed}, {self.lasted_ns / NS_PER_S:.3f} s into the day: {broken}"
            ) from None

    @property
    def lasted_ns(self) -> int:
        """How much of the day is over."""
        return self.now_ns - BEGIN_NS

    def begin(self) -> None:
        """The first seconds, in which nothing fails."""
        for symbol in (STEADY, RARE):
            self.hub.enlist(symbol, None, self.now_ns)
        self._lively(20)

    def brisk(self, steps: int) -> None:
        """In each of these steps of a quarter of a second, everything moves."""
        for _ in range(steps):
            self._step(0.25, trading=1.0, moving=1.0)

    def damage_book(self, kind: str) -> None:
        """The next changes of every book that is followed arrive damaged."""
        for subscription in self.exchange.topics.values():
            if subscription.channel == "book" and subscription.begun and not subscription.mute:
                subscription.faults.append(kind)
                self.faults[kind] += 1

    # Time passes

    def _chapter(self) -> None:
        longest_s = 0.8 * self.hub.patience.ceiling_s
        for _ in range(round(1900 / longest_s * self.dice.uniform(0.6, 1.4))):
            self._step(self.dice.uniform(0.6, 1.0) * longest_s, trading=0.2, moving=0.4)
        if self.dice.random() < 0.02:
            self._hours_of_quiet(longest_s)
        if self.dice.random() < 0.9:  # out of the quiet
            self._fault()
        self._lively(self.dice.randint(1, 3))
        self._fault()
        self._lively(self.dice.randint(4, 6))

    def _hours_of_quiet(self, longest_s: float) -> None:
        """No trade, no change of the book."""
        self.faults["quiet"] += 1
        until_ns = self.now_ns + self.dice.randint(3600, 4 * 3600) * NS_PER_S
        while self.now_ns < until_ns:
            self._step(self.dice.uniform(0.8, 1.0) * longest_s, trading=0.0, moving=0.0)

    def _lively(self, steps: int) -> None:
        pace_s = self.dice.choice((0.3, 0.8, 1.5, 3.0))
        for _ in range(steps):
            self._step(pace_s * self.dice.uniform(0.7, 1.3), trading=0.5, moving=0.7)

    def _calm(self) -> None:
        """Nothing fails any more, and what failed heals."""
        for _, undo in self._undo:
            undo()
        self._undo = []
        self.exchange.late.clear()
        slow_s = min(0.75 * self.hub.patience.ceiling_s, 150)
        for _ in range(round(CALM_S / slow_s)):
            self._step(slow_s, trading=0.3, moving=0.3)
        for _ in range(BRISK_STEPS):
            self._step(1.0, trading=0.9, moving=0.9)

    def _step(self, pause_s: float, *, trading: float, moving: float) -> None:
        pause_ns = int(pause_s * 1000) * 1_000_000
        self.now_ns += pause_ns
        self.steps += 1
        if self._slewing:  # a clock that is ahead is slowed down, never set back
            self.exchange.ahead_ns = max(0, self.exchange.ahead_ns - min(pause_ns // 2, 50_000_000))
        for each in [each for each in self._undo if each[0] <= self.now_ns]:
            self._undo.remove(each)
            each[1]()
        self.exchange.move(self.now_ns, trading, moving)
        self.reader.take(*self.hub.step(self.now_ns), self.now_ns)

    def _later(self, within_s: float, undo: Callable[[], None]) -> None:
        self._undo.append((self.now_ns + int(self.dice.uniform(0, within_s) * NS_PER_S), undo))

    # What fails

    def _fault(self) -> None:
        kinds: dict[str, Callable[[], None]] = {
            "disconnect": self._disconnect,
            "book": lambda: self.damage_book(self.dice.choice(BOOK_FAULTS)),
            "late": self._late_snapshot,
            "mute": self._mute,
            "unfed": self._unfed,
            "stall": self._stall,
            "clock": self._clock,
            "history": self._history,
            "twice": self._trades_twice,
            "halt": self._halt,
            "listing": self._listing,
            "watch": self._watch,
            "rest": self._rest,
        }
        weights = (4, 8, 2, 3, 2, 2, 1, 2, 2, 1, 2, 1, 1)
        [kind] = self.dice.choices(list(kinds), weights)
        kinds[kind]()

    def _disconnect(self) -> None:
        """The connection ends, and the exchange stays away for up to 40 s, or is there at once."""
        self.faults["disconnect"] += 1
        self.exchange.drops = True
        if self.dice.random() < 0.5:
            self.exchange.up = False
            self._later(40, lambda: setattr(self.exchange, "up", True))

    def _late_snapshot(self) -> None:
        """A gap, and then some changes before the snapshot that mends it."""
        self.faults["late"] += 1
        self.exchange.late[f"orderbook.50.{STEADY}"] = self.dice.randint(1, 8)
        self.damage_book("gap")

    def _mute(self) -> None:
        """A topic stays accepted and says nothing more until it is subscribed anew, or longer.

        Only of what the hub claims to judge by its silence: nobody can find the others.
        """
        judged = [each for each in self.exchange.topics.values() if self._is_judged(each)]
        if judged:
            self.faults["mute"] += 1
            subscription = self.dice.choice(judged)
            subscription.mute = True
            if subscription.channel == "trades":
                self._find_mute_trades()
            else:
                self.exchange.mutes[subscription.topic] = self.dice.choice((0, 0, 1))

    def _is_judged(self, subscription: Subscription) -> bool:
        """What may be silent for long is judged only as long as it is not."""
        longest_s = MUTE_TRADES_S if subscription.channel == "trades" else float("inf")
        return self.hub.bears_ns(subscription.topic) < longest_s * NS_PER_S

    def _find_mute_trades(self) -> None:
        """Nothing else fails until it must be found: who cannot hear that trades are missing relies on those
        of other instruments to tell him when the last one came."""
        until_ns = self.now_ns + (MUTE_TRADES_S + 3) * NS_PER_S
        while self.now_ns < until_ns:
            self._step(2.0, trading=0.8, moving=0.3)

    def _unfed(self) -> None:
        """The next subscription is accepted, and nothing comes."""
        self.faults["unfed"] += 1
        kind = "tickers" if self.exchange.market == "linear" else "orderbook.1"
        self.exchange.mutes[f"{kind}.{self.dice.choice((STEADY, RARE))}"] = 1
        self.exchange.drops = True

    def _stall(self) -> None:
        """The connection lives, and brings pongs only."""
        self.faults["stall"] += 1
        self.exchange.stalled = True

    def _clock(self) -> None:
        """The exchange's clock jumps ahead by 5 s; later it is slowed down until it is right again."""
        if self.exchange.ahead_ns == 0:
            self.faults["clock"] += 1
            self.exchange.ahead_ns, self._slewing = 5 * NS_PER_S, False
            self._later(7200, lambda: setattr(self, "_slewing", True))

    def _history(self) -> None:
        """Who subscribes is told the last trades again."""
        self.faults["history"] += 1
        self.exchange.repeats_history = self.exchange.drops = True
        self._later(600, lambda: setattr(self.exchange, "repeats_history", False))

    def _trades_twice(self) -> None:
        self.faults["twice"] += 1
        for subscription in self.exchange.topics.values():
            if subscription.channel == "trades":
                subscription.faults.append("duplicate")

    def _halt(self) -> None:
        """The exchange halts an instrument, and says so; nothing is traded until it says otherwise."""
        if RARE not in self.exchange.halted:
            self.faults["halt"] += 1
            self.exchange.halted.add(RARE)
            self.hub.enlist(RARE, "BREAK", self.now_ns)
            self._later(900, self._resume)

    def _resume(self) -> None:
        self.exchange.halted.discard(RARE)
        self.hub.enlist(RARE, None, self.now_ns)

    def _listing(self) -> None:
        """An instrument is listed, at times before its streams are there; or the last such is delisted."""
        self.faults["listing"] += 1
        if NEW in self.hub.symbols:
            self.hub.unlist(NEW, self.now_ns)
        elif NEW not in self.reader.tickers and NEW not in self.exchange.told.trades:
            self._list_new()

    def _list_new(self) -> None:
        if NEW not in self.exchange.coins:
            self.exchange.enlist(NEW)
        if self.dice.random() < 0.3:
            self.exchange.refused.add(NEW)
            self._later(600, lambda: self.exchange.refused.discard(NEW))
        self.hub.symbols = (*self.hub.symbols, NEW)
        self.hub.enlist(NEW, None, self.now_ns)

    def _watch(self) -> None:
        """Somebody comes to look at a book, or leaves."""
        books = dict(self.hub.books)
        if books.pop(RARE, None) is None:
            books[RARE] = 50
        self.hub.books = books

    def _rest(self) -> None:
        self.faults["rest"] += 1
        self.exchange.rest_up = False
        self._later(300, lambda: setattr(self.exchange, "rest_up", True))
