"""`listen`: what it writes, what it leaves out, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import trio

from actors.nats.address import Address
from actors.nats.link import Link, linked
from actors.nats.patterns import read_patterns
from actors.nats.quotes import Message
from actors.runtime.arguments import parse
from actors.runtime.errors import SettingsError, StartError
from commands import every
from commands.listen import COMMAND
from commands.listen.lines import json_line, plain_line
from commands.listen.listening import Listener, Lost
from tests.fakes import settings_for
from tests.nats.nats_server import NatsServer, running
from tests.patience import PATIENCE_S
from tests.processes import ROOT, environment, free_port

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with running(tmp_path_factory.mktemp("listen")) as server:
        yield server


@pytest.fixture
def server(shared_server: NatsServer) -> NatsServer:
    shared_server.ensure()
    return shared_server


def quote(subject: str, price: float = 1.5, exchange: str = "bybit") -> Message:
    symbol = subject.rsplit(".", 1)[-1]
    body = {"symbol": symbol, "price": price, "market": "SPOT", "timestamp": 1_795_290_074_139}
    return Message(subject, json.dumps(body).encode(), {"Exchange": exchange})


# What is written


def test_a_price_is_five_words() -> None:
    assert plain_line(quote("quotes.spot.BTCUSDT", 67012.5)) == (
        b"2026-11-21T19:41:14.139Z bybit SPOT BTCUSDT 67012.5\n"
    )
    assert b" - SPOT " in plain_line(Message("x", quote("a.b").payload))


@pytest.mark.parametrize(
    "payload",
    [b"", b"hello", b"{}", b"\xff\xfe", b'{"symbol":"A","price":1,"market":"SPOT","timestamp":1e300}',
     b'{"symbol":"A","price":1,"market":"SPOT","timestamp":99999999999999999}', b'\x1b[2J\r\n{"symbol":1}'],
)  # fmt: skip
def test_anything_else_is_its_subject_and_one_harmless_line(payload: bytes) -> None:
    line = plain_line(Message("any.thing", payload)).decode()
    assert line.startswith("any.thing ") and line.endswith("\n") and line[:-1].isprintable()
    assert json.loads(json_line(Message("any.thing", payload)))["subject"] == "any.thing"


def test_a_symbol_moves_no_cursor() -> None:
    message = Message(
        "q", b'{"symbol":"A\\u001b[2J\\nB","price":1,"market":"SPOT","timestamp":1}', {"Exchange": "\x1b"}
    )
    assert plain_line(message) == b"1970-01-01T00:00:00.001Z \\x1b SPOT A\\x1b[2J\\nB 1.0\n"


def test_json_is_what_was_published_beside_its_subject() -> None:
    told = json.loads(json_line(quote("quotes.spot.A")))
    assert (told["subject"], told["exchange"]) == ("quotes.spot.A", "bybit")
    assert told["data"] == {"symbol": "A", "price": 1.5, "market": "SPOT", "timestamp": 1_795_290_074_139}
    assert json.loads(json_line(Message("s", b'{\n"a":1}')))["data"] == {"a": 1}
    assert json.loads(json_line(Message("s", b"text")))["data"] == "text"


# What is listened to


class Run:
    """One run of `listen` in this process."""

    def __init__(
        self, server: NatsServer, *patterns: str, left: int | None = None, once: bool = False
    ) -> None:
        self.lines: list[str] = []
        self.said: list[str] = []
        self.listener = Listener(
            Address.parse(server.url), read_patterns(patterns), lambda each: each.subject.encode() + b"\n",
            self._write, left, once, self.said.append,
        )  # fmt: skip

    async def _write(self, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self.lines += data.decode().splitlines()

    async def until(self, line: str) -> None:
        with trio.fail_after(PATIENCE_S):
            while line not in self.lines:
                await trio.sleep(0.01)


@asynccontextmanager
async def listening(run: Run, link: Link) -> AsyncIterator[None]:
    """It has subscribed: what is published now, it hears."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run.listener.run)
        with trio.fail_after(PATIENCE_S):
            while not run.lines:
                await link.publish([quote("quotes.spot.BTCFIRST")])
                await trio.sleep(0.02)
        run.lines.clear()
        yield
        nursery.cancel_scope.cancel()


async def test_globs_inside_a_token_are_heeded_and_nothing_comes_twice(server: NatsServer) -> None:
    subjects = [
        "quotes.spot.BTCUSDT",
        "quotes.futures.BTCUSDT",
        "quotes.spot.WBTCUSDT",
        "quotes.binance.spot.BTCUSDT",
    ]
    run = Run(server, "quotes.*.BTC*", "quotes.spot.>", "quotes.*.BTCUSDT")
    async with linked(Address.parse(server.url)) as link, listening(run, link):
        await link.publish([quote("quotes.spot.BTCFIRST")] * 5)
        await link.publish([quote(each) for each in subjects])
        await link.publish([quote("quotes.spot.BTCLAST")])
        await run.until("quotes.spot.BTCLAST")
    heard = [line for line in run.lines if line != "quotes.spot.BTCFIRST"]
    assert heard == [*subjects[:3], "quotes.spot.BTCLAST"]


