"""Hyperliquid's subscriptions: requests with their defaults, and the text that names each here. Pure."""

from typing import Any, Final

from simulator.candles import INTERVALS_MS

COIN_CHANNELS: Final = frozenset({"bbo", "trades", "activeAssetCtx", "candle", "l2Book"})
FIGURES: Final = (None, 2, 3, 4, 5)  # nSigFigs
MANTISSAS: Final = (None, 1, 2, 5)  # only with five figures


def canonical(given: dict[str, Any]) -> dict[str, Any]:
    """The subscription with its defaults filled in, as the echo shows it; LookupError or ValueError."""
    kind = given["type"]
    if kind == "allMids":
        return {"type": kind, "dex": given.get("dex")}
    if kind not in COIN_CHANNELS:
        raise ValueError(kind)
    subscription: dict[str, Any] = {"type": kind, "coin": str(given["coin"])}
    if kind == "candle":
        if given["interval"] not in INTERVALS_MS:
            raise ValueError(given["interval"])
        subscription["interval"] = given["interval"]
    if kind == "l2Book":
        subscription["nSigFigs"] = given.get("nSigFigs")
        subscription["mantissa"] = given.get("mantissa")
        subscription["fast"] = bool(given.get("fast", False))
    return subscription


def is_precise(subscription: dict[str, Any]) -> bool:
    """Whether the wanted precision of a book exists."""
    figures, mantissa = subscription.get("nSigFigs"), subscription.get("mantissa")
    return figures in FIGURES and mantissa in MANTISSAS and (mantissa is None or figures == FIGURES[-1])


def topic_of(subscription: dict[str, Any]) -> str:
    """The text that names a subscription here: `bbo:BTC`, `candle:BTC:1h`, `allMids`, `allMids:xyz`.

    Books that are not the plain one say how they differ: `l2Book:BTC:fast`, `l2Book:BTC:5:2`.
    """
    kind = subscription["type"]
    if kind == "allMids":
        return f"allMids:{subscription['dex']}" if subscription["dex"] else "allMids"
    parts = [kind, subscription["coin"]]
    if kind == "candle":
        parts.append(subscription["interval"])
    if kind == "l2Book":
        parts += [str(subscription[name]) for name in ("nSigFigs", "mantissa") if subscription[name]]
        parts += ["fast"] if subscription["fast"] else []
    return ":".join(parts)
