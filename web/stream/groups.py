"""What subscriptions with equal options share: the keys, and every frame, built once for all at one position.

A position is the offset up to which a client was told, and, where it is told differences, what it holds. A
client that was busy asks later, from its own position, and gets the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from web.api.tape import INTERVALS
from web.stream import frames
from web.stream.attention import Kind, Topic
from web.stream.cells import Cell, Style
from web.stream.decoding import Format
from web.stream.frames import Body, Part
from web.stream.journal import Journal
from web.stream.options import Channel, Options
from web.stream.ring import Ring
from web.stream.roster import Roster
from web.stream.shelves import Shelf

POSITIONS_SHARED_MAX = 64
Held: TypeAlias = Mapping[tuple[str, Hashable], Cell]
HOLDS_NOTHING: Held = {}

KINDS: dict[Channel, tuple[Kind, ...]] = {
    "ticker": ("ticker",),
    "quote": ("ticker",),
    "funding": ("ticker",),
    "book": ("book",),
    "quality": ("quality",),
    "derived": ("derived",),
    "bars": ("bars",),
    "trades": ("trades",),
    "liquidations": ("liquidations",),
    "spreads": ("ticker",),
    "screener": ("ticker",),
    "system": ("notices",),
    "alerts": ("alerts",),
}


def topics_of(options: Options) -> tuple[Topic, ...]:
    """What has to be noted for a channel: first what it is about. Every group hears of the hub's holes."""
    about = (INTERVALS[options.interval],) if options.channel == "bars" else KINDS[options.channel]
    return tuple(dict.fromkeys((*about, "notices")))


class Wish(NamedTuple):
    """What makes a group: the options, and how its frames are written."""

    options: Options
    format: Format = "json"
    deflate: bool = False


class Built(NamedTuple):
    """The next frames of a position, and the position after them; `more` says that this is not all yet.

    `records` is how many of the ring's records they hold.
    """

    bodies: Sequence[Body]
    offset: int
    held: Held = HOLDS_NOTHING
    records: int = 0
    more: bool = False


