"""Hundreds of visitors of the live picture that break off anywhere leave nothing behind."""

from __future__ import annotations

import random
from functools import partial
from typing import cast

import pytest
import trio
import trio.testing

from tests.web.harness import model, tick
from tests.web.served import Hub, hub, until, upgrade
from web.fanout import Fanout, Member
from web.transport import ClientStream
from web.visitor import Visitor
from web.wishes import Wish

pytestmark = pytest.mark.loopback

ROUNDS, AT_ONCE = 4, 50
READ_S = 1.0
SYMBOLS = [f"S{number}USDT" for number in range(20)]
PING = bytes([0x81, 0x80 + 15]) + bytes(4) + b'{"type":"ping"}'


def query(dice: random.Random) -> str:
    """A wish: common ones, and some that nobody else has."""
    mode = dice.choice(["all", "changes"])
    market = dice.choice(["", "&market=linear"])
    named = dice.sample([*SYMBOLS, "NOBODY", f"X{dice.randrange(1000)}"], 3) if dice.random() < 0.6 else []
    return f"?mode={mode}{market}" + (f"&symbols={','.join(named)}" if named else "")


def script(dice: random.Random) -> bytes:
    """What one of them says: an upgrade, some pings, broken off at some byte."""
    deflate = ["sec-websocket-extensions: permessage-deflate"] if dice.random() < 0.5 else []
    said = upgrade(f"/ws/realtime/bybit{query(dice)}", *deflate) + PING * dice.randrange(3)
    return said[: dice.randrange(len(said)) if dice.random() < 0.3 else len(said)]


async def visit(served: Hub, dice: random.Random) -> None:
    """Say it, read some of what comes or nothing, and go."""
    async with await served.raw(receive_buffer_bytes=dice.choice([None, 4096])) as stream:
        await stream.send_all(script(dice))
        with trio.move_on_after(READ_S):
            for _ in range(dice.randrange(6)):
                if not await stream.receive_some(dice.choice([10, 65_536])):
                    break


def living() -> int:
    """How many tasks there are."""
    return trio.lowlevel.current_statistics().tasks_living


async def test_nothing_is_left_of_visitors_who_break_off() -> None:
    dice = random.Random(11)
    async with hub() as served:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(served.publish_for_ever, *SYMBOLS, padding=500, interval_s=0.01))
            await trio.testing.wait_all_tasks_blocked()
            idle = living()
            for _ in range(ROUNDS):
                async with trio.open_nursery() as visitors:
                    for _ in range(AT_ONCE):
                        visitors.start_soon(visit, served, random.Random(dice.random()))
                await until(lambda: living() <= idle)
                assert not served.fanout.groups
                assert not any(served.fanout.active.values())
            nursery.cancel_scope.cancel()
        assert served.fanout.sent["bybit"], "nobody got as far as a tick"
        await served.alive()


async def test_who_cannot_be_told_the_first_tick_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    read_model = model()
    fanout = Fanout(read_model)
    member = Member(cast(ClientStream, None), lambda _: None, 0, 0, 0.0, Visitor.at("127.0.0.1", 0))

    def fail(since: int) -> bytes:
        raise ValueError(f"no frame since {since}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fanout.run)
        await trio.testing.wait_all_tasks_blocked()
        with fanout.join(Wish("bybit")) as group:
            read_model.publish(tick("A"))
            monkeypatch.setattr(group, "update", fail)
            with pytest.raises(ValueError, match="no frame since 0"), fanout.receive(group, member):
                pytest.fail("it was let in")
            assert not list(fanout.members)
        nursery.cancel_scope.cancel()
