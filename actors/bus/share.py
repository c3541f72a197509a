"""What this node carries of each market: its share of the selection, which changes as nodes come and go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import trio
from msgspec import structs

from actors.bus.sharing import carriers
from actors.market.feeds import MarketStatus
from actors.market.selection import Selection


@dataclass
class Share:
    """Stands between a market's listing and its fleet: `follow` what is selected, as far as it is ours.

    `nodes` tells who carries instruments now. What another node has taken over is followed for `overlap_s`
    more, so that there is always somebody who tells it, and is `released` after that. What somebody followed
    before us (`resumes`: the whole hub did) is noted in the market's status, so that its missed trades are
    asked for.
    """

    status: MarketStatus
    follow_all: Callable[[Selection], Awaitable[None]]
    nodes: Callable[[], Sequence[str]]
    me: str
    copies: int
    overlap_s: float
    released: Callable[[list[str]], None]
    took_over: Callable[[int], None]
    resumes: Callable[[], bool]
    _selection: Selection | None = None
    _nodes: tuple[str, ...] = ()
    _leaving: dict[str, float] = field(default_factory=dict)
    _order: trio.Lock = field(default_factory=trio.Lock)

    async def follow(self, selection: Selection) -> None:
        """The listing says what is wanted in all."""
        async with self._order:
            self._selection, self._nodes = selection, tuple(self.nodes())
            await self._arrange(selection)

    async def refresh(self) -> None:
        """Nodes may have come or gone, and what was kept for a while may be over."""
        async with self._order:
            nodes, selection = tuple(self.nodes()), self._selection
            now = trio.current_time()
            due = [symbol for symbol, until in self._leaving.items() if until <= now]
            if selection is not None and (nodes != self._nodes or due):
                self._nodes = nodes
                await self._arrange(selection)

    async def _arrange(self, selection: Selection) -> None:
        mine = {symbol for symbol in selection.symbols if self._is_mine(symbol)}
        carried = self.status.followed
        now = trio.current_time()
        for symbol in carried - mine:
            self._leaving.setdefault(symbol, now + self.overlap_s)
        gone = sorted(symbol for symbol, until in self._leaving.items() if symbol in mine or until <= now)
        for symbol in gone:
            del self._leaving[symbol]
        gained = mine - carried
        if carried or self.resumes():
            self.status.inherited |= gained
        if carried and gained:
            self.took_over(len(gained))
        kept = mine | (self._leaving.keys() & set(selection.symbols))
        symbols = tuple(symbol for symbol in selection.symbols if symbol in kept)
        self.status.is_idle = bool(selection.symbols) and not symbols
        await self.follow_all(structs.replace(selection, symbols=symbols))
        if left := [symbol for symbol in gone if symbol not in mine]:
            self.released(left)

    def _is_mine(self, symbol: str) -> bool:
        place = (self.status.exchange, self.status.market, symbol)
        return self.me in carriers(self._nodes, place, self.copies)
