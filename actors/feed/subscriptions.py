"""PURE: the subscriptions of one connection, from wanted to producing.

What an exchange acknowledges is not what it sends: an acknowledged topic may stay mute for ever, one bad
topic may refuse a whole request, and an acknowledgement may get lost. So each topic is followed
by itself: `wanted` → `asked` → `acknowledged`, then it produces, or is `refused`. Only data makes a topic
produce. A refused request is halved until the culprit stands alone; a refused topic is asked for again
after a long while; a silent one is unsubscribed and subscribed anew at once, with growing pauses in
between, in which it stays subscribed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from actors.exchanges.base import BOOK, Acknowledged, Limits, Refused, Topic
from actors.feed.refusals import Refusals
from actors.feed.stream import Change, Standing, Stream
from actors.market.rhythm import NS_PER_S, Patience

ACKNOWLEDGE_WITHIN_S = 10
ASKS_MAX = 3


class Request(Struct, frozen=True):
    """One message to send: subscribe or unsubscribe `topics` under `request_id`."""

    request_id: int
    topics: tuple[Topic, ...]
    unsubscribe: bool = False


class Subscriptions:
    """Follows the topics of one connection's life. Give it the time, and it tells what to send."""

    def __init__(self, limits: Limits, refusals: Refusals, patience: Patience) -> None:
        self._limits = limits
        self._refusals = refusals
        self._patience = patience
        self._entries: dict[str, Stream] = {}
        self._leaving: list[Topic] = []
        self._requests: dict[int, tuple[str, ...]] = {}
        self._next_request_id = 1
        self._next_at_ns = 0

    # What is wanted

    def want(self, topics: Sequence[Topic]) -> None:
        """Set what is wanted from now on: newcomers will be subscribed, the others unsubscribed."""
        names = {topic.name for topic in topics}
        for name in [name for name in self._entries if name not in names]:
            entry = self._entries.pop(name)
            if entry.state in ("asked", "acknowledged"):
                self._leaving.append(entry.topic)
        for topic in topics:
            self._entries.setdefault(topic.name, Stream(topic))

    def renew(self, name: str) -> bool:
        """Leave a topic and ask for it again, at once. Returns whether it was there to be left."""
        entry = self._entries.get(name)
        if entry is None or entry.state not in ("asked", "acknowledged"):
            return False
        entry.renew()
        self._leaving.append(entry.topic)
        return True

    def next_request(self, now_ns: int) -> Request | None:
        """The next message to send now, or `None`; the exchange's limits of rate and size are kept."""
        if now_ns < self._next_at_ns:
            return None
        leaving = self._take(self._leaving)
        topics = leaving or self._newcomers(now_ns)
        if not topics:
            return None
        unsubscribe = bool(leaving)
        request = Request(self._next_request_id, tuple(topics), unsubscribe)
        self._next_request_id += 1
        self._next_at_ns = now_ns + int(NS_PER_S / self._limits.requests_per_s)
        if not unsubscribe:
            self._asked(request, now_ns)
        return request

    def _take(self, leaving: list[Topic]) -> list[Topic]:
        count = self._limits.topics_per_request
        taken = leaving[:count]
        del leaving[:count]
        return taken

    def _newcomers(self, now_ns: int) -> list[Topic]:
        batch: list[Topic] = []
        room = self._limits.topics_per_request
        for entry in self._askable(now_ns):
            room = min(room, entry.batch_max)
            if len(batch) >= room:
                break
            batch.append(entry.topic)
        return batch

    def _askable(self, now_ns: int) -> Iterable[Stream]:
        suspects: list[Stream] = []
        for name, entry in self._entries.items():
            if entry.state == "refused" and not self._refusals.is_refused(name, now_ns):
                entry.state, entry.asks, entry.batch_max = "wanted", 0, 1
            if entry.state == "wanted":
                if self._refusals.is_refused(name, now_ns):
                    entry.state = "refused"
                elif self._refusals.is_doubtful(name):
                    suspects.append(entry)
                else:
                    yield entry
        if suspects and not any(entry.state == "asked" for entry in self._entries.values()):
            suspects[0].batch_max = 1
            yield suspects[0]

    def _asked(self, request: Request, now_ns: int) -> None:
        self._requests[request.request_id] = tuple(topic.name for topic in request.topics)
        for topic in request.topics:
            entry = self._entries[topic.name]
            entry.state, entry.asked_at_ns, entry.renewing = "asked", now_ns, False
            entry.asks += 1

    # What the exchange answers

    def acknowledged(self, answer: Acknowledged) -> None:
        """The exchange accepted a request, or one topic."""
        names = self._requests.pop(answer.request_id, ()) if answer.request_id is not None else ()
        for name in (*names, *([answer.topic] if answer.topic else [])):
            self._accept(name)

    def refused(self, answer: Refused, now_ns: int) -> None:
        """The exchange refused: convict the topic it names, or halve the request until one stands alone."""
        if answer.request_id is not None and answer.request_id not in self._requests:
            return  # it was an unsubscription: nothing is lost with it
        names = self._requests.pop(answer.request_id, ()) if answer.request_id is not None else ()
        named = answer.topic if answer.topic in self._entries else None
        culprit = named or (names[0] if len(names) == 1 else None)
        if culprit is not None:
            self._convict(culprit, answer.reason, now_ns)
        for name in names:
            entry = self._entries.get(name)
            if entry is not None and name != culprit and entry.state == "asked":
                entry.state, entry.asks = "wanted", 0
                if culprit not in names:
                    entry.batch_max = max(1, len(names) // 2)

    def lost(self, now_ns: int) -> None:
        """The connection dropped: remember who may have caused it."""
        unanswered = [name for name, entry in self._entries.items() if entry.state == "asked"]
        if len(unanswered) == 1 and self._refusals.is_doubtful(unanswered[0]):
            self._convict(unanswered[0], "the connection was dropped when this was asked for", now_ns)
        else:
            self._refusals.suspects.update(unanswered)

    def _accept(self, name: str) -> None:
        self._refusals.clear(name)
        entry = self._entries.get(name)
        if entry is not None and entry.state == "asked":
            entry.state, entry.asks = "acknowledged", 0

    def _convict(self, name: str, words: str, now_ns: int) -> None:
        entry = self._entries.get(name)
        if entry is not None and entry.state != "refused":
            self._refusals.refuse(name, words, now_ns)
            entry.state = "refused"

    # What is heard

    def check(self, heard: Mapping[str, int], now_ns: int) -> list[Change]:
        """Compare what was asked with what is heard, about once a second. Returns what changed."""
        changes: list[Change] = []
        self._forget_answered()
        for name, entry in self._entries.items():
            last_ns = heard.get(name)
            if last_ns is not None and entry.listen(last_ns):
                is_answer = last_ns >= entry.asked_at_ns and not entry.renewing
                if entry.state != "acknowledged" and is_answer:
                    self._accept(name)
                    entry.state = "acknowledged"
                changes += self._changed(entry)
            if entry.state == "asked" and now_ns - entry.asked_at_ns > ACKNOWLEDGE_WITHIN_S * NS_PER_S:
                self._ask_again(entry, now_ns, max(heard.values(), default=0))
            elif entry.state == "acknowledged" and entry.is_mute(now_ns, self._patience):
                entry.silent = True
                changes += self._changed(entry, entry.silence(now_ns))
                if now_ns >= entry.mute_until_ns:
                    entry.revive(now_ns)
                    self._leaving.append(entry.topic)
            changes += self._changed(entry)
        return changes

    def _changed(self, entry: Stream, words: str = "") -> Iterator[Change]:
        """What is to be told of a topic since it was last told."""
        before, now = entry.told, entry.standing
        if before == now:
            return
        entry.told = now
        if now == "refused":
            yield Change(entry.topic, "refused", self._refusals.words(entry.topic.name))
        elif now == "carried":
            yield Change(entry.topic, "carried" if before == "waiting" else "heard")
        elif now == "silent":
            yield Change(entry.topic, "silent", words)

    def _forget_answered(self) -> None:
        """Some exchanges answer by topic, so that their answers close no request."""
        asked = {name for name, entry in self._entries.items() if entry.state == "asked"}
        self._requests = {
            request_id: names for request_id, names in self._requests.items() if not asked.isdisjoint(names)
        }

    def _ask_again(self, entry: Stream, now_ns: int, newest_ns: int) -> None:
        """A connection that has said nothing since then is stalled: that is not the topic's fault."""
        entry.state = "wanted"
        if entry.asks >= ASKS_MAX and newest_ns > entry.asked_at_ns:
            self._convict(entry.topic.name, "never answered", now_ns)
        entry.batch_max = 1 if entry.asks > 1 else entry.batch_max

    # What is known

    def is_empty(self) -> bool:
        """Whether nothing is wanted."""
        return not self._entries

    def is_settled(self, *, books: bool = True) -> bool:
        """Whether everything that was wanted is refused or acknowledged, and what must speak produces."""
        entries = (each for each in self._entries.values() if books or each.topic.channel != BOOK)
        return all(entry.carried or entry.state == "refused" for entry in entries)

    def producing(self) -> set[str]:
        """The symbols of which every topic is acknowledged, and has spoken if it must. Books come and go with
        their readers: they do not count."""
        entries = [entry for entry in self._entries.values() if entry.topic.channel != BOOK]
        lacking = {entry.topic.symbol for entry in entries if not entry.carried}
        return {entry.topic.symbol for entry in entries} - lacking

    def standings(self) -> dict[Topic, tuple[Standing, str]]:
        """Where each topic stands, and the words of the exchange where it refused one."""
        return {
            entry.topic: (entry.standing, self._refusals.words(name)) for name, entry in self._entries.items()
        }

    def is_steady(self) -> bool:
        """Whether any topic repeats itself, so that the silence of all means something."""
        return any(entry.topic.steady for entry in self._entries.values())

    def is_mostly_silent(self) -> bool:
        """Whether more than half of the steady topics, and at least two, spoke and fell silent."""
        steady = [entry for entry in self._entries.values() if entry.topic.steady]
        silent = sum(1 for entry in steady if entry.silent and entry.rhythm is not None)
        return silent >= 2 and silent > len(steady) / 2

    def silent(self) -> list[Topic]:
        """The topics that were acknowledged and fell silent, or never spoke."""
        return [entry.topic for entry in self._entries.values() if entry.silent]

    def refusals(self) -> dict[str, str]:
        """The symbols that miss something because the exchange refused it, and its words about the first."""
        return {
            entry.topic.symbol: self._refusals.words(name)
            for name, entry in reversed(self._entries.items())
            if entry.state == "refused"
        }
