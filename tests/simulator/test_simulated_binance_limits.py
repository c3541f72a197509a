"""Simulated Binance counts the weight of REST requests, refuses with 429, and bans who does not stop."""

from __future__ import annotations

import pytest

from simulator.binance_limits import (
    FIRST_BAN_S,
    LONGEST_BAN_S,
    WARNINGS,
    WEIGHT_HEADER,
    RequestLimiter,
    spot_weight,
    usdm_weight,
)
from simulator.frames import Reply
from tests.simulator.simulator_client import request, running

NOW_MS = 1_700_000_000_000


def retry_after_s(reply: Reply | None) -> int:
    assert reply is not None
    return int(reply.headers["Retry-After"])


def test_a_new_minute_starts_at_nothing() -> None:
    limiter = RequestLimiter(100)
    assert limiter.refuse(60, 30.0, NOW_MS) is None
    refusal = limiter.refuse(60, 40.0, NOW_MS)
    assert refusal is not None
    assert refusal.status == 429
    assert retry_after_s(refusal) == 20
    assert limiter.refuse(60, 61.0, NOW_MS) is None
    assert limiter.stamp(Reply(b"{}")).headers == {WEIGHT_HEADER: "60"}


def test_who_goes_on_is_banned_longer_each_time() -> None:
    limiter, now_s = RequestLimiter(10), 0.0
    waits = []
    for _ in range(14):
        refusals = [limiter.refuse(11, now_s, NOW_MS) for _ in range(WARNINGS + 1)]
        assert [refusal.status for refusal in refusals if refusal] == [429] * WARNINGS + [418]
        waits.append(retry_after_s(refusals[-1]))
        assert retry_after_s(limiter.refuse(1, now_s + 1, NOW_MS)) == waits[-1] - 1
        now_s += waits[-1] + 60
    assert waits[:3] == [FIRST_BAN_S, 2 * FIRST_BAN_S, 4 * FIRST_BAN_S]
    assert waits[-1] == LONGEST_BAN_S


@pytest.mark.parametrize(
    ("path", "limit", "weight"),
    [
        ("depth", "100", 5),
        ("depth", "101", 25),
        ("depth", "1000", 50),
        ("depth", "5000", 250),
        ("klines", "9", 2),
    ],
)
def test_spot_weights(path: str, limit: str, weight: int) -> None:
    assert spot_weight(f"/api/v3/{path}", {"limit": limit}) == weight


@pytest.mark.parametrize(
    ("path", "limit", "weight"),
    [
        ("depth", "50", 2),
        ("depth", "100", 5),
        ("depth", "1000", 20),
        ("klines", "99", 1),
        ("klines", "1500", 10),
    ],
)
def test_usdm_weights(path: str, limit: str, weight: int) -> None:
    assert usdm_weight(f"/fapi/v1/{path}", {"limit": limit}) == weight


def test_lists_weigh_more_than_one_symbol() -> None:
    assert spot_weight("/api/v3/ticker/24hr", {}) > spot_weight("/api/v3/ticker/24hr", {"symbol": "BTCUSDT"})
    assert usdm_weight("/fapi/v1/premiumIndex", {}) > usdm_weight("/fapi/v1/premiumIndex", {"symbol": "X"})


@pytest.mark.loopback
async def test_limits_on_the_wire() -> None:
    # The limit lies below one deep book, so that no minute ending meanwhile makes room for it.
    async with running(binance_spot_weight=240) as simulator:
        first = await request(simulator, "GET", "/binance-spot/api/v3/depth?symbol=BTCUSDT&limit=1000")
        assert (first.status_code, first.headers[WEIGHT_HEADER]) == (200, "50")
        path = "/binance-spot/api/v3/depth?symbol=BTCUSDT&limit=5000"
        answers = [await request(simulator, "GET", path) for _ in range(WARNINGS + 1)]
        assert [answer.status_code for answer in answers] == [429] * WARNINGS + [418]
        assert all(0 < int(answer.headers["Retry-After"]) <= 60 for answer in answers[:-1])
        assert answers[0].json()["code"] == answers[-1].json()["code"] == -1003
        assert int(answers[-1].headers["Retry-After"]) > 60
        # The other market counts for itself.
        other = await request(simulator, "GET", "/binance-usdm/fapi/v1/time")
        assert (other.status_code, other.headers[WEIGHT_HEADER]) == (200, "1")
