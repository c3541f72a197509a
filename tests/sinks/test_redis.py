"""The Redis sink against a real server: what every sink promises, the exact keys, and what they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from actors.market.rows import Row, TickRow
from actors.runtime.errors import SinkRefused
from actors.sinks.redis import Keep, RedisLatest, RedisSink
from tests.patience import PATIENCE_S
from tests.sinks.conformance import T0, R, S, SinkConformance, opened, save, tick, trade
from tests.sinks.redis_server import RedisServer

DAY = "2023-11-14"  # the day of T0
PLACE = "demo:FUTURES:BTCUSDT"
MEMBER = {
    "timestamp": 1700000040000,
    "ts_ns": "1700000040000000000",
    "price": 100.5,
    "volume": 12.5,
    "high24h": 110.0,
    "low24h": 90.0,
    "change24h": -1.25,
    "bid": 100.0,
    "ask": 101.0,
}


class Rig:
    kinds: Sequence[type[Row]] = [TickRow]

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def sink(self) -> RedisSink:
        return RedisSink(self._server.url)

    async def stored(self, kind: type[R]) -> list[R]:
        return stored(self._server)  # type: ignore[return-value]

    async def take_down(self) -> None:
        self._server.kill()

    async def bring_back(self) -> None:
        self._server.start()

    async def change_schema(self) -> None:
        with self._server.asked() as client:
            for key in list(client.scan_iter()):
                client.delete(key)
                client.set(key, "somebody else's")


def stored(server: RedisServer) -> list[TickRow]:
    """All ticks of all instruments, by the key they are under."""
    rows = []
    with server.asked() as client:
        for key in client.keys("timeseries:*"):
            _, *exchange, market, symbol, _ = key.split(":")
            place = exchange[0], {"FUTURES": "linear", "SPOT": "spot"}[market], symbol
            for text in client.zrange(key, 0, -1):
                rows.append(row(place, json.loads(text)))
    return sorted(rows, key=lambda each: each.ts)


def row(place: tuple[str, str, str], told: dict[str, float | str]) -> TickRow:
    names = ("price", "volume", "high24h", "low24h", "change24h", "bid", "ask")
    return TickRow(int(told["ts_ns"]), *place, *(told.get(name) for name in names))  # type: ignore[arg-type]


class TestRedisSink(SinkConformance):
    @pytest.fixture
    def rig(self, redis_server: RedisServer) -> Rig:
        return Rig(redis_server)


async def write(server: RedisServer, *rows: Row, keep: Keep | None = None, bare_exchange: str = "") -> None:
    """Everything at once, by a sink of its own."""
    sink = RedisSink(server.url, keep, bare_exchange=bare_exchange)
    await sink.open()
    await save(sink, *rows)
    await sink.aclose()


async def test_the_keys_are_these_and_no_others(redis_server: RedisServer) -> None:
    await write(redis_server, tick(), replace(tick(), exchange="plain", market="spot"), bare_exchange="plain")
    with redis_server.asked() as client:
        assert {key: client.type(key) for key in client.scan_iter()} == {
            f"latest:{PLACE}": "hash",
            f"history:{PLACE}": "zset",
            f"timeseries:{PLACE}:{DAY}": "zset",
            f"stats:{PLACE}:{DAY}": "hash",
            "latest:SPOT:BTCUSDT": "hash",
            "history:SPOT:BTCUSDT": "zset",
            f"timeseries:SPOT:BTCUSDT:{DAY}": "zset",
            f"stats:SPOT:BTCUSDT:{DAY}": "hash",
            "tickwell:instruments": "set",
        }


async def test_what_the_keys_hold(redis_server: RedisServer) -> None:
    await write(redis_server, tick(0), tick(1.5, price=99.0), tick(3, price=103.25))
    with redis_server.asked() as client:
        assert client.hgetall(f"latest:{PLACE}") == {
            "exchange": "demo",
            "market": "FUTURES",
            "symbol": "BTCUSDT",
            "timestamp": "1700000043000",
            "ts_ns": "1700000043000000000",
            "price": "103.25",
            "volume": "12.5",
            "high24h": "110.0",
            "low24h": "90.0",
            "change24h": "-1.25",
            "bid": "102.75",
            "ask": "103.75",
        }
        for key in (f"history:{PLACE}", f"timeseries:{PLACE}:{DAY}"):
            found = client.zrange(key, 0, -1, withscores=True)
            assert [score for _, score in found] == [1700000040000, 1700000041500, 1700000043000]
            assert json.loads(found[0][0]) == MEMBER
        assert client.hgetall(f"stats:{PLACE}:{DAY}") == {
            "min": "99.0",
            "max": "103.25",
            "avg": "100.916666666667",
            "count": "3",
            "sum": "302.75",
            "first": "100.5",
            "last": "103.25",
            "first_ts_ns": "1700000040000000000",
            "last_ts_ns": "1700000043000000000",
        }


async def test_what_is_no_longer_known_is_no_longer_told(redis_server: RedisServer) -> None:
    await write(redis_server, tick(0))
    await write(redis_server, replace(tick(1), bid=None, volume=None))
    with redis_server.asked() as client:
        fields = client.hgetall(f"latest:{PLACE}")
    assert "bid" not in fields and "volume" not in fields
    assert fields["ask"] == "101.0"


async def test_each_key_lives_as_long_as_the_settings_say(redis_server: RedisServer) -> None:
    keep = Keep(latest_days=1, history_days=2, timeseries_days=3, stats_days=0)
    before_s = trio.current_time()
    await write(redis_server, tick(), keep=keep)
    with redis_server.asked() as client:
        lives = {key.split(":")[0]: client.ttl(key) for key in client.scan_iter()}
    day_s = 86_400
    assert lives.pop("stats") == -1
    expected = {"latest": day_s, "history": 2 * day_s, "timeseries": 3 * day_s, "tickwell": day_s}
    assert lives == {name: left_of(ttl_s, before_s) for name, ttl_s in expected.items()}
    before_s = trio.current_time()
    await write(redis_server, tick(1), keep=Keep(latest_days=0, stats_days=0.5))
    with redis_server.asked() as client:
        assert client.ttl(f"latest:{PLACE}") == -1
        assert client.ttl(f"stats:{PLACE}:{DAY}") == left_of(day_s / 2, before_s)


def left_of(ttl_s: float, before_s: float) -> Any:
    """What may be left of a life that began after `before_s`; Redis tells whole seconds."""
    return pytest.approx(ttl_s, abs=1 + trio.current_time() - before_s)


async def test_history_has_the_newest_rows(redis_server: RedisServer) -> None:
    rows = [tick(number) for number in range(2500)]
    for some in (rows[:1200], rows[1200:], rows[:10]):
        await write(redis_server, *some)
        with redis_server.asked() as client:
            assert client.zcard(f"history:{PLACE}") == 1000
    with redis_server.asked() as client:
        times = [int(json.loads(text)["ts_ns"]) for text in client.zrange(f"history:{PLACE}", 0, -1)]
    assert times == [each.ts for each in rows[1500:]]
    assert stored(redis_server) == rows


async def test_a_batch_that_is_sent_again_changes_nothing(redis_server: RedisServer) -> None:
    rows = [tick(number * 0.7, symbol, 100 + number % 7) for number in range(40) for symbol in "AB"]
    keep = Keep(history_rows=30, timeseries_interval_s=5)
    sink = RedisSink(redis_server.url, keep)
    await sink.open()
    await save(sink, *rows[:50])
    await save(sink, *rows[50:])
    with redis_server.asked() as client:
        before = everything(client)
        for again in (rows[50:], rows[:50], rows, rows[20:60], rows[::-1]):
            await save(sink, *again)
            assert everything(client) == before
    await sink.aclose()


def everything(client: Any) -> dict[str, object]:
    """The content of every key."""
    readers = {"hash": "hgetall", "set": "smembers"}
    found: dict[str, object] = {}
    for key in client.scan_iter():
        kind = client.type(key)
        if kind == "zset":
            found[key] = client.zrange(key, 0, -1, withscores=True)
        else:
            found[key] = getattr(client, readers[kind])(key)
    return found


async def test_what_comes_late_is_kept_in_its_place_and_is_not_the_latest(redis_server: RedisServer) -> None:
    await write(redis_server, tick(10, price=110.0))
    await write(redis_server, tick(5, price=105.0))
    with redis_server.asked() as client:
        assert client.hget(f"latest:{PLACE}", "price") == "110.0"
        assert client.hget(f"stats:{PLACE}:{DAY}", "last") == "110.0"
    assert stored(redis_server) == [tick(5, price=105.0), tick(10, price=110.0)]


async def test_of_each_interval_the_timeseries_has_the_first_row(redis_server: RedisServer) -> None:
    keep = Keep(timeseries_interval_s=10)
    times = [0, 1, 9.9, 10, 15, 30.5, 39]
    for at_s in times:
        await write(redis_server, tick(at_s), keep=keep)
    assert stored(redis_server) == [tick(0), tick(10), tick(30.5)]
    await write(redis_server, *(tick(at_s, "OTHER") for at_s in times), keep=keep)
    assert [each.ts for each in stored(redis_server) if each.symbol == "OTHER"] == [
        T0 + int(at_s * S) for at_s in (0, 10, 30.5)
    ]
    with redis_server.asked() as client:
        assert client.zcard(f"history:{PLACE}") == len(times)
        assert client.hget(f"stats:{PLACE}:{DAY}", "count") == str(len(times))


async def test_each_day_has_its_own_numbers(redis_server: RedisServer) -> None:
    to_midnight_s = 86_400 - T0 // S % 86_400
    await write(redis_server, tick(to_midnight_s - 0.001, price=90.0), tick(to_midnight_s, price=95.0))
    with redis_server.asked() as client:
        assert client.hmget(f"stats:{PLACE}:{DAY}", "count", "last") == ["1", "90.0"]
        assert client.hmget(f"stats:{PLACE}:2023-11-15", "count", "first") == ["1", "95.0"]
        assert client.hget(f"latest:{PLACE}", "price") == "95.0"
        assert client.zcard(f"history:{PLACE}") == 2


async def test_rows_that_are_no_ticks_are_left_out(redis_server: RedisServer) -> None:
    await write(redis_server, trade(), tick())
    assert stored(redis_server) == [tick()]
    sink = RedisSink("redis://127.0.0.1:1")
    await sink.write([trade()])  # nobody is asked
    await sink.aclose()
    assert RedisSink.kinds == {TickRow}


async def test_a_batch_is_one_pipeline(redis_server: RedisServer) -> None:
    sink = RedisSink(redis_server.url)
    await sink.open()
    with redis_server.asked() as client:
        before = client.info("commandstats")
        rows = [tick(number, f"S{index}") for number in range(3) for index in range(100)]
        await save(sink, *rows)
        after = client.info("commandstats")
        assert after["cmdstat_evalsha"]["calls"] - before.get("cmdstat_evalsha", {"calls": 0})["calls"] == 100
        assert client.info("clients")["connected_clients"] == 2
    await sink.aclose()


async def test_a_script_that_the_server_has_forgotten_is_told_again(redis_server: RedisServer) -> None:
    async with opened(Rig(redis_server)) as sink:
        await save(sink, tick(0))
        with redis_server.asked() as client:
            client.script_flush()
        await save(sink, tick(1))
    assert stored(redis_server) == [tick(0), tick(1)]


@pytest.mark.parametrize(
    "wrong", [{"price": float("nan")}, {"price": float("inf")}, {"ts": -1}, {"symbol": "\ud800"}]
)
async def test_a_row_with_no_place_is_refused_and_the_next_is_taken(
    redis_server: RedisServer, wrong: dict[str, object]
) -> None:
    async with opened(Rig(redis_server)) as sink:
        with pytest.raises(SinkRefused, match="a tick"):
            await save(sink, tick(0), replace(tick(1), **wrong))
        await save(sink, tick(2))
    assert stored(redis_server) == [tick(2)]


@pytest.mark.parametrize("kind", ["latest", "history", "timeseries", "stats"])
async def test_a_key_of_somebody_else_is_named_and_harms_no_other(
    redis_server: RedisServer, kind: str
) -> None:
    key = f"{kind}:{PLACE}" + (f":{DAY}" if kind in ("timeseries", "stats") else "")
    with redis_server.asked() as client:
        client.set(key, "somebody else's")
        async with opened(Rig(redis_server)) as sink:
            with pytest.raises(SinkRefused, match=f"{key} is a string, not a (hash|zset)"):
                await save(sink, tick(symbol="ETHUSDT"), tick())
        assert client.get(key) == "somebody else's"
        assert len(client.keys(f"*{PLACE}*")) == 1, "nothing of it was begun"
        client.delete(key)
    assert stored(redis_server) == [tick(symbol="ETHUSDT")]


async def test_names_cannot_be_mistaken(redis_server: RedisServer) -> None:
    one = tick()
    rows = [
        one,
        replace(one, symbol="xyz:NVDA"),
        replace(one, symbol="FUTURES:BTCUSDT"),
        replace(one, exchange="plain", symbol="FUTURES:BTCUSDT"),
        replace(one, symbol="币 \r\nSET x 1\r\n*"),
    ]
    await write(redis_server, *rows, bare_exchange="plain")
    with redis_server.asked() as client:
        assert len(client.keys("latest:*")) == len(rows)
        assert client.get("x") is None
    read = await RedisLatest(redis_server.url, bare_exchange="plain").latest(None, None)
    assert sorted(map(repr, read)) == sorted(map(repr, rows))


async def test_the_latest_come_back(redis_server: RedisServer) -> None:
    sparse = TickRow(T0, "demo", "spot", "A", 0.00000001, None, None, None, None, None, None)
    rows = [tick(5), tick(6, "ETHUSDT"), sparse, replace(tick(7), exchange="other")]
    await write(redis_server, tick(0), *rows)
    ask = RedisLatest(redis_server.url).latest
    assert sorted(await ask(None, None), key=lambda each: each.ts) == [sparse, *rows[:2], rows[3]]
    assert await ask("demo", "spot") == [sparse]
    assert await ask("nobody", None) == []


async def test_of_what_is_not_ours_nothing_comes_back(redis_server: RedisServer) -> None:
    await write(redis_server, tick())
    with redis_server.asked() as client:
        client.sadd(
            "tickwell:instruments", "nonsense", "::", "demo:linear:GONE", "demo:linear:WRONG", "a:b:c"
        )
        client.hset("latest:demo:FUTURES:WRONG", mapping={"price": "much", "ts_ns": "1"})
        client.set("latest:a:b:c", "text")
    assert await RedisLatest(redis_server.url).latest(None, None) == [tick()]


async def test_an_empty_redis_knows_nothing(redis_server: RedisServer) -> None:
    assert await RedisLatest(redis_server.url).latest(None, None) == []


async def test_whoever_asks_no_longer_is_let_go_at_once(redis_server: RedisServer) -> None:
    redis_server.freeze()
    try:
        with trio.fail_after(PATIENCE_S), trio.move_on_after(0.2) as asking:
            await RedisLatest(redis_server.url, timeout_s=10 * PATIENCE_S).latest(None, None)
        assert asking.cancelled_caught
    finally:
        redis_server.thaw()
