"""What is known of every channel of a market, its instruments together: never one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import add, attrgetter, gt
from typing import NamedTuple, TypeAlias, get_args

from actors.market.events import State
from actors.market.reports import QualityReport
from actors.market.tick import Pair
from web.metrics.families import Family, Sample, counter, gauge
from web.readmodel import Board
from web.sinks import age_s
from web.site import Site

CHANNEL = ("exchange", "market", "channel")

INSTRUMENTS = gauge(
    "channel_instruments", "Instruments of a channel by state; only `live` is current.", *CHANNEL, "state"
)
AGE = gauge("channel_age_seconds", "Age of the newest data of any instrument of a channel.", *CHANNEL)
MESSAGES = counter("channel_messages_total", "Times that data of a channel came.", *CHANNEL)
GAPS = counter("channel_gaps_total", "Gaps: something of a sequence was missing.", *CHANNEL)
RESYNCS = counter("channel_resyncs_total", "Gaps that ended.", *CHANNEL)
DUPLICATES = counter(
    "channel_duplicates_total", "Events that were known already, and not told again.", *CHANNEL
)
OUT_OF_ORDER = counter(
    "channel_out_of_order_total", "Events that came after later ones, and were put in order.", *CHANNEL
)
TOO_LATE = counter(
    "channel_too_late_total", "Trades that were told, after their bar had been let go of.", *CHANNEL
)
DROPPED = counter(
    "channel_dropped_total",
    "Events that were not told on: `too_old` to be proven new, or `untold`, more than could be handed on.",
    *CHANNEL,
    "cause",
)
HOLES = gauge("holes_open", "Gaps that have not ended.", "exchange", "market")

FAMILIES: tuple[Family, ...] = (
    INSTRUMENTS, AGE, MESSAGES, GAPS, RESYNCS, DUPLICATES, OUT_OF_ORDER, TOO_LATE, DROPPED, HOLES,
)  # fmt: skip

COUNTED: tuple[tuple[str, Family, tuple[str, ...]], ...] = (
    ("messages", MESSAGES, ()),
    ("gaps", GAPS, ()),
    ("resyncs", RESYNCS, ()),
    ("duplicates", DUPLICATES, ()),
    ("out_of_order", OUT_OF_ORDER, ()),
    ("too_late", TOO_LATE, ()),
    ("too_old", DROPPED, ("too_old",)),
    ("untold", DROPPED, ("untold",)),
)
Counts: TypeAlias = tuple[int, ...]  # in the order of `COUNTED`
_counts_of: Callable[[QualityReport], Counts] = attrgetter(*(name for name, _, _ in COUNTED))
_NONE: Counts = (0,) * len(COUNTED)
_Place: TypeAlias = tuple[str, str, str]  # exchange, market and channel


class Seen(NamedTuple):
    """What was known of one exchange at one moment: nothing of it changes any more."""

    exchange: str
    now_ns: int
    qualities: dict[Pair, dict[str, QualityReport]]
    holes_open: dict[str, int]


def look(site: Site) -> list[Seen]:
    """Take down what is known now. This is quick, and all else can be done by a thread."""
    return [_seen(board, site.now_ns()) for board in site.read_model.boards.values()]


def _seen(board: Board, now_ns: int) -> Seen:
    qualities = {pair: reports.copy() for pair, reports in board.picture.qualities.items()}
    holes = Counter(hole.market for hole in board.picture.holes.values() if hole.to_ns is None)
    return Seen(board.exchange, now_ns, qualities, {market: holes[market] for market in board.markets()})


class Channels:
    """Counts by channel. An instrument takes its counts with it when it goes, and begins at nothing when it
    comes again; what it had counted when somebody last looked is carried on here, as no counter goes back."""

    def __init__(self) -> None:
        self._carried: dict[_Place, Counts] = {}
        self._known: dict[str, dict[Pair, dict[str, Counts]]] = {}

    def samples(self, seen: Iterable[Seen]) -> Iterator[Sample]:
        """Of every channel that was ever followed. Each look is taken once, in order."""
        for each in seen:
            yield from _states(each)
            for market, count in each.holes_open.items():
                yield HOLES.of(count, each.exchange, market)
            yield from self._totals(each)

    def _totals(self, seen: Seen) -> Iterator[Sample]:
        counts = self._count(seen)
        for place in [place for place in self._carried if place[0] == seen.exchange]:
            counts[place].append(self._carried[place])
        for place, of_channel in counts.items():
            totals = map(sum, zip(*of_channel, strict=True))
            for (_, family, labels), total in zip(COUNTED, totals, strict=True):
                yield family.of(total, *place, *labels)

    def _count(self, seen: Seen) -> defaultdict[_Place, list[Counts]]:
        """What each instrument has counted now, by channel."""
        counts: defaultdict[_Place, list[Counts]] = defaultdict(list)
        now: dict[Pair, dict[str, Counts]] = {}
        for pair, reports in seen.qualities.items():
            now[pair] = {channel: _counts_of(report) for channel, report in reports.items()}
            for channel, counted in now[pair].items():
                counts[seen.exchange, pair[0], channel].append(counted)
        for pair, known in self._known.get(seen.exchange, {}).items():
            self._carry(seen.exchange, pair[0], known, now.get(pair, {}))
        self._known[seen.exchange] = now
        return counts

    def _carry(self, exchange: str, market: str, known: dict[str, Counts], now: dict[str, Counts]) -> None:
        """Carry on what is counted no more, or was begun anew."""
        for channel, counted in known.items():
            if any(map(gt, counted, now.get(channel, _NONE))):
                place = exchange, market, channel
                self._carried[place] = tuple(map(add, self._carried.get(place, _NONE), counted))


def _states(seen: Seen) -> Iterator[Sample]:
    by_channel: defaultdict[tuple[str, str], list[QualityReport]] = defaultdict(list)
    for (market, _), reports in seen.qualities.items():
        for channel, report in reports.items():
            by_channel[market, channel].append(report)
    for place, of_channel in by_channel.items():
        states = Counter(report.state for report in of_channel)
        for state in get_args(State):
            yield INSTRUMENTS.of(states[state], seen.exchange, *place, state)
        age = age_s(max(report.last_ns or 0 for report in of_channel) or None, seen.now_ns)
        if age is not None:
            yield AGE.of(age, seen.exchange, *place)
