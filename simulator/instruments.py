"""The things that trade: an `Asset` with one hidden price, an `Instrument` with everything a ticker shows.

Mutable state on purpose: the world moves instruments tens of thousands of times per second.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from simulator.tape import LIQUIDATIONS_KEPT, Liquidation, Tape

if TYPE_CHECKING:
    from simulator.candles import CandleSeries
    from simulator.depth import Depth

Market = Literal["bybit-linear", "bybit-spot", "hyperliquid", "binance-spot", "binance-usdm"]
InstrumentKind = Literal["spot", "perp", "future"]


@dataclass(slots=True)
class Asset:
    """One coin (or stock) with the price that every market follows."""

    name: str
    price: float
    rank: int
    anchor: float = 0.0
    step: float = 0.0001  # width of one random step, as a fraction of the price
    change_24h: float = 0.0  # fraction

    def __post_init__(self) -> None:
        self.anchor = self.price


@dataclass(slots=True)
class Instrument:
    """One listed instrument: fixed listing facts first, then the state the walk changes."""

    market: Market
    symbol: str
    base: str
    quote: str
    kind: InstrumentKind
    asset: Asset
    tick: float
    tick_decimals: int
    decimals: int  # digits of the price text, at least `tick_decimals`
    size_decimals: int
    multiplier: float = 1.0
    offset: float = 0.0  # how far this market sits from the hidden price, as a fraction
    status: str = "Trading"
    live: bool = True
    one_sided: bool = False
    dex: str = ""  # Hyperliquid builder dex
    contract: str = ""  # Binance USD-M contractType
    index_number: int = 0  # Hyperliquid spot pair index
    funding_interval_h: int = 8
    weight: float = 1.0
    lot: float = 1.0  # a typical size at the touch, base units
    scale: float = field(default=1.0)  # hidden price times this = fair price in ticks
    bid: float = 0.0
    ask: float = 0.0
    bid_size: float = 0.0
    ask_size: float = 0.0
    last: float = 0.0
    last_size: float = 0.0
    last_is_buy: bool = True
    previous: float = 0.0  # the trade price before `last`
    open_24h: float = 0.0
    open_1h: float = 0.0
    high_24h: float = 0.0
    low_24h: float = 0.0
    volume_24h: float = 0.0  # base units
    turnover_24h: float = 0.0  # quote units
    trades_24h: int = 0
    mark: float = 0.0
    index: float = 0.0
    funding_rate: float = 0.0  # fraction per `funding_interval_h`
    open_interest: float = 0.0  # base units, one side
    update_id: int = 1
    sequence: int = 1
    trade_id: int = 1
    trades: Tape = field(default_factory=Tape)
    liquidations: deque[Liquidation] = field(default_factory=lambda: deque(maxlen=LIQUIDATIONS_KEPT))
    depth: "Depth | None" = None  # made by `World.depth` for the first reader
    series: "dict[str, CandleSeries]" = field(default_factory=dict)  # made by `World.candles`, by interval

    def price_text(self, price: float) -> str:
        """A price padded to this instrument's digits."""
        return f"{price:.{self.decimals}f}"

    def size_text(self, size: float) -> str:
        """A size padded to this instrument's digits."""
        return f"{size:.{self.size_decimals}f}"

    @property
    def change_24h(self) -> float:
        """Change over 24 hours as a fraction."""
        return self.last / self.open_24h - 1.0 if self.open_24h else 0.0

    @property
    def has_funding(self) -> bool:
        """Only perpetuals pay funding."""
        return self.kind == "perp"


def next_funding_ms(now_ms: int, interval_h: int) -> int:
    """The next full funding interval since midnight UTC."""
    interval_ms = interval_h * 3_600_000
    return math.ceil((now_ms + 1) / interval_ms) * interval_ms


def plain(value: float, decimals: int) -> str:
    """A decimal text without padding zeros: `77675`, `0.051644`."""
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pointed(value: float, decimals: int) -> str:
    """A decimal text as Hyperliquid writes it: no padding, but always a fraction (`84143.0`)."""
    text = plain(value, decimals)
    return text if "." in text else text + ".0"
