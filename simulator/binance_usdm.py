"""Binance USD-M futures: the /public and /market routes, and the futures streams."""

from collections.abc import Mapping
from typing import Any, Final

from simulator import binance_usdm_frames as frames
from simulator import binance_usdm_rest as rows
from simulator.binance import BinanceServer
from simulator.binance_frames import futures_digits
from simulator.binance_limits import usdm_weight
from simulator.binance_rest import NOT_FOUND, BadRequest, Rest
from simulator.binance_streams import Forced, RowFeed, book_stream, latest_forced
from simulator.connection import Connection
from simulator.depth import Level
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_reply
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.venue import BookFeed, Feed
from simulator.world import MoveKind, World

ROUTES: Final = ("public", "market")
PUBLIC_CHANNELS: Final = ("bookTicker", "depth", "rpiDepth", "trade")  # by how their names begin
TICKER_PERIOD_S: Final = 2.0
ARRAY_PERIOD_S: Final = 1.0
MARK_PERIODS_S: Final = {"markPrice": 3.0, "markPrice@1s": 1.0}
MARK_ARRAY_STREAMS: Final = {"!markPrice@arr": 3.0, "!markPrice@arr@1s": 1.0}
BOOK_PERIODS_MS: Final = (250, 100, 500)
AGGREGATE_PERIOD_S: Final = 0.1
KLINE_PERIOD_S: Final = 0.25
FORCED_PERIOD_S: Final = 1.0
DEPTH_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1_000)
API: Final = "/fapi/v1/"


