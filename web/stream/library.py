"""All shelves by the shape of their records, each kept as long as somebody reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import structs

from web.api.tape import INTERVALS
from web.stream.attention import Kind
from web.stream.journal import Journal
from web.stream.options import Options
from web.stream.shelves import Books, Latest, Qualities, Shelf, Some, Tickers

TOLD: Mapping[str, Kind] = {
    "ticker": "ticker",
    "quote": "ticker",
    "funding": "ticker",
    "quality": "quality",
    "derived": "derived",
    "book": "book",
}

KINDS: Mapping[str, type[Latest]] = {"book": Books, "quality": Qualities}


class Library:
    """Lends shelves, and counts who reads which key."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._shelves: dict[Options, Shelf] = {}
        self._readers: dict[Options, Counter[str]] = {}

    def __len__(self) -> int:
        return len(self._shelves)

    def lend(self, options: Options) -> Shelf:
        """The shelf of these records."""
        if options.channel == "bars":
            return self._journal.bars[INTERVALS[options.interval]]
        shape = shape_of(options)
        shelf = self._shelves.get(shape)
        if shelf is None:
            shelf = self._shelves[shape] = self._built(shape)
            self._readers[shape] = Counter()
        return shelf

    def open(self, options: Options, keys: Iterable[str]) -> None:
        """One more reads these keys."""
        readers = self._readers.get(shape_of(options))
        if readers is not None:
            readers.update(keys)

    def close(self, options: Options, keys: Iterable[str]) -> None:
        """One less reads these keys."""
        shape = shape_of(options)
        readers = self._readers.get(shape)
        if readers is None:
            return
        for key in keys:
            readers[key] -= 1
            if readers[key] <= 0:
                del readers[key]
                self._shelves[shape].close(key)

    def give_back(self, options: Options) -> None:
        """A group ended; a shelf that nobody reads is dropped."""
        shape = shape_of(options)
        if not self._readers.get(shape, True):
            del self._shelves[shape], self._readers[shape]

    def _built(self, shape: Options) -> Shelf:
        told = self._journal.told[TOLD[shape.channel]]
        kind = KINDS.get(shape.channel, Latest)
        if shape.channel == "ticker" and shape.fields is None:
            kind = Tickers
        shelf = kind(self._journal.site, structs.replace(shape, fields=None), told)
        return shelf if shape.fields is None or shape.channel == "book" else Some(shelf, shape.fields)


def shape_of(options: Options) -> Options:
    """The options without who is meant and how it is told: what makes the records."""
    return structs.replace(options, symbols=(), changes_only=False)
