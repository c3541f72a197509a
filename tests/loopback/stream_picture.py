"""What a client that does what docs/protocol.md says makes of the frames that it gets, and nothing more."""

from __future__ import annotations

from typing import Any

PART = {"bars": "start", "quality": "channel"}
EVENTS = ("trades", "liquidations")

Record = dict[str, Any]


class Picture:
    """One subscription, across connections. `records` are the newest by key (and part), `events` whatever
    happened once, in the order in which it was told, `books` the sides of each book by price."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.records: dict[tuple[str, Any], Record] = {}
        self.events: list[Record] = []
        self.books: dict[str, dict[str, dict[float, float]]] = {}
        self.snapshots = self.frames = 0
        self.epoch, self.offset, self.seq = "", 0, 0

    @property
    def resume(self) -> dict[str, Any]:
        """Where it is."""
        return {"epoch": self.epoch, "offset": self.offset}

    def connected(self) -> None:
        """A new connection counts its frames anew."""
        self.seq = 0

    def take(self, frame: dict[str, Any]) -> None:
        """The next frame."""
        self.seq += 1
        self.frames += 1
        assert frame["seq"] == self.seq, f"frame {frame['seq']} came in place of {self.seq}"
        assert frame["channel"] == self.channel
        assert self.epoch in ("", frame["epoch"])
        assert frame["offset"] >= self.offset, "the hub went back"
        self.epoch, self.offset = frame["epoch"], frame["offset"]
        if frame["type"] == "snapshot":
            self._begin()
        else:
            assert frame["type"] == "update", frame
            assert self.frames > 1, "it begins with an update"
        for key in frame.get("removed", ()):
            self._remove(key)
        for record in frame["data"]:
            self._take(record)

    def _begin(self) -> None:
        self.snapshots += 1
        self.records.clear()
        self.books.clear()

    def _remove(self, key: str) -> None:
        self.books.pop(key, None)
        for name in [name for name in self.records if name[0] == key]:
            del self.records[name]

    def _take(self, record: Record) -> None:
        if self.channel in EVENTS:
            self.events.append(record)
            return
        name = (record["key"], record.get(PART.get(self.channel, "")))
        if self.channel == "book":
            self._take_book(record)
        self.records[name] = {**self.records.get(name, {}), **record}

    def _take_book(self, record: Record) -> None:
        key = record["key"]
        if record["previous"] is None:
            self.books[key] = {"bids": {}, "asks": {}}
        else:
            known = self.records[key, None]["version"]
            assert record["previous"] == known, f"{key}: {record['previous']} follows {known}"
        for side in ("bids", "asks"):
            self.books[key][side].update(dict(record[side]))
            self.books[key][side] = {price: size for price, size in self.books[key][side].items() if size}

    def levels(self, key: str) -> dict[str, list[list[float]]]:
        """A book as REST tells it: the best levels first."""
        book = self.books[key]
        return {
            "bids": [[price, book["bids"][price]] for price in sorted(book["bids"], reverse=True)],
            "asks": [[price, book["asks"][price]] for price in sorted(book["asks"])],
        }
