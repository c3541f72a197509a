"""What one topic of `benchmarks.exchange` sends: a first message to a new subscriber, and then frames."""

from __future__ import annotations

import itertools
import random
import time
from abc import ABC, abstractmethod
from typing import ClassVar, TypeAlias

from benchmarks import wire
from benchmarks.chains import chain

DIGITS_OF_ID, DIGITS_OF_TIME = 12, 13
PATTERNS = 4
_numbers = itertools.count(1)

Truth: TypeAlias = dict[str, int | wire.Levels]


class Stream(ABC):
    """One topic of one connection."""

    channel: ClassVar[str]

    def __init__(self, topic: str, draw: random.Random) -> None:
        self.topic, self.name, self.draw = topic, topic.rsplit(".", 1)[1], draw
        self.sent = 0
        self.prepare()

    def prepare(self) -> None:  # noqa: B027 - some have nothing to prepare
        """Make what `next` only puts together."""

    def first(self) -> bytes | None:
        """The message that answers a subscription, if there is one."""
        return None

    @abstractmethod
    def next(self) -> bytes:
        """One more frame."""


class TickerStream(Stream):
    """Deltas of a ticker, each stamped with the time of its sending."""

    channel = "tickers"

    def prepare(self) -> None:
        frame = wire.text_frame(wire.ticker_delta(self.name, self.draw, wire.EARLIEST))
        self.head, _, self.tail = frame.partition(wire.EARLIEST.encode())

    def first(self) -> bytes:
        return wire.ticker_snapshot(self.name, self.draw)

    def next(self) -> bytes:
        return self.head + b"%.6f" % (wire.STAMP_BASE + time.monotonic()) + self.tail


class QuoteStream(Stream):
    """Level 1 of a book: the same prices, under new numbers."""

    channel = "quotes"

    def prepare(self) -> None:
        frame = wire.text_frame(wire.best_quote(self.name, wire.UPDATE_ID_BASE))
        self.head, _, self.tail = frame.partition(str(wire.UPDATE_ID_BASE).encode())

    def first(self) -> bytes:
        return wire.best_quote(self.name, 1)

    def next(self) -> bytes:
        self.sent += 1
        return self.head + b"%d" % (wire.UPDATE_ID_BASE + self.sent) + self.tail


class BookStream(Stream):
    """A book's snapshot, and then its chain of deltas, round and round under ascending numbers."""

    channel = "books"

    def prepare(self) -> None:
        self.chain = chain(self.name)
        marker = str(wire.UPDATE_ID_BASE).encode()
        frames = [
            wire.text_frame(wire.book(self.topic, "delta", each.bids, each.asks, wire.UPDATE_ID_BASE))
            for each in self.chain.deltas
        ]
        self.pieces = [frame.split(marker) for frame in frames]

    def first(self) -> bytes:
        state = self.chain.state(0)
        return wire.book(self.topic, "snapshot", state.bids, state.asks, wire.UPDATE_ID_BASE)

    def next(self) -> bytes:
        head, tail = self.pieces[self.sent % len(self.pieces)]
        self.sent += 1
        return head + b"%d" % (wire.UPDATE_ID_BASE + self.sent) + tail

    def truth(self) -> Truth:
        """The book that the subscriber should have by now."""
        state = self.chain.state(self.sent)
        return {"u": wire.UPDATE_ID_BASE + self.sent, "bids": state.bids, "asks": state.asks}


class TradeStream(Stream):
    """Single trades, each with an id and a time of its own."""

    channel = "trades"

    def prepare(self) -> None:
        self.patterns = itertools.cycle([self._pattern() for _ in range(PATTERNS)])

    def _pattern(self) -> tuple[bytes, ...]:
        """A frame in four pieces, between which the time goes twice, and then the id."""
        time_of, id_of = "1" * DIGITS_OF_TIME, "2" * DIGITS_OF_ID
        frame = wire.text_frame(wire.trade(self.name, self.draw, int(time_of), int(id_of)))
        before, _, after = frame.partition(id_of.encode())
        return (*before.split(time_of.encode()), after)

    def next(self) -> bytes:
        self.sent += 1
        now = b"%d" % int(time.time() * 1e3)
        first, second, third, last = next(self.patterns)
        return first + now + second + now + third + b"%012d" % next(_numbers) + last


class LiquidationStream(Stream):
    """Liquidations: too few to prepare them."""

    channel = "liquidations"

    def next(self) -> bytes:
        self.sent += 1
        return wire.text_frame(wire.liquidation(self.name, self.draw, int(time.time() * 1e3)))


class CandleStream(Stream):
    """The candle of the present minute, as often as it is asked for."""

    channel = "candles"

    def first(self) -> bytes:
        return wire.candle(self.name, int(time.time() * 1e3))

    def next(self) -> bytes:
        self.sent += 1
        return wire.text_frame(self.first())


STREAMS: dict[str, type[Stream]] = {
    "tickers": TickerStream,
    "orderbook.1": QuoteStream,
    "orderbook.50": BookStream,
    "orderbook.200": BookStream,
    "publicTrade": TradeStream,
    "allLiquidation": LiquidationStream,
    "kline.1": CandleStream,
}


def open_stream(topic: str, draw: random.Random) -> Stream | None:
    """The stream of a topic; `None` for those that are not ours."""
    kind = STREAMS.get(topic.rpartition(".")[0])
    return None if kind is None else kind(topic, draw)
