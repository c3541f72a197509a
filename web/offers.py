"""What each market of each exchange can tell, as its codec says: what it does not offer is never faked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

Channel: TypeAlias = Literal["ticker", "quote", "trades", "book", "liquidations", "candles"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)


class Offer(Struct, frozen=True):
    """The channels of one market. Of those that are `sampled` the exchange tells a part only; those that are
    `switched_off` could be had, and the settings do not follow them.

    `depth_max` is how many levels per side of a book can be had at most.
    """

    channels: tuple[str, ...] = ()
    sampled: tuple[str, ...] = ()
    depth_max: int | None = None
    switched_off: tuple[str, ...] = ()


Offers: TypeAlias = Mapping[tuple[str, str], Offer]  # by (exchange, market)
