"""The tickers of one market: each instrument's newest record, folded from what its connections tell.

What a connection said in an earlier life never mixes with what it says now: with its first word in a new
life, every field that the earlier one had set is forgotten. So is everything that is remembered from before
the start, with the first word of any stream. Whether a record is current is not judged here: `quality.py`
does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from actors.market.changes import Prices
from actors.market.events import Quote, Source, State, TickerUpdate
from actors.market.rows import TickRow
from actors.market.ticker import Ticker


class _Part(Struct):
    """What one connection contributed to a record: in which life, and which fields."""

    life: int
    names: set[str]


class _Record:
    __slots__ = ("fields", "parts", "prices", "remembered", "timed_ns", "told", "ts_recv")

    def __init__(self, source: Source, symbol: str) -> None:
        self.fields: dict[str, Any] = {"exchange": source.exchange, "market": source.market, "symbol": symbol}
        self.parts: dict[str, _Part] = {}
        self.remembered: set[str] | None = None  # the fields that are of before the start
        self.ts_recv = 0
        self.timed_ns = 0  # when what told `ts_event` came
        self.prices = Prices()
        self.told: tuple[float | None, ...] = (None, None, None)

    def begin(self, source: Source) -> _Part:
        """A connection's first word in a life: what it said in an earlier one is forgotten."""
        part = self.parts.get(source.connection)
        if part is None:
            part = self.parts[source.connection] = _Part(source.life, set())
        for name in part.names:
            self.fields[name] = None
        if len(self.parts) == 1:
            self.fields["ts_event"] = None
        part.names.clear()
        part.life = source.life
        return part

    def remember(self, row: TickRow) -> bool:
        """Show what was known, but for what was told since. Returns whether there is anything new in it."""
        if self.ts_recv >= row.ts or (self.ts_recv and self.remembered is None):
            return False
        self.forget()
        told = {name for part in self.parts.values() for name in part.names}
        known = {name: value for name, value in _values(row).items() if name not in told}
        self.fields.update(known)
        self.remembered, self.ts_recv = set(known), row.ts
        return True

    def forget(self) -> None:
        """A stream speaks: what is of before the start is over."""
        self.fields.update(dict.fromkeys(self.remembered or ()))
        self.remembered = None
        self.ts_recv = 0

    def ticker(self, quality: State, now_ns: int) -> Ticker:
        """The record as its readers see it."""
        self.told = change_1m, change_5m, change_1h = self.prices.changes(self.fields.get("price"), now_ns)
        return Ticker(
            **self.fields,
            ts_recv=self.ts_recv,
            change_1m=change_1m,
            change_5m=change_5m,
            change_1h=change_1h,
            quality=quality,
        )


