"""The client and the program itself, over real sockets, on both loops and without any."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
from anyio.abc import ByteStream
from tickwell_client import Backoff, Batch, Gap, Refused, Rest, connect
from tickwell_client import sync as blocking
from tickwell_client.address import Address
from tickwell_client.websocket import dial

from tests.clients.two_loops import run_apart
from tests.lived import LivedClock
from tests.patience import PATIENCE_S
from tests.processes import ROOT, HubProcess, environment, hub, simulator

pytestmark = pytest.mark.loopback

KEY = "bybit:linear:BTCUSDT"
CUTS = 20
TOLD = """
[alert:above-nothing]
keys = bybit:linear:BTCUSDT
kind = above
field = price
value = 0

[plugin:prices]
class = tests.plugins.guests:Prices
symbols = bybit:linear:BTC*
"""
NODE = ("node", "--experimental-websocket")  # every version from 22 on has it in any case
both_loops = pytest.mark.parametrize("backend", ["trio", "asyncio"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub whose markets are all live, with a rule that has fired and a plugin that speaks."""
    directory = tmp_path_factory.mktemp("hub")
    settings = directory / "settings.ini"
    settings.write_text((ROOT / "settings.ini").read_text(encoding="utf-8") + TOLD, encoding="utf-8")
    with (
        simulator(directory, "--rate", "300", "--symbols", "20") as exchanges,
        hub(directory, exchanges.port, "--settings", str(settings)) as tickwell,
    ):

        async def until_live() -> None:
            with trio.fail_after(PATIENCE_S):
                await tickwell.until_listening()
                await tickwell.until_states("live")

        trio.run(until_live)
        yield tickwell


