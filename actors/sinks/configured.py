"""Which sinks the settings want, and which of them answers about the past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from actors.market.rows import TickRow
from actors.runtime.errors import SettingsError
from actors.runtime.settings import DataSettings, HistorySettings, RedisSettings, Settings, SinkSettings
from actors.sinks.base import History, Memory, Sink
from actors.sinks.outbox import Outbox
from actors.sinks.parcels import Bounds
from actors.sinks.sqlite import Retention, SqliteHistory, SqliteSink

DATABASE = "history.db"


def sinks_of(settings: Settings, now_ns: Callable[[], int]) -> Iterator[tuple[Sink, SinkSettings]]:
    """Every sink that is enabled."""
    if settings.history.enabled:
        path = Path(settings.data.directory) / DATABASE
        yield SqliteSink(path, _retention(settings.history), now_ns), settings.history
    if settings.questdb.enabled:
        try:
            from actors.sinks.questdb import QuestDBSink  # an extra: only who uses it needs it

            yield QuestDBSink(settings.questdb.url, began_ns=now_ns()), settings.questdb
        except ImportError:
            words = "[sink:questdb] needs the client of QuestDB: pip install 'tickwell[questdb]'"
            raise SettingsError([words]) from None
        except SettingsError as error:
            raise SettingsError([f"[sink:questdb] url: {problem}" for problem in error.problems]) from None
    if settings.redis.enabled:
        yield _redis_sink(settings.redis), settings.redis


def outbox_of(name: str, options: SinkSettings, data: DataSettings, now_ns: Callable[[], int]) -> Outbox:
    """Where a sink's rows wait on disk."""
    bounds = Bounds(options.outbox_mb_max << 20, options.outbox_days_max * 86_400)
    return Outbox(Path(data.directory) / "outbox" / f"{name}.db", bounds, now_ns)


def history_of(settings: Settings, *, is_ours: bool = True) -> History | None:
    """The embedded history, else QuestDB's; `None` if nothing is kept. What is not written by this process
    (`is_ours`) is read if its file is here."""
    path = Path(settings.data.directory) / DATABASE
    if settings.history.enabled and (is_ours or path.is_file()):
        return SqliteHistory(Path(settings.data.directory) / DATABASE)
    if settings.questdb.enabled:
        from actors.sinks.questdb import QuestDBHistory

        return QuestDBHistory(settings.questdb.url)
    return None


def memories_of(settings: Settings, history: History | None) -> list[Callable[[], Awaitable[list[TickRow]]]]:
    """Whoever may still know the newest prices of the last run, to be asked for them."""
    memories: list[Memory] = [] if history is None else [history]
    if settings.redis.enabled:
        from actors.sinks.redis import RedisLatest

        memories.append(RedisLatest(settings.redis.url, bare_exchange=settings.redis.bare_exchange))
    return [partial(memory.latest, None, None) for memory in memories]


def _redis_sink(settings: RedisSettings) -> Sink:
    try:
        from actors.sinks.redis import Keep, RedisSink  # an extra, too

        keep = Keep(**{name: getattr(settings, name) for name in Keep.__struct_fields__})
        return RedisSink(settings.url, keep, bare_exchange=settings.bare_exchange)
    except ImportError:
        raise SettingsError(
            ["[sink:redis] needs the client of Redis: pip install 'tickwell[redis]'"]
        ) from None
    except SettingsError as error:
        raise SettingsError([f"[sink:redis] url: {problem}" for problem in error.problems]) from None


def _retention(settings: HistorySettings) -> Retention:
    return Retention(
        ticks_days=settings.ticks_days,
        tick_minutes_days=settings.tick_minutes_days,
        trades_days=settings.trades_days,
        bars_minute_days=settings.bars_minute_days,
        bars_hour_days=settings.bars_hour_days,
        bars_day_days=settings.bars_day_days,
        liquidations_days=settings.liquidations_days,
        funding_days=settings.funding_days,
        gaps_days=settings.gaps_days,
        bytes_max=settings.mb_max << 20,
    )
