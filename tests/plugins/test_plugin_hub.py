"""Plugins in the real tree of `supervisor.py`: fed by a scripted exchange, told by the real web."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from msgspec import structs

import actors.plugins
from actors.market.plugged import Derived
from actors.market.tick import Changes, Tick
from actors.runtime.errors import SettingsError
from actors.runtime.settings import Settings
from actors.runtime.settings_plugins import PluginSettings
from actors.runtime.start import last_words
from supervisor import Hub
from tests.fakes import ScriptedExchange, mock_now_ns, settings_for
from tests.patience import PATIENCE_S
from tests.plugins.guests import REACHED, RELEASED
from tests.plugins.test_plugin_actor import at_once
from tests.web.populated import BTC, records, ticker

GUESTS = "tests.plugins.guests"


class Web:
    """Serves nobody, and keeps the application to be asked."""

    def __init__(self) -> None:
        self.app: Any = None

    async def serve(
        self, app: Any, settings: Any, stop: trio.Event, *, shutdown_grace_s: float, task_status: Any
    ) -> None:
        self.app = app
        task_status.started([("127.0.0.1", 8765)])
        await stop.wait()

    async def get(self, path: str) -> Any:
        response = await self.app.test_client().get(path)
        return await response.get_json()


def with_plugins(path: Path, **plugins: str) -> Settings:
    sections = {name: PluginSettings(class_=f"{GUESTS}:{each}") for name, each in plugins.items()}
    return structs.replace(settings_for(path), plugins=sections)


async def test_what_a_plugin_says_is_told_and_one_that_fails_disturbs_nobody(
    autojump_clock: trio.testing.MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that jumps does not wait for threads.
    monkeypatch.setattr(actors.plugins, "in_a_thread", at_once)
    web = Web()
    settings = with_plugins(tmp_path, good="Prices", bad="Hostile")
    hub = Hub(settings, mock_now_ns, ScriptedExchange().transport(), web.serve, draw=lambda: 0.5)
    tree = hub.tree(lambda _: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tree.run)
        await trio.sleep(2)
        answer = await web.get("/api/v1/derived?symbols=BTCUSDT")
        prices = {each["name"]: each for each in answer["data"]}
        assert prices["price"]["value"] == pytest.approx(trio.current_time(), abs=1.1)
        assert (prices["price"]["quality"], prices["price"]["plugin"]) == ("live", "good")
        checks = (await web.get("/health"))["checks"]
        assert checks["plugin:good"][0]["status"] == "pass"
        assert "switched off" in checks["plugin:bad"][0]["output"]
        assert tree.is_running("pipeline")
        with trio.fail_after(PATIENCE_S):
            await hub.drain()


async def test_a_plugin_that_sleeps_holds_up_nothing(tmp_path: Path) -> None:
    """In a thread, as in a hub; the loop goes on while the plugin is stuck in a call."""
    settings = structs.replace(with_plugins(tmp_path, slow="Stuck"), exchanges={})
    plugging = actors.plugins.Plugging(settings, lambda: 0)
    assert plugging.desk is not None
    desk, told = plugging.desk, list[list[Derived]]()
    desk.followers.append(lambda keys: told.append(desk.records(keys[0])))
    with trio.fail_after(PATIENCE_S):
        async with trio.open_nursery() as nursery:
            for child in plugging.children():
                nursery.start_soon(child.run)
            plugging.offer(Tick("bybit", 0, records(ticker("bybit", BTC)), Changes()))
            while not REACHED.is_set():
                await trio.sleep(0.001)
            assert told == []
            RELEASED.set()
            while not told:
                await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
    [[derived]] = told
    assert derived.name == "late"


def test_a_plugin_that_cannot_be_had_keeps_the_hub_from_starting(tmp_path: Path) -> None:
    settings = with_plugins(tmp_path, good="Prices", bad="Nobody")

    async def start() -> None:
        Hub(settings)

    with pytest.raises(SettingsError) as caught:
        trio.run(start)
    words = last_words(caught.value)
    assert words is not None
    assert words[0] == 2
    assert "[plugin:bad] class = tests.plugins.guests:Nobody" in words[1]
