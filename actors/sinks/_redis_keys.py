"""What each key is called, and how a row is written under it.

    latest:FUTURES:BTCUSDT                  of the one exchange whose keys carry no name
    latest:hyperliquid:FUTURES:BTC          of every other

Nothing else can have the name of either: a market comes first or second, a date comes last.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import NamedTuple

import msgspec
from msgspec import Struct

from actors.market.rows import TickRow
from actors.runtime.errors import SinkRefused
from actors.sinks.base import InstrumentKey

INSTRUMENTS = "tickwell:instruments"
MARKETS = {"linear": "FUTURES", "spot": "SPOT"}

_NS_PER_DAY = 86_400 * 1_000_000_000
_NS_PER_MS = 1_000_000


class KeyNames(NamedTuple):
    """The keys of one instrument on one day (UTC)."""

    latest: str
    history: str
    timeseries: str
    stats: str


class Value(Struct, frozen=True, omit_defaults=True):
    """One tick, as JSON in `history` and `timeseries`, and as the fields of `latest`. What is not known is
    left out. `timestamp` is Unix ms; `ts_ns` is the same in ns, as text, for numbers of JSON may lose it.
    The script of `_redis_script.py` reads the first three where they stand."""

    timestamp: int
    ts_ns: str
    price: float
    volume: float | None = None
    high24h: float | None = None
    low24h: float | None = None
    change24h: float | None = None
    bid: float | None = None
    ask: float | None = None


_encoder = msgspec.json.Encoder()


def place_of(of: InstrumentKey) -> tuple[str, str, str]:
    """Exchange, market and symbol, as Redis has them."""
    return of.exchange, MARKETS.get(of.market, of.market), of.symbol


def key_names(of: InstrumentKey, day: str, bare_exchange: str) -> KeyNames:
    """The names; those of `bare_exchange` do not carry its name."""
    exchange, market, symbol = place_of(of)
    place = f"{market}:{symbol}" if exchange == bare_exchange else f"{exchange}:{market}:{symbol}"
    return KeyNames(
        f"latest:{place}", f"history:{place}", f"timeseries:{place}:{day}", f"stats:{place}:{day}"
    )


def day_of(ts: int) -> str:
    """The day of a moment (ns), such as 2026-11-21, in UTC."""
    return datetime.fromtimestamp(ts // _NS_PER_DAY * 86_400, UTC).date().isoformat()


def instrument_of(row: TickRow) -> InstrumentKey:
    """Which instrument a row is of."""
    return InstrumentKey(row.exchange, row.market, row.symbol)


def name_of(instrument: InstrumentKey) -> str:
    """An instrument in the set of all instruments, such as bybit:linear:BTCUSDT."""
    return f"{instrument.exchange}:{instrument.market}:{instrument.symbol}"


def instrument_named(name: str) -> InstrumentKey | None:
    """The instrument of such a name; `None` if it is none."""
    parts = name.split(":", 2)
    return InstrumentKey(*parts) if len(parts) == 3 and all(parts) else None


def text_of(row: TickRow) -> bytes:
    """A row without what its key says. Equal ticks have equal texts, so a sorted set has each once.

    Raises `SinkRefused` where Redis could not keep its order or price.
    """
    if not isfinite(row.price) or not 0 <= row.ts < 1 << 63:
        raise SinkRefused(f"a tick of {row.symbol!a} cannot be kept: price {row.price}, time {row.ts} ns")
    value = Value(
        row.ts // _NS_PER_MS,
        f"{row.ts:019d}",
        row.price,
        row.volume,
        row.high_24h,
        row.low_24h,
        row.change_24h,
        row.bid,
        row.ask,
    )
    return _encoder.encode(value)


def row_of(of: InstrumentKey, value: Value) -> TickRow:
    """The tick that was written."""
    return TickRow(
        int(value.ts_ns),
        of.exchange,
        of.market,
        of.symbol,
        value.price,
        value.volume,
        value.high24h,
        value.low24h,
        value.change24h,
        value.bid,
        value.ask,
    )


def value_of_fields(fields: Mapping[str, str]) -> Value:
    """What the fields of `latest` say. Raises `msgspec.MsgspecError` if they are none of ours."""
    kept = {name: fields[name] for name in Value.__struct_fields__ if name in fields}
    return msgspec.convert(kept, Value, strict=False)
