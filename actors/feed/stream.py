"""PURE: one topic of one connection, from wanted to producing, and what its silence means."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from actors.exchanges.base import Topic
from actors.market.rhythm import NS_PER_S, Patience, Rhythm

State: TypeAlias = Literal["wanted", "asked", "acknowledged", "refused"]
Standing: TypeAlias = Literal["waiting", "carried", "silent", "refused"]

MUTE_AFTER_S = 15
MUTE_RETRY_S = 30
MUTE_RETRY_MAX_S = 600


class Change(Struct, frozen=True):
    """What became of a topic: it is carried now, fell silent, is heard again, or was refused."""

    topic: Topic
    kind: Literal["carried", "silent", "heard", "refused"]
    words: str = ""


class Stream:
    """What is known of one topic. `rhythm` is `None` until it spoke; `told` is what was last reported of it.

    While it is `renewing`, it is left and wanted anew: what still comes proves nothing about the new asking.
    """

    __slots__ = (
        "asked_at_ns",
        "asks",
        "batch_max",
        "mute_count",
        "mute_until_ns",
        "renewing",
        "rhythm",
        "silent",
        "state",
        "told",
        "topic",
    )

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.state: State = "wanted"
        self.batch_max = 1_000_000
        self.asks = 0
        self.asked_at_ns = 0
        self.rhythm: Rhythm | None = None
        self.silent = False
        self.mute_count = 0
        self.mute_until_ns = 0
        self.renewing = False
        self.told: Standing = "waiting"

    @property
    def carried(self) -> bool:
        """Whether all is well with it: it produces, or need not say anything."""
        if self.silent:
            return False
        return self.rhythm is not None or (not self.topic.greets and self.state == "acknowledged")

    @property
    def standing(self) -> Standing:
        """Where it stands, in one word."""
        if self.state == "refused":
            return "refused"
        if self.silent:
            return "silent"
        return "carried" if self.carried else "waiting"

    def listen(self, last_ns: int) -> bool:
        """Note the topic's newest data. Returns whether it is news."""
        if not self.asked_at_ns or (self.rhythm is None and last_ns < self.asked_at_ns):
            return False  # it is from before the topic was left, and is wanted again
        if self.rhythm is None:
            self.rhythm = Rhythm(last_ns)
        elif last_ns <= self.rhythm.last_ns:
            return False
        else:
            self.rhythm.beat(last_ns)
        self.silent, self.mute_count = False, 0
        return True

    def is_mute(self, now_ns: int, patience: Patience) -> bool:
        """Whether it has been silent for longer than it may."""
        rhythm, steady = self.rhythm, self.topic.steady
        last_ns = rhythm.last_ns if rhythm else 0
        allowed_ns = rhythm.threshold_ns(patience, steady=steady) if rhythm else float("inf")
        if self.topic.greets and last_ns < self.asked_at_ns:
            # Whatever its rhythm was: a subscription that is answered begins with data.
            allowed_ns = min(allowed_ns, MUTE_AFTER_S * NS_PER_S)
        return now_ns - max(last_ns, self.asked_at_ns) > allowed_ns

    def silence(self, now_ns: int) -> str:
        """Its silence in words."""
        if self.rhythm is None:
            return f"accepted, but no data in {(now_ns - self.asked_at_ns) / NS_PER_S:.0f} s"
        silent_s = (now_ns - self.rhythm.last_ns) / NS_PER_S
        usual_s = self.rhythm.usual_ns / NS_PER_S
        return f"no data for {silent_s:.0f} s" + (f", usually every {usual_s:.2g} s" if usual_s else "")

    def renew(self) -> None:
        """Want it anew."""
        self.state, self.renewing = "wanted", True

    def revive(self, now_ns: int) -> None:
        """Want it anew because it is mute; the next time, only after a longer pause."""
        self.renew()
        pause_s = min(MUTE_RETRY_S * 2 ** min(self.mute_count, 16), MUTE_RETRY_MAX_S)
        self.mute_count += 1
        self.mute_until_ns = now_ns + pause_s * NS_PER_S
