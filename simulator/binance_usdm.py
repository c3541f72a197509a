"""Binance USD-M futures: the /public and /market routes, futures streams, and the futures REST lists."""

from collections.abc import Mapping
from typing import Any, Final

from simulator.binance import NOT_FOUND, BinanceServer, average, percent, window
from simulator.binance_spot import one_or_all
from simulator.connection import Connection
from simulator.faults import FaultBoard
from simulator.frames import Reply, json_reply
from simulator.instruments import Instrument, next_funding_ms
from simulator.settings import SimulatorSettings
from simulator.venue import Feed
from simulator.world import MoveKind, World

ROUTES: Final = ("public", "market")
PUBLIC_CHANNELS: Final = frozenset({"bookTicker"})
TICKER_PERIOD_S: Final = 2.0
ARRAY_PERIOD_S: Final = 1.0
MARK_PERIODS_S: Final = {"markPrice": 3.0, "markPrice@1s": 1.0}
MARK_ARRAY_STREAMS: Final = {"!markPrice@arr": 3.0, "!markPrice@arr@1s": 1.0}
DELIVERY_MS: Final = 1_798_185_600_000  # 2026-12-25 08:00 UTC
PERPETUAL_DELIVERY_MS: Final = 4_133_404_800_000


class BinanceUsdmServer(BinanceServer):
    """The simulated USD-M futures market."""

    name = "binance-usdm"
    markets = ("linear", "public", "market")
    market = "binance-usdm"
    inbound_per_second = 10

    def __init__(self, world: World, board: FaultBoard, settings: SimulatorSettings) -> None:
        super().__init__(world, board, settings)
        self.ping_s = settings.binance_usdm_ping_s
        self.pong_s = settings.binance_usdm_pong_s

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
        is_public = channel in PUBLIC_CHANNELS or name == "!bookTicker"
        return is_public == (connection.route in ("public", "legacy"))

    def make_feed(self, stream: str, instrument: Instrument, channel: str) -> Feed | None:
        """bookTicker, ticker, miniTicker and markPrice."""
        if channel == "bookTicker":
            return Feed(stream, instrument, lambda: self._book_ticker(instrument))
        if channel == "ticker":
            return Feed(stream, instrument, lambda: self._ticker(instrument), TICKER_PERIOD_S)
        if channel == "miniTicker":
            return Feed(stream, instrument, lambda: self._mini_ticker(instrument), TICKER_PERIOD_S)
        if channel in MARK_PERIODS_S:
            return Feed(stream, instrument, lambda: self._mark_price(instrument), MARK_PERIODS_S[channel])
        return None

    def make_array_feed(self, stream: str) -> Feed | None:
        """Tickers hold changed symbols only; mark prices hold all."""
        renderers = {"!ticker@arr": self._ticker, "!miniTicker@arr": self._mini_ticker}
        if stream in renderers:
            render = renderers[stream]
            return Feed(
                stream,
                None,
                lambda: "[" + ",".join(map(render, self.changed_instruments(stream))) + "]",
                ARRAY_PERIOD_S,
            )
        if stream in MARK_ARRAY_STREAMS:
            return Feed(stream, None, self._mark_prices, MARK_ARRAY_STREAMS[stream])
        return None

    def _mark_prices(self) -> str:
        live = [instrument for instrument in self.instruments.values() if instrument.live]
        return "[" + ",".join(map(self._mark_price, live)) + "]"

    def on_move(self, instrument: Instrument, kind: MoveKind) -> None:
        """A move of the book goes out on bookTicker; marks wait for their second."""
        if kind == "mark":
            return
        feed = self.feeds.get(f"{instrument.symbol.lower()}@bookTicker")
        if feed is not None and feed.subscribers:
            self.publish(feed, self._book_ticker(instrument))

    def _book_ticker(self, instrument: Instrument) -> str:
        now_ms = self.world.now_ms
        price, size = instrument.price_text, instrument.size_text
        return (
            f'{{"e":"bookTicker","u":{instrument.update_id},"s":"{instrument.symbol}",'
            f'"ps":"{_pair(instrument)}","b":"{price(instrument.bid)}","B":"{size(instrument.bid_size)}",'
            f'"a":"{price(instrument.ask)}","A":"{size(instrument.ask_size)}",'
            f'"T":{now_ms - 1},"E":{now_ms},"st":1}}'
        )

    def _ticker(self, instrument: Instrument) -> str:
        """The 24 h ticker: no bid, no ask, no previous close on futures."""
        now_ms = self.world.now_ms
        price = instrument.price_text
        return (
            f'{{"e":"24hrTicker","E":{now_ms},"s":"{instrument.symbol}","ps":"{_pair(instrument)}",'
            f'"p":"{price(instrument.last - instrument.open_24h)}","P":"{percent(instrument)}",'
            f'"w":"{price(average(instrument))}","c":"{price(instrument.last)}",'
            f'"Q":"{instrument.size_text(instrument.last_size)}","o":"{price(instrument.open_24h)}",'
            f'"h":"{price(instrument.high_24h)}","l":"{price(instrument.low_24h)}",'
            f'"v":"{instrument.size_text(instrument.volume_24h)}","q":"{instrument.turnover_24h:.2f}",'
            f'{window(instrument, now_ms)},"st":1}}'
        )

    def _mini_ticker(self, instrument: Instrument) -> str:
        price = instrument.price_text
        return (
            f'{{"e":"24hrMiniTicker","E":{self.world.now_ms},"s":"{instrument.symbol}",'
            f'"ps":"{_pair(instrument)}","c":"{price(instrument.last)}","o":"{price(instrument.open_24h)}",'
            f'"h":"{price(instrument.high_24h)}","l":"{price(instrument.low_24h)}",'
            f'"v":"{instrument.size_text(instrument.volume_24h)}","q":"{instrument.turnover_24h:.2f}","st":1}}'
        )

    def _mark_price(self, instrument: Instrument) -> str:
        """Mark, settle estimate, index, funding; dated contracts have no funding."""
        now_ms = self.world.now_ms
        rate, next_ms = "", 0
        if instrument.has_funding:
            rate = f"{instrument.funding_rate:.8f}"
            next_ms = next_funding_ms(now_ms, instrument.funding_interval_h)
        return (
            f'{{"e":"markPriceUpdate","E":{now_ms},"s":"{instrument.symbol}","p":"{instrument.mark:.8f}",'
            f'"ap":"{instrument.mark:.8f}","P":"{instrument.index:.8f}","i":"{instrument.index:.8f}",'
            f'"r":"{rate}","T":{next_ms},"st":1}}'
        )

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        """The public REST endpoints."""
        now_ms = self.world.now_ms
        if path == "/fapi/v1/ping":
            return json_reply({})
        if path == "/fapi/v1/time":
            return json_reply({"serverTime": now_ms})
        if path == "/fapi/v1/exchangeInfo":
            return json_reply(self._exchange_info())
        if path == "/fapi/v1/ticker/24hr":
            return one_or_all(self.instruments, query, self._rest_ticker)
        if path == "/fapi/v1/premiumIndex":
            return one_or_all(self.instruments, query, self._premium_index)
        if path == "/fapi/v1/fundingInfo":
            return json_reply([_funding_row(row) for row in self.instruments.values() if _is_adjusted(row)])
        if path == "/fapi/v1/openInterest":
            return self._open_interest(query)
        return NOT_FOUND

    def _open_interest(self, query: Mapping[str, str]) -> Reply:
        if "symbol" not in query:
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            return json_reply({"code": -1102, "msg": text}, 400)
        return one_or_all(
            self.instruments,
            query,
            lambda instrument: {
                "openInterest": instrument.size_text(instrument.open_interest),
                "symbol": instrument.symbol,
                "time": self.world.now_ms,
            },
        )

    def _premium_index(self, instrument: Instrument) -> dict[str, Any]:
        is_perp = instrument.has_funding
        return {
            "symbol": instrument.symbol,
            "markPrice": f"{instrument.mark:.8f}",
            "indexPrice": f"{instrument.index:.8f}",
            "estimatedSettlePrice": f"{instrument.index:.8f}",
            "lastFundingRate": f"{instrument.funding_rate:.8f}" if is_perp else "",
            "interestRate": "0.00010000" if is_perp else "",
            "nextFundingTime": next_funding_ms(self.world.now_ms, instrument.funding_interval_h) * is_perp,
            "time": self.world.now_ms,
        }

    def _rest_ticker(self, instrument: Instrument) -> dict[str, Any]:
        price, now_ms = instrument.price_text, self.world.now_ms
        return {
            "symbol": instrument.symbol,
            "priceChange": price(instrument.last - instrument.open_24h),
            "priceChangePercent": percent(instrument),
            "weightedAvgPrice": price(average(instrument)),
            "lastPrice": price(instrument.last),
            "lastQty": instrument.size_text(instrument.last_size),
            "openPrice": price(instrument.open_24h),
            "highPrice": price(instrument.high_24h),
            "lowPrice": price(instrument.low_24h),
            "volume": instrument.size_text(instrument.volume_24h),
            "quoteVolume": f"{instrument.turnover_24h:.2f}",
            "openTime": now_ms - 86_400_000,
            "closeTime": now_ms,
            "firstId": max(0, instrument.trade_id - instrument.trades_24h + 1),
            "lastId": instrument.trade_id,
            "count": instrument.trades_24h,
        }

    def _exchange_info(self) -> dict[str, Any]:
        limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}]
        return {
            "timezone": "UTC",
            "serverTime": self.world.now_ms - 45_000,  # cached on the real exchange
            "futuresType": "U_MARGINED",
            "rateLimits": limits,
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [_symbol_row(instrument) for instrument in self.instruments.values()],
        }


