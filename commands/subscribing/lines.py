"""From frames to lines: one record each, in the hub's own spelling, with its channel and type."""

from __future__ import annotations

from collections import deque

from msgspec import Raw, Struct

from commands.stream.messages import Codec, Frame

REMEMBERED = 256  # per key: more than a snapshot repeats
KEYS_MAX = 20_000
SINGLE = "system"  # the channel whose `data` is one object


class Happened(Struct, frozen=True):
    """What tells one trade or liquidation from another."""

    key: str
    trade_id: str = ""
    ts_event: int | None = None
    price: float | None = None
    size: float | None = None
    side: str = ""


class Lines:
    """Makes lines of frames. `left` is how many records may still come, `None` for no end; `skip`, how many
    of the next were written by the run before; `cut`, how many were written of a frame that did not fit."""

    def __init__(self, codec: Codec, limit: int | None = None) -> None:
        self.left = limit
        self.skip = 0
        self.cut: int | None = None
        self._codec = codec
        self._recent: dict[str, deque[Happened]] = {}

    def of(self, frame: Frame, *, repeats: bool = False) -> bytes:
        """The lines of a data frame. `repeats`: it may hold trades that came before; those are left out."""
        data = frame.data
        records = [data] if frame.channel == SINGLE else self._codec.read(data, list[Raw])
        skipped = min(self.skip, len(records))
        self.skip -= skipped
        records = records[skipped:]
        if frame.channel in ("trades", "liquidations"):
            records = self._remembered(records, repeats)
        lines = [self._line(frame, record) for record in records[: self.left]]
        if self.left is not None:
            self.left -= len(lines)
            self.cut = skipped + len(lines) if len(lines) < len(records) else None
        lines += [self._removed(frame, key) for key in frame.removed]
        return b"".join(lines)

    def _line(self, frame: Frame, record: Raw) -> bytes:
        return self._ended(
            self._codec.bytes_of({"channel": frame.channel, "type": frame.type, "data": record})
        )

    def _removed(self, frame: Frame, key: str) -> bytes:
        gone = {"channel": frame.channel, "type": "removed", "data": {"key": key}}
        return self._ended(self._codec.bytes_of(gone))

    def _ended(self, encoded: bytes) -> bytes:
        """A MessagePack value knows its own end."""
        return encoded + b"\n" if self._codec.name == "json" else encoded

    def _remembered(self, records: list[Raw], repeats: bool) -> list[Raw]:
        new = []
        for record in records:
            event = self._codec.read(record, Happened)
            recent = self._recent.setdefault(event.key, deque(maxlen=REMEMBERED))
            if repeats and event in recent:
                continue
            recent.append(event)
            new.append(record)
        while len(self._recent) > KEYS_MAX:
            del self._recent[next(iter(self._recent))]
        return new
