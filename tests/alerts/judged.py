"""An engine, an instrument or two, and hands to move them with."""

from __future__ import annotations

from typing import Any

from actors.market.alerts.engine import Engine
from actors.market.alerts.happenings import Happening, Standing
from actors.market.alerts.reading import read_rule
from actors.market.alerts.rules import Rule
from actors.market.alerts.standings import detailed
from actors.market.events import Liquidation, State
from actors.market.instrument import Instrument
from actors.market.reports import Bar, QualityReport
from actors.market.ticker import Ticker

SECOND_NS = 1_000_000_000
MONDAY_NS = 1_767_571_200 * SECOND_NS  # 2026-01-05, 00:00 UTC
BTC = ("bybit", "linear", "BTCUSDT")
KEY = "bybit:linear:BTCUSDT"


def rule_of(when: dict[str, Any], **more: Any) -> Rule:
    """A rule about BTC, without a cooldown unless it is given."""
    return read_rule({"name": "rule", "keys": [KEY], "cooldown_s": 0, "when": when, **more})


def above(value: float, **more: Any) -> Rule:
    """A rule about a price above a bound."""
    return rule_of({"kind": "above", "value": value}, **more)


class Judged:
    """Everything is a second after what was before, and every second there is a tick."""

    def __init__(self, *rules: Rule, **options: Any) -> None:
        self.engine = Engine(**{"grace_ns": 10**6 * SECOND_NS, **options})
        self.now_ns = MONDAY_NS
        for rule in rules:
            self.engine.put(rule, self.now_ns)

    def pass_(self, seconds: float = 1.0, *, silent: bool = False) -> list[Happening]:
        """Let time pass, a second at a time; `silent`: no exchange is heard of."""
        found: list[Happening] = []
        end_ns = self.now_ns + int(seconds * SECOND_NS)
        while self.now_ns < end_ns:
            self.now_ns = min(end_ns, self.now_ns + SECOND_NS)
            if not silent:
                self.engine.heard("bybit", self.now_ns)
                self.engine.heard("other", self.now_ns)
            found += self.engine.advance(self.now_ns)
        return found

    def tell(self, quality: State = "live", of: tuple[str, str, str] = BTC, **values: Any) -> list[Happening]:
        """A record, and what follows from it at once."""
        exchange, market, symbol = of
        self.engine.heard(exchange, self.now_ns)
        ticker = Ticker(exchange=exchange, market=market, symbol=symbol, quality=quality, **values)
        self.engine.ticker(ticker, self.now_ns)
        return self.engine.firing.take()

    def price(self, price: float, quality: State = "live", **more: Any) -> list[Happening]:
        """A price, a second later."""
        return [*self.pass_(), *self.tell(quality, price=price, **more)]

    def prices(self, *prices: float) -> list[str]:
        """The kinds of what happens while these prices come, one a second."""
        return [each.kind for price in prices for each in self.price(price)]

    def channel(self, channel: str, state: State, of: tuple[str, str, str] = BTC) -> list[Happening]:
        """The state of a channel."""
        self.engine.heard(of[0], self.now_ns)
        report = QualityReport(*of, channel, state, self.now_ns, "", None, None)
        self.engine.quality(report, self.now_ns)
        return self.engine.firing.take()

    def liquidated(self, value: float, side: Any = "long") -> list[Happening]:
        """A liquidation worth so much."""
        each = Liquidation(BTC[2], side, value, 1.0, self.now_ns, self.now_ns)
        self.engine.liquidated(BTC[0], BTC[1:], [each], self.now_ns)
        return self.engine.firing.take()

    def bar(self, number: int, volume: float, *, closed: bool = True, gap: bool = False) -> list[Happening]:
        """Bar `number`, of a minute."""
        start_ns = MONDAY_NS + number * 60 * SECOND_NS
        bar = Bar(BTC[2], 60, start_ns, 1, 1, 1, 1, volume, None, None, None, closed, 0, gap, "trades")
        self.engine.bars(BTC[0], BTC[1:], [bar], self.now_ns)
        return self.engine.firing.take()

    def listed(self, of: tuple[str, str, str], base: str = "BTC", quote: str = "USDT") -> None:
        """What is traded there."""
        exchange, market, symbol = of
        instrument = Instrument(exchange=exchange, market=market, symbol=symbol, base=base, quote=quote)
        self.engine.listed(instrument, self.now_ns)

    def standing(self, name: str = "rule") -> Standing:
        """How a rule stands."""
        return detailed(self.engine, name, 100)


def kinds(happenings: list[Happening]) -> list[str]:
    """What happened, in a word each."""
    return [each.kind for each in happenings]
