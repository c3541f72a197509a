"""Who reads an exchange in question 1: `python -m benchmarks.readers tickwell --port 1234 --count 200000`.

Each contestant subscribes the same tickers or order books, keeps the newest state per symbol, and says what
CPU time it spent between the first message and the last. Nobody else is in its process.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from benchmarks import wire


class Counter:
    """Counts messages, apart from the first `skipped`; at the last one it reports and ends the process."""

    def __init__(self, goal: int, skipped: int) -> None:
        self.goal = goal
        self.skipped = skipped
        self.seen = 0
        self.ends = sys.maxsize
        self.began_s = self.began_cpu_s = 0.0

    def add(self, messages: int) -> None:
        """Some more messages have become state."""
        self.seen += messages
        if self.seen >= self.ends:
            self.report()
        elif self.ends == sys.maxsize and self.seen > self.skipped:
            self.began_s, self.began_cpu_s = time.monotonic(), time.process_time()
            self.ends = self.seen + self.goal

    def report(self) -> NoReturn:
        """The last message was read."""
        answer = {
            "messages": (messages := self.goal + self.seen - self.ends),
            "cpu_us": (time.process_time() - self.began_cpu_s) / messages * 1e6,
            "messages_per_s": messages / (time.monotonic() - self.began_s),
        }
        print(json.dumps(answer), flush=True)
        os._exit(0)


def tickwell(port: int, symbols: int, channel: str, counter: Counter) -> None:
    """The hub's own feeds and state, wired by its supervisor; nothing behind the state runs."""
    import trio

    from actors.exchanges import exchanges
    from actors.market.events import BookDelta, BookSnapshot, TickerUpdate
    from actors.runtime.ini import read_settings
    from actors.runtime.start import calm_collector
    from benchmarks.harness import ROOT
    from supervisor import Hub

    environment = {
        "TICKWELL_EXCHANGE_BYBIT_LINEAR": ",".join(map(wire.symbol, range(symbols))),
        "TICKWELL_EXCHANGE_BYBIT_SPOT": "",
        "TICKWELL_EXCHANGE_BYBIT_LINEAR_BOOKS": "*" if channel == "books" else "",
        "TICKWELL_EXCHANGE_BYBIT_LINEAR_STREAM_URL": f"ws://127.0.0.1:{port}",
        "TICKWELL_EXCHANGE_BYBIT_LINEAR_REST_URL": f"http://127.0.0.1:{port}",
        "TICKWELL_EXCHANGE_HYPERLIQUID_ENABLED": "no",
        "TICKWELL_EXCHANGE_BINANCE_ENABLED": "no",
    }

    counted_kinds = (BookDelta, BookSnapshot) if channel == "books" else (TickerUpdate,)

    async def run() -> None:
        hub = Hub(read_settings(ROOT / "settings.ini", environment, exchanges()))
        hub.tree(lambda addresses: None)
        apply = hub.market.apply

        def counted(batch: Any) -> None:
            apply(batch)
            if isinstance(batch.events[0], counted_kinds):
                counter.add(len(batch.events))

        setattr(hub.market, "apply", counted)  # noqa: B010 - mypy would call it an assignment to a method
        await hub.pipeline.run()

    calm_collector()
    trio.run(run)


def ticker_merge() -> Callable[[bytes], None]:
    """One merge into a dict."""
    import msgspec

    kinds = {
        "lastPrice": float, "turnover24h": float, "volume24h": float, "price24hPcnt": float,
        "bid1Price": float, "bid1Size": float, "ask1Price": float, "ask1Size": float,
    }  # fmt: skip
    fields = [(name, kind | msgspec.UnsetType, msgspec.UNSET) for name, kind in kinds.items()]
    data_type = msgspec.defstruct("Data", [("symbol", str), *fields], gc=False)
    parts: list[Any] = [("topic", str, ""), ("data", data_type | None, None)]
    message_type = msgspec.defstruct("Message", parts, gc=False)
    decode = msgspec.json.Decoder(message_type, strict=False).decode
    state: dict[str, dict[str, Any]] = {}

    def merge(payload: bytes) -> None:
        data = decode(payload).data  # type: ignore[attr-defined]
        if data is not None:
            record = state.setdefault(data.symbol, {})
            record.update(msgspec.to_builtins(data))  # a dict of the fields that are there, made in C

    return merge


def book_merge() -> Callable[[bytes], None]:
    """One merge into a dict per side: nothing is deleted, sorted or checked."""
    import msgspec

    levels = list[tuple[float, float]]
    data_type = msgspec.defstruct("Data", [("s", str), ("b", levels), ("a", levels)], gc=False)
    parts: list[Any] = [("topic", str, ""), ("data", data_type | None, None)]
    message_type = msgspec.defstruct("Message", parts, gc=False)
    decode = msgspec.json.Decoder(message_type, strict=False).decode
    books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}

    def merge(payload: bytes) -> None:
        data = decode(payload).data  # type: ignore[attr-defined]
        if data is not None:
            bids, asks = books.setdefault(data.s, ({}, {}))
            bids.update(data.b)
            asks.update(data.a)

    return merge


