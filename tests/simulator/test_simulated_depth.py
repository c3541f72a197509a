"""The hidden book: its top is the instrument's quote, it never crosses, and its changes add up to it."""

from __future__ import annotations

import pytest

from simulator.depth import LEVELS_FEWEST, LEVELS_MOST, Depth
from simulator.instruments import Instrument
from simulator.world import World

NOON_MS = 1_795_000_000_000
MARKETS = ("bybit-linear", "bybit-spot", "hyperliquid", "binance-spot", "binance-usdm")
EVERYTHING = 10_000


def books_of(world: World) -> list[Instrument]:
    """Three instruments of every market, their books asked for."""
    chosen = []
    for market in world.markets.values():
        live = [instrument for instrument in market.values() if instrument.live]
        chosen += [live[0], live[5], live[-1]]
    for instrument in chosen:
        world.depth(instrument)
    return chosen


def test_the_top_is_the_quote_and_nothing_crosses() -> None:
    world = World(11, 15, NOON_MS)
    chosen = books_of(world)
    for moved, _ in world.advance(NOON_MS, 6_000):
        if moved.depth is None:
            continue
        bids, asks = moved.depth.levels(3)
        assert bids[0] == (moved.bid, moved.bid_size)
        assert asks[:1] == ([] if moved.one_sided else [(moved.ask, moved.ask_size)])
        assert not asks or bids[0][0] < asks[0][0]
    for instrument in chosen:
        for side, sign in zip(world.depth(instrument).levels(EVERYTHING), (-1, 1), strict=True):
            prices = [price * sign for price, _ in side]
            assert prices == sorted(set(prices))
            assert all(size > 0 and price > 0 for price, size in side)


def test_books_are_deep_and_stay_so() -> None:
    world = World(11, 15, NOON_MS)
    btc = world.markets["bybit-linear"]["BTCUSDT"]
    depth = world.depth(btc)
    for _ in range(40):
        for _ in world.advance(NOON_MS, 500):
            pass
        assert all(LEVELS_FEWEST <= len(side) <= LEVELS_MOST for side in depth.levels(EVERYTHING))


class Client:
    """Holds a book from its first state and the changes since."""

    def __init__(self, depth: Depth) -> None:
        self.depth = depth
        self.update_id = depth.update_id
        bids, asks = depth.levels(EVERYTHING)
        self.bids, self.asks = dict(bids), dict(asks)

    def pull(self) -> None:
        for side, changes in zip(
            (self.bids, self.asks), self.depth.changes_since(self.update_id), strict=True
        ):
            prices = [price for price, _ in changes]
            assert prices == sorted(prices, reverse=side is self.bids)
            side.update(changes)
            for price, size in changes:
                if not size:
                    del side[price]
        self.update_id = self.depth.update_id


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("moves_per_push", [1, 7, 150])
def test_merged_changes_rebuild_the_book(seed: int, moves_per_push: int) -> None:
    world = World(seed, 15, NOON_MS)
    clients = [Client(world.depth(instrument)) for instrument in books_of(world)]
    for _ in range(2_000 // moves_per_push):
        for _ in world.advance(NOON_MS, moves_per_push):
            pass
        for client in clients:
            client.pull()
    for client in clients:
        true_bids, true_asks = client.depth.levels(EVERYTHING)
        assert sorted(client.bids.items(), reverse=True) == true_bids
        assert sorted(client.asks.items()) == true_asks


def test_a_move_changes_few_levels_and_one_update() -> None:
    world = World(2, 15, NOON_MS)
    btc = world.markets["binance-spot"]["BTCUSDT"]
    depth = world.depth(btc)
    counts = []
    before = depth.update_id
    for moved, kind in world.advance(NOON_MS, 4_000):
        if moved is btc and kind != "mark":
            assert depth.update_id == before + 1
            counts.append(sum(map(len, depth.changes_since(before))))
            before = depth.update_id
    assert len(counts) > 50
    assert sorted(counts)[len(counts) // 2] < 60


def test_what_lies_before_the_book_is_not_invented() -> None:
    world = World(2, 15, NOON_MS)
    btc = world.markets["binance-spot"]["BTCUSDT"]
    depth = world.depth(btc)
    assert depth.changes_since(depth.update_id) == ([], [])
    with pytest.raises(LookupError):
        depth.changes_since(depth.update_id - 1)


def test_asking_for_books_does_not_change_the_walk() -> None:
    asked, plain = World(4, 15, NOON_MS), World(4, 15, NOON_MS)
    books_of(asked)
    paths = [
        [(moved.symbol, kind, moved.bid, moved.last) for moved, kind in world.advance(NOON_MS, 2_000)]
        for world in (asked, plain)
    ]
    assert paths[0] == paths[1]
    assert all(instrument.depth is None for instrument in plain.instruments)


def test_the_same_seed_gives_the_same_book() -> None:
    levels = []
    for _ in range(2):
        world = World(9, 15, NOON_MS)
        depth = world.depth(world.markets["hyperliquid"]["ETH"])
        for _ in world.advance(NOON_MS, 1_000):
            pass
        levels.append(depth.levels(EVERYTHING))
    assert levels[0] == levels[1]


def test_an_instrument_that_does_not_trade_has_an_empty_book() -> None:
    world = World(9, 15, NOON_MS)
    pending = world.markets["bybit-linear"]["NEWTUSDT"]
    assert world.depth(pending).levels(5) == ([], [])
    world.resume(pending)
    while not pending.bid:
        for _ in world.advance(NOON_MS, 500):
            pass
    bids, asks = world.depth(pending).levels(EVERYTHING)
    assert bids[0][0] == pending.bid and asks[0][0] == pending.ask
    assert len(bids) > 500
