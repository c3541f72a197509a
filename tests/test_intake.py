"""The intake: what a sink keeps is accepted, and only what is accepted can be lost."""

from __future__ import annotations

import pytest
import trio

from actors.intake import Intake, Recording
from actors.market.recording import Recorder
from actors.market.rows import Row, TickRow
from actors.market.sinkstatus import SinkStatus
from actors.sinks.base import kinds_of
from actors.sinks.redis import RedisSink
from tests.fakes import mock_now_ns
from tests.sinks.fakes import ScriptedSink, liquidation, tick, trade


def test_a_sink_says_which_rows_it_keeps() -> None:
    assert list(kinds_of(RedisSink("redis://127.0.0.1")) or ()) == [TickRow]
    assert kinds_of(ScriptedSink()) is None


@pytest.mark.parametrize("kinds", [frozenset[type[Row]]({TickRow}), None])
async def test_other_rows_than_it_keeps_count_nowhere(kinds: frozenset[type[Row]] | None) -> None:
    send, receive = trio.open_memory_channel[list[Row]](4)
    status = SinkStatus("fake")
    intake = Intake(send, status, mock_now_ns, kinds=kinds)
    rows: list[Row] = [trade(1), tick(2), liquidation(3), tick(4)]
    intake.offer(rows)
    intake.offer([trade(5)])
    kept = [row for row in [*rows, trade(5)] if kinds is None or type(row) in kinds]
    assert (status.accepted, status.in_hand) == (len(kept), len(kept))
    assert [row for batch in _received(receive) for row in batch] == kept
    assert not status.dropped and not intake.losses


def _received(channel: trio.MemoryReceiveChannel[list[Row]]) -> list[list[Row]]:
    return [channel.receive_nowait() for _ in range(channel.statistics().current_buffer_used)]


async def test_rows_that_it_does_not_keep_take_no_room() -> None:
    send, _ = trio.open_memory_channel[list[Row]](4)
    status = SinkStatus("fake")
    intake = Intake(send, status, mock_now_ns, rows_max=2, kinds=frozenset({TickRow}))
    intake.offer([trade(1), trade(2), trade(3), tick(4), tick(5), tick(6)])
    assert (status.accepted, status.in_hand, status.dropped) == (3, 2, {"inbox_full": 1})


def recording(**kinds: frozenset[type[Row]] | None) -> Recording:
    """Sinks of these names, each of which has taken a row that is still in memory."""
    takers = {}
    for name, kept in kinds.items():
        send, _ = trio.open_memory_channel[list[Row]](4)
        intake = Intake(send, SinkStatus(name), mock_now_ns, kinds=kept)
        intake.offer([tick(1)])
        takers[name] = Recorder(), intake
    return Recording(mock_now_ns, takers)


async def test_rows_of_this_moment_do_not_make_what_is_over_uncertain() -> None:
    """A hub that runs has some in memory at any time, and its answers about the past may be kept."""
    assert recording(history=None).is_whole()


async def test_rows_that_wait_make_what_is_over_uncertain() -> None:
    waiting = recording(history=None, questdb=None)
    waiting.takers["questdb"][1].status.outbox_rows = 1
    assert not waiting.is_whole()


async def test_rows_that_can_be_put_nowhere_do_so_too() -> None:
    stuck = recording(history=None)
    stuck.takers["history"][1].status.disk_error = "disk full"
    assert not stuck.is_whole()


async def test_a_cache_that_is_away_says_nothing_about_history() -> None:
    beside = recording(history=None, redis=frozenset[type[Row]]({TickRow}))
    beside.takers["redis"][1].status.outbox_rows = 1
    assert beside.is_whole()
