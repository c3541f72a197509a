"""From wanted to producing: batches, pacing, answers, and wishes that change."""

from __future__ import annotations

from actors.exchanges.base import Acknowledged, Refused, Topic
from actors.feed.refusals import Refusals
from actors.feed.subscriptions import Subscriptions
from actors.market.rhythm import NS_PER_S, Patience
from tests.feed.scripted import EPOCH_S, Scripted, Talk, limits, topics

NOW = EPOCH_S * NS_PER_S


def fresh(topics_per_request: int = 10, requests_per_s: float = 10.0) -> Subscriptions:
    return Subscriptions(limits(topics_per_request, requests_per_s), Refusals(), Patience())


def names_of(subscriptions: Subscriptions, now_ns: int = NOW) -> list[str]:
    request = subscriptions.next_request(now_ns)
    return [] if request is None else [topic.name for topic in request.topics]


def test_topics_are_asked_for_in_order_and_in_batches_at_the_exchanges_pace() -> None:
    subscriptions = fresh(topics_per_request=2, requests_per_s=4)
    subscriptions.want(topics("abcde"))
    assert names_of(subscriptions) == ["a", "b"]
    assert names_of(subscriptions, NOW + NS_PER_S // 4 - 1) == []
    assert names_of(subscriptions, NOW + NS_PER_S // 4) == ["c", "d"]
    assert names_of(subscriptions, NOW + NS_PER_S) == ["e"]
    assert names_of(subscriptions, NOW + 2 * NS_PER_S) == []


def test_request_ids_are_never_used_twice() -> None:
    talk = Talk(Scripted(mute={"a"}), limits_=limits(1))
    talk.subscriptions.want(topics("abc"))
    talk.run(100)
    ids = [request.request_id for request in talk.exchange.requests]
    assert len(ids) == len(set(ids)) > 3


def test_only_data_makes_a_topic_produce() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("ab"))
    subscriptions.next_request(NOW)
    subscriptions.acknowledged(Acknowledged(request_id=1))
    assert not subscriptions.is_settled() and subscriptions.producing() == set()
    subscriptions.check({"a": NOW + 1}, NOW + NS_PER_S)
    assert not subscriptions.is_settled() and subscriptions.producing() == {"A"}
    subscriptions.check({"a": NOW + 1, "b": NOW + 2}, NOW + NS_PER_S)
    assert subscriptions.is_settled() and subscriptions.producing() == {"A", "B"}


def test_a_symbol_produces_when_all_of_its_topics_do() -> None:
    subscriptions = fresh()
    first, second = topics("ab")
    subscriptions.want([first, second.__class__("b", "A", "quote")])
    subscriptions.next_request(NOW)
    subscriptions.check({"a": NOW}, NOW)
    assert subscriptions.producing() == set()
    subscriptions.check({"a": NOW, "b": NOW}, NOW)
    assert subscriptions.producing() == {"A"}


def test_what_need_not_speak_must_at_least_be_acknowledged() -> None:
    """Else a successor that carries nothing yet would count as ready to take over."""
    subscriptions = fresh()
    subscriptions.want(topics("ab", steady=False))
    assert not subscriptions.is_settled() and subscriptions.producing() == set()
    subscriptions.next_request(NOW)
    assert not subscriptions.is_settled()
    subscriptions.acknowledged(Acknowledged(request_id=1))
    assert subscriptions.is_settled() and subscriptions.producing() == {"A", "B"}


def test_topics_may_be_acknowledged_one_by_one() -> None:
    talk = Talk(Scripted(by_topic=True), limits_=limits(1))
    talk.subscriptions.want(topics("abc", steady=False))
    talk.run(2)
    assert talk.subscriptions.is_settled() and len(talk.exchange.requests) == 3


def test_first_data_may_come_before_the_acknowledgement() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("a"))
    subscriptions.next_request(NOW)
    subscriptions.check({"a": NOW + 1}, NOW + NS_PER_S)
    assert subscriptions.is_settled()
    subscriptions.acknowledged(Acknowledged(request_id=1))
    subscriptions.check({"a": NOW + 11 * NS_PER_S}, NOW + 11 * NS_PER_S)
    assert subscriptions.is_settled() and names_of(subscriptions, NOW + 12 * NS_PER_S) == []


