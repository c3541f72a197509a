"""The feeds: connections, what they bring, and why they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from actors.market.feeds import FeedState, MarketReport
from web.metrics.families import Family, Sample, counter, gauge
from web.sinks import age_s
from web.site import Site

CAUSES = ("network", "closed", "stall", "rate_limited", "rejected", "other", "bug", "planned")
MARKET = ("exchange", "market")

RUNNING = gauge("exchange_running", "Whether an exchange is being read: 0 when it was stopped.", "exchange")
STATE = gauge(
    "feed_state", "1 for the state of a market's worst connection, 0 for the others.", *MARKET, "state"
)
CONNECTIONS = gauge("feed_connections", "Connections of a market by their state.", *MARKET, "state")
MESSAGES = counter("feed_messages_total", "Messages that an exchange sent.", *MARKET)
BYTES = counter(
    "feed_received_bytes_total", "Bytes of these messages, decompressed by the connection.", *MARKET
)
RECONNECTS = counter(
    "feed_reconnects_total",
    "Connections that ended, by cause; `planned` ones were replaced before their end, without a gap.",
    *MARKET,
    "cause",
)
DECODE_ERRORS = counter(
    "feed_decode_errors_total", "Messages that could not be read, and were skipped.", *MARKET
)
RESYNCS = counter("feed_resyncs_total", "Books that were begun anew from a fresh snapshot.", *MARKET)
SYMBOLS = gauge(
    "feed_symbols",
    "Symbols of a market: `wanted`, of those `producing`, and those that are `stale` or `refused`.",
    *MARKET,
    "state",
)
MUTE = gauge("feed_mute_topics", "Topics that were acknowledged and are silent.", *MARKET)
BOOKS = gauge("feed_books", "Order books that are followed.", *MARKET)
AGE = gauge("feed_age_seconds", "Age of the newest data of a market. None before the first data.", *MARKET)

FAMILIES: tuple[Family, ...] = (
    RUNNING, STATE, CONNECTIONS, MESSAGES, BYTES, RECONNECTS, DECODE_ERRORS, RESYNCS, SYMBOLS, MUTE, BOOKS,
    AGE,
)  # fmt: skip


def samples(site: Site) -> Iterator[Sample]:
    """Of every exchange, and of every market that was heard of."""
    for exchange, running in site.running().items():
        yield RUNNING.of(running, exchange)
    now_ns = site.now_ns()
    for report in site.read_model.reports():
        yield from _states(report)
        yield from _counters(report)
        yield from _symbols(report)
        age = age_s(report.last_data_ts, now_ns)
        if age is not None:
            yield AGE.of(age, report.exchange, report.market)


def _states(report: MarketReport) -> Iterator[Sample]:
    place = report.exchange, report.market
    for state in get_args(FeedState):
        yield STATE.of(state == report.state, *place, state)
        yield CONNECTIONS.of(report.connections.get(state, 0), *place, state)


def _counters(report: MarketReport) -> Iterator[Sample]:
    place = report.exchange, report.market
    yield MESSAGES.of(report.messages, *place)
    yield BYTES.of(report.received_bytes, *place)
    yield DECODE_ERRORS.of(report.decode_errors, *place)
    yield RESYNCS.of(report.resyncs, *place)
    for cause in dict.fromkeys((*CAUSES, *report.reconnects_by_cause)):
        yield RECONNECTS.of(report.reconnects_by_cause.get(cause, 0), *place, cause)


def _symbols(report: MarketReport) -> Iterator[Sample]:
    place = report.exchange, report.market
    yield SYMBOLS.of(len(report.symbols), *place, "wanted")
    yield SYMBOLS.of(report.producing, *place, "producing")
    yield SYMBOLS.of(len(report.stale), *place, "stale")
    yield SYMBOLS.of(len(report.refused), *place, "refused")
    yield MUTE.of(len(report.mute), *place)
    yield BOOKS.of(len(report.books), *place)
