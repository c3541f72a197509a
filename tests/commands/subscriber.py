"""`sub` as a test runs it: in this process against a served hub, its output in a file."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import trio

from actors.market.tick import Changes, Tick
from actors.runtime.arguments import parse
from actors.runtime.settings import WebSettings
from commands import every
from commands.stream.address import read_address
from commands.sub import params_of, subscribe
from tests.patience import PATIENCE_S
from tests.web.populated import BTC, records, ticker, trade
from tests.web.served import Hub


def publish(served: Hub, price: float, *symbols: str) -> None:
    """Publish a price of these, of BTC by default."""
    told = [ticker("bybit", ("linear", each), price=price) for each in symbols or ("BTCUSDT",)]
    served.model.publish(Tick("bybit", served.ts, records(*told), Changes(tickers=told)))


def publish_trades(served: Hub, *numbers: int) -> None:
    """Publish trades of BTC by their numbers."""
    made = [trade(number) for number in numbers]
    served.model.publish(Tick("bybit", served.ts, [], Changes(trades={BTC: made})))


class Subscriber:
    """One run of `sub`. `code` is its exit code, once it ended; `failure` what it raised instead."""

    def __init__(self, out: Path, url: str, *arguments: str) -> None:
        self._out = out
        self._descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._options = parse(["sub", *arguments, "--url", url], Path("x"), every())
        self.code: int | None = None
        self.failure: Exception | None = None
        self.scope = trio.CancelScope()
        self.ended = trio.Event()

    async def run(self) -> None:
        """Until it ends, or `scope` is cancelled."""
        address = read_address(self._options.url, WebSettings())
        try:
            with self.scope:
                self.code = await subscribe(
                    self._options, address, params_of(self._options), self._descriptor
                )
        except Exception as error:
            self.failure = error
        finally:
            os.close(self._descriptor)
            self.ended.set()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it wrote by now."""
        return [json.loads(line) for line in self._out.read_text().splitlines()]

    def values(self, name: str) -> list[Any]:
        """One field of every record."""
        return [line["data"].get(name) for line in self.lines]

    async def until(self, count: int) -> None:
        """Wait for so many lines."""
        with trio.fail_after(PATIENCE_S):
            while len(self.lines) < count:
                await trio.sleep(0.01)

    async def end(self) -> None:
        """Wait for its end."""
        with trio.fail_after(PATIENCE_S):
            await self.ended.wait()


async def subscribed(
    served: Hub, out: Path, *arguments: str, port: int | None = None, host: str = "127.0.0.1"
) -> Subscriber:
    """A run in the background."""
    subscriber = Subscriber(out, f"{host}:{port or served.port}", *arguments)
    served.nursery.start_soon(partial(subscriber.run))
    return subscriber
