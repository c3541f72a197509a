"""One client: its subscriptions, at most one write on its way, and what it missed meanwhile.

While a write is under way nothing is queued: a subscription that has news is only marked. When the write is
done, the client asks each marked subscription, in turn, for what is new since its own position.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal, Protocol

from actors.market.reports import Hole
from web.stream import answers, frames
from web.stream.decoding import Format
from web.stream.frames import Body
from web.stream.subscription import Subscription
from web.visitor import Visitor

TURN_BYTES = 256 * 1024
TURN_PIECES = 256
LATE_MS = 250.0
SLOW_TOLD_EVERY_S = 10.0
HOLES_REMEMBERED = 256


class Outlet(Protocol):
    """Where a client's frames go: `web.transport.ClientStream`, or what stands in for one."""

    def write_now(self, frame: bytes, *more: bytes) -> memoryview | None:
        """Write without waiting; what is left must be given to `finish`.

        Raises `trio.WouldBlock` while another write is under way, `trio.BrokenResourceError` or
        `trio.ClosedResourceError` when nobody is there.
        """

    async def finish(self, rest: memoryview) -> None:
        """Write what `write_now` left."""

    async def send_frame(self, frame: bytes) -> None:
        """Write one frame, in turn."""


class Source(Protocol):
    """What has frames for a client."""

    def take(self, now_s: float) -> tuple[list[bytes], bool]:
        """The next frames, in pieces, and whether there are more at once."""


class Client:
    """`sent` counts its data frames, `conflated` updates that were merged because it was busy, `missed`
    records that it never got, as `gaps_told` messages said; `lag_ms` is how long its last frame waited.
    `leave` ends its session, with the error where it is ours."""

    route: Literal["stream", "events"] = "stream"

    def __init__(
        self,
        outlet: Outlet,
        leave: Callable[[Exception | None], None],
        format: Format,  # noqa: A002
        *,
        deflate: bool,
        visitor: Visitor,
    ) -> None:
        self.visitor = visitor
        self.outlet = outlet
        self.leave = leave
        self.format: Format = format
        self.deflate = deflate
        self.subscriptions: dict[int, Subscription] = {}
        self.ready: dict[Source, None] = {}
        self.busy_since_s: float | None = None
        self.sent = self.conflated = 0
        self.missed = self.gaps_told = 0
        self.lag_ms = 0.0
        self.beat_due = False
        self._numbers = 0
        self._late = self._slow_due = False
        self._merged_before = 0
        self._slow_told_s = -SLOW_TOLD_EVERY_S
        self._holes: OrderedDict[Hole, None] = OrderedDict()

    @property
    def is_busy(self) -> bool:
        """Whether a write is under way."""
        return self.busy_since_s is not None

    def number(self) -> int:
        """The number of the next subscription."""
        self._numbers += 1
        return self._numbers

    def message(self, structure: Any) -> bytes:
        """A message of its own as a frame."""
        return frames.message(answers.encode(structure, self.format), self.format)

    def dress(self, sub: int, seq: int, body: Body) -> tuple[bytes, bytes]:
        """A frame of a subscription, in pieces."""
        return frames.frame(sub, seq, body, self.format)

    def heartbeat(self, now_ms: int) -> bytes:
        """The sign of life."""
        count = len(self.subscriptions)
        return self.message(
            answers.Heartbeat(ts=now_ms, subs=count, lag_ms=round(self.lag_ms), conflated=self.conflated)
        )

    def is_news(self, hole: Hole) -> bool:
        """Whether it was not told this by another of its subscriptions."""
        if hole in self._holes:
            return False
        self._holes[hole] = None
        if len(self._holes) > HOLES_REMEMBERED:
            self._holes.popitem(last=False)
        return True

    def next_turn(self, now_s: float, now_ms: int) -> list[bytes]:
        """What to write now, in pieces: of each marked subscription in turn, up to a bound."""
        pieces, size = self._own(now_s, now_ms), 0
        while self.ready and size < TURN_BYTES and len(pieces) < TURN_PIECES:
            source = next(iter(self.ready))
            del self.ready[source]
            more_pieces, more = source.take(now_s)
            if more:
                self.ready[source] = None
            pieces += more_pieces
            size += sum(map(len, more_pieces))
        return pieces

    def _own(self, now_s: float, now_ms: int) -> list[bytes]:
        pieces: list[bytes] = []
        if self._slow_due:
            self._slow_due, self._slow_told_s = False, now_s
            pieces.append(self.message(answers.slow_consumer(round(self.lag_ms), self.conflated)))
        if self.beat_due:
            self.beat_due = False
            pieces.append(self.heartbeat(now_ms))
        return pieces

    def began(self, now_s: float) -> None:
        """A write could not be done at once."""
        self.busy_since_s = now_s
        self._merged_before = self.conflated + self.missed

    def done(self, now_s: float) -> None:
        """The write is done."""
        if self.busy_since_s is None:
            return
        self.lag_ms = (now_s - self.busy_since_s) * 1000
        self.busy_since_s = None
        late = self.lag_ms >= LATE_MS or self.conflated + self.missed > self._merged_before
        if late and not self._late and now_s - self._slow_told_s >= SLOW_TOLD_EVERY_S:
            self._slow_due = True
        self._late = self._late or late

    def kept_up(self) -> None:
        """A write was done at once."""
        self._late, self.lag_ms = False, 0.0
