"""Supervision, as stories under a mock clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
import trio

from actors.runtime.backoff import Backoff
from actors.runtime.errors import ConnectionLost, RateLimited, Rejected, RestartIntensityExceeded
from actors.runtime.supervision import Child, Intensity, Observation, Strategy, Supervisor
from tests.patience import PATIENCE_S

STEADY = Backoff(base_s=1.0, ceiling_s=8.0, floor_s=0.0, draw=lambda: 1.0)


@dataclass
class Lives:
    """A scripted child: life n raises `script[n]`, or waits until it is stopped, or ends on None."""

    script: Sequence[Exception | None] = ()
    life_s: float = 0.0
    began: list[float] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    async def run(self) -> None:
        number = len(self.began)
        self.began.append(trio.current_time())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if number >= len(self.script):
                await trio.sleep_forever()
            await trio.sleep(self.life_s)
            error = self.script[number]
            if error is not None:
                raise error
        finally:
            self.running -= 1


@pytest.fixture
def seen() -> list[Observation]:
    return []


async def run_for(supervisor: Supervisor, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await supervisor.run()


async def test_a_thousand_outages_never_escalate(autojump_clock: trio.testing.MockClock) -> None:
    feed = Lives([ConnectionLost("down")] * 1000)
    supervisor = Supervisor("feeds", [Child("a", feed.run)], backoff=STEADY, intensity=Intensity(1, 3600))
    await run_for(supervisor, 10_000)
    assert len(feed.began) == 1001


async def test_errors_inside_groups_are_judged_by_what_is_inside(
    autojump_clock: trio.testing.MockClock,
) -> None:
    outage = ExceptionGroup("nursery", [ConnectionLost("a"), ExceptionGroup("inner", [ConnectionLost("b")])])
    bug = ExceptionGroup("nursery", [ConnectionLost("a"), ValueError("ours")])
    feed = Lives([outage] * 10 + [bug, bug])
    supervisor = Supervisor("feeds", [Child("a", feed.run)], backoff=STEADY, intensity=Intensity(1, 3600))
    with pytest.raises(RestartIntensityExceeded, match="ValueError: ours"):
        await supervisor.run()
    assert len(feed.began) == 12


async def test_backoff_doubles_to_its_ceiling_and_begins_anew_after_a_long_life(
    autojump_clock: trio.testing.MockClock,
) -> None:
    feed = Lives([ConnectionLost("down")] * 6)
    supervisor = Supervisor("feeds", [Child("a", feed.run)], backoff=STEADY, reset_after_s=30)
    await run_for(supervisor, 100)
    waits = [later - sooner for sooner, later in zip(feed.began, feed.began[1:], strict=False)]
    assert waits == pytest.approx([1, 2, 4, 8, 8, 8])

    steady = Lives([ConnectionLost("down")] * 3, life_s=31)
    await run_for(Supervisor("feeds", [Child("a", steady.run)], backoff=STEADY, reset_after_s=30), 200)
    waits = [later - sooner for sooner, later in zip(steady.began, steady.began[1:], strict=False)]
    assert waits == pytest.approx([32, 32, 32])


def test_jitter_is_full_and_bounded() -> None:
    draws = iter([0.0, 0.5, 1.0])
    backoff = Backoff(base_s=2.0, ceiling_s=30.0, floor_s=0.1, draw=lambda: next(draws))
    assert [backoff.delay_s(3) for _ in range(3)] == [0.1, 4.0, 8.0]


def test_the_exchange_may_ask_for_patience() -> None:
    backoff = Backoff(base_s=1.0, ceiling_s=30.0, floor_s=0.0, draw=lambda: 0.5)
    assert backoff.delay_s(1, RateLimited("429", retry_after_s=120)) == 120.5
    assert backoff.delay_s(1, Rejected("403")) == 22.5
    assert backoff.delay_s(1, Rejected("403", retry_after_s=600)) >= 22.5


async def test_our_failures_are_counted_within_the_period_only(
    autojump_clock: trio.testing.MockClock,
) -> None:
    rare = Lives([ValueError("x")] * 10, life_s=20)
    supervisor = Supervisor("core", [Child("a", rare.run)], backoff=STEADY, intensity=Intensity(3, 30))
    await run_for(supervisor, 1000)
    assert len(rare.began) == 11

    frequent = Lives([ValueError("x")] * 10)
    supervisor = Supervisor("core", [Child("a", frequent.run)], backoff=STEADY, intensity=Intensity(3, 30))
    with pytest.raises(RestartIntensityExceeded, match="failed 4 times in 30 s"):
        await supervisor.run()
    assert len(frequent.began) == 4


async def test_totals_multiply_up_the_tree(autojump_clock: trio.testing.MockClock) -> None:
    worker = Lives([ValueError("x")] * 100)
    inner = Supervisor("inner", [Child("worker", worker.run)], backoff=STEADY, intensity=Intensity(2, 60))
    outer = Supervisor("outer", [Child("inner", inner.run)], backoff=STEADY, intensity=Intensity(1, 300))
    with pytest.raises(RestartIntensityExceeded):
        await outer.run()
    assert len(worker.began) == 6  # (2 + 1) lives, (1 + 1) times: the crash count is cleared in between


async def test_one_for_one_leaves_the_others_alone(autojump_clock: trio.testing.MockClock) -> None:
    bad, good = Lives([ValueError("x"), ConnectionLost("y")]), Lives()
    supervisor = Supervisor("s", [Child("bad", bad.run), Child("good", good.run)], backoff=STEADY)
    await run_for(supervisor, 100)
    assert (len(bad.began), len(good.began)) == (3, 1)


async def test_rest_for_one_restarts_what_was_named_later(autojump_clock: trio.testing.MockClock) -> None:
    first, second, third = Lives(), Lives([ValueError("x")], life_s=5), Lives()
    supervisor = Supervisor(
        "s",
        [Child("first", first.run), Child("second", second.run), Child("third", third.run)],
        strategy="rest_for_one",
        backoff=STEADY,
    )
    await run_for(supervisor, 100)
    assert (len(first.began), len(second.began), len(third.began)) == (1, 2, 2)
    assert third.began[1] >= second.began[1]


async def test_rest_for_one_never_runs_two_copies_when_siblings_fall_together(
    autojump_clock: trio.testing.MockClock,
) -> None:
    state = Lives([ValueError("x")] * 3, life_s=5)
    feed = Lives([ConnectionLost("y")] * 20, life_s=5)
    supervisor = Supervisor(
        "s",
        [Child("state", state.run), Child("feed", feed.run)],
        strategy="rest_for_one",
        backoff=STEADY,
        intensity=Intensity(5, 60),
    )
    await run_for(supervisor, 300)
    assert (state.most_running, feed.most_running) == (1, 1)
    assert feed.running == state.running == 0


async def test_a_finished_child_is_not_restarted_and_ends_the_run(
    autojump_clock: trio.testing.MockClock, seen: list[Observation]
) -> None:
    supervisor = Supervisor(
        "s", [Child("a", Lives([None], life_s=1).run), Child("b", Lives([None], 2).run)], observe=seen.append
    )
    with trio.fail_after(PATIENCE_S):
        await supervisor.run()
    assert [(each.path, each.happening) for each in seen if each.happening == "finished"] == [
        ("s/a", "finished"),
        ("s/b", "finished"),
    ]


async def test_a_standing_supervisor_waits_for_children_to_come(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    supervisor = Supervisor("s", standing=True, backoff=STEADY)
    nursery.start_soon(supervisor.run)
    await trio.sleep(1)
    feed = Lives()
    supervisor.add(Child("feed", feed.run))
    await trio.sleep(1)
    assert feed.running == 1 and supervisor.is_running("feed")
    with pytest.raises(ValueError, match="already has a child named feed"):
        supervisor.add(Child("feed", feed.run))
    await supervisor.remove("feed")
    assert feed.running == 0 and supervisor.names() == []
    supervisor.stop()


async def test_children_can_be_stopped_started_and_restarted(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    feed, other = Lives(), Lives()
    supervisor = Supervisor("s", [Child("feed", feed.run), Child("other", other.run)], standing=True)
    nursery.start_soon(supervisor.run)
    await trio.sleep(1)
    await supervisor.stop_child("feed")
    await supervisor.stop_child("feed")
    assert (feed.running, supervisor.is_running("feed")) == (0, False)
    supervisor.start_child("feed")
    supervisor.start_child("feed")
    await trio.sleep(1)
    assert (feed.running, len(feed.began)) == (1, 2)
    await supervisor.restart_child("feed")
    await trio.sleep(1)
    assert (feed.running, len(feed.began), feed.most_running, len(other.began)) == (1, 3, 1, 1)
    supervisor.stop()


async def test_a_child_can_be_stopped_between_two_lives(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    feed = Lives([ConnectionLost("down")])
    supervisor = Supervisor("s", [Child("feed", feed.run)], backoff=STEADY, standing=True)
    nursery.start_soon(supervisor.run)
    await trio.sleep(0.5)
    await supervisor.stop_child("feed")
    await trio.sleep(10)
    assert len(feed.began) == 1
    supervisor.stop()


async def test_max_retries_bounds_consecutive_outages(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, seen: list[Observation]
) -> None:
    feed = Lives([ConnectionLost("down")] * 100)
    supervisor = Supervisor(
        "s", [Child("feed", feed.run, max_retries=3)], backoff=STEADY, standing=True, observe=seen.append
    )
    nursery.start_soon(supervisor.run)
    await trio.sleep(100)
    assert len(feed.began) == 4  # the first attempt and three retries
    assert seen[-1].happening == "gave_up" and not supervisor.is_running("feed")
    supervisor.start_child("feed")
    await trio.sleep(100)
    assert len(feed.began) == 8
    supervisor.stop()


@pytest.mark.parametrize(("strategy", "took_s"), [("rest_for_one", 3), ("one_for_one", 1)])
async def test_stop_ends_dependents_in_reverse_order_and_strangers_at_once(
    autojump_clock: trio.testing.MockClock, strategy: Strategy, took_s: float
) -> None:
    ended: list[str] = []

    def stubborn(name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                ended.append(name)

        return run

    supervisor = Supervisor("s", [Child(name, stubborn(name)) for name in "abc"], strategy)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        await trio.sleep(1)
        supervisor.stop()
    assert trio.current_time() == pytest.approx(1 + took_s)
    assert ended == ["c", "b", "a"] if strategy == "rest_for_one" else sorted(ended) == ["a", "b", "c"]


async def test_a_failure_while_being_stopped_is_told_and_goes_no_further(
    autojump_clock: trio.testing.MockClock, seen: list[Observation]
) -> None:
    async def clumsy() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("in the clean-up")

    supervisor = Supervisor("s", [Child("clumsy", clumsy)], standing=True, observe=seen.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        await trio.sleep(1)
        await supervisor.stop_child("clumsy")
        supervisor.stop()
    assert "failed" in [each.happening for each in seen]


async def test_a_supervisor_can_run_again(autojump_clock: trio.testing.MockClock) -> None:
    worker = Lives([ValueError("x")] * 4)
    supervisor = Supervisor("s", [Child("a", worker.run)], backoff=STEADY, intensity=Intensity(1, 60))
    for _ in range(2):
        with pytest.raises(RestartIntensityExceeded):
            await supervisor.run()
    await run_for(supervisor, 5)
    assert len(worker.began) == 5


async def test_observations_name_the_place_the_cause_and_the_wait(
    autojump_clock: trio.testing.MockClock, seen: list[Observation]
) -> None:
    outage = ConnectionLost("no route to the exchange")
    feed = Lives([outage])
    supervisor = Supervisor("feeds", [Child("bybit", feed.run)], backoff=STEADY, observe=seen.append)
    await run_for(supervisor, 10)
    assert seen[:3] == [
        Observation("feeds/bybit", "started"),
        Observation("feeds/bybit", "failed", outage, 1.0, 1),
        Observation("feeds/bybit", "started", failures=1),
    ]


async def test_keyboard_interrupt_is_not_swallowed(autojump_clock: trio.testing.MockClock) -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(BaseExceptionGroup) as caught:
        await Supervisor("s", [Child("a", interrupted)]).run()
    assert caught.group_contains(KeyboardInterrupt)
