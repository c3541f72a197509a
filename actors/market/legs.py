"""One asset's legs: the instruments of all exchanges and markets that trade it, made comparable.

An asset is a base coin in one group of quotes. Everything that is meant to be worth a dollar is one group,
`USD`, so that BTC-USDT, BTC-USDC and BTC-USD are legs of one asset; a few bps between them may be the
stablecoins' own, which is why each leg says its `quote`. Any other quote (EUR, BTC) is a group by itself.

Prices and sizes are per unit of the coin: 1000PEPE at 0.012 is PEPE at 0.000012.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from actors.market.derived import funding_apr, funding_rate_8h, mid_of, open_interest_value
from actors.market.events import State
from actors.market.instrument import Instrument
from actors.market.ticker import Ticker

DOLLARS = frozenset(
    {"USD", "USDT", "USDC", "USDE", "USDH", "FDUSD", "TUSD", "USD1", "DAI", "PYUSD", "RLUSD", "USDT0", "BUSD"}
)
SAME_COIN_WITHIN = 2.0


class Leg(Struct, frozen=True, kw_only=True):
    """One instrument of an asset. Prices are in its own quote per unit of the coin, sizes in coins.

    `left_out` says why it does not count: its quality where that is not `live`, `crossed`, `no quote`, or
    `another coin`, for a price that is out of reach of the busiest leg's. A leg without a quote still
    counts for funding: see `priced`.
    """

    key: str
    exchange: str
    market: str
    symbol: str
    quote: str
    multiplier: float
    quality: State
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    mid: float | None
    price: float | None
    funding_rate_8h: float | None
    funding_apr: float | None
    open_interest_value: float | None
    turnover_24h: float | None
    ts_recv: int
    left_out: str | None = None

    @property
    def live(self) -> bool:
        """Whether it is current and of this coin; its funding counts then."""
        return self.left_out in (None, "no quote", "crossed")

    @property
    def priced(self) -> bool:
        """Whether its bid and ask, as far as there are any, count."""
        return self.left_out is None


def group_of(quote: str) -> str:
    """The group of quotes that can be compared: `USD` for everything that is meant to be a dollar."""
    return "USD" if quote.upper() in DOLLARS else quote


def legs_by_asset(
    tickers: Iterable[Ticker], instruments: Mapping[str, Instrument]
) -> dict[tuple[str, str], list[Leg]]:
    """The legs of each (base coin, group of quotes), the busiest first.

    `instruments` are by key. A ticker without its instrument is left out: what it counts is not known.
    """
    found: dict[tuple[str, str], list[Leg]] = {}
    for ticker in tickers:
        instrument = instruments.get(ticker.key)
        if instrument is not None and instrument.multiplier > 0.0:
            asset = instrument.base.upper(), group_of(instrument.quote)
            found.setdefault(asset, []).append(_leg(ticker, instrument))
    return {asset: _compared(legs) for asset, legs in found.items()}


def _leg(ticker: Ticker, instrument: Instrument) -> Leg:
    units = instrument.multiplier
    return Leg(
        key=ticker.key,
        exchange=ticker.exchange,
        market=ticker.market,
        symbol=ticker.symbol,
        quote=instrument.quote,
        multiplier=units,
        quality=ticker.quality,
        bid=_divided(ticker.bid, units),
        ask=_divided(ticker.ask, units),
        bid_size=_divided(ticker.bid_size, 1.0 / units),
        ask_size=_divided(ticker.ask_size, 1.0 / units),
        mid=_divided(mid_of(ticker.bid, ticker.ask), units),
        price=_divided(ticker.price, units),
        funding_rate_8h=funding_rate_8h(ticker),
        funding_apr=funding_apr(ticker),
        open_interest_value=open_interest_value(ticker),
        turnover_24h=ticker.turnover_24h,
        ts_recv=ticker.ts_recv,
        left_out=_left_out(ticker),
    )


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def _left_out(ticker: Ticker) -> str | None:
    if ticker.quality != "live":
        return ticker.quality
    bid, ask = ticker.bid, ticker.ask
    if bid is None and ask is None:
        return "no quote"
    return "crossed" if bid is not None and ask is not None and bid >= ask else None


def _compared(legs: Sequence[Leg]) -> list[Leg]:
    """A coin may bear the name of another: whose price is far from the busiest live leg's is not compared."""
    ordered = sorted(legs, key=lambda leg: (-(leg.turnover_24h or 0.0), leg.key))
    judge = next((_worth(leg) for leg in ordered if leg.live and _worth(leg)), None)
    return [replace(leg, left_out="another coin") if _is_other(leg, judge) else leg for leg in ordered]


def _worth(leg: Leg) -> float | None:
    """What one coin is worth there, as well as that is known."""
    return leg.mid or leg.price or leg.bid or leg.ask


def _is_other(leg: Leg, judge: float | None) -> bool:
    worth = _worth(leg)
    if not leg.live or not worth or not judge:
        return False
    return not 1.0 / SAME_COIN_WITHIN <= worth / judge <= SAME_COIN_WITHIN
