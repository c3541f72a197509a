"""Bybit v5 market REST: time, instruments-info (paged on linear only), tickers; see also `bybit_market.py`.

Errors come inside HTTP 200 with a `retCode`, except for unknown paths.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from simulator import bybit_market
from simulator.bybit_ticker import DELIVERY_MS, Category, linear_fields
from simulator.frames import Reply, json_reply, text_reply
from simulator.instruments import Instrument, plain
from simulator.world import World

DEFAULT_LIMIT: Final = 500
MAXIMUM_LIMIT: Final = 1_000
SYMBOL_PATHS: Final = ("/v5/market/recent-trade", "/v5/market/kline", "/v5/market/orderbook")
PATHS: Final = ("/v5/market/instruments-info", "/v5/market/tickers", *SYMBOL_PATHS)
BookUpdate = Callable[[Instrument], int]
LAUNCH_MS: Final = "1643007175000"


def answer(world: World, path: str, query: Mapping[str, str], book_update: BookUpdate) -> Reply:
    """Answer one GET; `book_update` tells the number a symbol's order book has on the wire."""
    if path == "/v5/market/time":
        seconds = world.now_ms // 1000
        return _success(world, {"timeSecond": str(seconds), "timeNano": str(world.now_ms * 1_000_000)})
    if path not in PATHS:
        return text_reply("404 page not found", 404)
    category = query.get("category", "")
    if category not in ("linear", "spot"):
        return _error(world, 10001, "params error: Category is invalid")
    market = world.markets["bybit-linear" if category == "linear" else "bybit-spot"]
    if path in SYMBOL_PATHS:
        instrument = market.get(query.get("symbol", ""))
        if instrument is None or instrument.status == "Closed":
            return _error(world, 10001, "params error: symbol invalid")
        return _about_one(world, path, instrument, query, book_update)
    listed = list(market.values())
    if "symbol" in query:
        listed = [instrument for instrument in listed if instrument.symbol == query["symbol"]]
        if not listed:
            return _error(world, 10001, "params error: symbol invalid")
    if path.endswith("tickers"):
        return _tickers(world, category, listed)
    return _instruments(world, category, listed, query)


def _about_one(
    world: World, path: str, instrument: Instrument, query: Mapping[str, str], book_update: BookUpdate
) -> Reply:
    category: Category = "spot" if instrument.kind == "spot" else "linear"
    try:
        if path.endswith("recent-trade"):
            return _success(world, bybit_market.recent_trades(instrument, category, query))
        if path.endswith("kline"):
            return _success(world, bybit_market.candles(world, instrument, category, query))
        update = book_update(instrument)
        return _success(world, bybit_market.order_book(world, instrument, category, query, update))
    except ValueError as error:
        return _error(world, 10001, str(error))


def _success(world: World, result: dict[str, Any]) -> Reply:
    envelope = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": world.now_ms}
    return json_reply(envelope)


def _error(world: World, code: int, text: str) -> Reply:
    return json_reply({"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": world.now_ms})


def _tickers(world: World, category: str, listed: list[Instrument]) -> Reply:
    rows = [
        linear_fields(instrument, world.now_ms) if category == "linear" else _spot_ticker(instrument)
        for instrument in listed
        if instrument.status != "Closed"
    ]
    return _success(world, {"category": category, "list": rows})


def _spot_ticker(instrument: Instrument) -> dict[str, str]:
    """Unlike the WebSocket ticker, this one has the best bid and ask."""
    decimals, sizes = instrument.tick_decimals, instrument.size_decimals
    is_trading = instrument.live
    return {
        "symbol": instrument.symbol,
        "bid1Price": plain(instrument.bid, decimals) if is_trading else "",
        "bid1Size": plain(instrument.bid_size, sizes) if is_trading else "",
        "ask1Price": plain(instrument.ask, decimals) if is_trading else "",
        "ask1Size": plain(instrument.ask_size, sizes) if is_trading else "",
        "lastPrice": plain(instrument.last, decimals),
        "prevPrice24h": plain(instrument.open_24h, decimals),
        "price24hPcnt": plain(instrument.change_24h, 4),
        "highPrice24h": plain(instrument.high_24h, decimals),
        "lowPrice24h": plain(instrument.low_24h, decimals),
        "turnover24h": plain(instrument.turnover_24h, 8),
        "volume24h": plain(instrument.volume_24h, sizes),
        "usdIndexPrice": plain(instrument.asset.price, decimals + 2) if instrument.asset.rank < 12 else "",
    }


def _instruments(world: World, category: str, listed: list[Instrument], query: Mapping[str, str]) -> Reply:
    """The list; without a `status` only trading instruments are shown."""
    status = query.get("status", "Trading")
    if "symbol" not in query:
        listed = [instrument for instrument in listed if instrument.status == status]
    if category == "spot":
        return _success(world, {"category": "spot", "list": [_spot_row(row) for row in listed]})
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isdigit() or not 1 <= int(limit) <= MAXIMUM_LIMIT:
        return _error(world, 10001, "params error: limit invalid")
    cursor = query.get("cursor", "")
    start = int(cursor.removeprefix("first%3D")) if cursor.removeprefix("first%3D").isdigit() else 0
    page = listed[start : start + int(limit)]
    end = start + len(page)
    following = f"first%3D{end}" if end < len(listed) else ""
    rows = [_linear_row(row) for row in page]
    return _success(world, {"category": "linear", "list": rows, "nextPageCursor": following})


def _linear_row(instrument: Instrument) -> dict[str, Any]:
    step = instrument.size_text(10.0**-instrument.size_decimals)
    is_future = instrument.kind == "future"
    return {
        "symbol": instrument.symbol,
        "contractType": "LinearFutures" if is_future else "LinearPerpetual",
        "status": instrument.status,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "launchTime": LAUNCH_MS,
        "deliveryTime": str(DELIVERY_MS) if is_future else "0",
        "deliveryFeeRate": "0.0005" if is_future else "",
        "priceScale": str(instrument.decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": instrument.price_text(instrument.tick),
            "maxPrice": instrument.price_text(instrument.index * 20),
            "tickSize": instrument.price_text(instrument.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": instrument.size_text(instrument.lot * 1000),
            "minOrderQty": step,
            "qtyStep": step,
            "postOnlyMaxOrderQty": instrument.size_text(instrument.lot * 1000),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 0 if is_future else instrument.funding_interval_h * 60,
        "settleCoin": instrument.quote,
        "isPreListing": instrument.status == "PreLaunch",
        "symbolType": "",
    }


def _spot_row(instrument: Instrument) -> dict[str, Any]:
    step = instrument.size_text(10.0**-instrument.size_decimals)
    return {
        "symbol": instrument.symbol,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "innovation": "0",
        "status": instrument.status,
        "marginTrading": "utaOnly" if instrument.asset.rank < 12 else "none",
        "lotSizeFilter": {
            "basePrecision": step,
            "quotePrecision": "0.0000001",
            "minOrderQty": step,
            "maxOrderQty": instrument.size_text(instrument.lot * 1000),
            "minOrderAmt": "1",
            "maxOrderAmt": "1200000",
        },
        "priceFilter": {"tickSize": plain(instrument.tick, instrument.tick_decimals)},
        "symbolType": "",
    }
