"""The truth behind the wire, for tests: what a perfect client would hold of one instrument.

`GET /control/truth?exchange=bybit&market=linear&symbol=BTCUSDT&depth=50`. Pause first
(`POST /control/pause`): then the truth stands still, and everything that feeds had gathered is on its way.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from simulator.depth import Level
from simulator.frames import Reply, json_reply
from simulator.instruments import Instrument
from simulator.venue import VenueServer

DEPTH: Final = 50
# Exchange and market in the hub's words; a venue may serve both of its markets.
VENUES: Final = {
    ("bybit", "linear"): ("bybit", "linear"),
    ("bybit", "spot"): ("bybit", "spot"),
    ("hyperliquid", "linear"): ("hyperliquid", "linear"),
    ("hyperliquid", "spot"): ("hyperliquid", "spot"),
    ("binance", "linear"): ("binance-usdm", "linear"),
    ("binance", "spot"): ("binance-spot", "spot"),
}


def truth(venues: Iterable[VenueServer], query: Mapping[str, str], *, is_paused: bool) -> Reply:
    """Answer one question for the truth; 404 with a reason when there is no such thing."""
    exchange, market, symbol = (query.get(name, "") for name in ("exchange", "market", "symbol"))
    wanted = VENUES.get((exchange, market))
    if wanted is None:
        return json_reply({"error": f"no market {exchange}/{market}; known: {sorted(VENUES)}"}, 404)
    depth = query.get("depth", str(DEPTH))
    if not depth.isdecimal():
        return json_reply({"error": f"depth must be a whole number, not {depth!r}"}, 400)
    for venue in venues:
        if venue.name == wanted[0] and _serves(venue, wanted[1]):
            instrument = venue.instruments.get(symbol)
            if instrument is not None and (market == "spot") == (instrument.kind == "spot"):
                facts = {"exchange": exchange, "market": market, "paused": is_paused}
                return json_reply(facts | _facts(venue, instrument, int(depth)))
    return json_reply({"error": f"no symbol {symbol!r} in {exchange}/{market}"}, 404)


def _serves(venue: VenueServer, market: str) -> bool:
    return venue.name != "bybit" or market in venue.markets


def _facts(venue: VenueServer, instrument: Instrument, depth: int) -> dict[str, Any]:
    """Everything about one instrument: the book, the tape in order, totals since the start."""
    bids, asks = venue.world.depth(instrument).levels(depth)
    return {
        "symbol": instrument.symbol,
        "status": instrument.status,
        "live": instrument.live,
        "time_ms": venue.world.true_ms,
        "update_id": instrument.update_id,
        "sequence": instrument.sequence,
        "bids": _rounded(instrument, bids),
        "asks": _rounded(instrument, asks),
        "trades": _trades(venue, instrument),
        "trades_total": instrument.trades.total,
        "liquidations": [liquidation._asdict() for liquidation in instrument.liquidations],
    }


def _rounded(instrument: Instrument, levels: list[Level]) -> list[Level]:
    """Prices and sizes as their texts on the wire read."""
    digits = instrument.tick_decimals
    return [(round(price, digits), round(size, instrument.size_decimals)) for price, size in levels]


def _trades(venue: VenueServer, instrument: Instrument) -> list[dict[str, Any]]:
    return [
        {
            "id": venue.trade_id(instrument, trade),
            "price": round(trade.price, instrument.tick_decimals),
            "size": trade.size,
            "side": "buy" if trade.is_buy else "sell",
            "time_ms": trade.time_ms,
        }
        for trade in instrument.trades
    ]
