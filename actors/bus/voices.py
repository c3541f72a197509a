"""PURE: who speaks for each instrument, where several nodes carry it, and as whom its readers know it.

1.  For an instrument speaks whoever is best off with it (connected and complete, before connected, before
    neither), and among equals the one that ranks first. That follows from the log alone, so that every reader
    of the log comes to the same answer.
2.  What the others say is remembered and not told.
3.  A change of speakers looks to the market like a reconnection: a new life, with everything told again. The
    streams go over to it (`Following.instead`), so that nothing of them is there twice; and they go before
    the old speaker's end is told, so that who has a stand-in does not become stale.
4.  Of trades, what the new speaker heard while the old one was failing heals what was missed; and what others
    heard before the speaker's own first one is told as well: it may have begun later than it seems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count

from msgspec import structs

from actors.bus.carried import BOOK, TRADES
from actors.bus.memory import Connection, Line, Memory, restated
from actors.bus.sharing import Place, weight
from actors.market.events import (
    Batch,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    Following,
    Quote,
    Removed,
    Source,
    TickerUpdate,
    Trade,
    TradesRecovered,
    Unfollowed,
)

_PLAIN = (TickerUpdate, Quote)


class Voice:
    """One node, as its readers hear it: what it has said, and whether it is heard of now."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.memory = Memory()
        self.is_silent = False
        self.sources: dict[Line, tuple[int, Source]] = {}  # its own life, and what its readers call it

    def connections(self, place: Place) -> list[Connection]:
        """Those that carry an instrument."""
        exchange, market, symbol = place
        return [
            each
            for (of_exchange, of_market, _), each in self.memory.connections.items()
            if of_market == market
            and of_exchange == exchange
            and symbol in each.carried
            and each.carried[symbol].channels
        ]

    def standing(self, place: Place) -> int:
        """How well off it is with it: 0 has none of it, 1 follows it, 2 is connected, 3 complete."""
        found = [] if self.is_silent else self.connections(place)
        if not found:
            return 0
        if any(each.up is None for each in found):
            return 1
        return 3 if all(each.carried[place[2]].ready() for each in found) else 2

    def places(self) -> Iterator[Place]:
        """What it carries."""
        for (exchange, market, _), connection in self.memory.connections.items():
            for symbol in connection.carried:
                yield exchange, market, symbol


