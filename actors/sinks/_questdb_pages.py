"""A span of one instrument's rows, a page at a time, each row once.

A page is cut by time alone (see `_questdb_questions.page`), so it may end in the middle of a moment that many
trades share. Then that moment is left out of the page, and read whole as the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from actors.market.rows import BarRow, FundingRow, GapRow, TickRow, TradeRow
from actors.runtime.errors import HistoryTimeout
from actors.sinks import _questdb_questions as questions
from actors.sinks._questdb_http import Conversation, Silent, TableMissing
from actors.sinks._questdb_schema import GAPS, Table
from actors.sinks.base import InstrumentKey, Span

ROWS_PER_PAGE = 500

RowT = TypeVar("RowT", TickRow, TradeRow, BarRow, FundingRow, GapRow)

# Ids that are numbers come before others, in the order of numbers: 9 before 10.
Rank: TypeAlias = tuple[int, int, str]
_NO_RANK: Rank = (0, 0, "")


class Pages(Generic[RowT]):
    """What is still to be read. `tie` tells rows of one moment apart, where there may be several."""

    def __init__(
        self,
        table: Table,
        row_type: type[RowT],
        of: InstrumentKey,
        span: Span,
        *,
        interval_s: int | None = None,
        tie: Callable[[RowT], str] | None = None,
    ) -> None:
        self._table = table
        self._row_type: type[RowT] = row_type
        self._of = of
        self._order = span.order
        self._interval_s = interval_s
        self._tie: Callable[[RowT], str] | None = tie
        # A gap that began before the span may reach into it.
        self._reach_ns = span.from_ns if table is GAPS else None
        self._lowest_ns = None if table is GAPS else span.from_ns
        self._end_ns = span.to_ns
        self._left = span.limit
        self._ended = False
        self._moment: tuple[int, str | None] | None = None
        if span.after is not None:
            self._go_on_after(*span.after)

    @property
    def wanted(self) -> bool:
        """Whether there may be another page."""
        return self._left > 0 and not (self._ended and self._moment is None)

    async def next(self, server: Conversation) -> list[RowT]:
        """The next page; it may be empty and not the last."""
        moment = self._moment
        rows = await (self._rest_of_moment(server, moment) if moment else self._by_time(server))
        rows = rows[: self._left]
        self._left -= len(rows)
        return rows

    async def _by_time(self, server: Conversation) -> list[RowT]:
        size = min(self._left, ROWS_PER_PAGE)
        question = questions.page(
            self._table,
            self._of,
            lowest_ns=self._lowest_ns,
            end_ns=self._end_ns,
            order=self._order,
            rows=size,
            interval_s=self._interval_s,
            reach_ns=self._reach_ns,
        )
        rows = self._rows(await asked(server, question))
        self._ended = len(rows) < size
        if self._ended:
            return rows
        return self._without_last_moment(rows)

    def _without_last_moment(self, rows: list[RowT]) -> list[RowT]:
        last = rows[-1].ts
        self._move_beyond(last)
        if self._tie is None:
            return rows
        self._moment = (last, None)
        return [row for row in rows if row.ts != last]

    async def _rest_of_moment(self, server: Conversation, moment: tuple[int, str | None]) -> list[RowT]:
        (ns, after), self._moment = moment, None
        rows = self._rows(await asked(server, questions.moment(self._table, self._of, ns, self._reach_ns)))
        if after is None:
            return rows
        if self._order == "newest":
            return [row for row in rows if self._place(row) < (ns, _rank(after))]
        return [row for row in rows if self._place(row) > (ns, _rank(after))]

    def _go_on_after(self, ns: int, tie: str) -> None:
        begun = self._lowest_ns is None or ns >= self._lowest_ns
        if self._tie is not None and begun and (self._end_ns is None or ns < self._end_ns):
            self._moment = (ns, tie)
        self._move_beyond(ns)

    def _move_beyond(self, ns: int) -> None:
        if self._order == "newest":
            self._end_ns = ns if self._end_ns is None else min(self._end_ns, ns)
        else:
            self._lowest_ns = ns + 1 if self._lowest_ns is None else max(self._lowest_ns, ns + 1)

    def _rows(self, found: list[list[Any]]) -> list[RowT]:
        rows = [self._row_type(*values) for values in found]
        rows.sort(key=self._place, reverse=self._order == "newest")
        return rows

    def _place(self, row: RowT) -> tuple[int, Rank]:
        return row.ts, _rank(self._tie(row)) if self._tie else _NO_RANK


def _rank(tie: str) -> Rank:
    return (0, int(tie), tie) if tie.isascii() and tie.isdigit() else (1, 0, tie)


async def asked(server: Conversation, question: str) -> list[list[Any]]:
    """What is found; nothing where nothing was ever written. Raises `HistoryTimeout`."""
    try:
        return await server.ask(question)
    except TableMissing:
        return []
    except Silent as error:
        raise HistoryTimeout(str(error)) from None
