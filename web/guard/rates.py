"""How often something may be done: a bucket for each who does it, which fills by time. Pure: time is handed
in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

BUCKETS_MAX = 20_000


@dataclass
class Bucket:
    """How many times are left, as of `counted_s`."""

    left: float
    counted_s: float


@dataclass
class Rate:
    """At most `per_s` times a second each, after `burst` times at once.

    Of those who were not heard of for long, and of the longest silent beyond `BUCKETS_MAX`, nothing is kept.
    """

    per_s: float
    burst: float
    _buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def take(self, who: str, now_s: float) -> float:
        """Count one more time for `who`. Returns 0, or the seconds to wait where it is one too many (which
        does not count: to ask in vain costs nobody a place)."""
        bucket = self._bucket(who, now_s)
        bucket.left = min(self.burst, bucket.left + (now_s - bucket.counted_s) * self.per_s)
        bucket.counted_s = now_s
        if bucket.left < 1:
            return (1 - bucket.left) / self.per_s
        bucket.left -= 1
        return 0.0

    def _bucket(self, who: str, now_s: float) -> Bucket:
        bucket = self._buckets.get(who)
        if bucket is None:
            self._forget(now_s)
            bucket = self._buckets[who] = Bucket(self.burst, now_s)
        else:
            self._buckets.move_to_end(who)
        return bucket

    def _forget(self, now_s: float) -> None:
        """Let go of the bucket that was longest untouched, if it is full again by now, or if there are too
        many."""
        oldest = next(iter(self._buckets.values()), None)
        full_again_s = self.burst / self.per_s
        if oldest and (len(self._buckets) >= BUCKETS_MAX or now_s - oldest.counted_s >= full_again_s):
            self._buckets.popitem(last=False)

    def __len__(self) -> int:
        return len(self._buckets)
