"""The REST answers that both Binance markets share: book snapshots, trades, aggregate trades, candles.

Each market says in a `Rest` how it differs: its path, digits, limits and the fields only it has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.binance_aggregates import Aggregate, Aggregates
from simulator.binance_frames import Digits
from simulator.candles import ALL_INTERVALS_MS, Candle
from simulator.frames import Reply, json_reply
from simulator.instruments import Instrument
from simulator.tape import TapeTrade
from simulator.world import World

NOT_FOUND: Final = Reply(b"<html><body><h2>404 Not found</h2></body></html>", 404, "text/html")
ROWS: Final = 500  # of trades and candles, when nothing is said
TRADES_MOST: Final = 1_000
Query = Mapping[str, str]


class BadRequest(Exception):
    """A request that Binance answers with HTTP 400, its code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.reply = json_reply({"code": code, "msg": text}, 400)


@dataclass(frozen=True, slots=True)
class Rest:
    """One market's REST: everything that the shared answers need to know about it."""

    world: World
    instruments: Callable[[], Mapping[str, Instrument]]
    digits: Callable[[Instrument], Digits]
    snapshot: Callable[[Instrument, int], dict[str, Any]]  # what comes before the levels
    depth_limit: Callable[[int], int]  # the asked number of levels -> the answered one
    klines_most: int
    trade_extra: Mapping[str, bool]  # fields of a trade that only this market has
    aggregate_extra: Mapping[str, bool]
    depth_default: int
    aggregates_of: dict[str, Aggregates] = field(default_factory=dict)

    def answer(self, resource: str, query: Query) -> Reply:
        """Answer `depth`, `trades`, `aggTrades` or `klines`; raises BadRequest."""
        resources = {
            "depth": self._depth,
            "trades": self._trades,
            "aggTrades": self._aggregate_trades,
            "klines": self._klines,
        }
        if resource not in resources:
            return NOT_FOUND
        return json_reply(resources[resource](self.instrument(query), query))

    def instrument(self, query: Query) -> Instrument:
        """The instrument that a request names; raises BadRequest."""
        if not query.get("symbol"):
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise BadRequest(-1102, text)
        instrument = self.instruments().get(query["symbol"])
        if instrument is None:
            raise BadRequest(-1121, "Invalid symbol.")
        return instrument

    def one_or_all(self, query: Query, render: Callable[[Instrument], dict[str, Any]]) -> Reply:
        """A list of all that trade, or one object when a symbol is given; raises BadRequest."""
        if "symbol" in query:
            return json_reply(render(self.instrument(query)))
        return json_reply([render(row) for row in self.instruments().values() if row.live])

    def aggregates(self, instrument: Instrument) -> Aggregates:
        """The aggregate trades of an instrument, which streams read as well."""
        found = self.aggregates_of.get(instrument.symbol)
        if found is None:
            found = self.aggregates_of[instrument.symbol] = Aggregates(instrument.trades)
        return found

    def _depth(self, instrument: Instrument, query: Query) -> dict[str, Any]:
        count = self.depth_limit(_whole(query, "limit", self.depth_default))
        if not instrument.bid_size and not instrument.ask_size:
            return self.snapshot(instrument, 0) | {"bids": [], "asks": []}
        depth, (_, price, size) = self.world.depth(instrument), _formats(self.digits(instrument))
        bids, asks = ([(price(at), size(amount)) for at, amount in levels] for levels in depth.levels(count))
        return self.snapshot(instrument, depth.update_id) | {"bids": bids, "asks": asks}

    def _trades(self, instrument: Instrument, query: Query) -> list[dict[str, Any]]:
        count = min(_whole(query, "limit", ROWS), TRADES_MOST)
        return [self._trade_row(instrument, done) for done in instrument.trades.newest(count)]

    def _trade_row(self, instrument: Instrument, done: TapeTrade) -> dict[str, Any]:
        quote, price, size = _formats(self.digits(instrument))
        return {
            "id": done.id,
            "price": price(done.price),
            "qty": size(done.size),
            "quoteQty": quote(done.price * done.size),
            "time": done.time_ms,
            "isBuyerMaker": not done.is_buy,
            **self.trade_extra,
        }

    def _aggregate_trades(self, instrument: Instrument, query: Query) -> list[dict[str, Any]]:
        count = min(_whole(query, "limit", ROWS), TRADES_MOST)
        found = self.aggregates(instrument).newest(TRADES_MOST)
        if "fromId" in query:
            first = _whole(query, "fromId", 0)
            found = [done for done in found if done.id >= first]
        if "startTime" in query:
            start_ms = _whole(query, "startTime", 0)
            found = [done for done in found if done.time_ms >= start_ms]
        if "endTime" in query:
            end_ms = _whole(query, "endTime", 0)
            found = [done for done in found if done.time_ms <= end_ms]
        chosen = found[:count] if {"fromId", "startTime"} & set(query) else found[-count:]
        return [self._aggregate_row(instrument, done) for done in chosen]

    def _aggregate_row(self, instrument: Instrument, done: Aggregate) -> dict[str, Any]:
        _, price, size = _formats(self.digits(instrument))
        return {
            "a": done.id,
            "p": price(done.price),
            "q": size(done.size),
            "f": done.first,
            "l": done.last,
            "T": done.time_ms,
            "m": not done.is_buy,
            **self.aggregate_extra,
        }

    def _klines(self, instrument: Instrument, query: Query) -> list[list[Any]]:
        interval = query.get("interval", "")
        if interval not in ALL_INTERVALS_MS or (interval == "1s" and instrument.kind != "spot"):
            raise BadRequest(-1120, "Invalid interval.")
        count = min(_whole(query, "limit", ROWS), self.klines_most)
        series, now_ms = self.world.candles(instrument, interval), self.world.now_ms
        end_ms = min(_whole(query, "endTime", now_ms), now_ms)
        start_ms = _whole(query, "startTime", end_ms - count * series.length_ms)
        found = series.filled(start_ms, end_ms)
        chosen = found[:count] if "startTime" in query else found[-count:] or [series.at(end_ms)]
        digits = self.digits(instrument)
        return [kline_row(candle, series.length_ms, digits) for candle in chosen]


def kline_row(candle: Candle, length_ms: int, digits: Digits) -> list[Any]:
    """One candle as REST has it: a list, in this order."""
    quote, price, size = _formats(digits)
    return [
        candle.start_ms,
        price(candle.opened),
        price(candle.high),
        price(candle.low),
        price(candle.closed),
        size(candle.volume),
        candle.start_ms + length_ms - 1,
        quote(candle.turnover),
        candle.trades,
        size(candle.bought),
        quote(candle.bought_turnover),
        "0",
    ]


def _formats(digits: Digits) -> list[Callable[[float], str]]:
    """How amounts of the quote coin, prices and sizes are written."""
    return [f"{{:.{places}f}}".format for places in (digits.quote, digits.price, digits.size)]


def _whole(query: Query, name: str, default: int) -> int:
    """A number of the query; raises BadRequest."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal() or (name == "limit" and int(text) == 0):
        raise BadRequest(-1130, f"Data sent for parameter '{name}' is not valid.")
    return int(text)
