"""Binance's REST limits: weight per minute, 429 beyond it, 418 and ever longer bans for who goes on.

Pure: told the time. Both markets count the same way and differ in the limit and in what a request weighs.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from simulator.frames import Reply, json_reply
from simulator.minute_budget import MinuteBudget

WEIGHT_HEADER: Final = "X-MBX-USED-WEIGHT-1M"
WARNINGS: Final = 10  # requests answered 429 before the address is banned
FIRST_BAN_S: Final = 120
LONGEST_BAN_S: Final = 3 * 86_400


class RequestLimiter:
    """The weight that one client address has used, and whether it is banned."""

    def __init__(self, limit: int) -> None:
        self.budget = MinuteBudget(limit)
        self.bans = 0
        self._warned = 0
        self._banned_until_s = 0.0

    def refuse(self, weight: int, now_s: float, now_ms: int) -> Reply | None:
        """Count one request; the refusal when it is one too many. `now_ms` only appears in the text."""
        if now_s < self._banned_until_s:
            return self._banned(now_s, now_ms)
        if self.budget.take(weight, now_s):
            self._warned = 0
            return None
        self._warned += 1
        if self._warned <= WARNINGS:
            return self._too_many(now_s)
        self._warned = 0
        self._banned_until_s = now_s + min(FIRST_BAN_S * 2**self.bans, LONGEST_BAN_S)
        self.bans += 1
        return self._banned(now_s, now_ms)

    def stamp(self, reply: Reply) -> Reply:
        """The reply with the used weight in its headers, as every answer carries it."""
        return replace(reply, headers={**reply.headers, WEIGHT_HEADER: str(self.budget.used)})

    def _too_many(self, now_s: float) -> Reply:
        text = (
            f"Too much request weight used; current limit is {self.budget.limit} request weight "
            "per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return _refusal(429, text, self.budget.rest_s(now_s))

    def _banned(self, now_s: float, now_ms: int) -> Reply:
        left_s = self._banned_until_s - now_s
        text = (
            f"Way too much request weight used; IP banned until {now_ms + int(left_s * 1_000)}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return _refusal(418, text, left_s)


def _refusal(status: int, text: str, wait_s: float) -> Reply:
    reply = json_reply({"code": -1003, "msg": text}, status)
    return replace(reply, headers={"Retry-After": str(math.ceil(wait_s))})


def spot_weight(path: str, query: Mapping[str, str]) -> int:
    """What one spot request weighs."""
    if path == "/api/v3/depth":
        return _by_limit(query, 100, ((100, 5), (500, 25), (1_000, 50)), 250)
    if path == "/api/v3/ticker/24hr":
        return 2 if "symbol" in query else 80
    return {
        "/api/v3/exchangeInfo": 20,
        "/api/v3/trades": 25,
        "/api/v3/aggTrades": 4,
        "/api/v3/klines": 2,
    }.get(path, 1)


def usdm_weight(path: str, query: Mapping[str, str]) -> int:
    """What one USD-M futures request weighs."""
    if path == "/fapi/v1/depth":
        return _by_limit(query, 500, ((50, 2), (100, 5), (500, 10)), 20)
    if path == "/fapi/v1/klines":
        return _by_limit(query, 500, ((99, 1), (499, 2), (1_000, 5)), 10)
    if path == "/fapi/v1/ticker/24hr":
        return 1 if "symbol" in query else 40
    if path == "/fapi/v1/premiumIndex":
        return 1 if "symbol" in query else 10
    return {"/fapi/v1/trades": 5, "/fapi/v1/aggTrades": 20, "/fapi/v1/fundingInfo": 0}.get(path, 1)


def _by_limit(
    query: Mapping[str, str], default: int, steps: tuple[tuple[int, int], ...], heaviest: int
) -> int:
    """The weight of the first step that the asked number of rows fits into."""
    text = query.get("limit", "")
    rows = int(text) if text.isdecimal() else default
    return next((weight for most, weight in steps if rows <= most), heaviest)
