"""Several machines are one hub: the real trees under a mock clock, with a bus in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actors.runtime.errors import NotFollowed
from tests.bus.cluster import SYMBOLS, Cluster, Node, cluster
from tests.fakes import quarters

TAKEOVER_S = 5.0
A, B, WEB, DISK = ("a", "ingest"), ("b", "ingest"), ("web", "serve"), ("disk", "persist")


def is_exact(told: list[str], symbol: str, first: int) -> bool:
    """Whether every trade of an instrument from then on until a second ago was told, each once."""
    wanted = {f"{symbol}-{number}" for number in range(first, quarters() - 4)}
    return wanted <= set(told) and len(told) == len(set(told))


def all_exact(node: Node, first: int) -> bool:
    """Whether a node has told every trade of every instrument once."""
    return all(is_exact(node.trade_ids(symbol), symbol, first) for symbol in SYMBOLS)


async def test_two_nodes_share_what_one_would_follow(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB) as made:
        a, b, web = made.nodes["a"], made.nodes["b"], made.nodes["web"]
        assert a.carried | b.carried == set(SYMBOLS) and not a.carried & b.carried
        assert len(a.carried) >= 2 and len(b.carried) >= 2
        assert set(web.tickers) == set(SYMBOLS) and not web.stale
        assert (web.report().state, web.report().producing) == ("live", len(SYMBOLS))
        assert web.tickers["BTCUSDT"].price == 1 + int(trio.current_time() - 0.1)
        assert web.hub.read_model.epoch == "e1"


async def test_a_node_may_do_everything(autojump_clock: trio.testing.MockClock, tmp_path: Path) -> None:
    async with cluster(tmp_path, ("a", "all"), ("b", "all")) as made:
        for node in made.nodes.values():
            assert set(node.tickers) == set(SYMBOLS) and not node.stale
            assert all_exact(node, 12)
            assert is_exact(node.sink.trade_ids("BTCUSDT"), "BTCUSDT", 12)


async def test_a_dead_nodes_share_moves_within_the_takeover_time(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB, DISK) as made:
        web, disk, lost = made.nodes["web"], made.nodes["disk"], set(made.nodes["a"].carried)
        await made.kill("a")
        await trio.sleep(TAKEOVER_S * 0.75)
        assert web.stale <= lost and web.report().state in ("stale", "live", "syncing")
        await trio.sleep(TAKEOVER_S * 0.25)
        assert not web.stale
        assert made.nodes["b"].carried == set(SYMBOLS)
        assert took_over(made, "b") == len(lost)
        await trio.sleep(10)
        assert all_exact(web, 20)  # what nobody heard was asked for over REST
        assert all(is_exact(disk.sink.trade_ids(symbol), symbol, 12) for symbol in SYMBOLS)
        assert not disk.sink.gaps("trades")
        assert (web.report().state, web.report().producing) == ("live", len(SYMBOLS))


async def test_a_node_that_comes_back_takes_its_share_again_without_a_gap(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB, DISK) as made:
        share = set(made.nodes["a"].carried)
        await made.kill("a")
        await trio.sleep(10)
        made.start("a", "ingest")
        for _ in range(120):
            await trio.sleep(0.1)
            assert not made.nodes["web"].stale
        assert made.nodes["a"].carried == share and not made.nodes["b"].carried & share
        assert all_exact(made.nodes["web"], 12)
        assert {gap.symbol for gap in made.nodes["disk"].sink.gaps("ticker")} == share
        assert len(made.nodes["disk"].sink.gaps("ticker")) == len(share)  # of the time before b took over


async def test_a_node_that_is_stopped_in_order_is_not_missed(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB, DISK) as made:
        await made.drain("a")
        for _ in range(100):
            assert not made.nodes["web"].stale
            await trio.sleep(0.1)
        assert made.nodes["b"].carried == set(SYMBOLS)
        assert all_exact(made.nodes["web"], 12)
        assert not made.nodes["disk"].sink.gaps("ticker") and not made.nodes["disk"].sink.gaps("trades")


async def test_with_two_copies_a_death_is_hardly_noticed(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB, DISK, copies=2) as made:
        web, disk = made.nodes["web"], made.nodes["disk"]
        assert made.nodes["a"].carried == made.nodes["b"].carried == set(SYMBOLS)
        assert all_exact(web, 12)
        await made.kill("a")
        for _ in range(80):
            await trio.sleep(0.1)
            assert not web.stale
        assert all_exact(web, 12)
        assert not disk.sink.gaps("trades")
        assert standby_events(made, "web") > 100


async def test_who_comes_later_sees_the_same(autojump_clock: trio.testing.MockClock, tmp_path: Path) -> None:
    async with cluster(tmp_path, A, B, WEB) as made:
        late = made.start("late", "serve")
        await trio.sleep(2)
        web = made.nodes["web"]
        assert late.stale == set() and set(late.tickers) == set(SYMBOLS)
        assert {s: t.mark_price for s, t in late.tickers.items()} == {
            s: t.mark_price for s, t in web.tickers.items()
        }


async def test_serving_nodes_tell_the_same_at_the_same_offsets(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB) as made:
        late = made.start("late", "serve")
        await trio.sleep(4)
        await made.kill("b")
        await trio.sleep(12)
        web = made.nodes["web"]
        assert web.hub.read_model.epoch == late.hub.read_model.epoch == "e1"
        theirs, ours = told_at(late), told_at(web)
        common = [number for number in theirs if number > min(theirs) + 20]
        assert len(common) > 20
        assert [ours.get(number) for number in common] == [theirs[number] for number in common]


async def test_books_are_followed_where_their_instrument_is(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB) as made:
        web = made.nodes["web"]
        for symbol in SYMBOLS:
            web.hub.control.watch("bybit", "linear", symbol, 20, for_s=8)
        with pytest.raises(NotFollowed):
            web.hub.control.watch("bybit", "linear", "NOPEUSDT", 20)
        await trio.sleep(2)
        books = web.hub.market.everything()["bybit"].books
        assert {symbol for _, symbol in books} == set(SYMBOLS)
        assert {book.quality for book in books.values()} == {"live"}
        assert {book.bids[0] for book in books.values()} <= {(9.0, float(quarters() - n)) for n in range(3)}
        assert web.report().books == tuple(SYMBOLS)
        await trio.sleep(20)
        assert made.nodes["a"].hub.feed_board.reports()[0].books == ()


async def test_an_order_is_obeyed_by_every_node(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with cluster(tmp_path, A, B, WEB) as made:
        web = made.nodes["web"]
        await web.hub.control.stop(None)
        await trio.sleep(2)
        assert not web.hub.control.running("bybit") and web.report().state == "stopped"
        assert web.stale == set(SYMBOLS)
        made.start("c", "ingest")
        await trio.sleep(5)
        assert web.stale == set(SYMBOLS)
        await web.hub.control.start("bybit")
        await trio.sleep(5)
        assert web.report().state == "live" and not web.stale


def took_over(made: Cluster, name: str) -> int:
    """How many instruments a node has taken over."""
    return made.nodes[name].bus.status.took_over


def standby_events(made: Cluster, name: str) -> int:
    """How many events a node has heard and not told."""
    return sum(made.nodes[name].bus.status.standby.values())


def told_at(node: Node) -> dict[int, object]:
    """What a node has told its readers, by the number of the tick."""
    return {
        tick.number: (
            tick.ts,
            tick.beat,
            sorted((each.symbol, each.ticker.price, each.stale) for each in tick.changed),
            sorted(trade.trade_id for trades in tick.changes.trades.values() for trade in trades),
        )
        for tick in node.ticks
        if tick.number and (tick.changed or tick.changes.trades)
    }