def _split_route(path: str) -> tuple[str, str]:
    """The route and the rest of the path; addresses without a route are the legacy ones."""
    for route in ROUTES:
        if path.startswith(f"/{route}/"):
            return route, path.removeprefix(f"/{route}")
    return "legacy", path


def _pair(instrument: Instrument) -> str:
    """The pair behind a contract: dated contracts share the perpetual's."""
    return instrument.symbol.partition("_")[0]


def _is_adjusted(instrument: Instrument) -> bool:
    """Only perpetuals that do not pay every 8 hours are listed."""
    return instrument.has_funding and instrument.live and instrument.funding_interval_h != 8


def _funding_row(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.symbol,
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": instrument.funding_interval_h,
        "disclaimer": False,
    }


def _symbol_row(instrument: Instrument) -> dict[str, Any]:
    is_future = instrument.kind == "future"
    step = instrument.size_text(10.0**-instrument.size_decimals)
    tick = instrument.price_text(instrument.tick)
    return {
        "symbol": instrument.symbol,
        "pair": _pair(instrument),
        "contractType": instrument.contract,
        "deliveryDate": DELIVERY_MS if is_future else PERPETUAL_DELIVERY_MS,
        "onboardDate": 1_569_398_400_000,
        "status": instrument.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": instrument.decimals,
        "quantityPrecision": instrument.size_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COMMODITY" if instrument.contract == "TRADIFI_PERPETUAL" else "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.015000",
        "marketTakeBound": "0.05",
        "filters": [
            {
                "minPrice": tick,
                "maxPrice": instrument.price_text(instrument.index * 20),
                "filterType": "PRICE_FILTER",
                "tickSize": tick,
            },
            {"stepSize": step, "filterType": "LOT_SIZE", "maxQty": "1000000", "minQty": step},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
