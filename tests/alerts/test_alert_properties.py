"""What holds of every course of prices, qualities and pauses, beside a judge too simple to be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.alerts.rules import Rule
from actors.market.events import State
from tests.alerts.judged import SECOND_NS, Judged, above, rule_of

STATES: tuple[State, ...] = ("live", "live", "live", "stale", "gapped")
STEPS = st.lists(
    st.tuples(
        st.integers(1, 12),  # seconds
        st.integers(90, 110),  # the price
        st.sampled_from(STATES),
    ),
    max_size=40,
)
RULES = st.builds(
    lambda for_s, hysteresis, cooldown_s: {
        "for_s": for_s,
        "hysteresis": hysteresis,
        "cooldown_s": cooldown_s,
    },
    st.integers(0, 15),
    st.integers(0, 6),
    st.integers(0, 30),
)


@dataclass
class Simple:
    """A rule `above`, judged second by second."""

    rule: Rule
    firing: bool = False
    held_s: int | None = None
    fired_s: int | None = None

    def second(self, now_s: int, price: float, live: bool) -> str | None:
        if not live:
            self.held_s = None
            return None
        when: Any = self.rule.when
        if self.firing:
            if price > when.value - self.rule.hysteresis:
                return None
            self.firing = False
            return "resolved"
        if price <= when.value:
            self.held_s = None
            return None
        self.held_s = now_s if self.held_s is None else self.held_s
        cool_s = 0 if self.fired_s is None else self.fired_s + self.rule.cooldown_s
        if now_s < max(self.held_s + self.rule.for_s, cool_s):
            return None
        self.firing, self.fired_s, self.held_s = True, now_s, None
        return "fired"


@settings(max_examples=150)
@given(STEPS, RULES)
def test_it_does_what_a_simple_one_does(steps: list[tuple[int, int, State]], more: dict[str, int]) -> None:
    rule = above(100, **more)
    world, simple = Judged(rule), Simple(rule)
    now_s = 0
    price, live = 0.0, False
    for wait_s, next_price, state in steps:
        expected, found = [], []
        for _ in range(wait_s):
            now_s += 1
            expected.append((now_s, simple.second(now_s, price, live) if price else None))
            found += [((each.at_ns - world.now_ns) // SECOND_NS + now_s - 1, each) for each in world.pass_(1)]
        price, live = float(next_price), state == "live"
        expected.append((now_s, simple.second(now_s, price, live)))
        found += [(now_s, each) for each in world.tell(state, price=price)]
        assert [kind for _, kind in expected if kind] == [each.kind for _, each in found]


@settings(max_examples=150)
@given(STEPS, RULES)
def test_it_never_fires_on_stale_data_nor_too_soon_nor_flaps(
    steps: list[tuple[int, int, State]], more: dict[str, int]
) -> None:
    world = Judged(rule_of({"kind": "crosses", "value": 100, "direction": "up"}, **more))
    fired: list[int] = []
    low = False  # whether it was off by the hysteresis since it fired last
    state: State = "stale"
    for wait_s, price, next_state in steps:
        for each in [*world.pass_(wait_s), None]:
            if each is None:
                state = next_state
                happened = world.tell(state, price=float(price))
                low = low or (state == "live" and price <= 100 - more["hysteresis"])
            else:
                happened = [each]
            for told in happened:
                assert state == "live"
                assert low or not fired
                low = False
                fired.append(told.at_ns)
    assert all(later - sooner >= more["cooldown_s"] * SECOND_NS for sooner, later in pairwise(fired))


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 30), st.sampled_from(STATES)), max_size=60),
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 5), st.sampled_from(("above", "below"))), max_size=8
    ),
)
def test_many_rules_do_what_each_would_do_alone(
    moves: list[tuple[str, int, State]], bounds: list[tuple[int, int, str]]
) -> None:
    rules = [
        rule_of({"kind": kind, "value": bound}, name=f"r{number}", keys=["*"], hysteresis=hysteresis)
        for number, (bound, hysteresis, kind) in enumerate(bounds)
    ]
    together, alone = Judged(*rules), [Judged(rule) for rule in rules]
    for symbol, price, state in moves:
        of = ("bybit", "spot", symbol)
        found = sorted((each.rule, each.kind) for each in together.tell(state, of=of, price=float(price)))
        expected = [each for world in alone for each in world.tell(state, of=of, price=float(price))]
        assert found == sorted((each.rule, each.kind) for each in expected)
