"""What a rule would have done: the same engine, shown what was kept, at the speed of reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Any, TypeAlias

from msgspec import Struct, structs

from actors.market.alerts.engine import Engine
from actors.market.alerts.happenings import Happening
from actors.market.alerts.rules import Above, Below, Crosses, Moves, Quality, Rule
from actors.market.events import Liquidation
from actors.market.instrument import Instrument
from actors.market.lengths import NS_PER_S
from actors.market.reports import Bar, QualityReport
from actors.market.rows import FundingRow, GapRow, TickRow
from actors.market.ticker import Ticker

Place: TypeAlias = tuple[str, str, str]
NEVER_NS = 2**62
BY_TICKS = frozenset(
    ("price", "volume_24h", "high_24h", "low_24h", "change_24h", "bid", "ask", "mid", "spread", "spread_bps")
)
BY_FUNDING = frozenset(
    (
        "funding_rate", "funding_interval_h", "funding_rate_8h", "funding_apr", "mark_price", "index_price",
        "premium_bps", "open_interest", "open_interest_value",
    )
)  # fmt: skip
STALE_CHANNELS = ("ticker", "quote", "outbox")  # whose gaps make a ticker stale


class Past(Struct, frozen=True, kw_only=True):
    """What was kept of one instrument, each oldest first."""

    ticks: Sequence[TickRow] = ()
    funding: Sequence[FundingRow] = ()
    bars: Sequence[Bar] = ()
    liquidations: Sequence[Liquidation] = ()
    gaps: Sequence[GapRow] = ()


def not_kept(rule: Rule) -> str | None:
    """Why nothing of the past can tell what this rule would have done; `None` if it can."""
    when = rule.when
    if isinstance(when, Quality):
        return "the states of channels are not kept"
    if isinstance(when, Above | Below | Crosses | Moves) and when.field not in BY_TICKS | BY_FUNDING:
        return f"{when.field} is not kept; these are: {', '.join(sorted(BY_TICKS | BY_FUNDING))}"
    return None


def preview(
    rule: Rule, pasts: Mapping[Place, Past], instruments: Iterable[Instrument], from_ns: int, to_ns: int
) -> list[Happening]:
    """Everything that would have happened from then to then, in order. Bars from before count as known."""
    engine = Engine(fresh_ns=NEVER_NS, grace_ns=NEVER_NS)
    for instrument in instruments:
        engine.listed(instrument, from_ns)
    engine.put(structs.replace(rule, enabled=True), from_ns)
    shows = [_Show(engine, place) for place in pasts]
    found: list[Happening] = []
    tapes = [_tape(show, past) for show, past in zip(shows, pasts.values(), strict=True)]
    for ts_ns, show, thing in merge(*tapes, key=itemgetter(0)):
        found += (each for each in engine.advance(ts_ns) if each.at_ns >= from_ns)
        show.show(thing, ts_ns)
    found += (each for each in engine.advance(to_ns) if each.at_ns >= from_ns)
    return found


def _tape(show: _Show, past: Past) -> Iterator[tuple[int, _Show, Any]]:
    """Everything that was kept of one instrument, in the order in which it came to be known."""
    gaps = [gap for gap in past.gaps if gap.channel in STALE_CHANNELS and not gap.healed]
    tapes = (
        [(row.ts, show, row) for row in past.ticks],
        [(row.ts, show, row) for row in past.funding],
        [(bar.start_ns + bar.interval_s * NS_PER_S, show, bar) for bar in past.bars],
        [(each.ts_recv, show, each) for each in past.liquidations],
        [(gap.ts, show, gap) for gap in gaps],
    )
    return iter(merge(*tapes, key=itemgetter(0)))


@dataclass
class _Show:
    """One instrument, shown to the engine as if it happened now. A gap makes it stale until the next tick
    that came after it."""

    engine: Engine
    place: Place
    told: dict[str, Any] = field(default_factory=dict)
    stale_until_ns: int = 0

    def __post_init__(self) -> None:
        for channel in ("liquidations", "trades"):
            report = QualityReport(*self.place, channel, "live", 0, "", None, None)
            self.engine.quality(report, 0)

    def show(self, thing: Any, ts_ns: int) -> None:
        exchange, *pair = self.place
        self.engine.heard(exchange, ts_ns)
        if isinstance(thing, Bar):
            self.engine.bars(exchange, (pair[0], pair[1]), [thing], ts_ns)
        elif isinstance(thing, Liquidation):
            self.engine.liquidated(exchange, (pair[0], pair[1]), [thing], ts_ns)
        elif isinstance(thing, GapRow):
            self.stale_until_ns = max(self.stale_until_ns, thing.to_ts or ts_ns)
            self._ticker(ts_ns, is_live=False)
        else:
            self.told |= _fields(thing)
            self._ticker(ts_ns, is_live=ts_ns >= self.stale_until_ns)

    def _ticker(self, ts_ns: int, *, is_live: bool) -> None:
        exchange, market, symbol = self.place
        ticker = Ticker(
            exchange=exchange,
            market=market,
            symbol=symbol,
            ts_recv=ts_ns,
            quality="live" if is_live else "stale",
            **self.told,
        )
        self.engine.ticker(ticker, ts_ns)


def _fields(row: TickRow | FundingRow) -> dict[str, Any]:
    if isinstance(row, FundingRow):
        names = ("funding_rate", "funding_interval_h", "mark_price", "index_price", "open_interest")
        return {name: getattr(row, name) for name in names}
    told = {name: getattr(row, name) for name in ("price", "high_24h", "low_24h", "change_24h", "bid", "ask")}
    return told | {"volume_24h": row.volume}
