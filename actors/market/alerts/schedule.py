"""When a rule may fire: hours and days of the week, in UTC, without a calendar."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
FIRST_WEEKDAY = 3  # the epoch began on a Thursday
Hour: TypeAlias = Annotated[int, Meta(ge=0, le=24)]


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From the hour `from_hour` to the hour `to_hour` of these weekdays, in UTC. Where it ends before it
    begins, it goes on past midnight, and belongs to the day on which it began."""

    from_hour: Hour = 0
    to_hour: Hour = 24
    weekdays: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=7)] = WEEKDAYS

    def __post_init__(self) -> None:
        if self.from_hour == self.to_hour or self.from_hour == 24:
            expected = "an hour before 24 that is not to_hour"
            raise ValueError(f"`from_hour` = {self.from_hour}: expected {expected}")

    def opens_ns(self, ts_ns: int) -> int:
        """The first moment from `ts_ns` on at which a rule may fire; `ts_ns` itself if it may now."""
        day = ts_ns // DAY_NS
        for begins in range(day - 1, day + 8):
            from_ns, to_ns = self._span_ns(begins)
            if WEEKDAYS[(begins + FIRST_WEEKDAY) % 7] in self.weekdays and ts_ns < to_ns:
                return max(ts_ns, from_ns)
        raise AssertionError("a week has every weekday")

    def is_open(self, ts_ns: int) -> bool:
        """Whether a rule may fire at this moment."""
        return self.opens_ns(ts_ns) == ts_ns

    def _span_ns(self, day: int) -> tuple[int, int]:
        hours = (self.to_hour - self.from_hour) % 24 or 24
        from_ns = day * DAY_NS + self.from_hour * HOUR_NS
        return from_ns, from_ns + hours * HOUR_NS
