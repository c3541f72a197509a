"""The Redis sink when its server is killed, frozen, full, loading, a replica, or does not let it in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from actors.market.rows import TickRow
from actors.runtime.errors import SettingsError, SinkError, SinkUnavailable
from actors.sinks._redis_address import Address
from actors.sinks.redis import RedisLatest, RedisSink
from tests.lived import LivedClock
from tests.patience import PATIENCE_S
from tests.sinks.conformance import tick
from tests.sinks.redis_server import RedisServer, running
from tests.sinks.test_redis import DAY, everything, stored

SYMBOLS = [f"S{index}" for index in range(50)]


def ticks(first: int, last: int) -> list[TickRow]:
    """So many moments of fifty instruments."""
    return [tick(number / 10, symbol, 100 + number) for number in range(first, last) for symbol in SYMBOLS]


async def failures_until_taken(sink: RedisSink, rows: list[TickRow], server: RedisServer) -> int:
    """Write the rows as the persist actor does: again and again, until they are taken."""
    for failures in range(1000):
        try:
            await sink.open()
            await sink.write(rows)
        except SinkUnavailable:
            await trio.to_thread.run_sync(server.ensure)
        else:
            return failures
    raise AssertionError("never taken")


@pytest.mark.parametrize("kill_after_s", [0.01, 0.05, 0.1])
async def test_killed_in_the_middle_of_writing(redis_server: RedisServer, kill_after_s: float) -> None:
    sink = RedisSink(redis_server.url)
    written: list[TickRow] = []
    failures = 0
    async with trio.open_nursery() as nursery:

        async def kill() -> None:
            await trio.sleep(kill_after_s)
            redis_server.kill()

        nursery.start_soon(kill)
        while not failures:
            first = len(written) // len(SYMBOLS)
            rows = ticks(first, first + 60)
            failures += await failures_until_taken(sink, rows, redis_server)
            written += rows
    assert sorted(stored(redis_server), key=place) == sorted(written, key=place)
    with redis_server.asked() as client:
        for symbol in SYMBOLS:
            count = client.hget(f"stats:demo:FUTURES:{symbol}:{DAY}", "count")
            assert int(count) == len(written) // len(SYMBOLS), "each tick counts once"
    await sink.aclose()


def place(row: TickRow) -> tuple[int, str]:
    return row.ts, row.symbol


async def test_a_restarted_server_is_found_again(redis_server: RedisServer) -> None:
    sink = RedisSink(redis_server.url)
    await sink.write([tick(0)])
    redis_server.kill()
    with pytest.raises(SinkUnavailable, match="cannot be reached"):
        await sink.write([tick(1)])
    redis_server.start()
    await sink.write([tick(1)])
    assert stored(redis_server) == [tick(0), tick(1)]
    await sink.aclose()


async def test_a_server_that_lost_everything_is_filled_again(redis_server: RedisServer) -> None:
    sink = RedisSink(redis_server.url)
    await sink.open()
    await sink.write([tick(0)])
    redis_server.kill()
    redis_server.empty()
    redis_server.start()
    await sink.write([tick(1)])
    assert stored(redis_server) == [tick(1)]
    assert await RedisLatest(redis_server.url).latest(None, None) == [tick(1)]
    await sink.aclose()


async def test_nobody_there_is_told_at_once(redis_server: RedisServer) -> None:
    """redis-py by itself tries ten times, and holds its thread for four seconds."""
    redis_server.kill()
    sink = RedisSink(redis_server.url)
    with LivedClock() as lived:
        for attempt in (sink.open, partial(sink.write, [tick()])):
            with pytest.raises(
                SinkUnavailable, match=f"Redis at 127.0.0.1:{redis_server.port} cannot be reached"
            ):
                await attempt()
        with pytest.raises(SinkUnavailable):
            await RedisLatest(redis_server.url).latest(None, None)
        assert lived.lived_s < 1
    await sink.aclose()


async def test_a_frozen_server_holds_the_sink_no_longer_than_its_time_limit(
    redis_server: RedisServer,
) -> None:
    sink = RedisSink(redis_server.url, timeout_s=0.3)
    await failures_until_taken(sink, [tick(0)], redis_server)  # a busy machine may take longer, too
    redis_server.freeze()
    try:
        for attempt in (partial(sink.write, [tick(1)]), sink.open):  # on a connection, and without one
            with LivedClock() as lived:
                with pytest.raises(SinkUnavailable, match=r"did not answer within 0\.3 s"):
                    await attempt()
                assert lived.lived_s < 1
    finally:
        redis_server.thaw()
    for row in (tick(1), tick(2)):
        await failures_until_taken(sink, [row], redis_server)
    assert stored(redis_server) == [tick(0), tick(1), tick(2)]
    await sink.aclose()


async def test_a_full_server_takes_nothing_until_it_has_room(redis_server: RedisServer) -> None:
    sink = RedisSink(redis_server.url)
    rows = ticks(0, 20)
    await sink.write(rows)
    with redis_server.asked() as client:
        before = everything(client)
        client.config_set("maxmemory", 1)
        with pytest.raises(SinkUnavailable, match="is full: raise its maxmemory"):
            await sink.write(ticks(0, 30))
        assert everything(client) == before, "nothing was done by half"
        client.config_set("maxmemory", 0)
    await sink.write(ticks(0, 30))
    assert sorted(stored(redis_server), key=place) == sorted(ticks(0, 30), key=place)
    await sink.aclose()


async def test_a_replica_says_so(redis_server: RedisServer) -> None:
    with redis_server.asked() as client:
        client.replicaof("127.0.0.1", 1)
        try:
            with pytest.raises(SinkUnavailable, match="is a replica that takes no writes"):
                await RedisSink(redis_server.url).write([tick()])
        finally:
            client.replicaof("NO", "ONE")


async def test_a_server_that_cannot_save_says_so_in_its_own_words(redis_server: RedisServer) -> None:
    with redis_server.asked() as client:
        client.config_set("min-replicas-to-write", 1)
        try:
            with pytest.raises(SinkUnavailable, match="takes no rows: NOREPLICAS Not enough good replicas"):
                await RedisSink(redis_server.url).write([tick()])
        finally:
            client.config_set("min-replicas-to-write", 0)


async def test_a_server_that_loads_its_data_is_waited_for(tmp_path: Path) -> None:
    with running(tmp_path, "appendonly no") as server:
        sink = RedisSink(server.url)
        await sink.write(ticks(0, 30))
        with server.asked() as client:
            before = everything(client)
            client.save()
        server.kill()
        # It needs a tenth of a second (in microseconds) for each of some hundred keys, and answers meanwhile.
        slowly = ("key-load-delay 100000", "loading-process-events-interval-bytes 1024")
        server.start(*slowly, wait=False)
        seen = ""
        with trio.fail_after(PATIENCE_S):
            while "is loading its data, and answers when it has done so" not in seen:
                with pytest.raises(SinkUnavailable) as caught:
                    await sink.write(ticks(0, 8))
                seen = str(caught.value)
        with server.asked() as client:
            client.config_set("key-load-delay", 0)
        server.await_answer()
        await sink.write(ticks(0, 8))
        with server.asked() as client:
            assert everything(client) == before
        await sink.aclose()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    user = "user hub on >p@ss;w:rd ~* +@all"
    reader = "user reader on >readonly ~* +@read +@connection"
    with running(tmp_path_factory.mktemp("guarded"), "requirepass s3cret", user, reader) as server:
        yield server


@pytest.mark.parametrize("credentials", ["", ":hunter2@", "hub:hunter2@", "nobody:hunter2@"])
async def test_a_wrong_password_is_unavailable_and_told_nowhere(
    guarded: RedisServer, credentials: str
) -> None:
    url = guarded.url.replace("//", f"//{credentials}")
    sink = RedisSink(url)
    for attempt in (sink.open, partial(sink.write, [tick()]), partial(RedisLatest(url).latest, None, None)):
        with pytest.raises(SinkUnavailable, match="refuses the user name or password") as refused:
            await attempt()
        assert "hunter2" not in repr(refused.value)
        assert "hunter2" not in shown(sink)
    await sink.aclose()


def shown(sink: RedisSink) -> str:
    """What a log of the sink, and of what it is made of, would show."""
    return "".join(map(repr, (vars(sink), vars(sink._sending), vars(sink._sending._line))))


@pytest.mark.parametrize("credentials", [":s3cret@", "hub:p%40ss;w%3Ard@"])
async def test_the_right_password_lets_in(guarded: RedisServer, credentials: str) -> None:
    sink = RedisSink(guarded.url.replace("//", f"//{credentials}"))
    await sink.open()
    await sink.write([tick()])
    assert "s3cret" not in shown(sink) and "p@ss" not in shown(sink)
    await sink.aclose()


async def test_a_user_who_may_not_write_is_told_so(guarded: RedisServer) -> None:
    sink = RedisSink(guarded.url.replace("//", "//reader:readonly@"))
    with pytest.raises(SinkUnavailable, match="does not allow this user to do that"):
        await sink.open()
    await sink.aclose()


async def test_what_is_no_redis_is_told_so() -> None:
    async def greet(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, greet, [listener])
        sink = RedisSink(f"redis://127.0.0.1:{listener.socket.getsockname()[1]}")
        with pytest.raises(SinkUnavailable, match="is no Redis"):
            await sink.open()
        await sink.aclose()
        nursery.cancel_scope.cancel()


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisServer, Path]]:
    root = tmp_path_factory.mktemp("encrypted")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key, roots = (root / name for name in ("server.pem", "server.key", "roots.pem"))
    certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    roots.write_bytes(authority.cert_pem.bytes())
    with running(root, tls=(certificate, key, roots)) as server:
        yield server, roots


async def test_tls_with_a_certificate_that_is_trusted(encrypted: tuple[RedisServer, Path]) -> None:
    server, roots = encrypted
    url = f"rediss://127.0.0.1:{server.tls_port}?tls_roots={roots}"
    sink = RedisSink(url)
    await sink.open()
    await sink.write([tick()])
    await sink.aclose()
    assert await RedisLatest(url).latest(None, None) == [tick()]


async def test_tls_with_a_certificate_that_is_not_trusted(encrypted: tuple[RedisServer, Path]) -> None:
    server, _ = encrypted
    for url in (f"rediss://127.0.0.1:{server.tls_port}", f"rediss://127.0.0.1:{server.port}"):
        sink = RedisSink(url)
        with pytest.raises(SinkError, match=r"cannot be reached|did not answer"):
            await sink.open()
        await sink.aclose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1", "begins with redis:// or rediss://"),
        ("redis://", "names no host"),
        ("redis://127.0.0.1:port", "no valid host and port"),
        ("redis://127.0.0.1/first", "the number of a database"),
        ("redis://hub@127.0.0.1", "a user name and no password"),
        ("redis://127.0.0.1?db=1", "unknown option db"),
        ("rediss://127.0.0.1?tls_roots=/nowhere.pem", "is no file: /nowhere.pem"),
        ("redis://:pa#ss@127.0.0.1", "in a password, # is %23"),
        ("redis://127.0.0.1#1", "has a #"),
    ],
)
def test_a_wrong_url_is_told(url: str, words: str) -> None:
    with pytest.raises(SettingsError) as told:
        RedisSink(url)
    assert words in str(told.value)
    assert "pa#ss" not in str(told.value)


def test_an_address_is_shown_without_its_credentials() -> None:
    address = Address.parse("rediss://hub:hunter2@[::1]:7000/3")
    assert str(address) == "Redis at [::1]:7000"
    assert "hunter2" not in repr(address) and "hub" not in repr(address)
    assert (address.database, address.is_encrypted) == (3, True)
    assert (address.username, address.password) == ("hub", "hunter2")
