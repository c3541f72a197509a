"""The knobs of the simulator: size, speed, seed, faults, and the exchanges' time limits.

The defaults of the time limits are the real ones; tests shorten them instead of waiting.
"""

from math import inf
from typing import Final

import msgspec

from simulator.faults import Fault

RATE_RANGE: Final = (1.0, 20_000.0)
SYMBOLS_RANGE: Final = (15, 3_000)


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a simulator is built from.

    `rate` is data messages per second over all markets for the subscribed topics, `symbols` the number
    of tradable instruments per market.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 7
    rate: float = 300.0
    symbols: int = 40
    faults: tuple[Fault, ...] = ()
    tick_s: float = 0.015
    liquidations_per_minute: float = 6.0  # over all derivatives
    bybit_idle_s: float = 60.0  # a socket without subscriptions is dropped after this
    bybit_repeat_s: float = 3.0  # orderbook.1 is sent again when unchanged for this long
    bybit_requests_per_5_s: int = 600  # REST, per address; more: HTTP 403
    bybit_ban_s: float = 600.0  # how long the 403 lasts
    bybit_endpoint_per_s: int = 50  # REST, per path; more: retCode 10006
    hyperliquid_silence_s: float = 60.0  # nothing sent to a client for this long: dropped
    hyperliquid_subscriptions: int = 1_000  # per address, over all connections
    hyperliquid_weight: int = 1_200  # REST, per minute and address
    hyperliquid_book_s: float = 0.5  # l2Book is sent this often, changed or not
    binance_spot_weight: int = 6_000  # REST, per minute and address
    binance_usdm_weight: int = 2_400
    binance_spot_ping_s: float = 20.0
    binance_spot_pong_s: float = 60.0
    binance_usdm_ping_s: float = 180.0
    binance_usdm_pong_s: float = 600.0
    binance_lifetime_s: float = 86_400.0
    shutdown_notice_s: float = 10.0  # from Binance's serverShutdown event to the close

    def __post_init__(self) -> None:
        if not RATE_RANGE[0] <= self.rate <= RATE_RANGE[1]:
            raise ValueError(f"rate must lie within {RATE_RANGE}, not {self.rate}")
        if not SYMBOLS_RANGE[0] <= self.symbols <= SYMBOLS_RANGE[1]:
            raise ValueError(f"symbols must lie within {SYMBOLS_RANGE}, not {self.symbols}")
        if not 0 < self.shutdown_notice_s < inf:
            raise ValueError(f"shutdown_notice_s must be more than 0, not {self.shutdown_notice_s}")
