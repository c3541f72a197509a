"""Every tick of every exchange by one number, the offset: what it changed, and what it told once.

The newest values stand in the read model; here is only *when* each changed. What happened once (trades,
liquidations, what the hub missed) stands in rings. All of it is bounded, and none of it grows with clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias, get_args

from msgspec import Struct

from actors.market.feeds import FeedState, MarketReport
from actors.market.tick import Changes, Pair, Tick
from web.api.tape import INTERVALS, Interval
from web.site import Site
from web.stream.options import Options
from web.stream.ring import Ring
from web.stream.selectors import split_key
from web.stream.shelves import Bars

LIQUIDATIONS_MAX = 10_000
NOTICES_MAX = 10_000
GONE_MAX = 10_000

Kind: TypeAlias = Literal["ticker", "book", "quality", "bars", "trades", "liquidations", "notices"]
NEWEST: tuple[Kind, ...] = ("ticker", "book", "quality")
SYSTEM = ""  # the key of notices that are about no instrument


class FeedNotice(Struct, frozen=True):
    """A market's feed went, or came. `ts` is in ns."""

    exchange: str
    market: str
    state: FeedState
    reason: str | None
    ts: int


class Journal:
    """`offset` is the number of the newest tick, or of what else there was to tell since."""

    def __init__(self, site: Site, ring_trades: int) -> None:
        self.site = site
        self.offset = 0
        self.told: dict[Kind, dict[str, int]] = {kind: {} for kind in NEWEST}
        self.bars = {
            seconds: Bars(site, Options(channel="bars", interval=interval))
            for interval, seconds in zip(get_args(Interval), INTERVALS.values(), strict=True)
        }
        self.rings: dict[Kind, Ring] = {
            "trades": Ring(ring_trades),
            "liquidations": Ring(LIQUIDATIONS_MAX),
            "notices": Ring(NOTICES_MAX),
        }
        self.gone: dict[str, int] = {}
        self.gone_floor = 0
        self._states: dict[tuple[str, str], FeedState] = {}

    def take(self, tick: Tick) -> dict[Kind, list[str]]:
        """Note a tick that the read model has taken. Returns the keys that it concerns, by what changed."""
        self.offset += 1
        named = _Names(tick.exchange)
        changes = tick.changes
        found: dict[Kind, list[str]] = {
            "ticker": [named[each.market, each.symbol] for each in tick.changed],
            "book": named.each(changes.books) + named.each(changes.unfollowed),
            "quality": named.each((each.market, each.symbol) for each in changes.qualities),
            "bars": named.each(changes.bars),
        }
        if tick.whole:
            found["ticker"] = list(dict.fromkeys([*found["ticker"], *self._of(tick.exchange, "ticker")]))
            found["book"] = list(dict.fromkeys([*found["book"], *self._of(tick.exchange, "book")]))
        for kind in NEWEST:
            self.told[kind].update(dict.fromkeys(found[kind], self.offset))
        self._take_bars(changes, named)
        found["trades"] = self._take_once("trades", changes.trades, named, _trade_name, whole=tick.whole)
        found["liquidations"] = self._take_once(
            "liquidations", changes.liquidations, named, _liquidation_name, whole=tick.whole
        )
        found["notices"] = self._take_notices(tick, named)
        self._forget(tick, named)
        return found

    def gone_after(self, offset: int) -> list[str]:
        """The keys of the instruments that went after `offset`, and have not come back."""
        return [key for key, left in self.gone.items() if left > offset]

    def _of(self, exchange: str, kind: Kind) -> list[str]:
        return [key for key in self.told[kind] if key.startswith(f"{exchange}:")]

    def _take_bars(self, changes: Changes, named: _Names) -> None:
        for pair, bars in changes.bars.items():
            for seconds in {bar.interval_s for bar in bars}:
                of_interval = [bar for bar in bars if bar.interval_s == seconds]
                if seconds in self.bars:
                    self.bars[seconds].take(named[pair], of_interval, self.offset)

    def _take_once(
        self,
        kind: Kind,
        told: dict[Pair, list[Any]],
        named: _Names,
        name: Callable[[Any], object],
        *,
        whole: bool,
    ) -> list[str]:
        items = {named[pair]: records for pair, records in told.items() if records}
        if whole and items:
            items = self._untold(kind, items, name)
        if items:
            self.rings[kind].append(self.offset, items)
        return list(items)

    def _untold(
        self, kind: Kind, items: dict[str, list[Any]], name: Callable[[Any], object]
    ) -> dict[str, list[Any]]:
        """What a whole picture holds beyond what was told already."""
        entries = self.rings[kind].entries
        if not entries:
            return items
        oldest = min(record.ts_recv for records in entries[0].items.values() for record in records)
        known = {
            (key, name(record))
            for each in entries
            for key in each.items
            if key in items
            for record in each.items[key]
        }
        fresh = {
            key: [each for each in records if each.ts_recv >= oldest and (key, name(each)) not in known]
            for key, records in items.items()
        }
        return {key: records for key, records in fresh.items() if records}

    def _take_notices(self, tick: Tick, named: _Names) -> list[str]:
        items: dict[str, list[Any]] = {}
        for hole in tick.changes.holes:
            items.setdefault(named[hole.market, hole.symbol], []).append(hole)
        feeds = list(self._feeds(tick))
        if feeds:
            items[SYSTEM] = feeds
        if items:
            self.rings["notices"].append(self.offset, items)
        return list(items)

    def _feeds(self, tick: Tick) -> Iterator[FeedNotice]:
        for report in self.site.read_model.boards[tick.exchange].reports.values():
            place = (report.exchange, report.market)
            if self._states.get(place) != report.state:
                self._states[place] = report.state
                yield feed_notice(report, tick.ts)

    def _gone(self, tick: Tick) -> list[Pair]:
        """What the tick took away: of a whole one, what it lacks."""
        entries = self.site.read_model.boards[tick.exchange].entries
        pairs: Iterable[Pair] = tick.removed
        if tick.whole:
            pairs = [split_key(key)[1] for key in self._of(tick.exchange, "ticker")]
        return [pair for pair in pairs if pair not in entries]

    def _forget(self, tick: Tick, named: _Names) -> None:
        gone = [named[pair] for pair in self._gone(tick)]
        for key in gone:
            for kind in NEWEST:
                self.told[kind].pop(key, None)
        for bars in self.bars.values() if gone else ():
            bars.forget(gone)
        self.gone.update(dict.fromkeys(gone, self.offset))
        for pair in tick.changes.instruments if self.gone else ():
            self.gone.pop(named[pair.market, pair.symbol], None)
        while len(self.gone) > GONE_MAX:
            self.gone_floor = self.gone.pop(next(iter(self.gone)))


class _Names(dict[Pair, str]):
    """The keys of an exchange's instruments, each put together once."""

    def __init__(self, exchange: str) -> None:
        super().__init__()
        self._exchange = exchange

    def __missing__(self, pair: Pair) -> str:
        name = self[pair] = f"{self._exchange}:{pair[0]}:{pair[1]}"
        return name

    def each(self, pairs: Iterable[Pair]) -> list[str]:
        return [self[pair] for pair in dict.fromkeys(pairs)]


def feed_notice(report: MarketReport, ts: int) -> FeedNotice:
    """How a market's feed is doing."""
    reason = report.last_error if report.state == "disconnected" else None
    return FeedNotice(report.exchange, report.market, report.state, reason, ts)


def _trade_name(trade: Any) -> object:
    return trade.trade_id


def _liquidation_name(each: Any) -> object:
    return each.ts_event, each.side, each.price, each.size
