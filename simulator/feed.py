"""Topics: how one is rendered, and when. Who listens and what goes wrong is the venue's business."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.connection import Connection
from simulator.depth import LEVELS_MOST, Level
from simulator.faults import Channel
from simulator.instruments import Instrument

if TYPE_CHECKING:
    from simulator.venue import VenueServer

EncodeChanges = Callable[[int, int, list[Level], list[Level]], str]


class Feed:
    """One topic: how to render it now, how often at fixed times, and who listens.

    `render` returns an empty text when there is nothing to say. `channel` is set for order books (below the
    top), trades and liquidations: faults aim at it, and a pause flushes these feeds. `cursor` is for the
    renderer: the number of the last trade, update or liquidation it has sent.
    """

    __slots__ = (
        "channel",
        "cursor",
        "due_s",
        "held",
        "instrument",
        "is_fresh",
        "is_queued",
        "period_s",
        "render",
        "subscribers",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        instrument: Instrument | None,
        render: Callable[[], str],
        period_s: float = 0.0,
        channel: Channel | None = None,
    ) -> None:
        self.topic = topic
        self.instrument = instrument
        self.render = render
        self.period_s = period_s  # 0: published when the instrument moves
        self.channel = channel
        self.cursor = 0
        self.subscribers: list[Connection] = []
        self.due_s = 0.0
        self.held = ""  # a payload that a `reorder` fault keeps back until the next one
        self.is_queued = False
        self.is_fresh = False

    def wake(self) -> None:
        """Called before the first subscriber comes: forget what nobody has seen."""


class BookFeed(Feed):
    """The changes of a true book, gathered and pushed every `period_s`.

    `encode(first, last, bids, asks)` makes the payload: the numbers of the first and last update that are in
    it, and the changed levels, best first, with sizes as they are now (0.0 = gone). Nothing is sent for a
    period without updates. A `crossed` fault adds a bid at the best ask; the next push takes it back.
    """

    __slots__ = ("_depth", "_encode", "_phantom", "_venue")

    def __init__(
        self, venue: "VenueServer", topic: str, instrument: Instrument, encode: EncodeChanges, period_s: float
    ) -> None:
        super().__init__(topic, instrument, self._changes, period_s, "book")
        self._venue = venue
        self._depth = venue.world.depth(instrument)
        self._encode = encode
        self._phantom: float | None = None
        self.wake()

    def wake(self) -> None:
        """The first push holds what changes from now on."""
        self.cursor = self._depth.update_id

    def _changes(self) -> str:
        first, last = self.cursor + 1, self._depth.update_id
        if last < first:
            return ""
        bids, asks = self._depth.changes_since(self.cursor)
        self.cursor = last
        if self._phantom is not None:
            bids = self._without_phantom(bids, self._phantom)
        if self._venue.is_struck("crossed", self):
            bids = self._with_phantom(bids)
        return self._encode(first, last, bids, asks)

    def _with_phantom(self, bids: list[Level]) -> list[Level]:
        _, best_asks = self._depth.levels(1)
        if not best_asks:
            return bids
        self._phantom = price = best_asks[0][0]
        return [(price, best_asks[0][1]), *(level for level in bids if level[0] != price)]

    def _without_phantom(self, bids: list[Level], price: float) -> list[Level]:
        self._phantom = None
        if any(level[0] == price for level in bids):
            return bids
        every_bid, _ = self._depth.levels(LEVELS_MOST)
        truth = (price, dict(every_bid).get(price, 0.0))
        return sorted([*bids, truth], reverse=True)
