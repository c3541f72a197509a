"""Four processes are one hub: real sockets, a real Redis, kill -9."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import trio

from tests.bus.machines import KEYS, Machines, Wanderer, machines, until, without_words
from tests.lived import LivedClock

pytestmark = pytest.mark.loopback

TAKEOVER_S = 5.0
SLACK_S = 10.0  # to be born, to ask, to be live


async def has_all_keys(wanderer: Wanderer) -> bool:
    return wanderer.ids.keys() >= set(KEYS)


async def lacking(made: Machines, wanderer: Wanderer) -> list[str]:
    """The instruments of which it was not told every trade since its first."""
    found = []
    for key in KEYS:
        told = wanderer.ids[key]
        true = [each["id"] for each in (await made.truth(key))["trades"]]
        if missing := set(true[true.index(told[0]) :]) - set(told):
            found.append(f"{key}: {len(missing)} missing")
    return found


async def test_an_ingest_node_is_killed_and_nobody_is_wrong_for_long(tmp_path: Path) -> None:
    with machines(tmp_path) as made:
        for name, role in (("a", "ingest"), ("b", "ingest"), ("w", "serve"), ("d", "persist")):
            made.start(name, role)
        for node in made.nodes.values():
            await node.until_listening()
        await made.until_shared("a", "b")
        await made.until_live("w", "d")
        since_ms = (await made.truth(KEYS[0]))["time_ms"]
        wanderer = Wanderer(made, "w", "d")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wanderer.run)
            await until(partial(has_all_keys, wanderer))
            made.kill("a")
            with LivedClock(*made.pids()) as lived:

                async def taken_over() -> bool:
                    return await made.metric("b", "bus_took_over_total") > 0

                await until(taken_over)
                assert lived.lived_s < TAKEOVER_S + SLACK_S
                await made.until_live("w", "d")
                assert lived.lived_s < TAKEOVER_S + SLACK_S
            await made.stop("w")  # its client resumes where history is written
            await trio.sleep(3)
            await made.pause()
            assert await made.complaints(["d"]) == []
            assert await made.history_complaints("d", since_ms) == []
            assert await without_words(partial(lacking, made, wanderer)) == []
            nursery.cancel_scope.cancel()
        assert wanderer.recovered == [True]
        for key in KEYS:
            assert len(wanderer.ids[key]) == len(set(wanderer.ids[key])), key
        for name in ("b", "d"):
            await made.stop(name)
