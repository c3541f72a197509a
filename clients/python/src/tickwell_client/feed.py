"""One subscription as the wire sees it: frames in, events into its mailbox. No I/O.

It knows where it is (`epoch` and `offset`), so that it can be resumed on the next connection; and it checks
that no frame is missing (`seq`). Whatever breaks the sequence is mended by subscribing again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any, Generic, Literal, TypeVar

import msgspec

from tickwell_client.book import OrderBook
from tickwell_client.errors import TickwellError
from tickwell_client.events import Batch, Down, Gap, Up
from tickwell_client.kinds import CONCERNED, Kind
from tickwell_client.mailbox import KEYS_MAX, Every, Mailbox, Newest, subject_of
from tickwell_client.records import SystemEvent
from tickwell_client.wire import Accepted, BookRecord, Codec, Envelope

R = TypeVar("R")
REMEMBERED = 256  # identities in one place: more than a snapshot repeats


class Feed(Generic[R]):
    """The state of one subscription, over all connections.

    `params` are those of `subscribe`. `records_max` bounds what waits, where every record is kept.
    """

    def __init__(self, kind: Kind[R], params: dict[str, Any], records_max: int) -> None:
        self.kind = kind
        self.params = params
        self.mailbox: Mailbox[R] = Newest(kind.key_of) if kind.key_of else Every(records_max)
        self.accepted: Accepted | None = None
        self.failure: TickwellError | None = None
        self.is_abandoned = False
        self.resyncs = 0
        self.missed = 0
        self._keys: dict[str, None] = {}
        self._seq = 0
        self._position: tuple[str, int] | None = None
        self._is_resuming = False
        self._is_up = True
        self._repeats = False
        self._recent: dict[str, deque[Hashable]] = {}
        self._wholes: dict[str, dict[str, Any]] = {}
        self.latest: dict[str, R] = {}

    @property
    def keys(self) -> list[str]:
        """What the selectors mean: what the hub said at first, what joined since, and not what left."""
        newest = map(subject_of, self.latest.values())
        return [key for key in dict.fromkeys((*self._keys, *newest, *self._recent)) if key]

    @property
    def position(self) -> tuple[str, int] | None:
        """Epoch and offset of the last frame."""
        return self._position

    def request(self) -> dict[str, Any]:
        """The parameters with which to subscribe now: with `resume` if there is something to resume."""
        self._is_resuming = self._position is not None
        if self._position is None:
            return self.params
        epoch, offset = self._position
        return self.params | {"snapshot": True, "resume": {"epoch": epoch, "offset": offset}}

    def accept(self, accepted: Accepted | None) -> None:
        """The hub agreed to it."""
        if accepted is None:
            return
        self._seq = 0
        self._keys = dict.fromkeys(accepted.keys)
        self.accepted = accepted
        recovered = self._is_resuming and bool(accepted.recovered)
        if not self._is_up:
            self._is_up = True
            self.mailbox.put(Up(recovered))
        if self._is_resuming and not recovered:
            self._could_not_resume(accepted)
        elif not self._is_resuming and self._keeps_every:
            self._move(accepted.epoch, accepted.offset)
        self.mailbox.notify()

    def receive(self, frame: Envelope, codec: Codec) -> bool:
        """A data frame. `False` if one before it is missing: subscribe again."""
        if frame.seq is not None and frame.seq != self._seq + 1:
            self._lose("sequence", None)
            return False
        self._seq += 1
        if frame.removed:
            self._forget(set(frame.removed))
        records = self._read(frame, codec)
        if records is None:
            return False
        self._move(frame.epoch, frame.offset)
        if frame.type == "snapshot" and self._repeats:
            self._repeats = False
            records = [each for each in records if not self._is_known(each)]
        self._remember(records, frame)
        kind: Literal["snapshot", "update"] = "snapshot" if frame.type == "snapshot" else "update"
        self.mailbox.put(Batch(kind, records, frame.removed, frame.offset, frame.epoch, frame.ts_out))
        return True

    def gap(self, gap: Gap) -> None:
        """The hub says that something is missing."""
        self.missed += gap.missed or 0
        self.mailbox.put(gap)

    def concerns(self, gap: Gap) -> bool:
        """Whether what the hub missed of an exchange is missing here."""
        told = CONCERNED.get(gap.channel, (gap.channel,))
        return self.kind.channel in told and gap.key is not None and gap.key in self.keys

    def down(self, error: Exception) -> None:
        """The connection is gone."""
        if self._is_up:
            self._is_up = False
            self.mailbox.put(Down(error))

    def fail(self, error: TickwellError) -> None:
        """Nothing more will come."""
        self.failure = error
        self.mailbox.notify()

    def adopt(self, other: Feed[Any]) -> None:
        """The hub says that we are the same subscription as `other`: go on where that is."""
        self._seq = other._seq
        self._move(*(other._position or (None, None)))
        self._wholes = {key: dict(whole) for key, whole in other._wholes.items()}
        self.latest = dict(other.latest)
        if self.latest and self.params.get("snapshot", True):
            self.mailbox.put(Batch("snapshot", list(self.latest.values())))

    @property
    def _keeps_every(self) -> bool:
        return self.kind.key_of is None

    def _move(self, epoch: str | None, offset: int | None) -> None:
        if epoch is not None and offset is not None:
            self._position = (epoch, offset)

    def _could_not_resume(self, accepted: Accepted) -> None:
        if self._keeps_every:
            self._lose("not_recovered", accepted)
            self._move(accepted.epoch, accepted.offset)

    def _lose(self, reason: str, accepted: Accepted | None) -> None:
        """Say what is missing, where it matters: what is merged is made good by a snapshot."""
        self.resyncs += reason == "sequence"
        if not self._keeps_every or reason == "sequence":
            return
        before = self._position[1] if self._position else None
        self._repeats = True
        to_offset = accepted.offset if accepted else None
        self.gap(Gap(channel=self.kind.channel, reason=reason, from_offset=before, to_offset=to_offset))

    def _read(self, frame: Envelope, codec: Codec) -> list[R] | None:
        """The records of a frame, whole also where only changes came. `None` if something is missing."""
        if self.params.get("changes_only"):
            return [self._merged(each) for each in codec.read(frame.data, list[dict[str, Any]])]
        records: list[Any] = codec.read(frame.data, list[self.kind.record])  # type: ignore[name-defined]
        return [records] if self.kind.is_whole else records  # type: ignore[list-item]

    def _merged(self, changes: dict[str, Any]) -> R:
        whole = self._wholes.setdefault(self.kind.key_in(changes), {})
        whole.update(changes)
        if len(self._wholes) > KEYS_MAX:
            del self._wholes[next(iter(self._wholes))]
        record: R = msgspec.convert(whole, self.kind.record)
        return record

    def _remember(self, records: list[R], frame: Envelope) -> None:
        """Keep the newest of each key, and who came last, so that a snapshot after an interruption repeats
        nobody."""
        if self.kind.key_of is not None:
            place_of = self.kind.place_of or self.kind.key_of
            if frame.type == "snapshot":
                self.latest.clear()
            self.latest.update((place_of(each), each) for each in records)
        elif self.kind.identity_of is not None:
            place_of = self.kind.place_of or subject_of
            for each in records:
                recent = self._recent.setdefault(place_of(each), deque(maxlen=REMEMBERED))
                recent.append(self.kind.identity_of(each))

    def _forget(self, keys: set[str]) -> None:
        """What these instruments had is gone: of derived values and the like, one has several."""
        for key in keys:
            self._keys.pop(key, None)
            self._recent.pop(key, None)
        self.latest = {place: each for place, each in self.latest.items() if subject_of(each) not in keys}
        self._wholes = {place: each for place, each in self._wholes.items() if each.get("key") not in keys}

    def _is_known(self, record: R) -> bool:
        identity = self.kind.identity_of(record) if self.kind.identity_of else None
        place_of = self.kind.place_of or subject_of
        return identity is not None and identity in self._recent.get(place_of(record), ())


class BookFeed(Feed[OrderBook]):
    """Books: kept here, whole, from their changes. After an interruption they begin anew."""

    def request(self) -> dict[str, Any]:
        """A book is not resumed: its snapshot is small, and a hole in it would be for ever."""
        self._position = None
        return super().request()

    def down(self, error: Exception) -> None:
        """No book is live without a connection."""
        for book in self.latest.values():
            book.is_whole = False
        super().down(error)

    def adopt(self, other: Feed[Any]) -> None:
        """Books of our own, as they are now."""
        super().adopt(other)
        self.latest = {key: book.copy() for key, book in self.latest.items()}
        self.mailbox.clear()
        if self.latest:
            self.mailbox.put(Batch("snapshot", list(self.latest.values())))

    def _read(self, frame: Envelope, codec: Codec) -> list[OrderBook] | None:
        books = []
        for record in codec.read(frame.data, list[BookRecord]):
            book = self.latest.get(record.key) or OrderBook(record.key)
            if not book.apply(record):
                self.resyncs += 1
                return None
            books.append(book)
        return books


class SystemFeed(Feed[SystemEvent]):
    """What happens at the hub: each frame's own type says what its data is."""

    def _read(self, frame: Envelope, codec: Codec) -> list[SystemEvent] | None:
        data: Any = codec.read(frame.data, object)
        told = data if isinstance(data, list) else [data]
        return [SystemEvent(type=str(each.get("type", frame.type)), data=each) for each in told]


def feed_for(kind: Kind[R], params: dict[str, Any], records_max: int) -> Feed[R]:
    """The feed that reads the frames of this kind."""
    special: dict[str, type[Feed[Any]]] = {"book": BookFeed, "system": SystemFeed}
    return special.get(kind.channel, Feed)(kind, params, records_max)
