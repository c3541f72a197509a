"""An exchange that answers subscriptions by script, and a clock for whoever talks to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from actors.exchanges.base import Acknowledged, Limits, Refused, Topic
from actors.feed.refusals import Refusals
from actors.feed.stream import Change
from actors.feed.subscriptions import Request, Subscriptions
from actors.market.rhythm import NS_PER_S, Patience

EPOCH_S = 1_700_000_000
STEP_S = 0.05


def limits(topics_per_request: int = 10, requests_per_s: float = 10.0) -> Limits:
    return Limits(topics_per_request=topics_per_request, requests_per_s=requests_per_s)


def topics(names: Iterable[str], *, steady: bool = True) -> list[Topic]:
    return [Topic(name, name.upper(), "ticker", steady=steady, greets=steady) for name in names]


@dataclass
class Scripted:
    """`bad` topics are refused, `deaf` ones never answered, `mute` ones acknowledged and never fed."""

    bad: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    mute: set[str] = field(default_factory=set)
    drops: bool = False
    by_topic: bool = False
    names_culprit: bool = False
    subscribed: set[str] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    dropped: bool = False

    def take(self, request: Request) -> list[Acknowledged | Refused]:
        self.requests.append(request)
        names = [topic.name for topic in request.topics]
        if request.unsubscribe:
            self.subscribed.difference_update(names)
            return [Acknowledged(request.request_id)]
        culprits = [name for name in names if name in self.bad]
        if culprits and self.drops:
            self.dropped = True
            return []
        if culprits:
            topic = culprits[0] if self.names_culprit else None
            return [Refused("no such topic", None if self.by_topic else request.request_id, topic)]
        answered = [name for name in names if name not in self.deaf]
        self.subscribed.update(answered)
        if self.by_topic:
            return [Acknowledged(topic=name) for name in answered]
        return [Acknowledged(request.request_id)] if answered else []

    def connect(self) -> None:
        self.subscribed, self.dropped = set(), False


class Talk:
    """One connection's subscriptions at an exchange, played second by second as a session would."""

    def __init__(
        self, exchange: Scripted, refusals: Refusals | None = None, limits_: Limits | None = None
    ) -> None:
        self.exchange = exchange
        self.refusals = refusals or Refusals()
        self.limits = limits_ or limits()
        self.now_s = float(EPOCH_S)
        self.connect()

    def connect(self) -> None:
        self.exchange.connect()
        self.heard: dict[str, int] = {}
        self.changes: list[Change] = []
        self.subscriptions = Subscriptions(self.limits, self.refusals, Patience())

    @property
    def now_ns(self) -> int:
        return int(self.now_s * NS_PER_S)

    def ask(self) -> None:
        while not self.exchange.dropped:
            request = self.subscriptions.next_request(self.now_ns)
            if request is None:
                return
            for answer in self.exchange.take(request):
                if isinstance(answer, Acknowledged):
                    self.subscriptions.acknowledged(answer)
                else:
                    self.subscriptions.refused(answer, self.now_ns)

    def run(self, seconds: float) -> None:
        """Let time pass; ends early when the connection drops."""
        for step in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.ask()
            if self.exchange.dropped:
                self.subscriptions.lost(self.now_ns)
                return
            if step % 20 == 0:
                for name in self.exchange.subscribed - self.exchange.mute:
                    self.heard[name] = self.now_ns
                self.changes += self.subscriptions.check(self.heard, self.now_ns)

    def asked(self, name: str) -> list[bool]:
        """Every request for a topic: `True` for a subscription."""
        return [
            not request.unsubscribe
            for request in self.exchange.requests
            if name in {topic.name for topic in request.topics}
        ]
