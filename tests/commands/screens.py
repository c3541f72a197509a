"""A picture that never changes, for the tests of what `top` draws of it."""

from __future__ import annotations

from typing import Any

from commands.console.picture import Exchange, Picture, Status

HUB_MS = 1_766_523_600_000
NOW_S = 1000.0
KEY = "bybit:linear:BTCUSDT"
WHERE = "127.0.0.1:8765"


def record(key: str, price: float | None = 1.0, **values: Any) -> dict[str, Any]:
    """A ticker that is two seconds old."""
    usual = {"quality": "live", "ts_recv": HUB_MS - 2500, "change_24h": 1.25, "change_1h": -0.5}
    usual |= {"bid": price, "ask": price, "spread_bps": 0.12, "turnover_24h": 1.5e9, "name": "BTC-USDT"}
    return {"key": key, "price": price, **usual, **values}


def trade(number: int, side: str = "buy", **values: Any) -> dict[str, Any]:
    """A trade of that second."""
    usual = {"price": 64_000.5 + number, "size": 0.25 * number, "quality": "live", "key": KEY}
    return {"side": side, "ts_event": HUB_MS + number * 1000, **usual, **values}


def picture(*records: dict[str, Any], connected: bool = True) -> Picture:
    """What the hub said just now."""
    made = Picture()
    if connected:
        made.up(5.0, HUB_MS, NOW_S)
    made.take("snapshot", records, [], NOW_S)
    exchanges = (Exchange("bybit", "live", 131.4, 12.3), Exchange("hyperliquid", "stale", 3.0, 80.0))
    made.status = Status(exchanges, 7, "0.1.0", NOW_S)
    return made


def usual() -> Picture:
    """Four instruments: one rose, one fell, one is stale, one has no price."""
    made = picture(
        record("bybit:linear:BTCUSDT", 64_000.0, funding_rate_8h=0.0001, open_interest_value=2.7e9),
        record("bybit:spot:ETHUSDT", 3000.25, turnover_24h=2.1e9, change_24h=-5.13, name="ETH-USDT"),
        record("hyperliquid:linear:SOL", 147.5, quality="stale", ts_recv=HUB_MS - 61_000, turnover_24h=1e9),
        record("bybit:spot:NEWUSDT", None, turnover_24h=None, change_24h=None, change_1h=None),
    )
    made.take("update", [{"key": "bybit:linear:BTCUSDT", "price": 64_001.5}], [], NOW_S)
    made.take("update", [{"key": "bybit:spot:ETHUSDT", "price": 2999.75}], [], NOW_S)
    made.take("update", [{"key": "hyperliquid:linear:SOL", "price": 147.75}], [], NOW_S)
    made.watch(KEY)
    made.trade("snapshot", [trade(1), trade(2, "sell"), trade(3, quality="stale")])
    return made
