"""Hyperliquid's `POST /info`: metadata, contexts, mids, candles, books, funding, and its limit."""

from typing import Any, Final

import msgspec

from simulator import hyperliquid_frames as payloads
from simulator import hyperliquid_funding as funding
from simulator.candles import INTERVALS_MS
from simulator.frames import Reply, json_reply, text_reply
from simulator.hyperliquid_feeds import best_levels
from simulator.hyperliquid_limits import answer_weight, request_weight
from simulator.instruments import Instrument
from simulator.minute_budget import MinuteBudget
from simulator.world import World

DEXES: Final = ("", "xyz")
SPOT_TOKENS: Final = {"PURR/USDC": 1, "@107": 150, "@142": 197}
UNKNOWN: Final = "Failed to deserialize the JSON body into the target type"


class Info:
    """The info endpoint, and how much of the minute's weight its clients have used."""

    def __init__(self, world: World, weight_per_minute: int) -> None:
        self.world = world
        self.budget = MinuteBudget(weight_per_minute)

    def answer(self, method: str, path: str, body: bytes, now_s: float) -> Reply:
        """Answer one request; an unknown body is 422 with plain text, one too many is 429."""
        if path != "/info":
            return text_reply("", 404)
        if method != "POST":
            return text_reply("", 405)
        try:
            request = msgspec.json.decode(body, type=dict[str, Any])
            kind = str(request.get("type"))
            if not self.budget.take(request_weight(kind), now_s):
                return Reply(b"null", 429)
            result = _result(self.world, kind, request)
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError):
            return text_reply(UNKNOWN, 422)
        self.budget.take(answer_weight(kind, result), now_s)
        return json_reply(result)


def _result(world: World, kind: str, request: dict[str, Any]) -> Any:
    match kind:
        case "candleSnapshot":
            return _candle_rows(world, request["req"])
        case "l2Book":
            return _book(world, _coin(world, request["coin"]))
        case "fundingHistory":
            return _funding_rows(world, request)
        case "predictedFundings":
            return funding.predicted(world)
        case "perpDexs":
            return [None, _dex_row("xyz")]
        case "spotMeta":
            return _spot_meta(world)
        case "spotMetaAndAssetCtxs":
            return [_spot_meta(world), [payloads.spot_context(pair) for pair in spot_pairs(world)]]
    return _dex_result(world, kind, request.get("dex") or "")


def _dex_result(world: World, kind: str, dex: str) -> Any:
    """What can be asked of each dex apart."""
    if dex not in DEXES:
        raise LookupError(dex)
    match kind:
        case "allMids":
            return mids(world, dex)
        case "meta":
            return _meta(world, dex)
        case "metaAndAssetCtxs":
            return [_meta(world, dex), [payloads.perp_context(coin) for coin in perps(world, dex)]]
    raise LookupError(kind)


def perps(world: World, dex: str) -> list[Instrument]:
    """The perpetuals of one dex, delisted rows included."""
    listed = world.markets["hyperliquid"].values()
    return [coin for coin in listed if coin.kind == "perp" and coin.dex == dex]


def spot_pairs(world: World) -> list[Instrument]:
    """The spot pairs."""
    return [coin for coin in world.markets["hyperliquid"].values() if coin.kind == "spot"]


def mids(world: World, dex: str) -> dict[str, str]:
    """Mid prices by name; the main dex mixes perps and spot pairs."""
    coins = perps(world, dex) + ([] if dex else spot_pairs(world))
    return {coin.symbol: payloads.mid_text(coin) for coin in coins if coin.live}


def _coin(world: World, name: str) -> Instrument:
    return world.markets["hyperliquid"][name]


def _book(world: World, coin: Instrument) -> dict[str, Any]:
    return payloads.book(coin, best_levels(world, coin, payloads.BOOK_LEVELS), world.now_ms)


def _candle_rows(world: World, request: dict[str, Any]) -> list[dict[str, Any]]:
    if request["interval"] not in INTERVALS_MS:
        raise LookupError(request["interval"])
    coin = _coin(world, request["coin"])
    if not coin.live:
        return []
    series = world.candles(coin, request["interval"])
    start_ms, end_ms = _span(world, request)
    return [series.row(candle) for candle in series.between(start_ms, end_ms)]


def _funding_rows(world: World, request: dict[str, Any]) -> list[dict[str, Any]]:
    return funding.history(_coin(world, request["coin"]), *_span(world, request), world.seed)


def _span(world: World, request: dict[str, Any]) -> tuple[int, int]:
    """The asked span of time, at most until now."""
    return int(request["startTime"]), min(int(request.get("endTime") or world.now_ms), world.now_ms)


def _meta(world: World, dex: str) -> dict[str, Any]:
    universe = []
    for coin in perps(world, dex):
        row: dict[str, Any] = {
            "szDecimals": coin.size_decimals,
            "name": coin.symbol,
            "maxLeverage": 40 if coin.asset.rank == 0 else 10,
            "marginTableId": 56 if coin.asset.rank == 0 else 10,
        }
        if not coin.live:
            row["isDelisted"] = True  # present only when true
        if dex:
            row["onlyIsolated"] = True
        universe.append(row)
    tiers = [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "100000000.0", "maxLeverage": 20}]
    tables = [[56, {"description": "tiered 40x", "marginTiers": tiers}]]
    return {"universe": universe, "marginTables": tables, "collateralToken": 0}


def _dex_row(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "fullName": name.upper(),
        "deployer": "0x" + "88" * 20,
        "oracleUpdater": None,
        "feeRecipient": None,
        "assetToStreamingOiCap": [["xyz:NVDA", "50000000.0"], ["xyz:GOLD", "50000000.0"]],
        "subDeployers": [],
        "deployerFeeScale": "1.0",
        "lastDeployerFeeScaleChangeTime": "1970-01-01T00:00:00",
        "assetToFundingMultiplier": [],
    }


def _spot_meta(world: World) -> dict[str, Any]:
    pairs = spot_pairs(world)
    universe = [
        {
            "tokens": [SPOT_TOKENS[pair.symbol], 0],
            "name": pair.symbol,
            "index": pair.index_number,
            "isCanonical": "/" in pair.symbol,
        }
        for pair in pairs
    ]
    tokens = [_token("USDC", 0, 8)]
    tokens += [_token(pair.base, SPOT_TOKENS[pair.symbol], pair.size_decimals) for pair in pairs]
    return {"universe": universe, "tokens": tokens}


def _token(name: str, index: int, size_decimals: int) -> dict[str, Any]:
    return {
        "name": name,
        "szDecimals": size_decimals,
        "weiDecimals": size_decimals + 5,
        "index": index,
        "tokenId": f"0x{index:032x}",
        "isCanonical": name in ("USDC", "PURR"),
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }
