"""What is known about the bus between several machines, as one node sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from msgspec import Struct


class NodeReport(Struct, frozen=True, kw_only=True):
    """One node that is alive: its roles, where its web is, and how far its clock is ahead of ours."""

    name: str
    roles: tuple[str, ...]
    url: str = ""
    clock_ahead_ms: float = 0.0


class BusReport(Struct, frozen=True, kw_only=True):
    """The state of the bus. `waiting_bytes` are published as soon as it takes them again; `dropped` messages
    found no room there. `lost` messages of other nodes never came, `repeated` ones came twice; `standby`
    counts events of nodes that stood by while another spoke. `lag_ms` is how old the newest message was when
    it was read. `took_over` counts the instruments that this node took over from another that was gone. A
    node that reads `has_heard` everything when it knows what all others know.
    """

    kind: str
    node: str
    roles: tuple[str, ...]
    is_up: bool
    error: str | None
    has_heard: bool = True
    nodes: tuple[NodeReport, ...] = ()
    published: int = 0
    published_bytes: int = 0
    waiting_bytes: int = 0
    dropped: int = 0
    read: int = 0
    read_bytes: int = 0
    unreadable: int = 0
    lag_ms: float = 0.0
    took_over: int = 0
    lost: dict[str, int] = {}
    repeated: dict[str, int] = {}
    standby: dict[str, int] = {}


@dataclass
class BusStatus:
    """What the actors of the bus note; `report` is what others read. `errors` are those of connections that
    are down, by what they are for."""

    kind: str
    node: str
    roles: tuple[str, ...]
    has_heard: bool = True
    nodes: tuple[NodeReport, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    published: int = 0
    published_bytes: int = 0
    waiting_bytes: int = 0
    dropped: int = 0
    read: int = 0
    read_bytes: int = 0
    unreadable: int = 0
    lag_ms: float = 0.0
    took_over: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    standby: Counter[str] = field(default_factory=Counter)

    def report(self) -> BusReport:
        """As it is now."""
        return BusReport(
            kind=self.kind,
            node=self.node,
            roles=self.roles,
            is_up=not self.errors,
            error=next(iter(self.errors.values()), None),
            has_heard=self.has_heard,
            nodes=self.nodes,
            published=self.published,
            published_bytes=self.published_bytes,
            waiting_bytes=self.waiting_bytes,
            dropped=self.dropped,
            read=self.read,
            read_bytes=self.read_bytes,
            unreadable=self.unreadable,
            lag_ms=self.lag_ms,
            took_over=self.took_over,
            lost=dict(self.lost),
            repeated=dict(self.repeated),
            standby=dict(self.standby),
        )
