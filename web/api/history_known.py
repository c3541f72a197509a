"""Which instrument is meant: one that is followed, or one of which history remembers something."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from actors.market.instrument import LINEAR, SPOT
from actors.market.rows import TickRow
from actors.sinks.base import History, InstrumentKey
from web.api.history_desk import Desk
from web.api.keys import find
from web.problems import Problem
from web.site import Site
from web.wishes import bad_parameter, resolve

MARKET_OF = {"SPOT": SPOT, "FUTURES": LINEAR}
PRICES_NAME_OF = {market: name for name, market in MARKET_OF.items()}


def key_of(of: InstrumentKey) -> str:
    """An instrument across all exchanges, such as `bybit:linear:BTCUSDT`."""
    return f"{of.exchange}:{of.market}:{of.symbol}"


async def known(site: Site, desk: Desk, key: str) -> InstrumentKey:
    """The instrument that `key` means, in the exchange's spelling; a 404 `Problem` if there is none.

    Nothing else of what a caller writes names an instrument to history.
    """
    try:
        target = find(site, key)
    except Problem:
        remembered = await recall(desk, key)
        if remembered is None:
            raise
        return remembered
    return InstrumentKey(target.board.exchange, target.market, target.symbol)


async def recall(desk: Desk, key: str) -> InstrumentKey | None:
    """The instrument that `key` means, if it is not followed any more and history has it."""
    exchange, _, rest = key.partition(":")
    market, _, wanted = rest.partition(":")
    exchange, market = exchange.lower(), market.lower()
    kept = await remembered(desk)
    symbols = {each.symbol for each in kept if (each.exchange, each.market) == (exchange, market)}
    meant = resolve(wanted, symbols)
    return InstrumentKey(exchange, market, meant.pop()) if len(meant) == 1 else None


async def remembered(desk: Desk) -> Sequence[InstrumentKey]:
    """Every instrument that history has something of, as of a second ago at most."""

    async def ask(history: History) -> list[InstrumentKey]:
        return await history.instruments()

    return await desk.hot.get("instruments", partial(desk.value, ask))


async def newest(desk: Desk, exchange: str | None, market: str | None) -> Sequence[TickRow]:
    """The newest tick of every instrument, as of a second ago at most."""

    async def ask(history: History) -> list[TickRow]:
        return await history.latest(exchange, market)

    return await desk.hot.get(("newest", exchange, market), partial(desk.value, ask))


def market_of(name: str) -> str:
    """The market that `SPOT` or `FUTURES` in an address means; a 400 `Problem` for anything else."""
    market = MARKET_OF.get(name.upper())
    if market is None:
        raise bad_parameter("market", name[:64], f"one of {', '.join(MARKET_OF)}")
    return market
