"""From the key in an address, such as `bybit:linear:BTCUSDT`, to the instrument that it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches
from itertools import chain, islice
from typing import Any

from msgspec import Struct

from actors.market.tick import Pair
from web.offers import Offer
from web.problems import Problem
from web.readmodel import Board
from web.site import Site
from web.wishes import CANDIDATES_MAX, bad_parameter, resolve

KEY_SHOWN_MAX = 100
NEAREST_MAX = 3


class Target(Struct, frozen=True):
    """One instrument that is followed, and the board on which it stands."""

    board: Board
    pair: Pair

    @property
    def market(self) -> str:
        """The market of the instrument."""
        return self.pair[0]

    @property
    def symbol(self) -> str:
        """The exchange's spelling of the instrument."""
        return self.pair[1]

    @property
    def key(self) -> str:
        """The instrument across all exchanges."""
        return f"{self.board.exchange}:{self.market}:{self.symbol}"


def find(site: Site, key: str) -> Target:
    """The instrument that `key` means: its symbol may be written in lower case, or be our name (BTC-USDT).

    A 404 `Problem` names the nearest keys where there is none, or more than one.
    """
    exchange, _, rest = key.partition(":")
    market, _, wanted = rest.partition(":")
    board, market = site.read_model.boards.get(exchange.lower()), market.lower()
    if board is not None and (market, wanted) in board.entries:
        return Target(board, (market, wanted))
    found = resolve(wanted, board.symbols(market), board.names) if board and wanted else set()
    if board is not None and len(found) == 1:
        return Target(board, (market, found.pop()))
    shown = key[:KEY_SHOWN_MAX]
    if board is not None and found:
        meant = sorted(f"{board.exchange}:{market}:{symbol}" for symbol in found)
        raise no_such_key(f"{shown!r} may mean {' or '.join(meant)}; write it exactly.", meant)
    meant = nearest_keys(site.read_model.boards.values(), shown)
    hint = f" Did you mean {' or '.join(meant)}?" if meant else " A key looks like bybit:linear:BTCUSDT."
    raise no_such_key(f"No instrument with the key {shown!r} is followed.{hint}", meant)


def no_such_key(detail: str, meant: list[str]) -> Problem:
    """The 404 about a key, with what may be meant."""
    return Problem(404, detail, code="unknown_key", nearest=meant)


def nearest_keys(boards: Iterable[Board], wanted: str) -> list[str]:
    """Up to three keys that the writer of `wanted` (a key, a symbol or a name) may have meant.

    The symbol decides; of the places where it is traded, those come first that were written almost so.
    """
    boards, folded = list(boards), wanted.rpartition(":")[2].casefold()
    known = list(islice(_candidates(boards, folded), CANDIDATES_MAX))
    same = [key for symbol, key in known if symbol == folded]
    if same:
        return _most_alike(same, wanted)[:NEAREST_MAX]
    spelled = {symbol for symbol, _ in known}
    near = get_close_matches(folded, spelled, n=NEAREST_MAX, cutoff=0.6)
    places = (_most_alike([key for each, key in known if each == symbol], wanted) for symbol in near)
    return list(islice(chain.from_iterable(places), NEAREST_MAX))


def _most_alike(keys: Iterable[str], wanted: str) -> list[str]:
    folded = wanted.casefold()
    return sorted(keys, key=lambda key: -SequenceMatcher(None, key.casefold(), folded).ratio())


def _candidates(boards: Iterable[Board], folded: str) -> Iterator[tuple[str, str]]:
    """Folded spellings that begin alike, and their keys."""
    for board in boards:
        for market in board.markets():
            for symbol in sorted(board.symbols(market)):
                if symbol.casefold()[:2] == folded[:2]:
                    yield symbol.casefold(), f"{board.exchange}:{market}:{symbol}"


def offer_of(site: Site, exchange: str, market: str) -> Offer | None:
    """What a market offers; `None` while that is not known."""
    offer = site.offers.get((exchange, market))
    report = site.read_model.boards[exchange].reports.get(market)
    return Offer(report.offers) if offer is None and report is not None and report.offers else offer


def offers_of(site: Site, exchange: str) -> dict[str, Offer]:
    """What the markets of an exchange offer, as far as that is known."""
    told = [market for of, market in site.offers if of == exchange]
    markets = dict.fromkeys([*told, *site.read_model.boards[exchange].reports])
    found = {market: offer_of(site, exchange, market) for market in markets}
    return {market: offer for market, offer in found.items() if offer is not None}


def offered(site: Site, target: Target, *channels: str) -> Offer:
    """What the target's market offers; a 404 `Problem` if none of `channels` is among it, or followed.

    Of a market of which nothing is known everything is thought possible.
    """
    offer = offer_of(site, target.board.exchange, target.market)
    if offer is None:
        return Offer(channels)
    if not set(channels) & set(offer.channels):
        raise not_offered(target, channels[0], offer)
    if not set(channels) & set(offer.channels) - set(offer.switched_off):
        raise switched_off(target.board.exchange, channels[0], key=target.key)
    return offer


def switched_off(exchange: str, channel: str, **members: Any) -> Problem:
    """The 404 about a channel that the exchange has, and the settings do not follow."""
    detail = f"This hub does not follow {channel} of {exchange}: [exchange:{exchange}] {channel} = no."
    return Problem(404, detail, code="switched_off", **members, channel=channel)


def not_offered(target: Target, channel: str, offer: Offer) -> Problem:
    """The 404 about a channel that the exchange does not have."""
    where = f"{target.board.exchange} {target.market}"
    has = ", ".join(offer.channels) or "nothing"
    detail = f"{where} does not offer {channel}; it offers: {has}."
    return Problem(404, detail, code="not_offered", key=target.key, channel=channel)


def boards_of(site: Site, exchange: str | None) -> list[Board]:
    """The boards of one exchange, or of all; a 400 `Problem` for one that is not here."""
    boards = site.read_model.boards
    if exchange is None:
        return list(boards.values())
    if exchange.lower() not in boards:
        raise bad_parameter("exchange", exchange[:KEY_SHOWN_MAX], f"one of {', '.join(boards)}")
    return [boards[exchange.lower()]]
