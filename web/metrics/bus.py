"""The bus between several machines, as this node sees it. Nothing of it is there on a single machine."""

from __future__ import annotations

from collections.abc import Iterator

from actors.market.busstatus import BusReport
from web.metrics.families import Family, Sample, counter, gauge
from web.site import Site

UP = gauge("bus_up", "1 while all connections to the bus are open.")
NODES = gauge("bus_nodes", "Nodes that are alive, by what they do.", "role")
PUBLISHED = counter("bus_published_messages_total", "Messages that are on the bus.")
PUBLISHED_BYTES = counter("bus_published_bytes_total", "Their bytes.")
WAITING = gauge("bus_waiting_bytes", "What waits to be published.")
DROPPED = counter("bus_dropped_messages_total", "Messages that found no room while the bus was away.")
READ = counter("bus_read_messages_total", "Messages that were read.")
READ_BYTES = counter("bus_read_bytes_total", "Their bytes.")
UNREADABLE = counter(
    "bus_unreadable_messages_total", "Messages that were skipped: another version's, or none."
)
LAG = gauge("bus_lag_seconds", "How old the newest message was when it was read, by both nodes' clocks.")
LOST = counter("bus_lost_messages_total", "Messages of a node that never came.", "node")
REPEATED = counter("bus_repeated_messages_total", "Messages of a node that came twice.", "node")
STANDBY = counter("bus_standby_events_total", "Events of a node that stood by while another spoke.", "node")
TOOK_OVER = counter("bus_took_over_total", "Instruments that this node took over from others.")

FAMILIES: tuple[Family, ...] = (
    UP, NODES, PUBLISHED, PUBLISHED_BYTES, WAITING, DROPPED, READ, READ_BYTES, UNREADABLE, LAG, LOST,
    REPEATED, STANDBY, TOOK_OVER,
)  # fmt: skip
ROLES = ("ingest", "serve", "persist")


def samples(site: Site) -> Iterator[Sample]:
    """Of the one bus, where there is one."""
    report = site.bus() if site.bus is not None else None
    if report is None:
        return
    yield UP.of(report.is_up)
    for role in ROLES:
        yield NODES.of(sum(role in node.roles for node in report.nodes), role)
    yield from _traffic(report)
    yield TOOK_OVER.of(report.took_over)
    for family, counts in ((LOST, report.lost), (REPEATED, report.repeated), (STANDBY, report.standby)):
        for node in dict.fromkeys((*(each.name for each in report.nodes), *counts)):
            yield family.of(counts.get(node, 0), node)


def _traffic(report: BusReport) -> Iterator[Sample]:
    yield PUBLISHED.of(report.published)
    yield PUBLISHED_BYTES.of(report.published_bytes)
    yield WAITING.of(report.waiting_bytes)
    yield DROPPED.of(report.dropped)
    yield READ.of(report.read)
    yield READ_BYTES.of(report.read_bytes)
    yield UNREADABLE.of(report.unreadable)
    yield LAG.of(report.lag_ms / 1000)
