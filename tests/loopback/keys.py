"""The instruments of which the hub is compared with the truth, in the hub's names and in the exchanges'."""

from __future__ import annotations

from simulator.instruments import Instrument

LEVELS = {"bybit": 50, "binance": 50, "hyperliquid": 20}
MARKETS = {
    "bybit-linear": "bybit:linear",
    "bybit-spot": "bybit:spot",
    "binance-spot": "binance:spot",
    "binance-usdm": "binance:linear",
}
VENUES = {
    "bybit:linear": {"venue": "bybit", "market": "linear"},
    "bybit:spot": {"venue": "bybit", "market": "spot"},
    "hyperliquid:linear": {"venue": "hyperliquid"},
    "hyperliquid:spot": {"venue": "hyperliquid"},
    "binance:linear": {"venue": "binance-usdm"},
    "binance:spot": {"venue": "binance-spot"},
}
COINS = ("BTC", "ETH", "SOL", "XRP")
BY_MARKET = {
    "bybit:linear": [f"{coin}USDT" for coin in COINS],
    "bybit:spot": [f"{coin}USDT" for coin in COINS],
    "hyperliquid:linear": list(COINS),
    "hyperliquid:spot": ["@107", "PURR/USDC"],
    "binance:linear": [f"{coin}USDT" for coin in COINS],
    "binance:spot": [f"{coin}USDT" for coin in COINS],
}
KEYS = [f"{market}:{symbol}" for market, symbols in BY_MARKET.items() for symbol in symbols]


def exchange_of(key: str) -> str:
    """The exchange that a key names."""
    return key.partition(":")[0]


def market_of(key: str) -> str:
    """`exchange:market` of a key."""
    return key.rpartition(":")[0]


def symbol_of(key: str) -> str:
    """The symbol that a key names."""
    return key.rpartition(":")[2]


def key_of(instrument: Instrument) -> str:
    """The hub's key of a simulated instrument."""
    spot = "spot" if instrument.kind == "spot" else "linear"
    return f"{MARKETS.get(instrument.market, f'hyperliquid:{spot}')}:{instrument.symbol}"