class BinanceUsdmServer(BinanceServer):
    """The simulated USD-M futures market."""

    name = "binance-usdm"
    markets = ("linear", "public", "market")
    market = "binance-usdm"
    inbound_per_second = 10
    depth_paths = frozenset({API + "depth"})

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings, settings.binance_usdm_weight)
        self.ping_s = settings.binance_usdm_ping_s
        self.pong_s = settings.binance_usdm_pong_s
        self.rest = Rest(
            world=world,
            instruments=lambda: self.instruments,
            digits=futures_digits,
            snapshot=self._snapshot,
            depth_limit=_depth_limit,
            depth_default=500,
            klines_most=1_500,
            trade_extra={"isRPITrade": False},
            aggregate_extra={},
        )

    def accepts(self, path: str) -> bool:
        """`/public/…`, `/market/…` and the old unrouted addresses."""
        _, rest = _split_route(path)
        return rest in ("/ws", "/stream") or rest.startswith("/ws/")

    def markets_of(self, path: str, query: Mapping[str, str]) -> tuple[str, ...]:
        """A fault can be aimed at one route."""
        route, _ = _split_route(path)
        return self.markets if route == "legacy" else ("linear", route)

    def open(self, connection: Connection, path: str, query: Mapping[str, str]) -> None:
        """Note the route, then take the streams of the address."""
        connection.route, rest = _split_route(path)
        super().open(connection, rest, query)

    def is_routed(self, connection: Connection, stream: str) -> bool:
        """Book data on /public, the rest on /market; the old address carries only book data."""
        name, _, channel = stream.partition("@")
        is_public = channel.startswith(PUBLIC_CHANNELS) or name == "!bookTicker"
        return is_public == (connection.route in ("public", "legacy"))

    def make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """Tickers, marks, trades, liquidations, books; candles are made alike for both markets."""
        world = self.world
        if channel == "bookTicker":
            return Feed(stream, instrument, lambda: self._book_ticker(instrument))
        if channel == "ticker":
            return Feed(stream, instrument, lambda: frames.ticker(instrument, world.now_ms), TICKER_PERIOD_S)
        if channel == "miniTicker":
            return Feed(
                stream, instrument, lambda: frames.mini_ticker(instrument, world.now_ms), TICKER_PERIOD_S
            )
        if channel in MARK_PERIODS_S:
            return Feed(
                stream,
                instrument,
                lambda: frames.mark_price(instrument, world.now_ms),
                MARK_PERIODS_S[channel],
            )
        if channel == "forceOrder":
            return self._make_forced(stream, instrument)
        return self._make_trades(stream, instrument, channel) or self._make_book(stream, instrument, channel)

    def _make_trades(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """Aggregate trades every 100 ms; single fills, which the exchange does not document, at once."""
        world = self.world
        if channel == "aggTrade":
            return RowFeed(
                stream,
                instrument,
                "trades",
                self.rest.aggregates(instrument).since,
                lambda done: frames.aggregate(instrument, done, world.now_ms),
                AGGREGATE_PERIOD_S,
            )
        if channel != "trade":
            return None
        return RowFeed(
            stream,
            instrument,
            "trades",
            instrument.trades.since,
            lambda done: frames.trade(instrument, done, world.now_ms),
        )

    def _make_book(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """What changed, or the best levels: the same frame."""
        wanted = book_stream(channel, BOOK_PERIODS_MS)
        if wanted is None:
            return None
        period_s, count = wanted.period_ms / 1_000, wanted.levels
        depth = self.world.depth(instrument)

        def encode(first: int, last: int, bids: list[Level], asks: list[Level]) -> str:
            if count:
                bids, asks = depth.levels(count)
            else:
                asks = asks + self.unknown_asks(instrument, last)
            return frames.diff(instrument, frames.numbers(first, last), bids, asks, self.world.now_ms)

        return BookFeed(self, stream, instrument, encode, period_s)

    def _make_forced(self, stream: str, only: Instrument | None) -> Feed:
        """Liquidations of one instrument, or of all: at most one per second and instrument, the latest."""

        def since(identifier: int) -> list[Forced]:
            return latest_forced([only] if only else self.instruments.values(), identifier)

        return RowFeed(
            stream,
            only,
            "liquidations",
            since,
            lambda forced: frames.force_order(forced.instrument, forced.liquidation, self.world.now_ms),
            FORCED_PERIOD_S,
        )

    def kline_period_s(self, interval: str) -> float:
        """How often an open candle is sent."""
        return KLINE_PERIOD_S

    def make_array_feed(self, stream: str) -> Feed | None:
        """Tickers hold changed symbols only; mark prices hold all; liquidations come one by one."""
        renderers = {"!ticker@arr": frames.ticker, "!miniTicker@arr": frames.mini_ticker}
        if stream in renderers:
            return self.changed_feed(stream, renderers[stream], ARRAY_PERIOD_S)
        if stream in MARK_ARRAY_STREAMS:
            return Feed(stream, None, self._mark_prices, MARK_ARRAY_STREAMS[stream])
        return self._make_forced(stream, None) if stream == "!forceOrder@arr" else None

    def _mark_prices(self) -> str:
        live = [instrument for instrument in self.instruments.values() if instrument.live]
        return "[" + ",".join(frames.mark_price(instrument, self.world.now_ms) for instrument in live) + "]"

    def _book_ticker(self, instrument: Instrument) -> str:
        return frames.book_ticker(instrument, frames.update_number(instrument.update_id), self.world.now_ms)

    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """A move of the book goes out on bookTicker, a trade on trade; all else waits for its time."""
        if kind == "mark":
            return
        name = instrument.symbol.lower()
        feed = self.feeds.get(f"{name}@bookTicker")
        if feed is not None and feed.subscribers:
            self.publish(feed, self._book_ticker(instrument))
        if kind == "trade":
            self.publish_stream(f"{name}@trade")

    def weight(self, path: str, query: Mapping[str, str]) -> int:
        """What a REST request weighs."""
        return usdm_weight(path, query)

    def resource(self, path: str, query: Mapping[str, str]) -> Reply:
        """The public REST endpoints."""
        now_ms, listed = self.world.now_ms, list(self.instruments.values())
        match path.removeprefix(API):
            case "ping":
                return json_reply({})
            case "time":
                return json_reply({"serverTime": now_ms})
            case "exchangeInfo":
                return json_reply(rows.exchange_info(listed, now_ms, self.limiter.budget.limit))
            case "ticker/24hr":
                return self.rest.one_or_all(query, lambda row: rows.ticker_row(row, now_ms))
            case "premiumIndex":
                return self.rest.one_or_all(query, lambda row: rows.premium_index(row, now_ms))
            case "fundingInfo":
                return json_reply(rows.funding_info(listed))
            case "openInterest":
                return json_reply(rows.open_interest(self.rest.instrument(query), now_ms))
            case resource if path.startswith(API):
                return self.rest.answer(resource, query)
        return NOT_FOUND

    def _snapshot(self, instrument: Instrument, update_id: int) -> dict[str, Any]:
        now_ms = self.world.now_ms
        return {"lastUpdateId": frames.update_number(update_id), "E": now_ms, "T": now_ms - 1}


def _depth_limit(count: int) -> int:
    """Only some numbers of levels can be asked for; raises BadRequest."""
    if count not in DEPTH_LIMITS:
        raise BadRequest(-4021, "Invalid depth limit.")
    return count


def _split_route(path: str) -> tuple[str, str]:
    """The route and the rest of the path; addresses without a route are the legacy ones."""
    for route in ROUTES:
        if path.startswith(f"/{route}/"):
            return route, path.removeprefix(f"/{route}")
    return "legacy", path
