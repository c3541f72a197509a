"""A sink that is watched from outside: what it has, whether it is busy, whether rows overtook others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from actors.market.rows import Row
from actors.sinks.base import Sink
from tests.drills.paced_load import PacedLoad


class WatchedSink:
    """A `Sink` around another.

    `delivered` are the rows that it has, by number. `overtaken` counts those that came after a newer one of
    their kind: rows may come again, and never late.
    """

    def __init__(self, sink: Sink, load: PacedLoad) -> None:
        self.name = sink.name
        self.delivered: set[int] = set()
        self.overtaken = 0
        self.is_writing = False
        self._sink, self._load = sink, load
        self._written: list[Row] = []
        self._newest: defaultdict[type[Row], int] = defaultdict(lambda: -1)

    @property
    def is_busy(self) -> bool:
        """Whether it is being given rows, or has some of which that is not known yet."""
        return self.is_writing or bool(self._written)

    async def open(self) -> None:
        self._written.clear()
        await self._sink.open()

    async def write(self, rows: Sequence[Row]) -> None:
        self.is_writing = True
        self._written.clear()
        try:
            await self._sink.write(rows)
        finally:
            self.is_writing = False
        self._written += rows

    async def flush(self) -> None:
        await self._sink.flush()
        for row in self._written:
            self._note(row)
        self._written.clear()

    async def aclose(self) -> None:
        await self._sink.aclose()

    def _note(self, row: Row) -> None:
        number = self._load.number(row)
        if number is None or number in self.delivered:
            return
        self.overtaken += number < self._newest[type(row)]
        self._newest[type(row)] = max(number, self._newest[type(row)])
        self.delivered.add(number)
