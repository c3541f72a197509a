"""What follows from one instrument's record: mid, spread, normalised funding, the worth of its open interest.

Every value is `None` where what it needs is unknown, and never NaN or infinite. Nothing here asks whether the
record is live: that is the reader's part.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from msgspec import Struct

from actors.market.ticker import Ticker

HOURS_PER_YEAR = 8760.0
BPS = 10_000.0


class Derived(Struct, frozen=True, gc=False):
    """All derived values of one record.

    `mid` and `spread` are in quote units; `spread_bps` is the spread in 1/10000 of the mid. `funding_rate_8h`
    is a fraction per 8 hours, `funding_apr` percent per year without compounding. `premium_bps` is how
    far the mark stands above the index. `open_interest_value` is one-sided, in quote units.
    """

    mid: float | None
    spread: float | None
    spread_bps: float | None
    funding_rate_8h: float | None
    funding_apr: float | None
    premium_bps: float | None
    open_interest_value: float | None


def derive(ticker: Ticker) -> Derived:
    """Everything that follows from a record."""
    return Derived(*(value_of(ticker) for value_of in DERIVED.values()))


def mid_of(bid: float | None, ask: float | None) -> float | None:
    """The middle of a two-sided quote; `None` if a side is missing or the quote is crossed or locked."""
    if bid is None or ask is None or not 0.0 < bid < ask:
        return None
    return _finite(bid + (ask - bid) / 2)


def spread_of(bid: float | None, ask: float | None) -> float | None:
    """Ask less bid; `None` if a side is missing or the quote is crossed or locked."""
    if bid is None or ask is None or not 0.0 < bid < ask:
        return None
    return _finite(ask - bid)


def bps_above(price: float | None, reference: float | None) -> float | None:
    """How far `price` stands above `reference`, in 1/10000 of the reference; negative below it."""
    if price is None or reference is None or reference <= 0.0:
        return None
    return _finite((price - reference) / reference * BPS)


def mid(ticker: Ticker) -> float | None:
    """The middle of bid and ask, in quote units."""
    return mid_of(ticker.bid, ticker.ask)


def spread(ticker: Ticker) -> float | None:
    """Ask less bid, in quote units."""
    return spread_of(ticker.bid, ticker.ask)


def spread_bps(ticker: Ticker) -> float | None:
    """The spread in 1/10000 of the mid."""
    width, middle = spread(ticker), mid(ticker)
    return None if width is None or middle is None else _finite(width / middle * BPS)


def funding_rate_8h(ticker: Ticker) -> float | None:
    """The funding rate as a fraction per 8 hours, whatever the interval in which it is paid."""
    return _per_hours(ticker, 8.0)


def funding_apr(ticker: Ticker) -> float | None:
    """The funding rate in percent per year, simple: rate * 8760 / interval in hours * 100."""
    per_year = _per_hours(ticker, HOURS_PER_YEAR)
    return None if per_year is None else _finite(per_year * 100.0)


def rate_per_hours(rate: float | None, interval_h: float | None, hours: float) -> float | None:
    """A funding rate that is paid every `interval_h` hours, as the fraction that comes to in `hours`."""
    return None if rate is None or not interval_h or interval_h < 0.0 else _finite(rate * hours / interval_h)


def premium_bps(ticker: Ticker) -> float | None:
    """How far the mark price stands above the index, in 1/10000 of the index."""
    return bps_above(ticker.mark_price, ticker.index_price)


def open_interest_value(ticker: Ticker) -> float | None:
    """What the open interest of one side is worth, in quote units: at the mark price, else at the last."""
    price = ticker.price if ticker.mark_price is None else ticker.mark_price
    if price is None or ticker.open_interest is None:
        return None
    return _finite(ticker.open_interest * price)


def _per_hours(ticker: Ticker, hours: float) -> float | None:
    return rate_per_hours(ticker.funding_rate, ticker.funding_interval_h, hours)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


DERIVED: dict[str, Callable[[Ticker], float | None]] = {
    "mid": mid,
    "spread": spread,
    "spread_bps": spread_bps,
    "funding_rate_8h": funding_rate_8h,
    "funding_apr": funding_apr,
    "premium_bps": premium_bps,
    "open_interest_value": open_interest_value,
}
