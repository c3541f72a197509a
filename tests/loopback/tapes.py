"""Tapes and bars of the hub against the true trades: each exactly once, in order, and counted once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.loopback.keys import market_of
from tests.loopback.truth import System

NEWEST = 500
SECONDS = {"1s": 1, "1m": 60}


async def tape_complaint(system: System, keys: Iterable[str] = ()) -> list[str]:
    """How the tapes differ from the newest true trades, in a world that stands still."""
    found = []
    for key in list(keys) or system.keys:
        start_ms = system.simulated.simulator.world.start_ms  # Hyperliquid's past goes back further
        told = [
            each for each in await system.data(f"trades/{key}", limit=NEWEST) if each["ts_event"] >= start_ms
        ]
        told.reverse()
        true = (await system.truth(key))["trades"]
        merged = as_aggregates(told, true) if market_of(key) == "binance:linear" else true
        if complaint := difference(told, merged[-len(told) :] if told else merged):
            found.append(f"{key}: {complaint}")
    return found


def difference(told: list[dict[str, Any]], true: list[dict[str, Any]]) -> str:
    """The first difference of two tapes, oldest first; nothing where they are the same."""
    for index, (ours, theirs) in enumerate(zip(told, true, strict=False)):
        if as_told(ours) != as_true(theirs):
            return f"{index} of {len(told)}: has {as_told(ours)}, should have {as_true(theirs)}"
    return "" if len(told) == len(true) else f"has {len(told)} trades, should have {len(true)}"


def as_told(trade: dict[str, Any]) -> tuple[Any, ...]:
    """What must be right about a trade."""
    return trade["trade_id"], trade["price"], trade["size"], trade["side"], trade["ts_event"]


def as_true(trade: dict[str, Any]) -> tuple[Any, ...]:
    """The same of a true one."""
    return trade["id"], trade["price"], trade["size"], trade["side"], trade["time_ms"]


def as_aggregates(told: list[dict[str, Any]], true: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """True trades joined as the hub says that they were, under ids that count up to its newest one.

    Only where price, side and time are the same may fills be one, so that a wrong count shows.
    """
    rest, joined = list(true), []
    newest_id = int(told[-1]["trade_id"]) if told else 0
    for back, trade in enumerate(reversed(told)):
        fills, rest = rest[-trade["count"] :], rest[: -trade["count"]]
        same = {(fill["price"], fill["side"], fill["time_ms"]) for fill in fills}
        size = round(sum(fill["size"] for fill in fills), 8) if len(same) == 1 else -1.0
        joined.append({**fills[0], "id": str(newest_id - back), "size": size})
    return joined[::-1] or true


async def bar_complaint(system: System, keys: Iterable[str] = ()) -> list[str]:
    """How bars that say that they lack nothing differ from the true trades."""
    found = []
    for key in list(keys) or system.keys:
        true = (await system.truth(key))["trades"]
        for interval, seconds in SECONDS.items():
            for bar in await whole_bars(system, key, interval, true):
                start_ms, end_ms = bar["start"], bar["start"] + seconds * 1000
                mine = [each for each in true if start_ms <= each["time_ms"] < end_ms]
                if complaint := bar_difference(bar, mine):
                    found.append(f"{key} {interval} {bar['start']}: {complaint}")
    return found


async def whole_bars(
    system: System, key: str, interval: str, true: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The bars of our own counting without a gap, of a time of which all true trades are known."""
    told = await system.data(f"bars/{key}", interval=interval, limit=500)
    counted = [bar for bar in told if not bar["gap"] and bar["source"] != "exchange"]
    return [bar for bar in counted if true and bar["start"] > true[0]["time_ms"]]


def bar_difference(bar: dict[str, Any], trades: list[dict[str, Any]]) -> str:
    """What is wrong with one bar; nothing where it is what its trades make."""
    if not trades:
        return f"made of nothing: {bar}"
    prices = [each["price"] for each in trades]
    bought = sum(each["size"] for each in trades if each["side"] == "buy")
    true = {
        "open": prices[0],
        "high": max(prices),
        "low": min(prices),
        "close": prices[-1],
        "trades": len(trades),
        "volume": sum(each["size"] for each in trades),
        "turnover": sum(each["price"] * each["size"] for each in trades),
        "taker_buy_volume": bought,
    }
    wrong = {name: (bar[name], value) for name, value in true.items() if not close(bar[name], value)}
    return f"(told, true) {wrong}" if wrong else ""


def close(told: float, true: float) -> bool:
    """Whether two sums are the same but for the order of their adding."""
    return abs(told - true) <= 1e-9 * max(1.0, abs(true))
