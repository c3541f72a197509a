"""Who is connected, how many of one address, and who makes way when there is no room left."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from web.guard.addresses import share_of
from web.transport import ClientStream, Wire

Full: TypeAlias = Literal["full", "address"]

# Whoever connects to ask something asks within a round trip.
SILENT_S = 1.0


@dataclass(eq=False)
class Guest:
    """One connection, from its acceptance on: as it came, behind TLS, and then as a client's stream."""

    holder: Wire | ClientStream
    share: str | None
    since_s: float

    @property
    def has_asked(self) -> bool:
        """Whether a whole request has come."""
        return isinstance(self.holder, ClientStream) and self.holder.asked


class Room:
    """At most `most` connections, and `most_of_one` of one address unless it is `exempt`.

    Where all places are taken, the connection makes way that has been silent for longest, if there is one:
    half-open connections, however many, keep nobody out who has something to ask.
    """

    def __init__(self, most: int, most_of_one: int, exempt: Callable[[str], bool]) -> None:
        self.most = most
        self.guests: set[Guest] = set()
        self._most_of_one = most_of_one
        self._exempt = exempt
        self._of_share: Counter[str] = Counter()
        self._silent: OrderedDict[Guest, None] = OrderedDict()

    def enter(self, wire: Wire, address: str, now_s: float) -> Guest | Full:
        """Let a connection in, or say what is full. Whoever made way before has been taken out by
        `longest_silent`."""
        share = None if self._exempt(address) else share_of(address)
        if share is not None and self._of_share[share] >= self._most_of_one:
            return "address"
        if len(self.guests) >= self.most:
            return "full"
        guest = Guest(wire, share, now_s)
        self.guests.add(guest)
        self._silent[guest] = None
        if share is not None:
            self._of_share[share] += 1
        return guest

    def leave(self, guest: Guest) -> None:
        """Forget a connection; a second time does nothing."""
        if guest not in self.guests:
            return
        self.guests.remove(guest)
        self._silent.pop(guest, None)
        if guest.share is not None:
            self._of_share[guest.share] -= 1
            if not self._of_share[guest.share]:
                del self._of_share[guest.share]

    def longest_silent(self, now_s: float) -> Guest | None:
        """Where all places are taken: whoever has asked nothing for longest, and for at least `SILENT_S`. It
        has left."""
        if len(self.guests) < self.most:
            return None
        while self._silent:
            guest = next(iter(self._silent))
            if not guest.has_asked and now_s - guest.since_s < SILENT_S:
                return None
            del self._silent[guest]
            if not guest.has_asked:
                self.leave(guest)
                return guest
        return None
