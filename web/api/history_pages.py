"""From one page of rows to the next, each row once, whatever the size of a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import trio
from msgspec.structs import replace

from actors.sinks.base import Span
from web.problems import Problem

R = TypeVar("R")
PAGE_ROWS = 1440  # a day of minute bars
TELLING_S = 20.0


@dataclass
class Reader(Generic[R]):
    """Reads what `span` asks for, up to its limit, `page_rows` at a time.

    `fetch` answers a span with its rows in order, `place_of` is a row's time and tie-breaker. `has_more`
    says that there is more behind what was told, and `after` where that was.
    """

    fetch: Callable[[Span], Awaitable[list[R]]]
    place_of: Callable[[R], tuple[int, str]]
    span: Span
    page_rows: int = PAGE_ROWS
    told: int = 0
    has_more: bool = True
    ended: bool = False
    after: tuple[int, str] | None = field(init=False)
    began_s: float = field(default_factory=trio.current_time)

    def __post_init__(self) -> None:
        self.after = self.span.after

    async def page(self) -> list[R]:
        """The next page; a `Problem` when it cannot be had."""
        wanted = min(self.page_rows, self.span.limit - self.told)
        # One more than is told: whether there is one is all that is asked of it.
        rows = await self.fetch(replace(self.span, limit=wanted + 1, after=self.after))
        self.has_more, rows = len(rows) > wanted, rows[:wanted]
        self.told += len(rows)
        if rows:
            self.after = self.place_of(rows[-1])
        self.ended = not self.has_more or self.told >= self.span.limit
        return rows

    async def more(self) -> list[R]:
        """The next page. When it cannot be had, or telling takes too long, this is the end for now: what was
        told is true, `has_more` stays, and whoever goes on from `after` misses nothing."""
        if trio.current_time() - self.began_s > TELLING_S:
            self.ended = True
            return []
        try:
            return await self.page()
        except Problem:
            self.ended = True
            return []
