"""What takes its time to go wrong: listings that change, silence, a clock that is off, a limit on REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import trio

from simulator import minute_budget
from simulator.binance_spot import BinanceSpotServer
from simulator.catalogue import build_instruments
from simulator.frames import Reply
from tests.loopback.keys import BY_MARKET, KEYS, VENUES, market_of, symbol_of
from tests.loopback.tapes import bar_complaint, tape_complaint
from tests.loopback.truth import System, exchanges, followed, running_hub, until
from tests.patience import HANGS_AFTER_S, PATIENCE_S

pytestmark = pytest.mark.loopback

SKEW_S = 5.0
HALTED, DELISTED, NEW = "binance:spot:ADAUSDT", "bybit:spot:XRPUSDT", "binance:spot:NEWUSDT"


@asynccontextmanager
async def system(
    directory: Path,
    by_market: dict[str, list[str]],
    *faults: dict[str, Any],
) -> AsyncIterator[System]:
    """A hub that follows `by_market`, books too, and all that there is on Binance's spot market, on exchanges
    where `faults` act from the beginning."""
    keys = [f"{market}:{symbol}" for market, symbols in by_market.items() for symbol in symbols]
    settings = followed(by_market | {"binance:spot": ["*"]}, books=1000)
    settings["TICKWELL_MARKET_LISTING_REFRESH_S"] = "10"
    settings["TICKWELL_MARKET_STALE_AFTER_MIN_S"] = "10"  # a machine may stand still for three
    with exchanges(keys, traded=keys, symbols=70) as simulated:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            for fault in faults:
                url = f"http://127.0.0.1:{simulated.port}/control/fault"
                (await client.post(url, json=fault)).raise_for_status()
            with running_hub(directory, simulated, **settings) as tickwell:
                await tickwell.until_listening()
                yield System(simulated, tickwell, client, keys)


async def test_much_trouble_at_once_concerns_nobody_else(tmp_path: Path) -> None:
    """All of it at once, for each takes its time. Every exchange's clock is off from the start."""
    listed = [each for each in build_instruments(7, 70) if each.market == "binance-spot" and each.live]
    many = [each.symbol for each in listed if not each.one_sided][:60]
    calm = {market: symbols for market, symbols in BY_MARKET.items() if market != "binance:spot"}
    promised = [f"{market}:{symbols[1]}" for market, symbols in calm.items()]
    silenced = [f"{market}:{symbols[2]}" for market, symbols in calm.items() if len(symbols) > 2]
    others = [key for key in KEYS if market_of(key) in calm and key not in (*promised, *silenced, DELISTED)]
    faults = [{"kind": "ack_without_data", **aimed_at(key)} for key in promised]
    faults.append({"kind": "clock_skew", "venue": "*", "skew_s": SKEW_S})
    async with system(tmp_path, calm | {"binance:spot": many}, *faults) as running:
        await running.until_live("ticker")
        await running.until_live("book", keys=[*others, *silenced])
        running.keys.remove(DELISTED)
        async with running.audited(*others, silenced=silenced), trio.open_nursery() as nursery:
            nursery.start_soon(promises_are_kept_at_last, running, promised)
            nursery.start_soon(silence_is_noticed, running, silenced)
            nursery.start_soon(listings_are_followed, running)
            nursery.start_soon(books_come_back_under_a_low_limit, running)
        for name, market in (await running.markets()).items():
            assert market["reconnects"] == (name == "binance:spot")
            clock_is_known(market)
        await running.until_true()
        await running.pause()
        await until(lambda: tape_complaint(running, others))
        await until(lambda: bar_complaint(running, others))


def aimed_at(key: str) -> dict[str, Any]:
    """What makes a fault concern one book."""
    return {**VENUES[market_of(key)], "symbol": symbol_of(key), "channel": "book"}


async def promises_are_kept_at_last(running: System, keys: list[str]) -> None:
    """An exchange said that a book would come, and it does not: it is asked again."""
    books = await running.channels("book")
    assert {books[key]["quality"] for key in keys} <= {"syncing", "stale"}
    assert all(books[key]["reason"] for key in keys)
    await until(lambda: in_another_state(running, keys, "stale"))
    await running.heal(kind="ack_without_data")
    await running.until_live("book", keys=keys)


async def silence_is_noticed(running: System, keys: list[str]) -> None:
    """The book of one symbol falls silent, and speaks again."""
    await until(lambda: unlearned(running, keys))
    for key in keys:
        await running.inject("silence", market_of(key), symbol=symbol_of(key), channel="book")
    await until(lambda: in_another_state(running, keys, "stale"))
    told = await running.channels("book")
    assert all("no data for" in told[key]["reason"] for key in keys), [told[key] for key in keys]
    await running.until_live("trades", keys=keys)
    await running.heal(kind="silence")
    await running.until_live("book", keys=keys)
    await until(lambda: without_a_hole(running, keys))


