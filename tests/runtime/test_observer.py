"""What is said about failing children: once per condition, and all of it when the fault is ours."""

from __future__ import annotations

import logging

import pytest

from actors.runtime.backoff import Backoff
from actors.runtime.errors import ConnectionLost, Rejected, StartError
from actors.runtime.observer import Observer, words_of
from actors.runtime.supervision import Happening, Observation


def failed(error: BaseException, failures: int = 1, path: str = "feeds/a") -> Observation:
    return Observation(path, "failed", error, 1.5, failures)


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records]


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tickwell")


def test_a_fault_is_told_once_until_it_is_another_or_over(caplog: pytest.LogCaptureFixture) -> None:
    observer = Observer()
    observer(failed(ConnectionLost("down")))
    observer(failed(ConnectionLost("down"), 2))
    observer(failed(ConnectionLost("down"), 2, "feeds/b"))
    observer(failed(ConnectionLost("refused"), 3))
    observer(failed(ConnectionLost("refused"), 1))
    assert levels(caplog) == ["WARNING", "DEBUG", "WARNING", "WARNING", "WARNING"]
    assert caplog.messages[0] == "feeds/a failed: down; next attempt in 1.5 s, then ever less often"
    assert not any(record.exc_info for record in caplog.records)


def test_our_own_mistakes_are_told_every_time_with_their_traceback(caplog: pytest.LogCaptureFixture) -> None:
    observer, error = Observer(), ValueError("ours")
    group = ExceptionGroup("nursery", [ConnectionLost("down"), error])
    for failures in (1, 2):
        observer(failed(group, failures))
    assert levels(caplog) == ["ERROR", "ERROR"]
    assert all(record.exc_info and record.exc_info[1] is error for record in caplog.records)
    assert "ValueError: ours" in caplog.messages[0]


@pytest.mark.parametrize("happening", ["started", "finished", "stopped"])
def test_what_is_no_fault_is_told_quietly(caplog: pytest.LogCaptureFixture, happening: Happening) -> None:
    Observer()(Observation("feeds/a", happening))
    assert (levels(caplog), caplog.messages) == (["DEBUG"], [f"feeds/a {happening}"])


def test_the_end_of_all_attempts_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    observer = Observer()
    observer(Observation("feeds/a", "gave_up", ConnectionLost("down")))
    observer(Observation("feeds/b", "failed", StartError("port taken")))
    assert levels(caplog) == ["ERROR", "ERROR"]
    assert caplog.messages[0] == "feeds/a gave up: down"


def test_listeners_are_told_everything_in_order() -> None:
    heard: list[tuple[int, Observation]] = []
    observer = Observer(lambda each: heard.append((1, each)), lambda each: heard.append((2, each)))
    observation = failed(ConnectionLost("down"), 7)
    observer(observation)
    assert heard == [(1, observation), (2, observation)]


def test_words_are_the_worlds_own_and_ours_say_what_they_are() -> None:
    assert words_of(ExceptionGroup("", [ConnectionLost("no route")])) == "no route"
    assert words_of(KeyError("x")) == "KeyError: 'x'"


def test_an_exchange_that_refuses_and_asks_for_patience_gets_it() -> None:
    backoff = Backoff(ceiling_s=30, draw=lambda: 0.0)
    assert backoff.delay_s(1, Rejected("403")) == 15
    assert backoff.delay_s(1, Rejected("403", retry_after_s=600)) >= 600
