"""The one place where history is asked: a few questions at a time, each within a time limit.

Nothing of a question outlives its answer: rows are read in pages, each a question of its own, and none is
under way while a client is written to. So a slow client holds neither a place nor a snapshot of the database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import trio

from actors.runtime.errors import HistoryTimeout, SinkError
from actors.sinks.base import History
from web.api.history_hot import Hot
from web.problems import Problem
from web.quietlog import QuietLog

R = TypeVar("R")
T = TypeVar("T")
QUESTIONS_MAX = 4
WAIT_S = 1.0
ANSWER_S = 10.0


class Desk:
    """Asks `history`. Raises a `Problem`: 503 when too many ask at once or history cannot be read, 504 when
    an answer takes too long."""

    def __init__(self, history: History, now_ns: Callable[[], int], quiet: QuietLog) -> None:
        self.hot = Hot(now_ns)
        self._history = history
        self._quiet = quiet
        self._places = trio.Semaphore(QUESTIONS_MAX, max_value=QUESTIONS_MAX)

    async def rows(self, read: Callable[[History], AsyncIterator[list[R]]]) -> list[R]:
        """All rows of one question, which asks for a page at most."""
        found: list[R] = []
        async with self._asking():
            pages = read(self._history)
            try:
                async for page in pages:
                    found += page
            finally:
                if hasattr(pages, "aclose"):
                    await pages.aclose()
        return found

    async def value(self, ask: Callable[[History], Awaitable[T]]) -> T:
        """The one answer to a question."""
        async with self._asking():
            return await ask(self._history)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        with trio.move_on_after(WAIT_S) as waiting:
            await self._places.acquire()
        if waiting.cancelled_caught:
            raise too_busy()
        try:
            with trio.fail_after(ANSWER_S):
                yield
        except (HistoryTimeout, trio.TooSlowError):
            raise too_slow() from None
        except SinkError as error:
            self._quiet.failure("web: history cannot be read", error)
            raise unavailable() from None
        finally:
            self._places.release()


def no_history() -> Problem:
    """The 503 of a hub that keeps no history."""
    detail = "This hub keeps no history that can be read: no sink of its settings offers one."
    return Problem(503, detail, code="no_history")


def too_busy() -> Problem:
    """The 503 when too many ask."""
    detail = f"{QUESTIONS_MAX} questions about history are being answered already. Ask again in a moment."
    return Problem(503, detail, headers={"retry-after": "1"}, code="history_busy")


def too_slow() -> Problem:
    """The 504 about a question that takes too long."""
    detail = "The answer takes too long to find. Ask about a shorter time, or for fewer rows."
    return Problem(504, detail, code="history_timeout")


def unavailable() -> Problem:
    """The 503 about a history that cannot be read."""
    detail = "History cannot be read now; the hub's log says why. What happens meanwhile is kept."
    return Problem(503, detail, headers={"retry-after": "5"}, code="history_unavailable")