def test_a_lost_acknowledgement_is_asked_for_again() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("a", steady=False))
    assert names_of(subscriptions) == ["a"]
    subscriptions.check({}, NOW + 10 * NS_PER_S)
    assert names_of(subscriptions, NOW + 10 * NS_PER_S) == []
    subscriptions.check({}, NOW + 11 * NS_PER_S)
    assert names_of(subscriptions, NOW + 11 * NS_PER_S) == ["a"]
    subscriptions.acknowledged(Acknowledged(request_id=1))
    assert subscriptions.is_settled()


def test_what_is_never_answered_is_refused_alone_in_the_end() -> None:
    talk = Talk(Scripted(deaf={"b"}, by_topic=True))
    talk.subscriptions.want(topics("abc"))
    talk.run(40)
    assert talk.subscriptions.refusals() == {"B": "never answered"}
    assert talk.subscriptions.producing() == {"A", "C"} and talk.subscriptions.is_settled()


def test_one_batch_without_an_answer_convicts_nobody_who_answers_alone() -> None:
    talk = Talk(Scripted(deaf=set("abc")))
    talk.subscriptions.want(topics("abc", steady=False))
    talk.run(22)
    talk.exchange.deaf = {"b"}
    talk.run(20)
    assert talk.subscriptions.refusals() == {"B": "never answered"}


def test_wanting_fewer_topics_unsubscribes_the_others_only() -> None:
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("abcd"))
    talk.run(2)
    talk.subscriptions.want(topics("bd"))
    talk.run(2)
    assert talk.exchange.subscribed == {"b", "d"}
    assert (talk.asked("a"), talk.asked("b")) == ([True, False], [True])
    assert talk.subscriptions.producing() == {"B", "D"}


def test_wanting_more_topics_leaves_the_others_alone() -> None:
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("ab"))
    talk.run(2)
    talk.subscriptions.want(topics("abc"))
    assert not talk.subscriptions.is_settled()
    talk.run(2)
    assert talk.subscriptions.is_settled() and talk.asked("a") == [True]


def test_what_was_never_asked_for_is_left_without_a_word() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("a"))
    subscriptions.want([])
    assert names_of(subscriptions) == [] and subscriptions.is_settled()


def test_leaving_and_coming_back_ends_subscribed() -> None:
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("ab"))
    talk.run(2)
    talk.subscriptions.want(topics("b"))
    talk.subscriptions.want(topics("ab"))
    talk.run(2)
    assert talk.exchange.subscribed == {"a", "b"} and talk.subscriptions.is_settled()


def test_old_data_does_not_pass_for_data_of_a_topic_that_came_back() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("a"))
    subscriptions.next_request(NOW)
    subscriptions.check({"a": NOW}, NOW)
    subscriptions.want([])
    subscriptions.next_request(NOW + NS_PER_S)
    later = NOW + 100 * NS_PER_S
    subscriptions.want(topics("a"))
    assert subscriptions.check({"a": NOW}, later) == []
    assert names_of(subscriptions, later) == ["a"]
    assert subscriptions.check({"a": NOW}, later + NS_PER_S) == []
    assert not subscriptions.is_settled()
    subscriptions.check({"a": later}, later + NS_PER_S)
    assert subscriptions.is_settled()


def test_a_refused_unsubscription_loses_nothing() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("ab"))
    subscriptions.next_request(NOW)
    subscriptions.acknowledged(Acknowledged(request_id=1))
    subscriptions.want(topics("b"))
    request = subscriptions.next_request(NOW + NS_PER_S)
    assert request is not None and request.unsubscribe
    subscriptions.refused(Refused("not subscribed", request.request_id), NOW + NS_PER_S)
    subscriptions.check({"b": NOW + NS_PER_S}, NOW + NS_PER_S)
    assert subscriptions.is_settled() and subscriptions.refusals() == {}


