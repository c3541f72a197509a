"""What the gate turned away: by right, by rate, and for want of room."""

from __future__ import annotations

from collections.abc import Iterator

from web.metrics.families import Family, Sample, counter, gauge
from web.security import LIMITS, REFUSALS
from web.site import Site

REFUSED = counter("gate_refused_total", "Requests that were refused for who or whence they were.", "code")
LIMITED = counter("gate_limited_total", "Requests that were one too many, by the limit.", "limit")
MADE_WAY = counter(
    "gate_made_way_total",
    "Connections that had asked nothing, and were dropped as others needed their places.",
)
TICKETS = gauge("gate_tickets", "Tickets that were given out and may still be used.")

FAMILIES: tuple[Family, ...] = (REFUSED, LIMITED, MADE_WAY, TICKETS)


def samples(site: Site) -> Iterator[Sample]:
    """Of all requests together."""
    gate = site.gate
    for code in REFUSALS:
        yield REFUSED.of(gate.refused[code], code)
    for limit in LIMITS:
        yield LIMITED.of(gate.limited[limit], limit)
    yield MADE_WAY.of(site.traffic.made_way)
    yield TICKETS.of(len(gate.tickets))
