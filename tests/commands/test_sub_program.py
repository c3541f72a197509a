"""`python supervisor.py sub` as a process: in pipes, stopped by signals, and what its shell gets to know."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from tests.commands.subscriber import publish
from tests.processes import ROOT, environment
from tests.web.served import Hub, hub

pytestmark = pytest.mark.loopback


@contextmanager
def program(served: Hub, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`sub` in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "supervisor.py", "sub", *arguments],
        cwd=ROOT,
        env=environment(TICKWELL_WEB_PORT=served.port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdout, child.stderr):
            assert pipe is not None
            pipe.close()


async def line_of(child: subprocess.Popen[bytes]) -> bytes:
    """Its next line."""
    assert child.stdout is not None
    return await trio.to_thread.run_sync(child.stdout.readline, abandon_on_cancel=True)


async def end_of(child: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit code, and what it said."""
    assert child.stderr is not None
    said = await trio.to_thread.run_sync(child.stderr.read, abandon_on_cancel=True)
    return await trio.to_thread.run_sync(child.wait), said.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_without_a_word(number: signal.Signals) -> None:
    async with hub() as served:
        publish(served, 1.0)
        with program(served, "ticker") as child:
            assert (await line_of(child)).startswith(b'{"channel":"ticker"')
            child.send_signal(number)
            assert await end_of(child) == (128 + number, "")


async def test_a_signal_ends_it_also_while_nobody_reads() -> None:
    async with hub() as served:
        publish(served, 1.0, *(f"A{number}USDT" for number in range(3000)))
        with program(served, "ticker") as child:
            await line_of(child)
            child.send_signal(signal.SIGTERM)
            assert child.stdout is not None
            code = await trio.to_thread.run_sync(child.wait)
            assert code == 128 + signal.SIGTERM


@pytest.mark.parametrize("market_is_quiet", [True, False])
async def test_a_reader_that_had_enough_is_a_good_end(market_is_quiet: bool) -> None:
    async with hub() as served:
        publish(served, 1.0)
        with program(served, "ticker") as child:
            await line_of(child)
            assert child.stdout is not None
            child.stdout.close()
            if not market_is_quiet:
                publish(served, 2.0)
            assert await end_of(child) == (0, "")


async def test_a_mistake_is_exit_code_2() -> None:
    async with hub() as served:
        publish(served, 1.0)
        with program(served, "tickr") as child:
            code, said = await end_of(child)
    assert code == 2
    assert said.startswith('tickwell: sub: the hub says: There is no channel "tickr"')
    assert said.count("\n") == 1
