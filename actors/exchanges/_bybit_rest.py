"""Bybit's REST answers: missed trades, past candles, the exchange's clock. Errors come inside HTTP 200.

"Get Recent Public Trades" and "Get Kline" list the newest first; the clock's page is "Get Bybit Server Time".
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import quote

from msgspec import Raw, Struct, field
from msgspec.json import Decoder

from actors.exchanges._bybit_trades import MINUTE_S
from actors.exchanges._bybit_wire import MALFORMED, NS_PER_MS, Amount, Milliseconds, Number, Positive, Text
from actors.exchanges.base import Fetch
from actors.market.events import Candle, Event, ServerTime, Trade, TradesRecovered
from actors.market.instrument import SPOT
from actors.runtime.errors import DecodeError, RateLimited

_RATE_LIMITS = (10006, 10018)
_CLOCK_EVERY_S = 60.0


class Answer(Struct, rename="camel"):
    """Every answer; `result` means something only where `retCode` is 0. `time` is the exchange's, in ms."""

    ret_code: int
    ret_msg: str = ""
    result: Raw = Raw(b"null")
    time: Milliseconds = 0


class _Trade(Struct, gc=False, rename="camel"):
    exec_id: Text
    price: Positive
    size: Positive
    side: Literal["Buy", "Sell"]
    time: Milliseconds
    seq: Number = 0


class _Trades(Struct, gc=False):
    rows: list[_Trade] = field(name="list")


# Start, open, high, low, close, volume, turnover.
_Candle: TypeAlias = tuple[Milliseconds, Positive, Positive, Positive, Positive, Amount, Amount]


class _Candles(Struct, gc=False):
    rows: list[_Candle] = field(name="list")


class _Clock(Struct, gc=False, rename="camel"):
    time_nano: Number


_decode_answer = Decoder(Answer).decode
_decode_trades = Decoder(_Trades, strict=False).decode
_decode_candles = Decoder(_Candles, strict=False).decode
_decode_clock = Decoder(_Clock, strict=False).decode


def opened(body: bytes) -> Answer:
    """The answer inside. Raises `RateLimited`, or `DecodeError` where it is no answer or says no."""
    try:
        answer = _decode_answer(body)
    except MALFORMED as error:
        raise DecodeError(f"bybit: {error}"[:200]) from error
    if answer.ret_code in _RATE_LIMITS:
        raise RateLimited(f"bybit: {answer.ret_msg}"[:200])
    if answer.ret_code != 0:
        raise DecodeError(f"bybit: {answer.ret_code} {answer.ret_msg}"[:200])
    return answer


def clock() -> Fetch:
    """The request for the exchange's time."""
    return Fetch("clock", "/v5/market/time", every_s=_CLOCK_EVERY_S)


def missed_trades(market: str, symbol: str) -> Fetch:
    """The request for the newest trades, as many as there are."""
    limit = 60 if market == SPOT else 1000
    query = f"category={market}&symbol={quote(symbol, safe='')}&limit={limit}"
    return Fetch("trades", f"/v5/market/recent-trade?{query}", symbol)


def candles(market: str, symbol: str) -> Fetch:
    """The request for the newest thousand candles of one minute."""
    query = f"category={market}&symbol={quote(symbol, safe='')}&interval=1&limit=1000"
    return Fetch("candles", f"/v5/market/kline?{query}", symbol)


def read(fetch: Fetch, body: bytes, ts_recv: int) -> list[Event]:
    """What the answer to one of the requests above means. Raises `DecodeError` and `RateLimited`."""
    answer = opened(body)
    try:
        if fetch.tag == "clock":
            return [ServerTime(_decode_clock(answer.result).time_nano, ts_recv)]
        if fetch.tag == "trades":
            return _trades(fetch.symbol, answer, ts_recv)
        return _candles(fetch.symbol, answer, ts_recv)
    except MALFORMED as error:
        raise DecodeError(f"bybit: {error}"[:200]) from error


def _trades(symbol: str, answer: Answer, ts_recv: int) -> list[Event]:
    """Oldest first. The newest trades come in one piece, so that nothing is missing since the oldest."""
    rows = _decode_trades(answer.result).rows[::-1]
    told: list[Event] = [
        Trade(
            symbol,
            row.exec_id,
            row.price,
            row.size,
            "buy" if row.side == "Buy" else "sell",
            row.time * NS_PER_MS,
            ts_recv,
            row.seq,
            backfill=True,
        )
        for row in rows
    ]
    oldest_ts = min((row.time for row in rows), default=None)
    told.append(
        TradesRecovered(symbol, None if oldest_ts is None else oldest_ts * NS_PER_MS, whole=bool(rows))
    )
    return told


def _candles(symbol: str, answer: Answer, ts_recv: int) -> list[Event]:
    """Oldest first. The exchange's clock closes a candle: ours may differ."""
    return [
        Candle(
            symbol=symbol,
            interval_s=MINUTE_S,
            start_ns=start * NS_PER_MS,
            open=opening,
            high=high,
            low=low,
            close=close,
            volume=volume,
            turnover=turnover,
            trades=None,
            taker_buy_volume=None,
            closed=start + MINUTE_S * 1000 <= answer.time,
            ts_recv=ts_recv,
        )
        for start, opening, high, low, close, volume, turnover in reversed(
            _decode_candles(answer.result).rows
        )
    ]
