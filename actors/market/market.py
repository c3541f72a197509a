"""The live picture: every instrument's newest record, folded from the events of all exchanges.

Rules that keep an old price from looking new:

1.  What a connection said in an earlier life never mixes with what it says now: with the first event of
    a new life, every field that the earlier one had set is forgotten.
2.  When a connection ends, every record that it fed is stale until it feeds it again.
3.  A record is stale while one of its streams is silent (`Silent` ... `Heard`), and when nothing at all
    has come for longer than its own rhythm allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from actors.market.events import (
    Batch,
    Event,
    FeedDown,
    Heard,
    Named,
    Quote,
    Removed,
    Silent,
    Source,
    Ticker,
    TickerUpdate,
)
from actors.market.rhythm import Patience, Rhythm


class _Part(Struct):
    """What one connection contributed to a record: in which life, which fields, and whether it streams."""

    life: int
    names: set[str]
    down: bool = False
    streams: bool = False


class _Record:
    """`silent` maps (connection, topic) to the life that misses it."""

    __slots__ = ("fields", "overdue", "parts", "rhythm", "silent", "stale")

    def __init__(self, source: Source, symbol: str) -> None:
        self.fields: dict[str, Any] = {"exchange": source.exchange, "market": source.market, "symbol": symbol}
        self.parts: dict[str, _Part] = {}
        self.silent: dict[tuple[str, str], int] = {}
        self.rhythm = Rhythm(0)
        self.overdue = False
        self.stale = True

    def ticker(self) -> Ticker:
        return Ticker(**self.fields, stale=self.stale)

    def is_fed(self) -> bool:
        """Whether any data came; a silence may be known before."""
        return "ts_recv" in self.fields

    def is_stale(self) -> bool:
        """Whether something that it needs is missing now."""
        return (
            self.overdue
            or bool(self.silent)
            or any(part.down or not part.streams for part in self.parts.values())
        )

    def begin(self, source: Source) -> _Part:
        """A connection's first word in a life: what it said in an earlier one is forgotten."""
        part = self.parts.get(source.connection)
        if part is None:
            part = self.parts[source.connection] = _Part(source.life, set())
        for name in part.names:
            self.fields[name] = None
        if all(each is part or each.down for each in self.parts.values()):
            self.fields["ts_event"] = None
        part.names.clear()
        part.life, part.down, part.streams = source.life, False, False
        self.unmute(source.connection, source.life - 1)
        return part

    def unmute(self, connection: str, life: int) -> None:
        """Forget the silences of a connection's lives up to `life`."""
        self.silent = {
            mark: since for mark, since in self.silent.items() if mark[0] != connection or since > life
        }


