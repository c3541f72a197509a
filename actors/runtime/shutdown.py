"""Signals: the first one drains, a second one ends the process at once."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import trio

EXIT_SECOND_SIGNAL = 130

_logger = logging.getLogger("tickwell.supervisor")


async def until_signalled(
    drain: Callable[[], Awaitable[None]],
    grace_s: float,
    program: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Wait for SIGINT or SIGTERM, then drain for at most `grace_s`; what is left then is cancelled."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        number = await anext(signals)
        _logger.info("draining signal=%s grace_s=%g", signal.Signals(number).name, grace_s)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_end_at_once, signals)
            with trio.move_on_after(grace_s) as patience:
                await drain()
            nursery.cancel_scope.cancel()
    if patience.cancelled_caught:
        _logger.warning("not everything drained within grace_s=%g", grace_s)
        program.cancel()


async def _end_at_once(signals: AsyncIterator[int]) -> None:
    async for _ in signals:
        os._exit(EXIT_SECOND_SIGNAL)
