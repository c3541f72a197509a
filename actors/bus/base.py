"""The contract of a bus: one log that every node reads in the same order, and the nodes that are alive.

    ingest nodes ──publish──▶ log ──read──▶ serve and persist nodes
    every node   ──beat─────▶ notes that expire ──nodes──▶ every node

The log is numbered. A position is a whole number below 2**53 that grows by one with every message; 0 stands
before the first. Numbers mean something within one epoch only: a server that lost the log (emptied, or
restarted without its disk) begins a new epoch. The oldest messages are let go by the transport's own bound.

What travels is opaque here: `actors/bus/wire.py` knows it. A transport never retries: whoever uses it ends
with `BusUnavailable`, and its supervisor begins a new life with a new connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from msgspec import Struct

BODY_BYTES_MAX = 512 * 1024  # no message is larger: NATS takes 1 MiB unless it is told otherwise
READ_MAX = 64  # messages of one reading


class Message(Struct, frozen=True):
    """One message of the log."""

    position: int
    body: bytes


class Extent(Struct, frozen=True):
    """What the log holds: all messages after `kept_after`, up to `newest`. Both are 0 while it is empty.

    A reader who stands before `kept_after` has lost what lay between.
    """

    epoch: str
    kept_after: int
    newest: int


class Bus(Protocol):
    """One connection to the bus, used by one task at a time. Everything raises `BusUnavailable`, with words
    that say which server and what to do, and never show a credential.

    Whatever waits here can be cancelled at once; the connection is not used again after that.
    """

    async def extent(self) -> Extent:
        """What the log holds now."""

    async def publish(self, bodies: Sequence[bytes]) -> None:
        """Append messages in this order, `BODY_BYTES_MAX` each at most, in one journey where there is a way.

        Returns when the server has them. After a failure some of them, the first ones, may be in the log, and
        whoever gives them again may have them there twice.
        """

    async def read(self, after: int, wait_s: float) -> list[Message]:
        """The next messages after a position, in order, `READ_MAX` at most; none if none came in `wait_s`.

        What was let go is left out silently: the positions tell. Raises `BusUnavailable` also when the epoch
        is another than this connection's first, for then `after` means nothing.
        """

    async def beat(self, node: str, body: bytes, ttl_s: float) -> None:
        """Leave a note under the node's name that expires after `ttl_s`, by the server's clock, unless the
        node beats again. Names are letters, digits, `-`, `_` and `.`."""

    async def leave(self, node: str) -> None:
        """Take the note away at once."""

    async def nodes(self) -> dict[str, bytes]:
        """The notes that have not expired, by the nodes' names."""


Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[Bus]]
"""Opens a connection. Entering raises `BusUnavailable` after a few seconds at most, and makes what the
server lacks (a stream, a bucket); leaving lets go of the connection, whatever its state."""
