"""PURE: whether a connection as a whole still does its work, and what is published about it."""

from __future__ import annotations

from actors.exchanges.base import Codec
from actors.feed.subscriptions import Subscriptions
from actors.market.feeds import FeedStatus
from actors.market.rhythm import NS_PER_S, Patience, Rhythm
from actors.runtime.errors import StaleFeed

WATCH_EVERY_S = 1.0
BAD_FRAMES_MAX = 50


class Watch:
    """Looks at one connection every `WATCH_EVERY_S`. Who reads it tells what it `took`, and counts
    `bad_frames` here."""

    def __init__(
        self, codec: Codec, subscriptions: Subscriptions, status: FeedStatus, patience: Patience, now_ns: int
    ) -> None:
        self._codec = codec
        self._subscriptions = subscriptions
        self._status = status
        self._patience = patience
        self._rhythm = Rhythm(now_ns)
        self.messages = self.received_bytes = self.bad_frames = 0

    def took(self, frames: list[bytes]) -> None:
        """One read brought these."""
        self.messages += len(frames)
        self.received_bytes += sum(map(len, frames))

    def judge(self, now_ns: int) -> None:
        """End a connection whose data stopped, or is no longer readable. Pongs and acks are no data.

        Raises `StaleFeed`.
        """
        newest_ns = max(self._codec.heard.values(), default=0)
        if newest_ns > self._rhythm.last_ns:
            self._rhythm.beat(newest_ns)
        if self._subscriptions.is_empty():
            self._rhythm.resume(now_ns)
        silence_ns = now_ns - self._rhythm.last_ns
        if silence_ns > self._silence_allowed_ns():
            raise StaleFeed(f"connected, but no data for {silence_ns / NS_PER_S:.0f} s")
        if self._subscriptions.is_mostly_silent():
            raise StaleFeed("connected, but most of its streams are silent")
        if self.bad_frames > max(BAD_FRAMES_MAX, self.messages / 2):
            raise StaleFeed(f"{self.bad_frames} unreadable frames")

    def _silence_allowed_ns(self) -> float:
        steady = self._subscriptions.is_steady()
        allowed_ns = self._rhythm.threshold_ns(self._patience, steady=steady)
        if steady or self._codec.heard:
            return allowed_ns
        return min(allowed_ns, 2 * self._patience.ceiling_s * NS_PER_S)  # it never spoke at all

    def publish(self) -> bool:
        """Note on the status how the connection does. Returns whether it has just become live."""
        status, subscriptions = self._status, self._subscriptions
        rate = self.messages / WATCH_EVERY_S
        status.messages_per_s = (
            rate if not status.messages_per_s else 0.7 * status.messages_per_s + 0.3 * rate
        )
        status.messages += self.messages
        status.received_bytes += self.received_bytes
        status.decode_errors += self.bad_frames
        status.producing = subscriptions.producing()
        silent = subscriptions.silent()
        status.stale = {topic.symbol for topic in silent}
        status.mute = tuple(topic.name for topic in silent)
        status.refused = subscriptions.refusals()
        status.last_data_ts = max(self._codec.heard.values(), default=status.last_data_ts)
        before = status.state
        status.state = (
            "stale" if status.stale else "live" if subscriptions.is_settled(books=False) else "syncing"
        )
        return status.state == "live" != before

    def begin_anew(self) -> None:
        """Count from nothing: what was counted is published, or nobody's business."""
        self.messages = self.received_bytes = self.bad_frames = 0
