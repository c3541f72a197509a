"""A sweep is done in steps: whatever others do between two of them, the outcome is the same."""

from __future__ import annotations

from collections.abc import Iterator

from actors.market.events import Removed
from actors.market.trades import TradeChanges, Trades
from tests.market.tapes import Feed, at, trade

SYMBOLS = [f"S{number}USDT" for number in range(2 * Trades.STEP)]
FIRST, LAST = SYMBOLS[0], SYMBOLS[-1]


def lively() -> Feed:
    """Each instrument has traded in two minutes, and nothing of it was told yet."""
    feed = Feed()
    feed.up(0, *SYMBOLS)
    feed.say(*(trade(second, 100 + second, symbol=symbol) for second in (1, 59, 61) for symbol in SYMBOLS))
    return feed


def sweeping(feed: Feed) -> Iterator[None]:
    return feed.trades.sweeping(at(63))


def swept(feed: Feed) -> TradeChanges:
    feed.sweep(63)
    return feed.drain()


def test_to_sweep_in_steps_is_to_sweep() -> None:
    feed = lively()
    assert len(list(sweeping(feed))) == len(SYMBOLS) // Trades.STEP
    assert feed.drain() == swept(lively())


def test_what_is_traded_between_two_steps_is_told() -> None:
    feed, expected = lively(), lively()
    late = [trade(62, 7.0, symbol=symbol) for symbol in (FIRST, LAST)]
    for number, _ in enumerate(sweeping(feed)):
        if number == 0:
            feed.say(*late)
    expected.say(*late)
    assert swept(feed) == swept(expected)


def test_what_is_removed_between_two_steps_is_told_no_more() -> None:
    feed = lively()
    for number, _ in enumerate(sweeping(feed)):
        if number == 0:
            feed.say(Removed(FIRST), Removed(LAST))
    told = feed.drain()
    assert not {FIRST, LAST} & {*told.trades, *told.bars}
    assert len(told.trades) == len(SYMBOLS) - 2
