"""The real tree of `supervisor.py` under a mock clock, with a scripted exchange and a scripted web."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from actors.market.events import Batch, Source, TickerUpdate
from actors.market.feeds import MarketReport
from actors.market.reports import BookView
from actors.market.ticker import Ticker
from actors.runtime.errors import ConnectionLost, NotFollowed, RestartIntensityExceeded
from actors.runtime.settings import Settings
from actors.runtime.start import last_words
from supervisor import Hub
from tests.fakes import ScriptedExchange, mock_now_ns, quarters, settings_for
from tests.patience import PATIENCE_S


@pytest.fixture
def exchange() -> ScriptedExchange:
    return ScriptedExchange()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, reconnect_delay_max_s=2)


async def quiet_web(
    app: Any, settings: Any, stop: trio.Event, *, shutdown_grace_s: float, task_status: trio.TaskStatus[Any]
) -> None:
    task_status.started([("127.0.0.1", 8765)])
    await stop.wait()


@asynccontextmanager
async def running(
    settings: Settings, exchange: ScriptedExchange, serve: Callable[..., Awaitable[None]] = quiet_web
) -> AsyncIterator[Hub]:
    """The hub while the block runs, then drained; whatever ends it earlier is raised."""
    hub = Hub(settings, mock_now_ns, exchange.transport(), serve, draw=lambda: 0.5)
    tree = hub.tree(lambda _: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tree.run)
        await trio.sleep(0)
        yield hub
        with trio.fail_after(PATIENCE_S):
            await hub.drain()


def report(hub: Hub) -> MarketReport:
    return hub.board.reports()[0]


def tickers(hub: Hub) -> dict[str, Ticker]:
    return {ticker.symbol: ticker for ticker in hub.market.tickers()}


async def test_every_symbol_is_live_within_two_seconds(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(2)
        assert (report(hub).state, report(hub).producing) == ("live", 3)
        assert {ticker.stale for ticker in tickers(hub).values()} == {False}
        assert tickers(hub)["BTCUSDT"].price == pytest.approx(trio.current_time(), abs=1.1)
        assert hub.read_model.boards["bybit"].symbols() == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}


async def test_a_thousand_outages_escalate_nothing(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    exchange.down = ConnectionLost("no route to the exchange")
    async with running(settings, exchange) as hub:
        while exchange.attempts < 1000:
            await trio.sleep(10)
        assert report(hub).state == "disconnected"
        assert report(hub).last_error == "no route to the exchange"
        next_ts = report(hub).next_attempt_ts
        assert next_ts is not None and next_ts - mock_now_ns() <= 2e9
        exchange.down = None
        await trio.sleep(10)
        assert report(hub).state == "live"
        assert report(hub).reconnects >= 1000


async def test_an_outage_makes_records_stale_and_recovery_rebuilds_them(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(3)
        exchange.down = ConnectionLost("down")
        exchange.drop("closed by the exchange with 1001")
        await trio.sleep(0.1)
        assert all(ticker.stale and ticker.price for ticker in tickers(hub).values())
        assert report(hub).state == "disconnected"
        exchange.down = None
        await trio.sleep(5)
        assert not any(ticker.stale for ticker in tickers(hub).values())


async def test_without_rest_the_named_symbols_stream_all_the_same(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    exchange.rest_down = ConnectionLost("REST is down")
    async with running(settings, exchange) as hub:
        await trio.sleep(3)
        assert (report(hub).state, report(hub).producing) == ("live", 3)
        assert report(hub).last_error == "REST is down"


async def test_a_crash_of_the_state_makes_the_feeds_resync(
    autojump_clock: trio.testing.MockClock,
    settings: Settings,
    exchange: ScriptedExchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(3)
        apply, broken = hub.market.apply, [ValueError("a bug of ours")]

        def crash_once(batch: Batch) -> None:
            if broken:
                raise broken.pop()
            apply(batch)

        monkeypatch.setattr(hub.market, "apply", crash_once)
        await trio.sleep(0.3)
        assert all(ticker.stale for ticker in tickers(hub).values())
        await trio.sleep(3)
        assert exchange.attempts == 2
        assert not any(ticker.stale for ticker in tickers(hub).values())
        assert report(hub).state == "live"


async def test_a_crash_of_the_web_leaves_the_feeds_alone(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    lives: list[float] = []

    async def fragile_web(
        app: Any,
        settings: Any,
        stop: trio.Event,
        *,
        shutdown_grace_s: float,
        task_status: trio.TaskStatus[Any],
    ) -> None:
        lives.append(trio.current_time())
        task_status.started([("127.0.0.1", 8765)])
        if len(lives) == 1:
            await trio.sleep(5)
            raise ValueError("a bug in the web")
        await stop.wait()

    async with running(settings, exchange, fragile_web) as hub:
        await trio.sleep(10)
        assert len(lives) == 2 and lives[1] - lives[0] < 6
        assert (exchange.attempts, report(hub).state) == (1, "live")


async def test_a_mute_topic_is_named_and_found_again(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(10)
        exchange.mute = {"tickers.ETHUSDT"}
        await trio.sleep(10)
        assert report(hub).state == "stale"
        assert (report(hub).mute, report(hub).stale) == (("tickers.ETHUSDT",), ("ETHUSDT",))
        assert {symbol: ticker.stale for symbol, ticker in tickers(hub).items()} == {
            "BTCUSDT": False,
            "ETHUSDT": True,
            "SOLUSDT": False,
        }
        assert any(each["op"] == "unsubscribe" for each in exchange.sent)
        exchange.mute = set()
        await trio.sleep(120)
        assert (report(hub).state, tickers(hub)["ETHUSDT"].stale) == ("live", False)
        assert exchange.attempts == 1


async def test_a_topic_that_never_speaks_is_named_too(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    exchange.mute = {"tickers.ETHUSDT"}
    async with running(settings, exchange) as hub:
        await trio.sleep(20)
        assert report(hub).mute == ("tickers.ETHUSDT",)
        assert report(hub).producing == 2


async def test_a_stalled_connection_with_pongs_is_replaced(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(60)
        exchange.stalled = True
        await trio.sleep(10)
        assert exchange.attempts >= 2
        assert "no data for" in (report(hub).last_error or "")
        assert all(ticker.stale for ticker in tickers(hub).values())
        exchange.stalled = False
        await trio.sleep(30)  # the first snapshot was lost in the stall: it is asked for again
        assert report(hub).state == "live"


async def test_a_refused_symbol_is_named_with_the_exchanges_words(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    exchange.unknown = {"SOLUSDT"}
    async with running(settings, exchange) as hub:
        await trio.sleep(5)
        assert report(hub).refused == {"SOLUSDT": "error:handler not found,topic:tickers.SOLUSDT"}
        assert (report(hub).state, report(hub).producing) == ("live", 2)


async def test_listings_and_delistings_are_followed_without_a_new_connection(
    autojump_clock: trio.testing.MockClock, tmp_path: Path, exchange: ScriptedExchange
) -> None:
    async with running(settings_for(tmp_path, "*"), exchange) as hub:
        await trio.sleep(5)
        exchange.listed = ["BTCUSDT", "ETHUSDT", "NEWUSDT"]
        await trio.sleep(910)
        assert set(tickers(hub)) == {"BTCUSDT", "ETHUSDT", "NEWUSDT"}
        assert set(report(hub).symbols) == {"BTCUSDT", "ETHUSDT", "NEWUSDT"}
        assert (report(hub).state, exchange.attempts) == ("live", 1)
        assert hub.read_model.boards["bybit"].symbols() == {"BTCUSDT", "ETHUSDT", "NEWUSDT"}


def book(hub: Hub, symbol: str) -> BookView | None:
    return hub.market.everything()["bybit"].books.get(("linear", symbol))


async def test_the_books_of_the_settings_are_live_and_others_while_they_are_watched(
    autojump_clock: trio.testing.MockClock, tmp_path: Path, exchange: ScriptedExchange
) -> None:
    settings = settings_for(tmp_path, linear_books="BTCUSDT, NOPEUSDT", book_grace_s=5)
    async with running(settings, exchange) as hub:
        await trio.sleep(2.1)
        btc = book(hub, "BTCUSDT")
        assert btc is not None and (btc.quality, btc.depth) == ("live", 50)
        assert btc.bids == [(9.0, float(quarters())), (8.0, 1.0)] and btc.asks == [(10.0, 3.0)]
        assert report(hub).refused["NOPEUSDT"].startswith("not in the exchange's listing")
        assert (book(hub, "ETHUSDT"), report(hub).books) == (None, ("BTCUSDT",))
        hub.control.watch("bybit", "linear", "ETHUSDT", 200)
        await trio.sleep(2)
        eth = book(hub, "ETHUSDT")
        assert eth is not None and (eth.quality, eth.depth) == ("live", 200)
        await trio.sleep(5)
        assert book(hub, "ETHUSDT") is None and book(hub, "BTCUSDT") is not None
        assert (exchange.attempts, report(hub).state) == (1, "live")
        with pytest.raises(NotFollowed):
            hub.control.watch("bybit", "linear", "NOPEUSDT", 50)


async def test_a_book_that_is_wanted_before_the_listing_came_is_live_soon_after(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        hub.control.watch("bybit", "linear", "BTCUSDT", 50)
        hub.control.watch("bybit", "linear", "NOPEUSDT", 50)  # nobody knows yet
        await trio.sleep(2.1)
        btc = book(hub, "BTCUSDT")
        assert btc is not None and btc.quality == "live"
        with pytest.raises(NotFollowed):
            hub.control.watch("bybit", "linear", "NOPEUSDT", 50)


async def test_what_was_traded_in_an_outage_is_fetched_afterwards(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(5)
        exchange.drop()
        await trio.sleep(10)
        trades = hub.market.everything()["bybit"].trades["linear", "BTCUSDT"]
        numbers = [int(trade.trade_id.split("-")[1]) for trade in trades]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert len(numbers) >= 59 and numbers[-1] >= quarters() - 1
        assert any(trade.backfill for trade in trades)
        assert report(hub).reconnects_by_cause == {"closed": 1}
        holes = hub.market.everything()["bybit"].holes
        assert {(hole.symbol, hole.healed) for hole in holes if hole.channel == "trades"} == {
            (symbol, True) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")
        }


async def test_drain_loses_nothing_that_is_under_way(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(2)
        source = Source("bybit", "linear", "elsewhere", 1)
        for number in range(500):
            update = TickerUpdate(f"S{number}", {"price": 1.0}, None, mock_now_ns())
            hub.raw_send.send_nowait(Batch(source, [update]))
    assert {f"S{number}" for number in range(500)} <= set(tickers(hub))


async def test_exchanges_start_and_stop_however_often_they_are_told(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(2)
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(hub.control.stop, "bybit")
                nursery.start_soon(hub.control.stop, None)
        assert (report(hub).state, exchange.open) == ("stopped", [])
        assert all(ticker.stale for ticker in tickers(hub).values())
        for _ in range(50):
            await hub.control.start(None)
        await trio.sleep(5)
        assert (report(hub).state, len(exchange.open), exchange.most_open) == ("live", 1, 1)


async def test_a_bug_that_does_not_go_away_ends_the_program_with_its_name(
    autojump_clock: trio.testing.MockClock,
    settings: Settings,
    exchange: ScriptedExchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        async with running(settings, exchange) as hub:

            def crash(batch: Batch) -> None:
                raise ValueError("a bug of ours")

            monkeypatch.setattr(hub.market, "apply", crash)
            await trio.sleep(3600)
    assert caught.group_contains(RestartIntensityExceeded, depth=1)
    ending = last_words(caught.value)
    assert ending is not None and ending[0] == 70
    assert "a bug of ours" in ending[1]


async def test_a_feed_that_gave_up_is_started_again_by_order(
    autojump_clock: trio.testing.MockClock, tmp_path: Path, exchange: ScriptedExchange
) -> None:
    exchange.down = ConnectionLost("down")
    async with running(settings_for(tmp_path, max_retries=2), exchange) as hub:
        await trio.sleep(60)
        assert (exchange.attempts, report(hub).state, report(hub).next_attempt_ts) == (
            3,
            "disconnected",
            None,
        )
        exchange.down = None
        await hub.control.start("bybit")
        await trio.sleep(5)
        assert report(hub).state == "live"


async def test_an_empty_listing_is_an_outage_and_unfollows_nobody(
    autojump_clock: trio.testing.MockClock, tmp_path: Path, exchange: ScriptedExchange
) -> None:
    async with running(settings_for(tmp_path, "*"), exchange) as hub:
        await trio.sleep(5)
        exchange.listed = []
        await trio.sleep(1000)
        assert set(tickers(hub)) == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
        assert report(hub).last_error == "the exchange lists nothing that can be traded"
        assert report(hub).state == "live"


@pytest.mark.parametrize("pause_s", [4.6, 9.0])
async def test_a_pause_does_not_hide_the_stall_that_follows(
    autojump_clock: trio.testing.MockClock, settings: Settings, exchange: ScriptedExchange, pause_s: float
) -> None:
    async with running(settings, exchange) as hub:
        await trio.sleep(60)
        exchange.stalled = True
        await trio.sleep(pause_s)
        exchange.stalled = False
        await trio.sleep(40)
        attempts = exchange.attempts
        exchange.stalled = True
        await trio.sleep(10)
        assert exchange.attempts > attempts
        assert all(ticker.stale for ticker in tickers(hub).values())
