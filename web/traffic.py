"""What goes through the web's door: who is connected, who was refused, how many bytes went out."""

from __future__ import annotations

from collections import Counter

from web.transport import ClientStream


class Traffic:
    """`goodbyes` counts how sockets ended, by route and by the code that we sent; `gone` where we sent none,
    as the client went first, or took nothing for too long (`stalled`). `made_way` counts connections that
    were dropped as they had asked nothing, and others needed their places."""

    def __init__(self) -> None:
        self.streams: set[ClientStream] = set()
        self.accepted = self.refused = self.stalled = self.made_way = 0
        self.goodbyes: Counter[tuple[str, str]] = Counter()
        self._sent_bytes = 0

    def enter(self, stream: ClientStream) -> None:
        """A connection is served from now on."""
        self.accepted += 1
        self.streams.add(stream)

    def leave(self, stream: ClientStream) -> None:
        """It has ended."""
        if stream in self.streams:
            self.streams.remove(stream)
            self._sent_bytes += stream.sent_bytes
            self.stalled += stream.stalled

    def ended(self, route: str, goodbye: tuple[int, str] | None) -> None:
        """A socket has ended, with the close frame that we sent, if we did."""
        self.goodbyes[route, "gone" if goodbye is None else str(goodbye[0])] += 1

    @property
    def sent_bytes(self) -> int:
        """All that was written to clients."""
        return self._sent_bytes + sum(stream.sent_bytes for stream in self.streams)
