"""Which records a query means: of one market or both, of some symbols or all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actors.market.tick import Pair, Record
from web.api.queries import Select
from web.readmodel import Board
from web.wishes import Spellings


def picked(boards: Iterable[Board], query: Select) -> Iterator[Record]:
    """The records that `query` means, in the order of the exchanges."""
    for board in boards:
        for pair in wanted_pairs(board, query, board.entries):
            yield board.entries[pair].record


def wanted_pairs(board: Board, query: Select, known: Iterable[Pair]) -> list[Pair]:
    """Those of the `known` instruments of an exchange that `query` means."""
    if query.symbols:
        kept = set(known)
        return [pair for pair in named_pairs(board, query) if pair in kept]
    return [pair for pair in known if query.market in (None, pair[0])]


def named_pairs(board: Board, query: Select) -> dict[Pair, None]:
    """The instruments that the symbols of `query` mean at one exchange, in the order of the symbols."""
    return {pair: None for pairs in meanings(board, query).values() for pair in pairs}


def meanings(board: Board, query: Select) -> dict[str, list[Pair]]:
    """What each symbol or name of `query` means at one exchange."""
    found: dict[str, list[Pair]] = {symbol: [] for symbol in query.symbols}
    for market in board.markets():
        if query.market in (None, market):
            spellings = Spellings(board.symbols(market), board.names)
            for symbol, pairs in found.items():
                pairs += [(market, each) for each in sorted(spellings.meant(symbol))]
    return found


def misses(boards: list[Board], query: Select) -> dict[str, list[str]]:
    """What `meta` says of symbols that none of the exchanges has; nothing if there are none."""
    known = {symbol for board in boards for symbol, pairs in meanings(board, query).items() if pairs}
    unknown = [symbol for symbol in dict.fromkeys(query.symbols) if symbol not in known]
    return {"unknown_symbols": unknown} if unknown else {}
