"""Silence on a live system: each kind is found within its learned threshold, and a quiet market is no alarm.

Proof of the three ways in which feeds go mute: a socket that answers pings and nothing else, a subscription
that stops on a socket that lives, and one that is accepted and never speaks.
"""

from __future__ import annotations

import random

import pytest
import trio
from trio.testing import MockClock

from actors.market.events import Event, FeedDown, Heard, Silent, Trade, TradesRecovered
from actors.runtime.errors import StaleFeed
from tests.feed.life import Life, living
from tests.feed.made_up import EPOCH_NS, MadeUpExchange

LEARN_S = 60.0
FOUND_WITHIN_S = 10.0  # twice the floor: what spoke every second at least
NEVER_SPOKE_S = 17.0


@pytest.fixture
def exchange() -> MadeUpExchange:
    return MadeUpExchange()


def seconds(event: Event) -> float:
    return (event.ts_recv - EPOCH_NS) / 1e9  # type: ignore[union-attr]


def silences(life: Life) -> list[tuple[str, float]]:
    return [(event.topic, seconds(event)) for event in life.told(Silent)]


async def test_a_mute_socket_that_answers_pings_is_replaced(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange, channels=("ticker", "trades", "liquidations")) as life:
        life.want("A", 50, for_s=1000)
        await trio.sleep(LEARN_S)
        exchange.stalled = True
        await trio.sleep(FOUND_WITHIN_S)
        [failure] = life.failures
        assert isinstance(failure, StaleFeed)
        assert seconds(life.told(FeedDown)[0]) < LEARN_S + FOUND_WITHIN_S
        assert [request for _, request in exchange.requests if "ping" in request]


async def test_a_mute_socket_of_trades_alone_is_replaced_too(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    """Nothing on it repeats itself: it is judged by the rhythm of all its trades together."""
    async with living(exchange, "ABCDEFGH", channels=("trades",)) as life:
        await trio.sleep(LEARN_S)
        exchange.stalled = True
        await trio.sleep(FOUND_WITHIN_S)
        assert len(life.failures) == 1 and "no data for" in str(life.failures[0])


@pytest.mark.parametrize("topic", ["ticker.A", "trades.A", "book50.A"])
async def test_a_mute_subscription_on_a_live_socket_is_found_told_and_revived(
    autojump_clock: MockClock, exchange: MadeUpExchange, topic: str
) -> None:
    async with living(exchange) as life:
        life.want("A", 50, for_s=1000)
        await trio.sleep(LEARN_S)
        exchange.mute = {topic}
        await trio.sleep(FOUND_WITHIN_S)
        [silent] = life.told(Silent)
        assert (silent.topic, silent.channel) == (topic, topic.split(".")[0].rstrip("05"))
        assert silent.reason.startswith("no data for ") and "usually every" in silent.reason
        assert len(exchange.asked("unsubscribe", topic)) == 1
        exchange.mute = set()
        await trio.sleep(2)
        assert [event.topic for event in life.told(Heard) if event.topic == topic]
        assert life.failures == [] and len(exchange.connected_s) == 1


async def test_what_trades_fell_silent_and_are_heard_again_are_asked_for(
    autojump_clock: MockClock, exchange: MadeUpExchange
) -> None:
    async with living(exchange) as life:
        await trio.sleep(LEARN_S)
        exchange.mute = {"trades.A"}
        await trio.sleep(20)
        exchange.mute = set()
        await trio.sleep(60)
        assert len(exchange.asked_rest("/trades/A")) == 1 and exchange.asked_rest("/trades/B") == []
        assert [event.symbol for event in life.told(TradesRecovered)] == ["A"]


@pytest.mark.parametrize("topic", ["ticker.A", "book50.A"])
async def test_a_stream_that_is_accepted_and_never_speaks_is_found(
    autojump_clock: MockClock, exchange: MadeUpExchange, topic: str
) -> None:
    exchange.mute = {topic}
    async with living(exchange) as life:
        life.want("A", 50, for_s=1000)
        await trio.sleep(NEVER_SPOKE_S)
        [silent] = life.told(Silent)
        assert silent.topic == topic and silent.reason.startswith("accepted, but no data in 1")


async def say_trades(exchange: MadeUpExchange, symbol: str, mean_s: float, until_s: float) -> int:
    """Trades at random times, as they come: how many there were."""
    dice, count = random.Random(7), 0
    while trio.current_time() < until_s:
        await trio.sleep(dice.expovariate(1 / mean_s))
        count += 1
        for connection in exchange.open:
            connection.say(topic=f"trades.{symbol}", number=count)
    return count


@pytest.mark.parametrize("mean_s", [8.0, 100.0])
async def test_trades_of_a_quiet_symbol_are_no_alarm(
    autojump_clock: MockClock, exchange: MadeUpExchange, mean_s: float
) -> None:
    exchange.rare |= {"trades"}
    async with living(exchange) as life:
        said = await say_trades(exchange, "A", mean_s, until_s=1800)
        assert len(life.told(Trade, "A")) == pytest.approx(said, abs=1) and said > 10
        assert silences(life) == [] and life.failures == []
        assert exchange.asked("unsubscribe", "trades.A") == []
