"""An event loop of asyncio inside Trio, for the one library that needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio_asyncio


@asynccontextmanager
async def island() -> AsyncIterator[trio_asyncio.BaseTrioEventLoop]:
    """The loop, for as long as it is needed; then every task on it is cancelled.

    What is raised inside comes out as it is: the loop would hand it over in groups of its own nurseries.
    """
    raised: Exception | None = None
    async with trio_asyncio.open_loop() as loop:
        try:
            yield loop
        except Exception as error:
            raised = error
    if raised is not None:
        raise raised
