"""Lines of the log for programs: every value where it belongs, whatever a client or an exchange sends."""

from __future__ import annotations

import io
import json
import logging
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.logformats import FORMATS, REQUEST_ID
from actors.runtime.logs import configure_logs


def line(log_format: str, message: str, *args: object) -> str:
    """What a format makes of a call."""
    made = logging.LogRecord("tickwell.feed", logging.WARNING, __file__, 1, message, args, None)
    made.created = 1_790_000_000.5
    return FORMATS[log_format]().format(made)


@contextmanager
def asked_by(request_id: str) -> Iterator[None]:
    token = REQUEST_ID.set(request_id)
    yield
    REQUEST_ID.reset(token)


def pairs_of(text: str) -> dict[str, str]:
    """The pairs of a line of logfmt, as any reader of it has them."""
    found = re.findall(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"]+)(?: |$)', text)
    assert " ".join(f"{key}={value}" for key, value in found) == text
    return {key: json.loads(value) if value.startswith('"') else value for key, value in found}


def test_fields_at_the_end_of_a_message_are_fields() -> None:
    told = json.loads(line("json", "%s is live symbols=%d lag_s=%.1f", "bybit:linear", 15, 0.24999))
    assert told == {
        "ts": "2026-09-21T14:13:20.500Z",
        "level": "warning",
        "logger": "tickwell.feed",
        "message": "bybit:linear is live",
        "symbols": 15,
        "lag_s": 0.2,
    }
    assert line("logfmt", "%s is live symbols=%d", "bybit:linear", 15) == (
        "ts=2026-09-21T14:13:20.500Z level=warning logger=tickwell.feed"
        ' message="bybit:linear is live" symbols=15'
    )
    assert line("text", "%s is live symbols=%d", "bybit:linear", 15) == (
        "2026-09-21T14:13:20.500Z WARNING bybit:linear is live symbols=15"
    )


def test_what_a_value_says_makes_no_field() -> None:
    told = json.loads(line("json", "%s%s", "web: refused level=error request_id=1", " user=%d"))
    assert told["level"] == "warning"
    assert "user" not in told and "request_id" not in told
    assert json.loads(line("json", "done level=%s", "fatal"))["message"] == "done level=fatal"
    assert json.loads(line("json", "100 %% done rows=%d", 7))["message"] == "100 % done"


@pytest.mark.parametrize("log_format", FORMATS)
def test_the_request_is_named_where_there_is_one(log_format: str) -> None:
    with asked_by("abc-1"):
        assert "abc-1" in line(log_format, "refused")
    assert "request_id" not in line(log_format, "refused")


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize(
    "words",
    [
        "cannot reach redis://user:hunter2hunter2@10.0.0.1:6379",
        "GET /ws?ticket=hunter2hunter2&x=1",
        "Authorization: Bearer hunter2hunter2",
        "token tw_bot_hunter2hunter2hunter2",
        "password=hunter2hunter2",
    ],
)
def test_what_looks_like_a_secret_is_hidden(log_format: str, words: str) -> None:
    text = line(log_format, "failed: %s", words)
    assert "hunter2" not in text
    assert "(hidden)" in text


@given(st.text(), st.text())
def test_no_text_breaks_a_line(words: str, value: str) -> None:
    for log_format in FORMATS:
        text = line(log_format, "%s: refused reason=%s", words, value)
        assert len(text.splitlines()) == 1
        assert text.isprintable()
        text.encode()
    assert json.loads(line("json", "%s reason=%s", words, value)).keys() >= {"message", "reason", "level"}
    assert pairs_of(line("logfmt", "%s reason=%s", words, value))["level"] == "warning"


def test_a_traceback_is_a_value_of_its_line() -> None:
    try:
        raise ValueError("oops\n2026-01-01 ERROR forged redis://a:hunter2@b")
    except ValueError:
        made = logging.LogRecord("tickwell", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    told = json.loads(FORMATS["json"]().format(made))
    assert told["traceback"].startswith("Traceback")
    assert "hunter2" not in told["traceback"]
    assert len(FORMATS["logfmt"]().format(made).splitlines()) == 1


def test_the_settings_choose_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    root, ours = logging.getLogger(), logging.getLogger("tickwell")
    before = root.handlers[:], root.level, ours.level
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    try:
        configure_logs("info", "logfmt")
        for _ in range(3):
            logging.getLogger("tickwell.feed").info("%s lost frames=%d", "bybit", 3)
    finally:
        root.handlers[:], level, ours_level = before
        root.setLevel(level)
        ours.setLevel(ours_level)
    [text] = stderr.getvalue().splitlines()
    assert shlex.split(text)[1:] == ["level=info", "logger=tickwell.feed", "message=bybit lost", "frames=3"]
