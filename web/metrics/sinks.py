"""The sinks: where every row is that was accepted. At all times,

accepted_rows_total = written_rows_total + in_hand_rows + outbox_rows + the sum of dropped_rows_total
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from actors.market.losses import CAUSES
from actors.market.sinkstatus import SinkReport, SinkState
from web.metrics.families import Family, Sample, counter, gauge
from web.sinks import age_s
from web.site import Site

STATE = gauge("sink_state", "1 for the state of a sink, 0 for the others.", "sink", "state")
ACCEPTED = counter("sink_accepted_rows_total", "Rows that were accepted for a sink.", "sink")
WRITTEN = counter("sink_written_rows_total", "Rows that the sink has.", "sink")
IN_HAND = gauge("sink_in_hand_rows", "Rows that wait in memory.", "sink")
OUTBOX = gauge("sink_outbox_rows", "Rows that wait on our disk.", "sink")
OUTBOX_BYTES = gauge("sink_outbox_bytes", "What they take there.", "sink")
OUTBOX_AGE = gauge(
    "sink_outbox_age_seconds", "How long the oldest of them has waited; 0 without any.", "sink"
)
DROPPED = counter(
    "sink_dropped_rows_total",
    "Rows that were accepted and lost; `refused` ones were set aside.",
    "sink",
    "cause",
)
FAILURES = counter(
    "sink_failures_total", "Times that the sink did not take rows, or could not be opened.", "sink"
)
REJECTED = counter(
    "sink_rejected_total",
    "Things that no sink could take (NaN, an impossible time), and none was given.",
    "sink",
    "kind",
)
STORAGE = gauge(
    "sink_storage_bytes",
    "What a sink takes on our own disk: rows, room for more, and what is not folded in yet.",
    "sink",
    "part",
)
SWEPT = counter("sink_swept_rows_total", "Rows that retention took from our own disk.", "sink")

FAMILIES: tuple[Family, ...] = (
    STATE, ACCEPTED, WRITTEN, IN_HAND, OUTBOX, OUTBOX_BYTES, OUTBOX_AGE, DROPPED, FAILURES, REJECTED,
    STORAGE, SWEPT,
)  # fmt: skip
KINDS = ("tick", "trade", "bar", "liquidation")


def samples(site: Site) -> Iterator[Sample]:
    """Of every sink. Each is read once, so that its books balance within one answer."""
    now_ns = site.now_ns()
    for report in site.sinks():
        yield from _rows(report)
        yield OUTBOX_AGE.of(age_s(report.outbox_oldest_ns, now_ns) or 0.0, report.name)
        yield from _troubles(report)
        yield from _storage(report)


def _rows(report: SinkReport) -> Iterator[Sample]:
    yield ACCEPTED.of(report.accepted, report.name)
    yield WRITTEN.of(report.written, report.name)
    yield IN_HAND.of(report.in_hand, report.name)
    yield OUTBOX.of(report.outbox_rows, report.name)
    yield OUTBOX_BYTES.of(report.outbox_bytes, report.name)
    for cause in dict.fromkeys((*CAUSES, *report.dropped)):
        yield DROPPED.of(report.dropped.get(cause, 0), report.name, cause)


def _troubles(report: SinkReport) -> Iterator[Sample]:
    for state in get_args(SinkState):
        yield STATE.of(state == report.state, report.name, state)
    yield FAILURES.of(report.failures, report.name)
    for kind in KINDS:
        yield REJECTED.of(report.rejected.get(kind, 0), report.name, kind)


def _storage(report: SinkReport) -> Iterator[Sample]:
    kept = report.storage
    if kept is None:
        return
    for part, size in (("used", kept.used_bytes), ("free", kept.free_bytes), ("wal", kept.wal_bytes)):
        yield STORAGE.of(size, report.name, part)
    yield SWEPT.of(kept.swept_rows, report.name)