class Voices:
    """`say` what a voice says, `silence` it, let it `join`: each returns what the market is to be told.

    `began_ns` is when its reader began to read, in the flow's time.
    """

    def __init__(self) -> None:
        self.began_ns = 0
        self.voices: dict[str, Voice] = {}
        self.speakers: dict[Place, Voice] = {}
        self.dropped: Counter[str] = Counter()  # events that were told by somebody else, by node
        self._names: dict[Place, dict[str, str]] = {}  # the connection by which each channel is known
        self._lives = count(1)

    def say(self, voice: Voice, batch: Batch) -> list[Batch]:
        """Fold what it says, and tell of it what it speaks for: the hot path."""
        connection = voice.memory.note(batch)
        if connection is None:
            return self._listing(batch)
        source = self._source(voice, connection)
        exchange, market, speakers = source.exchange, source.market, self.speakers
        told: list[Event] = []
        last: list[Event] = []
        unsettled: dict[Place, None] = {}
        for event in batch.events:
            symbol = getattr(event, "symbol", None)
            if symbol is None:
                (last if type(event) is FeedDown else told).append(event)
                if type(event) is FeedDown or type(event) is FeedUp:
                    unsettled |= dict.fromkeys((exchange, market, each) for each in connection.carried)
                continue
            place = (exchange, market, symbol)
            if speakers.get(place) is not voice:
                unsettled[place] = None
                if type(event) is Trade and self._is_earlier(place, event):
                    told.append(structs.replace(event, backfill=True))
                else:
                    self.dropped[voice.name] += place in speakers
            elif type(event) in _PLAIN:
                told.append(event)
            else:
                told += self._adapted(place, connection, source, event)
        spoken = [Batch(source, told, batch.fetched)] if told else []
        if unsettled:
            spoken += self._settle(unsettled)
        return [*spoken, Batch(source, last)] if last else spoken

    def silence(self, voice: Voice, reason: str, now_ns: int) -> list[Batch]:
        """Nothing is heard of it: what it carried is told by somebody else, or stale."""
        voice.is_silent = True
        told = self._settle(dict.fromkeys(voice.places()))
        told += [
            Batch(self._source(voice, connection), [FeedDown(reason, now_ns)])
            for connection in voice.memory.connections.values()
        ]
        voice.sources.clear()
        return told

    def join(self, voice: Voice) -> list[Batch]:
        """It is heard (again), and its memory is whole."""
        voice.is_silent = False
        voice.sources.clear()
        told = list(voice.memory.listings())
        mine = [place for place in voice.places() if self.speakers.get(place) is voice]
        for place in mine:
            del self.speakers[place]  # it has to be told again
        return told + self._settle(dict.fromkeys(voice.places()))

    def release(self, voice: Voice, places: Iterable[Place]) -> list[Batch]:
        """It carries these no more."""
        released = dict.fromkeys(places)
        for place in released:
            voice.memory.release(*place)
        return self._settle(released)

    def late(self, voice: Voice, batch: Batch) -> list[Batch]:
        """What comes too late to be current: trades are history all the same."""
        connection = voice.memory.note(batch)
        if connection is None:
            return self._listing(batch)
        trades = [structs.replace(each, backfill=True) for each in batch.events if type(each) is Trade]
        return [Batch(self._source(voice, connection), list(trades))] if trades else []

    # Who speaks

    def _settle(self, places: Iterable[Place]) -> list[Batch]:
        told: list[Batch] = []
        for place in places:
            before = self.speakers.get(place)
            after = self._best(place, before)
            if after is not None and after is not before:
                told += self._hand_over(place, before, after)
        return told

    def _best(self, place: Place, now: Voice | None) -> Voice | None:
        candidates = [(voice.standing(place), voice) for voice in self.voices.values()]
        able = [(standing, weight(voice.name, place), voice) for standing, voice in candidates if standing]
        if not able:
            return now
        return max(able, key=lambda each: each[:2])[2]

    def _adapted(self, place: Place, connection: Connection, source: Source, event: Event) -> Iterable[Event]:
        """What our readers need to hear in place of this. What was fetched of the time before we began to
        read is left out: whoever has read for longer has told it."""
        if isinstance(event, BookDelta | BookSnapshot):
            carried = connection.of(event.symbol)
            if BOOK not in carried.channels:
                return ()
            return (carried.paged(event) if isinstance(event, BookDelta) else event,)
        if isinstance(event, Trade):
            return () if event.backfill and event.ts_event < self.began_ns else (event,)
        if isinstance(event, Following):
            return self._known_as(place, source.connection, event)
        if isinstance(event, TradesRecovered) and event.oldest_ts is not None:
            return (structs.replace(event, oldest_ts=max(event.oldest_ts, self.began_ns)),)
        return (event,)

    def _is_earlier(self, place: Place, trade: Trade) -> bool:
        """Whether a trade may be of before its speaker began to hear of trades."""
        speaker = self.speakers.get(place)
        if speaker is None or trade.backfill:
            return False
        carried = [each.carried[place[2]] for each in speaker.connections(place)]
        since_ns = [each.trades_since_ns for each in carried if TRADES in each.channels]
        return any(ns is None or trade.ts_event <= ns for ns in since_ns)

    def _hand_over(self, place: Place, before: Voice | None, after: Voice) -> list[Batch]:
        """Tell everything of an instrument in the words of its new speaker."""
        self.speakers[place] = after
        told: list[Batch] = []
        for connection in after.connections(place):
            source = self._source(after, connection)
            told += [
                Batch(source, self._renamed(place, source.connection, batch.events), batch.fetched)
                for batch in restated(connection, [place[2]], source)
            ]
        told += self._left(place, after)
        return told + _healing(place, after, told[0].source) if before is not None and told else told

    def _renamed(self, place: Place, connection: str, events: Iterable[Event]) -> list[Event]:
        told: list[Event] = []
        for event in events:
            told += self._known_as(place, connection, event) if isinstance(event, Following) else [event]
        return told

    def _known_as(self, place: Place, connection: str, event: Following) -> list[Event]:
        """The same, by the connection from which each channel is taken over."""
        names = self._names.setdefault(place, {})
        channels: dict[str, list[str]] = {}
        for channel in event.channels:
            before = names.get(channel, connection)
            channels.setdefault("" if before == connection else before, []).append(channel)
            names[channel] = connection
        return [
            structs.replace(
                event,
                channels=tuple(each),
                steady=tuple(channel for channel in each if channel in event.steady),
                instead=before,
            )
            for before, each in channels.items()
        ]

    def _left(self, place: Place, after: Voice) -> list[Batch]:
        """What the new speaker does not follow. A book it will, as soon as it has heard who wants it."""
        exchange, market, symbol = place
        names = self._names.get(place, {})
        followed = {channel for each in after.connections(place) for channel in each.carried[symbol].channels}
        left = [channel for channel in names if channel not in followed and channel != BOOK]
        return [
            Batch(
                Source(exchange, market, names.pop(channel), next(self._lives)), [Unfollowed(symbol, channel)]
            )
            for channel in left
        ]

    def _listing(self, batch: Batch) -> list[Batch]:
        """What an exchange lists, every node tells; twice is as good as once."""
        source = batch.source
        for event in batch.events:
            if isinstance(event, Removed):
                place = (source.exchange, source.market, event.symbol)
                self.speakers.pop(place, None)
                self._names.pop(place, None)
        return [batch]

    def _source(self, voice: Voice, connection: Connection) -> Source:
        """Its name for our readers: no two nodes' connections have the same, and no two lives of one."""
        source = connection.source
        line = (source.exchange, source.market, source.connection)
        known = voice.sources.get(line)
        if known is None or known[0] != source.life:
            name = f"{source.connection}@{voice.name}"
            known = (source.life, Source(source.exchange, source.market, name, next(self._lives)))
            voice.sources[line] = known
        return known[1]


def _healing(place: Place, voice: Voice, source: Source) -> list[Batch]:
    """The trades that a new speaker heard while the old one was failing."""
    told: list[Event] = []
    for connection in voice.connections(place):
        carried = connection.carried[place[2]]
        if carried.trades_since_ns is not None:
            told += [structs.replace(each, backfill=True) for each in carried.trades]
            told.append(TradesRecovered(place[2], carried.trades_since_ns - 1, whole=True))
    return [Batch(source, told)] if told else []
