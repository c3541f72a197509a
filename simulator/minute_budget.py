"""A request budget per clock minute, as exchanges count the weight of REST requests. Pure: told the time."""

from typing import Final

MINUTE_S: Final = 60.0


class MinuteBudget:
    """How much weight was used within the present minute; a new minute starts at nothing."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._minute = 0

    def take(self, weight: int, now_s: float) -> bool:
        """Count one request; False when the minute's limit is passed. Refused requests count as well."""
        minute = int(now_s // MINUTE_S)
        if minute != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        return self.used <= self.limit

    def rest_s(self, now_s: float) -> float:
        """Seconds until the next minute, more than 0."""
        return MINUTE_S - now_s % MINUTE_S