async def test_a_symbol_alone_is_meant_on_every_market_of_every_exchange(server: NatsServer) -> None:
    run = Run(server, "BTC*")
    async with linked(Address.parse(server.url)) as link, listening(run, link):
        run.lines.clear()
        wanted = ["quotes.futures.BTCUSDT", "quotes.binance.spot.BTCUSDT"]
        await link.publish([quote(each) for each in [wanted[0], "quotes.spot.ETHUSDT", wanted[1]]])
        await run.until(wanted[1])
    assert [line for line in run.lines if line != "quotes.spot.BTCFIRST"] == wanted


async def test_it_ends_after_so_many(server: NatsServer) -> None:
    run = Run(server, left=3)
    async with linked(Address.parse(server.url)) as link, trio.open_nursery() as nursery:
        nursery.start_soon(run.listener.run)
        with trio.fail_after(PATIENCE_S):
            while len(run.lines) < 3:
                await link.publish([quote("quotes.spot.A"), quote("quotes.spot.B")])
                await trio.sleep(0.02)
    assert len(run.lines) == 3


async def test_a_lost_server_is_told_and_found_again(server: NatsServer) -> None:
    run = Run(server)
    run.listener.backoff = run.listener.backoff.__class__(base_s=0.05, ceiling_s=0.05)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run.listener.run)
        async with linked(Address.parse(server.url)) as link:
            with trio.fail_after(PATIENCE_S):
                while not run.lines:
                    await link.publish([quote("quotes.spot.A")])
                    await trio.sleep(0.02)
            server.kill()
            with trio.fail_after(PATIENCE_S):
                while not run.said:
                    await trio.sleep(0.02)
        await trio.sleep(0.2)
        server.start()
        async with linked(Address.parse(server.url)) as link:
            with trio.fail_after(PATIENCE_S):
                while "quotes.spot.B" not in run.lines:
                    await link.publish([quote("quotes.spot.B")])
                    await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    [lost, found] = run.said
    assert lost.endswith("has closed the connection; connecting again")
    assert re.match(r"connected again after \d+\.\d s;", found) and "is missing" in found


async def test_once_ends_with_the_connection(server: NatsServer) -> None:
    run = Run(server, once=True)
    with pytest.raises(Lost, match="has closed the connection"):
        async with linked(Address.parse(server.url)) as link:
            try:
                async with listening(run, link):
                    server.kill()
                    await trio.sleep(PATIENCE_S)
            except ExceptionGroup as group:
                raise group.exceptions[0] from None


# The command


def options(*arguments: str) -> object:
    return parse(["listen", *arguments], Path("x"), every())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("quotes..x",), "listen: 'quotes..x': a part of it is empty; expected such as"),
        (("--url", "http://x"), "listen: the URL of NATS begins with nats:// or tls://"),
        (("--limit", "0"), "--limit=0: expected a number of messages"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        COMMAND.run(options(*arguments), settings_for(tmp_path))  # type: ignore[arg-type]
    assert caught.value.problems[0].startswith(problem)


def test_no_server_is_told_with_what_to_do(tmp_path: Path) -> None:
    url = f"nats://user:hunter2@127.0.0.1:{free_port()}"
    with pytest.raises(StartError, match="Start one: `nats-server`; or name another") as caught:
        COMMAND.run(options("--url", url), settings_for(tmp_path))  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)


def test_without_the_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nats.aio.client", None)
    for name in [name for name in sys.modules if name.startswith(("actors.nats.", "commands.listen."))]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(StartError, match=r"pip install 'tickwell\[nats\]'"):
        COMMAND.run(options(), settings_for(tmp_path))  # type: ignore[arg-type]


@contextmanager
def program(server: NatsServer, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`listen` in a process of its own, told of its server as the hub is."""
    child = subprocess.Popen(
        [sys.executable, "supervisor.py", "listen", *arguments],
        cwd=ROOT,
        env=environment(NATS_URL=server.url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


async def test_as_a_program_it_ends_cleanly_on_a_signal(server: NatsServer) -> None:
    async with linked(Address.parse(server.url)) as link:
        with program(server, "quotes.*.A*", "--json") as child, trio.fail_after(PATIENCE_S):
            assert child.stdout is not None
            lines: list[bytes] = []

            async def read() -> None:
                assert child.stdout is not None
                lines.append(await trio.to_thread.run_sync(child.stdout.readline, abandon_on_cancel=True))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                while not lines:
                    await link.publish([quote("quotes.spot.B"), quote("quotes.spot.A")])
                    await trio.sleep(0.05)
            assert json.loads(lines[0])["subject"] == "quotes.spot.A"
            child.send_signal(signal.SIGTERM)
            code = await trio.to_thread.run_sync(child.wait)
            assert child.stderr is not None
            assert (code, child.stderr.read()) == (128 + signal.SIGTERM, b"")
