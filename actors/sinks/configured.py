"""Which sinks the settings want, and which of them answers about the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from actors.runtime.errors import SettingsError
from actors.runtime.settings import DataSettings, HistorySettings, Settings, SinkSettings
from actors.sinks.base import History, Sink
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

            yield QuestDBSink(settings.questdb.url), settings.questdb
        except ImportError:
            words = "[sink:questdb] needs the client of QuestDB: pip install 'tickwell[questdb]'"
            raise SettingsError([words]) from None
        except SettingsError as error:
            raise SettingsError([f"[sink:questdb] url: {problem}" for problem in error.problems]) from None


def outbox_of(name: str, options: SinkSettings, data: DataSettings, now_ns: Callable[[], int]) -> Outbox:
    """Where a sink's rows wait on disk."""
    bounds = Bounds(options.outbox_mb_max << 20, options.outbox_days_max * 86_400)
    return Outbox(Path(data.directory) / "outbox" / f"{name}.db", bounds, now_ns)


def history_of(settings: Settings) -> History | None:
    """The embedded history, else QuestDB's; `None` if nothing is kept."""
    if settings.history.enabled:
        return SqliteHistory(Path(settings.data.directory) / DATABASE)
    if settings.questdb.enabled:
        from actors.sinks.questdb import QuestDBHistory

        return QuestDBHistory(settings.questdb.url)
    return None


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
