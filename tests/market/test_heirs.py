"""Streams go over from one connection to another (`Following.instead`); nothing of them is there twice."""

from __future__ import annotations

from actors.market.events import (
    Batch,
    Event,
    FeedDown,
    FeedUp,
    Following,
    Quote,
    Source,
    TickerUpdate,
    Trade,
)
from actors.market.market import Market
from actors.market.rhythm import Patience

NS = 1_000_000_000
BEGAN_NS = 1_700_000_000 * NS
CHANNELS = ("ticker", "quote", "trades")


class Hub:
    """One instrument, told by connections that take over from each other."""

    def __init__(self) -> None:
        self.market = Market(Patience())

    def say(self, connection: str, *events: Event) -> None:
        self.market.apply(Batch(Source("bybit", "linear", connection, 1), list(events)))

    def follow(self, connection: str, instead: str, at_s: float) -> None:
        ns = BEGAN_NS + int(at_s * NS)
        self.say(connection, Following("BTCUSDT", CHANNELS, CHANNELS, ns, instead), FeedUp(ns))

    def data(self, connection: str, number: int, *, mark: float | None = None) -> None:
        ns = BEGAN_NS + number * NS
        values: dict[str, float | int | None] = {"price": float(number)}
        values |= {"mark_price": mark} if mark is not None else {}
        self.say(
            connection,
            TickerUpdate("BTCUSDT", values, ns, ns),
            Quote("BTCUSDT", 1.0, 1.0, 2.0, 1.0, ns, ns),
            Trade("BTCUSDT", f"t{number}", 5.0, 1.0, "buy", ns, ns),
        )

    def states(self) -> dict[str, str]:
        reports = self.market.everything()["bybit"].qualities
        assert len(reports) == len({each.channel for each in reports})
        return {each.channel: each.state for each in reports}

    def holes(self) -> list[str]:
        drained = self.market.drain(BEGAN_NS).get("bybit")
        return sorted({hole.channel for hole in drained.holes}) if drained else []


def begun() -> Hub:
    hub = Hub()
    hub.follow("a", "", 0)
    hub.data("a", 1, mark=7.0)
    hub.holes()
    return hub


def test_the_heir_of_a_live_stream_is_live_and_nothing_was_missing() -> None:
    hub = begun()
    hub.follow("b", "a", 1.5)
    assert set(hub.states().values()) == {"live"}
    hub.data("b", 2)
    hub.say("a", FeedDown("it was no longer needed", BEGAN_NS + 3 * NS))
    assert set(hub.states().values()) == {"live"} and hub.holes() == []


def test_the_heir_of_a_dead_stream_begins_anew_and_ends_its_hole() -> None:
    hub = begun()
    hub.say("a", FeedDown("its node died", BEGAN_NS + 2 * NS))
    assert set(hub.states().values()) == {"stale"}
    assert hub.holes() == ["quote", "ticker", "trades"]
    hub.follow("b", "a", 5)
    assert set(hub.states().values()) == {"syncing"}
    hub.data("b", 6)
    assert set(hub.states().values()) == {"live"}
    open_now = [hole for hole in hub.market.everything()["bybit"].holes if hole.to_ns is None]
    assert open_now == []


def test_fields_of_the_earlier_connection_are_forgotten_with_the_heirs_first_word() -> None:
    hub = begun()
    hub.say("a", FeedDown("its node died", BEGAN_NS + 2 * NS))
    hub.follow("b", "a", 5)
    assert hub.market.tickers()[0].mark_price == 7.0
    hub.data("b", 6)
    assert (hub.market.tickers()[0].price, hub.market.tickers()[0].mark_price) == (6.0, None)


def test_what_the_dead_one_says_late_concerns_nobody() -> None:
    hub = begun()
    hub.follow("b", "a", 1.5)
    hub.data("b", 2)
    hub.say("a", FeedDown("it was cut off", BEGAN_NS + 9 * NS))
    assert set(hub.states().values()) == {"live"}
