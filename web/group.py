"""What clients with equal wishes share: every frame is built once per tick, whoever receives it.

A client that is still busy with one tick when the next comes asks later, with the number of the tick that it
saw last: it gets the newest, and what lies between is merged, never queued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actors.market.instrument import MARKETS
from web import wire
from web.deflate import deflated_frame
from web.readmodel import Board
from web.wishes import Spellings, Wish

SHARED_FRAMES_MAX = 64
DEFLATE_BYTES_MIN = 1024


class Group:
    """All clients with one wish, and the frames of the current tick that they share.

    `spare` says whether a frame for a single client may be compressed: only while there are few of those.
    """

    def __init__(
        self,
        wish: Wish,
        board: Board,
        now_ns: Callable[[], int],
        spare: Callable[[], bool] = lambda: True,
    ) -> None:
        self.wish = wish
        self.spare = spare
        self.board = board
        self.clients = 0
        self.built = 0
        self._now_ns = now_ns
        self._frames: dict[tuple[str, int], bytes | None] = {}
        self._frames_seq = -1
        self._folded = frozenset(symbol.casefold() for symbol in wish.symbols or ())
        self._pairs: list[tuple[str, str]] = []
        self._listing = -1

    def initial(self) -> bytes:
        """The frame that a new client starts with."""
        return self._shared("initial", 0, self._build_initial) or b""

    def update(self, since: int) -> bytes | None:
        """The frame for a client that last saw tick `since`; `None` when nothing it wants has changed."""
        after = since if self.wish.mode == "changes" else 0
        return self._shared("update", after, lambda: self._build_update(after))

    def heartbeat(self) -> bytes:
        """The frame that says "still here" when no tick or no change came for a while."""
        after = self.board.seq if self.wish.mode == "changes" else 0
        return self._market_data(after, self._bodies(after))

    def unknown_symbols(self) -> list[str]:
        """The wished symbols that nobody knows; empty while nothing at all is known yet."""
        if not self.board.knows(self.wish.market):
            return []
        spellings = Spellings(self.board.symbols(self.wish.market), self.board.names)
        return [each for each in self.wish.symbols or () if not spellings.meant(each)]

    def _shared(self, kind: str, after: int, build: Callable[[], bytes | None]) -> bytes | None:
        if self._frames_seq != self.board.seq:
            self._frames.clear()
            self._frames_seq = self.board.seq
        if (kind, after) in self._frames:
            return self._frames[kind, after]
        self.built += 1
        frame = build()
        # A client alone keeps its frame only while it sends it: a thousand filters cost no memory at rest.
        if self.clients > 1 and len(self._frames) < SHARED_FRAMES_MAX:
            self._frames[kind, after] = frame
        return frame

    def _build_initial(self) -> bytes:
        return self._framed(wire.initial_data(self.wish.exchange, self._bodies(0), self._now_ns()))

    def _build_update(self, after: int) -> bytes | None:
        bodies = self._bodies(after)
        if self.wish.mode == "changes" and not bodies and not self._removed(after):
            return None
        return self._market_data(after, bodies)

    def _market_data(self, after: int, bodies: list[bytes]) -> bytes:
        removed = self._removed(after) if self.wish.mode == "changes" else []
        now_ns = self._now_ns()
        ts_ns = self.board.ts or now_ns
        return self._framed(
            wire.market_data(self.wish.exchange, bodies, ts_ns, now_ns, self.wish.mode, removed)
        )

    def _framed(self, payload: bytes) -> bytes:
        """The payload as a frame; compressed for those who can read that, where it is worth the work."""
        if self.wish.deflate and len(payload) >= DEFLATE_BYTES_MIN and (self.clients > 1 or self.spare()):
            return deflated_frame(payload)
        return wire.text_frame(payload)

    def _bodies(self, after: int) -> list[bytes]:
        """The records that ticks after number `after` brought. A filter costs what it lets pass."""
        entries = self.board.entries
        if self.wish.symbols is not None:
            found = (entries.get(pair) for pair in self._resolved())
            return [each.record.body for each in found if each is not None and each.seq > after]
        market = self.wish.market
        records = self.board.changed_after(after)
        return [record.body for record in records if market in (None, record.market)]

    def _removed(self, after: int) -> list[str]:
        return [
            f"{self.wish.exchange}:{market}:{symbol}"
            for market, symbol in self.board.removed_after(after)
            if self.wish.market in (None, market)
            and (self.wish.symbols is None or symbol.casefold() in self._folded)
        ]

    def _resolved(self) -> list[tuple[str, str]]:
        """The records that the wish means today; looked up again when the listing changed."""
        if self._listing != self.board.listing:
            self._listing = self.board.listing
            self._pairs = self._look_up()
        return self._pairs

    def _look_up(self) -> list[tuple[str, str]]:
        spellings = Spellings(self.board.symbols(self.wish.market), self.board.names)
        symbols = set[str]().union(*(spellings.meant(each) for each in self.wish.symbols or ()))
        markets: Iterable[str] = MARKETS if self.wish.market is None else (self.wish.market,)
        return [(market, symbol) for symbol in sorted(symbols) for market in markets]
