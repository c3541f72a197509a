"""Every tick of every exchange by one number, the offset: what it changed, and what it told once.

The newest values stand in the read model; here is only *when* each changed. What happened once (trades,
liquidations, what the hub missed) stands in rings. All of it is bounded, none of it grows with clients, and
what nobody reads is not noted at all: see `attention.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, get_args

from msgspec import Struct

from actors.market.alerts.happenings import Alert
from actors.market.feeds import FeedState, MarketReport
from actors.market.tick import Changes, Pair, Tick
from web.api.tape import INTERVALS, Interval
from web.site import Site
from web.stream.attention import Attention, Kind, Topic
from web.stream.options import Options
from web.stream.ring import Ring
from web.stream.shelves import Bars
from web.stream.told import Told

LIQUIDATIONS_MAX = 10_000
NOTICES_MAX = 10_000
ALERTS_MAX = 1000
GONE_MAX = 10_000
NUMBER_BITS = 10  # room for what is told between two ticks that others know

NEWEST: tuple[Kind, ...] = ("ticker", "book", "quality", "derived")
SYSTEM = ""  # the key of notices that are about no instrument


class FeedNotice(Struct, frozen=True):
    """A market's feed went, or came. `ts` is in ns."""

    exchange: str
    market: str
    state: FeedState
    reason: str | None
    ts: int


