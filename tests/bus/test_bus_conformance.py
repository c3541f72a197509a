"""What every transport of the bus promises, on a real server: one log, one order, notes that expire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
import trio

from actors.bus.base import BODY_BYTES_MAX, READ_MAX, Bus, Message
from actors.runtime.errors import BusUnavailable
from tests.bus.bus_rigs import BusRig, NatsRig, RedisRig
from tests.nats.nats_server import NatsServer
from tests.nats.nats_server import running as running_nats
from tests.patience import PATIENCE_S
from tests.sinks.redis_server import RedisServer
from tests.sinks.redis_server import running as running_redis

pytestmark = pytest.mark.loopback

USERS = 'authorization { users = [ { user: "hub", password: "right" } ] }'


@pytest.fixture(scope="module")
def bus_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("bus-redis")) as server:
        yield server


@pytest.fixture(scope="module")
def bus_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with running_nats(tmp_path_factory.mktemp("bus-nats"), USERS, jetstream=True) as server:
        server.url = server.url.replace("://", "://hub:right@")
        yield server


@pytest.fixture(params=["redis", "nats"])
def rig(request: pytest.FixtureRequest) -> BusRig:
    server = request.getfixturevalue(f"bus_{request.param}")
    return RedisRig(server) if request.param == "redis" else NatsRig(server)


def bodies(start: int, stop: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, stop)]


async def all_after(bus: Bus, after: int, count: int) -> list[Message]:
    """So many messages after a position."""
    found: list[Message] = []
    with trio.fail_after(PATIENCE_S):
        while len(found) < count:
            page = await bus.read(found[-1].position if found else after, 1.0)
            assert len(page) <= READ_MAX
            found += page
    return found


async def test_an_empty_log_has_an_epoch_and_nothing_else(rig: BusRig) -> None:
    async with rig.connect()() as bus:
        extent = await bus.extent()
    assert extent.epoch and (extent.kept_after, extent.newest) == (0, 0)


async def test_what_was_published_is_read_in_order_by_every_reader(rig: BusRig) -> None:
    told = bodies(0, 3 * READ_MAX)
    async with rig.connect()() as bus, rig.connect()() as other:
        await bus.publish(told[:100])
        await bus.publish(told[100:])
        for reader in (bus, other):
            found = await all_after(reader, 0, len(told))
            assert [message.body for message in found] == told
            assert [message.position for message in found] == list(range(1, len(told) + 1))
        assert (await other.extent()).newest == len(told)
        assert (await all_after(bus, 150, 42))[0] == Message(151, told[150])
        assert (await all_after(bus, 7, 10))[0] == Message(8, told[7])


async def test_a_body_is_any_bytes_up_to_the_bound(rig: BusRig) -> None:
    told = [b"", bytes(range(256)), b"\r\n+OK\r\n", b"x" * BODY_BYTES_MAX]
    async with rig.connect()() as bus:
        await bus.publish(told)
        assert [message.body for message in await all_after(bus, 0, len(told))] == told


async def test_publishing_nothing_is_nothing(rig: BusRig) -> None:
    async with rig.connect()() as bus:
        await bus.publish([])
        assert (await bus.extent()).newest == 0


async def test_reading_waits_no_longer_than_it_may_and_no_longer_than_it_must(rig: BusRig) -> None:
    async with rig.connect()() as bus, rig.connect()() as other:
        with trio.fail_after(PATIENCE_S):
            assert await bus.read(0, 0.05) == []
        found: list[Message] = []

        async def read() -> None:
            found.extend(await bus.read(0, 600))

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                await trio.sleep(0.05)
                await other.publish([b"news"])
        assert found == [Message(1, b"news")]


async def test_what_waits_can_be_cancelled_at_once(rig: BusRig) -> None:
    async with rig.connect()() as bus:
        with trio.fail_after(PATIENCE_S), trio.move_on_after(0.1) as scope:
            await bus.read(0, 600)
        assert scope.cancelled_caught


async def test_the_oldest_are_let_go_and_the_positions_tell(rig: BusRig) -> None:
    async with rig.connect(kept=100)() as bus:
        for start in range(0, 1000, 250):
            await bus.publish(bodies(start, start + 250))
        extent = await bus.extent()
        assert extent.newest == 1000 and 0 < extent.kept_after <= 900
        [first, *_] = await all_after(bus, 0, 1)
        assert first.position == extent.kept_after + 1
        assert first.body == b"%d" % (first.position - 1)


async def test_prefixes_are_apart(rig: BusRig) -> None:
    async with rig.connect()() as bus, rig.connect(f"{rig.prefix}x")() as other:
        await bus.publish([b"ours"])
        await bus.beat("a", b"ours", 30)
        assert (await other.extent()).newest == 0
        assert await other.nodes() == {}


async def test_notes_hold_until_they_expire_are_renewed_or_taken_away(rig: BusRig) -> None:
    async with rig.connect()() as bus, rig.connect()() as other:
        assert await other.nodes() == {}
        await bus.beat("a.1-x_y", b"\x00one", 30)
        await bus.beat("b", b"two", 30)
        await bus.beat("short", b"three", 0.2)
        await bus.beat("b", b"four", 30)
        assert (await other.nodes()).items() >= {"a.1-x_y": b"\x00one", "b": b"four"}.items()
        await bus.leave("a.1-x_y")
        await bus.leave("never there")
        with trio.fail_after(PATIENCE_S):
            while await other.nodes() != {"b": b"four"}:
                await trio.sleep(0.05)
    async with rig.connect()() as later:
        assert await later.nodes() == {"b": b"four"}


async def test_a_log_that_was_lost_is_another_epoch(rig: BusRig) -> None:
    async with rig.connect()() as bus:
        await bus.publish([b"old"])
        before = await bus.extent()
        assert await bus.read(0, 1.0) == [Message(1, b"old")]
        await rig.lose_log()
        with pytest.raises(BusUnavailable, match="lost the log"), trio.fail_after(PATIENCE_S):
            while True:
                await bus.read(1, 0.2)
    async with rig.connect()() as bus:
        after = await bus.extent()
        assert after.epoch != before.epoch and after.newest == 0


async def test_a_server_that_dies_is_told_at_once_and_keeps_what_it_took(rig: BusRig) -> None:
    async with rig.connect()() as bus, rig.connect()() as reader:
        await bus.publish([b"one", b"two"])
        epoch = (await bus.extent()).epoch
        rig.kill()
        for attempt in (bus.publish([b"lost"]), reader.read(2, 600), bus.beat("a", b"", 5), bus.nodes()):
            with pytest.raises(BusUnavailable) as caught, trio.fail_after(PATIENCE_S):
                await attempt
            assert str(caught.value)
    with pytest.raises(BusUnavailable, match="refused"), trio.fail_after(PATIENCE_S):
        async with rig.connect()():
            raise AssertionError("nobody is there")
    rig.start()
    async with rig.connect()() as bus:
        assert (await bus.extent()).epoch == epoch
        await bus.publish([b"three"])
        assert [each.body for each in await all_after(bus, 0, 3)] == [b"one", b"two", b"three"]


async def connected(rig: BusRig, stack: AsyncExitStack) -> tuple[Bus, Bus, Bus]:
    """Three connections, the second of which has read: tried again and again, for on a busy machine also a
    server that is well takes longer than the test allows it."""
    began_s = trio.current_time()
    while True:
        async with AsyncExitStack() as trying:
            try:
                bus, reader, other = [await trying.enter_async_context(rig.connect()()) for _ in range(3)]
                assert await reader.read(0, 0.01) == []
            except BusUnavailable:
                assert trio.current_time() - began_s < PATIENCE_S
            else:
                stack.push_async_exit(trying.pop_all())
                return bus, reader, other


async def test_a_server_that_is_frozen_is_not_waited_for(
    rig: BusRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("actors.bus.redis", "actors.bus.nats"):
        monkeypatch.setattr(f"{module}.TIMEOUT_S", 0.3)
    async with AsyncExitStack() as stack:
        bus, reader, other = await connected(rig, stack)
        rig.freeze()
        try:
            for attempt in (bus.publish([b"x"]), reader.read(0, 0.1), other.beat("a", b"", 5)):
                with (
                    pytest.raises(BusUnavailable, match=r"did not answer within 0\.3 s"),
                    trio.fail_after(PATIENCE_S),
                ):
                    await attempt
            with pytest.raises(BusUnavailable, match="did not answer"), trio.fail_after(PATIENCE_S):
                async with rig.connect()():
                    raise AssertionError("it does not answer")
        finally:
            rig.thaw()


async def test_a_password_that_is_wrong_is_told_and_not_shown(rig: BusRig) -> None:
    with pytest.raises(BusUnavailable, match="refuses the user name") as caught, trio.fail_after(PATIENCE_S):
        async with rig.refused("hunter2")():
            raise AssertionError("nobody may come in")
    assert "hunter2" not in f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}"
