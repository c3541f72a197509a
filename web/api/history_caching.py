"""How long an answer about history may be kept: for ever, once nothing of it can change any more."""

from __future__ import annotations

from hashlib import blake2s

import msgspec

from actors.runtime.version import __version__
from actors.sinks.base import InstrumentKey, Span
from web.api.history_times import NS_PER_S
from web.site import Site

FOR_EVER = "public, max-age=31536000, immutable"
A_MOMENT = "public, max-age=1"
SETTLED_NS = 600 * NS_PER_S  # by when what came late is in history: bars, trades that were fetched back


def caching(site: Site, of: InstrumentKey, span: Span, lasts_s: int, question: bytes) -> dict[str, str]:
    """The headers: an `ETag` and no end for a time that is over, a second for any other.

    `lasts_s` is how long a row goes on after its time, `question` stands for what was asked beside the span.
    """
    headers = {"cache-control": A_MOMENT}
    end_ns = end_of(span)
    if end_ns is not None and is_settled(site, of, end_ns + lasts_s * NS_PER_S):
        told = msgspec.json.encode((__version__, span)) + question
        tag = blake2s(told, digest_size=12).hexdigest()
        headers |= {"cache-control": FOR_EVER, "etag": f'W/"{tag}"'}
    return headers


def end_of(span: Span) -> int | None:
    """The moment before which all rows of a span are; `None` if more may join it."""
    ends = [] if span.to_ns is None else [span.to_ns]
    if span.order == "newest" and span.after is not None:
        ends.append(span.after[0] + 1)
    return min(ends, default=None)


def is_settled(site: Site, of: InstrumentKey, end_ns: int) -> bool:
    """Whether nothing of before `end_ns` will come or change: it is long over, all of it has reached the
    history, and no hole of it may still be filled."""
    now_ns = site.now_ns()
    if end_ns + SETTLED_NS > now_ns or not site.history_is_whole():
        return False
    board = site.read_model.boards.get(of.exchange)
    holes = board.picture.holes.values() if board else ()
    return not any(
        hole.to_ns is None or hole.to_ns + SETTLED_NS > now_ns
        for hole in holes
        if (hole.market, hole.symbol) == (of.market, of.symbol) and hole.from_ns < end_ns
    )
