"""Nobody waits for a sweep of the whole market: others have their turns between its steps."""

from __future__ import annotations

from collections.abc import Iterator

import trio

from actors.market.events import Batch
from actors.market.mark import Mark
from actors.market.market import Market
from actors.market.rhythm import Patience
from actors.state import State
from tests.fakes import mock_now_ns

STEPS = 3


class Laborious(Market):
    """A sweep takes three steps; each is noted."""

    def __init__(self) -> None:
        super().__init__(Patience())
        self.notes: list[str] = []

    def sweeping(self, now_ns: int) -> Iterator[None]:
        for _ in range(STEPS):
            self.notes.append("step")
            yield


async def test_others_have_their_turns(mock_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    market = Laborious()
    _, receive = trio.open_memory_channel[Batch | Mark](1)
    nursery.start_soon(State(receive, market, mock_now_ns).run)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(0.5)
    while market.notes.count("step") < STEPS:
        await trio.lowlevel.checkpoint()
        market.notes.append("another's turn")
    assert "another's turn" in market.notes[market.notes.index("step") : -1]
    nursery.cancel_scope.cancel()
