"""The records of `spreads`: one asset over all exchanges, compared."""

from __future__ import annotations

from msgspec import Struct

from tickwell_client.records import Record


class BestPrice(Struct, frozen=True, kw_only=True):
    """The best price of one side over all legs, and the leg that has it."""

    price: float
    size: float | None = None
    key: str = ""
    exchange: str = ""
    quote: str = ""


class Best(Struct, frozen=True, kw_only=True):
    """The best bid and ask over some legs; `spread_bps` is positive where one can buy lower than sell."""

    bid: BestPrice | None = None
    ask: BestPrice | None = None
    spread_bps: float | None = None
    legs: int = 0


class Basis(Struct, frozen=True, kw_only=True):
    """How far a perpetual's mid stands above a spot mid, in 1/10000 of the spot mid."""

    perpetual: str
    spot: str
    bps: float


class FundingDifference(Struct, frozen=True, kw_only=True):
    """The perpetuals with the lowest and the highest funding; `difference_apr` is percent per year."""

    lowest_key: str
    lowest_8h: float
    highest_key: str
    highest_8h: float
    difference_8h: float
    difference_apr: float


class Leg(Record, frozen=True, kw_only=True):
    """One instrument of an asset; `left_out` says why it does not count, `None` if it does."""

    exchange: str = ""
    market: str = ""
    symbol: str = ""
    quote: str = ""
    multiplier: float = 1.0
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    mid: float | None = None
    price: float | None = None
    funding_rate_8h: float | None = None
    funding_apr: float | None = None
    open_interest_value: float | None = None
    turnover_24h: float | None = None
    left_out: str | None = None
    age_ms: int | None = None


class Spread(Struct, frozen=True, kw_only=True):
    """One coin in one group of quotes, over all exchanges: the best of all, of spot, and of perpetuals.

    `key` is base and quote, such as `BTC-USD`.
    """

    key: str = ""
    base: str = ""
    quote: str = ""
    best: Best = Best()
    spot: Best = Best()
    linear: Best = Best()
    basis: list[Basis] = []
    funding: FundingDifference | None = None
    legs: list[Leg] = []
