"""Whatever is lost, repeated and fetched back: what claims to be whole is the truth."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.market.events import Candle, FeedDown, Following, Gap, Heard, Silent, Trade, TradesRecovered
from actors.market.reports import Bar
from tests.market.tapes import NS_PER_S, Feed, at, candle, trade
from tests.thoroughness import cases

SYMBOLS = ("BTCUSDT", "ETHUSDT")
KEPT = 8  # so few that tapes forget, and answers come too late

pauses_s = st.sampled_from([0.0, 0.2, 0.7, 3.0, 20.0, 55.0])
symbols = st.sampled_from(SYMBOLS)
trading = st.tuples(st.just("trade"), symbols, pauses_s)
steps = st.one_of(
    *[trading] * 8,
    *[
        st.tuples(st.just(kind), symbols, pauses_s)
        for kind in ("cut", "down", "skip", "silent", "candles", "sweep")
    ],
    *[st.tuples(st.just("up"), st.sampled_from(["accepted", "quietly"]), pauses_s)] * 3,
    *[st.tuples(st.just("fetch"), symbols, st.integers(1, 30))] * 3,
)


class World:
    """An exchange whose trades are the truth, and a hub that learns what gets through."""

    def __init__(self) -> None:
        self.feed = Feed(trades_kept=KEPT)
        self.truth: dict[str, list[Trade]] = {symbol: [] for symbol in SYMBOLS}
        self.told: dict[str, list[str]] = {symbol: [] for symbol in SYMBOLS}
        self.bars: dict[tuple[str, int, int], Bar] = {}
        self.now_s = 0.5
        self.is_up = self.arrives = False

    def play(self, script: list[tuple[str, str, float]]) -> None:
        for kind, detail, more in script:
            if kind == "fetch":
                self.fetch(detail, int(more))
            else:
                self.now_s = round(self.now_s + more, 1)
                getattr(self, kind)(detail)
        self.drain()

    def trade(self, symbol: str) -> None:
        happened = self.happen(symbol)
        if self.arrives:
            self.feed.say(happened)

    def happen(self, symbol: str) -> Trade:
        made = self.truth[symbol]
        number = len(made)
        made.append(
            trade(
                self.now_s,
                100 + number,
                (1 + number % 7) / 8,
                symbol=symbol,
                trade_id=str(number),
                order=number,
            )
        )
        return made[-1]

    def skip(self, symbol: str) -> None:
        """One trade is lost on the way, as the number of the next one tells."""
        lost = self.happen(symbol)
        if self.arrives:
            reason = f"{lost.trade_id} is missing"
            self.feed.say(Gap(symbol, "trades", "sequence", reason, at(self.now_s), missed=1))
            self.trade(symbol)

    def cut(self, _: str) -> None:
        """From here on nothing arrives, and nobody knows."""
        self.arrives = False

    def down(self, _: str) -> None:
        if self.is_up:
            self.is_up = self.arrives = False
            self.feed.say(FeedDown("the wire broke", at(self.now_s)))

    def up(self, how: str) -> None:
        self.down(how)
        self.is_up = self.arrives = True
        self.feed.life += 1
        for symbol in SYMBOLS:
            self.feed.say(Following(symbol, ("trades",), (), at(self.now_s)))
            if how == "accepted":
                self.feed.say(Heard(symbol, "trades", "trades", at(self.now_s)))

    def silent(self, symbol: str) -> None:
        if self.arrives:
            self.feed.say(Silent(symbol, "trades", "trades", "", at(self.now_s)))

    def fetch(self, symbol: str, count: int) -> None:
        newest = self.truth[symbol][-count:]
        if self.arrives and newest:
            self.feed.say(*(replace(each, backfill=True, ts_recv=at(self.now_s)) for each in newest))
            self.feed.say(TradesRecovered(symbol, newest[0].ts_event, whole=True))

    def candles(self, symbol: str) -> None:
        """The exchange's bars of the minutes that are over."""
        for minute in range(int(self.now_s // 60)):
            if trades := self.between(symbol, at(minute * 60), 60):
                self.feed.say(true_candle(minute, trades))

    def between(self, symbol: str, start_ns: int, length_s: int) -> list[Trade]:
        end_ns = start_ns + length_s * NS_PER_S
        return [each for each in self.truth[symbol] if start_ns <= each.ts_event < end_ns]

    def sweep(self, _: str) -> None:
        self.feed.sweep(self.now_s)
        self.drain()

    def drain(self) -> None:
        changes = self.feed.drain()
        for symbol, trades in changes.trades.items():
            self.told[symbol] += [each.trade_id for each in trades]
        for symbol, bars in changes.bars.items():
            self.bars |= {(symbol, bar.interval_s, bar.start_ns): bar for bar in bars}


def true_candle(minute: int, trades: list[Trade]) -> Candle:
    made = candle(minute, trades=len(trades), volume=math.fsum(each.size for each in trades))
    return replace(
        made,
        symbol=trades[0].symbol,
        open=trades[0].price,
        high=trades[-1].price,
        low=trades[0].price,
        close=trades[-1].price,
    )


@settings(max_examples=cases(300, 1500))
@given(st.lists(steps, max_size=60))
def test_a_bar_that_claims_to_be_whole_is_the_truth(script: list[tuple[str, str, float]]) -> None:
    world = World()
    world.play([("up", "accepted", 0.0), *script])
    if world.is_up and not world.arrives:
        world.down("")  # until somebody knows, nobody can know
        world.drain()
    for (symbol, length_s, start_ns), bar in world.bars.items():
        if not bar.gap:
            trades = world.between(symbol, start_ns, length_s)
            assert bar.trades == len(trades)
            assert bar.volume == math.fsum(each.size for each in trades)
            assert (bar.open, bar.close) == (trades[0].price, trades[-1].price)


@settings(max_examples=cases(150, 500))
@given(st.lists(steps, max_size=60))
def test_no_trade_is_told_twice_and_who_follows_knows_all(script: list[tuple[str, str, float]]) -> None:
    world = World()
    world.play([("up", "quietly", 0.0), *script])
    everything = world.feed.trades.everything()
    for symbol, told in world.told.items():
        assert len(told) == len(set(told))
        assert world.feed.trades.counts(symbol).gaps >= len(
            [h for h in everything.holes if h.symbol == symbol]
        )
    known = {
        (symbol, bar.interval_s, bar.start_ns): bar
        for symbol, bars in everything.bars.items()
        for bar in bars
    }
    assert known == {key: bar for key, bar in world.bars.items() if key in known}
    for key, bar in world.bars.items():
        assert key in known or bar.interval_s == 1


@settings(max_examples=cases(150, 500))
@given(st.lists(steps, max_size=60))
def test_a_hole_without_end_or_cure_is_only_where_something_may_be_missing(
    script: list[tuple[str, str, float]],
) -> None:
    """After a whole answer that reaches back to the beginning, nothing stays missing."""
    world = World()
    world.feed.trades = Feed(trades_kept=10_000).trades
    known = [("trade", symbol, 0.0) for symbol in SYMBOLS]
    world.play([("up", "accepted", 0.0), *known, *script, ("up", "accepted", 1.0)])
    for symbol in SYMBOLS:
        world.trade(symbol)
        world.fetch(symbol, 10_000)
    holes = world.feed.holes()
    assert all(hole.healed and hole.to_ns is not None for hole in holes)
    for symbol in SYMBOLS:
        assert not any(bar.gap for bar in world.feed.bars(symbol) if bar.start_ns > at(0.5))
        assert [each.trade_id for each in world.feed.trades.newest(symbol, 10_000)] == [
            each.trade_id for each in world.truth[symbol]
        ]
