"""One instrument's trades through all lives of its connections: its tape, its bars, its holes."""

from __future__ import annotations

from operator import attrgetter

from msgspec import Struct

from actors.market.bars import Bars
from actors.market.events import Source, Trade
from actors.market.holes import NS_PER_S, Holes
from actors.market.tape import Tape

_moment = attrgetter("ts_event", "order")


class TradeLimits(Struct, frozen=True, kw_only=True):
    """How much is kept of each instrument, and how late a trade may come without being late.

    `second_bars_kept` is for bars of 1 s, `bars_kept` for each other length. `holes_kept` is for the market.
    """

    trades_kept: int = 500
    bars_kept: int = 500
    second_bars_kept: int = 300
    bar_grace_s: float = 2.0
    holes_kept: int = 200


class TradeStream:
    """Knows which connection carries the trades (`source`), and whether they flow (`speaks`).

    All times are the exchange's. What is known by our clock only is turned back by the newest trade's delay:
    the time of its way, and what the clocks differ.

    A hole opens when they cease to flow. It ends with the first sign that they do again: a new trade as it
    happens, or the word that the stream was accepted. What is fetched afterwards may heal it.
    """

    __slots__ = (
        "_begins",
        "_carried_ns",
        "_counted",
        "_delay_ns",
        "_fresh",
        "_fresh_max",
        "_guessed_ns",
        "_known_ns",
        "_release_ns",
        "_told_ns",
        "bars",
        "holes",
        "source",
        "speaks",
        "symbol",
        "tape",
        "untold",
    )

    ANSWER_WITHIN_S = 120  # what was missed is asked for at once; later than this, no answer will come
    DELAY_MAX_S = 60

    def __init__(self, exchange: str, market: str, symbol: str, limits: TradeLimits) -> None:
        self.symbol = symbol
        self.source: Source | None = None
        self.speaks = False
        self.untold = 0
        self.tape = Tape(limits.trades_kept, limits.bar_grace_s)
        self.holes = Holes(exchange, market, symbol)
        self.bars = Bars(symbol, self.holes, limits.bars_kept, limits.second_bars_kept, limits.bar_grace_s)
        self._fresh: list[Trade] = []
        self._counted = 0
        self._fresh_max = 2 * limits.trades_kept
        self._delay_ns: int | None = None
        self._guessed_ns: int | None = None
        self._known_ns: int | None = None
        self._told_ns = 0
        self._carried_ns = 0
        self._begins = False
        self._release_ns = 0

    def take(self, source: Source, trade: Trade) -> bool:
        """One trade. Whether it is new."""
        if not self.tape.take(trade):
            if trade.backfill and trade.ts_event >= self.tape.since_ns:
                self._known_ns = min(self._known_ns or trade.ts_event, trade.ts_event)
                self._told_ns = max(self._told_ns, trade.ts_event)
            return False
        fresh = self._fresh
        fresh.append(trade)
        if trade.backfill:
            self._told_ns = max(self._told_ns, trade.ts_event)
            self.holes.refill(trade.ts_event)
        elif not self.speaks:
            self.source = source
            self._flow(trade.ts_event, by_trade=True)
        if len(fresh) >= self._fresh_max:
            self._relieve()
        return True

    def is_carried_by(self, source: Source) -> bool:
        """Whether what this connection says now concerns these trades."""
        return self.source is None or (
            self.source.connection == source.connection and self.source.life <= source.life
        )

    def follow(self, source: Source, *, is_heir: bool = False) -> None:
        """A connection begins a life with these trades. What the last one told, ends here; an heir of one
        that still speaks was listening beside it, and has missed nothing."""
        if source == self.source:
            return
        if not (is_heir and self.speaks):
            self.cease(self.told_until_ns, "reconnect", "followed anew, and nobody told of an end")
            self._begins = True
        self.source = source

    def hear(self, ts_recv: int) -> None:
        """The stream was accepted, or speaks again: what happens from now on will be told."""
        if self.speaks:
            return
        self.settle()
        begins = self.holes.begin_ns is None
        self._flow(ts_recv - (self._delay_ns or 0), by_trade=False)
        if begins and self._delay_ns is None:
            self._guessed_ns = self.holes.begin_ns

    def cease(self, from_ns: int, cause: str, reason: str, missed: int | None = None) -> None:
        """Trades are missed from here on."""
        self._begins = False
        if self.speaks:
            self.speaks = False
            self.tape.is_held = True
            self.bars.touch(self.holes.open(from_ns, cause, reason, missed))

    def recover(self, oldest_ns: int | None, whole: bool) -> None:
        """What could be fetched has been taken: each trade since `oldest_ns`, if it is `whole`.

        Some exchanges greet a subscriber with it: then it is the first sign of the new life.
        """
        newest_ns = self.tape.newest_ns
        if self._begins and whole and newest_ns is not None:
            self._flow(newest_ns, by_trade=True)
        reach_ns = max(oldest_ns, self.tape.since_ns - 1) if whole and oldest_ns is not None else None
        healed_ns = self.holes.answer(reach_ns, self._known_ns, self._told_ns)
        if healed_ns is not None:
            self.bars.touch(healed_ns)
        self._known_ns, self._told_ns = None, 0
        self.tape.is_held = False

    def sweep(self, now_ns: int) -> bool:
        """Close bars, at the exchange's time. Whether there is anything to tell."""
        if self.tape.is_held and self.speaks and now_ns > self._release_ns:
            self.tape.is_held = False
        self.settle()
        return self.bars.sweep(now_ns)

    def settle(self) -> None:
        """Count what was not counted yet into the bars."""
        fresh = self._fresh
        if self._counted == len(fresh):
            return
        self.bars.take(fresh[self._counted :] if self._counted else fresh)
        self._counted = len(fresh)
        newest = fresh[-1]
        if not newest.backfill:
            self._carried_ns = newest.ts_event
            self._learn(newest.ts_recv - newest.ts_event)

    def drain(self) -> list[Trade]:
        """The trades that are new since the last call, at most as many as the tape keeps, oldest first."""
        self.settle()
        fresh, self._fresh, self._counted = self._fresh, [], 0
        fresh.sort(key=_moment)
        self.untold += max(0, len(fresh) - self.tape.kept)
        return fresh[-self.tape.kept :]

    @property
    def told_until_ns(self) -> int:
        """Up to when trades are known for certain: the newest, or the beginning if there was none."""
        return max(self.tape.newest_ns or 0, self.holes.begin_ns or 0)

    def carried_until_ns(self) -> int:
        """The time of the newest trade that came as it happened; what was fetched says nothing about a
        connection."""
        self.settle()
        return self._carried_ns

    def _learn(self, delay_ns: int) -> None:
        """The first trade tells how the clocks differ: a beginning by ours is one by the exchange's now.

        What comes much later than it happened is history that is told again, whatever it calls itself.
        """
        if abs(delay_ns) > self.DELAY_MAX_S * NS_PER_S:
            return
        self._delay_ns = delay_ns
        guessed_ns, self._guessed_ns = self._guessed_ns, None
        if guessed_ns is not None and guessed_ns == self.holes.begin_ns:
            self.holes.begin(guessed_ns - delay_ns)
            self.bars.touch(guessed_ns - abs(delay_ns))

    def _flow(self, from_ns: int, by_trade: bool) -> None:
        """Every trade after this moment will be told; of the moment itself, some may have been before."""
        self.speaks = True
        self._begins = False
        self._release_ns = from_ns + self.ANSWER_WITHIN_S * NS_PER_S
        if self.holes.begin_ns is None:
            self.holes.begin(from_ns + 1)
        elif self.holes.is_open:
            self.bars.touch(self.holes.close(from_ns, by_trade))

    def _relieve(self) -> None:
        """Nobody drains: the oldest will not be told."""
        self.settle()
        surplus = len(self._fresh) - self.tape.kept
        del self._fresh[:surplus]
        self.untold += surplus
        self._counted = len(self._fresh)
