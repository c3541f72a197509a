"""The bytes that are sent: Bybit's frames, WebSocket framing, and a snapshot like the hub's own."""

from __future__ import annotations

import json
import random
from typing import Any, TypeAlias

Levels: TypeAlias = list[tuple[str, str]]  # (price, size)

TICKER_BYTES = 320
BASE_MS = 1_791_091_006_000
STAMP_BASE = 1e9  # added to the monotonic clock, so that the text of a stamp always has 17 characters
EARLIEST = f"{STAMP_BASE:.6f}"
UPDATE_ID_BASE = 10**12


def symbol(number: int) -> str:
    """The name of the n-th instrument."""
    return f"C{number:04d}USDT"


def text_frame(payload: bytes) -> bytes:
    """An unmasked text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def ticker_delta(name: str, draw: random.Random, turnover: str = "5570383121.943499") -> bytes:
    """What Bybit says of a linear instrument that trades: 320 bytes."""
    last = 84_792.0 + draw.randrange(100) / 10
    fields = {
        "symbol": name,
        "tickDirection": "PlusTick",
        "price24hPcnt": f"{draw.uniform(0.01, 0.09):.6f}",
        "lastPrice": f"{last:.1f}",
        "turnover24h": turnover,
        "volume24h": f"{draw.uniform(60_000, 70_000):.0f}",
        "bid1Price": f"{last - 0.1:.1f}",
        "bid1Size": f"{draw.uniform(10, 99):.1f}",
        "ask1Price": f"{last:.1f}",
        "ask1Size": f"{draw.uniform(10, 99):.1f}",
    }
    return message(f"tickers.{name}", "delta", fields)


def ticker_snapshot(name: str, draw: random.Random) -> bytes:
    """The whole ticker, as a new subscriber gets it; instruments differ, or they would compress too well."""
    last = 10 ** draw.uniform(-1, 5)
    interest = 10 ** draw.uniform(3, 8)
    fields = {
        "symbol": name,
        "tickDirection": "PlusTick",
        "price24hPcnt": f"{draw.uniform(-0.1, 0.1):.6f}",
        "lastPrice": f"{last:.5g}",
        "prevPrice24h": f"{last * draw.uniform(0.9, 1.1):.5g}",
        "highPrice24h": f"{last * draw.uniform(1.0, 1.1):.5g}",
        "lowPrice24h": f"{last * draw.uniform(0.9, 1.0):.5g}",
        "prevPrice1h": f"{last * draw.uniform(0.9, 1.1):.5g}",
        "markPrice": f"{last * draw.uniform(0.999, 1.001):.6g}",
        "indexPrice": f"{last * draw.uniform(0.999, 1.001):.6g}",
        "openInterest": f"{2 * interest:.3f}",
        "openInterestValue": f"{2 * interest * last:.2f}",
        "turnover24h": EARLIEST,
        "volume24h": f"{10 ** draw.uniform(4, 9):.4f}",
        "fundingIntervalHour": draw.choice(("4", "8")),
        "nextFundingTime": "1791100800000",
        "fundingRate": f"{draw.uniform(-0.0005, 0.0005):.8f}",
        "bid1Price": f"{last:.5g}",
        "bid1Size": f"{draw.uniform(1, 9999):.3f}",
        "ask1Price": f"{last * 1.0001:.5g}",
        "ask1Size": f"{draw.uniform(1, 9999):.3f}",
        "singleOpenInterest": f"{interest:.3f}",
        "singleOpenInterestValue": f"{interest * last:.2f}",
    }
    return message(f"tickers.{name}", "snapshot", fields)


def best_quote(name: str, update_id: int) -> bytes:
    """Level 1 of the book; the update id tells repetitions apart."""
    return (
        f'{{"topic":"orderbook.1.{name}","ts":{BASE_MS},"type":"snapshot","data":{{"s":"{name}",'
        f'"b":[["84792.50","84.489"]],"a":[["84792.60","83.020"]],"u":{update_id},"seq":820163808303}},'
        f'"cts":{BASE_MS - 2}}}'
    ).encode()


def book(topic: str, kind: str, bids: Levels, asks: Levels, update_id: int) -> bytes:
    """A snapshot or a delta of an order book; a delta of 60 levels has 1.5 KB."""
    sides = json.dumps({"b": bids, "a": asks}, separators=(",", ":"))[1:-1]
    return (
        f'{{"topic":"{topic}","type":"{kind}","ts":{BASE_MS},"data":{{"s":"{topic.rsplit(".", 1)[1]}",'
        f'{sides},"u":{update_id},"seq":820163808303}},"cts":{BASE_MS - 2}}}'
    ).encode()


def trade(name: str, draw: random.Random, now_ms: int, number: int) -> bytes:
    """One public trade. `number` tells trades apart, and has at most twelve digits."""
    side, direction = draw.choice((("Buy", "PlusTick"), ("Sell", "MinusTick")))
    return (
        f'{{"topic":"publicTrade.{name}","type":"snapshot","ts":{now_ms},"data":[{{"T":{now_ms},"s":"{name}",'
        f'"S":"{side}","v":"{draw.uniform(0.01, 0.99):.3f}","p":"{84_792.5 + draw.randrange(20) / 10:.2f}",'
        f'"L":"{direction}","i":"d78a1d17-0e4d-5c9f-8803-{number:012d}","BT":false,"RPI":false,'
        f'"seq":820163808303}}]}}'
    ).encode()


def liquidation(name: str, draw: random.Random, now_ms: int) -> bytes:
    """One liquidated position."""
    side, size = draw.choice(("Buy", "Sell")), f"{draw.uniform(0.01, 0.99):.3f}"
    data = [{"T": now_ms, "s": name, "S": side, "v": size, "p": "84795.10"}]
    return json.dumps(
        {"topic": f"allLiquidation.{name}", "type": "snapshot", "ts": now_ms, "data": data}
    ).encode()


def candle(name: str, now_ms: int) -> bytes:
    """The minute that is under way."""
    start_ms = now_ms - now_ms % 60_000
    prices = {"open": "84792.5", "close": "84792.6", "high": "84794.4", "low": "84792.5"}
    data = {"start": start_ms, "end": start_ms + 59_999, "interval": "1", **prices}
    data |= {"volume": "12.5", "turnover": "1059907.5", "confirm": False, "timestamp": now_ms}
    return json.dumps({"topic": f"kline.1.{name}", "data": [data], "ts": now_ms, "type": "snapshot"}).encode()


def message(topic: str, kind: str, data: dict[str, str]) -> bytes:
    """A data message of Bybit's."""
    body = {"topic": topic, "type": kind, "data": data, "cs": 820163808303, "ts": BASE_MS}
    return json.dumps(body, separators=(",", ":")).encode()


