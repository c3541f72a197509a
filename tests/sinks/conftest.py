"""The servers that sinks are tested with: one of each for many tests, empty for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.fetch_questdb import NEWEST, OLDEST
from tests.sinks.questdb_server import QuestDBServer, running
from tests.sinks.redis_server import RedisServer
from tests.sinks.redis_server import running as running_redis


# A QuestDB that nobody asks takes a twelfth of a core.
@pytest.fixture(scope="package")
def newest_questdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuestDBServer]:
    with running(NEWEST, tmp_path_factory.mktemp("questdb")) as server:
        yield server


@pytest.fixture(scope="package")
def oldest_questdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuestDBServer]:
    with running(OLDEST, tmp_path_factory.mktemp("questdb")) as server:
        yield server


@pytest.fixture
def questdb_server(newest_questdb: QuestDBServer) -> QuestDBServer:
    newest_questdb.ensure()
    newest_questdb.drop_everything()
    return newest_questdb


@pytest.fixture(params=["newest", "oldest"])
def each_questdb(request: pytest.FixtureRequest) -> QuestDBServer:
    server: QuestDBServer = request.getfixturevalue(f"{request.param}_questdb")
    server.ensure()
    server.drop_everything()
    return server


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    shared_redis.ensure()
    with shared_redis.asked() as client:
        client.config_set("maxmemory", 0)
        client.flushall()
    return shared_redis
