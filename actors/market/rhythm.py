"""How long a stream may be silent before its silence means something, learned from the stream."""

from __future__ import annotations

from msgspec import Struct

NS_PER_S = 1_000_000_000


class Patience(Struct, frozen=True):
    """The bounds of what is learned, in seconds."""

    floor_s: float = 5.0
    ceiling_s: float = 60.0


class Rhythm:
    """The beat of one stream, learned as TCP learns its time-outs: from the usual pause and how it varies.

    One long pause makes us patient for a few beats only, or the next stall would be found late. Until enough
    beats were heard, the patience is three times the floor.

    What is not steady comes in clusters with long pauses between them (trades do), which the usual pause does
    not show. So its longest pause is remembered too, for some thousand beats; but a pause that was itself
    suspicious counts only up to where suspicion began, lest one long stall hides the next.
    """

    __slots__ = ("_beats", "_longest_ns", "_spread_ns", "_usual_ns", "last_ns")

    BEATS_TO_LEARN = 5
    PAUSES = 2
    SPREADS = 4
    UNSTEADY = 3
    LONGEST_FADES = 4096
    ALWAYS_BELIEVED_NS = 10 * NS_PER_S

    def __init__(self, now_ns: int) -> None:
        self.last_ns = now_ns
        self._usual_ns = 0.0
        self._spread_ns = 0.0
        self._longest_ns = 0.0
        self._beats = 0

    @property
    def usual_ns(self) -> float:
        """The usual pause between two beats; 0 while none is known."""
        return self._usual_ns

    def beat(self, now_ns: int) -> None:
        """The stream spoke."""
        gap_ns = now_ns - self.last_ns
        if gap_ns <= 0:
            return
        if gap_ns > self._longest_ns:
            self._longest_ns = min(gap_ns, max(self._unsteady_ns(), self.ALWAYS_BELIEVED_NS))
        else:
            self._longest_ns -= self._longest_ns / self.LONGEST_FADES
        if self._beats:
            surprise_ns = gap_ns - self._usual_ns
            self._usual_ns += surprise_ns / 8
            self._spread_ns += (abs(surprise_ns) - self._spread_ns) / 4
        else:
            self._usual_ns, self._spread_ns = gap_ns, gap_ns / 2
        self._beats += 1
        self.last_ns = now_ns

    def resume(self, now_ns: int) -> None:
        """The stream speaks after an interruption, which says nothing about its rhythm."""
        self.last_ns = max(self.last_ns, now_ns)

    def threshold_ns(self, patience: Patience, *, steady: bool = True) -> float:
        """The silence from which on the stream is stale.

        A steady stream repeats itself. Any other speaks when something happens: it is borne with three times
        as long, and three times its longest pause, and not judged at all while it is unknown, or so slow that
        its silence tells nothing.
        """
        known = self._beats >= self.BEATS_TO_LEARN
        if not steady:
            learned_s = self._unsteady_ns() / NS_PER_S
            judged = known and learned_s <= patience.ceiling_s
            return max(learned_s, patience.floor_s) * NS_PER_S if judged else float("inf")
        learned_s = self._learned_ns() / NS_PER_S
        if not known:
            learned_s = max(learned_s, 3 * patience.floor_s)
        return min(max(learned_s, patience.floor_s), patience.ceiling_s) * NS_PER_S

    def _learned_ns(self) -> float:
        return self.PAUSES * self._usual_ns + self.SPREADS * self._spread_ns

    def _unsteady_ns(self) -> float:
        return self.UNSTEADY * max(self._learned_ns(), self._longest_ns)

    def is_silent(self, now_ns: int, patience: Patience, *, steady: bool = True) -> bool:
        """Whether the stream has been silent for longer than it should be."""
        return now_ns - self.last_ns > self.threshold_ns(patience, steady=steady)
