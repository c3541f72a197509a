"""The dialect of the older hub, on the same socket: prices of one exchange, in a list every 100 ms.

`Basket` is what one client of it wants; it says what changed since it was asked last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from actors.market.instrument import LINEAR, SPOT
from actors.market.tick import Pair
from web.readmodel import Board, ReadModel
from web.stream.decoding import shown
from web.stream.errors import RequestError, did_you_mean
from web.stream.params import convert
from web.wishes import SYMBOL_CHARACTERS_MAX, SYMBOLS_MAX, Spellings

SEED_EXCHANGE = "bybit"
INTERVAL_S = 0.1
WANTED_MAX = 2 * SYMBOLS_MAX  # each symbol in both markets
SeedMarket: TypeAlias = Literal["SPOT", "FUTURES"]
MARKETS: dict[SeedMarket, str] = {"SPOT": SPOT, "FUTURES": LINEAR}
MARKET_NAMES: dict[str, SeedMarket] = {market: name for name, market in MARKETS.items()}
Symbols: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=SYMBOL_CHARACTERS_MAX)], ...],
    Meta(min_length=1, max_length=SYMBOLS_MAX, description="Such as BTCUSDT."),
]


class Subscribing(Struct, frozen=True, kw_only=True, tag_field="type", tag="subscribe"):
    """More symbols, of one market or of both."""

    symbols: Symbols
    market: SeedMarket | UnsetType | None = UNSET


class Unsubscribing(Struct, frozen=True, kw_only=True, tag_field="type", tag="unsubscribe"):
    """Fewer symbols; without any, none at all."""

    symbols: Symbols | UnsetType = UNSET
    market: SeedMarket | UnsetType | None = UNSET


class Pinging(Struct, frozen=True, tag_field="type", tag="ping"):
    """A sign of life, to be answered by one."""


Said: TypeAlias = Subscribing | Unsubscribing | Pinging
SAID: dict[str, type[Said]] = {
    "subscribe": Subscribing,
    "unsubscribe": Unsubscribing,
    "ping": Pinging,
}


class Subscribed(Struct, frozen=True, tag_field="type", tag="subscribed"):
    """The answer to `subscribe`: the symbols that it named, as they are spelled."""

    symbols: list[str]


class Unsubscribed(Struct, frozen=True, tag_field="type", tag="unsubscribed"):
    """The answer to `unsubscribe`: the symbols that are no longer sent."""

    symbols: list[str]


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to `ping`."""


class Refused(Struct, frozen=True, tag_field="type", tag="error"):
    """A message that is not understood."""

    code: str
    message: str


class PriceTick(Struct, frozen=True):
    """One price; `timestamp` is Unix ms."""

    symbol: str
    price: float
    market: SeedMarket
    timestamp: int


def read(said: Mapping[str, Any]) -> Said:
    """Understand a message of the dialect. Raises `RequestError` with `dialect` set."""
    kind = said["type"]
    try:
        if not isinstance(kind, str) or kind not in SAID:
            right = f"one of {', '.join(SAID)}, or a message with a method"
            hint = did_you_mean(kind, SAID) if isinstance(kind, str) else ""
            words = f"type={shown(kind)} is not understood; expected {right}.{hint}"
            raise RequestError("unknown_method", words, field="type")
        return convert({name: said[name] for name in said if name != "type"}, SAID[kind], f"type {kind}")
    except RequestError as error:
        error.dialect = True
        raise


def refused(error: RequestError) -> Refused:
    """The answer to a message that is not understood."""
    return Refused(error.code, error.message)


def board_of(read_model: ReadModel) -> Board | None:
    """The exchange whose prices the dialect tells; `None` in a hub that does not read it."""
    return read_model.boards.get(SEED_EXCHANGE)


class Basket:
    """The symbols that one client of the dialect wants, and what of their prices it has.

    A symbol that is not known yet joins when it is listed.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._wanted: dict[tuple[str, str], None] = {}  # (market, symbol as it was written)
        self._listing = -1
        self._pairs: dict[Pair, None] = {}
        self._told: dict[Pair, float] = {}

    def __len__(self) -> int:
        return len(self._wanted)

    def subscribe(self, said: Subscribing) -> Subscribed:
        """Want more. A `RequestError` beyond `SYMBOLS_MAX` symbols in all."""
        more = {(market, symbol): None for symbol in said.symbols for market in markets_of(said.market)}
        if len(self._wanted | more) > WANTED_MAX:
            words = f"symbols: more than {SYMBOLS_MAX} in all; expected fewer."
            raise RequestError("limit_exceeded", words, field="symbols", dialect=True)
        self._wanted |= more
        self._listing = -1
        for pair in self._meant(more):
            self._told.pop(pair, None)
        return Subscribed([self._spelled(each, said.market) for each in said.symbols])

    def unsubscribe(self, said: Unsubscribing) -> Unsubscribed:
        """Want less: what is named, in one market or in both, or everything."""
        if said.symbols is UNSET:
            gone = {each: None for each in self._wanted if each[0] in markets_of(said.market)}
        else:
            folded = {
                (market, each.casefold()) for each in said.symbols for market in markets_of(said.market)
            }
            gone = {each: None for each in self._wanted if (each[0], each[1].casefold()) in folded}
        for each in gone:
            del self._wanted[each]
        self._listing = -1
        return Unsubscribed(list(dict.fromkeys(symbol for _, symbol in gone)))

    def changed(self) -> list[PriceTick]:
        """The prices that changed since the last call, the newest only, and of live records only."""
        if self._listing != self._board.listing:
            self._listing = self._board.listing
            self._pairs = self._meant(self._wanted)
            self._told = {pair: told for pair, told in self._told.items() if pair in self._pairs}
        return [tick for pair in self._pairs if (tick := self._tick(pair)) is not None]

    def _tick(self, pair: Pair) -> PriceTick | None:
        entry = self._board.entries.get(pair)
        price = entry.record.ticker.price if entry is not None else None
        if entry is None or price is None or entry.record.stale or self._told.get(pair) == price:
            return None
        self._told[pair] = price
        ticker = entry.record.ticker
        timestamp = (ticker.ts_event or ticker.ts_recv) // 1_000_000
        return PriceTick(pair[1], price, MARKET_NAMES[pair[0]], timestamp)

    def _meant(self, wanted: Iterable[tuple[str, str]]) -> dict[Pair, None]:
        spellings = {
            market: Spellings(self._board.symbols(market), self._board.names) for market in MARKET_NAMES
        }
        return {
            (market, each): None
            for market, symbol in wanted
            for each in sorted(spellings[market].meant(symbol))
        }

    def _spelled(self, symbol: str, market: Any) -> str:
        meant = self._meant((of, symbol) for of in markets_of(market))
        return next((each for _, each in meant), symbol)


def markets_of(market: SeedMarket | UnsetType | None) -> tuple[str, ...]:
    """The markets that a message means: both, unless it names one."""
    return (MARKETS[market],) if isinstance(market, str) else tuple(MARKET_NAMES)
