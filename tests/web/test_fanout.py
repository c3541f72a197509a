"""Read model and fan-out: shared frames, conflation, memory that does not grow with messages or clients."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio
from msgspec import structs

from actors.market.tick import Tick
from tests.web.harness import model, report, tick
from web import wire
from web.fanout import Fanout
from web.readmodel import REMOVED_MAX, ReadModel
from web.wishes import Wish, nearest, resolve


def shown(frame: bytes | None) -> list[tuple[str, float]]:
    assert frame is not None
    message: dict[str, Any] = json.loads(wire.payload_of(frame))
    return [(record["symbol"], record["price"]) for record in message["data"]]


def test_who_missed_ticks_gets_their_union_once_and_newest() -> None:
    read_model = model()
    with Fanout(read_model).join(Wish("bybit", mode="changes")) as group:
        read_model.publish(tick("A=1", "B=1", "C=1"))
        for price in range(2, 10):
            read_model.publish(tick(f"A={price}", *(["B=5"] if price == 5 else [])))
        assert shown(group.update(1)) == [("A", 9), ("B", 5)]
        assert shown(group.update(8)) == [("A", 9)]


def test_nothing_changed_is_no_frame_in_changes_mode_and_everything_in_all() -> None:
    read_model = model()
    fanout = Fanout(read_model)
    with fanout.join(Wish("bybit", mode="changes")) as changes, fanout.join(Wish("bybit")) as everything:
        read_model.publish(tick("A", "B"))
        read_model.publish(tick())
        assert changes.update(1) is None
        assert shown(everything.update(1)) == [("A", 1), ("B", 1)]
        assert shown(changes.heartbeat()) == []
        assert shown(everything.heartbeat()) == [("A", 1), ("B", 1)]


def test_a_frame_is_built_once_for_all_with_the_same_wish() -> None:
    read_model = model()
    fanout = Fanout(read_model)
    wish = Wish("bybit", symbols=("A",))
    with fanout.join(wish) as group, fanout.join(Wish("bybit", symbols=("A",))) as same:
        assert group is same
        read_model.publish(tick("A", "B"))
        frames = [group.update(0) for _ in range(1000)]
        assert group.built == 1
        assert all(frame is frames[0] for frame in frames)
        assert fanout.active["bybit"] == 2
    assert fanout.active == {"bybit": 0, "hyperliquid": 0}
    assert fanout.groups == []


def test_removed_records_are_named_once_and_may_come_back() -> None:
    read_model = model()
    with Fanout(read_model).join(Wish("bybit", mode="changes", symbols=("a",))) as group:
        read_model.publish(tick("A", "B"))
        read_model.publish(tick(removed=[("linear", "A"), ("linear", "B"), ("linear", "NEVER")]))
        frame = group.update(1)
        assert frame is not None
        assert json.loads(wire.payload_of(frame))["removed"] == ["bybit:linear:A"]
        read_model.publish(tick("A=3"))
        assert shown(group.update(1)) == [("A", 3)]
        assert b"removed" not in (group.update(1) or b"")


def test_a_symbol_that_appears_later_joins() -> None:
    read_model = model()
    with Fanout(read_model).join(Wish("bybit", mode="changes", symbols=("NEW",))) as group:
        read_model.publish(tick("OLD"))
        assert group.update(0) is None
        assert group.unknown_symbols() == ["NEW"]
        read_model.publish(tick("NEW"))
        assert shown(group.update(1)) == [("NEW", 1)]
        assert group.unknown_symbols() == []


def test_memory_follows_symbols_not_messages() -> None:
    read_model = model()
    board = read_model.boards["bybit"]
    with Fanout(read_model).join(Wish("bybit", mode="changes")) as group:
        for price in range(5000):
            read_model.publish(tick(f"A={price}", "B"))
            group.update(max(0, board.seq - 3))
        assert len(board.entries) == 2
        assert len(group._frames) <= 1
    for number in range(REMOVED_MAX + 10):
        read_model.publish(tick(f"S{number}"))
        read_model.publish(tick(removed=[("linear", f"S{number}")]))
    assert len(board.removed) == REMOVED_MAX


def test_the_same_symbol_in_two_markets_is_two_records_and_one_name() -> None:
    read_model = model()
    read_model.publish(tick("A=1"))
    read_model.publish(tick("A=2", market="spot"))
    board = read_model.boards["bybit"]
    assert [market for market, symbol in board.entries if symbol == "A"] == ["linear", "spot"]
    assert board.symbols() == {"A"}


def test_a_report_makes_wanted_symbols_known() -> None:
    read_model = model()
    read_model.report([report(symbols=("X",))])
    assert read_model.boards["bybit"].symbols("linear") == {"X"}
    assert read_model.boards["bybit"].symbols("spot") == set()
    assert [entry.market for entry in read_model.reports()] == ["linear"]


def test_a_tick_of_an_unknown_exchange_is_our_bug() -> None:
    with pytest.raises(KeyError):
        ReadModel([], now_ns=lambda: 0).publish(tick("A"))


async def test_waiting_for_a_tick_wakes_everybody_once(autojump_clock: trio.testing.MockClock) -> None:
    read_model = model()
    board = read_model.boards["bybit"]
    woken = 0

    async def wait() -> None:
        nonlocal woken
        await board.after(0)
        woken += 1

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert woken == 0
        read_model.publish(tick())
    assert woken == 100


def test_exact_spelling_wins_over_case() -> None:
    known = {"kPEPE", "KPEPE", "BTC"}
    assert resolve("kPEPE", known) == {"kPEPE"}
    assert resolve("kpepe", known) == {"kPEPE", "KPEPE"}
    assert resolve("btc", known) == {"BTC"}
    assert resolve("ETH", known) == set()


def test_nearest_names_what_may_be_meant() -> None:
    assert nearest("BTCUSD", ["BTCUSDT", "BTCPERP", "ETHUSDT"])[0] == "BTCUSDT"
    assert nearest("ZZZ", ["BTCUSDT"]) == []


def test_a_whole_tick_takes_away_what_it_lacks() -> None:
    read_model = model()
    with Fanout(read_model).join(Wish("bybit", mode="changes")) as group:
        read_model.publish(tick("A", "B"))
        read_model.publish(structs.replace(tick("A=2"), whole=True))
        frame = group.update(1)
        assert frame is not None
        message = json.loads(wire.payload_of(frame))
        assert ([record["symbol"] for record in message["data"]], message["removed"]) == (
            ["A"],
            ["bybit:linear:B"],
        )


async def test_what_is_told_between_beats_waits_for_the_beat_and_is_no_tick_that_was_skipped(
    autojump_clock: trio.testing.MockClock,
) -> None:
    read_model = model()
    board = read_model.boards["bybit"]
    read_model.publish(tick("A=1"))
    read_model.publish(structs.replace(tick("A=2"), beat=False))
    assert (board.seq, board.beats) == (2, 1)
    with trio.move_on_after(1):
        await board.after_beat(1)
        pytest.fail("there was no beat")
    read_model.publish(tick())
    await board.after_beat(1)
    with Fanout(read_model).join(Wish("bybit", mode="changes")) as group:
        assert shown(group.update(1)) == [("A", 2)]


@dataclass
class Hasty:
    """A follower that wants changes sooner than they are due."""

    pace_s: float | None = None
    seen: list[int] = field(default_factory=list)

    def publish(self, tick: Tick) -> None:
        self.seen.append(tick.ts)


def test_the_pace_is_that_of_the_quickest_follower() -> None:
    read_model = model()
    assert read_model.pace_s() is None
    slow, quick, content = Hasty(0.1), Hasty(0.0), Hasty()
    read_model.followers += [slow, quick, content]
    assert read_model.pace_s() == 0.0
    read_model.publish(tick("A=1"))
    assert [len(each.seen) for each in (slow, quick, content)] == [1, 1, 1]
