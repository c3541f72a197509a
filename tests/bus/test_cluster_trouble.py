"""What several machines do when the bus between them fails, or one of them comes back from the dead."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actors.market.rows import BarRow
from actors.runtime.errors import StartError
from tests.bus.cluster import SYMBOLS, Node, cluster
from tests.bus.test_cluster import DISK, WEB, A, B, all_exact, is_exact

DOWN_S = 30.0


def recorded(node: Node, first: int = 12) -> bool:
    """Whether a node has recorded every trade once, and knows of none that is missing."""
    sink = node.sink
    return all(is_exact(sink.trade_ids(symbol), symbol, first) for symbol in SYMBOLS) and not sink.gaps(
        "trades"
    )


async def test_while_the_bus_is_down_feeds_go_on_and_everything_is_stale(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB, DISK) as made:
        web, disk = made.nodes["web"], made.nodes["disk"]
        shares = [set(made.nodes[name].carried) for name in ("a", "b")]
        made.bus.fail("somebody pulled the plug")
        await trio.sleep(2)
        assert web.stale == set(SYMBOLS)
        assert (web.report().state, web.bus.report().is_up) == ("disconnected", False)
        assert made.nodes["a"].bus.report().error == "somebody pulled the plug"
        await trio.sleep(DOWN_S - 2)
        assert made.exchange.attempts == 2  # no feed has noticed
        assert made.nodes["a"].bus.report().waiting_bytes > 0
        made.bus.restart()
        await trio.sleep(4)
        assert not web.stale and web.report().state == "live"
        assert [set(made.nodes[name].carried) for name in ("a", "b")] == shares
        assert made.nodes["a"].bus.report().waiting_bytes == 0
        assert recorded(disk) and not disk.sink.gaps("ticker")
        assert all_exact(web, 12)


async def test_what_finds_no_room_is_dropped_counted_and_made_good(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, WEB, DISK) as made:
        a = made.nodes["a"].bus
        a.outgoing._bytes_max = 100_000
        made.bus.fail("down")
        await trio.sleep(DOWN_S)
        assert a.report().dropped > 10
        assert a.report().waiting_bytes <= 110_000
        made.bus.restart()
        await trio.sleep(4)
        web = made.nodes["web"]
        assert sum(web.bus.report().lost.values()) == a.report().dropped
        assert not web.stale
        price = 1 + int(trio.current_time() - 0.3)
        assert web.tickers["BTCUSDT"].price in (price, price + 1)
        assert made.nodes["disk"].sink.gaps("trades")  # what is gone is said to be


async def test_a_recording_node_goes_on_where_it_was(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, DISK) as made:
        await trio.sleep(45)
        before = made.nodes["disk"].sink
        await made.kill("disk")
        await trio.sleep(15)
        after = made.start("disk", "persist").sink
        await trio.sleep(40)
        for symbol in SYMBOLS:
            told = before.trade_ids(symbol) + after.trade_ids(symbol)
            assert is_exact(list(dict.fromkeys(told)), symbol, 12)
            assert len(told) - len(set(told)) < 10 * 4  # what was safe is not recorded again
        assert not after.gaps("trades") and not after.gaps("ticker") and not after.losses.all()
        [minute] = [row for row in after.rows if isinstance(row, BarRow) and row.symbol == "BTCUSDT"]
        assert (minute.ts, minute.trades, minute.gap) == (1_700_000_040_000_000_000, 240, False)


async def test_what_the_log_has_let_go_is_said_to_be_missing(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, DISK) as made:
        await trio.sleep(10)
        await made.kill("disk")
        made.bus.kept = 50
        await trio.sleep(20)
        after = made.start("disk", "persist")
        await trio.sleep(15)
        [loss] = after.sink.losses.all()
        assert loss.cause == "bus" and loss.to_ns - loss.from_ns > 20e9
        assert is_exact(after.sink.trade_ids("BTCUSDT"), "BTCUSDT", 4 * 48)


async def test_another_log_is_another_epoch(autojump_clock: trio.testing.MockClock, tmp_path: Path) -> None:
    async with cluster(tmp_path, A, WEB, DISK) as made:
        web = made.nodes["web"]
        made.bus.lose_log("e2")
        await trio.sleep(5)
        assert web.hub.read_model.epoch.startswith("e2-web")
        assert not web.stale
        assert [loss.cause for loss in made.nodes["disk"].sink.losses.all()] == ["bus"]


async def test_a_node_that_was_cut_off_is_replaced_and_comes_back_quietly(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB, DISK) as made:
        web = made.nodes["web"]
        share = set(made.nodes["a"].carried)
        made.bus.cut.add("a")
        await trio.sleep(5)
        assert not web.stale and made.nodes["b"].carried == set(SYMBOLS)
        await trio.sleep(10)
        made.bus.cut.discard("a")
        prices: list[float] = []
        for _ in range(100):
            await trio.sleep(0.1)
            assert not web.stale
            prices += [web.tickers[symbol].price or 0 for symbol in share]
        assert prices == sorted(prices)  # what it had to say late was not told as new
        assert made.nodes["b"].carried == set(SYMBOLS) - share
        assert all_exact(web, 12) and recorded(made.nodes["disk"])


async def test_when_all_that_feed_are_gone_everything_is_stale(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, WEB) as made:
        await made.kill("a")
        await trio.sleep(5)
        assert made.nodes["web"].stale == set(SYMBOLS)
        assert made.nodes["web"].report().state == "disconnected"


async def test_a_state_that_crashes_is_told_everything_again(
    autojump_clock: trio.testing.MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cluster(tmp_path, A, B, WEB) as made:
        hub = made.nodes["web"].hub
        apply, broken = hub.market.apply, [ValueError("a bug of ours")]

        def crash_once(batch: object) -> None:
            if broken:
                raise broken.pop()
            apply(batch)  # type: ignore[arg-type]

        monkeypatch.setattr(hub.market, "apply", crash_once)
        await trio.sleep(3)
        assert not made.nodes["web"].stale and made.exchange.attempts == 2


async def test_two_nodes_cannot_have_one_name(autojump_clock: trio.testing.MockClock, tmp_path: Path) -> None:
    with pytest.RaisesGroup(StartError, flatten_subgroups=True) as caught:
        async with cluster(tmp_path, A, WEB) as made:
            made.start("a", "ingest")
            await trio.sleep(10)
    assert "another node that is alive has this name" in str(caught.value.exceptions)
