"""Where the simulated exchanges are found: what to put in place of the real addresses."""

from __future__ import annotations


def addresses(port: int, host: str = "127.0.0.1") -> dict[str, dict[str, str]]:
    """Per exchange, the addresses of its markets, named as the hub's settings name them."""
    prefixes = {
        "bybit": {"linear": "bybit", "spot": "bybit"},
        "hyperliquid": {"linear": "hyperliquid", "spot": "hyperliquid"},
        "binance": {"linear": "binance-usdm", "spot": "binance-spot"},
    }
    return {
        exchange: {
            f"{market}_{kind}_url": f"{scheme}://{host}:{port}/{prefix}"
            for market, prefix in markets.items()
            for kind, scheme in (("stream", "ws"), ("rest", "http"))
        }
        for exchange, markets in prefixes.items()
    }
