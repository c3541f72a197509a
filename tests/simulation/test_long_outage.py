"""An exchange that is gone for two days, and the hub that waits for it: the real tree under a mock clock."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from actors.runtime.errors import ConnectionLost
from tests.fakes import ScriptedExchange, settings_for
from tests.test_tree import report, running, tickers

OUTAGE_S = 2 * 86_400
CEILING_S = 240
WORDS = "no route to the exchange"


async def test_two_days_without_an_exchange_cost_bounded_attempts_and_end_within_one_pause(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sweeps and ticks are made rare, because nothing happens for them to find."""
    monkeypatch.setattr("actors.state.SWEEP_EVERY_S", 20.0)
    settings = settings_for(tmp_path, linear="*", reconnect_delay_max_s=CEILING_S)
    settings = msgspec.structs.replace(
        settings, market=msgspec.structs.replace(settings.market, snapshot_interval_s=20.0)
    )
    exchange = ScriptedExchange()
    async with running(settings, exchange) as hub:
        await trio.sleep(60)
        assert report(hub).state == "live"
        exchange.down = exchange.rest_down = ConnectionLost(WORDS)
        exchange.drop("closed by the exchange with 1001")
        before = exchange.attempts
        for _ in range(8):
            await trio.sleep(OUTAGE_S / 8)
            assert all(ticker.stale and ticker.price for ticker in tickers(hub).values())
            known = hub.market.everything()["bybit"].qualities
            assert {each.reason for each in known if each.channel == "ticker"} == {WORDS}
            assert (report(hub).state, report(hub).last_error) == ("disconnected", WORDS)
        usual_s = CEILING_S / 2  # the draw is a half
        assert OUTAGE_S / usual_s * 0.95 < exchange.attempts - before < OUTAGE_S / usual_s + 10
        exchange.down = exchange.rest_down = None
        await trio.sleep(CEILING_S)
        assert (report(hub).state, report(hub).producing) == ("live", 3)
        assert not any(ticker.stale for ticker in tickers(hub).values())
        assert exchange.most_open == 1