def snapshots(records: int, count: int = 10) -> list[str]:
    """Successive snapshots of `records` records in the hub's shape; a third of them trades in each."""
    draw = random.Random(7)
    rows = [record(symbol(number), draw) for number in range(records)]
    texts = []
    for number in range(count):
        for row in draw.sample(rows, k=max(1, records // 3)):
            trade_record(row, BASE_MS + 200 * number + draw.randrange(200), draw)
        body = {"type": "market_data", "exchange": "bybit", "data": rows, "count": records, "ts_out": BASE_MS}
        texts.append(json.dumps(body, separators=(",", ":")))
    return texts


def trade_record(row: dict[str, Any], now_ms: int, draw: random.Random) -> None:
    """What changes in a record when its instrument trades."""
    price = float(f"{row['price'] * draw.uniform(0.999, 1.001):.5g}")
    row.update(
        price=price, bid=price, ask=float(f"{price * 1.0001:.5g}"), ts_event=now_ms, ts_recv=now_ms + 2
    )
    row.update(bid_size=round(draw.uniform(1, 9999), 3), ask_size=round(draw.uniform(1, 9999), 3))
    row.update(timestamp=now_ms / 1000, change_24h=round(draw.uniform(-9, 9), 4))
    row.update(
        volume_24h=round(row["volume_24h"] * 1.0001, 4), turnover_24h=round(row["turnover_24h"] * 1.0001, 4)
    )


def record(name: str, draw: random.Random) -> dict[str, Any]:
    """One record as the hub serves it."""
    price = float(f"{10 ** draw.uniform(-1, 5):.5g}")
    row: dict[str, Any] = {
        "symbol": name,
        "price": price,
        "volume_24h": round(10 ** draw.uniform(4, 9), 4),
        "change_24h": 0.0,
        "high_24h": float(f"{price * draw.uniform(1.0, 1.1):.5g}"),
        "low_24h": float(f"{price * draw.uniform(0.9, 1.0):.5g}"),
        "bid": price,
        "ask": price,
        "timestamp": 0.0,
        "market": "linear",
        "exchange": "bybit",
        "key": f"bybit:linear:{name}",
        "bid_size": 0.0,
        "ask_size": 0.0,
        "turnover_24h": round(10 ** draw.uniform(6, 10), 4),
        "mark_price": float(f"{price * draw.uniform(0.999, 1.001):.6g}"),
        "index_price": float(f"{price * draw.uniform(0.999, 1.001):.6g}"),
        "funding_rate": round(draw.uniform(-0.0005, 0.0005), 8),
        "funding_interval_h": draw.choice((4.0, 8.0)),
        "next_funding_ts": 1_791_100_800_000,
        "open_interest": round(10 ** draw.uniform(3, 8), 3),
        "ts_event": 0,
        "ts_recv": 0,
        "stale": False,
    }
    trade_record(row, BASE_MS, draw)
    return row