class Group:
    """The groups of all channels: who belongs to it, and what it tells. Subclasses say how."""

    period_s = 0.0  # at least this long between two frames

    def __init__(self, wish: Wish, journal: Journal, spare: Callable[[], bool] = lambda: True) -> None:
        self.wish = wish
        self.options = wish.options
        self.channel = wish.options.channel
        self.kinds = KINDS[self.channel]
        self.topics = topics_of(wish.options)
        self.style = Style(wish.format, wish.options.fields)
        self.journal = journal
        self.members = 0
        self.built = 0
        self.ring: Ring | None = None
        self.total = 0  # the records of its keys that a ring was given, ever
        self.roster = Roster(wish.options) if wish.options.symbols else None
        self._spare = spare
        self._shared: dict[Hashable, tuple[Held, Built]] = {}
        self._shared_at = (-1, -1)

    @property
    def keys(self) -> Mapping[str, int]:
        """What it shows now, each with the offset at which it joined."""
        return self.roster.keys if self.roster is not None else {}

    def resolve(self) -> tuple[list[str], list[str]]:
        """Look at the listings again. Returns the keys that joined and those that left."""
        if self.roster is None:
            return [], []
        if self.roster.resolved is None:
            return self.roster.resolve(self.journal.site, 0)
        # Who was told of the newest tick has yet to be told of this: it gets an offset of its own.
        joined, left = self.roster.resolve(self.journal.site, self.journal.offset + 1)
        self.journal.offset += bool(joined or left)
        return joined, left

    def snapshot(self) -> Built:
        """Everything that is known now."""
        return self._once(("snapshot",), HOLDS_NOTHING, self._snapshot)

    def update(self, offset: int, held: Held) -> Built:
        """What came after `offset`, for a client that holds `held`; without bodies if there is nothing."""
        return self._once(("update", offset, id(held)), held, lambda: self._update(offset, held))

    def can_resume(self, offset: int) -> bool:
        """Whether everything that came after `offset` is still known."""
        raise NotImplementedError

    def resumed(self, offset: int) -> Built:
        """Everything that came after `offset` as one update, even if it is empty."""
        raise NotImplementedError

    def available_after(self, offset: int) -> int:
        """How many records of its ring there are after `offset`; none without a ring."""
        return 0

    def _snapshot(self) -> Built:
        raise NotImplementedError

    def _update(self, offset: int, held: Held) -> Built:
        raise NotImplementedError

    def _once(self, name: Hashable, held: Held, build: Callable[[], Built]) -> Built:
        now = self.journal.offset, self.roster.changed if self.roster else 0
        if self._shared_at != now:
            self._shared.clear()
            self._shared_at = now
        known = self._shared.get(name)
        if known is not None:
            return known[1]
        built = build()
        self.built += bool(built.bodies)
        # A client alone keeps nothing but what it is being sent: a thousand filters cost no memory at rest.
        if self.members > 1 and len(self._shared) < POSITIONS_SHARED_MAX:
            self._shared[name] = (held, built)
        return built

    def body(self, kind: str, records: Sequence[bytes], offset: int, removed: Sequence[str] = ()) -> Body:
        """A data frame without its head."""
        parts = [*self._opening(kind, offset), Part("data", frames.array(records, self.wish.format))]
        if removed:
            parts.append(Part("removed", self._encoded(removed)))
        return self._body(parts)

    def _opening(self, kind: str, offset: int) -> list[Part]:
        told = {"channel": self.channel, "type": kind, "offset": offset}
        told["epoch"] = self.journal.site.read_model.epoch
        return [Part(name, self._encoded(value)) for name, value in told.items()]

    def _body(self, parts: Sequence[Part]) -> Body:
        ts_out = Part("ts_out", self._encoded(self.journal.site.now_ns() // 1_000_000))
        deflate = self.wish.deflate and (self.members > 1 or self._spare())
        return frames.body([*parts, ts_out], self.wish.format, deflate=deflate)

    def _encoded(self, value: Any) -> bytes:
        return frames.encoded(value, self.wish.format)


class Newest(Group):
    """Records of which only the newest counts. With `holds`, clients are told what differs from what they
    hold."""

    def __init__(
        self, wish: Wish, journal: Journal, shelf: Shelf, spare: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(wish, journal, spare)
        self.shelf = shelf
        self.holds = wish.options.changes_only or self.channel == "book"

    def can_resume(self, offset: int) -> bool:
        """What left the ranks of `top:N` meanwhile cannot be known, nor which channels were given up."""
        if self.roster is None or self.roster.ranked:
            return False
        if self.channel == "quality" and offset < self.journal.unfollowed_at:
            return False
        return offset >= self.journal.gone_floor and offset >= self.journal.since(self.topics[0])

    def resumed(self, offset: int) -> Built:
        """Of books all are told again: what the client makes of older ones cannot be known."""
        now, roster = self.journal.offset, self.roster
        left = roster.gone_after(offset) if roster is not None else []
        gone = [key for key in dict.fromkeys([*left, *self._gone_after(offset)]) if key not in self.keys]
        if self.channel == "book":
            offset = -1
            gone += [key for key in self.keys if not self.shelf.cells(key)]
        cells = self._after(offset)
        records = [cell.whole(self.style) for cell in cells]
        body = self.body("update", records, now, gone)
        return Built([body], now, self._holding(HOLDS_NOTHING, cells))

    def _gone_after(self, offset: int) -> list[str]:
        """What is not listed any more, and may have been meant."""
        gone = self.journal.gone_after(offset)
        return self.roster.may_have_meant(self.journal.site, gone) if self.roster is not None else gone

    def _snapshot(self) -> Built:
        cells = [cell for key in self.keys for cell in self.shelf.cells(key)]
        body = self.body("snapshot", [cell.whole(self.style) for cell in cells], self.journal.offset)
        return Built([body], self.journal.offset, self._holding(HOLDS_NOTHING, cells))

    def _update(self, offset: int, held: Held) -> Built:
        cells, now = self._after(offset), self.journal.offset
        removed = self.roster.gone_after(offset) if self.roster is not None else []
        if not self.holds:
            bodies = [self.body("update", [c.whole(self.style) for c in cells], now, removed)]
            return Built(bodies if cells or removed else [], now)
        removed = [*removed, *self._vanished(held)]
        if not cells and not removed:
            return Built([], now, held)
        told = [(cell, self._difference(held, cell)) for cell in cells]
        after = self._holding(held, [cell for cell, record in told if record], removed)
        records = [record for _, record in told if record]
        bodies = [self.body("update", records, now, removed)] if records or removed else []
        return Built(bodies, now, after)

    def _after(self, offset: int) -> list[Cell]:
        """The cells that came after `offset`, and all of those keys that joined after it."""
        after, keys = self.shelf.after, self.keys
        if self.roster is None or self.roster.changed <= offset:
            return [cell for key in keys for cell in after(key, offset)]
        cells = self.shelf.cells
        return [
            cell
            for key, joined in keys.items()
            for cell in (cells(key) if joined > offset else after(key, offset))
        ]

    def _difference(self, held: Held, cell: Cell) -> bytes:
        before = held.get((cell.key, cell.part))
        return cell.whole(self.style) if before is None else cell.since(before, self.style)

    def _vanished(self, held: Held) -> list[str]:
        """The books that nobody follows any more."""
        if self.channel != "book":
            return []
        return [key for key, _ in held if key in self.keys and not self.shelf.cells(key)]

    def _holding(self, held: Held, cells: Sequence[Cell], removed: Sequence[str] = ()) -> Held:
        if not self.holds:
            return HOLDS_NOTHING
        gone = set(removed)
        kept = {name: cell for name, cell in held.items() if name[0] not in gone} if gone else held
        return {**kept, **{(cell.key, cell.part): cell for cell in cells}}
