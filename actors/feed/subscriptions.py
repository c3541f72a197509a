"""PURE: the subscriptions of one connection, from wanted to producing.

What an exchange acknowledges is not what it sends: an acknowledged topic may stay mute for ever, one bad
topic may refuse a whole request, and an acknowledgement may get lost. So each topic is followed
by itself: `wanted` → `asked` → `acknowledged`, then it produces, or is `refused`. Only data makes a topic
produce. A refused request is halved until the culprit stands alone; a refused topic is asked for again
after a long while; a silent one is unsubscribed and subscribed anew at once, with growing pauses in
between, in which it stays subscribed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from actors.exchanges.base import Acknowledged, Limits, Refused, Topic
from actors.feed.refusals import Refusals
from actors.market.rhythm import NS_PER_S, Patience, Rhythm

State: TypeAlias = Literal["wanted", "asked", "acknowledged", "refused"]

ACKNOWLEDGE_WITHIN_S = 10
MUTE_AFTER_S = 15
MUTE_RETRY_S = 30
MUTE_RETRY_MAX_S = 600
ASKS_MAX = 3


class Request(Struct, frozen=True):
    """One message to send: subscribe or unsubscribe `topics` under `request_id`."""

    request_id: int
    topics: tuple[Topic, ...]
    unsubscribe: bool = False


class _Entry:
    __slots__ = (
        "asked_at_ns",
        "asks",
        "batch_max",
        "mute_count",
        "mute_until_ns",
        "rhythm",
        "silent",
        "state",
        "topic",
    )

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.state: State = "wanted"
        self.batch_max = 1_000_000
        self.asks = 0
        self.asked_at_ns = 0
        self.rhythm: Rhythm | None = None
        self.silent = False
        self.mute_count = 0
        self.mute_until_ns = 0

    @property
    def carried(self) -> bool:
        """Whether all is well with it: it produces, or need not say anything."""
        if self.silent:
            return False
        return self.rhythm is not None or (not self.topic.greets and self.state == "acknowledged")


class Change(Struct, frozen=True):
    """A topic fell silent, or was heard again."""

    topic: Topic
    silent: bool


class Subscriptions:
    """Follows the topics of one connection's life. Give it the time, and it tells what to send."""

    def __init__(self, limits: Limits, refusals: Refusals, patience: Patience) -> None:
        self._limits = limits
        self._refusals = refusals
        self._patience = patience
        self._entries: dict[str, _Entry] = {}
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
            self._entries.setdefault(topic.name, _Entry(topic))

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

    def _askable(self, now_ns: int) -> Iterable[_Entry]:
        suspects: list[_Entry] = []
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
            entry.state, entry.asked_at_ns = "asked", now_ns
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
            if last_ns is not None and self._listen(entry, last_ns):
                changes.append(Change(entry.topic, silent=False))
            if entry.state == "asked" and now_ns - entry.asked_at_ns > ACKNOWLEDGE_WITHIN_S * NS_PER_S:
                self._ask_again(entry, now_ns)
            elif entry.state == "acknowledged" and self._is_mute(entry, now_ns):
                if not entry.silent:
                    entry.silent = True
                    changes.append(Change(entry.topic, silent=True))
                if now_ns >= entry.mute_until_ns:
                    self._revive(entry, now_ns)
        return changes

    def _forget_answered(self) -> None:
        """Some exchanges answer by topic, so that their answers close no request."""
        asked = {name for name, entry in self._entries.items() if entry.state == "asked"}
        self._requests = {
            request_id: names for request_id, names in self._requests.items() if not asked.isdisjoint(names)
        }

    def _listen(self, entry: _Entry, last_ns: int) -> bool:
        """Note a topic's newest data. Returns whether it had been silent."""
        if not entry.asked_at_ns or (entry.rhythm is None and last_ns < entry.asked_at_ns):
            return False  # it is from before the topic was left, and is wanted again
        if entry.rhythm is None:
            entry.rhythm = Rhythm(last_ns)
        elif last_ns <= entry.rhythm.last_ns:
            return False
        else:
            entry.rhythm.beat(last_ns)
        if entry.state != "acknowledged":
            self._accept(entry.topic.name)
            entry.state = "acknowledged"
        was_silent, entry.silent, entry.mute_count = entry.silent, False, 0
        return was_silent

    def _is_mute(self, entry: _Entry, now_ns: int) -> bool:
        if entry.rhythm is None:
            return entry.topic.greets and now_ns - entry.asked_at_ns > MUTE_AFTER_S * NS_PER_S
        since_ns = max(entry.rhythm.last_ns, entry.asked_at_ns)
        return now_ns - since_ns > entry.rhythm.threshold_ns(self._patience, steady=entry.topic.steady)

    def _ask_again(self, entry: _Entry, now_ns: int) -> None:
        entry.state = "wanted"
        if entry.asks >= ASKS_MAX:
            self._convict(entry.topic.name, "never answered", now_ns)
        entry.batch_max = 1 if entry.asks > 1 else entry.batch_max

    def _revive(self, entry: _Entry, now_ns: int) -> None:
        """Leave a silent topic and ask for it again; the next time, only after a longer pause."""
        entry.state = "wanted"
        pause_s = min(MUTE_RETRY_S * 2 ** min(entry.mute_count, 16), MUTE_RETRY_MAX_S)
        entry.mute_count += 1
        entry.mute_until_ns = now_ns + pause_s * NS_PER_S
        self._leaving.append(entry.topic)

    # What is known

    def is_settled(self) -> bool:
        """Whether everything that was wanted is refused or acknowledged, and what must speak produces."""
        return all(entry.carried or entry.state == "refused" for entry in self._entries.values())

    def producing(self) -> set[str]:
        """The symbols of which every topic is acknowledged, and has spoken if it must."""
        lacking = {entry.topic.symbol for entry in self._entries.values() if not entry.carried}
        return {entry.topic.symbol for entry in self._entries.values()} - lacking

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
        """The symbols that miss something because the exchange refused it, and its words."""
        return {
            entry.topic.symbol: self._refusals.refused[name].words
            for name, entry in self._entries.items()
            if entry.state == "refused" and name in self._refusals.refused
        }
