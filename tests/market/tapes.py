"""Trades and candles for the tests of the tape, the bars and the holes."""

from __future__ import annotations

from typing import Any

from actors.market.events import (
    Candle,
    Event,
    FeedDown,
    Following,
    Heard,
    Side,
    Source,
    Trade,
    TradesRecovered,
)
from actors.market.reports import Bar, Hole
from actors.market.trades import TradeChanges, TradeLimits, Trades

NS_PER_S = 1_000_000_000
DAY_NS = 1_760_054_400 * NS_PER_S  # a midnight
NOON_NS = DAY_NS + 12 * 3600 * NS_PER_S
SYMBOL = "BTCUSDT"


def at(seconds: float) -> int:
    """So many seconds after noon, in nanoseconds, to the millisecond."""
    return NOON_NS + round(seconds * 1000) * 1_000_000


def trade(seconds: float, price: float = 100.0, size: float = 1.0, side: Side = "buy", **more: Any) -> Trade:
    """A trade of so many seconds after noon; its id tells when, if nothing else is said."""
    symbol = more.pop("symbol", SYMBOL)
    trade_id = more.pop("trade_id", f"{symbol}@{seconds}")
    ts_recv = more.pop("ts_recv", at(seconds))
    return Trade(symbol, trade_id, price, size, side, at(seconds), ts_recv, **more)


def candle(minute: int, price: float = 100.0, volume: float = 10.0, **more: Any) -> Candle:
    """A closed candle of that minute after noon, which knows everything."""
    interval_s = more.pop("interval_s", 60)
    told = {"turnover": price * volume, "trades": 5, "taker_buy_volume": volume / 2, "closed": True} | more
    return Candle(
        SYMBOL,
        interval_s,
        at(minute * 60),
        price,
        price,
        price,
        price,
        volume,
        **told,
        ts_recv=at(minute * 60),
    )


def bar_at(bars: list[Bar], interval_s: int, seconds: float) -> Bar:
    """The one bar of that interval in which this moment lies."""
    wanted = at(seconds) - at(seconds) % (interval_s * NS_PER_S)
    (bar,) = [bar for bar in bars if (bar.interval_s, bar.start_ns) == (interval_s, wanted)]
    return bar


class Feed:
    """A market of one connection with its lives, told as briefly as can be."""

    def __init__(self, **limits: Any) -> None:
        self.trades = Trades("bybit", "linear", TradeLimits(**limits))
        self.life = 0
        self.connection = "stream-0"

    @property
    def source(self) -> Source:
        return Source("bybit", "linear", self.connection, self.life)

    def say(self, *events: Event) -> None:
        for event in events:
            if isinstance(event, Trade):
                self.trades.take(self.source, event)
            else:
                self.trades.apply(self.source, event)

    def sweep(self, seconds: float) -> None:
        for _ in self.trades.sweeping(at(seconds)):
            pass

    def up(self, seconds: float, *symbols: str, heard: bool = True) -> None:
        """The next life begins, and the exchange accepts what it asks for."""
        self.life += 1
        for symbol in symbols or (SYMBOL,):
            self.say(Following(symbol, ("quote", "trades"), ("quote",), at(seconds)))
            if heard:
                self.say(Heard(symbol, f"trades.{symbol}", "trades", at(seconds)))

    def down(self, seconds: float, reason: str = "closed by the exchange") -> None:
        self.say(FeedDown(reason, at(seconds)))

    def drain(self) -> TradeChanges:
        return self.trades.drain()

    def bars(self, symbol: str = SYMBOL) -> list[Bar]:
        return self.trades.everything().bars.get(symbol, [])

    def holes(self) -> list[Hole]:
        return self.trades.everything().holes

    def ids(self) -> list[str]:
        return [each.trade_id for each in self.trades.newest(SYMBOL, 10_000)]


def live(**limits: int) -> Feed:
    """A feed that has told one trade per second for 20 s, from noon on."""
    feed = Feed(**limits)
    feed.up(-1)
    for seconds in range(1, 21):
        feed.say(trade(seconds))
    feed.drain()
    return feed


def recover(feed: Feed, *seconds: float, whole: bool = True, oldest: float | None = None) -> None:
    """The answer to what was missed: trades of these seconds, and that it is all since the oldest."""
    feed.say(*(trade(each, backfill=True, ts_recv=at(100)) for each in seconds))
    feed.say(TradesRecovered(SYMBOL, at(min(seconds) if oldest is None else oldest), whole))
