"""A read model with something of everything in it, made up, for the tests of REST v1."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from actors.market.events import Liquidation, State, Trade
from actors.market.instrument import Instrument
from actors.market.reports import Bar, BookView, Hole, LatencyReport, QualityReport
from actors.market.tick import Changes, Pair, Record, Tick
from actors.market.ticker import Ticker
from tests.web.harness import NOW_NS, model, report
from web.offers import Offer
from web.readmodel import ReadModel
from web.wire import encode_record

BTC: Pair = ("linear", "BTCUSDT")
ETH: Pair = ("linear", "ETHUSDT")
BTC_SPOT: Pair = ("spot", "BTCUSDT")
HL_BTC: Pair = ("linear", "BTC")
SECOND_NS = 1_000_000_000
OFFERS = {
    ("bybit", "linear"): Offer(
        ("ticker", "quote", "trades", "book", "liquidations", "candles"), ("liquidations",), 200
    ),
    ("bybit", "spot"): Offer(("ticker", "quote", "trades", "book", "candles"), (), 200),
    ("hyperliquid", "linear"): Offer(("ticker", "quote", "trades", "book"), (), 20),
}


def ticker(exchange: str, pair: Pair, quality: State = "live", **values: Any) -> Ticker:
    """A record that is a quarter of a second old."""
    market, symbol = pair
    usual: dict[str, Any] = {
        "name": "BTC-USDT",
        "price": 100.0,
        "bid": 99.5,
        "ask": 100.5,
        "turnover_24h": 1e6,
    }
    if market == "linear":
        usual |= {"funding_rate": 0.0001, "funding_interval_h": 8.0, "mark_price": 100.0, "index_price": 99.0}
        usual |= {"open_interest": 10.0, "next_funding_ts": NOW_NS + SECOND_NS}
    usual |= {"ts_event": NOW_NS - SECOND_NS // 2, "ts_recv": NOW_NS - SECOND_NS // 4}
    return Ticker(exchange=exchange, market=market, symbol=symbol, quality=quality, **{**usual, **values})


def records(*tickers: Ticker) -> list[Record]:
    """Tickers as the snapshot hands them over."""
    return [Record(each, encode_record(each)) for each in tickers]


def trade(number: int, **changes: Any) -> Trade:
    """Trade `number`, a second after the one before."""
    usual = Trade("BTCUSDT", str(number), 100.0 + number, 0.5, "buy", number * SECOND_NS, number * SECOND_NS)
    return structs.replace(usual, **changes)


def bar(start_s: int, interval_s: int = 60, **changes: Any) -> Bar:
    """A closed bar made of trades."""
    usual = Bar(
        "BTCUSDT",
        interval_s,
        start_s * SECOND_NS,
        1.0,
        3.0,
        0.5,
        2.0,
        4.0,
        6.0,
        7,
        1.0,
        True,
        0,
        False,
        "trades",
    )
    return structs.replace(usual, **changes)


def book(quality: State = "live", levels: int = 3, depth: int = 50, **changes: Any) -> BookView:
    """A book with a tick of 1 around 100."""
    bids = [(99.0 - each, 1.0 + each) for each in range(levels)]
    asks = [(101.0 + each, 1.0) for each in range(levels)]
    usual = BookView("BTCUSDT", bids, asks, depth, 17, NOW_NS, NOW_NS, quality)
    return structs.replace(usual, **changes)


def quality(pair: Pair, channel: str, state: State = "live", **changes: Any) -> QualityReport:
    """What is known about one of Bybit's channels."""
    reason = "" if state == "live" else "no data for 12 s"
    usual = QualityReport(
        "bybit",
        *pair,
        channel,
        state,
        NOW_NS - 60 * SECOND_NS,
        reason,
        NOW_NS - SECOND_NS,
        3e9,
        5,
        1,
        1,
        2,
        3,
    )
    return structs.replace(usual, **changes)


def hole(start_s: int, to_s: int | None = None, pair: Pair = BTC) -> Hole:
    """A hole in Bybit's trades."""
    to_ns = None if to_s is None else to_s * SECOND_NS
    return Hole("bybit", *pair, "trades", start_s * SECOND_NS, to_ns, "sequence", "3 trades are missing", 3)


def instrument(exchange: str, pair: Pair, base: str = "BTC", quote: str = "USDT", **more: Any) -> Instrument:
    """An instrument as the listing tells it."""
    market, symbol = pair
    return Instrument(exchange=exchange, market=market, symbol=symbol, base=base, quote=quote, **more)


def changes() -> Changes:
    """Something of everything at Bybit."""
    return Changes(
        trades={BTC: [trade(1), trade(2, side="sell", backfill=True)]},
        bars={BTC: [bar(60), bar(120, closed=False, gap=True), bar(0, 1)]},
        books={BTC: book()},
        liquidations={BTC: [Liquidation("BTCUSDT", "long", 90.0, 2.0, 5 * SECOND_NS, 6 * SECOND_NS)]},
        qualities=[quality(BTC, each) for each in ("ticker", "trades", "book", "liquidations")]
        + [quality(ETH, "trades", "stale")],
        holes=[hole(10, 20), hole(30)],
        instruments=[
            instrument("bybit", BTC, tick_size=0.1, lot_size=0.001, funding_interval_h=8.0),
            instrument("bybit", ETH, "ETH"),
            instrument("bybit", BTC_SPOT),
        ],
        latencies=[LatencyReport("bybit", "linear", 20.0, 45.0, 0.1, 0.4, 3.0, 1.5)],
    )


def populated() -> ReadModel:
    """Two exchanges; one ticker is stale."""
    read_model = model()
    bybit = records(
        ticker("bybit", BTC, change_1h=2.0, change_24h=5.0),
        ticker("bybit", ETH, "stale", name="ETH-USDT", price=50.0, change_1h=9.0, change_24h=9.0),
        ticker("bybit", BTC_SPOT, bid=99.0, ask=100.0, change_24h=-4.0),
    )
    read_model.publish(Tick("bybit", NOW_NS, bybit, changes()))
    other = ticker("hyperliquid", HL_BTC, name="BTC-USDC", bid=100.75, ask=101.0, funding_interval_h=1.0)
    listed = Changes(instruments=[instrument("hyperliquid", HL_BTC, "BTC", "USDC")])
    read_model.publish(Tick("hyperliquid", NOW_NS, records(other), listed))
    spot = report(market="spot", symbols=("BTCUSDT",), state="disconnected", last_error="closed")
    hyper = report(exchange="hyperliquid", symbols=("BTC",), state="stopped")
    reconnects = {"reconnects": 3, "reconnects_by_cause": {"stall": 2, "closed": 1}, "decode_errors": 1}
    read_model.report([report(**reconnects), spot, hyper])
    return read_model
