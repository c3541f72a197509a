"""Binance spot: its streams, all on one route, and what only its REST has."""

from collections.abc import Mapping
from typing import Any, Final

from simulator import binance_spot_frames as frames
from simulator.binance import BinanceServer
from simulator.binance_frames import SPOT_DIGITS, average, percent
from simulator.binance_limits import spot_weight
from simulator.binance_rest import NOT_FOUND, Rest
from simulator.binance_streams import RowFeed, book_stream
from simulator.connection import Connection
from simulator.depth import Level
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_reply
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.venue import BookFeed, Feed
from simulator.world import MoveKind, World

TICKER_PERIOD_S: Final = 1.0
BOOK_PERIODS_MS: Final = (1_000, 100)
KLINE_PERIOD_S: Final = 2.0
FAST_KLINE_PERIOD_S: Final = 1.0  # of 1 s candles
SUBSCRIBE_LIMIT_BYTES: Final = 4_096
DEPTH_MOST: Final = 5_000
API: Final = "/api/v3/"


class BinanceSpotServer(BinanceServer):
    """The simulated Binance spot market."""

    name = "binance-spot"
    markets = ("spot",)
    market = "binance-spot"
    payload_limit_bytes = SUBSCRIBE_LIMIT_BYTES
    depth_paths = frozenset({API + "depth"})

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings, settings.binance_spot_weight)
        self.ping_s = settings.binance_spot_ping_s
        self.pong_s = settings.binance_spot_pong_s
        self.rest = Rest(
            world=world,
            instruments=lambda: self.instruments,
            digits=lambda instrument: SPOT_DIGITS,
            snapshot=lambda instrument, update_id: {"lastUpdateId": update_id},
            depth_limit=lambda count: min(count, DEPTH_MOST),
            depth_default=100,
            klines_most=1_000,
            trade_extra={"isBestMatch": True},
            aggregate_extra={"M": True},
        )

    def accepts(self, path: str) -> bool:
        """`/ws`, `/ws/<streams>` and `/stream`."""
        return path in ("/ws", "/stream") or path.startswith("/ws/")

    def is_routed(self, connection: Connection, stream: str) -> bool:
        """Spot has one route for everything."""
        return True

    def make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """Tickers, trades, aggregate trades, books; candles are made alike for both markets."""
        world = self.world
        if channel == "ticker":
            return Feed(stream, instrument, lambda: frames.ticker(instrument, world.now_ms), TICKER_PERIOD_S)
        if channel == "miniTicker":
            return Feed(
                stream, instrument, lambda: frames.mini_ticker(instrument, world.now_ms), TICKER_PERIOD_S
            )
        if channel == "bookTicker":
            return Feed(stream, instrument, lambda: frames.book_ticker(instrument))
        if channel == "trade":
            return RowFeed(
                stream,
                instrument,
                "trades",
                instrument.trades.since,
                lambda done: frames.trade(instrument, done, world.now_ms),
            )
        if channel == "aggTrade":
            return RowFeed(
                stream,
                instrument,
                "trades",
                self.rest.aggregates(instrument).since,
                lambda done: frames.aggregate(instrument, done, world.now_ms),
            )
        return self._make_book(stream, instrument, channel)

    def _make_book(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """What changed, or the best levels whenever they may have changed."""
        wanted = book_stream(channel, BOOK_PERIODS_MS)
        if wanted is None:
            return None
        period_s, count = wanted.period_ms / 1_000, wanted.levels
        depth = self.world.depth(instrument)

        def changes(first: int, last: int, bids: list[Level], asks: list[Level]) -> str:
            asks = asks + self.unknown_asks(instrument, last)
            return frames.diff(instrument, first, last, bids, asks, self.world.now_ms)

        def best(first: int, last: int, bids: list[Level], asks: list[Level]) -> str:
            return frames.top(last, *depth.levels(count or 0))

        return BookFeed(self, stream, instrument, best if count else changes, period_s)

    def kline_period_s(self, interval: str) -> float:
        """How often an open candle is sent."""
        return FAST_KLINE_PERIOD_S if interval == "1s" else KLINE_PERIOD_S

    def make_array_feed(self, stream: str) -> Feed | None:
        """Only the mini tickers are left as an array stream."""
        if stream != "!miniTicker@arr":
            return None
        return self.changed_feed(stream, frames.mini_ticker, TICKER_PERIOD_S)

    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """Every move of the book goes out on bookTicker, every trade on the two trade streams."""
        name = instrument.symbol.lower()
        feed = self.feeds.get(f"{name}@bookTicker")
        if feed is not None and feed.subscribers:
            self.publish(feed, frames.book_ticker(instrument))
        if kind == "trade":
            self.publish_stream(f"{name}@trade")
            self.publish_stream(f"{name}@aggTrade")

    def weight(self, path: str, query: Mapping[str, str]) -> int:
        """What a REST request weighs."""
        return spot_weight(path, query)

    def resource(self, path: str, query: Mapping[str, str]) -> Reply:
        """The public REST endpoints."""
        if path == API + "ping":
            return json_reply({})
        if path == API + "time":
            return json_reply({"serverTime": self.world.now_ms})
        if path == API + "exchangeInfo":
            return json_reply(self._exchange_info())
        if path == API + "ticker/24hr":
            return self.rest.one_or_all(query, self._rest_ticker)
        return self.rest.answer(path.removeprefix(API), query) if path.startswith(API) else NOT_FOUND

    def _exchange_info(self) -> dict[str, Any]:
        weight = self.limiter.budget.limit
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
        ]
        return {
            "timezone": "UTC",
            "serverTime": self.world.now_ms,
            "rateLimits": limits,
            "exchangeFilters": [],
            "symbols": [_symbol_row(instrument) for instrument in self.instruments.values()],
        }

    def _rest_ticker(self, instrument: Instrument) -> dict[str, Any]:
        now_ms = self.world.now_ms
        return {
            "symbol": instrument.symbol,
            "priceChange": f"{instrument.last - instrument.open_24h:.8f}",
            "priceChangePercent": percent(instrument),
            "weightedAvgPrice": f"{average(instrument):.8f}",
            "prevClosePrice": f"{instrument.open_24h:.8f}",
            "lastPrice": f"{instrument.last:.8f}",
            "lastQty": f"{instrument.last_size:.8f}",
            "bidPrice": f"{instrument.bid:.8f}",
            "bidQty": f"{instrument.bid_size:.8f}",
            "askPrice": f"{instrument.ask:.8f}",
            "askQty": f"{instrument.ask_size:.8f}",
            "openPrice": f"{instrument.open_24h:.8f}",
            "highPrice": f"{instrument.high_24h:.8f}",
            "lowPrice": f"{instrument.low_24h:.8f}",
            "volume": f"{instrument.volume_24h:.8f}",
            "quoteVolume": f"{instrument.turnover_24h:.8f}",
            "openTime": now_ms - 86_400_000,
            "closeTime": now_ms,
            "firstId": max(0, instrument.trade_id - instrument.trades_24h + 1),
            "lastId": instrument.trade_id,
            "count": instrument.trades_24h,
        }


def _symbol_row(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.symbol,
        "status": instrument.status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": instrument.asset.rank < 12,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": f"{instrument.tick:.8f}",
                "maxPrice": f"{instrument.asset.price * 20:.8f}",
                "tickSize": f"{instrument.tick:.8f}",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": f"{10.0**-instrument.size_decimals:.8f}",
                "maxQty": f"{instrument.lot * 1000:.8f}",
                "stepSize": f"{10.0**-instrument.size_decimals:.8f}",
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
    }
