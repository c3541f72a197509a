"""Every condition of a rule: when it fires, when it is over, and what it makes of data that is not there."""

from __future__ import annotations

import pytest

from actors.market.alerts.across import TooManyGroups
from tests.alerts.judged import KEY, Judged, above, kinds, rule_of


def test_above_fires_once_and_is_over_below() -> None:
    world = Judged(above(100))
    assert world.prices(99, 100, 101, 102, 100, 101) == ["fired", "resolved", "fired"]


def test_what_is_told_says_what_happened() -> None:
    world = Judged(above(100, severity="critical"))
    [fired] = world.price(100.5)
    assert (fired.kind, fired.rule, fired.subject, fired.severity) == ("fired", "rule", KEY, "critical")
    assert (fired.value, fired.bound, fired.at_ns) == (100.5, 100, world.now_ns)
    assert fired.text == f"{KEY}: price is 100.5, above 100"
    [over] = world.price(99)
    assert over.text == f"{KEY}: rule is over, at 99"
    assert over.since_ns == fired.at_ns


def test_below() -> None:
    world = Judged(rule_of({"kind": "below", "field": "bid", "value": 10}, hysteresis=2))
    happened = [kinds(world.tell(bid=bid)) for bid in (11, 9, 11, 12, 9.5)]
    assert happened == [[], ["fired"], [], ["resolved"], ["fired"]]


def test_a_derived_value() -> None:
    world = Judged(rule_of({"kind": "above", "field": "spread_bps", "value": 50}))
    assert not world.tell(bid=100.0, ask=100.1)
    [fired] = world.tell(bid=100.0, ask=101.0)
    assert fired.text == f"{KEY}: spread_bps is 99.50, above 50", "nobody reads the last digits of a quotient"


@pytest.mark.parametrize(
    ("direction", "expected"), [("up", [101, 101]), ("down", [99]), ("any", [101, 99, 101])]
)
def test_crosses(direction: str, expected: list[float]) -> None:
    world = Judged(rule_of({"kind": "crosses", "value": 100, "direction": direction}))
    happened = [each for price in (98, 101, 102, 99, 98, 101) for each in world.price(price)]
    assert [each.value for each in happened] == expected
    assert all(each.kind == "fired" and not each.lasting for each in happened)


def test_what_is_beyond_at_first_has_not_crossed() -> None:
    world = Judged(rule_of({"kind": "crosses", "value": 100, "direction": "up"}))
    assert world.prices(101, 105) == []
    assert world.prices(99, 101) == ["fired"]


def test_a_crossing_while_nobody_could_see_is_told_when_it_is_seen() -> None:
    world = Judged(rule_of({"kind": "crosses", "value": 100, "direction": "up"}))
    assert world.prices(99) == []
    assert not world.price(105, "stale")
    assert kinds(world.price(105)) == ["fired"]


def test_moves_is_unknown_until_the_window_has_passed() -> None:
    world = Judged(rule_of({"kind": "moves", "percent": 5, "window_s": 60}))
    world.price(100)
    assert not world.pass_(30)
    assert not world.price(110)
    # A minute after the first price, what was then is a base.
    assert kinds(world.pass_(30)) == ["fired"]


@pytest.mark.parametrize(("direction", "fires"), [("up", False), ("down", True), ("any", True)])
def test_moves_in_a_direction(direction: str, fires: bool) -> None:
    world = Judged(rule_of({"kind": "moves", "percent": 5, "window_s": 60, "direction": direction}))
    world.price(100)
    world.pass_(61)
    happened = world.price(94)
    assert kinds(happened) == ["fired"] * fires
    if fires:
        assert happened[0].value == pytest.approx(6 if direction == "any" else -6)


def test_a_move_is_over_when_its_beginning_has_left_the_window() -> None:
    world = Judged(rule_of({"kind": "moves", "percent": 5, "window_s": 60}))
    world.price(100)
    world.pass_(61)
    assert kinds(world.price(106)) == ["fired"]
    assert kinds(world.pass_(70)) == ["resolved"]


def test_a_move_from_a_time_that_was_stale_is_no_move() -> None:
    world = Judged(rule_of({"kind": "moves", "percent": 5, "window_s": 60}))
    world.price(100)
    world.pass_(61)
    world.price(100, "stale")
    world.pass_(70)
    assert not world.price(120)  # nothing is known of a minute ago
    assert not world.pass_(30)
    assert kinds(world.price(127)) == []
    assert kinds(world.pass_(30)) == ["fired"]  # a minute ago it was 120


