"""What a demo must not touch."""

from __future__ import annotations

from actors.runtime.settings import (
    DataSettings,
    HistorySettings,
    MarketSettings,
    QuestDBSettings,
    RedisSettings,
    Settings,
    SupervisorSettings,
    WebSettings,
)
from commands.demo import apart


def test_made_up_prices_keep_to_a_folder_of_their_own_and_out_of_every_server() -> None:
    real = Settings(
        SupervisorSettings(),
        MarketSettings(),
        WebSettings(),
        DataSettings("somewhere"),
        {},
        HistorySettings(enabled=True),
        QuestDBSettings(enabled=True, url="http://127.0.0.1:9000"),
        RedisSettings(enabled=True, url="redis://127.0.0.1"),
    )
    demo = apart(real)
    assert demo.data.directory == "somewhere/demo"
    assert (demo.history.enabled, demo.questdb.enabled, demo.redis.enabled) == (True, False, False)
    assert (real.data.directory, real.questdb.enabled) == ("somewhere", True)