def test_a_topic_is_left_and_asked_for_again_and_the_others_are_not() -> None:
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("abc"))
    talk.run(5)
    assert talk.subscriptions.renew("b")
    talk.run(2)
    assert talk.asked("b") == [True, False, True] and talk.asked("a") == [True]
    assert talk.subscriptions.is_settled() and talk.exchange.subscribed == {"a", "b", "c"}


def test_what_still_comes_of_a_topic_that_was_left_does_not_pass_for_the_new_one() -> None:
    """Else a busy book, whose deltas go on until it is left, would never be asked for again."""
    subscriptions = fresh(requests_per_s=0.1)
    subscriptions.want(topics("a"))
    subscriptions.next_request(NOW)
    subscriptions.acknowledged(Acknowledged(1))
    subscriptions.check({"a": NOW + NS_PER_S}, NOW + NS_PER_S)
    assert subscriptions.renew("a")
    left = subscriptions.next_request(NOW + 10 * NS_PER_S)
    assert left is not None and left.unsubscribe
    subscriptions.check({"a": NOW + 11 * NS_PER_S}, NOW + 11 * NS_PER_S)
    again = subscriptions.next_request(NOW + 20 * NS_PER_S)
    assert again is not None and not again.unsubscribe and names_of(subscriptions, NOW + 40 * NS_PER_S) == []


def test_what_is_not_subscribed_cannot_be_renewed() -> None:
    talk = Talk(Scripted(bad={"b"}))
    talk.subscriptions.want(topics("ab"))
    assert not talk.subscriptions.renew("a")
    talk.run(5)
    assert talk.subscriptions.renew("a") and not talk.subscriptions.renew("a")
    assert not talk.subscriptions.renew("b") and not talk.subscriptions.renew("z")


def test_each_change_of_a_topic_is_told_once() -> None:
    talk = Talk(Scripted(bad={"b"}, mute={"c"}))
    first, second, third, fourth = topics("abcd")
    quiet = Topic("q", "Q", "trades", steady=False, greets=False)
    talk.subscriptions.want([first, second, third, fourth, quiet])
    talk.exchange.mute |= {"q"}
    talk.run(40)
    told = {(change.topic.name, change.kind) for change in talk.changes}
    kinds = {"a": "carried", "b": "refused", "c": "silent", "d": "carried", "q": "carried"}
    assert told == set(kinds.items()) and len(talk.changes) == 5
    assert {change.words for change in talk.changes if change.kind == "refused"} == {"no such topic"}
    standings = talk.subscriptions.standings()
    assert {topic.name: standing for topic, (standing, _) in standings.items()} == kinds


def test_a_book_is_not_what_makes_a_symbol_produce() -> None:
    """It comes and goes with its readers; the market is as live as it was."""
    subscriptions = fresh()
    [ticker] = topics("a")
    subscriptions.want([ticker, Topic("book", "A", "book")])
    subscriptions.next_request(NOW)
    subscriptions.check({"a": NOW}, NOW)
    assert subscriptions.producing() == {"A"} and subscriptions.is_settled(books=False)
    assert not subscriptions.is_settled()


def test_what_nobody_asked_for_changes_nothing() -> None:
    subscriptions = fresh()
    subscriptions.want(topics("a"))
    subscriptions.next_request(NOW)
    subscriptions.acknowledged(Acknowledged(request_id=99))
    subscriptions.acknowledged(Acknowledged(topic="z"))
    subscriptions.acknowledged(Acknowledged())
    subscriptions.refused(Refused("what?"), NOW)
    subscriptions.check({"z": NOW}, NOW)
    assert subscriptions.refusals() == {} and not subscriptions.is_settled()


def test_the_memory_of_requests_does_not_grow() -> None:
    """Where answers name topics, none of them closes its request."""
    talk = Talk(Scripted(by_topic=True, mute={"a"}), limits_=limits(1))
    talk.subscriptions.want(topics("abc"))
    talk.run(600)
    assert len(talk.exchange.requests) > 10
    assert len(talk.subscriptions._requests) <= 1
