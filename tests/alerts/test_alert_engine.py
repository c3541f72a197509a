"""How long, how often and on what: `for`, hysteresis, cooldown, schedule, stale data, rules that change."""

from __future__ import annotations

from actors.market.alerts.standings import standings
from tests.alerts.judged import BTC, KEY, MONDAY_NS, SECOND_NS, Judged, above, kinds, rule_of

HOUR_S = 3600


def test_it_must_hold_for_so_long() -> None:
    world = Judged(above(100, for_s=5))
    assert world.prices(101, 101, 99, 101) == []
    assert world.standing().state == "pending"
    assert not world.pass_(4)
    [fired] = world.pass_(1)
    assert fired.since_ns == fired.at_ns - 5 * SECOND_NS


def test_hysteresis_keeps_it_from_flapping() -> None:
    world = Judged(above(100, hysteresis=2))
    assert world.prices(101, 99, 101, 98.5, 101, 98, 99, 101) == ["fired", "resolved", "fired"]


def test_what_still_holds_after_its_cooldown_fires_then() -> None:
    world = Judged(above(100, cooldown_s=60))
    assert world.prices(101, 99, 101) == ["fired", "resolved"]
    assert world.standing().state == "pending"
    assert not world.pass_(57)
    assert kinds(world.pass_(1)) == ["fired"]


def test_a_crossing_within_the_cooldown_is_counted_and_not_told() -> None:
    world = Judged(rule_of({"kind": "crosses", "value": 100, "direction": "up"}, cooldown_s=60))
    assert world.prices(99, 101, 99, 101) == ["fired"]
    assert world.engine.firing.suppressed["cooldown"] == 1
    assert not world.pass_(120)
    assert world.prices(99, 101) == ["fired"]


def test_a_cooldown_is_each_instruments_own() -> None:
    world = Judged(above(100, keys=["*"], cooldown_s=600))
    assert kinds(world.tell(price=101.0)) == ["fired"]
    assert kinds(world.tell(of=("bybit", "spot", "BTCUSDT"), price=101.0)) == ["fired"]


def test_outside_its_schedule_it_waits() -> None:
    schedule = {"from_hour": 9, "to_hour": 17, "weekdays": ["mon", "tue"]}
    world = Judged(above(100, schedule=schedule))
    assert not world.price(101)
    assert world.standing().state == "pending"
    [fired] = world.pass_(9 * HOUR_S)
    assert fired.at_ns == MONDAY_NS + 9 * HOUR_S * SECOND_NS


def test_a_crossing_outside_the_schedule_is_counted_and_not_told() -> None:
    when = {"kind": "crosses", "value": 100}
    world = Judged(rule_of(when, schedule={"from_hour": 9, "to_hour": 17}))
    assert world.prices(99, 101) == []
    assert world.engine.firing.suppressed["schedule"] == 1


def test_stale_data_never_fires_and_says_so() -> None:
    world = Judged(above(100))
    world.price(99)
    assert not world.price(150, "stale")
    assert world.engine.firing.suppressed["stale"] == 1
    assert world.standing().state == "stale"
    assert kinds(world.price(150)) == ["fired"]


def test_time_that_nobody_saw_does_not_count() -> None:
    world = Judged(above(100, for_s=10))
    world.price(101)
    world.pass_(8)
    world.price(101, "stale")
    assert world.engine.firing.suppressed["stale"] == 1
    assert not world.pass_(30)
    assert not world.price(102)
    assert not world.pass_(9)
    assert kinds(world.pass_(1)) == ["fired"]


def test_a_timer_does_not_fire_when_the_exchange_is_not_heard_of() -> None:
    world = Judged(above(100, for_s=20))
    world.price(101)
    assert not world.pass_(60, silent=True)
    assert world.engine.firing.suppressed["stale"] > 0
    assert not world.pass_(10)
    assert kinds(world.pass_(30)) == ["fired"]


def test_what_fires_goes_on_while_its_data_is_stale() -> None:
    world = Judged(above(100))
    world.price(101)
    assert not world.price(50, "stale")
    assert world.standing().state == "stale"
    assert not world.price(102)
    assert world.standing().state == "firing"
    assert kinds(world.price(99)) == ["resolved"]


def test_that_all_data_is_stale_is_told_after_a_while() -> None:
    world = Judged(above(100, keys=["*"]), grace_ns=30 * SECOND_NS)
    other = ("bybit", "spot", "BTCUSDT")
    world.tell(price=1.0)
    world.tell(of=other, price=1.0)
    world.tell("stale", price=1.0)
    assert not world.pass_(60)  # the other one can be judged
    world.tell("stale", of=other, price=1.0)
    assert not world.pass_(20)
    [stale] = world.pass_(20)
    assert (stale.kind, stale.subject, stale.rule) == ("stale", None, "rule")
    world.tell(price=1.0)
    assert kinds(world.pass_(2)) == ["fresh"]


def test_a_short_pause_is_not_told() -> None:
    world = Judged(above(100), grace_ns=30 * SECOND_NS)
    world.price(1)
    world.price(1, "stale")
    assert not world.pass_(10)
    world.price(1)
    assert not world.pass_(60)


