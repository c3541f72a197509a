"""What connections leave behind is cleared away when there is much of it, and not all the time."""

from __future__ import annotations

import gc

import pytest

from tests.web.served import hub, until
from web import leftovers
from web.leftovers import ENDED_MIN, EVERY_S, Leftovers

BYE = b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"


def test_many_are_cleared_away_together_and_seldom() -> None:
    looks: list[float] = []
    now_s = 100.0
    found = Leftovers(lambda: looks.append(now_s))
    for _ in range(5 * ENDED_MIN):
        found.note(now_s, 0)
    assert looks == [100]
    now_s += EVERY_S
    found.note(now_s, 0)
    assert looks == [100, 110], "those that came meanwhile are many by now"
    for _ in range(ENDED_MIN - 1):
        found.note(now_s + EVERY_S, 0)
    assert looks == [100, 110]


def test_few_beside_many_that_stay_are_not_worth_a_look_at_all_of_them() -> None:
    looks: list[float] = []
    found = Leftovers(lambda: looks.append(1))
    for _ in range(4 * ENDED_MIN - 1):
        found.note(100.0, 4 * ENDED_MIN)
    assert looks == []
    found.note(100.0, 4 * ENDED_MIN)
    assert looks == [1]


async def test_the_server_has_it_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "ENDED_MIN", 3)
    generations: list[int] = []

    def look(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    gc.callbacks.append(look)
    gc.disable()
    try:
        async with hub() as served:
            for _ in range(3):
                async with await served.raw() as stream:
                    await stream.send_all(BYE)
                    while await stream.receive_some(65_536):
                        pass
            await until(lambda: generations == [2])
    finally:
        gc.enable()
        gc.callbacks.remove(look)
