"""Several things at once, until the first of them ends."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import trio


async def first_of(*tasks: Callable[[], Awaitable[int]]) -> int:
    """The result of the first task that ends; the others are cancelled. Raises what it raises, as it is."""
    results: list[int] = []
    failures: list[Exception] = []

    async def run(task: Callable[[], Awaitable[int]]) -> None:
        try:
            results.append(await task())
        except Exception as error:
            failures.append(error)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for task in tasks:
            nursery.start_soon(run, task)
    if failures:
        raise failures[0]
    return results[0]


async def ended(task: Callable[[], Awaitable[None]]) -> int:
    """A good end, when the task is done."""
    await task()
    return 0


async def until_signalled() -> int:
    """Wait for Ctrl-C or a polite kill. Returns the exit code that a shell expects then."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            return 128 + number
    raise AssertionError("signals end never")
