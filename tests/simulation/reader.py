"""A reader of the live picture that knows the truth, and does not forgive.

It keeps what the drains tell, as any reader would, and after each compares it with what the exchange knows.
`Broken` says which invariant does not hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from actors.market.events import Trade
from actors.market.reports import Bar, BookView, Hole, QualityReport
from actors.market.rhythm import NS_PER_S, Patience
from actors.market.tick import Changes
from actors.market.ticker import Ticker
from tests.simulation.coin import Coin
from tests.simulation.exchange import Exchange
from tests.simulation.hub import Hub
from tests.simulation.wire import TrueTrade

SWEEP_NS = NS_PER_S // 2
STEADY = {"linear": "ticker", "spot": "quote"}  # the channel that repeats itself
CHECKED_AT_ONCE_S = 60  # longer bars are compared at the end of the day

Row = tuple[float, float, float, float, float]


class Broken(AssertionError):
    """An invariant does not hold."""


class Reader:
    """`take` each drain; `finish` after a calm time."""

    def __init__(self, exchange: Exchange, hub: Hub, patience: Patience) -> None:
        self._exchange, self._hub, self._patience = exchange, hub, patience
        self.tickers: dict[str, Ticker] = {}
        self.books: dict[str, BookView] = {}
        self.reports: dict[tuple[str, str], QualityReport] = {}
        self.holes: dict[tuple[str, str, int], Hole] = {}
        self.bars: dict[str, dict[tuple[int, int], Bar]] = {}
        self.trades: dict[str, dict[str, Trade]] = {}
        self.true_trades: dict[str, dict[str, TrueTrade]] = {}
        self.states_seen: set[str] = set()
        self.trade_gaps: dict[str, set[int]] = {}

    def take(self, drained: dict[str, Changes], gone: Iterable[str], now_ns: int) -> None:
        """Keep what changed, and check all that can be checked now."""
        for symbol in gone:
            self._forget(symbol)
        for changes in drained.values():
            self._keep(changes, now_ns)
        for symbol, ticker in self.tickers.items():
            if ticker.quality == "live":
                self._check_record(symbol, ticker, now_ns)
        for symbol, view in self.books.items():
            if view.quality == "live":
                self._check_book(symbol, view, now_ns)
        for report in self.reports.values():
            self._check_report(report, now_ns)

    def _keep(self, changes: Changes, now_ns: int) -> None:
        self.tickers.update({ticker.symbol: ticker for ticker in changes.tickers})
        self.books.update({symbol: view for (_, symbol), view in changes.books.items()})
        for _, symbol in changes.unfollowed:
            self.books.pop(symbol, None)
            self.reports.pop((symbol, "book"), None)
            self.holes = {key: hole for key, hole in self.holes.items() if key[:2] != (symbol, "book")}
        for report in changes.qualities:
            self.states_seen.add(report.state)
            self.reports[report.symbol, report.channel] = report
        for hole in changes.holes:
            self._keep_hole(hole)
        for (_, symbol), trades in changes.trades.items():
            self._check_trades(symbol, trades, now_ns)
        for (_, symbol), bars in changes.bars.items():
            self.bars.setdefault(symbol, {}).update({(bar.interval_s, bar.start_ns): bar for bar in bars})
            for bar in bars:
                if bar.interval_s <= CHECKED_AT_ONCE_S:
                    self._check_bar(bar, told_only=True)
        for ticker in changes.tickers:
            _demand(ticker.ts_recv <= now_ns, "a record from the future", ticker)

    def _keep_hole(self, hole: Hole) -> None:
        key = (hole.symbol, hole.channel, hole.from_ns)
        before = self.holes.get(key)
        _demand(before is None or not before.healed, "a healed hole came back", hole)
        _demand(hole.to_ns is None or hole.to_ns >= hole.from_ns, "a hole ends before it begins", hole)
        self.holes[key] = hole
        if hole.channel == "trades":
            self.trade_gaps.setdefault(hole.symbol, set()).add(hole.from_ns)

    def _forget(self, symbol: str) -> None:
        for table in (self.tickers, self.books, self.bars, self.trades, self.true_trades, self.trade_gaps):
            table.pop(symbol, None)
        self.reports = {key: each for key, each in self.reports.items() if key[0] != symbol}
        self.holes = {key: each for key, each in self.holes.items() if key[0] != symbol}
        self._exchange.told.forget(symbol)

    # At every drain

    def _check_record(self, symbol: str, ticker: Ticker, now_ns: int) -> None:
        """It equals the truth of when its streams last spoke, and that is not longer ago than they may be
        silent."""
        told = self._exchange.told
        _demand(self._hub.connected, "live without a connection", ticker)
        _demand(ticker.ts_recv <= max(self._heard(symbol, each) for each in ("ticker", "quote")), "too young")
        for channel in ("ticker", "quote"):
            if (symbol, channel) in told.pictures:
                self._check_age(symbol, channel, now_ns)
                for name, value in told.pictures[symbol, channel].items():
                    if channel == "quote" or name not in told.pictures.get((symbol, "quote"), ()):
                        _demand(getattr(ticker, name) == value, f"{name} is not {value}", ticker)

    def _check_book(self, symbol: str, view: BookView, now_ns: int) -> None:
        """It is the state of its number, level by level, and no newer one was told."""
        coin = self._exchange.coins[symbol]
        _demand(self._hub.connected, "live without a connection", view.symbol)
        newest_u = self._exchange.told.book_u.get(symbol)
        _demand(view.update_id == newest_u, f"a book of {view.update_id}, and {newest_u} was told")
        true_sides = coin.states.get(view.update_id or 0)
        _demand((view.bids, view.asks) == true_sides, "not the true book", view, true_sides)
        self._check_age(symbol, "book", now_ns)

    def _check_age(self, symbol: str, channel: str, now_ns: int) -> None:
        """It spoke as lately as it must. What need not speak is as good as heard when it was accepted."""
        report = self.reports[symbol, channel]
        accepted_ns = (report.last_ns or 0) if channel == "trades" else 0
        age_ns = now_ns - max(self._heard(symbol, channel), accepted_ns)
        if channel == STEADY[self._exchange.market]:
            _demand(report.threshold_ns is not None, "not judged by its silence", report)
            _demand(age_ns <= self._patience.ceiling_s * NS_PER_S + SWEEP_NS, "live for too long", report)
        if report.threshold_ns is not None:
            _demand(age_ns <= report.threshold_ns + SWEEP_NS, f"live after {age_ns / 1e9:.1f} s", report)

    def _check_report(self, report: QualityReport, now_ns: int) -> None:
        if report.state == "live":
            _demand(self._hub.connected, "live without a connection", report)
            _demand(report.symbol not in self._exchange.halted, "live, and halted", report)
            self._check_age(report.symbol, report.channel, now_ns)
        ceiling_ns = self._patience.ceiling_s * NS_PER_S
        _demand(report.threshold_ns is None or report.threshold_ns <= ceiling_ns, "too patient", report)
        _demand(report.last_ns is None or report.last_ns <= now_ns, "data from the future", report)

    def _heard(self, symbol: str, channel: str) -> int:
        return self._exchange.told.at_ns.get((symbol, channel), 0)

    def _check_trades(self, symbol: str, trades: list[Trade], now_ns: int) -> None:
        """Each is true, and told once; they come in the tape's order."""
        known, true = self.trades.setdefault(symbol, {}), self._true_trades(symbol)
        for trade in trades:
            _demand(trade.trade_id not in known, "told twice", trade)
            known[trade.trade_id] = trade
            really = true.get(trade.trade_id)
            told = (trade.price, trade.size, trade.side == "buy", trade.ts_event, trade.order)
            _demand(
                really is not None
                and told == (really.price, really.size, really.is_buy, really.ts_event, really.seq),
                "not a true trade",
                trade,
            )
            _demand(trade.ts_recv <= now_ns, "from the future", trade)
        in_order = all(_moment(one) <= _moment(other) for one, other in pairwise(trades))
        _demand(in_order, "trades out of order", trades)

    def _true_trades(self, symbol: str) -> dict[str, TrueTrade]:
        """Every trade that happened so far, by its id."""
        known, coin = self.true_trades.setdefault(symbol, {}), self._exchange.coins[symbol]
        for trade in coin.trades[len(known) :]:
            known[trade.trade_id] = trade
        return known

    # Bars

    def _check_bar(self, bar: Bar, *, told_only: bool) -> None:
        """A bar without a gap is made of all trades of its time (`told_only`: of all that were told)."""
        if bar.gap or (bar.source == "exchange" and (told_only or not bar.closed)):
            return
        coin = self._exchange.coins[bar.symbol]
        trades = coin.traded(bar.start_ns, bar.start_ns + bar.interval_s * NS_PER_S)
        if told_only:
            told = self.trades.get(bar.symbol, {})
            trades = [trade for trade in trades if trade.trade_id in told]
        have = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        _demand(have == bar_of(trades) or self._is_still(bar, coin, trades), "not the true bar", bar, trades)

    def _is_still(self, bar: Bar, coin: Coin, trades: list[TrueTrade]) -> bool:
        """A candle of the exchange of a time without trades: nothing but the price of before."""
        return bar.source == "exchange" and not trades and bar.volume == 0 and bar.high == bar.low

    # At the end

    def finish(self, now_ns: int) -> None:
        """After a calm time: everything is live and true, and the books of the day are in order."""
        for symbol in self._hub.symbols:
            self._check_live(symbol, now_ns)
        for hole in self.holes.values():
            report = self.reports.get((hole.symbol, hole.channel))
            still = hole.to_ns is None and not hole.healed
            _demand(not still or report is None or report.state != "live", "open, and live", hole)
        for symbol, bars in self.bars.items():
            for bar in bars.values():
                self._check_bar(bar, told_only=False)
            self._check_tape(symbol)
            self._check_counts(symbol)

    def _check_live(self, symbol: str, now_ns: int) -> None:
        wanted = [channel for each, channel in self.reports if each == symbol]
        _demand({"ticker", "trades"} <= set(wanted), "nothing is known", symbol)
        for channel in wanted:
            report = self.reports[symbol, channel]
            _demand(report.state == "live", "not live after a calm time", report)
        ticker = self.tickers[symbol]
        _demand(ticker.quality == "live", "a record that is not live", ticker)
        self._check_record(symbol, ticker, now_ns)
        _demand((symbol in self.books) == (symbol in self._hub.books), "a book that nobody wants", symbol)

    def _check_tape(self, symbol: str) -> None:
        """Every trade was told, or lies in a hole that is owned up to, or before the beginning."""
        told = self.trades.get(symbol, {})
        live = [trade.ts_event for trade in told.values() if not trade.backfill]
        begin_ns = min(live, default=1 << 63)
        holes = [
            hole for key, hole in self.holes.items() if key[:2] == (symbol, "trades") and not hole.healed
        ]
        for trade in self._exchange.coins[symbol].trades:
            if trade.trade_id not in told and trade.ts_event > begin_ns:
                owned = any(_holds(hole, trade.ts_event) for hole in holes)
                _demand(owned, "lost, and nobody says so", trade, holes)

    def _check_counts(self, symbol: str) -> None:
        """What is reported as counted is what the exchange has told."""
        told = self._exchange.told
        rows: Counter[str] = told.trades.get(symbol, Counter())
        for channel in ("ticker", "quote", "trades"):
            report = self.reports.get((symbol, channel))
            if report is not None:
                count = told.messages[symbol, channel]
                _demand(report.messages == count, f"{count} messages were told", report)
        report = self.reports[symbol, "trades"]
        repeated = sum(rows.values()) - len(rows)
        _demand(report.duplicates == repeated, f"{repeated} trades were told again", report)
        _demand(set(self.trades.get(symbol, {})) == set(rows), "trades that came and were not told", symbol)
        gaps = len(self.trade_gaps.get(symbol, ()))
        _demand(report.gaps == gaps, f"{gaps} holes were told", report)


def bar_of(trades: list[TrueTrade]) -> Row | None:
    """Open, high, low, close and volume, the plain way."""
    if not trades:
        return None
    prices = [trade.price for trade in trades]
    return prices[0], max(prices), min(prices), prices[-1], sum(trade.size for trade in trades)


def _holds(hole: Hole, ts_event: int) -> bool:
    return hole.from_ns <= ts_event and (hole.to_ns is None or ts_event <= hole.to_ns)


def _moment(trade: Trade) -> tuple[int, int]:
    return trade.ts_event, trade.order


def _demand(holds: bool, words: str, *about: Any) -> None:
    if not holds:
        raise Broken(f"{words}: {about}")
