"""Refused topics: the culprit is found, the others are not hurt, and nothing is given up for ever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.exchanges.base import Acknowledged, Refused
from actors.feed.refusals import REFUSED_RETRY_S, Refusals
from actors.feed.subscriptions import Subscriptions
from actors.market.rhythm import NS_PER_S, Patience
from tests.feed.scripted import EPOCH_S, Scripted, Talk, limits, topics

NOW = EPOCH_S * NS_PER_S
TWENTY = [f"coin{number}" for number in range(20)]


def test_a_refusal_that_names_its_topic_costs_one_more_request() -> None:
    talk = Talk(Scripted(bad={"c"}, names_culprit=True))
    talk.subscriptions.want(topics("abcde"))
    talk.run(2)
    assert talk.subscriptions.refusals() == {"C": "no such topic"}
    assert talk.subscriptions.producing() == set("ABDE") and talk.subscriptions.is_settled()
    assert len(talk.exchange.requests) == 2


def test_a_refusal_that_names_something_else_is_halved_like_one_that_names_nothing() -> None:
    """Else the same request would be refused again and again, as fast as the limits allow."""
    subscriptions = Subscriptions(limits(), Refusals(), Patience())
    subscriptions.want(topics("abcd"))
    for number in range(20):
        request = subscriptions.next_request(NOW + number * NS_PER_S)
        if request is None:
            break
        refused = "d" in {topic.name for topic in request.topics}
        if refused:
            subscriptions.refused(Refused("unknown: D-PERP", request.request_id, "D-PERP"), NOW)
        else:
            subscriptions.acknowledged(Acknowledged(request.request_id))
    assert number < 10
    assert subscriptions.refusals() == {"D": "unknown: D-PERP"}


def test_a_refusal_may_name_a_topic_and_no_request() -> None:
    talk = Talk(Scripted(bad={"b"}, names_culprit=True, by_topic=True), limits_=limits(1))
    talk.subscriptions.want(topics("abc"))
    talk.run(2)
    assert talk.subscriptions.refusals() == {"B": "no such topic"} and talk.subscriptions.is_settled()


def test_a_refusal_that_names_nothing_at_all_ends_as_unanswered() -> None:
    talk = Talk(Scripted(bad={"b"}, by_topic=True))
    talk.subscriptions.want(topics("abc"))
    talk.run(40)
    assert talk.subscriptions.refusals() == {"B": "never answered"}
    assert talk.subscriptions.producing() == {"A", "C"}


def test_one_lost_answer_after_many_refusals_convicts_nobody() -> None:
    """A refusal is an answer: only those that never answer are given up."""
    talk = Talk(Scripted(bad={"coin0"}), limits_=limits(20))
    talk.subscriptions.want(topics(TWENTY))
    talk.run(0.25)
    talk.exchange.deaf = set(TWENTY)
    talk.run(5)
    talk.exchange.deaf = set()
    talk.run(30)
    assert talk.subscriptions.refusals() == {"COIN0": "no such topic"}
    assert talk.subscriptions.is_settled()


def test_a_refused_topic_is_tried_again_after_a_long_while() -> None:
    talk = Talk(Scripted(bad={"b"}))
    talk.subscriptions.want(topics("ab"))
    talk.run(REFUSED_RETRY_S - 10)
    asked = len(talk.asked("b"))
    talk.exchange.bad = set()
    assert talk.subscriptions.refusals() == {"B": "no such topic"}
    talk.run(20)
    assert len(talk.asked("b")) == asked + 1
    assert talk.subscriptions.refusals() == {} and talk.subscriptions.producing() == {"A", "B"}


def test_a_topic_that_is_refused_every_time_is_tried_ever_less_often() -> None:
    talk = Talk(Scripted(bad={"a"}))
    talk.subscriptions.want(topics("a"))
    talk.run(10 * REFUSED_RETRY_S)
    assert len(talk.exchange.requests) == 4  # at 0, 1, 3 and 7 times the pause


def test_the_next_connection_knows_what_was_refused() -> None:
    talk = Talk(Scripted(bad={"b"}))
    talk.subscriptions.want(topics("ab"))
    talk.run(2)
    asked = len(talk.asked("b"))
    talk.connect()
    talk.subscriptions.want(topics("ab"))
    talk.run(2)
    assert len(talk.asked("b")) == asked
    assert talk.subscriptions.refusals() == {"B": "no such topic"} and talk.subscriptions.is_settled()


def test_data_overrules_a_refusal() -> None:
    """An exchange that refuses what is subscribed already has not refused the data."""
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("a"))
    talk.run(2)
    talk.subscriptions.refused(Refused("a: asked twice", topic="a"), talk.now_ns)
    assert talk.subscriptions.refusals() == {"A": "a: asked twice"}
    talk.run(2)
    assert talk.subscriptions.refusals() == {} and talk.subscriptions.is_settled()


@settings(max_examples=60)
@given(
    st.integers(1, 40),
    st.sets(st.integers(0, 39), max_size=12),
    st.integers(1, 40),
    st.booleans(),
)
def test_exactly_the_bad_topics_end_refused(
    count: int, bad: set[int], topics_per_request: int, names_culprit: bool
) -> None:
    names = [f"t{number}" for number in range(count)]
    wrong = {f"t{number}" for number in bad if number < count}
    talk = Talk(Scripted(bad=wrong, names_culprit=names_culprit), limits_=limits(topics_per_request, 20))
    talk.subscriptions.want(topics(names))
    talk.run(9)
    assert set(talk.subscriptions.refusals()) == {name.upper() for name in wrong}
    assert talk.exchange.subscribed == set(names) - wrong
    assert talk.subscriptions.is_settled()


def lives_until_settled(talk: Talk, lives_max: int = 12) -> int:
    for life in range(1, lives_max + 1):
        talk.connect()
        talk.subscriptions.want(topics(TWENTY))
        talk.run(30)
        if not talk.exchange.dropped:
            return life
        talk.now_s += 1
    raise AssertionError(f"not settled in {lives_max} lives")


@pytest.mark.parametrize("bad", [{"coin0"}, {"coin7"}, {"coin19"}, {"coin3", "coin4"}, {"coin0", "coin19"}])
@pytest.mark.parametrize("topics_per_request", [1, 5])
def test_an_exchange_that_drops_the_connection_is_understood_in_few_lives(
    bad: set[str], topics_per_request: int
) -> None:
    talk = Talk(
        Scripted(bad=bad, drops=True, by_topic=True),
        Refusals(),
        limits(topics_per_request, requests_per_s=25),
    )
    lives = lives_until_settled(talk)
    assert lives <= 1 + 2 * len(bad)
    assert set(talk.subscriptions.refusals()) == {name.upper() for name in bad}
    assert all("dropped" in words for words in talk.subscriptions.refusals().values())
    assert talk.exchange.subscribed == set(TWENTY) - bad


def test_trying_a_topic_again_that_drops_the_connection_costs_one_connection() -> None:
    talk = Talk(Scripted(bad={"coin7"}, drops=True, by_topic=True), limits_=limits(1, 25))
    lives_until_settled(talk)
    talk.run(REFUSED_RETRY_S)
    assert talk.exchange.dropped
    assert lives_until_settled(talk) == 1
    talk.run(REFUSED_RETRY_S)
    assert not talk.exchange.dropped


def test_a_drop_without_a_cause_convicts_nobody() -> None:
    talk = Talk(Scripted(deaf=set(TWENTY), by_topic=True), limits_=limits(1, 25))
    talk.subscriptions.want(topics(TWENTY))
    talk.run(0.5)
    talk.subscriptions.lost(talk.now_ns)
    talk.exchange.deaf = set()
    assert lives_until_settled(talk) == 1
    assert talk.subscriptions.refusals() == {} and talk.subscriptions.is_settled()
