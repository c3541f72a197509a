"""The random walk is reproducible and never leaves what a market can look like."""

from __future__ import annotations

import pytest

from simulator.candles import DAY_MS, HOUR_MS
from simulator.catalogue import build_instruments
from simulator.tape import TapeTrade
from simulator.world import World

NOON_MS = 1_795_000_000_000


def walk(seed: int, moves: int, chunk: int) -> list[tuple[str, str, float, float, float]]:
    world = World(seed, 15, NOON_MS)
    path: list[tuple[str, str, float, float, float]] = []
    for _ in range(moves // chunk):
        for moved, kind in world.advance(NOON_MS, chunk):
            path.append((f"{moved.market}/{moved.symbol}", kind, moved.bid, moved.ask, moved.last))
    return path


def test_the_path_depends_on_seed_and_step_only() -> None:
    assert walk(7, 2_000, 1) == walk(7, 2_000, 500)
    assert walk(7, 2_000, 1) != walk(8, 2_000, 1)


def test_markets_stay_plausible() -> None:
    world = World(3, 30, NOON_MS)
    for moved, _ in world.advance(NOON_MS, 40_000):
        assert moved.live
        assert moved.bid > 0 and moved.bid_size > 0
        assert moved.one_sided or (moved.bid < moved.ask and moved.ask_size > 0)
        assert moved.low_24h <= moved.last <= moved.high_24h
        assert moved.low_24h <= moved.open_24h <= moved.high_24h
        assert moved.last_size > 0 and moved.volume_24h > 0
        assert moved.low_24h <= moved.turnover_24h / moved.volume_24h <= moved.high_24h


def test_markets_share_one_hidden_price() -> None:
    world = World(5, 15, NOON_MS)
    for _ in world.advance(NOON_MS, 20_000):
        pass
    prices = [
        world.markets["bybit-linear"]["BTCUSDT"].last,
        world.markets["bybit-spot"]["BTCUSDT"].last,
        world.markets["hyperliquid"]["BTC"].last,
        world.markets["binance-spot"]["BTCUSDT"].last,
        world.markets["binance-usdm"]["BTCUSDT"].last,
    ]
    assert max(prices) / min(prices) < 1.002


def test_updates_are_numbered_without_gaps() -> None:
    world = World(5, 15, NOON_MS)
    btc = world.markets["bybit-spot"]["BTCUSDT"]
    seen = [btc.update_id]
    seen += [moved.update_id for moved, _ in world.advance(NOON_MS, 5_000) if moved is btc]
    assert len(seen) > 20
    assert seen == list(range(seen[0], seen[0] + len(seen)))


@pytest.mark.parametrize("symbols", [15, 300, 3_000])
def test_lists_have_the_wanted_length_and_unique_names(symbols: int) -> None:
    listed = build_instruments(1, symbols)
    keys = {(instrument.market, instrument.symbol) for instrument in listed}
    assert len(keys) == len(listed)
    live = [row for row in listed if row.market == "bybit-spot" and row.live]
    assert len(live) == symbols
    assert [row.symbol for row in live[:3]] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert all(row.symbol.isascii() and row.symbol == row.symbol.upper() for row in live)


def test_candles_of_the_last_day_span_the_true_extremes() -> None:
    world = World(7, 15, NOON_MS)
    btc = world.markets["hyperliquid"]["BTC"]
    series = world.candles(btc, "1h")
    for _ in world.advance(NOON_MS, 5_000):
        pass
    candles = series.between(NOON_MS - DAY_MS, NOON_MS)
    assert len(candles) == 24
    assert max(candle.high for candle in candles) == btc.high_24h
    assert min(candle.low for candle in candles) == btc.low_24h
    assert all(candle.low <= min(candle.opened, candle.closed) for candle in candles)
    assert all(candle.high >= max(candle.opened, candle.closed) for candle in candles)
    assert candles[-1].closed == btc.last


def test_a_trade_in_the_next_hour_opens_the_next_candle() -> None:
    world = World(7, 15, NOON_MS)
    btc = world.markets["hyperliquid"]["BTC"]
    series = world.candles(btc, "1h")
    first = series.current
    series.take(TapeTrade(btc.trade_id + 1, btc.last, 1.0, True, NOON_MS + HOUR_MS, 1))
    assert series.current.start_ms == first.start_ms + HOUR_MS
    assert series.current.trades == 1
    assert series.between(NOON_MS - 2 * HOUR_MS, NOON_MS + HOUR_MS)[-2] is first