def test_a_value_that_is_unknown_neither_fires_nor_is_over() -> None:
    world = Judged(rule_of({"kind": "above", "field": "funding_rate", "value": 0.01}, for_s=5))
    world.tell(funding_rate=0.02)
    world.pass_(4)
    assert not world.tell(funding_rate=None)
    assert world.engine.firing.suppressed["unknown"] == 1
    assert not world.pass_(10)
    world.tell(funding_rate=0.02)
    assert not world.pass_(4)
    assert kinds(world.pass_(2)) == ["fired"]
    assert not world.tell(funding_rate=None)
    assert kinds(world.tell(funding_rate=0.0)) == ["resolved"]


def test_an_instrument_that_goes_ends_what_it_fired() -> None:
    world = Judged(above(100))
    world.price(101)
    world.engine.gone(BTC[0], BTC[1:], world.now_ns)
    [over] = world.engine.firing.take()
    assert (over.kind, over.value) == ("resolved", None)
    assert world.standing().state == "unknown"
    assert kinds(world.price(101)) == ["fired"]


def test_what_an_earlier_run_fired_does_not_fire_again() -> None:
    opened = {("rule", KEY, 0): MONDAY_NS - 500 * SECOND_NS}
    world = Judged(above(100, hysteresis=5), opened=dict(opened))
    assert not world.price(97)  # within the hysteresis: it goes on
    assert world.standing().state == "firing"
    [over] = world.price(95)
    assert (over.kind, over.since_ns) == ("resolved", MONDAY_NS - 500 * SECOND_NS)
    later = Judged(above(100), opened=dict(opened))
    assert kinds(later.price(90)) == ["resolved"]


def test_a_rule_that_comes_later_is_judged_by_what_is_known() -> None:
    world = Judged()
    world.price(101)
    world.engine.put(above(100), world.now_ns)
    world.engine.put(rule_of({"kind": "crosses", "value": 100}, name="crossed"), world.now_ns)
    assert [each.rule for each in world.engine.firing.take()] == ["rule"]
    assert sorted(each.rule for each in world.price(99)) == ["crossed", "rule"]


def test_a_rule_that_changes_begins_anew() -> None:
    world = Judged(above(100))
    world.price(101)
    world.engine.put(above(100), world.now_ns)  # the same: nothing changes
    assert world.standing().state == "firing"
    world.engine.put(above(100.5), world.now_ns)
    assert kinds(world.engine.firing.take()) == ["fired"]
    world.engine.drop("rule", world.now_ns)
    assert not world.price(99)
    assert world.engine.firing.active_count == 0
    world.engine.put(above(1, enabled=False), world.now_ns)
    assert not world.price(101)
    assert world.standing().state == "disabled"


def test_patterns_mean_what_is_listed_later_by_symbol_or_name() -> None:
    world = Judged(above(100, keys=["*:spot:ETH*", "eth-usdt", "bybit:linear:BTCUSDT"]))
    assert kinds(world.tell(of=("bybit", "spot", "ETHUSDC"), price=101.0)) == ["fired"]
    assert not world.tell(of=("bybit", "linear", "ETHUSDC"), price=101.0)
    assert kinds(world.tell(of=("other", "linear", "ETH"), name="ETH-USDT", price=101.0)) == ["fired"]
    assert kinds(world.tell(price=101.0)) == ["fired"]
    assert world.standing().counts == {"firing": 3, "pending": 0, "stale": 0, "idle": 0}


def test_rules_are_counted_together_as_they_are_one_by_one() -> None:
    world = Judged(above(100, keys=["*"]), above(1000, name="high", keys=["*"]))
    world.tell(price=101.0)
    world.tell("stale", of=("bybit", "spot", "BTCUSDT"), price=101.0)
    world.tell(of=("bybit", "spot", "ETHUSDT"), price=1.0)
    for name, standing in standings(world.engine).items():
        assert (standing.state, standing.counts) == (world.standing(name).state, world.standing(name).counts)
    assert standings(world.engine)["rule"].counts == {"firing": 1, "pending": 0, "stale": 1, "idle": 1}


def test_nothing_is_left_of_rules_and_instruments_that_are_gone() -> None:
    world = Judged(
        above(100, keys=["*"], for_s=5), rule_of({"kind": "moves", "percent": 1, "window_s": 9}, name="m")
    )
    world.price(101)
    assert world.engine.measuring.windows == 1
    for name in ("rule", "m"):
        world.engine.drop(name, world.now_ns)
    world.pass_(30)
    [subject] = world.engine.subjects.values()
    assert not (subject.values or subject.latches or subject.courses or subject.waiting)
    assert (world.engine.measuring.windows, world.engine.firing.active_count) == (0, 0)


def test_too_many_that_hold_at_once_are_counted() -> None:
    world = Judged(above(100, keys=["*"]))
    world.engine.firing._active_max = 2
    for number in range(4):
        world.tell(of=("bybit", "spot", f"S{number}"), price=101.0)
    assert world.engine.firing.active_count == 2
    assert world.engine.firing.suppressed["full"] == 2
