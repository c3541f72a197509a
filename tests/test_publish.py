"""The publish actor: a line that fails, comes back, is slow, and the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from actors.intake import Recording
from actors.market.live import LivePrice, LivePrices
from actors.market.sinkstatus import SinkReport
from actors.publish import STOP_WITHIN_S, Publish
from actors.runtime.backoff import Backoff
from actors.runtime.errors import ConnectionLost
from actors.runtime.supervision import Child, Supervisor
from tests.fakes import mock_now_ns
from tests.market.test_live_prices import tick, ticker


@dataclass
class ScriptedLine:
    """Keeps what it is sent. While `down`, there is no connection; `deaf`, no answer."""

    down: bool = False
    deaf: bool = False
    refused: int = 0
    told: list[LivePrice] = field(default_factory=list)
    lost: trio.Event = field(default_factory=trio.Event)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[ScriptedLine]:
        await trio.sleep(0.01)
        if self.down:
            raise ConnectionLost("there is nobody")
        self.lost = trio.Event()
        yield self

    async def send(self, prices: Sequence[LivePrice]) -> int:
        await trio.sleep(0.01)
        if self.deaf:
            await trio.sleep_forever()
        self.told += prices
        return self.refused

    async def until_lost(self) -> None:
        await self.lost.wait()
        raise ConnectionLost("it has closed the connection")

    @property
    def prices(self) -> list[float]:
        return [each.price for each in self.told]

    def cut(self) -> None:
        self.down = True
        self.lost.set()


class Stage:
    """A publisher as the hub keeps it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.line = ScriptedLine()
        self.publish = Publish("fake", self.line.connect, mock_now_ns, LivePrices())
        backoff = Backoff(base_s=0.2, ceiling_s=2.0, draw=lambda: 1.0)
        self.supervisor = Supervisor("sinks", [Child("fake", self.publish.run)], backoff=backoff)
        nursery.start_soon(self.supervisor.run)

    async def tell(self, *values: float, wait_s: float = 0.1) -> None:
        for value in values:
            self.publish.note(tick(ticker(price=value)))
        await trio.sleep(wait_s)

    @property
    def report(self) -> SinkReport:
        report = self.publish.report()
        in_all = report.written + report.in_hand + sum(report.dropped.values())
        assert report.accepted == in_all
        return report


async def test_what_is_live_is_sent_as_it_changes(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        await trio.sleep(0.1)
        await stage.tell(1.0)
        await stage.tell(1.0)
        await stage.tell(2.0)
        assert stage.line.prices == [1.0, 2.0]
        report = stage.report
        assert (report.state, report.written, report.in_hand, report.dropped) == ("ok", 2, 0, {})
        stage.publish.close()


async def test_a_server_that_is_away_gets_what_is_live_when_it_is_back(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        await stage.tell(1.0)
        stage.line.cut()
        await trio.sleep(0.05)
        await stage.tell(2.0, 3.0, wait_s=5)
        report = stage.report
        assert (report.state, report.trouble) == ("down", "there is nobody")
        assert (report.in_hand, report.dropped) == (1, {"replaced": 1})
        stage.publish.note(tick(ticker("ETHUSDT", price=7.0)))
        stage.publish.note(tick(ticker("ETHUSDT", quality="stale")))
        stage.line.down = False
        await trio.sleep(5)
        assert stage.line.prices == [1.0, 3.0], "nothing old, and nothing that is not live"
        report = stage.report
        assert (report.state, report.trouble, report.dropped["gone"]) == ("ok", None, 1)
        stage.publish.close()


async def test_after_a_cut_all_that_is_live_is_told_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        await stage.tell(1.0)
        stage.line.cut()
        await trio.sleep(0.05)
        stage.line.down = False
        await trio.sleep(5)
        assert stage.line.prices == [1.0, 1.0]
        stage.publish.close()


async def test_what_was_not_confirmed_counts_and_is_told_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        stage.line.deaf = True
        await stage.tell(1.0)
        assert stage.report.in_hand == 1
        stage.line.cut()
        await trio.sleep(0.05)
        assert stage.report.dropped == {"unconfirmed": 1}
        stage.line.deaf = stage.line.down = False
        await trio.sleep(5)
        assert stage.line.prices == [1.0]
        stage.publish.close()


async def test_what_no_name_can_hold_counts_as_refused(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        stage.line.refused = 1
        await stage.tell(1.0)
        assert (stage.report.written, stage.report.dropped) == (0, {"refused": 1})
        stage.publish.close()


async def test_the_end_sends_what_waits(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        await trio.sleep(0.1)
        await stage.tell(1.0, wait_s=0)
        stage.publish.close()
    assert stage.line.prices == [1.0]
    stage.publish.note(tick(ticker(price=2.0)))
    assert (stage.report.accepted, stage.report.in_hand) == (1, 0)


@pytest.mark.parametrize("trouble", ["deaf", "down"])
async def test_the_end_waits_for_no_server(autojump_clock: MockClock, trouble: str) -> None:
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        setattr(stage.line, trouble, True)
        await stage.tell(1.0, wait_s=3)
        stage.publish.close()
        began_s = trio.current_time()
    assert trio.current_time() - began_s <= max(STOP_WITHIN_S, 2.0)
    assert stage.report.in_hand == 0


async def test_it_hears_every_tick_and_reports_beside_the_sinks(autojump_clock: MockClock) -> None:
    recording = Recording(mock_now_ns)
    async with trio.open_nursery() as nursery:
        stage = Stage(nursery)
        recording.publishers.append(stage.publish)
        recording.note(tick(ticker(price=1.0), ts=mock_now_ns(), whole=True))
        await trio.sleep(0.1)
        assert [report.name for report in recording.reports()] == ["fake"]
        assert recording.is_whole(), "a publisher is no part of history"
        recording.close()
    assert stage.line.prices == [1.0]
    assert recording.reports()[0].written == 1