class Market:
    """`apply` batches, `sweep` now and then, `drain` what changed."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._records: dict[tuple[str, str], dict[str, _Record]] = {}
        self._dirty: dict[_Record, None] = {}
        self._removed: list[tuple[str, str, str]] = []
        self._swept_ns = 0

    def reset(self) -> None:
        """What was known stays to be seen, and is stale until each connection begins a new life.

        What earlier lives left on the way proves nothing: not even that they still live.
        """
        for record in self._all():
            for part in record.parts.values():
                part.down = True
            self._judge(record)

    def apply(self, batch: Batch) -> None:
        """Fold the events of one batch into the picture."""
        source = batch.source
        records = self._records.setdefault((source.exchange, source.market), {})
        if batch.fetched:
            self._fill(records, source, batch.events)
            return
        for event in batch.events:
            if type(event) is TickerUpdate:
                self._update(records, source, event.symbol, event.values, event)
            elif type(event) is Quote:
                values = {
                    "bid": event.bid,
                    "bid_size": event.bid_size,
                    "ask": event.ask,
                    "ask_size": event.ask_size,
                }
                self._update(records, source, event.symbol, values, event)
            else:
                self._note(records, source, event)

    def sweep(self, now_ns: int) -> None:
        """Mark what has been silent for too long."""
        self._swept_ns = now_ns
        for record in self._all():
            if not record.overdue and record.rhythm.is_silent(now_ns, self._patience):
                record.overdue = True
                self._judge(record)

    def drain(self) -> list[Ticker]:
        """The records that changed since the last call, whole."""
        changed = [record.ticker() for record in self._dirty if record.is_fed()]
        self._dirty.clear()
        return changed

    def drain_removed(self) -> list[tuple[str, str, str]]:
        """What is no longer followed: (exchange, market, symbol)."""
        removed, self._removed = self._removed, []
        return removed

    def tickers(self) -> list[Ticker]:
        """Every record."""
        return [record.ticker() for record in self._all() if record.is_fed()]

    def _update(
        self,
        records: dict[str, _Record],
        source: Source,
        symbol: str,
        values: dict[str, Any],
        event: TickerUpdate | Quote,
    ) -> None:
        record = records.get(symbol)
        if record is None:
            record = records[symbol] = _Record(source, symbol)
        part = record.parts.get(source.connection)
        if part is None or part.life != source.life:
            part = record.begin(source)
        if not part.streams:
            part.streams = True
            record.rhythm.resume(event.ts_recv)
        fields = record.fields
        fields.update(values)
        part.names.update(values)
        ts_event = event.ts_event
        if ts_event is not None and ts_event >= (fields.get("ts_event") or 0):
            fields["ts_event"] = ts_event
        record.rhythm.beat(event.ts_recv)
        fields["ts_recv"] = record.rhythm.last_ns
        if record.stale:
            record.overdue = record.rhythm.is_silent(self._swept_ns, self._patience)
            record.stale = record.is_stale()
        self._dirty[record] = None

    def _fill(self, records: dict[str, _Record], source: Source, events: list[Event]) -> None:
        """Set fields that no stream tells. A record is as old as its streams, whatever REST answers."""
        for event in events:
            if isinstance(event, TickerUpdate):
                record = records.get(event.symbol)
                if record is None:
                    record = records[event.symbol] = _Record(source, event.symbol)
                part = record.parts.get(source.connection)
                if part is None or part.life != source.life:
                    part = record.begin(source)
                    self._judge(record)
                record.fields.update(event.values)
                part.names.update(event.values)
                self._dirty[record] = None

    def _note(self, records: dict[str, _Record], source: Source, event: Event) -> None:
        if isinstance(event, FeedDown):
            self._lose(records.values(), source)
        elif isinstance(event, Silent):
            self._silence(records, source, event)
        elif isinstance(event, Heard):
            self._hear(records, source, event)
        elif isinstance(event, Named):
            self._name(records, source, event)
        elif isinstance(event, Removed) and (record := records.pop(event.symbol, None)) is not None:
            self._dirty.pop(record, None)
            self._removed.append((source.exchange, source.market, event.symbol))

    def _name(self, records: dict[str, _Record], source: Source, event: Named) -> None:
        record = records.get(event.symbol)
        if record is None:
            record = records[event.symbol] = _Record(source, event.symbol)
        if record.fields.get("name") != event.name:
            record.fields["name"] = event.name
            self._dirty[record] = None

    def _lose(self, records: Iterable[_Record], source: Source) -> None:
        for record in records:
            part = record.parts.get(source.connection)
            if part is not None and part.life <= source.life:
                part.down = True
                record.unmute(source.connection, source.life)
                self._judge(record)

    def _silence(self, records: dict[str, _Record], source: Source, event: Silent) -> None:
        record = records.get(event.symbol)
        if record is None:
            record = records[event.symbol] = _Record(source, event.symbol)
        part = record.parts.get(source.connection)
        if part is None or part.life != source.life:
            record.begin(source)
            self._dirty[record] = None
        record.silent[source.connection, event.topic] = source.life
        self._judge(record)

    def _hear(self, records: dict[str, _Record], source: Source, event: Heard) -> None:
        record = records.get(event.symbol)
        if record is not None:
            record.silent.pop((source.connection, event.topic), None)
            part = record.parts.get(source.connection)
            if part is not None and part.life == source.life:
                part.streams = True
            self._judge(record)

    def _judge(self, record: _Record) -> None:
        stale = record.is_stale()
        if record.stale is not stale:
            record.stale = stale
            self._dirty[record] = None

    def _all(self) -> list[_Record]:
        return [record for records in self._records.values() for record in records.values()]
