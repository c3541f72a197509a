"""Every trade is on the tape once; candles and statistics are made of it. Liquidations come by time."""

from __future__ import annotations

import pytest

from simulator.candles import MINUTE_MS
from simulator.tape import TapeTrade
from simulator.world import World

NOON_MS = 1_795_000_000_000 - 1_795_000_000_000 % 3_600_000


def walked(world: World, minutes: int, moves: int = 400) -> None:
    """Let some minutes pass, with moves in every second of them."""
    for second in range(minutes * 60):
        for _ in world.advance(NOON_MS + second * 1_000, moves // 60):
            pass


def test_the_tape_is_complete_and_in_order() -> None:
    world = World(7, 15, NOON_MS)
    btc = world.markets["bybit-linear"]["BTCUSDT"]
    first_id, volume = btc.trade_id, btc.volume_24h
    walked(world, 3, moves=2_400)
    trades = list(btc.trades)
    assert 20 < len(trades) == btc.trades.total < 1_000
    assert [trade.id for trade in trades] == list(range(first_id + 1, btc.trade_id + 1))
    assert sum(trade.size for trade in trades) == pytest.approx(btc.volume_24h - volume)
    assert [trade.time_ms for trade in trades] == sorted(trade.time_ms for trade in trades)
    assert trades[-1].price == btc.last
    assert {trade.is_buy for trade in trades} == {True, False}
    sequences = [trade.sequence for trade in trades]
    assert len(set(sequences)) < len(sequences), "some takers fill two orders"


def test_the_tape_answers_for_parts_and_is_bounded() -> None:
    world = World(7, 15, NOON_MS)
    btc = world.markets["bybit-linear"]["BTCUSDT"]
    start = btc.trade_id
    walked(world, 1)
    middle = start + 5
    assert [trade.id for trade in btc.trades.since(middle)] == list(range(middle + 1, btc.trade_id + 1))
    assert btc.trades.since(btc.trade_id) == []
    assert [trade.id for trade in btc.trades.newest(3)] == [btc.trade_id - 2, btc.trade_id - 1, btc.trade_id]
    for _ in world.advance(NOON_MS, 60_000):
        pass
    assert len(btc.trades) == 1_000 < btc.trades.total


def derived(trades: list[TapeTrade]) -> tuple[float, ...]:
    prices = [trade.price for trade in trades]
    bought = [trade for trade in trades if trade.is_buy]
    return (
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        len(trades),
        sum(trade.size for trade in trades),
        sum(trade.size * trade.price for trade in trades),
        sum(trade.size for trade in bought),
        sum(trade.size * trade.price for trade in bought),
    )


@pytest.mark.parametrize("ask_first", [True, False])
def test_candles_are_the_trades_of_their_time(ask_first: bool) -> None:
    world = World(7, 15, NOON_MS)
    btc = world.markets["binance-usdm"]["BTCUSDT"]
    if ask_first:
        world.candles(btc, "1m")
    walked(world, 4)
    series = world.candles(btc, "1m")
    for start_ms in (NOON_MS + MINUTE_MS, NOON_MS + 2 * MINUTE_MS):
        trades = [trade for trade in btc.trades if 0 <= trade.time_ms - start_ms < MINUTE_MS]
        (candle,) = series.filled(start_ms, start_ms)
        ours = (
            candle.opened,
            candle.high,
            candle.low,
            candle.closed,
            candle.trades,
            candle.volume,
            candle.turnover,
            candle.bought,
            candle.bought_turnover,
        )
        assert len(trades) > 3
        assert ours == pytest.approx(derived(trades))
        assert (candle.first_id, candle.last_id) == (trades[0].id, trades[-1].id)


def test_times_without_trades_have_flat_candles() -> None:
    world = World(7, 15, NOON_MS)
    btc = world.markets["bybit-spot"]["BTCUSDT"]
    series = world.candles(btc, "1m")
    series.take(TapeTrade(btc.trade_id + 1, btc.last, 1.0, True, NOON_MS + 5 * MINUTE_MS, 1))
    rows = series.filled(NOON_MS - MINUTE_MS, NOON_MS + 7 * MINUTE_MS)
    assert [row.start_ms for row in rows] == [NOON_MS + minute * MINUTE_MS for minute in range(-1, 8)]
    assert [row.trades for row in rows[2:]] == [0, 0, 0, 0, 1, 0, 0]
    assert all(row.high == row.low == row.closed == btc.last for row in rows[-2:])
    assert series.at(NOON_MS + 9 * MINUTE_MS).volume == 0.0
    assert [row.start_ms for row in series.between(NOON_MS + MINUTE_MS, NOON_MS + 9 * MINUTE_MS)] == [
        NOON_MS + 5 * MINUTE_MS
    ]


def test_liquidations_come_a_few_per_minute_on_derivatives() -> None:
    world = World(7, 15, NOON_MS, liquidations_per_minute=6.0)
    walked(world, 20, moves=60)
    found = [row for instrument in world.instruments for row in instrument.liquidations]
    assert 60 < len(found) == world.liquidations < 200
    assert sorted(row.id for row in found) == list(range(1, world.liquidations + 1))
    assert {row.position for row in found} == {"long", "short"}
    assert all(not row.liquidations for row in world.instruments if row.kind == "spot")
    assert all(row.size > 0 and row.price > 0 and row.time_ms >= NOON_MS for row in found)


def test_liquidations_can_be_switched_off_and_do_not_disturb_the_walk() -> None:
    worlds = [World(7, 15, NOON_MS, liquidations_per_minute=rate) for rate in (0.0, 60.0)]
    for world in worlds:
        walked(world, 3)
    assert worlds[0].liquidations == 0 < worlds[1].liquidations
    lasts = [[(row.symbol, row.last) for row in world.instruments] for world in worlds]
    assert lasts[0] == lasts[1]


def test_halt_resume_delist_and_list_change_what_moves() -> None:
    world = World(7, 15, NOON_MS)
    market = world.markets["binance-spot"]
    eth, sol = market["ETHUSDT"], market["SOLUSDT"]
    world.halt(eth)
    world.delist(sol)
    fresh = world.list_new("binance-spot", "NOVELUSDT", 2.5)
    assert (eth.status, sol.status, fresh.status) == ("HALT", "BREAK", "TRADING")
    moved = {id(instrument) for instrument, _ in world.advance(NOON_MS, 30_000)}
    assert id(fresh) in moved
    assert not {id(eth), id(sol)} & moved
    assert 2.0 < fresh.last < 3.0
    world.resume(eth)
    assert eth.status == "TRADING"
    assert id(eth) in {id(instrument) for instrument, _ in world.advance(NOON_MS, 5_000)}


def test_a_new_listing_follows_the_asset_it_names() -> None:
    world = World(7, 15, NOON_MS)
    fresh = world.list_new("hyperliquid", "LUNAR", 99.0)
    assert fresh.asset is world.markets["bybit-linear"]["LUNARUSDT"].asset
    assert fresh.quote == "USDC" and fresh.kind == "perp"
    assert world.list_new("hyperliquid", "LUNAR", 1.0) is fresh


def test_a_skewed_exchange_has_its_own_clock() -> None:
    world = World(7, 15, NOON_MS)
    world.skews_ms["bybit-linear"] = 5_000
    for _ in world.advance(NOON_MS, 3_000):
        pass
    times = {
        market: {trade.time_ms for trade in rows["BTCUSDT"].trades}
        for market, rows in world.markets.items()
        if "BTCUSDT" in rows
    }
    assert times["bybit-linear"] == {NOON_MS + 5_000}
    assert times["bybit-spot"] == times["binance-usdm"] == {NOON_MS}
