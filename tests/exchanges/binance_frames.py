"""Binance's frames and answers as its documentation writes them, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from actors.exchanges.base import Command, Fetch
from actors.market.events import Event

Levels = Sequence[tuple[float, float]]

NOW = 1_700_000_000_000_000_000
MS = 1_700_000_000_000
SECOND = 1_000_000_000


def combined(stream: str, data: dict[str, Any]) -> bytes:
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def rows(levels: Iterable[tuple[float, float]]) -> list[list[str]]:
    return [[f"{price:.8f}", f"{size:.8f}"] for price, size in levels]


def update(
    first: int, last: int, previous: int | None = None, bids: Levels = (), asks: Levels = (), **more: Any
) -> bytes:
    """A `depthUpdate`: one with a `previous` id is of futures."""
    data = {"e": "depthUpdate", "E": MS, "s": "BTCUSDT", "U": first, "u": last}
    if previous is not None:
        data |= {"T": MS - 3, "ps": "BTCUSDT", "pu": previous, "st": 1}
    return combined("btcusdt@depth@100ms", data | {"b": rows(bids), "a": rows(asks)} | more)


def snapshot(last: int, bids: Levels = (), asks: Levels = ()) -> bytes:
    return json.dumps({"lastUpdateId": last, "bids": rows(bids), "asks": rows(asks)}).encode()


def trade(number: int, **more: Any) -> bytes:
    """A trade of spot."""
    data = {"e": "trade", "E": MS, "s": "BTCUSDT", "t": number, "p": "10.50", "q": "2.0", "T": MS - 1}
    return combined("btcusdt@trade", data | {"m": False, "M": True} | more)


def aggregate(number: int, **more: Any) -> bytes:
    """A trade of futures."""
    data = {"e": "aggTrade", "E": MS, "a": number, "s": "BTCUSDT", "p": "10.50", "q": "2.0", "nq": "1.5"}
    more = {"f": 100, "l": 102, "T": MS - 1, "m": True, "st": 1} | more
    return combined("btcusdt@aggTrade", data | more)


def fetches(told: Iterable[Event | Command]) -> list[Fetch]:
    return [one for one in told if isinstance(one, Fetch)]
