"""A test on Trio and on asyncio, both with a clock that jumps: an hour takes no time.

On asyncio the loop's clock stands still while anything is ready, and jumps to the next timer when nothing is.
Not for real sockets.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any

import anyio
import pytest
import trio.testing

LONG_S = 10_000  # of the mock clock: a test that hangs ends here


class JumpingSelector(selectors.SelectSelector):
    """Never waits: instead of that, the time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock jumps."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(test: Callable[[], Awaitable[None]], backend: str) -> None:
    """Run a coroutine function under a clock that jumps."""

    async def main() -> None:
        with anyio.fail_after(LONG_S):
            await test()

    if backend == "trio":
        clock = trio.testing.MockClock(autojump_threshold=0)
        anyio.run(main, backend="trio", backend_options={"clock": clock})
    else:
        run_apart(main, "asyncio", loop_factory=JumpingLoop)


def run_apart(main: Callable[[], Awaitable[None]], backend: str, **options: object) -> None:
    """Run in a thread of its own: a browser's driver may keep an asyncio loop running in this one."""
    with ThreadPoolExecutor(1) as another:
        another.submit(lambda: anyio.run(main, backend=backend, backend_options=options)).result()


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make a test of a coroutine function without arguments, which runs on either loop."""

    @wraps(test)
    def runs(backend: str) -> None:
        run(test, backend)

    del runs.__wrapped__
    mark: Any = pytest.mark.parametrize("backend", ["trio", "asyncio"])
    marked: Callable[..., None] = mark(runs)
    return marked
