"""Binance's trades: ids are consecutive in every symbol, so that a hole in them is a hole in what we know.

Spot streams single trades, futures only aggregates (the fills of one taker at one price within 100 ms);
either has ids of its own without gaps: the insurance fund's trades are not aggregated, and take no id.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.exchanges._binance_orders import Orders
from actors.exchanges._binance_rest import (
    PastAggregate,
    PastTrade,
    decode_past_aggregates,
    decode_past_trades,
    trades_fetch,
)
from actors.exchanges._binance_wire import NS_PER_MS, AggregateTrade, SpotTrade
from actors.exchanges.base import TRADES, Command, Fetch
from actors.market.events import Event, Gap, Trade, TradesRecovered
from actors.market.instrument import SPOT


class Trades:
    """The trades of one connection's life: each is told, and so is a hole before it, once."""

    def __init__(self, market: str) -> None:
        self._market = market
        self._newest_id: dict[str, int] = {}
        self._orders: dict[str, Orders] = {}
        self._owed: set[str] = set()

    def spot(self, trade: SpotTrade, ts_recv: int) -> list[Event | Command]:
        """A trade of spot's stream."""
        return self._tell(trade, 1, ts_recv)

    def aggregate(self, trade: AggregateTrade, ts_recv: int) -> list[Event | Command]:
        """A trade of futures' stream."""
        return self._tell(trade, trade.last_fill - trade.first_fill + 1, ts_recv)

    def _tell(self, trade: SpotTrade | AggregateTrade, count: int, ts_recv: int) -> list[Event | Command]:
        symbol, number, newest = trade.symbol, trade.id, self._newest_id.get(trade.symbol)
        if not (trade.price and trade.size and count > 0):
            raise ValueError(f"not a trade: {trade.size} at {trade.price} in {count} fills")
        event = Trade(
            symbol,
            str(number),
            trade.price,
            trade.size,
            "sell" if trade.buyer_is_maker else "buy",
            trade.engine_ms * NS_PER_MS,
            ts_recv,
            number,
            count,
        )
        if newest is None or number > newest:
            self._newest_id[symbol] = number
            if newest is not None and number > newest + 1:
                return [self._gap(symbol, newest, number, ts_recv), event, *self._ask(symbol, ts_recv)]
        if symbol in self._owed:
            return [event, *self._ask(symbol, ts_recv)]
        return [event]

    def _gap(self, symbol: str, newest: int, number: int, ts_recv: int) -> Gap:
        self._owed.add(symbol)
        self._orders.setdefault(symbol, Orders()).needed(ts_recv)
        reason = f"trade {number} came after {newest}"
        return Gap(symbol, TRADES, "sequence", reason, ts_recv, number - newest - 1)

    def _ask(self, symbol: str, ts_recv: int) -> list[Fetch]:
        """The order for what is missing, now or with the first trade after the pause."""
        if not self._orders[symbol].place(ts_recv):
            return []
        self._owed.discard(symbol)
        return [trades_fetch(self._market, symbol)]

    def recovered(self, symbol: str, body: bytes, ts_recv: int) -> list[Event | Command]:
        """The trades of an answer, and how far back they tell everything."""
        rows = self._rows(body)
        if symbol in self._orders:
            self._orders[symbol].answered()
            self._orders[symbol].settled(ts_recv)
        trades = [_past_trade(symbol, row, ts_recv) for row in rows if row.price and row.size]
        whole = bool(rows) and all(row.id == rows[0].id + index for index, row in enumerate(rows))
        oldest_ts = min((trade.ts_event for trade in trades), default=None)
        return [*trades, TradesRecovered(symbol, oldest_ts, whole)]

    def _rows(self, body: bytes) -> Sequence[PastTrade | PastAggregate]:
        return decode_past_trades(body) if self._market == SPOT else decode_past_aggregates(body)


def _past_trade(symbol: str, row: PastTrade | PastAggregate, ts_recv: int) -> Trade:
    return Trade(
        symbol=symbol,
        trade_id=str(row.id),
        price=row.price,
        size=row.size,
        side="sell" if row.buyer_is_maker else "buy",
        ts_event=row.engine_ms * NS_PER_MS,
        ts_recv=ts_recv,
        order=row.id,
        count=max(row.last_fill - row.first_fill + 1, 1) if isinstance(row, PastAggregate) else 1,
        backfill=True,
    )
