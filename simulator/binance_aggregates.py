"""Binance's aggregate trades: the fills of one taker order at one price are one. Pure.

Streams and REST read the same aggregates of an instrument, so that their ids agree.
"""

from collections import deque
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from simulator.tape import Tape, TapeTrade

KEPT: Final = 1_000
FILLS_PER_AGGREGATE: Final = 3  # where the numbering starts: aggregate ids lag behind trade ids


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Fills of one taker at one price; `first` and `last` are trade ids."""

    id: int
    price: float
    size: float  # base units
    first: int
    last: int
    is_buy: bool  # the taker bought
    time_ms: int


class Aggregates:
    """The newest aggregates of one instrument, brought up to date from its tape whenever somebody looks."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._done: deque[Aggregate] = deque(maxlen=KEPT)
        self._last_trade = 0
        self._next_id = next((trade.id for trade in tape), 0) // FILLS_PER_AGGREGATE

    def newest(self, count: int) -> list[Aggregate]:
        """The last `count` aggregates, oldest first."""
        self._catch_up()
        return list(self._done)[-count:]

    def since(self, identifier: int) -> list[Aggregate]:
        """The aggregates with a higher id, oldest first."""
        self._catch_up()
        found = []
        for row in reversed(self._done):
            if row.id <= identifier:
                break
            found.append(row)
        return found[::-1]

    @property
    def last_id(self) -> int:
        """The id of the newest aggregate."""
        self._catch_up()
        return self._next_id - 1

    def _catch_up(self) -> None:
        fresh = self._tape.since(self._last_trade)
        for _, fills in groupby(fresh, lambda trade: (trade.sequence, trade.price, trade.is_buy)):
            self._done.append(self._join(list(fills)))

    def _join(self, fills: list[TapeTrade]) -> Aggregate:
        first, self._last_trade = fills[0], fills[-1].id
        identifier, self._next_id = self._next_id, self._next_id + 1
        size = sum(fill.size for fill in fills)
        return Aggregate(
            identifier, first.price, size, first.id, self._last_trade, first.is_buy, first.time_ms
        )
