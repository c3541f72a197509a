"""Frames that are prepared once, and sent as fast as they are taken."""

from __future__ import annotations

import itertools
import random
import socket
from collections.abc import Callable
from itertools import accumulate

from benchmarks import wire
from benchmarks.chains import chain

PREPARED = 20_000
PIECE_BYTES = 256 * 1024


class Blast:
    """`count` frames of `symbols` instruments in turn: of their tickers, or of their books.

    A round of books ends where it began; from round to round only the numbers of the deltas grow.
    """

    def __init__(self, channel: str, symbols: int, count: int) -> None:
        self.channel, self.symbols, self.count = channel, symbols, count
        frames = KINDS[channel]([wire.symbol(number) for number in range(symbols)])
        self.buffer = bytearray(b"".join(frames))
        self.ends = list(accumulate(map(len, frames)))
        self.numbers = []
        if channel == "books":
            starts = [0, *self.ends[:-1]]
            marker = str(wire.UPDATE_ID_BASE).encode()
            self.numbers = [self.buffer.index(marker, start) for start in starts]

    def send(self, sock: socket.socket) -> None:
        """Everything, as fast as it is taken."""
        view = memoryview(self.buffer)
        for done in range(0, self.count, len(self.ends)):
            self._number(done // self.symbols)
            size = self.ends[min(len(self.ends), self.count - done) - 1]
            for start in range(0, size, PIECE_BYTES):
                sock.sendall(view[start : min(start + PIECE_BYTES, size)])

    def _number(self, deltas: int) -> None:
        """Give each book's deltas the numbers that follow its first `deltas`."""
        for first in range(0, len(self.numbers), self.symbols):
            deltas += 1
            digits = str(wire.UPDATE_ID_BASE + deltas).encode()
            for place in self.numbers[first : first + self.symbols]:
                self.buffer[place : place + len(digits)] = digits


def tickers(names: list[str]) -> list[bytes]:
    """Deltas of tickers."""
    draw = random.Random(7)
    payloads = (wire.ticker_delta(name, draw) for name in itertools.cycle(names))
    return [wire.text_frame(each) for each in itertools.islice(payloads, PREPARED)]


def books(names: list[str]) -> list[bytes]:
    """Deltas of books: every chain, once round."""
    chains = [(f"orderbook.50.{name}", chain(name).deltas) for name in names]
    return [
        wire.text_frame(wire.book(topic, "delta", deltas[step].bids, deltas[step].asks, wire.UPDATE_ID_BASE))
        for step in range(len(chains[0][1]))
        for topic, deltas in chains
    ]


KINDS: dict[str, Callable[[list[str]], list[bytes]]] = {"tickers": tickers, "books": books}
