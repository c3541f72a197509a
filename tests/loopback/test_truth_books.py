"""Order books of every market against the truth: whatever goes wrong, a live book is a true one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import trio

from tests.loopback.keys import BY_MARKET, KEYS, exchange_of, market_of, symbol_of
from tests.loopback.truth import Exchanges, System, exchanges, followed, running_hub, until
from tests.patience import PATIENCE_S
from tests.processes import HubProcess

pytestmark = pytest.mark.loopback

NOBODYS = "DOGEUSDT"  # followed, and its book is not, until somebody asks


def nth_books(nth: int) -> list[str]:
    """One book of every market. Those of each test are its own, for one that breaks again waits longer."""
    return [f"{market}:{symbols[nth % len(symbols)]}" for market, symbols in BY_MARKET.items()]


# What a book's fault is to the hub: the cause that it tells, where it can be noticed at all.
SEQUENCE = {"bybit": "sequence", "binance": "sequence"}  # Hyperliquid's books have no sequence to break
UNMENDABLE = {"bybit": "ack_without_data", "binance": "rest_storm", "hyperliquid": "crossed"}
RETRIES_PER_S = 5.0  # of two books whose snapshots are refused
CROSSED = {"bybit": "crossed", "binance": "crossed", "hyperliquid": "crossed"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Exchanges, HubProcess]]:
    unread = {market: [*symbols, NOBODYS] for market, symbols in BY_MARKET.items() if "hyper" not in market}
    keys = [f"{market}:{symbol}" for market, symbols in (BY_MARKET | unread).items() for symbol in symbols]
    with (
        exchanges(keys, traded=keys, shutdown_notice_s=4.0) as simulated,
        running_hub(tmp_path_factory.mktemp("hub"), simulated, **followed(BY_MARKET | unread)) as tickwell,
    ):
        yield simulated, tickwell


@pytest.fixture
async def system(pair: tuple[Exchanges, HubProcess]) -> AsyncIterator[System]:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        running = System(*pair, client)
        await running.hub.until_listening()
        await running.until_live("ticker")
        await running.watch_all()
        await running.until_live("book")
        yield running
        await running.heal()


async def everything_is_true(system: System) -> None:
    """All books, when all is well again."""
    await system.heal()
    await system.until_true()


async def test_all_books_equal_the_truth(system: System) -> None:
    async with system.audited(*KEYS):
        await trio.sleep(1)  # so many states to be audited
    await everything_is_true(system)


async def strike(system: System, kind: str, keys: list[str], **details: object) -> None:
    """Let something go wrong once with each of these books, and wait until it has."""
    before = await system.fired(kind)
    for key in keys:
        await system.inject(kind, market_of(key), symbol=symbol_of(key), channel="book", count=1, **details)

    async def pending() -> str:
        fired = await system.fired(kind) - before
        return f"{kind} acted {fired} times of {len(keys)}" if fired < len(keys) else ""

    await until(pending)


@pytest.mark.parametrize(
    ("kind", "nth", "causes"),
    [
        ("gap", 0, SEQUENCE),
        ("reorder", 1, SEQUENCE),
        ("crossed", 2, CROSSED),
        ("duplicate", 3, {}),
        ("restart_book", 3, {}),
    ],
)
async def test_a_fault_of_one_book_is_noticed_mended_and_nobody_elses_business(
    system: System, kind: str, nth: int, causes: dict[str, str]
) -> None:
    victims = [key for key in nth_books(nth) if kind != "restart_book" or exchange_of(key) == "bybit"]
    broken = [key for key in victims if exchange_of(key) in causes]
    unhurt = [key for key in KEYS if key not in broken]
    before, markets = await system.channels("book"), await settled(system)
    async with system.audited(*unhurt) as lived:
        await strike(system, kind, victims)
        await until(lambda: unmended(system, before, broken))
    await everything_is_true(system)
    after = await system.channels("book")
    for key in unhurt:
        holes = await system.holes(key, "book")
        assert after[key]["gaps"] == before[key]["gaps"], f"{key}: {after[key]} {holes}"
    await until(lambda: miscounted(system, markets, broken))
    boot_s = time.monotonic() - time.time()
    for key in broken:
        hole = (await system.holes(key, "book"))[-1]
        assert hole["cause"] == causes[exchange_of(key)]
        assert hole["reason"]
        began_s, over_s = (boot_s + hole[name] / 1000 for name in ("from_ts", "to_ts"))
        assert lived.between_s(began_s, over_s) < 3


async def settled(system: System) -> dict[str, Any]:
    """Every market, once what was asked for before is counted."""
    told = await system.markets()
    while True:
        await trio.sleep(1.0)
        before, told = told, await system.markets()
        if all(told[name]["resyncs"] == before[name]["resyncs"] for name in told):
            return told


async def miscounted(system: System, before: dict[str, Any], broken: list[str]) -> list[str]:
    """The markets that were reconnected, or did not count what they mended, in one attempt or a few."""
    found = []
    for name, now in (await system.markets()).items():
        wanted = sum(market_of(key) == name for key in broken)
        resyncs = now["resyncs"] - before[name]["resyncs"]
        if now["reconnects"] != before[name]["reconnects"] or not wanted <= resyncs <= 3 * wanted:
            found.append(f"{name}: {resyncs} resyncs, {now['reconnects_by_cause']}")
    return found


async def unmended(system: System, before: dict[str, Any], keys: list[str]) -> list[str]:
    """The books that have not yet broken and been mended, once each."""
    now = await system.channels("book")
    return [
        f"{key}: {now[key]}"
        for key in keys
        if (now[key]["gaps"], now[key]["resyncs"], now[key]["quality"])
        != (before[key]["gaps"] + 1, before[key]["resyncs"] + 1, "live")
    ]


async def test_a_broken_book_is_never_told_and_says_why(system: System) -> None:
    """Its snapshot does not come until all is well: promised, refused over REST, or crossed each time."""
    broken = nth_books(0)
    reconnects = {name: each["reconnects"] for name, each in (await system.markets()).items()}
    began_s = time.monotonic()
    async with system.audited(*(key for key in KEYS if key not in broken)):
        for key in broken:
            await system.inject(UNMENDABLE[exchange_of(key)], market_of(key), symbol=symbol_of(key))
        await strike(system, "gap", [key for key in broken if exchange_of(key) != "hyperliquid"])
        await until(lambda: not_gapped(system, broken))
        async with trio.open_nursery() as nursery:
            for key in broken:
                nursery.start_soon(refusing, system, key)
        assert 2 <= await system.fired("rest_storm") <= max(20, RETRIES_PER_S * (time.monotonic() - began_s))
        await system.heal()
        await system.until_live("book")
    await everything_is_true(system)
    assert {name: each["reconnects"] for name, each in (await system.markets()).items()} == reconnects


async def not_gapped(system: System, keys: list[str]) -> list[str]:
    """The books that are not yet known to be broken, with a reason."""
    now = await system.channels("book")
    return [str(now[key]) for key in keys if now[key]["quality"] != "gapped" or not now[key]["reason"]]


async def refusing(system: System, key: str) -> None:
    """Who asks for a broken book waits, and is told what is wrong with it."""
    answer = await system.ask(f"book/{key}")
    assert answer.status_code == 503, answer.text
    problem = answer.json()
    assert (problem["code"], problem["quality"]["state"]) == ("not_live", "gapped")
    assert problem["quality"]["reason"] in problem["detail"]
    assert answer.headers["retry-after"] == "1"


async def test_the_first_reader_of_a_book_waits_for_its_snapshot(system: System) -> None:
    keys = [f"{market}:{NOBODYS}" for market in BY_MARKET if "hyperliquid" not in market]
    answers: dict[str, httpx.Response] = {}
    took_s: dict[str, float] = {}

    async def read(key: str) -> None:
        began_s = time.monotonic()
        with trio.fail_after(PATIENCE_S):
            while (answer := await system.ask(f"book/{key}", depth=50)).status_code == 503:
                pass  # the hub waits no longer than three seconds, and says to ask again
        answers[key], took_s[key] = answer, time.monotonic() - began_s

    for key in keys:
        await system.inject("late_snapshot", market_of(key), symbol=symbol_of(key), count=1)
    async with trio.open_nursery() as nursery:
        for key in keys:
            nursery.start_soon(read, key)
    assert await system.fired("late_snapshot") >= len(keys)
    for key, answer in answers.items():
        assert answer.status_code == 200, answer.text
        assert took_s[key] > 0.9
        book = answer.json()["data"]
        assert system.simulated.ledger.find(key, book["bids"], book["asks"]), f"{key} was never so"
    await system.heal()
    await system.until_true(keys)


async def test_a_planned_handover_leaves_no_old_book_behind(system: System) -> None:
    """Binance announces a cut, and gives no snapshots for the next connection."""
    books = [key for key in KEYS if market_of(key) == "binance:spot"]
    before = await endings(system)
    async with system.audited(*(key for key in KEYS if key not in books)):
        await system.inject("rest_storm", "binance:spot")
        await system.inject("shutdown_notice", "binance:spot")
        await until(lambda: not_replaced(system, before))
        await until(lambda: left_behind(system, books))
        until_s = trio.current_time() + 0.5
        while trio.current_time() < until_s:
            states = await system.channels("book")
            assert "live" not in {states[key]["quality"] for key in books}
        await system.heal()
        await system.until_live("book")
    await everything_is_true(system)


async def not_replaced(system: System, before: dict[str, int]) -> str:
    """Nothing, once the next connection speaks: by plan, or because the last one was cut before it was ready
    to."""
    now = await endings(system)
    return f"as before: {now}" if now == before else ""


async def left_behind(system: System, books: list[str]) -> list[str]:
    """The books that are told as live, or were until they fell silent: nobody said that they are over."""
    states = await system.channels("book")
    told = [states[key] for key in books]
    return [str(each) for each in told if each["quality"] == "live" or "no data for" in each["reason"]]


async def endings(system: System) -> dict[str, int]:
    """How often a connection to Binance's spot market was over, by cause."""
    causes: dict[str, int] = (await system.markets())["binance:spot"]["reconnects_by_cause"]
    return causes
