"""What only the REST of Binance USD-M futures has: lists, marks, funding, open interest. Pure."""

from typing import Any, Final

from simulator.binance_frames import average, pair, percent
from simulator.instruments import Instrument, next_funding_ms

DELIVERY_MS: Final = 1_798_185_600_000  # 2026-12-25 08:00 UTC
PERPETUAL_DELIVERY_MS: Final = 4_133_404_800_000
CACHE_AGE_MS: Final = 45_000  # exchangeInfo is cached on the real exchange, its clock with it


def exchange_info(instruments: list[Instrument], now_ms: int, weight: int) -> dict[str, Any]:
    """Everything that is listed."""
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight}]
    return {
        "timezone": "UTC",
        "serverTime": now_ms - CACHE_AGE_MS,
        "futuresType": "U_MARGINED",
        "rateLimits": limits,
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol_row(instrument) for instrument in instruments],
    }


def funding_info(instruments: list[Instrument]) -> list[dict[str, Any]]:
    """Caps and intervals of the perpetuals that do not pay every 8 hours; the others are not listed."""
    return [_funding_row(instrument) for instrument in instruments if _is_adjusted(instrument)]


def open_interest(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    """Open positions in base units, one side."""
    return {
        "openInterest": instrument.size_text(instrument.open_interest),
        "symbol": instrument.symbol,
        "time": now_ms,
    }


def premium_index(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    """Mark, index and funding of one contract."""
    is_perp = instrument.has_funding
    return {
        "symbol": instrument.symbol,
        "markPrice": f"{instrument.mark:.8f}",
        "indexPrice": f"{instrument.index:.8f}",
        "estimatedSettlePrice": f"{instrument.index:.8f}",
        "lastFundingRate": f"{instrument.funding_rate:.8f}" if is_perp else "",
        "interestRate": "0.00010000" if is_perp else "",
        "nextFundingTime": next_funding_ms(now_ms, instrument.funding_interval_h) * is_perp,
        "time": now_ms,
    }


def ticker_row(instrument: Instrument, now_ms: int) -> dict[str, Any]:
    """The 24 h statistics of one contract."""
    price = instrument.price_text
    return {
        "symbol": instrument.symbol,
        "priceChange": price(instrument.last - instrument.open_24h),
        "priceChangePercent": percent(instrument),
        "weightedAvgPrice": price(average(instrument)),
        "lastPrice": price(instrument.last),
        "lastQty": instrument.size_text(instrument.last_size),
        "openPrice": price(instrument.open_24h),
        "highPrice": price(instrument.high_24h),
        "lowPrice": price(instrument.low_24h),
        "volume": instrument.size_text(instrument.volume_24h),
        "quoteVolume": f"{instrument.turnover_24h:.2f}",
        "openTime": now_ms - 86_400_000,
        "closeTime": now_ms,
        "firstId": max(0, instrument.trade_id - instrument.trades_24h + 1),
        "lastId": instrument.trade_id,
        "count": instrument.trades_24h,
    }


def _is_adjusted(instrument: Instrument) -> bool:
    """Only perpetuals that do not pay every 8 hours are listed."""
    return instrument.has_funding and instrument.live and instrument.funding_interval_h != 8


def _funding_row(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.symbol,
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": instrument.funding_interval_h,
        "disclaimer": False,
    }


def _symbol_row(instrument: Instrument) -> dict[str, Any]:
    is_future = instrument.kind == "future"
    step = instrument.size_text(10.0**-instrument.size_decimals)
    tick = instrument.price_text(instrument.tick)
    return {
        "symbol": instrument.symbol,
        "pair": pair(instrument),
        "contractType": instrument.contract,
        "deliveryDate": DELIVERY_MS if is_future else PERPETUAL_DELIVERY_MS,
        "onboardDate": 1_569_398_400_000,
        "status": instrument.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": instrument.decimals,
        "quantityPrecision": instrument.size_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COMMODITY" if instrument.contract == "TRADIFI_PERPETUAL" else "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.015000",
        "marketTakeBound": "0.05",
        "filters": [
            {
                "minPrice": tick,
                "maxPrice": instrument.price_text(instrument.index * 20),
                "filterType": "PRICE_FILTER",
                "tickSize": tick,
            },
            {"stepSize": step, "filterType": "LOT_SIZE", "maxQty": "1000000", "minQty": step},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
