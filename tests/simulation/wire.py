"""Frames and answers as Bybit writes them. They share nothing with the codec that reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tests.exchanges.true_book import Levels

NS_PER_MS = 1_000_000
PONG = b'{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}'

# Our names of a ticker's numbers, and how they are written.
TICKER_FIELDS = {
    "price": "lastPrice",
    "bid": "bid1Price",
    "bid_size": "bid1Size",
    "ask": "ask1Price",
    "ask_size": "ask1Size",
    "mark_price": "markPrice",
    "volume_24h": "volume24h",
}


@dataclass(frozen=True, slots=True)
class TrueTrade:
    """A trade as it happened; times are the exchange's."""

    trade_id: str
    price: float
    size: float
    is_buy: bool
    ts_event: int
    seq: int


def text(number: float | None) -> str:
    """A number as the exchange writes it: nothing is an empty text."""
    return "" if number is None else repr(number)


def ticker(topic: str, symbol: str, kind: str, values: dict[str, float | None], ts_ns: int) -> bytes:
    """A ticker with these of its fields."""
    fields = ",".join(f'"{TICKER_FIELDS[name]}":"{text(value)}"' for name, value in values.items())
    comma = "," if fields else ""
    return (
        f'{{"topic":"{topic}","type":"{kind}","data":{{"symbol":"{symbol}"{comma}{fields}}},'
        f'"cs":1,"ts":{ts_ns // NS_PER_MS}}}'
    ).encode()


def book(
    topic: str, symbol: str, kind: str, bids: Levels, asks: Levels, u: int, ts_ns: int, cts_ns: int = 0
) -> bytes:
    """A book of any depth, whole or what changed of it."""
    ts, cts = ts_ns // NS_PER_MS, (cts_ns or ts_ns) // NS_PER_MS
    return (
        f'{{"topic":"{topic}","ts":{ts},"type":"{kind}","data":{{"s":"{symbol}","b":{_levels(bids)},'
        f'"a":{_levels(asks)},"u":{u},"seq":{ts}}},"cts":{cts}}}'
    ).encode()


def trades(topic: str, rows: Iterable[TrueTrade], ts_ns: int) -> bytes:
    """Some trades, in the order in which they happened."""
    data = ",".join(
        f'{{"i":"{row.trade_id}","T":{row.ts_event // NS_PER_MS},"p":"{row.price!r}","v":"{row.size!r}",'
        f'"S":"{_side(row)}","L":"PlusTick","BT":false,"seq":{row.seq}}}'
        for row in rows
    )
    return f'{{"topic":"{topic}","type":"snapshot","ts":{ts_ns // NS_PER_MS},"data":[{data}]}}'.encode()


def answer(request: dict[str, object], refusal: str = "") -> bytes:
    """The answer to a request: accepted, or refused in these words."""
    answered = {"success": not refusal, "ret_msg": refusal, "req_id": request["req_id"], "op": request["op"]}
    return json.dumps(answered).encode()


def rest_time(ts_ns: int) -> bytes:
    """What the exchange's clock says."""
    return _rest({"timeSecond": str(ts_ns // 10**9), "timeNano": str(ts_ns)}, ts_ns)


def rest_trades(rows: Iterable[TrueTrade], ts_ns: int) -> bytes:
    """Recent trades; the newest are listed first."""
    listed = [
        {
            "execId": row.trade_id,
            "price": repr(row.price),
            "size": repr(row.size),
            "side": _side(row),
            "time": str(row.ts_event // NS_PER_MS),
            "seq": str(row.seq),
        }
        for row in rows
    ]
    return _rest({"category": "linear", "list": listed[::-1]}, ts_ns)


def rest_candles(rows: Iterable[tuple[int, float, float, float, float, float]], ts_ns: int) -> bytes:
    """Candles: start in ns, open, high, low, close, volume; the newest are listed first."""
    listed = [
        [str(start_ns // NS_PER_MS), *(repr(price) for price in prices), repr(volume), "0"]
        for start_ns, *prices, volume in rows
    ]
    return _rest({"category": "linear", "list": listed[::-1]}, ts_ns)


def _rest(result: dict[str, object], ts_ns: int) -> bytes:
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "time": ts_ns // NS_PER_MS}).encode()


def _side(row: TrueTrade) -> str:
    return "Buy" if row.is_buy else "Sell"


def _levels(levels: Levels) -> str:
    return "[" + ",".join([f'["{price!r}","{size!r}"]' for price, size in levels]) + "]"
