"""Binance spot: streams with 8-decimal texts, and the public REST lists."""

from collections.abc import Mapping
from typing import Any, Final

from simulator.binance import NOT_FOUND, BinanceServer, average, percent, window
from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_reply
from simulator.instruments import Instrument
from simulator.settings import SimulatorSettings
from simulator.venue import Feed
from simulator.world import MoveKind, World

TICKER_PERIOD_S: Final = 1.0
SUBSCRIBE_LIMIT_BYTES: Final = 4_096


class BinanceSpotServer(BinanceServer):
    """The simulated Binance spot market."""

    name = "binance-spot"
    markets = ("spot",)
    market = "binance-spot"
    payload_limit_bytes = SUBSCRIBE_LIMIT_BYTES

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings)
        self.ping_s = settings.binance_spot_ping_s
        self.pong_s = settings.binance_spot_pong_s

    def accepts(self, path: str) -> bool:
        """`/ws`, `/ws/<streams>` and `/stream`."""
        return path in ("/ws", "/stream") or path.startswith("/ws/")

    def is_routed(self, connection: Connection, stream: str) -> bool:
        """Spot has one route for everything."""
        return True

    def make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """ticker, miniTicker and bookTicker."""
        if channel == "ticker":
            return Feed(stream, instrument, lambda: self._ticker(instrument), TICKER_PERIOD_S)
        if channel == "miniTicker":
            return Feed(stream, instrument, lambda: self._mini_ticker(instrument), TICKER_PERIOD_S)
        if channel == "bookTicker":
            return Feed(stream, instrument, lambda: book_ticker(instrument))
        return None

    def make_array_feed(self, stream: str) -> Feed | None:
        """Only the mini tickers are left as an array stream."""
        if stream != "!miniTicker@arr":
            return None
        return Feed(stream, None, lambda: self._mini_tickers(stream), TICKER_PERIOD_S)

    def _mini_tickers(self, stream: str) -> str:
        return "[" + ",".join(map(self._mini_ticker, self.changed_instruments(stream))) + "]"

    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """Every move of the book goes out on bookTicker."""
        feed = self.feeds.get(f"{instrument.symbol.lower()}@bookTicker")
        if feed is not None and feed.subscribers:
            self.publish(feed, book_ticker(instrument))

    def _ticker(self, instrument: Instrument) -> str:
        now_ms = self.world.now_ms
        change = instrument.last - instrument.open_24h
        return (
            f'{{"e":"24hrTicker","E":{now_ms},"s":"{instrument.symbol}","p":"{change:.8f}",'
            f'"P":"{percent(instrument)}","w":"{average(instrument):.8f}","x":"{instrument.open_24h:.8f}",'
            f'"c":"{instrument.last:.8f}","Q":"{instrument.last_size:.8f}",'
            f'"b":"{instrument.bid:.8f}","B":"{instrument.bid_size:.8f}",'
            f'"a":"{instrument.ask:.8f}","A":"{instrument.ask_size:.8f}",'
            f'"o":"{instrument.open_24h:.8f}","h":"{instrument.high_24h:.8f}","l":"{instrument.low_24h:.8f}",'
            f'"v":"{instrument.volume_24h:.8f}","q":"{instrument.turnover_24h:.8f}",'
            f"{window(instrument, now_ms)}}}"
        )

    def _mini_ticker(self, instrument: Instrument) -> str:
        return (
            f'{{"e":"24hrMiniTicker","E":{self.world.now_ms},"s":"{instrument.symbol}",'
            f'"c":"{instrument.last:.8f}","o":"{instrument.open_24h:.8f}","h":"{instrument.high_24h:.8f}",'
            f'"l":"{instrument.low_24h:.8f}","v":"{instrument.volume_24h:.8f}",'
            f'"q":"{instrument.turnover_24h:.8f}"}}'
        )

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """The public REST endpoints."""
        world = self.world
        if path == "/api/v3/ping":
            return json_reply({})
        if path == "/api/v3/time":
            return json_reply({"serverTime": world.now_ms})
        if path == "/api/v3/exchangeInfo":
            return json_reply(self._exchange_info())
        if path == "/api/v3/ticker/24hr":
            return one_or_all(self.instruments, query, self._rest_ticker)
        return NOT_FOUND

    def _exchange_info(self) -> dict[str, Any]:
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
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


def book_ticker(instrument: Instrument) -> str:
    """The best bid and ask: no event type and no time on spot."""
    return (
        f'{{"u":{instrument.update_id},"s":"{instrument.symbol}","b":"{instrument.bid:.8f}",'
        f'"B":"{instrument.bid_size:.8f}","a":"{instrument.ask:.8f}","A":"{instrument.ask_size:.8f}"}}'
    )


def one_or_all(instruments: dict[str, Instrument], query: Mapping[str, str], render: Any) -> Reply:
    """A REST list, or one object when a symbol is given; an unknown symbol is Binance's -1121."""
    if "symbol" not in query:
        return json_reply([render(instrument) for instrument in instruments.values() if instrument.live])
    instrument = instruments.get(query["symbol"])
    if instrument is None:
        return json_reply({"code": -1121, "msg": "Invalid symbol."}, 400)
    return json_reply(render(instrument))


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
