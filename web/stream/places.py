"""Which markets tell a channel, and why the others do not: what is not offered is never faked."""

from __future__ import annotations

from msgspec import Struct

from actors.market.instrument import LINEAR, MARKETS
from web.api.keys import offer_of
from web.readmodel import Board
from web.site import Site
from web.stream.options import Channel
from web.wishes import Spellings

# Which of the channels that an exchange has can tell it; the first is named where none is there.
TOLD_BY: dict[Channel, tuple[str, ...]] = {
    "ticker": ("ticker",),
    "quote": ("quote", "ticker"),
    "trades": ("trades",),
    "book": ("book",),
    "bars": ("trades", "candles"),
    "liquidations": ("liquidations",),
    "funding": ("ticker",),
}


class Place(Struct, frozen=True):
    """One market of one exchange. `refusal` is the code of why it does not tell the channel, empty if it
    does; `message` says so in words."""

    board: Board
    market: str
    refusal: str = ""
    message: str = ""

    @property
    def name(self) -> str:
        """Such as `bybit:linear`."""
        return f"{self.board.exchange}:{self.market}"

    def key(self, symbol: str) -> str:
        """The key of one of its symbols."""
        return f"{self.name}:{symbol}"

    @property
    def known(self) -> bool:
        """Whether it is known what there is."""
        return self.board.knows(self.market)

    @property
    def spellings(self) -> Spellings:
        """Its symbols, by every way to write them."""
        return self.board.spellings(self.market)


def places(site: Site, channel: Channel) -> list[Place]:
    """Every market of every exchange, and whether it tells the channel."""
    return [
        _place(site, board, market, channel)
        for board in site.read_model.boards.values()
        for market in dict.fromkeys((*MARKETS, *board.markets()))
    ]


def _place(site: Site, board: Board, market: str, channel: Channel) -> Place:
    wanted = set(TOLD_BY.get(channel, ()))
    offer = offer_of(site, board.exchange, market)
    if channel == "funding" and market != LINEAR:
        return Place(board, market, "not_offered", f"{board.exchange} {market} pays no funding")
    if not wanted or offer is None:
        return Place(board, market)
    if not wanted & set(offer.channels):
        has = ", ".join(offer.channels) or "nothing"
        words = f"{board.exchange} {market} does not offer {channel}; it offers: {has}"
        return Place(board, market, "not_offered", words)
    if not wanted & set(offer.channels) - set(offer.switched_off):
        return Place(board, market, "switched_off", f"this hub does not follow {channel} of {board.exchange}")
    return Place(board, market)