def has_sockets() -> bool:
    """Whether there is a Node.js that has the WebSocket of browsers."""
    try:
        done = subprocess.run([*NODE, "-e", "WebSocket"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


needs_socket = pytest.mark.skipif(not has_sockets(), reason="no Node.js with a WebSocket: that did NOT run")


def run(backend: str, test: Any) -> None:
    async def main() -> None:
        with anyio.fail_after(PATIENCE_S):
            await test()

    run_apart(main, backend)


class Severed:
    """Dials, and cuts what was dialled, without a word."""

    def __init__(self) -> None:
        self.streams: list[ByteStream] = []

    async def dial(self, address: Address) -> ByteStream:
        self.streams.append(await dial(address))
        return self.streams[-1]

    async def cut(self) -> None:
        await anyio.aclose_forcefully(self.streams[-1])


def between(trades: list[str], shared: set[str]) -> list[str]:
    """Everything from the first to the last that both clients have seen."""
    places = [place for place, each in enumerate(trades) if each in shared]
    return trades[places[0] : places[-1] + 1]


@pytest.mark.parametrize(("backend", "format"), [("trio", "json"), ("asyncio", "msgpack")])
def test_no_trade_is_missing_or_doubled_over_forced_disconnects(
    running: HubProcess,
    backend: str,
    format: Any,  # noqa: A002
) -> None:
    draw, severed = random.Random(4), Severed()
    found: list[str] = []
    true: list[str] = []

    async def collect(subscription: Any, into: list[str]) -> None:
        async for event in subscription.events():
            assert not isinstance(event, Gap), event
            if isinstance(event, Batch):
                into.extend(f"{each.key} {each.trade_id}" for each in event.records)

    async def test() -> None:
        eager = partial(Backoff, floor_s=0.02, ceiling_s=0.1)
        async with (
            connect(running.stream_url) as steady,
            connect(running.stream_url, dial=severed.dial, backoff=eager, format=format) as cut,
            steady.trades("*") as reference,
            cut.trades("*") as trades,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(collect, reference, true)
            tasks.start_soon(collect, trades, found)
            while cut.reconnects < CUTS:
                await anyio.sleep(draw.uniform(0.02, 0.25))
                await severed.cut()
                await cut.until_connected()
            enough = len(true) + 50
            while not (len(true) > enough and true[enough] in found):
                await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
        shared = set(true) & set(found)
        expected, got = (between(each, shared) for each in (true, found))
        assert len(got) == len(set(got)), "a trade came twice"
        assert set(expected) == set(got), "a trade is missing"
        assert got == expected, "trades are out of order"
        assert len(got) > 200

    run(backend, test)


def is_quick(ping_s: float, lived: LivedClock) -> bool:
    """Whether a ping that has just ended took less than a second, beside what was waited for a processor."""
    return ping_s > 0 and lived.since_s(time.monotonic() - ping_s) < 1


@both_loops
def test_every_channel_speaks_to_the_program(running: HubProcess, backend: str) -> None:
    async def test() -> None:
        async with connect(running.stream_url, compression=True) as hub:
            subscriptions: list[Any] = [
                hub.tickers("bybit:*:BTC*", max_rate_hz=5, fields=["price"]),
                hub.tickers(KEY, changes_only=True),
                hub.quotes("BTCUSDT"),
                hub.trades("top:3"),
                hub.book(KEY, depth=10),
                hub.bars(KEY, interval="1s"),
                hub.funding("bybit:*:*"),
                hub.quality(KEY),
                hub.derived("bybit:linear:BTC*", changes_only=True),
                hub.alerts(snapshot=True),
                hub.spreads(bases=["BTC"]),
                hub.screener("price>1", limit=3),
                hub.system(),
            ]
            for each in subscriptions:
                async with each:
                    records = await each.take()
                    assert records and not each.rejected
            assert await hub.subscriptions() == []
            with LivedClock(running.child.pid) as lived:
                assert is_quick(await hub.ping(), lived)
            assert (await hub.history("trades", KEY, limit=3))[0].key == KEY
            latest = await hub.latest("BTCUSDT")
            assert latest[KEY].price and latest[KEY].is_live

    run(backend, test)


def test_a_local_book_is_the_book_of_the_program(running: HubProcess) -> None:
    async def test() -> None:
        async with (
            connect(running.stream_url) as hub,
            Rest(running.url) as rest,
            hub.book(KEY, depth=20) as books,
        ):
            same = 0
            async for book in books:
                if not book.is_live:
                    continue
                assert book.bids == sorted(book.bids, reverse=True) and book.asks == sorted(book.asks)
                assert book.best_bid and book.best_ask and book.best_bid.price < book.best_ask.price
                told = await rest.book(KEY, depth=20)
                if told.ts_event == book.ts_event:
                    assert (told.bids, told.asks) == (book.bids, book.asks)
                    same += 1
                if same >= 5:
                    break
            assert books.resyncs == 0

    run("trio", test)


def test_history_comes_over_http(running: HubProcess) -> None:
    async def test() -> None:
        async with Rest(running.url) as rest:
            assert (await rest.ticker(KEY)).key == KEY
            assert len(await rest.instruments(exchange="bybit", market="linear")) >= 10
            assert (await rest.spreads(bases=["BTC"]))[0].base == "BTC"
            while not (trades := await rest.trade_history(KEY, from_="-10m").all()):
                await anyio.sleep(0.2)
            assert trades == sorted(trades, key=lambda each: each.ts_event)
            assert (await rest.stats("BTCUSDT", "FUTURES", window="10m")).key == KEY

    run("asyncio", test)


def test_notebooks_need_no_async(running: HubProcess) -> None:
    with blocking.connect(running.stream_url) as hub, blocking.rest(running.url) as rest:
        assert hub.latest("BTCUSDT")[KEY].price
        with hub.trades("top:5") as trades:
            ids = [each.trade_id for _, each in zip(range(20), trades, strict=False)]
        assert len(set(ids)) == 20
        first, second = (book for _, book in zip(range(2), hub.book(KEY), strict=False))
        assert first is not second and first.key == second.key
        assert rest.tickers(exchange="bybit")
        with LivedClock(running.child.pid) as lived:
            assert is_quick(hub.ping(), lived)


def test_what_is_not_a_hub_is_refused(running: HubProcess) -> None:
    async def test() -> None:
        with pytest.raises(Refused, match="40"):
            async with connect(f"{running.stream_url}/elsewhere"):
                pass

    run("trio", test)


README = (ROOT / "clients" / "python" / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def python(*arguments: str) -> str:
    """What a program that uses the client prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment(PYTHONPATH=ROOT / "clients" / "python" / "src"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[str(number) for number in range(len(SNIPPETS))])
def test_what_the_readme_shows_runs(running: HubProcess, snippet: str) -> None:
    assert python("-c", snippet.replace("127.0.0.1:8765", f"127.0.0.1:{running.port}"))


def shown(document: str, language: str) -> str:
    """The program with which a document shows how to follow what it is about."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    programs: list[str] = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    [program] = [each for each in programs if "connect(" in each]
    return program


def first_line(*command: str) -> str:
    """The first line that a program prints that goes on for ever."""
    path = environment(PYTHONPATH=ROOT / "clients" / "python" / "src", PYTHONUNBUFFERED=1)
    with subprocess.Popen(command, env=path, stdout=subprocess.PIPE, text=True) as child:
        late = threading.Timer(PATIENCE_S, child.kill)
        late.start()
        try:
            line: str = next(iter(child.stdout or ()), "")
            return line
        finally:
            late.cancel()
            child.kill()


FOLLOWED = {
    "alerts.md": r"fired warning above-nothing bybit:linear:BTCUSDT: price is \d\S*, above 0\n",
    "plugins.md": r"bybit:linear:BTC\w+ prices (price \d\S* {}|beside (None|null) {.*price.*\d ?})\n",
}


@pytest.mark.parametrize("document", FOLLOWED)
def test_what_the_documents_show_follows_the_program(running: HubProcess, document: str) -> None:
    program = shown(document, "python").replace("127.0.0.1:8765", f"127.0.0.1:{running.port}")
    assert re.fullmatch(FOLLOWED[document], first_line(sys.executable, "-c", program))


@needs_socket
@pytest.mark.parametrize("document", FOLLOWED)
def test_what_the_documents_show_in_javascript_does_too(running: HubProcess, document: str) -> None:
    client = (ROOT / "web" / "static" / "js" / "tickwell.js").as_uri()
    program = shown(document, "js").replace("127.0.0.1:8765", f"127.0.0.1:{running.port}")
    program = program.replace('"tickwell-client"', f'"{client}"')
    assert re.fullmatch(FOLLOWED[document], first_line(*NODE, "--input-type=module", "-e", program))


EXAMPLES = {
    "arbitrage_watcher.py": (["--bps=-100", "--count=3"], " bps"),
    "liquidation_alert.py": (["--value=0", "--count=1"], "liquidated in a minute"),
    "book_imbalance.py": ([KEY, "--count=4"], KEY),
    "notebook_history.py": ([KEY], " is at "),
    "volatility_forecast.py": ([KEY, "--horizon=5", "--half-life=20"], "\nhar "),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(running: HubProcess, name: str) -> None:
    arguments, expected = EXAMPLES[name]
    assert expected in python(str(ROOT / "examples" / name), f"--url={running.url}", *arguments)


def test_every_example_is_run() -> None:
    assert {path.name for path in Path(ROOT / "examples").glob("*.py")} == set(EXAMPLES)
