"""Logs: never a flood, never a forged line."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from actors.runtime.logformats import OneLine
from actors.runtime.logs import OncePerMinute, configure_logs

MINUTE_S = 60


@pytest.fixture
def restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("tickwell")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], level, ours_level = before
    root.setLevel(level)
    ours.setLevel(ours_level)


def record(
    message: object, *args: object, at_s: float = 0, level: int = logging.WARNING
) -> logging.LogRecord:
    made = logging.LogRecord("tickwell.feed", level, __file__, 1, message, args, None)
    made.created = 6_000_000 + at_s
    return made


def shown(limiter: OncePerMinute, *records: logging.LogRecord) -> list[str]:
    return [each.getMessage() for each in records if limiter.filter(each)]


def test_a_condition_comes_once_a_minute_and_then_says_what_was_held_back() -> None:
    limiter = OncePerMinute()
    assert len(shown(limiter, *[record("%s: bad frame", "a", at_s=each) for each in range(10)])) == 1
    later = [record("%s: bad frame", "a", at_s=MINUTE_S + each) for each in range(3)]
    assert shown(limiter, *later) == ["a: bad frame suppressed=9"]
    assert shown(limiter, record("%s: bad frame", "a", at_s=2 * MINUTE_S)) == ["a: bad frame suppressed=2"]
    assert shown(limiter, record("%s: bad frame", "a", at_s=3 * MINUTE_S)) == ["a: bad frame"]


def test_the_first_argument_makes_another_condition_and_numbers_do_not() -> None:
    limiter = OncePerMinute()
    mine = [record("%s: %d bytes in %.1f s", "feed-0", each, each / 7) for each in range(10)]
    others = [record("%s: %d bytes in %.1f s", f"feed-{each}", 0, 0.5) for each in range(1, 4)]
    assert len(shown(limiter, *mine, *others)) == 4


def test_of_many_conditions_of_one_kind_a_few_come() -> None:
    limiter = OncePerMinute()
    topics = [record("%s: %s is silent", "feed", f"topic{chr(97 + each)}") for each in range(20)]
    assert shown(limiter, *topics) == [f"feed: topic{each} is silent" for each in "abc"]
    [later] = shown(limiter, record("%s: %s is silent", "feed", "topicz", at_s=MINUTE_S))
    assert later == "feed: topicz is silent suppressed=17"


def test_debug_is_not_held_back() -> None:
    assert len(shown(OncePerMinute(), *[record("x", level=logging.DEBUG)] * 10)) == 10


def test_whatever_a_library_logs_is_a_line() -> None:
    limiter = OncePerMinute()
    strange = record({"a": []})
    named = record("%(a)s")
    named.args = {"a": 1}
    percent = [record("100 %s", "%", at_s=each) for each in range(5)]
    assert shown(limiter, strange, named) == ["{'a': []}", "1"]
    assert shown(limiter, *percent, record("100 %s", "%", at_s=MINUTE_S))[-1] == "100 % suppressed=4"
    bare = [record("100 %", at_s=each) for each in (0, 1, MINUTE_S)]
    assert shown(limiter, *bare) == ["100 %", "100 % suppressed=1"]
    unfit = record("%d of them", "many")
    assert [limiter.filter(unfit), limiter.filter(unfit)] == [True, False]


def test_the_memory_of_conditions_is_bounded() -> None:
    limiter = OncePerMinute()
    for number in range(5 * OncePerMinute.KINDS_MAX):
        limiter.filter(record("%s: lost", str(number)))
    assert len(limiter._told) + len(limiter._told_before) <= 2 * OncePerMinute.KINDS_MAX + 2


def test_a_message_stays_on_its_line() -> None:
    text = OneLine().format(record("%s", "bad\r\n2026-01-01 ERROR forged\x1b[2J\u2028é"))
    assert text == "1970-03-11T10:40:00.000Z WARNING bad\\r\\n2026-01-01 ERROR forged\\x1b[2J\\u2028é"


def test_a_traceback_is_indented_so_that_no_line_of_it_looks_like_another() -> None:
    forged = "oops\n2026-01-01 ERROR forged\r2026-01-01 ERROR forged"
    try:
        raise ValueError(forged)
    except ValueError:
        made = record("failed: %s", forged)
        made.exc_info = sys.exc_info()
    first, *others = OneLine().format(made).splitlines()
    assert "failed: oops\\n2026" in first
    assert others and all(line.startswith("    ") for line in others)
    assert "Traceback" in others[0] and "ValueError" in "".join(others)


def test_levels_are_ours_and_libraries_only_warn(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logs("info")
    for name in ("tickwell.feed", "somebody"):
        for level in ("debug", "info", "warning"):
            getattr(logging.getLogger(name), level)("%s says %s", name, level)
    lines = stderr.getvalue().splitlines()
    assert [line.split(" ", 1)[1].split() for line in lines] == [
        ["INFO", "tickwell.feed", "says", "info"],
        ["WARNING", "tickwell.feed", "says", "warning"],
        ["WARNING", "somebody", "says", "warning"],
    ]
    assert lines[0].split(" ")[0].endswith("Z") and "T" in lines[0]


def test_configuring_twice_writes_each_line_once(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logs("error")
    configure_logs("debug")
    logging.getLogger("tickwell").debug("once")
    assert stderr.getvalue().count("once") == 1
