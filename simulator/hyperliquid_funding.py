"""Hyperliquid's two funding questions: what was paid hour by hour, and what each exchange pays next. Pure."""

from typing import Any, Final

from simulator.dice import dice
from simulator.instruments import Instrument, Market, next_funding_ms, pointed
from simulator.world import World

HOUR_MS: Final = 3_600_000
HISTORY_ROWS: Final = 500  # per answer, the oldest of the span
INTEREST_PER_HOUR: Final = 0.0000125
# In the order of the answer: the name there, and the market it means.
VENUES: Final[tuple[tuple[str, Market], ...]] = (
    ("BinPerp", "binance-usdm"),
    ("HlPerp", "hyperliquid"),
    ("BybitPerp", "bybit-linear"),
)


def history(coin: Instrument, start_ms: int, end_ms: int, seed: int) -> list[dict[str, Any]]:
    """The payments of a perpetual within a span, oldest first; spot pairs never paid."""
    if not coin.has_funding:
        return []
    first_ms = -(-start_ms // HOUR_MS) * HOUR_MS
    hours = range(first_ms, end_ms + 1, HOUR_MS)[:HISTORY_ROWS]
    return [row for row in (_payment(coin, hour_ms, seed) for hour_ms in hours) if row["time"] <= end_ms]


def _payment(coin: Instrument, hour_ms: int, seed: int) -> dict[str, Any]:
    """One payment: always the same for the same hour, some milliseconds late as the real ones are."""
    random = dice(seed, "funding", coin.symbol, hour_ms)
    rate = INTEREST_PER_HOUR + random.uniform(-0.00001, 0.00001)
    return {
        "coin": coin.symbol,
        "fundingRate": pointed(rate, 10),
        "premium": pointed(rate - INTEREST_PER_HOUR, 10),
        "time": hour_ms + random.randrange(500),
    }


def predicted(world: World) -> list[list[Any]]:
    """Per coin of the main dex, in alphabetical order: each exchange with its next rate, null without one."""
    listed = {venue: _by_asset(world, market) for venue, market in VENUES}
    return [
        [
            coin.symbol,
            [[venue, _prediction(listed[venue].get(asset), venue, world.now_ms)] for venue in listed],
        ]
        for asset, coin in sorted(listed["HlPerp"].items(), key=lambda entry: entry[1].symbol)
    ]


def _by_asset(world: World, market: Market) -> dict[str, Instrument]:
    """The live perpetuals of a market's main list by what they follow: PEPE by the thousand is PEPE."""
    return {
        coin.asset.name: coin
        for coin in world.markets[market].values()
        if coin.has_funding and coin.live and not coin.dex
    }


def _prediction(coin: Instrument | None, venue: str, now_ms: int) -> dict[str, Any] | None:
    if coin is None:
        return None
    next_ms = next_funding_ms(now_ms, coin.funding_interval_h)
    return {
        "fundingRate": pointed(coin.funding_rate, 10),
        # Its own time is one funding behind, as it was on the real exchange.
        "nextFundingTime": next_ms - HOUR_MS if venue == "HlPerp" else next_ms,
        "fundingIntervalHours": coin.funding_interval_h,
    }
