"""What a client may say: pings are answered, everything else is an error that is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.harness import NOW_NS
from web.inbound import ERRORS_PER_MINUTE, MESSAGES_BURST, Inbound, TooManyErrors


def answer(message: str | bytes | None) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(Inbound().answer(message, 0.0, NOW_NS))
    return decoded


@pytest.mark.parametrize("ts", [1, 1.5, "abc", None])
def test_a_ping_gets_its_ts_back(ts: object) -> None:
    assert answer(json.dumps({"type": "ping", "ts": ts}))["ts"] == ts


@pytest.mark.parametrize(
    "bad", ["", None, b"", b"\xff", "{", "[]", "3", '{"type":1}', '{"type":"x"}', "[" * 9000]
)
def test_anything_else_is_an_error_that_says_what_is_right(bad: str | bytes | None) -> None:
    told = answer(bad)
    assert told["type"] == "error"
    assert '{"type": "ping"}' in told["message"]


@given(st.one_of(st.text(), st.binary(), st.none()))
def test_nothing_breaks_it(message: str | bytes | None) -> None:
    assert answer(message)["type"] in {"error", "pong"}


def test_too_many_messages_are_not_read_until_the_rate_allows() -> None:
    inbound = Inbound()
    answers = [inbound.answer('{"type":"ping"}', 0.0, NOW_NS) for _ in range(int(MESSAGES_BURST) + 1)]
    assert b"pong" in answers[-2]
    assert b"rate_limited" in answers[-1]
    assert b"pong" in inbound.answer('{"type":"ping"}', 1.0, NOW_NS)


def test_a_hundred_errors_in_a_minute_are_enough() -> None:
    inbound = Inbound()
    for _ in range(ERRORS_PER_MINUTE):
        inbound.answer("x", 0.0, NOW_NS)
    inbound_later = Inbound(errors=inbound.errors)
    assert inbound_later.answer("x", 61.0, NOW_NS)
    with pytest.raises(TooManyErrors):
        inbound.answer("x", 1.0, NOW_NS)
