"""One market of one exchange: every event goes to those whose business it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.market.books import Books
from actors.market.events import (
    Batch,
    BookDelta,
    BookSnapshot,
    Candle,
    Denied,
    FeedDown,
    FeedUp,
    Following,
    Gap,
    Heard,
    Liquidation,
    Listed,
    Quote,
    Removed,
    ServerTime,
    Silent,
    Source,
    State,
    TickerUpdate,
    Trade,
    TradesRecovered,
    Unfollowed,
)
from actors.market.instrument import Instrument
from actors.market.latency import Clock, Delays
from actors.market.liquidations import Liquidations
from actors.market.outages import Outages
from actors.market.qualities import Qualities
from actors.market.quality import Stream
from actors.market.rhythm import Patience
from actors.market.rows import TickRow
from actors.market.tickers import Tickers
from actors.market.trades import TradeLimits, Trades

MINUTE_S = 60


class Segment:
    """`apply` batches. What its parts know is for `Market` to drain."""

    def __init__(self, exchange: str, market: str, patience: Patience, limits: TradeLimits) -> None:
        self.exchange = exchange
        self.market = market
        self.outages = Outages(exchange, market)
        self.qualities = Qualities(patience, self._observe)
        self.tickers = Tickers(lambda symbol: self.qualities.state(symbol, "ticker", "quote"))
        self.books = Books(lambda symbol: self.qualities.state(symbol, "book"))
        self.trades = Trades(exchange, market, limits)
        self.liquidations = Liquidations()
        self.clock = Clock()
        self.delays = Delays()
        self.dwells = Delays()
        self.instruments: dict[str, Instrument] = {}
        self.listed: dict[str, Instrument] = {}
        self.removed: list[str] = []
        self.unfollowed: list[str] = []
        self._others: dict[type, Callable[[Source, Any], None]] = {
            Liquidation: self._liquidation,
            BookSnapshot: self._snapshot,
            Gap: self._gap,
            Candle: self._candle,
            TradesRecovered: self._recovered,
            ServerTime: lambda source, event: self.clock.take(event),
            Following: self._follow,
            Unfollowed: self._unfollow,
            FeedUp: self._up,
            FeedDown: self._down,
            Silent: self._silence,
            Heard: self._hear,
            Denied: self._deny,
            Listed: self._list,
            Removed: self._remove,
        }

    def apply(self, batch: Batch) -> None:
        """Fold the events of one batch into the picture."""
        source = batch.source
        if batch.fetched:
            self._fill(batch)
            return
        connection, life = source.connection, source.life
        heard, tickers = self.qualities.heard, self.tickers
        for event in batch.events:
            if type(event) is TickerUpdate:
                tickers.update(source, event.symbol, event.values, event)
                heard(event.symbol, "ticker", connection, life, event.ts_recv)
            elif type(event) is Quote:
                tickers.update(source, event.symbol, _sides(event), event)
                heard(event.symbol, "quote", connection, life, event.ts_recv)
            elif type(event) is Trade:
                self.trades.take(source, event)
                if not event.backfill:
                    heard(event.symbol, "trades", connection, life, event.ts_recv)
            elif type(event) is BookDelta:
                if self.books.change(event):
                    heard(event.symbol, "book", connection, life, event.ts_recv)
            else:
                self._others[type(event)](source, event)
        if tickers.remembered:
            self._settle(batch)

    def remember(self, row: TickRow) -> None:
        """What was known before the start, of what is followed as far as that is known."""
        if not self.instruments or row.symbol in self.instruments:
            self.tickers.remember(row)

    def reset(self, reason: str, now_ns: int) -> None:
        """What was known stays to be seen, and is stale until each connection begins a new life."""
        self.qualities.reset(reason, now_ns)
        self.trades.reset()

    @property
    def exchange_ahead_ns(self) -> int:
        """How far the exchange's clock is ahead of ours, as far as that is known."""
        return self.clock.offset_ns or 0

    def _observe(self, stream: Stream, before: State) -> None:
        if stream.channel in ("ticker", "quote"):
            self.tickers.touch(stream.symbol)
        elif stream.channel == "book":
            self.books.touch(stream.symbol)
        if stream.channel != "trades":
            self.outages.observe(stream, before)

    def _fill(self, batch: Batch) -> None:
        """What REST answers fills fields, and proves nothing about a stream."""
        source = batch.source
        for event in batch.events:
            if isinstance(event, TickerUpdate):
                self.tickers.fill(source, event)
                self.qualities.begin(event.symbol, "ticker", source.connection, source.life, event.ts_recv)
            elif type(event) in self._others:
                self._others[type(event)](source, event)

    def _snapshot(self, source: Source, event: BookSnapshot) -> None:
        if self.qualities.is_left(event.symbol, "book", source.connection):
            return
        self.books.load(event)
        self.qualities.heard(event.symbol, "book", source.connection, source.life, event.ts_recv)
        for stream in self.qualities.find(event.symbol, "book"):
            self.qualities.resync(stream, event.ts_recv)

    def _liquidation(self, source: Source, event: Liquidation) -> None:
        self.liquidations.take(event)
        self.qualities.heard(event.symbol, "liquidations", source.connection, source.life, event.ts_recv)

    def _candle(self, source: Source, event: Candle) -> None:
        self.trades.apply(source, event)
        if event.closed and event.interval_s == MINUTE_S:
            self.tickers.seed(event.symbol, event.start_ns, event.close)
        for stream in self.qualities.find(event.symbol, "candles"):
            if stream.connection == source.connection:
                self.qualities.heard(event.symbol, "candles", stream.connection, source.life, event.ts_recv)

    def _gap(self, source: Source, event: Gap) -> None:
        if self.qualities.is_left(event.symbol, event.channel, source.connection):
            return
        self.qualities.gap(self._stream(source, event.symbol, event.channel, event.ts_recv), event)
        if event.channel == "trades":
            self.trades.apply(source, event)

    def _recovered(self, source: Source, event: TradesRecovered) -> None:
        self.trades.apply(source, event)
        for stream in self.qualities.find(event.symbol, "trades"):
            self.qualities.resync(stream, stream.rhythm.last_ns)

    def _follow(self, source: Source, event: Following) -> None:
        if event.instead:
            self._inherit(source, event)
        for channel in self.qualities.abandoned(source.connection, source.life, event):
            self._unfollow(source, Unfollowed(event.symbol, channel))
        if "book" in event.channels and self.qualities.is_older(
            event.symbol, "book", source.connection, source.life
        ):
            self.books.leave(event.symbol)
        self.qualities.follow(source.connection, source.life, event)
        if "trades" in event.channels:
            self.trades.apply(source, event)

    def _inherit(self, source: Source, event: Following) -> None:
        """Streams go over to another connection, and what is open of them goes along."""
        for channel in self.qualities.inherit(source.connection, source.life, event):
            self.outages.inherit(event.symbol, channel, event.instead, source.connection)
            if channel in ("ticker", "quote"):
                self.tickers.inherit(event.symbol, event.instead, source.connection)

    def _unfollow(self, source: Source, event: Unfollowed) -> None:
        self.qualities.unfollow(event.symbol, event.channel, source.connection)
        now_ns = self.qualities.swept_ns
        self.outages.leave(event.symbol, event.channel, source.connection, now_ns)
        if event.channel == "book" and self.books.remove(event.symbol):
            self.unfollowed.append(event.symbol)
        elif event.channel == "trades":
            self.trades.apply(source, event)

    def _up(self, source: Source, event: FeedUp) -> None:
        self.qualities.up(source.connection, source.life, event.ts_recv)
        self.trades.apply(source, event)

    def _down(self, source: Source, event: FeedDown) -> None:
        self.qualities.down(source.connection, source.life, event.reason, event.ts_recv)
        self.trades.apply(source, event)

    def _silence(self, source: Source, event: Silent) -> None:
        self.tickers.begin(source, event.symbol)
        stream = self._stream(source, event.symbol, event.channel, event.ts_recv)
        self.qualities.silence(stream, event.topic, event.reason, event.ts_recv)
        if event.channel == "trades":
            self.trades.apply(source, event)

    def _hear(self, source: Source, event: Heard) -> None:
        for stream in self.qualities.find(event.symbol, event.channel):
            if stream.connection == source.connection and stream.life == source.life:
                self.qualities.hear(stream, event.topic, event.ts_recv)
        if event.channel == "trades":
            self.trades.apply(source, event)

    def _deny(self, source: Source, event: Denied) -> None:
        stream = self._stream(source, event.symbol, event.channel, event.ts_recv)
        self.qualities.deny(stream, event.reason, event.ts_recv)

    def _list(self, source: Source, event: Listed) -> None:
        instrument = event.instrument
        self.tickers.name(source, instrument.symbol, instrument.name)
        if self.instruments.get(instrument.symbol) != instrument:
            self.instruments[instrument.symbol] = self.listed[instrument.symbol] = instrument
            self.qualities.halt(instrument.symbol, instrument.halted, event.ts_recv)

    def _settle(self, batch: Batch) -> None:
        """A listing is told whole: what is remembered and not in it is followed no more."""
        if any(type(event) is Listed for event in batch.events):
            for symbol in self.tickers.remembered - self.instruments.keys():
                self._remove(batch.source, Removed(symbol))

    def _remove(self, source: Source, event: Removed) -> None:
        symbol = event.symbol
        known = self.tickers.remove(symbol)
        self.books.remove(symbol)
        self.trades.remove(symbol)
        self.qualities.remove(symbol)
        self.outages.remove(symbol)
        self.listed.pop(symbol, None)
        if self.instruments.pop(symbol, None) is not None or known:
            self.removed.append(symbol)

    def _stream(self, source: Source, symbol: str, channel: str, now_ns: int) -> Stream:
        return self.qualities.begin(symbol, channel, source.connection, source.life, now_ns)


def _sides(quote: Quote) -> dict[str, float | None]:
    return {
        "bid": quote.bid,
        "bid_size": quote.bid_size,
        "ask": quote.ask,
        "ask_size": quote.ask_size,
    }
