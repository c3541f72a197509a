"""Bybit's REST limits: too many of an address are a 403 for minutes, of one path a retCode 10006. Pure."""

from collections import defaultdict, deque
from typing import Final

from simulator.frames import Reply, json_reply, text_reply

ADDRESS_WINDOW_S: Final = 5.0
ENDPOINT_WINDOW_S: Final = 1.0


class BybitLimits:
    """Counts the requests of the one address everybody comes from, over both categories."""

    def __init__(self, requests_per_5_s: int, endpoint_per_s: int, ban_s: float) -> None:
        self._requests_per_5_s = requests_per_5_s
        self._endpoint_per_s = endpoint_per_s
        self._ban_s = ban_s
        self._all: deque[float] = deque()
        self._by_path: defaultdict[str, deque[float]] = defaultdict(deque)
        self._banned_until_s = float("-inf")

    def refusal(self, path: str, now_s: float, now_ms: int) -> Reply | None:
        """Count one request; what to answer when it is one too many."""
        if now_s < self._banned_until_s:
            return text_reply("403, access too frequent", 403)
        if _count(self._all, now_s, ADDRESS_WINDOW_S) > self._requests_per_5_s:
            self._banned_until_s = now_s + self._ban_s
            return text_reply("403, access too frequent", 403)
        times = self._by_path[path]
        if _count(times, now_s, ENDPOINT_WINDOW_S) <= self._endpoint_per_s:
            return None
        reset_ms = now_ms + int((times[0] + ENDPOINT_WINDOW_S - now_s) * 1_000)
        return self._too_many(now_ms, reset_ms)

    def _too_many(self, now_ms: int, reset_ms: int) -> Reply:
        answer = {
            "retCode": 10006,
            "retMsg": "Too many visits. Exceeded the API Rate Limit.",
            "result": {},
            "retExtInfo": {},
            "time": now_ms,
        }
        headers = {
            "X-Bapi-Limit": str(self._endpoint_per_s),
            "X-Bapi-Limit-Status": "0",
            "X-Bapi-Limit-Reset-Timestamp": str(reset_ms),
        }
        return Reply(json_reply(answer).body, headers=headers)


def _count(times: deque[float], now_s: float, window_s: float) -> int:
    """Note one request; how many there were within the window."""
    times.append(now_s)
    while times[0] <= now_s - window_s:
        times.popleft()
    return len(times)