async def without_a_hole(running: System, keys: list[str]) -> list[str]:
    """The books of which no silence is told that is over."""
    told = {key: await running.holes(key, "book") for key in keys}
    return [f"{key}: {holes}" for key, holes in told.items() if not any(map(was_a_silence, holes))]


def was_a_silence(hole: dict[str, Any]) -> bool:
    """Whether a hole is a long silence that is over."""
    return bool(hole["cause"] == "silent" and hole["to_ts"] and hole["to_ts"] - hole["from_ts"] > 3000)


async def unlearned(running: System, keys: list[str]) -> list[str]:
    """The books of which it is not known yet how long they may be silent."""
    now = await running.channels("book")
    return [str(now[key]) for key in keys if not now[key]["threshold_ms"]]


async def listings_are_followed(running: System) -> None:
    """One symbol stops for a while, one goes, one comes."""
    await running.inject("halt", market_of(HALTED), symbol=symbol_of(HALTED))
    await running.inject("delist", market_of(DELISTED), symbol=symbol_of(DELISTED))
    await running.inject("list", market_of(NEW), symbol=symbol_of(NEW), price=2.0)
    await until(lambda: in_another_state(running, [HALTED], "halted"))
    assert "the exchange says" in (await running.channels("book"))[HALTED]["reason"]
    assert (await running.ask(f"book/{HALTED}")).json()["quality"]["state"] == "halted"
    await running.heal(kind="halt")
    await running.until_live("ticker", "quote", "book", keys=[NEW])
    assert (await running.ask(f"tickers/{NEW}")).status_code == 200

    await until(lambda: still_listed(running))
    assert (await running.ask(f"book/{DELISTED}")).json()["code"] == "not_followed"
    await running.until_live("book", "quote", keys=[HALTED])


async def still_listed(running: System) -> str:
    """What is told of the symbol that is gone, until that is why."""
    refused = (await running.markets())[market_of(DELISTED)]["refused"]
    words = str(refused.get(symbol_of(DELISTED)))
    return "" if "not in the exchange's listing" in words else words


async def in_another_state(running: System, keys: list[str], *wanted: str) -> list[str]:
    """The books that are in none of these states."""
    now = await running.channels("book")
    return [str(now[key]) for key in keys if now[key]["quality"] not in wanted]


async def books_come_back_under_a_low_limit(running: System) -> None:
    """The connection of sixty books is lost, and their snapshots are more than the exchange gives at once."""
    books = [key for key in running.keys if market_of(key) == "binance:spot"]
    with refusals(running, weight=250, minute_s=3.0) as statuses:
        before = await running.channels("book")
        await running.inject("reset", "binance:spot")
        await until(lambda: unmoved(running, before, books))
        absent = set(books)
        with trio.fail_after(HANGS_AFTER_S):
            while absent:  # how many come back within a minute is the exchange's doing
                await until(partial(none_came, running, absent, len(absent)))
    assert 429 in statuses, statuses
    assert 418 not in statuses, statuses


async def none_came(running: System, absent: set[str], before: int) -> set[str]:
    """The books that have not been live yet, as long as they are as many as before. Those that are leave the
    set: one of so many may be silent for a while again."""
    now = await running.channels("book")
    absent -= {key for key in absent if now[key]["quality"] == "live"}
    return absent if len(absent) == before else set()


async def unmoved(running: System, before: dict[str, dict[str, Any]], keys: list[str]) -> list[str]:
    """The books that are still in the state in which they were, since then."""
    now = await running.channels("book")
    return [key for key in keys if now[key]["since"] == before[key]["since"]]


def clock_is_known(market: dict[str, Any]) -> None:
    """How far the exchange's clock is ahead, where it can be asked; the latency is as if it were not."""
    latency = market["latency"]
    if latency["clock_offset_ms"] is not None:
        assert abs(latency["clock_offset_ms"] - SKEW_S * 1000) < latency["clock_error_ms"] + 500
        assert abs(latency["p50_ms"]) < SKEW_S * 500


@contextmanager
def refusals(running: System, *, weight: int, minute_s: float) -> Iterator[list[int]]:
    """Binance's spot market allows so much weight per (short) minute; the statuses of what it refused."""
    venues = running.simulated.simulator.venues
    limiter = next(each.limiter for each in venues if isinstance(each, BinanceSpotServer))
    statuses: list[int] = []
    refuse = limiter.refuse

    def noting(weight: int, now_s: float, now_ms: int) -> Reply | None:
        reply = refuse(weight, now_s, now_ms)
        if reply is not None:
            statuses.append(reply.status)
        return reply

    with (
        patch.object(minute_budget, "MINUTE_S", minute_s),
        patch.object(limiter, "refuse", noting),
        patch.object(limiter.budget, "limit", weight),
    ):
        yield statuses
