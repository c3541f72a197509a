"""The real web over a picture that stands still: something for every screen, and names that mean harm.

python tests/browser/posed_hub.py --port 8799
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import trio

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from actors.market.alerts.happenings import Alert, Standing, SubjectState  # noqa: E402
from actors.market.alerts.rules import Above, Quality, Rule  # noqa: E402
from actors.market.alerts.views import NotifierView, Refused, RuleView  # noqa: E402
from actors.market.events import Liquidation, State  # noqa: E402
from actors.market.reports import LatencyReport, QualityReport  # noqa: E402
from actors.market.rows import BarRow, FundingRow, LiquidationRow, Row  # noqa: E402
from actors.market.sinkstatus import SinkReport  # noqa: E402
from actors.market.tick import Changes, Pair, Tick  # noqa: E402
from actors.market.ticker import Ticker  # noqa: E402
from actors.runtime.settings import WebSettings  # noqa: E402
from tests.web.fake_history import FakeHistory  # noqa: E402
from tests.web.harness import NOW_NS, Switch, report  # noqa: E402
from tests.web.populated import OFFERS, book, hole, instrument, records, ticker, trade  # noqa: E402
from tests.web.told_alerts import ToldAlerts  # noqa: E402
from web.app import create_app  # noqa: E402
from web.readmodel import ReadModel  # noqa: E402
from web.server import serve  # noqa: E402

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOSTILE = (
    '<img src=x onerror="window.harmed=1">',
    "\u202eTDSU\u2066RTL\u2069<b>",
    "X" * 200,
)
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", *HOSTILE)
MARKETS = (("bybit", "linear"), ("bybit", "spot"), ("hyperliquid", "linear"))


def price_of(place: int) -> float:
    """What the coin at a place costs."""
    return float(f"{64_000 / 4**place:.4g}")


def symbol_of(exchange: str, coin: str) -> str:
    """How an exchange spells a coin against its dollar."""
    return coin if exchange == "hyperliquid" else f"{coin}USDT"


def ticker_of(exchange: str, market: str, place: int) -> Ticker:
    """One instrument; each fifth is stale."""
    coin, step = COINS[place], 1 + place * 0.0007 + (0.0011 if exchange == "hyperliquid" else 0)
    price = price_of(place) * step
    swing = math.sin(place * 2.1 + len(market))
    state: State = "stale" if (place + len(exchange)) % 5 == 0 else "live"
    more: dict[str, float] = {} if market == "spot" else {"funding_rate": 0.0001 * swing}
    return ticker(
        exchange,
        (market, symbol_of(exchange, coin)),
        state,
        name=f"{coin}-{'USDC' if exchange == 'hyperliquid' else 'USDT'}",
        price=price,
        bid=price * 0.9999,
        ask=price * 1.0001,
        bid_size=2.0,
        ask_size=3.0,
        turnover_24h=8e8 / (1 + place),
        volume_24h=8e8 / (1 + place) / price,
        high_24h=price * 1.04,
        low_24h=price * 0.95,
        change_1h=swing,
        change_24h=swing * 6,
        **more,
    )


def report_of(exchange: str, market: str, coin: str, channel: str, state: State) -> QualityReport:
    """How far a channel of an instrument can be trusted."""
    reason = "" if state == "live" else "no data for 12 s"
    since, last = NOW_NS - 60 * SECOND_NS, NOW_NS - SECOND_NS
    symbol = symbol_of(exchange, coin)
    return QualityReport(exchange, market, symbol, channel, state, since, reason, last, 3e9, 5, 0, 0, 0, 0)


def changes_of(exchange: str) -> Changes:
    """Everything beside the tickers."""
    markets = [market for each, market in MARKETS if each == exchange]
    pairs: list[tuple[Pair, str]] = [
        ((m, symbol_of(exchange, coin)), coin) for m in markets for coin in COINS
    ]
    quote = "USDC" if exchange == "hyperliquid" else "USDT"
    liquidations = {
        (market, symbol): [
            Liquidation(symbol, "long", price_of(0), 2.0 + i, NOW_NS - i * MINUTE_NS, NOW_NS - i * MINUTE_NS)
            for i in range(3)
        ]
        for (market, symbol), _ in pairs
        if exchange == "bybit" and market == "linear"
    }
    return Changes(
        trades={
            pair: [
                trade(i, symbol=pair[1], ts_event=NOW_NS - (9 - i) * SECOND_NS, ts_recv=NOW_NS)
                for i in range(9)
            ]
            for pair, _ in pairs
        },
        books={pair: book(levels=20, symbol=pair[1]) for pair, _ in pairs},
        liquidations=liquidations,
        qualities=[
            report_of(exchange, pair[0], coin, channel, "stale" if i % 5 == 4 else "live")
            for i, (pair, coin) in enumerate(pairs)
            for channel in ("ticker", "quote", "trades")
        ],
        holes=[
            hole(NOW_NS // SECOND_NS - 600, NOW_NS // SECOND_NS - 500),
            hole(NOW_NS // SECOND_NS - 60, None, ("linear", f"{HOSTILE[0]}USDT")),
        ]
        if exchange == "bybit"
        else [],
        instruments=[instrument(exchange, pair, coin, quote, tick_size=0.0001) for pair, coin in pairs],
        latencies=[LatencyReport(exchange, market, 20.0, 45.0, 0.1, 0.4, 3.0, 1.5) for market in markets],
    )


def rows() -> list[Row]:
    """A past: bars of an hour, funding of a day, liquidations of an hour."""
    kept: list[Row] = []
    start = NOW_NS // MINUTE_NS * MINUTE_NS
    for coin in COINS:
        symbol = f"{coin}USDT"
        for i in range(60):
            at, middle = start - i * MINUTE_NS, 100 + math.sin(i / 7) * 3
            kept.append(
                BarRow(at, "bybit", "linear", symbol, 60, middle, middle + 1, middle - 1, middle + 0.4, 5.0,
                       500.0, 7, 2.0, True, 0, False, "trades")
            )  # fmt: skip
        for i in range(4):
            rate = 0.0001 * math.sin(i)
            kept.append(
                FundingRow(
                    NOW_NS - i * 480 * MINUTE_NS, "bybit", "linear", symbol, rate, 8.0, None, 100.0, 99.9, 5e6
                )
            )
            kept.append(
                LiquidationRow(NOW_NS - i * 9 * MINUTE_NS, "bybit", "linear", symbol, "short", 100.0, 40.0)
            )
    return kept


class PosedAlerts(ToldAlerts):
    """Two rules, of which nothing can be changed."""

    def rules(self) -> list[RuleView]:
        """Every rule and how it stands."""
        far = Rule(name="btc-above-60k", keys=("*:linear:BTC*",), when=Above(value=6e4), severity="critical")
        all_of_it = Rule(name="feeds", keys=HOSTILE[:1], when=Quality(), note=HOSTILE[0])
        subjects = [
            SubjectState(subject=f"bybit:linear:{coin}USDT", state="firing", value=64_000.1,
                         since_ns=NOW_NS - MINUTE_NS, fired_ns=NOW_NS - MINUTE_NS)
            for coin in ("BTC", *HOSTILE)
        ]  # fmt: skip
        firing = Standing(state="firing", counts={"firing": len(subjects)}, subjects=subjects)
        idle = Standing(state="idle", counts={"idle": 9}, subjects=[])
        return [
            RuleView(rule=far, origin="api", standing=firing, muted_until_ns=None),
            RuleView(rule=all_of_it, origin="settings", standing=idle, muted_until_ns=NOW_NS + MINUTE_NS),
        ]

    def rule(self, name: str) -> RuleView:
        """One of them."""
        for view in self.rules():
            if view.rule.name == name:
                return view
        raise Refused("unknown_rule", f"There is no rule {name}.", "name")

    def meant_by(self, rule: Rule, limit: int) -> tuple[list[tuple[str, str, str]], int]:
        """Nothing."""
        return [], 0

    def notifiers(self) -> list[NotifierView]:
        """One, in trouble."""
        return [
            NotifierView(
                name="ops", kind="webhook", waiting=2, failures=1, last_error=HOSTILE[0], last_error_ns=NOW_NS
            )
        ]

    async def history(self, rule: str | None, before: int | None, limit: int) -> list[Alert]:
        """What it did."""
        told = [
            Alert(id=f"al_{i}", number=NOW_NS // 1_000_000 - i, kind="fired", rule="btc-above-60k",
                  severity="critical", subject=f"bybit:linear:{coin}USDT", value=64_000.1, bound=6e4,
                  text=f"bybit:linear:{coin}USDT: price is 64000.1, above 60000", note="", muted=False,
                  ts=NOW_NS // 1_000_000 - i, since=NOW_NS // 1_000_000 - i)
            for i, coin in enumerate(("BTC", *HOSTILE))
        ]  # fmt: skip
        return [
            each for each in told if rule in (None, each.rule) and (before is None or each.number < before)
        ][:limit]

    async def put(self, rule: Rule, *, create: bool = False) -> bool:
        """No."""
        raise Refused("alerts_unavailable", "This picture stands still.")

    async def change(self, name: str, become: Callable[[Rule], Rule]) -> None:
        """No."""
        raise Refused("alerts_unavailable", "This picture stands still.")

    async def remove(self, name: str) -> None:
        """No."""
        raise Refused("alerts_unavailable", "This picture stands still.")

    async def mute(self, name: str, until_ns: int) -> None:
        """No."""
        raise Refused("alerts_unavailable", "This picture stands still.")

    async def send_trial(self, name: str) -> str | None:
        """No."""
        return "This picture stands still."


def posed() -> ReadModel:
    """Two exchanges, three markets; one is lost."""
    read_model = ReadModel(["bybit", "hyperliquid"], now_ns=lambda: NOW_NS)
    for exchange in ("bybit", "hyperliquid"):
        tickers = [
            ticker_of(*each, place) for each in MARKETS if each[0] == exchange for place in range(len(COINS))
        ]
        read_model.publish(Tick(exchange, NOW_NS, records(*tickers), changes_of(exchange)))
    symbols = tuple(f"{coin}USDT" for coin in COINS)
    lost = report(market="spot", symbols=symbols, state="disconnected", last_error=f"closed by {HOSTILE[0]}",
                  next_attempt_ts=NOW_NS + 7 * SECOND_NS)  # fmt: skip
    read_model.report([
        report(symbols=symbols, producing=len(symbols), stale=(symbols[1],)), lost,
        report(exchange="hyperliquid", symbols=COINS, producing=len(COINS)),
    ])  # fmt: skip
    return read_model


def sinks() -> Sequence[SinkReport]:
    """One, which is well."""
    return [
        SinkReport(name="history", state="ok", since_ns=NOW_NS, accepted=9000, written=9000, in_hand=0,
                   outbox_rows=0, outbox_bytes=0, outbox_oldest_ns=None, dropped={}, trouble=None,
                   last_error=None, last_error_ns=None, next_attempt_ns=None)
    ]  # fmt: skip


async def main(port: int) -> None:
    """Serve until the process ends."""
    settings, stop, read_model = WebSettings(port=port), trio.Event(), posed()
    switch = Switch()
    switch.on["hyperliquid"] = True
    now_ns: Callable[[], int] = lambda: NOW_NS  # noqa: E731
    make = partial(create_app, read_model, switch, settings, stop=stop, now_ns=now_ns, offers=OFFERS)
    app = make(history=FakeHistory(rows()), sinks=sinks, alerts=PosedAlerts())
    await serve(app, settings, stop, shutdown_grace_s=1.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The real web over a posed picture.")
    parser.add_argument("--port", type=int, required=True)
    trio.run(main, parser.parse_args().port)
