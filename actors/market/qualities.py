"""The quality of everything that one market of one exchange sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actors.market.events import Following, Gap, State
from actors.market.quality import Stream, worst
from actors.market.rhythm import Patience


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
        self._streams: dict[str, dict[str, dict[str, Stream]]] = {}
        self._halted: dict[str, str] = {}
        self._swept_ns = 0
        self.changed: dict[Stream, None] = {}

    def heard(self, symbol: str, channel: str, connection: str, life: int, ts_recv: int) -> None:
        """Data came: the hot path."""
        try:
            stream = self._streams[channel][symbol][connection]
        except KeyError:
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

    def follow(self, connection: str, life: int, event: Following) -> None:
        """A connection will carry these channels, and has not spoken."""
        for channel in event.channels:
            stream = self.begin(event.symbol, channel, connection, life, event.ts_recv)
            stream.steady = channel in event.steady
            self._judge(stream, event.ts_recv)

    def abandoned(self, connection: str, life: int, event: Following) -> list[str]:
        """The channels of an instrument that a connection followed in an earlier life, and does not now."""
        return [
            channel
            for channel, by_symbol in self._streams.items()
            if channel not in event.channels
            and (stream := by_symbol.get(event.symbol, {}).get(connection)) is not None
            and stream.life < life
        ]

    def unfollow(self, symbol: str, channel: str, connection: str) -> None:
        """A channel is no longer wanted."""
        streams = self._streams.get(channel, {}).get(symbol, {})
        stream = streams.pop(connection, None)
        if stream is not None:
            self.changed.pop(stream, None)
        if not streams:
            self._streams.get(channel, {}).pop(symbol, None)

    def remove(self, symbol: str) -> None:
        """Forget an instrument."""
        self._halted.pop(symbol, None)
        for by_symbol in self._streams.values():
            for stream in by_symbol.pop(symbol, {}).values():
                self.changed.pop(stream, None)

    def up(self, connection: str, life: int, now_ns: int) -> None:
        """A connection is open."""
        for stream in self.all():
            if stream.connection == connection and stream.life == life and not stream.dead:
                stream.up = True
                self._judge(stream, now_ns)

    def down(self, connection: str, life: int, reason: str, now_ns: int) -> None:
        """A connection ended."""
        for stream in self.all():
            if stream.connection == connection and stream.life <= life:
                stream.end(reason)
                self._judge(stream, now_ns)

    def reset(self, reason: str, now_ns: int) -> None:
        """Nothing is known for certain until each connection speaks in a new life."""
        for stream in self.all():
            stream.end(reason)
            self._judge(stream, now_ns)

    def silence(self, stream: Stream, topic: str, reason: str, now_ns: int) -> None:
        """A topic fell silent."""
        stream.silent[topic] = reason
        self._judge(stream, now_ns)

    def hear(self, stream: Stream, topic: str, now_ns: int) -> None:
        """A topic is heard again, or was accepted and need not speak."""
        stream.silent.pop(topic, None)
        stream.denied = None
        if not stream.spoken:
            stream.rhythm.resume(max(now_ns, self._swept_ns))
            stream.up = stream.spoken = not stream.dead
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
            for stream in by_symbol.get(symbol, {}).values():
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

    def state(self, symbol: str, *channels: str) -> State:
        """The state of these channels of an instrument together, of those that it has."""
        streams = (self._streams.get(channel, {}).get(symbol, {}) for channel in channels)
        return worst(stream.state for each in streams for stream in each.values())

    def threshold_ns(self, stream: Stream) -> float | None:
        """The silence from which on a stream is stale; `None` where silence means nothing."""
        threshold_ns = stream.rhythm.threshold_ns(self._patience, steady=stream.steady)
        return None if threshold_ns == float("inf") else threshold_ns

    def all(self) -> Iterator[Stream]:
        """Every stream."""
        for by_symbol in self._streams.values():
            for streams in by_symbol.values():
                yield from streams.values()

    def find(self, symbol: str, channel: str) -> list[Stream]:
        """The streams of one channel of one instrument."""
        return list(self._streams.get(channel, {}).get(symbol, {}).values())

    def _stream(self, symbol: str, channel: str, connection: str, life: int) -> Stream:
        streams = self._streams.setdefault(channel, {}).setdefault(symbol, {})
        stream = streams.get(connection)
        if stream is None:
            stream = streams[connection] = Stream(symbol, channel, connection, life)
            stream.halted = self._halted.get(symbol)
            self.changed[stream] = None
        return stream

    def _judge(self, stream: Stream, now_ns: int) -> None:
        state, stream.reason = stream.verdict(self._patience)
        if state != stream.state:
            before, stream.state, stream.since_ns = stream.state, state, now_ns
            self.changed[stream] = None
            self._observe(stream, before)
