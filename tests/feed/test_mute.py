"""Topics that were acknowledged and say nothing: they are noticed, revived, and welcomed back."""

from __future__ import annotations

from itertools import pairwise

from actors.exchanges.base import Topic
from actors.feed.stream import MUTE_AFTER_S
from tests.feed.scripted import EPOCH_S, Scripted, Talk, topics


def silences(talk: Talk) -> list[tuple[str, bool]]:
    """Who fell silent (`True`) or was heard again."""
    told = [change for change in talk.changes if change.kind in ("silent", "heard")]
    return [(change.topic.name, change.kind == "silent") for change in told]


def test_a_topic_that_never_speaks_is_told_once_and_asked_for_anew() -> None:
    talk = Talk(Scripted(mute={"a"}))
    talk.subscriptions.want(topics("ab"))
    talk.run(MUTE_AFTER_S + 3)
    assert silences(talk) == [("a", True)]
    assert talk.asked("a") == [True, False, True] and talk.asked("b") == [True]
    assert [topic.name for topic in talk.subscriptions.silent()] == ["a"]
    assert talk.subscriptions.producing() == {"B"} and not talk.subscriptions.is_settled()


def test_a_mute_topic_is_asked_for_ever_less_often_and_never_given_up() -> None:
    talk = Talk(Scripted(mute={"a"}))
    talk.subscriptions.want(topics("a"))
    times: list[float] = []
    for _ in range(3600):
        before = len(talk.exchange.requests)
        talk.run(1)
        times += [talk.now_s - EPOCH_S] if len(talk.exchange.requests) > before else []
    pauses = [round(later - sooner) for sooner, later in pairwise(times)]
    assert pauses == sorted(pauses) and pauses[1] >= 30
    assert 500 < pauses[-1] < 700
    assert silences(talk) == [("a", True)]


def test_a_topic_that_speaks_at_last_is_heard() -> None:
    talk = Talk(Scripted(mute={"a"}))
    talk.subscriptions.want(topics("a"))
    talk.run(200)
    talk.exchange.mute = set()
    talk.run(2)
    assert silences(talk) == [("a", True), ("a", False)]
    assert talk.subscriptions.silent() == [] and talk.subscriptions.is_settled()


def test_a_topic_that_fell_silent_is_found_and_heard_again() -> None:
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("ab"))
    talk.run(30)
    talk.exchange.mute = {"a"}
    talk.run(10)
    assert silences(talk) == [("a", True)] and talk.subscriptions.producing() == {"B"}
    talk.exchange.mute = set()
    talk.run(2)
    assert silences(talk) == [("a", True), ("a", False)]
    assert talk.asked("b") == [True]


def test_a_silent_topic_stays_subscribed_while_it_is_waited_for() -> None:
    """A market that was halted for long is heard with its first word, not minutes later."""
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("ab"))
    talk.run(30)
    talk.exchange.mute = {"a"}
    for halted_s in range(1, 1800, 100):
        talk.run(100)
        assert "a" in talk.exchange.subscribed, f"deaf after {halted_s} s"


def test_what_is_renewed_and_not_greeted_is_asked_for_anew_however_rarely_it_spoke() -> None:
    """A book that broke after its first few words: its rhythm is not known, but a snapshot is due."""
    talk = Talk(Scripted())
    talk.subscriptions.want([Topic("book", "A", "book", steady=False)])
    talk.run(2)
    talk.exchange.mute = {"book"}
    talk.subscriptions.renew("book")
    talk.run(MUTE_AFTER_S + 3)
    assert silences(talk) == [("book", True)]
    assert talk.asked("book") == [True, False, True, False, True]
    talk.exchange.mute = set()
    talk.run(2)
    assert silences(talk) == [("book", True), ("book", False)]


def test_what_rightly_says_nothing_is_not_mute() -> None:
    talk = Talk(Scripted(mute={"a"}))
    talk.subscriptions.want(topics("a", steady=False))
    talk.run(3600)
    assert silences(talk) == [] and talk.asked("a") == [True]


def test_a_late_look_tells_what_came_and_what_is_missing_since() -> None:
    """The machine slept: the topic had spoken before, and has been silent for long."""
    talk = Talk(Scripted())
    talk.subscriptions.want(topics("a"))
    talk.run(30)
    talk.exchange.mute = {"a"}
    talk.run(10)
    talk.heard["a"] = talk.now_ns
    talk.now_s += 1000
    changes = talk.subscriptions.check(talk.heard, talk.now_ns)
    assert [(change.topic.name, change.kind) for change in changes] == [("a", "heard"), ("a", "silent")]
    assert changes[1].words == "no data for 1000 s, usually every 2.2 s"
