"""From a question about the rows of one instrument to the response that streams them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from quart import Response, request

from actors.sinks.base import InstrumentKey, Order, Span
from web.api.history_caching import A_MOMENT, caching
from web.api.history_cursor import CURSOR_CHARACTERS_MAX, Place, question_of, read_cursor, write_cursor
from web.api.history_desk import Desk
from web.api.history_gaps import GapOut, told_gaps
from web.api.history_known import key_of
from web.api.history_pages import PAGE_ROWS, Reader
from web.api.history_shapes import PageMeta
from web.api.history_times import NS_PER_S, Moment, read_time
from web.api.queries import Query, bad_value
from web.api.streaming import Writer, stream, writer_for
from web.site import Site
from web.wire import unix_ms

R = TypeVar("R")
LIMIT_MAX = 5000
TIME_CHARACTERS_MAX = 64
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=TIME_CHARACTERS_MAX)]
From: TypeAlias = Annotated[
    Text | None, msgspec.Meta(description="From this time on: RFC 3339, Unix ms, or how long ago (`-15m`).")
]
To: TypeAlias = Annotated[Text | None, msgspec.Meta(description="Before this time, written likewise.")]
Cursor: TypeAlias = Annotated[
    Annotated[str, msgspec.Meta(max_length=CURSOR_CHARACTERS_MAX)] | None,
    msgspec.Meta(description="The `next_cursor` of the page before; all else but `limit` as it was."),
]


class RowsQuery(Query, frozen=True, kw_only=True):
    """From when to when, in which order, and how many."""

    from_: From = msgspec.field(name="from", default=None)
    to: To = None
    order: Annotated[Order, msgspec.Meta(description="Which rows come first.")] = "newest"
    cursor: Cursor = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX, description="At most so many rows.")] = 500


@dataclass(frozen=True)
class Rows(Generic[R]):
    """One kind of rows of one instrument: how they are fetched and told.

    `name` tells kinds apart. The rows come of `channels`, and lack what these missed. A row goes on for
    `lasts_s` after its time; `page_rows` are read at a time.
    """

    name: str
    out: type[Struct]
    fetch: Callable[[Span], Awaitable[list[R]]]
    place_of: Callable[[R], tuple[int, str]]
    told: Callable[[R], Struct]
    channels: frozenset[str] = frozenset()
    lasts_s: int = 0
    page_rows: int = PAGE_ROWS


async def answer_rows(site: Site, desk: Desk, of: InstrumentKey, query: RowsQuery, rows: Rows[R]) -> Response:
    """The response: the first page is read before it begins, so that whatever fails has its status."""
    writer = writer_for(request.accept_mimetypes, rows.out)
    question = question_of(rows.name, key_of(of), query.order, query.from_ or "", query.to or "")
    span, is_fixed = span_of(query, question, site.now_ns())
    headers = {"cache-control": A_MOMENT}
    if is_fixed:
        headers = caching(site, of, span, rows.lasts_s, question + writer.content_type.encode())
    headers |= {"content-type": writer.content_type, "vary": "Accept"}
    if "etag" in headers and request.if_none_match.contains_weak(headers["etag"][3:-1]):
        return Response(b"", 304, headers)

    async def fetch(part: Span) -> list[R]:
        if part.after != span.after:
            return await rows.fetch(part)
        return await desk.hot.get((rows.name, of, part), partial(rows.fetch, part))

    reader = Reader(fetch, rows.place_of, span, rows.page_rows)
    first = await reader.page()
    if not first:  # what is not there yet may still be brought in from elsewhere
        headers = {**headers, "cache-control": A_MOMENT}
        headers.pop("etag", None)
    as_of = site.now_ns() // 1_000_000

    async def meta() -> PageMeta:
        known = writer.tells_meta and rows.channels
        gaps = await told_gaps(desk, of, rows.channels, *covered(reader, rows.lasts_s)) if known else []
        return page_meta(reader, key_of(of), question, as_of, gaps)

    return await respond(writer, reader, first, rows, meta, headers)


async def respond(
    writer: Writer,
    reader: Reader[R],
    first: list[R],
    rows: Rows[R],
    meta: Callable[[], Awaitable[PageMeta]],
    headers: dict[str, str],
) -> Response:
    """An answer of one page as it is, a longer one as a stream."""
    if reader.ended:
        told = writer.rows([rows.told(row) for row in first])
        return Response(writer.head() + told + writer.tail(await meta()), 200, headers)
    if request.method == "HEAD":
        return Response(b"", 200, headers)
    response = Response(stream(writer, reader, first, rows.told, meta), 200, headers)
    response.timeout = None  # a client that takes nothing is dropped by the server's write deadline
    return response


def span_of(query: RowsQuery, question: bytes, now_ns: int) -> tuple[Span, bool]:
    """What is asked for, and whether it means the same whenever it is asked. A cursor keeps the times that
    its first page began with; a 400 `Problem` names what is wrong."""
    if query.cursor:
        place = read_cursor(query.cursor, question)
        after = (place.ts, place.tie)
        return Span(place.from_ns, place.to_ns, query.limit, query.order, after), True
    now_ns -= now_ns % NS_PER_S  # so that all who ask within a second ask the same
    begin, end = (
        read_time(name, text, now_ns) if text else Moment(-1)
        for name, text in (("from", query.from_), ("to", query.to))
    )
    if query.from_ and query.to and begin.ns >= end.ns:
        raise bad_value("from", query.from_, f"a time before to={query.to}")
    from_ns, to_ns = (None if each.ns < 0 else each.ns for each in (begin, end))
    return Span(from_ns, to_ns, query.limit, query.order), not (begin.relative or end.relative)


def covered(reader: Reader[R], lasts_s: int) -> tuple[int | None, int | None]:
    """From when to when the rows that `reader` has read tell what was: between the last row of the page
    before and the last of this one, or the bounds that were asked for where there is none."""
    span, begin, lasts_ns = reader.span, reader.span.after, max(1, lasts_s * NS_PER_S)
    end = reader.after if reader.has_more else None
    oldest, newest = (end, begin) if span.order == "newest" else (begin, end)
    return oldest[0] if oldest else span.from_ns, newest[0] + lasts_ns if newest else span.to_ns


def page_meta(
    reader: Reader[R], key: str, question: bytes, as_of: int, gaps: list[GapOut] | None
) -> PageMeta:
    """What is said of the rows that `reader` has read."""
    span, cursor = replace(reader.span, after=reader.after), None
    if reader.has_more and span.after is not None:
        cursor = write_cursor(Place(span.from_ns, span.to_ns, *span.after), question)
    return PageMeta(
        as_of=as_of,
        key=key,
        from_=unix_ms(span.from_ns),
        to=unix_ms(span.to_ns),
        order=span.order,
        count=reader.told,
        has_more=reader.has_more,
        next_cursor=cursor,
        gaps=gaps,
    )
