"""Rates: the first change at once, the last always, never more than was asked for; and what is due when."""

from __future__ import annotations

import math
from itertools import pairwise

import trio
from hypothesis import given
from hypothesis import strategies as st

from tests.web.populated import BTC, ETH
from tests.web.streaming import KEY, Stage, settled, stage
from web.stream.pacing import Cadence, Paces, Wheel


async def test_the_first_change_at_once_and_the_last_always(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY], max_rate_hz=2)
        await settled()
        assert len(listener.data()) == 1
        await trio.sleep(10)
        hub.price(1.0)
        await settled()
        assert [each["data"][0]["price"] for each in listener.data()] == [1.0]  # after a pause: at once
        for price in (2.0, 3.0, 4.0):
            await trio.sleep(0.1)
            hub.price(price)
        await settled()
        assert listener.data() == []
        await trio.sleep(0.25)
        assert [each["data"][0]["price"] for each in listener.data()] == [4.0]  # the end of the burst
        await trio.sleep(10)
        assert listener.data() == []


async def test_frames_keep_the_rate_through_a_long_burst(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY], max_rate_hz=4)
        await settled()
        times: list[float] = []
        for price in range(1, 101):
            hub.price(float(price))
            await settled()
            times += [trio.current_time()] * len(listener.data())
            await trio.sleep(0.03)
        assert all(after - before > 0.2 for before, after in pairwise(times))
        assert 11 <= len(times) <= 14  # 3 s, four times a second, and the snapshot


async def test_equal_wishes_share_frames_and_beats(autojump_clock: trio.testing.MockClock) -> None:
    async with stage() as hub:
        hub.price(0.0, BTC, ETH)
        listeners = [hub.listen() for _ in range(5)]
        for listener in listeners:
            listener.subscribe("ticker", symbols=["*"], max_rate_hz=10)
        other = hub.listen("msgpack")
        other.subscribe("ticker", symbols=["*"], max_rate_hz=10)
        await settled()
        groups = list(hub.hub.register)
        assert len(groups) == 2
        built = groups[0].built
        assert built == 1
        for number in range(20):
            hub.price(float(number))
            await trio.sleep(0.05)
        assert groups[0].built - built <= 11
        frames = [listener.data() for listener in listeners]
        assert all(each == frames[0] for each in frames)


async def test_the_hub_is_asked_to_be_as_quick_as_the_quickest(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with stage() as hub:
        assert paces(hub) == (None, None)
        listener = hub.listen()
        listener.subscribe("ticker", symbols=[KEY], max_rate_hz=10)
        assert paces(hub) == (0.1, 0.1)
        listener.subscribe("quote", symbols=[KEY])
        assert paces(hub) == (0.0, 0.0)
        listener.say("unsubscribe", sub=2)
        assert paces(hub) == (0.1, 0.1)
        listener.say("set", sub=1, max_rate_hz=1)
        assert paces(hub) == (1.0, 1.0)
        listener.close()
        assert paces(hub) == (None, None)


def paces(hub: Stage) -> tuple[float | None, float | None]:
    """How quick the stream wants to be, and with it the snapshot."""
    return hub.hub.pace_s, hub.read_model.pace_s()


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 100)), max_size=300))
def test_the_wheel_gives_out_everything_once_when_it_is_due(puts: list[tuple[int, float]]) -> None:
    wheel: Wheel[int] = Wheel()
    due: dict[int, float] = {}
    for number, due_s in puts:
        if number % 7 == 0:
            wheel.drop(number)
            due.pop(number, None)
        else:
            wheel.put(number, due_s)
            due[number] = due_s
    assert len(wheel) == len(due)
    assert wheel.next_s() == min(due.values(), default=math.inf)
    early = wheel.due(50)
    assert sorted(early) == sorted(number for number, due_s in due.items() if due_s <= 50.001)
    assert sorted(early + wheel.due(200)) == sorted(due)
    assert wheel.next_s() == math.inf


@given(st.lists(st.floats(0.001, 3), min_size=2, max_size=50), st.floats(0.05, 2))
def test_a_cadence_never_allows_more_than_its_rate(pauses: list[float], period_s: float) -> None:
    cadence, now_s, times = Cadence(period_s), 0.0, [0.0]
    due_s = cadence.next_s(0.0)
    for pause_s in pauses:
        now_s = max(now_s + pause_s, due_s)
        times.append(now_s)
        due_s = cadence.next_s(now_s)
        assert now_s < due_s <= now_s + 2 * period_s
    assert all(after - before >= 0.7 * period_s for before, after in pairwise(times))
    assert len(times) - 1 <= (times[-1] - times[0]) / period_s + 1.3


def test_the_quickest_of_many_paces() -> None:
    paces = Paces()
    for period_s in (1.0, 0.1, 0.1):
        paces.add(period_s)
    paces.add(0.1, -1)
    assert paces.quickest_s == 0.1
    paces.add(0.1, -1)
    assert paces.quickest_s == 1.0
    paces.add(1.0, -1)
    assert paces.quickest_s is None
