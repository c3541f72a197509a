"""From the rows of history to the files of an export, one instrument after the other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from actors.export.files import PartFile
from actors.export.layout import Partition, folder_of, partition_of
from actors.export.tables import NS_PER_US, Table
from actors.market.rows import Row
from actors.runtime.version import __version__
from actors.sinks.base import InstrumentKey
from actors.sinks.sqlite_archive import Archive

NS_MAX = (1 << 63) - 1


class Job(Struct, frozen=True, kw_only=True):
    """What is to be exported to where; of bars also which. Times are ns, `to_ns` is not part of the range;
    the files know whole microseconds only, so the range is cut to these."""

    table: Table
    instruments: Sequence[InstrumentKey]
    from_ns: int
    to_ns: int
    out: Path
    interval: str = ""
    interval_s: int = 60


class Progress(Struct):
    """How far it is: the share that is done, 0 to 1, what was written, and what is being read."""

    share: float = 0.0
    rows: int = 0
    files: int = 0
    size_bytes: int = 0
    at: str = ""


def whole_us(ns: int) -> int:
    """The last whole microsecond up to a moment."""
    return ns - ns % NS_PER_US


class Export:
    """`run` it once; `tell` is told of every page. An error leaves each file as it was, or done."""

    def __init__(self, archive: Archive, job: Job, tell: Callable[[Progress], None]) -> None:
        self.progress = Progress()
        self._archive = archive
        self._job = replace(job, from_ns=whole_us(job.from_ns), to_ns=whole_us(job.to_ns))
        self._tell = tell
        self._part: PartFile | None = None
        self._partition: Partition | None = None

    def run(self) -> Progress:
        """Write everything. May raise `SinkError` and `OSError`."""
        count = len(self._job.instruments)
        try:
            for number, of in enumerate(self._job.instruments):
                self._instrument(of, number / count, 1 / count)
        finally:
            if self._part is not None:
                self._part.abandon()
        self.progress.share = 1.0
        return self.progress

    def _instrument(self, of: InstrumentKey, begin: float, share: float) -> None:
        job, first_ns = self._job, 0
        for page in self._archive.rows(job.table.row_type, of, job.from_ns, job.to_ns, job.interval_s):
            self._take(of, page)
            first_ns, last_ns = first_ns or page[0].ts, page[-1].ts
            part = (last_ns - first_ns) / max(1, min(job.to_ns, NS_MAX) - first_ns)
            self._say(begin + share * min(1.0, part), of)
        self._finish()
        self._say(begin + share, of)

    def _say(self, share: float, of: InstrumentKey) -> None:
        self.progress.share = share
        period = self._partition.name.partition("=")[2] if self._partition else ""
        self.progress.at = f"{of.exchange}:{of.market}:{of.symbol} {period}".rstrip()
        self._tell(self.progress)

    def _take(self, of: InstrumentKey, page: Sequence[Row]) -> None:
        """Rows in order: each file ends where the next one's rows begin."""
        begin = 0
        while begin < len(page):
            partition = partition_of(page[begin].ts, self._job.table.period)
            end = bisect_left(page, partition.to_ns, begin, key=lambda row: row.ts)
            self._part_for(of, partition, page[begin].ts).add(page[begin:end])
            begin = end

    def _part_for(self, of: InstrumentKey, partition: Partition, first_ns: int) -> PartFile:
        if self._part is not None and partition == self._partition:
            return self._part
        self._finish()
        job = self._job
        about = {"version": __version__, "table": job.table.name}
        about |= {"exchange": of.exchange, "market": of.market, "symbol": of.symbol}
        if job.interval:
            about["interval"] = job.interval
        folder = job.out / folder_of(job.table.name, of, job.interval) / partition.name
        self._partition = partition
        self._part = PartFile(folder, job.table, about, first_ns)
        return self._part

    def _finish(self) -> None:
        if self._part is not None:
            self.progress.size_bytes += self._part.finish()
            self.progress.rows += self._part.rows
            self.progress.files += 1
        self._part = self._partition = None
