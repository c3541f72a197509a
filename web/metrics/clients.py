"""The clients of both sockets: who is there, what they missed, and how they went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from web.metrics.families import Family, Sample, counter, gauge
from web.site import Site
from web.stream.errors import CLOSE_CODES, CODES
from web.stream.hub import StreamHub
from web.stream.options import Channel

ROUTES = ("realtime", "stream")
GOODBYES = ("gone", *(str(code) for code in CLOSE_CODES))

CONNECTIONS = gauge("web_connections", "Connections of any kind that are served.")
ACCEPTED = counter("web_accepted_total", "Connections that were served.")
REFUSED = counter(
    "web_refused_total", "Connections that were refused: there was no room, or too many of one address."
)
STALLED = counter(
    "web_stalled_total", "Connections that were dropped, as they took nothing for `client_stall_s`."
)
SENT = counter("web_sent_bytes_total", "Bytes that were written to clients, before TLS.")
DISCONNECTS = counter(
    "client_disconnects_total",
    "Sockets that ended, by the close code that the hub sent; `gone` where the client was gone first.",
    "route",
    "code",
)
REALTIME = gauge("realtime_clients", "Clients of `/ws/realtime/{exchange}`.", "exchange")
REALTIME_GROUPS = gauge("realtime_groups", "Groups of such clients with equal wishes.", "exchange")
REALTIME_SENT = counter(
    "realtime_sent_messages_total", "Updates and heartbeats that were written to them.", "exchange"
)
REALTIME_CONFLATED = counter(
    "realtime_conflated_ticks_total", "Ticks that such clients got merged with later ones.", "exchange"
)
CLIENTS = gauge("stream_clients", "Clients of `/ws`, and readers of its events over HTTP.")
BUSY = gauge("stream_busy_clients", "Those of them with a write under way.")
SUBSCRIPTIONS = gauge("stream_subscriptions", "Their subscriptions.", "channel")
GROUPS = gauge("stream_groups", "Groups of equal subscriptions.")
STREAM_SENT = counter("stream_sent_messages_total", "Frames with data that were written to them.")
CONFLATED = counter("stream_conflated_total", "Updates that were merged with later ones for busy clients.")
MISSED = counter("stream_missed_total", "Records that slow clients never got, and were told so.")
GAPS = counter("stream_gaps_told_total", "Messages that told them.")
RESUMES = counter(
    "stream_resumes_total", "Subscriptions that went on where they were: `recovered`, or `lost`.", "outcome"
)
ERRORS = counter("stream_errors_total", "Requests that were refused.", "code")
RING = gauge("stream_ring_records", "Records that are kept for slow and returning clients.", "ring")
RING_MAX = gauge("stream_ring_records_max", "How many can be.", "ring")

FAMILIES: tuple[Family, ...] = (
    CONNECTIONS, ACCEPTED, REFUSED, STALLED, SENT, DISCONNECTS, REALTIME, REALTIME_GROUPS, REALTIME_SENT,
    REALTIME_CONFLATED, CLIENTS, BUSY, SUBSCRIPTIONS, GROUPS, STREAM_SENT, CONFLATED,
    MISSED, GAPS, RESUMES, ERRORS, RING, RING_MAX,
)  # fmt: skip


def samples(site: Site) -> Iterator[Sample]:
    """Of everybody together."""
    yield from _traffic(site)
    yield from _realtime(site)
    yield from _stream(site.stream)
    yield from _losses(site.stream)


def _traffic(site: Site) -> Iterator[Sample]:
    traffic = site.traffic
    yield CONNECTIONS.of(len(traffic.streams))
    yield ACCEPTED.of(traffic.accepted)
    yield REFUSED.of(traffic.refused)
    yield STALLED.of(traffic.stalled)
    yield SENT.of(traffic.sent_bytes)
    usual = ((route, code) for route in ROUTES for code in GOODBYES)
    for ending in dict.fromkeys((*usual, *traffic.goodbyes)):
        yield DISCONNECTS.of(traffic.goodbyes[ending], *ending)


def _realtime(site: Site) -> Iterator[Sample]:
    groups = Counter(group.wish.exchange for group in site.fanout.groups)
    for exchange in site.read_model.exchanges:
        yield REALTIME.of(site.fanout.active[exchange], exchange)
        yield REALTIME_GROUPS.of(groups[exchange], exchange)
        yield REALTIME_SENT.of(site.fanout.sent[exchange], exchange)
        yield REALTIME_CONFLATED.of(site.fanout.conflated[exchange], exchange)


def _stream(hub: StreamHub) -> Iterator[Sample]:
    yield CLIENTS.of(len(hub.turns.clients))
    yield BUSY.of(len(hub.turns.busy))
    yield GROUPS.of(len(hub.register))
    counts: Counter[str] = Counter(
        each.group.channel for client in hub.turns.clients for each in client.subscriptions.values()
    )
    for channel in dict.fromkeys((*get_args(Channel), *counts)):
        yield SUBSCRIPTIONS.of(counts[channel], channel)
    for name, ring in hub.journal.rings.items():
        yield RING.of(ring.records, name)
        yield RING_MAX.of(ring.records_max, name)


def _losses(hub: StreamHub) -> Iterator[Sample]:
    status = hub.status()
    yield STREAM_SENT.of(status["sent"])
    yield CONFLATED.of(status["conflated"])
    yield MISSED.of(status["missed"])
    yield GAPS.of(status["gaps_told"])
    for outcome in ("recovered", "lost"):
        yield RESUMES.of(hub.resumes[outcome], outcome)
    for code in dict.fromkeys((*CODES, *hub.errors)):
        yield ERRORS.of(hub.errors[code], code)