class Tickers:
    """`quality` tells the state of a symbol's record. `remembered` are the symbols of which nothing is known
    but what was known before the start."""

    def __init__(self, quality: Callable[[str], State]) -> None:
        self._quality = quality
        self._records: dict[str, _Record] = {}
        self._dirty: dict[str, None] = {}
        self.remembered: set[str] = set()

    def update(
        self, source: Source, symbol: str, values: dict[str, Any], event: TickerUpdate | Quote
    ) -> None:
        """Take what a stream tells: the hot path."""
        record = self._records.get(symbol)
        if record is None:
            record = self._records[symbol] = _Record(source, symbol)
        part = record.parts.get(source.connection)
        if part is None or part.life != source.life:
            part = record.begin(source)
        if record.remembered is not None:
            record.forget()
            self.remembered.discard(symbol)
        fields = record.fields
        fields.update(values)
        part.names.update(values)
        ts_event = event.ts_event
        if ts_event is not None and ts_event >= (fields.get("ts_event") or 0):
            fields["ts_event"] = ts_event
            record.timed_ns = event.ts_recv
        if event.ts_recv > record.ts_recv:
            record.ts_recv = event.ts_recv
        self._dirty[symbol] = None

    def fill(self, source: Source, event: TickerUpdate) -> None:
        """Set fields that no stream tells. A record is as old as its streams, whatever REST answers."""
        record = self._record(source, event.symbol)
        part = record.parts.get(source.connection)
        if part is None or part.life != source.life:
            part = record.begin(source)
        record.fields.update(event.values)
        part.names.update(event.values)
        if record.remembered is not None:
            record.remembered.difference_update(event.values)
        self._dirty[event.symbol] = None

    def remember(self, row: TickRow) -> None:
        """Show what was known before the start, until a stream speaks."""
        source = Source(row.exchange, row.market, "", 0)
        if self._record(source, row.symbol).remember(row):
            self.remembered.add(row.symbol)
            self._dirty[row.symbol] = None

    def inherit(self, symbol: str, before: str, connection: str) -> None:
        """What one connection said, another will say: with its first word, the earlier ones are forgotten."""
        record = self._records.get(symbol)
        if record is not None and before in record.parts:
            names = record.parts.pop(before).names
            if connection in record.parts:
                names |= record.parts[connection].names
            record.parts[connection] = _Part(-1, names)

    def begin(self, source: Source, symbol: str) -> None:
        """A connection begins a new life with this instrument."""
        record = self._record(source, symbol)
        part = record.parts.get(source.connection)
        if part is None or part.life != source.life:
            record.begin(source)
            self._dirty[symbol] = None

    def name(self, source: Source, symbol: str, name: str) -> None:
        """Our name of an instrument."""
        record = self._record(source, symbol)
        if record.fields.get("name") != name:
            record.fields["name"] = name
            self._dirty[symbol] = None

    def seed(self, symbol: str, start_ns: int, close: float) -> None:
        """The close of an exchange's minute bar: a price of before we listened."""
        record = self._records.get(symbol)
        if record is not None:
            record.prices.seed(start_ns, close)

    def age(self, now_ns: int) -> None:
        """Find the records whose changes of price are others by now: time alone does that."""
        for symbol, record in self._records.items():
            if record.ts_recv and record.prices.changes(record.fields.get("price"), now_ns) != record.told:
                self._dirty[symbol] = None

    def tells_time(self, symbol: str) -> bool:
        """Whether the newest word said when it happened: of some words, no exchange says that."""
        record = self._records.get(symbol)
        return record is not None and record.timed_ns == record.ts_recv

    def touch(self, symbol: str) -> None:
        """Its quality changed."""
        if symbol in self._records:
            self._dirty[symbol] = None

    def remove(self, symbol: str) -> bool:
        """Forget an instrument. Returns whether there was one."""
        self._dirty.pop(symbol, None)
        self.remembered.discard(symbol)
        return self._records.pop(symbol, None) is not None

    def drain(self, now_ns: int) -> list[Ticker]:
        """The records that changed since the last call, whole."""
        changed: list[Ticker] = []
        for symbol in self._dirty:
            record = self._records[symbol]
            if record.ts_recv:
                quality = self._judged(symbol, record)
                record.prices.note(record.fields.get("price") if quality == "live" else None, now_ns)
                changed.append(record.ticker(quality, now_ns))
        self._dirty.clear()
        return changed

    def everything(self, now_ns: int) -> list[Ticker]:
        """Every record of which any data came."""
        return [
            record.ticker(self._judged(symbol, record), now_ns)
            for symbol, record in self._records.items()
            if record.ts_recv
        ]

    def _judged(self, symbol: str, record: _Record) -> State:
        """A stream may be live without a word; what is remembered is not."""
        quality = self._quality(symbol)
        return quality if record.remembered is None or quality in ("halted", "refused") else "stale"

    def _record(self, source: Source, symbol: str) -> _Record:
        record = self._records.get(symbol)
        if record is None:
            record = self._records[symbol] = _Record(source, symbol)
        return record


def _values(row: TickRow) -> dict[str, float | None]:
    return {
        "price": row.price,
        "volume_24h": row.volume,
        "high_24h": row.high_24h,
        "low_24h": row.low_24h,
        "change_24h": row.change_24h,
        "bid": row.bid,
        "ask": row.ask,
    }
