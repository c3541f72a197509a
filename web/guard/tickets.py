"""Tickets: what a browser shows in place of its token where it cannot send headers. Pure: time is handed in.

The API of a WebSocket and of an EventSource takes a URL and nothing else, and URLs end up in logs, histories
and screenshots. A ticket is good once and for half a minute, so it may stand there.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256

from web.guard.keyring import Holder

TICKET_S = 30.0
TICKET_BYTES = 24
TICKETS_MAX = 10_000
TICKETS_OF_ONE_MAX = 100


@dataclass(frozen=True)
class Ticket:
    """Whose it is, and until when it is good."""

    holder: Holder
    until_s: float


@dataclass
class Tickets:
    """Those that were given out and not used yet; kept as hashes, so that looking one up tells nothing by its
    time."""

    _open: OrderedDict[bytes, Ticket] = field(default_factory=OrderedDict)

    def issue(self, holder: Holder, now_s: float) -> str:
        """A new ticket. Where its holder has too many, or everybody together, the oldest of them goes."""
        self._forget(now_s)
        text = secrets.token_urlsafe(TICKET_BYTES)
        of_holder = [key for key, ticket in self._open.items() if ticket.holder.name == holder.name]
        if len(of_holder) >= TICKETS_OF_ONE_MAX:
            del self._open[of_holder[0]]
        elif len(self._open) >= TICKETS_MAX:
            self._open.popitem(last=False)
        self._open[_key(text)] = Ticket(holder, now_s + TICKET_S)
        return text

    def redeem(self, text: str, now_s: float) -> Holder | None:
        """Whose ticket it is; never a second time. `None` for one that is no good, or no longer."""
        ticket = self._open.pop(_key(text), None)
        return ticket.holder if ticket is not None and now_s < ticket.until_s else None

    def _forget(self, now_s: float) -> None:
        while self._open and next(iter(self._open.values())).until_s <= now_s:
            self._open.popitem(last=False)

    def __len__(self) -> int:
        return len(self._open)


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