def test_across_exchanges() -> None:
    rule = rule_of({"kind": "across", "measure": "spread_bps", "value": 10}, keys=["*:linear:BTC*"])
    world = Judged(rule)
    here, there = ("bybit", "linear", "BTCUSDT"), ("other", "linear", "BTC")
    world.listed(here)
    world.listed(there)
    world.tell(of=here, bid=100.0, ask=100.1)
    assert not world.pass_(2)  # one leg is no comparison
    world.tell(of=there, bid=100.0, ask=100.1)
    assert not world.pass_(2)
    world.tell(of=there, bid=100.5, ask=100.6)
    [fired] = world.pass_(2)
    assert (fired.subject, fired.kind) == ("BTC-USD", "fired")
    assert fired.value == pytest.approx(39.96, abs=0.01)
    world.tell("stale", of=there, bid=100.5, ask=100.6)
    world.pass_(2)
    assert world.standing().state == "stale"
    world.tell(of=there, bid=100.0, ask=100.1)
    assert kinds(world.pass_(2)) == ["resolved"]


def test_across_has_room_for_so_many_lists_of_keys() -> None:
    world = Judged()
    for number in range(32):
        rule = rule_of({"kind": "across", "value": 1}, name=f"r{number}", keys=[f"*:*:A{number}*"])
        world.engine.put(rule, world.now_ns)
    with pytest.raises(TooManyGroups, match="32 different lists"):
        world.engine.put(rule_of({"kind": "across", "value": 1}, keys=["*:*:Z*"]), world.now_ns)
    world.engine.drop("r7", world.now_ns)
    world.engine.put(rule_of({"kind": "across", "value": 1}, keys=["*:*:Z*"]), world.now_ns)


def test_liquidations_add_up_and_leave_the_window() -> None:
    world = Judged(rule_of({"kind": "liquidations", "value": 1000, "window_s": 60, "side": "long"}))
    world.price(100)
    world.channel("liquidations", "live")
    assert not world.liquidated(600)
    assert not world.liquidated(900, "short")
    world.pass_(30)
    assert kinds(world.liquidated(400)) == ["fired"]
    assert kinds(world.pass_(40)) == ["resolved"]


def test_liquidations_of_a_channel_that_is_not_live_do_not_fire() -> None:
    world = Judged(rule_of({"kind": "liquidations", "value": 1000, "window_s": 60}))
    world.channel("liquidations", "stale")
    assert not world.liquidated(5000)
    assert world.engine.firing.suppressed["stale"] == 1
    assert world.standing().state == "stale"
    assert kinds([*world.channel("liquidations", "live"), *world.pass_(1)]) == ["fired"]


def test_a_volume_that_is_unusual() -> None:
    world = Judged(rule_of({"kind": "volume", "deviations": 3, "bars": 10}))
    world.channel("trades", "live")
    for number in range(12):
        assert not world.bar(number, 10.0 + number % 3)
    assert not world.bar(12, 12.0, closed=False)
    assert not world.bar(12, 100.0, closed=False, gap=True)  # it may be anything
    [fired] = world.bar(12, 30.0, closed=False)  # before it is closed: it cannot become less
    assert fired.kind == "fired"
    assert kinds(world.bar(13, 11.0, closed=False)) == ["resolved"]


def test_volumes_that_are_all_the_same_tell_nothing() -> None:
    world = Judged(rule_of({"kind": "volume", "deviations": 1, "bars": 10}))
    world.channel("trades", "live")
    for number in range(12):
        world.bar(number, 0.1 + 0.2)
    assert not world.bar(12, 50.0)


def test_volumes_of_the_past_are_asked_for() -> None:
    world = Judged(rule_of({"kind": "volume", "deviations": 3, "bars": 60}))
    world.price(100)
    assert world.engine.unseeded == {("bybit", "linear", "BTCUSDT", 60): 60}
    assert world.engine.lengths() == {60}


def test_the_quality_of_a_channel() -> None:
    world = Judged(rule_of({"kind": "quality", "channel": "book", "states": ["gapped", "stale"]}, for_s=5))
    assert not world.channel("book", "live")
    world.channel("book", "gapped")
    assert kinds(world.pass_(6)) == ["fired"]
    assert kinds(world.channel("book", "live")) == ["resolved"]
