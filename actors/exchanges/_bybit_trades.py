"""What happens on Bybit, as it happens: trades, liquidations and candles.

"Websocket / Trade": `S` is the taker's side, `i` the trade's id, `seq` the matching engine's event, which
several trades may share. "Websocket / All Liquidation": `S` is the side of the position that was liquidated,
"Buy" a long, and `p` its bankruptcy price. "Websocket / Kline": `confirm` says that the candle is closed.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.json import Decoder

from actors.exchanges._bybit_wire import NS_PER_MS, Amount, Milliseconds, Number, Positive, Stream, Text
from actors.exchanges.base import Command
from actors.market.events import Candle, Event, Liquidation, Trade

MINUTE_S = 60


class _Trade(Struct, gc=False):
    """One trade; block trades (`BT`) and those against retail orders (`RPI`) are trades like any other."""

    T: Milliseconds
    S: Literal["Buy", "Sell"]
    v: Positive
    p: Positive
    i: Text
    seq: Number = 0


class _Trades(Struct, gc=False):
    data: list[_Trade]


class _Liquidation(Struct, gc=False):
    T: Milliseconds
    S: Literal["Buy", "Sell"]
    v: Positive
    p: Positive


class _Liquidations(Struct, gc=False):
    data: list[_Liquidation]


class _Candle(Struct, gc=False):
    start: Milliseconds
    open: Positive
    high: Positive
    low: Positive
    close: Positive
    volume: Amount
    turnover: Amount
    confirm: bool


class _Candles(Struct, gc=False):
    data: list[_Candle]


_decode_trades = Decoder(_Trades, strict=False).decode
_decode_liquidations = Decoder(_Liquidations, strict=False).decode
_decode_candles = Decoder(_Candles, strict=False).decode


class TradeStream(Stream):
    """Every trade of one instrument."""

    __slots__ = ()

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        symbol = self.symbol
        return [
            Trade(
                symbol,
                row.i,
                row.p,
                row.v,
                "buy" if row.S == "Buy" else "sell",
                row.T * NS_PER_MS,
                ts_recv,
                row.seq,
            )
            for row in _decode_trades(frame).data
        ]


class LiquidationStream(Stream):
    """Every liquidation of one instrument, twice a second in batches."""

    __slots__ = ()

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        return [
            Liquidation(
                self.symbol, "long" if row.S == "Buy" else "short", row.p, row.v, row.T * NS_PER_MS, ts_recv
            )
            for row in _decode_liquidations(frame).data
        ]


class CandleStream(Stream):
    """The candles of one minute."""

    __slots__ = ()

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command]:
        return [
            Candle(
                symbol=self.symbol,
                interval_s=MINUTE_S,
                start_ns=row.start * NS_PER_MS,
                open=row.open,
                high=row.high,
                low=row.low,
                close=row.close,
                volume=row.volume,
                turnover=row.turnover,
                trades=None,
                taker_buy_volume=None,
                closed=row.confirm,
                ts_recv=ts_recv,
            )
            for row in _decode_candles(frame).data
        ]
