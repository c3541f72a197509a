"""Nobody waits for long work on the market as a whole: others have their turns between its steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest
import trio

from actors.market.market import Market
from actors.market.rhythm import Patience
from actors.state import State
from tests.fakes import mock_now_ns
from tests.test_snapshot import Stage

STEPS = 3


class Laborious(Market):
    """Whatever it can do in steps takes three of them; each is noted."""

    def __init__(self) -> None:
        super().__init__(Patience())
        self.notes: list[str] = []

    def sweeping(self, now_ns: int) -> Iterator[None]:
        yield from self._steps()

    def settling(self) -> Iterator[None]:
        yield from self._steps()

    def _steps(self) -> Iterator[None]:
        for _ in range(STEPS):
            self.notes.append("step")
            yield


async def sweep(market: Market) -> None:
    _, receive = trio.open_memory_channel[object](1)
    await State(receive, market, mock_now_ns).run()  # type: ignore[arg-type]


async def tell(market: Market) -> None:
    await Stage(market).snapshot().run()


@pytest.mark.parametrize("work", [sweep, tell])
async def test_others_have_their_turns(
    mock_clock: trio.testing.MockClock, nursery: trio.Nursery, work: Callable[[Market], Awaitable[None]]
) -> None:
    market = Laborious()
    nursery.start_soon(work, market)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(0.5)
    while market.notes.count("step") < STEPS:
        await trio.lowlevel.checkpoint()
        market.notes.append("another's turn")
    assert "another's turn" in market.notes[market.notes.index("step") : -1]
    nursery.cancel_scope.cancel()