MERGES = {"tickers": ("tickers", ticker_merge), "books": ("orderbook.50", book_merge)}


def limit(port: int, symbols: int, channel: str, counter: Counter) -> None:
    """As little as can be done: a bare Trio socket, typed msgspec, one merge into a dict."""
    import trio

    trio.run(partial(bare, port, symbols, channel, counter))


async def bare(port: int, symbols: int, channel: str, counter: Counter) -> None:
    """A loop that knows nothing but whole, unmasked text frames."""
    import trio

    topic, begin = MERGES[channel]
    merge = begin()
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    topics = [f"{topic}.{wire.symbol(number)}" for number in range(symbols)]
    await stream.send_all(
        b"GET /v5/public/linear HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    head = await stream.receive_some(4096)
    assert head.endswith(b"\r\n\r\n")
    request = json.dumps({"op": "subscribe", "args": topics}).encode()
    await stream.send_all(b"\x81\xfe" + len(request).to_bytes(2) + b"\0\0\0\0" + request)
    rest = b""
    while data := await stream.receive_some(65_536):
        data = rest + data
        count, position, end = 0, 0, len(data)
        while end - position >= 4:
            size, start = data[position + 1], position + 2
            if size == 126:
                size, start = int.from_bytes(data[start : start + 2]), start + 2
            if start + size > end:
                break
            position = start + size
            merge(data[start:position])
            count += 1
        rest = data[position:]
        counter.add(count)


def cryptofeed(port: int, symbols: int, channel: str, counter: Counter) -> None:
    """cryptofeed's feed handler with a callback; only the addresses are ours."""
    connection: Any = importlib.import_module("cryptofeed.connection")
    feeds: Any = importlib.import_module("cryptofeed.exchanges")
    defines: Any = importlib.import_module("cryptofeed.defines")
    dial = connection.connect
    connection.connect = lambda address, **options: dial(
        address.replace("wss://stream.bybit.com", f"ws://127.0.0.1:{port}"), **options
    )
    for endpoint in feeds.Bybit.rest_endpoints:
        endpoint.address = f"http://127.0.0.1:{port}"
    handler = importlib.import_module("cryptofeed").FeedHandler(config={"log": {"disabled": True}})

    async def count(_: Any, __: float) -> None:
        counter.add(1)

    names = [f"{wire.symbol(number)[:-4]}-USDT-PERP" for number in range(symbols)]
    wanted = defines.L2_BOOK if channel == "books" else defines.TICKER
    handler.add_feed(feeds.Bybit(symbols=names, channels=[wanted], callbacks={wanted: count}))
    handler.run(install_signal_handlers=False)


def ccxt(port: int, symbols: int, channel: str, counter: Counter) -> None:
    """ccxt.pro's `watch_...` in a loop; only the addresses and the list of markets are ours."""
    asyncio.run(watch(port, symbols, channel, counter))


async def watch(port: int, symbols: int, channel: str, counter: Counter) -> None:
    """Until the process ends."""
    exchange: Any = importlib.import_module("ccxt.pro").bybit()
    exchange.urls["api"]["ws"]["public"]["linear"] = f"ws://127.0.0.1:{port}/v5/public/linear"
    bases = [wire.symbol(number)[:-4] for number in range(symbols)]
    kind = {"type": "swap", "swap": True, "spot": False, "contract": True, "linear": True, "inverse": False}
    coins = {"quote": "USDT", "settle": "USDT", "quoteId": "USDT", "settleId": "USDT"}
    markets = [
        {"id": f"{base}USDT", "symbol": f"{base}/USDT:USDT", "base": base, "baseId": base, **coins, **kind}
        for base in bases
    ]
    exchange.set_markets([exchange.safe_market_structure(market) for market in markets])
    handler, watched = CCXT[channel]
    handle = getattr(exchange, handler)

    def counted(client: Any, message: Any) -> None:
        handle(client, message)
        counter.add(1)

    setattr(exchange, handler, counted)
    while True:
        await getattr(exchange, watched)([market["symbol"] for market in markets])


CCXT = {
    "tickers": ("handle_ticker", "watch_tickers"),
    "books": ("handle_order_book", "watch_order_book_for_symbols"),
}
CONTESTANTS: dict[str, Callable[[int, int, str, Counter], None]] = {
    "tickwell": tickwell,
    "limit": limit,
    "cryptofeed": cryptofeed,
    "ccxt": ccxt,
}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contestant", choices=CONTESTANTS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--channel", choices=MERGES, required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    # Before the blast come acknowledgements and a snapshot of each symbol; of tickers, which cryptofeed
    # subscribes twice and the hub follows beside its books, two.
    counter = Counter(options.count, skipped=2 * options.symbols + 1)
    CONTESTANTS[options.contestant](options.port, options.symbols, options.channel, counter)


if __name__ == "__main__":
    main()
