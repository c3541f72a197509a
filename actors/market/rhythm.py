"""How long a stream may be silent before its silence means something, learned from the stream."""

from __future__ import annotations

from msgspec import Struct

NS_PER_S = 1_000_000_000


class Patience(Struct, frozen=True):
    """The bounds of what is learned, in seconds. `unsteady_s` is the least patience with streams that
    speak only when something happens."""

    floor_s: float = 5.0
    ceiling_s: float = 60.0
    unsteady_s: float = 30.0


class Rhythm:
    """The beat of one stream.

    The longest recent pause, four times over, is the longest pause to bear. Pauses are forgotten slowly, so
    that a market that wakes up is soon held to its new rhythm. Until enough beats were heard, the
    patience is three times the floor.
    """

    __slots__ = ("_beats", "_longest_ns", "last_ns")

    BEATS_TO_LEARN = 5
    TOLERANCE = 4
    MEMORY = 0.99

    def __init__(self, now_ns: int) -> None:
        self.last_ns = now_ns
        self._longest_ns = 0.0
        self._beats = 0

    def beat(self, now_ns: int) -> None:
        """The stream spoke."""
        gap_ns = now_ns - self.last_ns
        if gap_ns <= 0:
            return
        self._longest_ns = max(self._longest_ns * self.MEMORY, gap_ns)
        self._beats += 1
        self.last_ns = now_ns

    def resume(self, now_ns: int) -> None:
        """The stream speaks after an interruption, which says nothing about its rhythm."""
        self.last_ns = max(self.last_ns, now_ns)

    def threshold_ns(self, patience: Patience, *, steady: bool = True) -> float:
        """The silence from which on the stream is stale. An unsteady one has no ceiling."""
        learned_s = self.TOLERANCE * self._longest_ns / NS_PER_S
        if not steady:
            known = self._beats >= self.BEATS_TO_LEARN
            return max(patience.unsteady_s, 2 * learned_s) * NS_PER_S if known else float("inf")
        if self._beats < self.BEATS_TO_LEARN:
            learned_s = max(learned_s, 3 * patience.floor_s)
        return min(max(learned_s, patience.floor_s), patience.ceiling_s) * NS_PER_S

    def is_silent(self, now_ns: int, patience: Patience, *, steady: bool = True) -> bool:
        """Whether the stream has been silent for longer than it should be."""
        return now_ns - self.last_ns > self.threshold_ns(patience, steady=steady)
