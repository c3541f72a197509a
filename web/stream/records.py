"""What each channel tells of a key, made from the read model by what makes the answers of REST."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct, structs

from actors.market.alerts.happenings import Alert
from actors.market.derived import derive
from actors.market.events import Liquidation, State, Trade
from actors.market.reports import Bar, QualityReport
from actors.market.screener import Screen
from actors.market.tick import Pair, Record
from actors.market.ticker import Ticker
from web.api.channels import channel_out
from web.api.comparing import SpreadsQuery, asset_out, assets, rows
from web.api.derived import derived_out
from web.api.funding import funding_out, is_funded
from web.api.liquidations import liquidation_out
from web.api.tape import INTERVALS, bar_out, trade_out
from web.api.tickers import ticker_more
from web.readmodel import Board
from web.site import Site
from web.stream.decoding import Format
from web.stream.options import Channel, Options
from web.stream.selectors import split_key
from web.stream.shapes import (
    AGE,
    AlertRecord,
    AssetRecord,
    BarRecord,
    FundingRecord,
    LegRecord,
    QualityRecord,
    QuoteRecord,
    TickerRecord,
    TradeRecord,
    identity,
)
from web.wire import record_out, unix_ms

TAPES = {"trades": ("trades",), "bars": ("trades", "candles")}  # whose quality is told with a record

UNFOLLOWED = "nobody follows it any more"

# What a channel is about, where the rest of its records may change without any news.
NEWS: dict[Channel, tuple[str, ...]] = {
    "quote": ("bid", "ask", "bid_size", "ask_size", "quality"),
    "funding": ("funding_rate", "next_funding_ts", "mark_price", "quality"),
    "quality": ("quality", "reason"),
}


def newest(site: Site, options: Options, key: str, count: int = 100) -> list[Struct]:
    """The records of a key as they stand in a snapshot, oldest first; none while nothing is known.

    One for ticker, quote and funding; one for each channel for quality, and for each name for derived; up to
    `count` for trades, bars and liquidations. Not for book (`ladder`), spreads, screener (`whole`), system.
    """
    exchange, pair = split_key(key)
    board = site.read_model.boards[exchange]
    return _NEWEST[options.channel](site, board, pair, options, count)


def ticker_record(ticker: Ticker) -> Struct:
    """A ticker, and what follows from it."""
    more = structs.asdict(ticker_more(ticker, 0))
    del more[AGE]
    record: Struct = TickerRecord(*structs.astuple(record_out(ticker)), *more.values())
    return record


def ticker_body(record: Record) -> bytes:
    """`ticker_record` as JSON, at half the cost: its greater part has been encoded already."""
    more = structs.asdict(ticker_more(record.ticker, 0))
    del more[AGE]
    return record.body[:-1] + b"," + msgspec.json.encode(more)[1:]


def quote_record(ticker: Ticker) -> QuoteRecord:
    """The best bid and ask of a ticker."""
    derived = derive(ticker)
    return QuoteRecord(
        key=ticker.key,
        bid=ticker.bid,
        ask=ticker.ask,
        bid_size=ticker.bid_size,
        ask_size=ticker.ask_size,
        mid=derived.mid,
        spread_bps=derived.spread_bps,
        ts_event=unix_ms(ticker.ts_event),
        ts_recv=unix_ms(ticker.ts_recv or None),
        quality=ticker.quality,
    )


def funding_record(ticker: Ticker) -> Struct:
    """The funding of a perpetual."""
    return _without_age(FundingRecord, funding_out(ticker, 0))


def trade_record(site: Site, key: str, trade: Trade) -> Struct:
    """One trade."""
    record: Struct = TradeRecord(key, *structs.astuple(trade_out(trade)), _quality(site, key, "trades"))
    return record


def bar_record(site: Site, key: str, bar: Bar) -> Struct:
    """One bar."""
    told = bar_out(bar, _INTERVAL_NAMES[bar.interval_s])
    record: Struct = BarRecord(key, *structs.astuple(told), _quality(site, key, "bars"))
    return record


def liquidation_record(site: Site, key: str, liquidation: Liquidation) -> Struct:
    """One liquidation."""
    exchange, (market, _) = split_key(key)
    return liquidation_out(site, site.read_model.boards[exchange], market, liquidation)


def alert_record(alert: Alert) -> Struct:
    """An alert; its key is the instrument's, the asset's, or empty where it is about a whole rule."""
    record: Struct = AlertRecord(alert.subject or "", *structs.astuple(alert))
    return record


def quality_record(report: QualityReport) -> Struct:
    """The state of one channel of an instrument."""
    return _without_age(QualityRecord, channel_out(report, 0))


def unfollowed_record(record: Struct) -> Struct:
    """The state of a channel that nobody follows any more, for those who were told that it is live."""
    return structs.replace(record, quality="connecting", reason=UNFOLLOWED)


def newest_liquidations(site: Site, keys: Iterable[str], count: int) -> list[Struct]:
    """The newest liquidations of each key, oldest first, at the price of one look at all."""
    found: dict[str, list[Struct]] = {key: [] for key in keys}
    for board in site.read_model.boards.values():
        for market, each in reversed(board.picture.liquidations):
            mine = found.get(f"{board.exchange}:{market}:{each.symbol}")
            if mine is not None and len(mine) < count:
                mine.append(liquidation_out(site, board, market, each))
    return [record for mine in found.values() for record in reversed(mine)]


def whole(site: Site, options: Options) -> list[Struct]:
    """All records of `spreads` or `screener`, in their order. Costs milliseconds."""
    boards = list(site.read_model.boards.values())
    if options.channel == "spreads":
        query = SpreadsQuery(bases=options.bases, quote=options.quote, legs_min=options.legs_min)
        return [_asset_record(asset_out(each, 0)) for each in assets(boards, query)[: options.limit]]
    found = _screen(options.filter, options.sort, options.limit).run(
        [row for board in boards for row in rows(board)]
    )
    return [ticker_record(ticker) for ticker, _ in found.rows]


def is_news(channel: Channel, before: Struct, after: Struct) -> bool:
    """Whether what the channel is about has changed: a quote is no news because its time is newer."""
    if channel not in NEWS:
        return before != after
    about = _ABOUT[channel]
    return bool(about(before) != about(after))


def changed_fields(before: Struct, after: Struct, fields: tuple[str, ...] | None = None) -> dict[str, Any]:
    """`key`, and those fields (of `fields`, if given) that differ; `key` alone if none does."""
    names = after.__struct_fields__ if fields is None else fields
    changed: dict[str, Any] = {"key": getattr(after, "key")}  # noqa: B009 - every record has one
    for name in names:
        value = getattr(after, name)
        if value != getattr(before, name):
            changed[name] = value
    return changed


def some_fields(record: Struct, fields: tuple[str, ...]) -> dict[str, Any]:
    """These fields, after those by which a client knows what record it is: `key`, and `start` of a bar."""
    return {name: getattr(record, name) for name in (*identity(type(record)), *fields)}


def encode_record(
    record: Struct | dict[str, Any],
    format: Format,  # noqa: A002
    fields: tuple[str, ...] | None = None,
) -> bytes:
    """One record as JSON or MessagePack; of a struct with `fields`, `some_fields` only."""
    told = some_fields(record, fields) if fields is not None and isinstance(record, Struct) else record
    return msgspec.json.encode(told) if format == "json" else msgspec.msgpack.encode(told)


def _without_age(kind: Callable[..., Struct], told: Struct) -> Struct:
    return kind(*(getattr(told, name) for name in told.__struct_fields__ if name != AGE))


def _asset_record(asset: Any) -> Struct:
    legs = [_without_age(LegRecord, each) for each in asset.legs]
    record: Struct = AssetRecord(f"{asset.base}-{asset.quote}", *structs.astuple(asset)[:-1], legs)
    return record


def _quality(site: Site, key: str, channel: str) -> State:
    exchange, pair = split_key(key)
    report = site.read_model.boards[exchange].picture.quality(pair, *TAPES[channel])
    return report.state if report is not None else "connecting"


@lru_cache(maxsize=256)
def _screen(filter: str, sort: str, limit: int) -> Screen:  # noqa: A002
    return Screen.parse(filter, sort, limit)


def _of_ticker(build: Callable[[Ticker], Struct]) -> _Newest:
    def found(_: Site, board: Board, pair: Pair, __: Options, ___: int) -> list[Struct]:
        entry = board.entries.get(pair)
        return [] if entry is None else [build(entry.record.ticker)]

    return found


def _funding(site: Site, board: Board, pair: Pair, options: Options, count: int) -> list[Struct]:
    entry = board.entries.get(pair)
    return (
        [] if entry is None or not is_funded(entry.record.ticker) else [funding_record(entry.record.ticker)]
    )


def _trades(site: Site, board: Board, pair: Pair, _: Options, count: int) -> list[Struct]:
    key = f"{board.exchange}:{pair[0]}:{pair[1]}"
    return [trade_record(site, key, each) for each in board.picture.trades.get(pair, [])[-count:]]


def _bars(site: Site, board: Board, pair: Pair, options: Options, count: int) -> list[Struct]:
    key = f"{board.exchange}:{pair[0]}:{pair[1]}"
    row = board.picture.bars.get(pair, {}).get(INTERVALS[options.interval])
    return [bar_record(site, key, each) for each in row.newest(count)] if row is not None else []


def _liquidations(site: Site, board: Board, pair: Pair, _: Options, count: int) -> list[Struct]:
    return newest_liquidations(site, [f"{board.exchange}:{pair[0]}:{pair[1]}"], count)


def _qualities(_: Site, board: Board, pair: Pair, __: Options, ___: int) -> list[Struct]:
    return [quality_record(each) for each in board.picture.qualities.get(pair, {}).values()]


def _derived(site: Site, board: Board, pair: Pair, _: Options, __: int) -> list[Struct]:
    if site.plugins is None:
        return []
    key = f"{board.exchange}:{pair[0]}:{pair[1]}"
    return [derived_out(site, each) for each in site.plugins.records(key)]


_Newest = Callable[[Site, Board, Pair, Options, int], list[Struct]]
_NEWEST: dict[Channel, _Newest] = {
    "ticker": _of_ticker(ticker_record),
    "quote": _of_ticker(quote_record),
    "funding": _funding,
    "trades": _trades,
    "bars": _bars,
    "liquidations": _liquidations,
    "quality": _qualities,
    "derived": _derived,
}
_ABOUT = {channel: attrgetter(*names) for channel, names in NEWS.items()}
_INTERVAL_NAMES = {seconds: name for name, seconds in INTERVALS.items()}
