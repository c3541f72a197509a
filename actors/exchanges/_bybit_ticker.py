"""Bybit's tickers. What is ordinary is decoded in one pass; anything else goes the long way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder

from actors.exchanges._bybit_wire import (
    MALFORMED,
    NS_PER_MS,
    Amount,
    Fraction,
    Message,
    Milliseconds,
    Stream,
    decode_message,
    to_amount,
    to_moment,
    to_percent,
    to_price,
    to_rate,
)
from actors.exchanges.base import Command
from actors.market.events import Event, TickerUpdate, Value

Price: TypeAlias = Amount | UnsetType
Rate: TypeAlias = Fraction | UnsetType
# Within these, ten decimals of a percent are no more than a float64 has.
Change: TypeAlias = Annotated[float, Meta(gt=-100, lt=100)] | UnsetType

# Our names of a ticker's numbers, and Bybit's.
THEIRS = {
    "price": "lastPrice",
    "bid": "bid1Price",
    "bid_size": "bid1Size",
    "ask": "ask1Price",
    "ask_size": "ask1Size",
    "high_24h": "highPrice24h",
    "low_24h": "lowPrice24h",
    "mark_price": "markPrice",
    "index_price": "indexPrice",
    "volume_24h": "volume24h",
    "turnover_24h": "turnover24h",
    "change_24h": "price24hPcnt",
    "funding_rate": "fundingRate",
    "funding_interval_h": "fundingIntervalHour",
    "next_funding_ts": "nextFundingTime",
    "one_sided_interest": "singleOpenInterest",
    "two_sided_interest": "openInterest",
}
_INTERESTS = (THEIRS["one_sided_interest"], THEIRS["two_sided_interest"])
_OURS = {theirs: ours for ours, theirs in THEIRS.items() if theirs not in _INTERESTS}
_MEANINGS: dict[str, Callable[[str], Value]] = {
    "volume_24h": to_amount,
    "turnover_24h": to_amount,
    "change_24h": to_percent,
    "funding_rate": to_rate,
    "funding_interval_h": to_amount,
    "next_funding_ts": to_moment,
}


class _Numbers(Struct, gc=False, rename=THEIRS.get):
    """The numbers of an ordinary linear ticker, in our words and straight to floats.

    What is not ordinary (an empty text, NaN, a negative price) does not fit: that message goes the long way.
    """

    price: Price = UNSET
    bid: Price = UNSET
    bid_size: Price = UNSET
    ask: Price = UNSET
    ask_size: Price = UNSET
    high_24h: Price = UNSET
    low_24h: Price = UNSET
    mark_price: Price = UNSET
    index_price: Price = UNSET
    volume_24h: Price = UNSET
    turnover_24h: Price = UNSET
    change_24h: Change = UNSET
    funding_rate: Rate = UNSET
    funding_interval_h: Price = UNSET
    next_funding_ts: Milliseconds | UnsetType = UNSET
    one_sided_interest: Price = UNSET
    two_sided_interest: Price = UNSET


class _Ordinary(Struct, gc=False):
    """An ordinary ticker message, decoded whole in one pass."""

    type: str
    data: _Numbers
    ts: Milliseconds | None = None


_decode_ordinary = Decoder(_Ordinary, strict=False).decode
_decode_ticker = Decoder(dict[str, Any]).decode  # a new field of any kind must not hide the known ones


class TickerStream(Stream):
    """A linear ticker is a snapshot and then deltas, a spot ticker snapshots only."""

    __slots__ = ("_is_one_sided", "_was_begun")

    def __init__(self, topic: str, symbol: str) -> None:
        super().__init__(topic, symbol)
        self._was_begun = False
        self._is_one_sided = False  # whether it tells singleOpenInterest, which openInterest is twice of

    def receive(self, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
        try:
            message = _decode_ordinary(frame)
        except MALFORMED:  # something in it is not ordinary: the long way knows what it means
            return self.receive_any(frame, ts_recv)
        if message.type != "snapshot" and not self._was_begun:
            return None
        numbers = message.data
        values = _ordinary_values(numbers)
        if numbers.one_sided_interest is not UNSET:
            values["open_interest"] = numbers.one_sided_interest
            self._is_one_sided = True
        elif numbers.two_sided_interest is not UNSET and not self._is_one_sided:
            values["open_interest"] = numbers.two_sided_interest / 2.0
        return self._tell(message, values, ts_recv)

    def receive_any(self, frame: bytes, ts_recv: int) -> list[Event | Command] | None:
        """The same, the long way: text by text."""
        message = decode_message(frame)
        if message.type != "snapshot" and not self._was_begun:
            return None
        data = _decode_ticker(message.data)
        values = _values(data)
        if "singleOpenInterest" in data:
            values["open_interest"] = to_amount(data["singleOpenInterest"])
            self._is_one_sided = True
        elif "openInterest" in data and not self._is_one_sided:
            both_sides = to_amount(data["openInterest"])
            values["open_interest"] = None if both_sides is None else both_sides / 2.0
        return self._tell(message, values, ts_recv)

    def _tell(
        self, message: Message | _Ordinary, values: dict[str, Value], ts_recv: int
    ) -> list[Event | Command]:
        self._was_begun = True
        ts_event = message.ts * NS_PER_MS if message.ts else None
        return [TickerUpdate(self.symbol, values, ts_event, ts_recv)] if values else []


def _values(data: dict[str, str]) -> dict[str, Value]:
    """A ticker's fields in our words, except open interest, for messages that are not ordinary."""
    values = {_OURS[name]: _MEANINGS.get(_OURS[name], to_price)(data[name]) for name in data if name in _OURS}
    _drop_sizes_without_price(values)
    return values


def _drop_sizes_without_price(values: dict[str, Value]) -> None:
    """A side that has no price has no size either."""
    for side, size in (("bid", "bid_size"), ("ask", "ask_size")):
        if side in values and values[side] is None:
            values[size] = None


def _ordinary_values(told: _Numbers) -> dict[str, Value]:  # noqa: C901 - a table costs twice as much
    """The fields that an ordinary ticker tells, open interest aside; the long way would find the same."""
    values: dict[str, Value] = {}
    if told.price is not UNSET:
        values["price"] = told.price or None
    if told.bid is not UNSET:
        values["bid"] = told.bid or None
    if told.bid_size is not UNSET:
        values["bid_size"] = told.bid_size or None
    if told.ask is not UNSET:
        values["ask"] = told.ask or None
    if told.ask_size is not UNSET:
        values["ask_size"] = told.ask_size or None
    if told.high_24h is not UNSET:
        values["high_24h"] = told.high_24h or None
    if told.low_24h is not UNSET:
        values["low_24h"] = told.low_24h or None
    if told.mark_price is not UNSET:
        values["mark_price"] = told.mark_price or None
    if told.index_price is not UNSET:
        values["index_price"] = told.index_price or None
    if told.volume_24h is not UNSET:
        values["volume_24h"] = told.volume_24h
    if told.turnover_24h is not UNSET:
        values["turnover_24h"] = told.turnover_24h
    if told.change_24h is not UNSET:
        values["change_24h"] = round(told.change_24h * 100, 10)
    if told.funding_rate is not UNSET:
        values["funding_rate"] = told.funding_rate
    if told.funding_interval_h is not UNSET:
        values["funding_interval_h"] = told.funding_interval_h
    if told.next_funding_ts is not UNSET:
        values["next_funding_ts"] = told.next_funding_ts * NS_PER_MS or None
    if told.bid == 0 or told.ask == 0:
        _drop_sizes_without_price(values)
    return values
