"""The quality of everything that one market of one exchange sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actors.market.events import Following, Gap, State
from actors.market.quality import Stream, worst
from actors.market.rhythm import NS_PER_S, Patience

ORDERLY_NS = NS_PER_S  # a connection tells different streams in order, but for so long


class Qualities:
    """The streams of one market of one exchange, by channel and symbol.

    `changed` collects the streams whose state changed since it was last cleared; `observe` is told of every
    change at once, with the state before it.
    """

    def __init__(
        self, patience: Patience, observe: Callable[[Stream, State], None] = lambda stream, before: None
    ) -> None:
        self._patience = patience
        self._observe = observe
        self._streams: dict[str, dict[str, tuple[Stream, ...]]] = {}  # by channel, by symbol; mostly one
        self._halted: dict[str, str] = {}
        self._left: set[tuple[str, str, str]] = set()
        self._swept_ns = 0
        self.changed: dict[Stream, None] = {}

    def heard(self, symbol: str, channel: str, connection: str, life: int, ts_recv: int) -> None:
        """Data came: the hot path."""
        stream = self._find(symbol, channel, connection)
        if stream is None:
            if self.is_left(symbol, channel, connection):
                return
            stream = self._stream(symbol, channel, connection, life)
        if stream.life != life:
            stream.begin(life)
        if stream.dead:
            return
        stream.denied = None
        stream.beat(ts_recv)
        if stream.state != "live":
            stream.overdue = stream.rhythm.is_silent(self._swept_ns, self._patience, steady=stream.steady)
            self._judge(stream, ts_recv)

    def begin(self, symbol: str, channel: str, connection: str, life: int, now_ns: int) -> Stream:
        """The stream, at least begun in this life."""
        stream = self._stream(symbol, channel, connection, life)
        if stream.life != life:
            stream.begin(life)
            self._judge(stream, now_ns)
        return stream

    def is_older(self, symbol: str, channel: str, connection: str, life: int) -> bool:
        """Whether what a stream has told is of another life than this one."""
        stream = self._find(symbol, channel, connection)
        return stream is not None and stream.life != life

    def follow(self, connection: str, life: int, event: Following) -> None:
        """A connection will carry these channels, and has not spoken."""
        for channel in event.channels:
            self._left.discard((event.symbol, channel, connection))
            stream = self.begin(event.symbol, channel, connection, life, event.ts_recv)
            stream.steady = channel in event.steady
            self._judge(stream, event.ts_recv)

    def inherit(self, connection: str, life: int, event: Following) -> list[str]:
        """These streams go over from another connection. Returns the channels of those that did.

        One that is live remains so: its heir was listening beside it.
        """
        gone: list[str] = []
        for channel in event.channels:
            stream = self._find(event.symbol, channel, event.instead)
            if stream is not None and self._find(event.symbol, channel, connection) is None:
                stream.connection = connection
                stream.life = life if stream.state == "live" else -1
                gone.append(channel)
        return gone

    def abandoned(self, connection: str, life: int, event: Following) -> list[str]:
        """The channels of an instrument that a connection followed in an earlier life, and does not now."""
        return [
            channel
            for channel, by_symbol in self._streams.items()
            if channel not in event.channels
            and any(
                each.connection == connection and each.life < life for each in by_symbol.get(event.symbol, ())
            )
        ]

    def unfollow(self, symbol: str, channel: str, connection: str) -> None:
        """A channel is no longer wanted."""
        stream = self._find(symbol, channel, connection)
        if stream is None:
            return
        self.changed.pop(stream, None)
        self._left.add((symbol, channel, connection))
        by_symbol = self._streams[channel]
        by_symbol[symbol] = tuple(each for each in by_symbol[symbol] if each is not stream)
        if not by_symbol[symbol]:
            del by_symbol[symbol]

    def is_left(self, symbol: str, channel: str, connection: str) -> bool:
        """Whether it was unfollowed: what is still under way of it begins nothing."""
        return (symbol, channel, connection) in self._left

    def remove(self, symbol: str) -> None:
        """Forget an instrument."""
        self._halted.pop(symbol, None)
        self._left = {mark for mark in self._left if mark[0] != symbol}
        for by_symbol in self._streams.values():
            for stream in by_symbol.pop(symbol, ()):
                self.changed.pop(stream, None)

    def up(self, connection: str, life: int, now_ns: int) -> None:
        """A connection is open."""
        for stream in self.all():
            if stream.connection == connection and stream.life == life and not stream.dead:
                stream.up = True
                self._judge(stream, now_ns)

    def down(self, connection: str, life: int, reason: str, now_ns: int) -> None:
        """A connection ended. What rarely speaks was carried for as long as anything came."""
        ended = [each for each in self.all() if each.connection == connection and each.life <= life]
        heard_ns = max([each.rhythm.last_ns for each in ended], default=0)
        for stream in ended:
            stream.end(reason, heard_ns - ORDERLY_NS)
            self._judge(stream, now_ns)

    def reset(self, reason: str, now_ns: int) -> None:
        """Nothing is known for certain until each connection speaks in a new life."""
        for stream in self.all():
            stream.end(reason)
            self._judge(stream, now_ns)

    def silence(self, stream: Stream, topic: str, reason: str, now_ns: int) -> None:
        """A topic fell silent."""
        stream.silent = (stream.silent or {}) | {topic: reason}
        self._judge(stream, now_ns)

    def hear(self, stream: Stream, topic: str, now_ns: int) -> None:
        """A topic is heard again, or was accepted and need not speak."""
        if stream.silent is not None:
            stream.silent.pop(topic, None)
        stream.denied = None
        # A book is nothing without its snapshot, whatever else its stream says: what is there is older.
        if not stream.spoken and stream.channel != "book":
            stream.rhythm.resume(max(now_ns, self._swept_ns))
            stream.up = stream.spoken = not stream.dead
            stream.ever = stream.ever or stream.spoken
        self._judge(stream, now_ns)

    def deny(self, stream: Stream, reason: str, now_ns: int) -> None:
        """The exchange refused it."""
        stream.denied = reason
        self._judge(stream, now_ns)

    def gap(self, stream: Stream, gap: Gap) -> None:
        """Something of its sequence is missing."""
        stream.gap = gap
        stream.gaps += 1
        self._judge(stream, gap.ts_recv)

    def resync(self, stream: Stream, now_ns: int) -> None:
        """What was missing is there, or will never be."""
        if stream.gap is not None:
            stream.gap = None
            stream.resyncs += 1
            self._judge(stream, now_ns)

    def halt(self, symbol: str, reason: str | None, now_ns: int) -> None:
        """The exchange's word for why the instrument does not trade; `None` when it trades."""
        if reason is None:
            self._halted.pop(symbol, None)
        else:
            self._halted[symbol] = reason
        for by_symbol in self._streams.values():
            for stream in by_symbol.get(symbol, ()):
                stream.halted = reason
                self._judge(stream, now_ns)

    def sweep(self, now_ns: int) -> None:
        """Find what has been silent for too long."""
        self._swept_ns = now_ns
        floor_ns = now_ns - self._patience.floor_s * 1e9
        for stream in self.all():
            if stream.spoken and not stream.overdue and stream.rhythm.last_ns < floor_ns:
                stream.overdue = stream.rhythm.is_silent(now_ns, self._patience, steady=stream.steady)
                self._judge(stream, now_ns)

    @property
    def swept_ns(self) -> int:
        """The time of the last sweep."""
        return self._swept_ns

    def state(self, symbol: str, *channels: str) -> State:
        """The state of these channels of an instrument together, of those that it has."""
        streams = (self._streams.get(channel, {}).get(symbol, ()) for channel in channels)
        return worst(stream.state for each in streams for stream in each)

    def threshold_ns(self, stream: Stream) -> float | None:
        """The silence from which on a stream is stale; `None` where silence means nothing."""
        threshold_ns = stream.rhythm.threshold_ns(self._patience, steady=stream.steady)
        return None if threshold_ns == float("inf") else threshold_ns

    def all(self) -> Iterator[Stream]:
        """Every stream."""
        for by_symbol in self._streams.values():
            for streams in by_symbol.values():
                yield from streams

    def find(self, symbol: str, channel: str) -> list[Stream]:
        """The streams of one channel of one instrument."""
        return list(self._streams.get(channel, {}).get(symbol, ()))

    def _stream(self, symbol: str, channel: str, connection: str, life: int) -> Stream:
        stream = self._find(symbol, channel, connection)
        if stream is None:
            stream = Stream(symbol, channel, connection, life)
            by_symbol = self._streams.setdefault(channel, {})
            by_symbol[symbol] = (*by_symbol.get(symbol, ()), stream)
            stream.halted = self._halted.get(symbol)
            self.changed[stream] = None
        return stream

    def _find(self, symbol: str, channel: str, connection: str) -> Stream | None:
        for stream in self._streams.get(channel, {}).get(symbol, ()):
            if stream.connection == connection:
                return stream
        return None

    def _judge(self, stream: Stream, now_ns: int) -> None:
        state, stream.reason = stream.verdict(self._patience)
        if state != stream.state:
            before, stream.state, stream.since_ns = stream.state, state, now_ns
            self.changed[stream] = None
            self._observe(stream, before)
