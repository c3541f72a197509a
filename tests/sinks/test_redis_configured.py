"""From `[sink:redis]` to the sink and to the memory of the last run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings
from actors.runtime.settings import Settings
from actors.sinks.configured import memories_of, sinks_of
from actors.sinks.redis import RedisSink
from tests.fakes import mock_now_ns
from tests.sinks.conformance import save, tick
from tests.sinks.redis_server import RedisServer

INI = """
[exchange:bybit]
linear = BTCUSDT
[sink:history]
enabled = no
[sink:redis]
enabled = yes
"""


def configured(tmp_path: Path, url: str, *lines: str) -> Settings:
    path = tmp_path / "settings.ini"
    path.write_text("\n".join([INI, *lines, f"url = {url}"]))
    return read_settings(path, {}, ["bybit"])


async def test_the_sink_keeps_what_the_settings_say(tmp_path: Path, redis_server: RedisServer) -> None:
    lines = ("bare_exchange = demo", "history_rows = 2", "timeseries_interval_s = 10", "stats_days = 0.5")
    settings = configured(tmp_path, redis_server.url, *lines)
    [(sink, options)] = sinks_of(settings, mock_now_ns)
    assert isinstance(sink, RedisSink) and options is settings.redis
    await sink.open()
    await save(sink, *(tick(at_s) for at_s in range(4)))
    await sink.aclose()
    with redis_server.asked() as client:
        assert client.zcard("history:FUTURES:BTCUSDT") == 2
        assert client.zcard("timeseries:FUTURES:BTCUSDT:2023-11-14") == 1
        assert client.ttl("stats:FUTURES:BTCUSDT:2023-11-14") == pytest.approx(43_200, abs=5)
    [ask] = memories_of(settings, None)
    assert await ask() == [tick(3)]


def test_as_shipped_the_keys_of_one_exchange_are_the_short_ones() -> None:
    shipped = Path(__file__).parents[2] / "settings.ini"
    settings = read_settings(shipped, {}, ["bybit", "hyperliquid", "binance"])
    assert settings.redis.bare_exchange == "bybit" and not settings.redis.enabled
    assert (
        memories_of(settings, None)
        == []
        == list(sinks_of(replace(settings, history=replace(settings.history, enabled=False)), mock_now_ns))
    )


def test_a_wrong_url_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[sink:redis\] url: the URL of Redis begins with redis://"):
        list(sinks_of(configured(tmp_path, "http://127.0.0.1:6379"), mock_now_ns))


def test_without_the_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    for name in [name for name in sys.modules if name.startswith("actors.sinks") and "redis" in name]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SettingsError, match=r"pip install 'tickwell\[redis\]'"):
        list(sinks_of(configured(tmp_path, "redis://127.0.0.1"), mock_now_ns))
