"""What leaves the hub as JSON, in one place: the shape of a record and of every message (schema 1).

A record is encoded once, where it changed (`encode_record`); messages only join such bodies. Keys keep
their order and their meaning within a schema; new keys come after the old ones. Unknown is `null`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from actors.market.events import State
from actors.market.ticker import Ticker

SCHEMA = 1
Mode: TypeAlias = Literal["all", "changes"]


class RecordOut(Struct, frozen=True, kw_only=True):
    """One instrument as its readers see it. `timestamp` is Unix seconds; the other times are Unix ms."""

    symbol: str
    price: float | None
    volume_24h: float | None
    change_24h: float | None
    high_24h: float | None
    low_24h: float | None
    bid: float | None
    ask: float | None
    timestamp: float | None
    market: str
    exchange: str
    key: str
    name: str | None
    bid_size: float | None
    ask_size: float | None
    turnover_24h: float | None
    mark_price: float | None
    index_price: float | None
    funding_rate: float | None
    funding_interval_h: float | None
    next_funding_ts: int | None
    open_interest: float | None
    ts_event: int | None
    ts_recv: int | None
    stale: bool
    quality: State


COMPUTED = {"timestamp", "key", "next_funding_ts", "ts_event", "ts_recv"}
COPIED = tuple(name for name in RecordOut.__struct_fields__ if name not in COMPUTED)


def encode_record(ticker: Ticker) -> bytes:
    """The JSON body of one record. NaN and infinity become `null`."""
    return msgspec.json.encode(record_out(ticker))


def record_out(ticker: Ticker) -> RecordOut:
    """A record as its readers see it."""
    ts = ticker.ts_event or ticker.ts_recv
    copied: dict[str, Any] = {name: getattr(ticker, name) for name in COPIED}
    return RecordOut(
        timestamp=ts // 1_000_000 / 1000 if ts else None,
        key=ticker.key,
        next_funding_ts=unix_ms(ticker.next_funding_ts),
        ts_event=unix_ms(ticker.ts_event),
        ts_recv=unix_ms(ticker.ts_recv or None),
        **copied,
    )


def initial_data(exchange: str, bodies: Collection[bytes], now_ns: int) -> bytes:
    """The first message of a socket: everything it asked for, as it is now."""
    head = b'{"type":"initial_data","exchange":%b,"data":[' % text(exchange)
    tail = b'],"count":%d,"ts_out":%d,"schema":%d}' % (len(bodies), now_ns // 1_000_000, SCHEMA)
    return head + b",".join(bodies) + tail


def market_data(
    exchange: str, bodies: Collection[bytes], ts_ns: int, now_ns: int, mode: Mode, removed: Iterable[str] = ()
) -> bytes:
    """One tick. `ts_ns` is when the picture was taken, `removed` names the keys that are gone from it."""
    head = b'{"type":"market_data","exchange":%b,"data":[' % text(exchange)
    stamp = text(iso_time(ts_ns))
    tail = b'],"timestamp":%b,"count":%d,"ts_out":%d' % (stamp, len(bodies), now_ns // 1_000_000)
    if mode == "changes":
        tail += b',"mode":"changes"'
    gone = list(removed)
    if gone:
        tail += b',"removed":' + msgspec.json.encode(gone)
    return head + b",".join(bodies) + tail + b"}"


def error(code: str, message: str, **details: Any) -> bytes:
    """Something in what the client asked cannot be done; the socket stays open."""
    return msgspec.json.encode({"type": "error", "code": code, "message": message, **details})


def pong(now_ns: int, ts: Any | UnsetType = UNSET) -> bytes:
    """The answer to a ping: the client's own `ts`, if it gave one, and our time in ms."""
    answer: dict[str, Any] = {"type": "pong"}
    if ts is not UNSET:
        answer["ts"] = ts
    return msgspec.json.encode({**answer, "ts_hub": now_ns // 1_000_000})


def conflated(skipped: int) -> bytes:
    """A client was too slow for some ticks: how many it skipped. The newest follows."""
    return b'{"type":"conflated","skipped":%d}' % skipped


def text_frame(payload: bytes) -> bytes:
    """`payload` as one unmasked WebSocket text frame (RFC 6455, 5.2), ready for any number of clients."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2) + payload
    return b"\x81\x7f" + length.to_bytes(8) + payload


def payload_of(frame: bytes) -> bytes:
    """The payload inside a frame made by `text_frame`."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


def unix_ms(ts_ns: int | None) -> int | None:
    """Nanoseconds as whole milliseconds; what is unknown stays unknown."""
    return None if ts_ns is None else ts_ns // 1_000_000


def iso_time(ts_ns: int) -> str:
    """A time as people and `Date.parse` read it: `2025-12-23T21:00:00.000Z`."""
    seconds, rest_ns = divmod(ts_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z"


def text(value: str) -> bytes:
    """A JSON string."""
    return msgspec.json.encode(value)