class Journal:
    """`offset` is the number of the newest tick, or of what else there was to tell since.

    Where ticks have numbers that other hubs give them, too, it is the same there; and whoever has everything
    up to an offset of at least `floor` there may go on here.
    """

    def __init__(self, site: Site, ring_trades: int) -> None:
        self.site = site
        self.offset = 0
        self.attention = Attention()
        self.told: dict[Kind, Told] = {kind: Told() for kind in NEWEST}
        self.bars = {
            seconds: Bars(site, Options(channel="bars", interval=interval))
            for interval, seconds in zip(get_args(Interval), INTERVALS.values(), strict=True)
        }
        self.rings: dict[Kind, Ring] = {
            "trades": Ring(ring_trades),
            "liquidations": Ring(LIQUIDATIONS_MAX),
            "notices": Ring(NOTICES_MAX),
            "alerts": Ring(ALERTS_MAX),
        }
        self.attention.come(["alerts"])  # these few are kept, whether or not somebody reads them
        self.gone: dict[str, int] = {}
        self.gone_floor = self.unfollowed_at = self.floor = 0
        self._states: dict[tuple[str, str], FeedState] = {}

    def open_all(self) -> None:
        """Whoever comes from another hub may resume what nobody reads here."""
        self.open([*self.told, *self.bars, *self.rings])

    def open(self, topics: Iterable[Topic]) -> None:
        """Somebody reads these: from now on they are noted."""
        for topic in self.attention.come(topics):
            self._restart(topic)

    def close(self, topics: Iterable[Topic]) -> None:
        """Somebody does not read these any more."""
        self.attention.go(topics)

    def tidy(self, now_s: float) -> None:
        """Let go of what nobody came back for."""
        for topic in self.attention.forgettable(now_s):
            self._restart(topic)

    def since(self, topic: Topic) -> int:
        """The offset after which everything is known of a topic that says what is newest."""
        if isinstance(topic, int):
            return self.bars[topic].since
        return self.told[topic].since

    def take(self, tick: Tick) -> dict[Kind, list[str]]:
        """Note a tick that the read model has taken. Returns the keys that it concerns, by what changed, of
        what somebody reads."""
        self.offset = max(self.offset + 1, tick.number << NUMBER_BITS)
        if tick.number and not tick.is_sure:
            self.floor = self.offset
        named = _Names(tick.exchange)
        found = {kind: self._newest(kind, tick, named) for kind in NEWEST if kind in self.attention}
        for kind, keys in found.items():
            self.told[kind].update(dict.fromkeys(keys, self.offset))
        if self._take_bars(tick.changes, named):
            found["bars"] = named.each(tick.changes.bars)
        for kind in ONCE:
            if kind in self.attention:
                found[kind] = self._take_once(kind, tick, named)
        found["notices"] = self._take_notices(tick, named)
        if tick.changes.unfollowed:
            self.unfollowed_at = self.offset
        self._forget(tick, named)
        return found

    def _newest(self, kind: Kind, tick: Tick, named: _Names) -> list[str]:
        """The keys whose newest value changed."""
        changes = tick.changes
        if kind == "quality":
            return named.each(
                [*((each.market, each.symbol) for each in changes.qualities), *changes.unfollowed]
            )
        if kind == "derived":
            return self._resting_on(tick, named)
        if kind == "ticker":
            found = [named[each.market, each.symbol] for each in tick.changed]
        else:
            found = named.each((*changes.books, *changes.unfollowed))
        return list(dict.fromkeys([*found, *self._of(tick.exchange, kind)])) if tick.whole else found

    def _resting_on(self, tick: Tick, named: _Names) -> list[str]:
        """The keys about which something is derived from what changed: it is as good as that is now."""
        plugins = self.site.plugins
        if plugins is None:
            return []
        if tick.whole:
            return list(plugins.subjects())
        qualities = ((each.market, each.symbol) for each in tick.changes.qualities)
        changed = [*(each.ticker.key for each in tick.changed), *named.each([*qualities, *tick.removed])]
        return list(dict.fromkeys(key for each in changed for key in plugins.dependents(each)))

    def _restart(self, topic: Topic) -> None:
        """Know nothing of the past of a topic."""
        if isinstance(topic, int):
            self.bars[topic].restart(self.offset)
        elif topic in self.told:
            self.told[topic].restart(self.offset)
        else:
            boards = self.site.read_model.boards.values()
            self.rings[topic].restart(self.offset, max((board.ts for board in boards), default=0))

    def take_alerts(self, alerts: Sequence[Alert]) -> dict[Kind, list[str]]:
        """Note alerts, which come between ticks. Returns what that concerns."""
        self.offset += 1
        self.rings["alerts"].append(self.offset, {SYSTEM: alerts})
        return {"alerts": [SYSTEM]}

    def take_derived(self, keys: Sequence[str]) -> dict[Kind, list[str]]:
        """Note that plugins said something about these, between ticks. Returns what that concerns."""
        if "derived" not in self.attention:
            return {}
        self.offset += 1
        self.told["derived"].update(dict.fromkeys(keys, self.offset))
        return {"derived": [*keys]}

    def gone_after(self, offset: int) -> list[str]:
        """The keys of the instruments that went after `offset`, and have not come back."""
        return [key for key, left in self.gone.items() if left > offset]

    def _of(self, exchange: str, kind: Kind) -> list[str]:
        return [key for key in self.told[kind] if key.startswith(f"{exchange}:")]

    def _take_bars(self, changes: Changes, named: _Names) -> bool:
        """Whether bars of any length are noted."""
        noted = {seconds: bars for seconds, bars in self.bars.items() if seconds in self.attention}
        for pair, told in changes.bars.items() if noted else ():
            for seconds in {bar.interval_s for bar in told} & noted.keys():
                of_interval = [bar for bar in told if bar.interval_s == seconds]
                noted[seconds].take(named[pair], of_interval, self.offset)
        return bool(noted)

    def _take_once(self, kind: Kind, tick: Tick, named: _Names) -> list[str]:
        told: dict[Pair, list[Any]] = getattr(tick.changes, kind)
        items = {named[pair]: records for pair, records in told.items() if records}
        if tick.whole and items:
            items = self._untold(kind, items)
        if items:
            self.rings[kind].append(self.offset, items)
        return list(items)

    def _untold(self, kind: Kind, items: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """What a whole picture holds beyond what was told already."""
        ring, name = self.rings[kind], ONCE[kind]
        entries = ring.entries
        oldest = ring.began_ns
        if entries:
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
        feeds = list(self._feeds(tick))
        if "notices" not in self.attention:
            return []
        for hole in tick.changes.holes:
            items.setdefault(named[hole.market, hole.symbol], []).append(hole)
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
        board = self.site.read_model.boards[tick.exchange]
        pairs = board.removed_after(board.seq - 1) if tick.whole else tick.removed
        return [pair for pair in pairs if pair not in board.entries]

    def _forget(self, tick: Tick, named: _Names) -> None:
        gone = [named[pair] for pair in self._gone(tick)]
        for key in gone:
            for kind in NEWEST:
                self.told[kind].pop(key, None)
        for bars in self.bars.values():
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


def _liquidation_name(each: Any) -> object:
    return each.ts_event, each.side, each.price, each.size


# What is told once each, and what tells one of a key from another.
ONCE: dict[Kind, Callable[[Any], object]] = {
    "trades": attrgetter("trade_id"),
    "liquidations": _liquidation_name,
}
