"""Whether a number can be trusted: one state for every channel of every instrument.

    connecting   there is no connection yet, and never was any data
    syncing      connected, and the first data of this connection has not come
    live         the newest data is as new as its stream's rhythm promises
    stale        there is older data, and its stream is silent, or its connection is gone
    gapped       something of the sequence is missing, and is being fetched again
    halted       the exchange says that the instrument does not trade now
    refused      the exchange refuses to send it

Only `live` may be shown as current. A channel may come in streams of several connections: it is as good as
the worst of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from actors.market.events import Gap, State
from actors.market.rhythm import Patience, Rhythm

WORST_FIRST: tuple[State, ...] = (
    "refused",
    "halted",
    "connecting",
    "gapped",
    "stale",
    "syncing",
    "live",
)
_RANK = {state: rank for rank, state in enumerate(WORST_FIRST)}


def worst(states: Iterable[State]) -> State:
    """The state of something that needs all of its parts; of nothing, `connecting`."""
    return min(states, key=_RANK.__getitem__, default="connecting")


class Stream:
    """One channel of one instrument on one connection: what happened to it, and what that makes of it.

    `silent` maps the topics that fell silent to the reason, in words. `carried_ns` is up to when its last
    connection told everything, of a stream whose own data does not tell.
    """

    __slots__ = (
        "carried_ns",
        "channel",
        "connection",
        "dead",
        "denied",
        "ever",
        "gap",
        "gaps",
        "halted",
        "life",
        "lost",
        "messages",
        "messages_told",
        "overdue",
        "reason",
        "resyncs",
        "rhythm",
        "silent",
        "since_ns",
        "spoken",
        "state",
        "steady",
        "symbol",
        "up",
    )

    def __init__(self, symbol: str, channel: str, connection: str, life: int) -> None:
        self.symbol = symbol
        self.channel = channel
        self.connection = connection
        self.life = life
        self.rhythm = Rhythm(0)
        self.steady = True
        self.ever = self.up = self.dead = self.spoken = self.overdue = False
        self.halted: str | None = None
        self.denied: str | None = None
        self.gap: Gap | None = None
        self.lost = ""
        self.silent: dict[str, str] | None = None
        self.messages = self.messages_told = self.gaps = self.resyncs = 0
        self.state: State = "connecting"
        self.since_ns = 0
        self.carried_ns = 0
        self.reason = ""

    def begin(self, life: int) -> None:
        """A new connection: what was said about the earlier one is over."""
        self.life = life
        self.up = self.dead = self.spoken = self.overdue = False
        self.denied = self.gap = None
        self.silent = None

    def end(self, reason: str, carried_ns: int = 0) -> None:
        """The connection is gone, which told all until then: what it left on the way proves nothing."""
        self.dead = True
        self.carried_ns = 0 if self.steady else carried_ns
        self.up = self.spoken = False
        self.lost = reason
        self.gap = None
        self.silent = None

    def beat(self, ts_recv: int) -> None:
        """Data came."""
        if self.spoken:
            self.rhythm.beat(ts_recv)
        else:
            self.rhythm.resume(ts_recv)
            self.ever = self.up = self.spoken = True
        self.messages += 1

    def verdict(self, patience: Patience) -> tuple[State, str]:
        """The state, and the reason in words, that follow from everything that is known."""
        if self.denied is not None:
            return "refused", self.denied
        if self.halted is not None:
            return "halted", f"the exchange says {self.halted}"
        if not self.up:
            return ("stale" if self.ever else "connecting"), self.lost
        if self.gap is not None:
            return "gapped", self.gap.reason
        if self.silent:
            return "stale", next(iter(self.silent.values())) or f"{next(iter(self.silent))} is silent"
        if not self.spoken:
            return "syncing", "no data yet on this connection"
        if self.overdue:
            allowed_s = self.rhythm.threshold_ns(patience, steady=self.steady) / 1e9
            return "stale", f"no data for more than {allowed_s:.1f} s"
        return "live", ""
