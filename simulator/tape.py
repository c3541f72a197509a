"""The tape: the newest trades of one instrument, and the liquidations among its positions.

Every trade of the walk is printed here once, so that frames, REST answers, candles and the truth all read
the same trades.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal, NamedTuple

TRADES_KEPT: Final = 1_000
LIQUIDATIONS_KEPT: Final = 100


class TapeTrade(NamedTuple):
    """One trade. Ids of one instrument are consecutive; trades of one taker order share `sequence`."""

    id: int
    price: float
    size: float  # base units
    is_buy: bool  # the taker bought
    time_ms: int
    sequence: int


class Liquidation(NamedTuple):
    """One liquidated position."""

    id: int  # counts up over the whole world
    position: Literal["long", "short"]
    price: float  # where the position was bankrupt
    size: float  # base units
    time_ms: int


class Tape:
    """The newest trades of one instrument, oldest first; iterate it, or ask for a part."""

    __slots__ = ("_trades", "total")

    def __init__(self, kept: int = TRADES_KEPT) -> None:
        self._trades: deque[TapeTrade] = deque(maxlen=kept)
        self.total = 0  # trades since the start, those no longer kept included

    def __iter__(self) -> Iterator[TapeTrade]:
        return iter(self._trades)

    def __len__(self) -> int:
        return len(self._trades)

    def add(self, trade: TapeTrade) -> None:
        """Print one trade."""
        self._trades.append(trade)
        self.total += 1

    def since(self, trade_id: int) -> list[TapeTrade]:
        """The kept trades with a higher id, oldest first."""
        found = []
        for trade in reversed(self._trades):
            if trade.id <= trade_id:
                break
            found.append(trade)
        found.reverse()
        return found

    def newest(self, count: int) -> list[TapeTrade]:
        """The last `count` trades, oldest first."""
        return list(islice(self._trades, max(0, len(self._trades) - count), None))
