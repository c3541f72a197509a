"""What the tests of the web share: a fixed clock, a control that remembers, ticks in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import trio
from quart_trio import QuartTrio

from actors.market.feeds import MarketReport
from actors.market.sinkstatus import SinkReport
from actors.market.tick import Changes, Record, Tick
from actors.market.ticker import Ticker
from actors.runtime.settings import StreamSettings, TokenSettings, WebSettings
from actors.sinks.base import History
from web.app import create_app
from web.offers import Offers
from web.readmodel import ReadModel

NOW_NS = 1_766_523_600_123_000_000
LOCAL: dict[str, Any] = {"client": ("127.0.0.1", 50_000)}
REMOTE: dict[str, Any] = {"client": ("192.0.2.1", 50_000)}


class Switch:
    """A control that does nothing but remember."""

    def __init__(self) -> None:
        self.on = {"bybit": True, "hyperliquid": False}
        self.calls: list[tuple[str, str | None]] = []
        self.watched: list[tuple[str, int, float | None]] = []
        self.refusal: Exception | None = None

    async def start(self, exchange: str | None) -> None:
        """Turn on."""
        self.calls.append(("start", exchange))
        self.on.update({name: True for name in self.on if exchange in (None, name)})

    async def stop(self, exchange: str | None) -> None:
        """Turn off."""
        self.calls.append(("stop", exchange))
        self.on.update({name: False for name in self.on if exchange in (None, name)})

    def running(self, exchange: str) -> bool:
        """Whether it is on."""
        return self.on[exchange]

    def watch(self, exchange: str, market: str, symbol: str, depth: int, for_s: float | None = None) -> None:
        """Remember who wants which book; a test may set `refusal`."""
        if self.refusal is not None:
            raise self.refusal
        self.watched.append((f"{exchange}:{market}:{symbol}", depth, for_s))


def model() -> ReadModel:
    """A read model of two exchanges at a fixed time."""
    return ReadModel(["bybit", "hyperliquid"], now_ns=lambda: NOW_NS)


def tick(*changed: str, removed: list[tuple[str, str]] | None = None, market: str = "linear") -> Tick:
    """A tick of Bybit. `BTCUSDT=2` changes the price of BTCUSDT to 2."""
    records = []
    for change in changed:
        symbol, _, price = change.partition("=")
        body = f'{{"symbol":"{symbol}","price":{price or 1}}}'.encode()
        ticker = Ticker(exchange="bybit", market=market, symbol=symbol, quality="live")
        records.append(Record(ticker, body))
    return Tick("bybit", NOW_NS, records, Changes(removed=removed or []))


def report(**changes: Any) -> MarketReport:
    """A report of Bybit's linear market, live, with changes."""
    usual: dict[str, Any] = {
        "exchange": "bybit",
        "market": "linear",
        "state": "live",
        "symbols": ("BTCUSDT", "ETHUSDT"),
        "producing": 2,
        "messages_per_s": 12.34,
        "last_data_ts": NOW_NS - 1_500_000_000,
    }
    return MarketReport(**{**usual, **changes})


def application(
    read_model: ReadModel | None = None,
    switch: Switch | None = None,
    stop: trio.Event | None = None,
    folder: Path | None = None,
    offers: Offers | None = None,
    history: History | None = None,
    history_is_whole: Callable[[], bool] = lambda: True,
    sinks: Callable[[], Sequence[SinkReport]] = tuple,
    stream: StreamSettings | None = None,
    tokens: Mapping[str, TokenSettings] | None = None,
    **settings: Any,
) -> QuartTrio:
    """An application with everything in its place."""
    more: dict[str, Any] = {"folder": folder} if folder else {}
    return create_app(
        read_model or model(),
        switch or Switch(),
        WebSettings(**settings),
        stop=trio.Event() if stop is None else stop,
        now_ns=(read_model or model()).now_ns,
        offers=offers,
        history=history,
        history_is_whole=history_is_whole,
        sinks=sinks,
        stream=stream,
        tokens=tokens,
        **more,
    )
