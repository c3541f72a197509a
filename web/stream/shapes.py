"""The record of every channel: the shapes of REST, with a key, and without what depends on when it is read.

`age_ms` stands in no record of a stream: it is `ts_out` of the frame less `ts_recv`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec import Struct, structs

from actors.market.alerts.happenings import Alert
from actors.market.events import State
from web.api.channels import ChannelQuality
from web.api.comparing import AssetOut, LegOut
from web.api.derived import DerivedOut
from web.api.funding import FundingOut
from web.api.liquidations import LiquidationOut
from web.api.tape import BarOut, TradeOut
from web.api.tickers import TickerOut
from web.stream.ladder import BookRecord
from web.stream.options import Channel

AGE = "age_ms"


class QuoteRecord(Struct, frozen=True, kw_only=True):
    """The best bid and ask. `spread_bps` is the spread in 1/10000 of the mid; an empty side is `null`."""

    key: str
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    mid: float | None
    spread_bps: float | None
    ts_event: int | None
    ts_recv: int | None
    quality: State


def _defined(
    name: str, kind: type[Struct], *, keyed: bool = False, quality: bool = False, **types: Any
) -> Any:
    """The shape of REST as a stream tells it: without age, and with what it lacks."""
    kept = [each for each in structs.fields(kind) if each.name != AGE]
    fields = [(each.name, types.get(each.name, each.type)) for each in kept]
    fields = ([("key", str)] if keyed else []) + fields + ([("quality", State)] if quality else [])
    return msgspec.defstruct(name, fields, frozen=True, namespace={"__doc__": kind.__doc__}, module=__name__)


TickerRecord = _defined("TickerRecord", TickerOut)
TradeRecord = _defined("TradeRecord", TradeOut, keyed=True, quality=True)
BarRecord = _defined("BarRecord", BarOut, keyed=True, quality=True)
LiquidationRecord = LiquidationOut
FundingRecord = _defined("FundingRecord", FundingOut)
LegRecord = _defined("LegRecord", LegOut)
_LEGS: Any = list.__class_getitem__(LegRecord)
AssetRecord = _defined("AssetRecord", AssetOut, keyed=True, legs=_LEGS)
QualityRecord = _defined("QualityRecord", ChannelQuality)

DerivedRecord = DerivedOut
AlertRecord = _defined("AlertRecord", Alert, keyed=True)

SHAPES: dict[Channel, type[Struct]] = {
    "ticker": TickerRecord,
    "quote": QuoteRecord,
    "trades": TradeRecord,
    "book": BookRecord,
    "bars": BarRecord,
    "liquidations": LiquidationRecord,
    "funding": FundingRecord,
    "spreads": AssetRecord,
    "screener": TickerRecord,
    "quality": QualityRecord,
    "derived": DerivedRecord,
    "alerts": AlertRecord,
}

# What tells a record from the others of its key, and what a client needs to put it in its place.
IDENTITY = ("key", "start", "channel", "version", "previous")


@cache
def identity(shape: type[Struct]) -> tuple[str, ...]:
    """The fields of a record that come with every choice of fields."""
    if shape is DerivedRecord:
        return ("key", "plugin", "name")
    return tuple(name for name in IDENTITY if name in shape.__struct_fields__)
