"""The tickers of one market: each instrument's newest record, folded from what its connections tell.

What a connection said in an earlier life never mixes with what it says now: with its first word in a new
life, every field that the earlier one had set is forgotten. Whether a record is current is not judged here:
`quality.py` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from actors.market.changes import Prices
from actors.market.events import Quote, Source, State, TickerUpdate
from actors.market.ticker import Ticker


class _Part(Struct):
    """What one connection contributed to a record: in which life, and which fields."""

    life: int
    names: set[str]


class _Record:
    __slots__ = ("fields", "parts", "prices", "told", "ts_recv")

    def __init__(self, source: Source, symbol: str) -> None:
        self.fields: dict[str, Any] = {"exchange": source.exchange, "market": source.market, "symbol": symbol}
        self.parts: dict[str, _Part] = {}
        self.ts_recv = 0
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
    """`quality` tells the state of a symbol's record."""

    def __init__(self, quality: Callable[[str], State]) -> None:
        self._quality = quality
        self._records: dict[str, _Record] = {}
        self._dirty: dict[str, None] = {}

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
        fields = record.fields
        fields.update(values)
        part.names.update(values)
        ts_event = event.ts_event
        if ts_event is not None and ts_event >= (fields.get("ts_event") or 0):
            fields["ts_event"] = ts_event
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
        self._dirty[event.symbol] = None

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

    def touch(self, symbol: str) -> None:
        """Its quality changed."""
        if symbol in self._records:
            self._dirty[symbol] = None

    def remove(self, symbol: str) -> bool:
        """Forget an instrument. Returns whether there was one."""
        self._dirty.pop(symbol, None)
        return self._records.pop(symbol, None) is not None

    def drain(self, now_ns: int) -> list[Ticker]:
        """The records that changed since the last call, whole."""
        changed: list[Ticker] = []
        for symbol in self._dirty:
            record = self._records[symbol]
            if record.ts_recv:
                quality = self._quality(symbol)
                record.prices.note(record.fields.get("price") if quality == "live" else None, now_ns)
                changed.append(record.ticker(quality, now_ns))
        self._dirty.clear()
        return changed

    def everything(self, now_ns: int) -> list[Ticker]:
        """Every record of which any data came."""
        return [
            record.ticker(self._quality(symbol), now_ns)
            for symbol, record in self._records.items()
            if record.ts_recv
        ]

    def _record(self, source: Source, symbol: str) -> _Record:
        record = self._records.get(symbol)
        if record is None:
            record = self._records[symbol] = _Record(source, symbol)
        return record
