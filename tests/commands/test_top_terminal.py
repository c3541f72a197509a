"""`python supervisor.py top` on a terminal, as a person sees it."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest
import trio

from actors.market.tick import Changes, Tick
from tests.commands.relay import relay
from tests.commands.subscriber import publish_trades
from tests.commands.terminals import terminal
from tests.processes import ROOT, environment, free_port
from tests.web.harness import report
from tests.web.populated import records, ticker
from tests.web.served import Hub, hub

pytestmark = pytest.mark.loopback
AGO_NS = 90 * 1_000_000_000
RESTORED = b"\x1b[0m\x1b[?25h\x1b[?1049l"


def publish(served: Hub, symbol: str, price: float, quality: Any = "live", **values: Any) -> None:
    """Publish a ticker that is a minute and a half old, so that its age does not change while we look."""
    usual = {"bid": price, "ask": price, "ts_recv": served.model.now_ns() - AGO_NS, "name": symbol}
    told = [ticker("bybit", ("linear", symbol), quality, price=price, **(usual | values))]
    served.model.publish(Tick("bybit", served.ts, records(*told), Changes(tickers=told)))


def populate(served: Hub) -> None:
    """Three instruments, and how two exchanges do."""
    served.model.report([report(), report(exchange="hyperliquid", state="disconnected", messages_per_s=0.0)])
    publish(served, "BTCUSDT", 64_000.5, turnover_24h=3e9)
    publish(served, "ETHUSDT", 3000.25, turnover_24h=2e9)
    publish(served, "SOLUSDT", 150.0, "stale", turnover_24h=1e9)


SMALL = """\
SYMBOL       EXCHANGE    MARKET           LAST       24H TURNOVER▼          AGE
BTCUSDT      bybit       linear     64,000.5 →         –     3.00B        1 min
ETHUSDT      bybit       linear     3,000.25 →         –     2.00B        1 min
SOLUSDT      bybit       linear          150 →         –     1.00B  stale 1 min"""
WIDE = " 1H       24H    BPS TURNOVER▼   FUND 8H      OI          AGE"


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
async def test_the_screen(columns: int, lines: int) -> None:
    async with hub() as served:
        populate(served)
        where = f"127.0.0.1:{served.port}"
        async with terminal("top", "--url", where, columns=columns, lines=lines) as shown:
            await shown.until(lambda: "none yet" in shown.text and "bybit 12/s" in shown.text)
            assert shown.lines[0] == f"Tickwell [1 NOT LIVE] {where}  connections 1  3 of 3"
            assert shown.lines[1].split("   ") == ["🟢 bybit 12/s –", "🔴 hyperliquid disconnected"]
            if columns == 80:
                assert "\n".join(shown.lines[2:6]) == SMALL
            else:
                assert shown.lines[2].endswith(WIDE)
            assert shown.lines[lines - 1 - lines // 4] == "TRADES of bybit:linear:BTCUSDT"
            assert shown.lines[-1].startswith("q quit  / search")
            assert shown.marked().startswith("BTCUSDT")
            assert (shown.colour("150 →"), shown.colour("stale 1 min")) == ("brightblack", "brown")
            shown.press("q")
            assert await shown.end() == 0
            await shown.until(lambda: shown.raw.endswith(RESTORED))


async def test_prices_move_with_arrows_and_colours() -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{served.port}") as shown:
            await shown.until(lambda: "64,000.5 →" in shown.text)
            publish(served, "BTCUSDT", 64_001.5, turnover_24h=3e9)
            publish(served, "ETHUSDT", 2999.75, turnover_24h=2e9)
            await shown.until(lambda: "64,001.5 ↗" in shown.text and "2,999.75 ↘" in shown.text)
            assert (shown.colour("64,001.5 ↗"), shown.colour("2,999.75 ↘")) == ("green", "red")


async def test_the_tape_follows_the_cursor() -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{served.port}") as shown:
            await shown.until(lambda: "none yet" in shown.text)
            publish_trades(served, 1, 2)
            await shown.until(lambda: "00:00:02  ↗ buy" in shown.text)
            assert shown.text.index("00:00:02") < shown.text.index("00:00:01")
            shown.press("j")
            await shown.until(lambda: "TRADES of bybit:linear:ETHUSDT\nnone yet" in shown.text)
            assert shown.marked().startswith("ETHUSDT")
            shown.press("t")
            await shown.until(lambda: "TRADES" not in shown.text)


async def test_search_and_sort() -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{served.port}") as shown:
            await shown.until(lambda: "SOLUSDT" in shown.text)
            shown.press("/sol")
            await shown.until(lambda: "/sol▏" in shown.text and "BTCUSDT " not in shown.text)
            assert "1 of 3" in shown.lines[0]
            shown.press("\x1b")
            await shown.until(lambda: "BTCUSDT " in shown.text)
            shown.press("ssr")
            await shown.until(lambda: "SYMBOL▼" in shown.text)
            assert [line.split()[0] for line in shown.lines[3:6]] == ["SOLUSDT", "ETHUSDT", "BTCUSDT"]


async def test_another_size_is_drawn_at_once() -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{served.port}") as shown:
            await shown.until(lambda: "SOLUSDT" in shown.text)
            shown.resize(120, 40)
            await shown.until(lambda: "FUND 8H" in shown.text and shown.lines[-1].startswith("q quit"))
            shown.resize(60, 12)
            heads = ["SYMBOL", "EXCHANGE", "LAST", "AGE"]
            await shown.until(lambda: shown.lines[2].split() == heads and "TRADES" not in shown.text)


async def test_a_lost_hub_makes_everything_grey_until_it_is_back() -> None:
    async with hub() as served, relay(served.port) as road:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{road.port}") as shown:
            await shown.until(lambda: "64,000.5 →" in shown.text)
            road.closed = True
            await road.cut()
            await shown.until(lambda: "NOTHING IS CURRENT" in shown.text)
            assert "[OFFLINE]" in shown.lines[0]
            assert shown.colour("64,000.5 →") == "brightblack"
            assert [line.split()[-1] for line in shown.lines[4:6]] == ["offline", "offline"]
            publish(served, "BTCUSDT", 65_000.5, turnover_24h=3e9)
            road.closed = False
            await shown.until(lambda: "65,000.5 →" in shown.text)
            assert "NOTHING IS CURRENT" not in shown.text
            assert shown.colour("65,000.5 →") == "default"


@pytest.mark.parametrize(("keys", "number"), [("\x03", signal.SIGINT), ("", signal.SIGTERM)])
async def test_signals_give_the_terminal_back(keys: str, number: signal.Signals) -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{served.port}") as shown:
            await shown.until(lambda: "SOLUSDT" in shown.text)
            shown.press(keys) if keys else shown.child.send_signal(number)
            assert await shown.end() == 128 + number
            await shown.until(lambda: shown.raw.endswith(RESTORED))


async def test_without_colours_where_none_are_wanted() -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "--url", f"127.0.0.1:{served.port}", NO_COLOR=1) as shown:
            await shown.until(lambda: "stale 1 min" in shown.text)
            assert not [code for code in range(30, 50) if f"{code}m".encode() in shown.raw]
            assert b"\x1b[0;2m" in shown.raw


async def test_a_terminal_of_ascii_gets_ascii() -> None:
    async with hub() as served:
        populate(served)
        where = f"127.0.0.1:{served.port}"
        async with terminal("top", "--url", where, LC_ALL="C", PYTHONUTF8=0, PYTHONCOERCECLOCALE=0) as shown:
            await shown.until(lambda: "stale 1 min" in shown.text and "bybit 12/s" in shown.text)
            assert shown.raw.isascii()
            assert shown.lines[3].startswith("BTCUSDT      bybit       linear     64,000.5 -         -")


async def test_what_is_refused_in_part_is_told_above_the_rest() -> None:
    async with hub() as served:
        populate(served)
        arguments = ["bybit:linear:NOPE", "bybit:linear:BTCUSDT", "--url", f"127.0.0.1:{served.port}"]
        async with terminal("top", *arguments) as shown:
            await shown.until(lambda: shown.lines[4].startswith("BTCUSDT"))
            assert shown.lines[2].startswith(
                "bybit:linear:NOPE: no instrument 'bybit:linear:NOPE' is followed"
            )


async def test_a_symbol_that_is_unknown_leaves_a_clean_terminal_and_a_reason() -> None:
    async with hub() as served:
        populate(served)
        async with terminal("top", "bybit:linear:BTCUSTD", "--url", f"127.0.0.1:{served.port}") as shown:
            assert await shown.end() == 2
            await shown.until(lambda: "near it are bybit:linear:BTCUSDT" in shown.text.replace("\n", ""))


def top(port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`top` without a terminal."""
    command = [sys.executable, "supervisor.py", "top", "--url", f"127.0.0.1:{port}", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_pipe_gets_the_table_once() -> None:
    async with hub() as served:
        populate(served)
        told = await trio.to_thread.run_sync(top, served.port)
    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines[3:]] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert lines[1] == "🟢 bybit 12/s –   🔴 hyperliquid disconnected"
    assert lines[5].endswith("stale 1 min")
    assert "\x1b" not in told.stdout


async def test_plain_without_a_hub_says_how_to_start_one() -> None:
    told = await trio.to_thread.run_sync(top, free_port(), "--plain")
    assert (told.returncode, told.stdout) == (73, "")
    assert told.stderr.startswith("tickwell: top: no hub at ws://127.0.0.1:")
    assert "`python supervisor.py`" in told.stderr
