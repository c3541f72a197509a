"""From `[sink:nats]` to messages of a real server: live prices, and never an old one as if it were live."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import trio

from actors.market.tick import Changes, Record, Tick
from actors.market.ticker import Ticker
from actors.nats.address import Address
from actors.nats.configured import publishers_of
from actors.nats.inbox import Inbox
from actors.nats.link import linked
from actors.publish import Publish
from actors.runtime.backoff import Backoff
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings
from actors.runtime.settings import Settings
from actors.runtime.supervision import Child, Supervisor
from supervisor import Hub
from tests.nats.nats_server import NatsServer
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.loopback

INI = """
[exchange:bybit]
linear = BTCUSDT
[sink:history]
enabled = no
[sink:nats]
enabled = yes
"""


def configured(tmp_path: Path, url: str, *lines: str) -> Settings:
    path = tmp_path / "settings.ini"
    path.write_text("\n".join([INI, *lines, f"url = {url}"]))
    return read_settings(path, {}, ["bybit"])


def note(publisher: Publish, exchange: str, symbol: str, price: float, quality: str = "live") -> None:
    ticker = Ticker(
        exchange=exchange, market="linear", symbol=symbol, price=price, quality=quality, ts_event=7_000_000  # type: ignore[arg-type]
    )  # fmt: skip
    publisher.note(Tick(exchange, 0, [Record(ticker, b"")], Changes(tickers=[ticker])))


async def test_prices_go_where_the_settings_say(tmp_path: Path, nats_server: NatsServer) -> None:
    [publisher] = publishers_of(configured(tmp_path, nats_server.url, "bare_exchange = bybit"), lambda: 0)
    inbox = Inbox()
    async with linked(Address.parse(nats_server.url)) as link, trio.open_nursery() as nursery:
        await link.subscribe(">", inbox.put)
        nursery.start_soon(publisher.run)
        note(publisher, "bybit", "BTCUSDT", 1.5)
        note(publisher, "binance", "BTCUSDT", 1.6)
        note(publisher, "bybit", "x\r\nPUB quotes.spot.EVIL 1\r\nx", 1.7)
        note(publisher, "bybit", "y" * 200, 1.8)
        note(publisher, "bybit", "OLD", 1.9, "stale")
        with trio.fail_after(PATIENCE_S):
            while publisher.report().written < 3:
                await trio.sleep(0.01)
        publisher.close()
        told = await inbox.take()
    assert [(each.subject, each.headers) for each in told] == [
        ("quotes.futures.BTCUSDT", {"Exchange": "bybit"}),
        ("quotes.binance.futures.BTCUSDT", {"Exchange": "binance"}),
        ("quotes.futures.x%0D%0APUB%20quotes%2Espot%2EEVIL%201%0D%0Ax", {"Exchange": "bybit"}),
    ]
    assert json.loads(told[0].payload) == {
        "symbol": "BTCUSDT", "price": 1.5, "market": "FUTURES", "timestamp": 7,
    }  # fmt: skip
    report = publisher.report()
    assert (report.accepted, report.written, report.dropped) == (4, 3, {"refused": 1})


async def test_a_server_that_was_away_gets_what_is_live_then(tmp_path: Path, nats_server: NatsServer) -> None:
    [publisher] = publishers_of(configured(tmp_path, nats_server.url), lambda: 0)
    supervisor = Supervisor(
        "sinks", [Child("nats", publisher.run)], backoff=Backoff(base_s=0.05, ceiling_s=0.1)
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        with trio.fail_after(PATIENCE_S):
            note(publisher, "bybit", "A", 1.0)
            while publisher.report().written < 1:
                await trio.sleep(0.01)
            nats_server.kill()
            while publisher.report().state != "down":
                note(publisher, "bybit", "A", publisher.report().accepted)
                await trio.sleep(0.01)
            note(publisher, "bybit", "A", 50_000.0)
            note(publisher, "bybit", "B", 60_000.0)
            note(publisher, "bybit", "B", 60_000.0, "stale")
            written, inbox = publisher.report().written, Inbox()
            nats_server.start()
            async with linked(Address.parse(nats_server.url)) as link:
                await link.subscribe("quotes.>", inbox.put)
                while publisher.report().written == written:
                    await trio.sleep(0.01)
                note(publisher, "bybit", "A", 50_001.0)
                prices: list[float] = []
                while 50_001.0 not in prices:
                    prices += [json.loads(each.payload)["price"] for each in await inbox.take()]
        supervisor.stop()
    assert set(prices) <= {50_000.0, 50_001.0}, "nothing that was before"


async def test_the_hub_keeps_it_among_its_sinks_and_tells_it_every_tick(tmp_path: Path) -> None:
    hub = Hub(configured(tmp_path, "nats://127.0.0.1:1"))
    assert "nats" in hub.sinks.names()
    assert [report.name for report in hub.recording.reports()] == ["nats"]


def test_a_wrong_url_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[sink:nats\] url: the URL of NATS begins with nats://"):
        list(publishers_of(configured(tmp_path, "http://127.0.0.1:4222"), lambda: 0))
    with pytest.raises(
        SettingsError, match=r"\[sink:nats\] url is missing: such as nats://127\.0\.0\.1:4222"
    ):
        configured(tmp_path, "")


def test_without_the_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nats.aio.client", None)
    for name in ("client", "link", "prices"):
        monkeypatch.delitem(sys.modules, f"actors.nats.{name}", raising=False)
    with pytest.raises(SettingsError, match=r"pip install 'tickwell\[nats\]'"):
        list(publishers_of(configured(tmp_path, "nats://127.0.0.1"), lambda: 0))


def test_as_shipped_it_is_off_and_the_seeds_exchange_has_the_short_subjects() -> None:
    shipped = read_settings(
        Path(__file__).parents[2] / "settings.ini", {}, ["bybit", "hyperliquid", "binance"]
    )
    assert (shipped.nats.enabled, shipped.nats.bare_exchange) == (False, "bybit")
    assert list(publishers_of(shipped, lambda: 0)) == []
