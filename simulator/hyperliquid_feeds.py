"""Hyperliquid's books and trades as topics: snapshots again and again, trades that begin with the past."""

from typing import TYPE_CHECKING, Any, Final

from simulator import hyperliquid_frames as payloads
from simulator.depth import LEVELS_MOST, Level
from simulator.feed import Feed
from simulator.instruments import Instrument
from simulator.tape import TapeTrade
from simulator.world import World

if TYPE_CHECKING:
    from simulator.venue import VenueServer

FAST_PERIOD_S: Final = 0.54
HISTORIC_TRADES: Final = 30
INVENTED_TRADES: Final = 12  # of the minutes before the start
INVENTED_APART_MS: Final = 7_000


class SnapshotFeed(Feed):
    """The best levels of a coin's book as one message, sent at fixed times whether they changed or not."""

    def __init__(
        self, venue: "VenueServer", topic: str, coin: Instrument, wanted: dict[str, Any], period_s: float
    ) -> None:
        self.is_fast = bool(wanted["fast"])
        super().__init__(topic, coin, self._snapshot, FAST_PERIOD_S if self.is_fast else period_s, "book")
        self._venue = venue
        self._coin = coin
        self._figures: int | None = wanted["nSigFigs"]
        self._mantissa: int = wanted["mantissa"] or 1
        self._count = payloads.FAST_BOOK_LEVELS if self.is_fast else payloads.BOOK_LEVELS

    def _snapshot(self) -> str:
        world, (bids, asks) = self._venue.world, self._levels()
        if asks and self._venue.is_struck("crossed", self):
            bids = [asks[0], *bids[: self._count - 1]]
        data = payloads.book(self._coin, (bids, asks), world.now_ms)
        if self.is_fast:
            data["fast"] = True
        return payloads.message("l2Book", data)

    def _levels(self) -> tuple[list[Level], list[Level]]:
        figures = self._figures
        if figures is None:
            return best_levels(self._venue.world, self._coin, self._count)
        bids, asks = best_levels(self._venue.world, self._coin, LEVELS_MOST)
        coarse_bids = payloads.coarse(bids, figures, self._mantissa, is_bid=True)
        coarse_asks = payloads.coarse(asks, figures, self._mantissa, is_bid=False)
        return coarse_bids[: self._count], coarse_asks[: self._count]


def best_levels(world: World, coin: Instrument, count: int) -> tuple[list[Level], list[Level]]:
    """The best levels of a coin; none when it is delisted."""
    return world.depth(coin).levels(count) if coin.live else ([], [])


class TradesFeed(Feed):
    """The trades of one coin: a message for all that one step of the market brought."""

    def __init__(self, topic: str, coin: Instrument, start_ms: int) -> None:
        super().__init__(topic, coin, self._fresh, channel="trades")
        self._coin = coin
        self._invented = _invent(coin, start_ms) if coin.live else []

    def wake(self) -> None:
        """The past is told to each subscriber apart."""
        self.cursor = self._coin.trade_id

    def _fresh(self) -> str:
        trades = self._coin.trades.since(self.cursor)
        if not trades:
            return ""
        self.cursor = trades[-1].id
        return self._text(trades)

    def past(self) -> str:
        """The latest trades as one message; soon after the start some of them are invented."""
        trades = self._invented + self._coin.trades.newest(HISTORIC_TRADES)
        return self._text(trades[-HISTORIC_TRADES:]) if trades else ""

    def _text(self, trades: list[TapeTrade]) -> str:
        return payloads.message("trades", [payloads.trade(self._coin, done) for done in trades])


def _invent(coin: Instrument, start_ms: int) -> list[TapeTrade]:
    """Trades of the minutes before the start, with the numbers before the first on the tape."""
    first = coin.trade_id - coin.trades.total + 1
    return [
        TapeTrade(
            id=first - age,
            price=coin.last,
            size=coin.last_size,
            is_buy=age % 3 > 0,
            time_ms=start_ms - age * INVENTED_APART_MS,
            sequence=first - age,
        )
        for age in range(INVENTED_TRADES, 0, -1)
    ]
