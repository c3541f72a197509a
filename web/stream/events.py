"""Groups of what is told once each and never merged: trades, liquidations, and what the hub has to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.market.reports import Hole
from web.stream import answers
from web.stream.frames import Body, Part
from web.stream.groups import HOLDS_NOTHING, Built, Group, Held, Wish
from web.stream.journal import SYSTEM, FeedNotice, Journal, feed_notice
from web.stream.records import (
    alert_record,
    encode_record,
    liquidation_record,
    newest,
    newest_liquidations,
    trade_record,
)
from web.stream.ring import Entry

RECORDS_PER_FRAME_MAX = 5000
SNAPSHOT_PER_KEY_MAX = 100


class Events(Group):
    """Every record of a ring once, in order. A frame has a bound, and what it cannot hold follows."""

    def __init__(self, wish: Wish, journal: Journal, spare: Callable[[], bool] = lambda: True) -> None:
        super().__init__(wish, journal, spare)
        self.ring = journal.rings[self.kinds[0]]
        make = trade_record if self.channel == "trades" else liquidation_record
        self._make: Callable[[Any, str, Any], Any] = make

    def available_after(self, offset: int) -> int:
        """How many records of its keys the ring still has after `offset`."""
        entries = self._entries(offset)
        return sum(len(entry.items[key]) for entry in entries for key in entry.keys_among(self.keys))

    def can_resume(self, offset: int) -> bool:
        """Whether the ring reaches back so far."""
        return self.ring is not None and offset >= self.ring.floor

    def resumed(self, offset: int) -> Built:
        """Every record after `offset`."""
        built = self._update(offset, HOLDS_NOTHING)
        return built if built.bodies else Built([self.body("update", [], built.offset)], built.offset)

    def _snapshot(self) -> Built:
        each = max(1, min(SNAPSHOT_PER_KEY_MAX, RECORDS_PER_FRAME_MAX // max(1, len(self.keys))))
        site = self.journal.site
        if self.channel == "liquidations":
            found = newest_liquidations(site, self.keys, each)
        else:
            found = [record for key in self.keys for record in newest(site, self.options, key, each)]
        records = [encode_record(record, *self.style) for record in found]
        return Built([self.body("snapshot", records, self.journal.offset)], self.journal.offset)

    def _update(self, offset: int, held: Held) -> Built:
        records: list[bytes] = []
        reached = offset
        for entry in self._entries(offset):
            if len(records) >= RECORDS_PER_FRAME_MAX:
                return self._built(records, reached, more=True)
            reached = entry.offset
            for key in entry.keys_among(self.keys):
                records += entry.of(key, *self.style, self._encode)
        return self._built(records, self.journal.offset)

    def _entries(self, offset: int) -> list[Entry]:
        return self.ring.after(offset) if self.ring is not None else []

    def _built(self, records: list[bytes], offset: int, *, more: bool = False) -> Built:
        bodies = [self.body("update", records, offset)] if records else []
        return Built(bodies, offset, records=len(records), more=more)

    def _encode(self, key: str, record: Any) -> bytes:
        return encode_record(self._make(self.journal.site, key, record), *self.style)


class SystemGroup(Events):
    """What the hub missed of the exchanges, and which feeds go and come: one frame for each."""

    def available_after(self, offset: int) -> int:
        """How many notices there are after `offset`."""
        return sum(entry.count for entry in self._entries(offset))

    def resumed(self, offset: int) -> Built:
        """Every notice after `offset`."""
        return self._update(offset, HOLDS_NOTHING)

    def _snapshot(self) -> Built:
        """How every feed is doing, and the holes that are open."""
        site = self.journal.site
        told: list[Any] = [feed_notice(each, site.now_ns()) for each in site.read_model.reports()]
        holes = (hole for board in site.read_model.boards.values() for hole in board.picture.holes.values())
        told += [hole for hole in holes if hole.to_ns is None]
        return Built([self._told(each, self.journal.offset) for each in told], self.journal.offset)

    def _update(self, offset: int, held: Held) -> Built:
        bodies = [
            self._told(notice, entry.offset)
            for entry in self._entries(offset)
            for notices in entry.items.values()
            for notice in notices
        ]
        return Built(bodies, self.journal.offset, records=len(bodies))

    def _told(self, notice: Any, offset: int) -> Body:
        system = system_message(notice)
        return self._body([*self._opening(system.type, offset), Part("data", self._encoded(system.data))])


class AlertsGroup(Events):
    """Every alert once; a snapshot has the newest."""

    def available_after(self, offset: int) -> int:
        """How many alerts there are after `offset`."""
        return sum(entry.count for entry in self._entries(offset))

    def _snapshot(self) -> Built:
        newest = [each for entry in self._entries(-1) for each in self._records(entry)]
        body = self.body("snapshot", newest[-SNAPSHOT_PER_KEY_MAX:], self.journal.offset)
        return Built([body], self.journal.offset)

    def _update(self, offset: int, held: Held) -> Built:
        records = [each for entry in self._entries(offset) for each in self._records(entry)]
        return self._built(records, self.journal.offset)

    def _records(self, entry: Entry) -> list[bytes]:
        return entry.of(SYSTEM, *self.style, self._encode)

    def _encode(self, key: str, record: Any) -> bytes:
        return encode_record(alert_record(record), *self.style)


def system_message(notice: Hole | FeedNotice) -> answers.System:
    """A notice as a message."""
    if isinstance(notice, Hole):
        return answers.hole(notice)
    data = answers.FeedData(
        exchange=notice.exchange,
        market=notice.market,
        state=notice.state,
        reason=notice.reason,
        ts=notice.ts // 1_000_000,
    )
    return answers.System(type="feed", data=data)


CONCERNED: dict[str, frozenset[str]] = {
    "ticker": frozenset(("ticker", "funding", "quote")),
    "quote": frozenset(("quote", "ticker")),
    "trades": frozenset(("trades", "bars")),
    "candles": frozenset(("bars",)),
    "book": frozenset(("book",)),
    "liquidations": frozenset(("liquidations",)),
}


def holes_for(group: Group, offset: int) -> list[Hole]:
    """What the hub missed of what a group shows, told after `offset`."""
    return [
        notice
        for entry in group.journal.rings["notices"].after(offset)
        for key in _concerned_keys(group, entry)
        for notice in entry.items[key]
        if group.channel in CONCERNED.get(notice.channel, ())
    ]


def _concerned_keys(group: Group, entry: Entry) -> list[str]:
    return [key for key in entry.keys_among(group.keys) if key != SYSTEM]
