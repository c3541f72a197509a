"""A hub that invents everything, to look at the page and to drive it into corners.

It speaks the hub's own protocol, with the hub's Content-Security-Policy, and nothing of the hub's code:

    python tests/browser/fake_hub.py --port 8799 --symbols 100

`POST /fake/feed/bybit/linear?state=disconnected&error=why` puts a feed into a state, and its records
with it; `POST /fake/quality/bybit/linear/BTCUSDT?quality=gapped` one record;
`POST /fake/list/bybit/linear?symbol=X` lists another symbol; `POST /fake/sink?state=down&trouble=why` puts
the history into a state.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypercorn.config
import hypercorn.trio
import trio
from quart import Response, request, send_from_directory, websocket
from quart_trio import QuartTrio

WEB = Path(__file__).parents[2] / "web"
MARKETS = {"bybit": ("linear", "spot"), "hyperliquid": ("linear",), "binance": ("linear", "spot")}
FEEDS = [(exchange, market) for exchange, markets in MARKETS.items() for market in markets]
COINS = {"BTC": 64_000.1, "ETH": 3_100.25, "SOL": 145.32, "XRP": 0.5213, "DOGE": 0.12345, "1000PEPE": 0.00891}
INTERVAL_S = 0.2
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Feed:
    """One market of one exchange, walking at random."""

    exchange: str
    market: str
    state: str = "live"
    error: str | None = None
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def list_symbol(self, symbol: str, price: float) -> None:
        decimals = len(str(price).partition(".")[2])
        self.records[symbol] = {
            "symbol": symbol, "price": price, "volume_24h": 1e9 / price, "change_24h": random.uniform(-6, 6),
            "high_24h": round(price * 1.04, decimals), "low_24h": round(price * 0.97, decimals),
            "bid": price, "ask": price, "timestamp": time.time(), "market": self.market,
            "exchange": self.exchange, "key": f"{self.exchange}:{self.market}:{symbol}",
            "bid_size": 1.5, "ask_size": 2.25, "turnover_24h": random.uniform(0.2, 1) * 1e9 * price**0.2,
            "mark_price": None, "index_price": None, "funding_rate": None, "funding_interval_h": None,
            "next_funding_ts": None, "open_interest": None, "ts_event": now_ms(), "ts_recv": now_ms(),
            "stale": False, "quality": "live",
        }  # fmt: skip
        if self.market == "linear":
            hours = 1 if self.exchange == "hyperliquid" else 8
            self.records[symbol] |= {
                "funding_rate": random.uniform(-1, 3) * 1e-4,
                "funding_interval_h": hours,
            }
            self.records[symbol] |= {"next_funding_ts": now_ms() + 1_380_000, "open_interest": 5e8 / price}
        self.walk(symbol, decimals)

    def walk(self, symbol: str, decimals: int) -> None:
        record = self.records[symbol]
        tick = 10.0**-decimals
        price = max(tick, round(record["price"] * (1 + random.gauss(0, 0.0002)), decimals))
        record |= {"price": price, "bid": round(price - tick, decimals), "ask": round(price + tick, decimals)}
        if self.market == "linear":
            record |= {"mark_price": round(price * 1.0001, decimals), "index_price": price * 0.9999}
        record |= {
            "ts_event": now_ms() - random.randrange(5, 60),
            "ts_recv": now_ms(),
            "timestamp": time.time(),
        }

    def step(self) -> None:
        if self.state != "live":
            return
        for symbol, record in self.records.items():
            if random.random() < 0.5:
                self.walk(symbol, len(str(record["high_24h"]).partition(".")[2]))

    def put(self, state: str, error: str | None) -> None:
        self.state, self.error = state, error
        for record in self.records.values():
            record |= {"stale": state != "live", "quality": "live" if state == "live" else "stale"}

    def report(self) -> dict[str, Any]:
        newest = max((r["ts_recv"] for r in self.records.values()), default=None)
        live = self.state == "live"
        return {
            "exchange": self.exchange, "market": self.market, "state": self.state,
            "symbols_wanted": len(self.records), "symbols_producing": len(self.records) if live else 0,
            "symbols_stale": [] if live else list(self.records), "refused": {}, "mute": [],
            "messages_per_s": len(self.records) * 2.5 if live else 0.0,
            "last_data_age_s": None if newest is None else (now_ms() - newest) / 1000, "reconnects": 0,
            "last_error": self.error, "next_attempt": None, "next_attempt_in_s": None if live else 7.4,
        }  # fmt: skip


@dataclass
class Sink:
    """Where history goes, in the state that a test wants."""

    state: str = "ok"
    trouble: str | None = None
    dropped: int = 0

    def report(self) -> dict[str, Any]:
        waiting = 0 if self.state == "ok" else 12_345
        return {
            "name": "history", "state": self.state, "since": "2026-01-02T03:04:05.000Z",
            "accepted": 50_000, "written": 50_000 - waiting - self.dropped, "in_hand": 0,
            "outbox_rows": waiting, "outbox_bytes": waiting * 50, "outbox_age_s": 42.0 if waiting else None,
            "dropped": {"disk_full": self.dropped} if self.dropped else {}, "trouble": self.trouble,
            "last_error": self.trouble, "next_attempt_in_s": 7.4 if self.state == "down" else None,
        }  # fmt: skip


def make_feeds(symbols: int) -> list[Feed]:
    feeds = [Feed(exchange, market) for exchange, market in FEEDS]
    for feed in feeds:
        quote = "" if feed.exchange == "hyperliquid" else "USDT"
        for i in range(symbols):
            coin, price = list(COINS.items())[i % len(COINS)]
            feed.list_symbol(f"{coin if i < len(COINS) else f'{coin[:4]}{i}'}{quote}", price)
    return feeds


def create_app(feeds: list[Feed]) -> QuartTrio:
    app = QuartTrio("fake_hub", static_folder=str(WEB / "static"))
    sink = Sink()

    def find(exchange: str, market: str) -> Feed:
        return next(f for f in feeds if (f.exchange, f.market) == (exchange, market))

    @app.after_request
    async def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/realtime-test")
    async def page() -> Response:
        return await send_from_directory(WEB / "templates", "realtime-test.html")

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ws/realtime/status")
    async def status() -> dict[str, Any]:
        names = {f"{f.exchange}_symbols": [r["symbol"] for r in f.records.values()] for f in feeds}
        markets, sinks = [f.report() for f in feeds], [sink.report()]
        return {"workers_running": True, **names, "markets": markets, "sinks": sinks, "version": "0.1.0"}

    add_strings(app, find)

    @app.post("/fake/sink")
    async def put_sink() -> str:
        sink.state, sink.trouble = request.args["state"], request.args.get("trouble")
        sink.dropped = int(request.args.get("dropped", "0"))
        return "ok"

    @app.websocket("/ws/realtime/<exchange>")
    async def realtime(exchange: str) -> None:
        mine = [f for f in feeds if f.exchange == exchange]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_answer_pings)
            await _send_changes(exchange, mine)

    return app


def add_strings(app: QuartTrio, find: Callable[[str, str], Feed]) -> None:
    """What a test pulls to drive the hub into corners."""

    @app.post("/fake/feed/<exchange>/<market>")
    async def put(exchange: str, market: str) -> str:
        find(exchange, market).put(request.args["state"], request.args.get("error"))
        return "ok"

    @app.post("/fake/quality/<exchange>/<market>/<symbol>")
    async def quality(exchange: str, market: str, symbol: str) -> str:
        word = request.args["quality"]
        find(exchange, market).records[symbol] |= {"stale": word != "live", "quality": word}
        return "ok"

    @app.get("/api/v1/quality/<exchange>")
    async def reasons(exchange: str) -> dict[str, Any]:
        record = find(exchange, request.args["market"]).records[request.args["symbols"]]
        reason = "a hole in the sequence"
        return {"data": [{"channel": "ticker", "quality": record["quality"], "reason": reason}], "meta": {}}

    @app.post("/fake/list/<exchange>/<market>")
    async def list_symbol(exchange: str, market: str) -> str:
        find(exchange, market).list_symbol(request.args["symbol"], 1.25)
        return "ok"


async def _answer_pings() -> None:
    while True:
        message = json.loads(await websocket.receive())
        await websocket.send(json.dumps({"type": "pong", "ts": message["ts"], "ts_hub": now_ms()}))


async def _send_changes(exchange: str, feeds: list[Feed]) -> None:
    def records() -> dict[str, dict[str, Any]]:
        return {r["key"]: dict(r) for f in feeds for r in f.records.values()}

    sent = records()
    first = {"type": "initial_data", "exchange": exchange, "data": list(sent.values()), "count": len(sent)}
    await websocket.send(json.dumps({**first, "ts_out": now_ms()}))
    while True:
        await trio.sleep(INTERVAL_S)
        current = records()
        changed = [r for key, r in current.items() if sent.get(key) != r]
        message = {"type": "market_data", "exchange": exchange, "data": changed, "count": len(changed)}
        await websocket.send(json.dumps({**message, "removed": [], "mode": "changes", "ts_out": now_ms()}))
        sent = current


async def _walk(feeds: list[Feed]) -> None:
    while True:
        await trio.sleep(INTERVAL_S)
        for feed in feeds:
            feed.step()


async def main(port: int, symbols: int) -> None:
    feeds = make_feeds(symbols)
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 0.2
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_walk, feeds)
        await hypercorn.trio.serve(create_app(feeds), config)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A hub that invents everything.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--symbols", type=int, default=6)
    arguments = parser.parse_args()
    trio.run(main, arguments.port, arguments.symbols)
