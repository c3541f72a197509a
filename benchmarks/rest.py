"""What `benchmarks.exchange` answers over REST: listings, its clock, and a little of the past."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks import wire

CANDLES = 5
_numbers = itertools.count(1)


def answer(target: str, counts: dict[str, int]) -> bytes:
    """The answer to one GET; `counts` are the instruments of each category."""
    address = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    category, symbol = query.get("category", "linear"), query.get("symbol", "")
    now_ms = int(time.time() * 1e3)
    match address.path.rpartition("/")[2]:
        case "time":
            result: dict[str, Any] = {"timeSecond": str(now_ms // 1000), "timeNano": str(time.time_ns())}
        case "kline":
            result = {"symbol": symbol, "category": category, "list": candles(now_ms)}
        case "recent-trade":
            result = {"category": category, "list": [newest_trade(symbol, now_ms)]}
        case _:
            rows = [instrument(category, number) for number in range(counts[category])]
            result = {"category": category, "list": rows, "nextPageCursor": ""}
    body = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms}
    return json.dumps(body).encode()


def instrument(category: str, number: int) -> dict[str, Any]:
    """One row that does for both listings: the instrument, and its turnover."""
    name = wire.symbol(number)
    row = {"symbol": name, "baseCoin": name[:-4], "quoteCoin": "USDT", "status": "Trading"}
    row |= {"turnover24h": str(1e9 - number)}
    own: dict[str, Any] = {"lotSizeFilter": {"basePrecision": "0.001"}}
    if category == "linear":
        own = {"contractType": "LinearPerpetual", "settleCoin": "USDT", "fundingInterval": 480}
        own |= {"lotSizeFilter": {"qtyStep": "0.001"}}
    return row | {"priceFilter": {"tickSize": "0.10"}} | own


def candles(now_ms: int) -> list[list[str]]:
    """The last minutes, the newest first."""
    start_ms = now_ms - now_ms % 60_000
    values = ["84792.5", "84794.4", "84792.5", "84792.6", "12.5", "1059907.5"]
    return [[str(start_ms - 60_000 * number), *values] for number in range(CANDLES)]


def newest_trade(symbol: str, now_ms: int) -> dict[str, Any]:
    """A trade that no stream has sent."""
    row: dict[str, Any] = {"execId": f"rest-{next(_numbers)}", "symbol": symbol, "side": "Buy"}
    return row | {"price": "84792.5", "size": "0.01", "time": str(now_ms), "isBlockTrade": False, "seq": "1"}
