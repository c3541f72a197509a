"""What a rule would have done in the last hours, out of history: read, and judged beside the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import TypeVar

import trio

from actors.market.alerts.happenings import Happening
from actors.market.alerts.preview import BY_FUNDING, Past, Place, not_kept, preview
from actors.market.alerts.rules import INTERVALS_S, Across, Liquidations, Rule, Volume
from actors.market.alerts.triggers import NS
from actors.market.events import Liquidation, PositionSide
from actors.market.instrument import Instrument
from actors.market.reports import Bar
from actors.sinks.base import History, InstrumentKey, LiquidationsAsked, Span
from web.alerting import Alerting
from web.api.alert_shapes import PreviewOut, WouldHave
from web.api.history_bars import MADE_OF_S, folded
from web.api.history_desk import Desk, no_history
from web.api.history_gaps import holes_of_trades
from web.api.history_shapes import bar_of_row
from web.problems import Problem
from web.site import Site

HOUR_NS = 3600 * NS
KEYS_MAX = 8
ROWS_MAX = 200_000  # of all instruments together: a second or two of reckoning
FIRINGS_TOLD_MAX = 100
SIDES: dict[str, PositionSide] = {"long": "long", "short": "short"}
R = TypeVar("R")


class Preview:
    """Asks history, one preview at a time: each takes a thread for a second or two."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._desk = Desk(site.history, site.now_ns, site.quiet) if site.history is not None else None
        self._limiter = trio.CapacityLimiter(1)

    async def answer(self, alerts: Alerting, rule: Rule, hours: int) -> PreviewOut:
        """What the rule would have done. Raises a `Problem`."""
        why = not_kept(rule)
        if why is not None:
            raise Problem(422, f"There is no preview of this rule: {why}.", code="no_preview")
        if self._desk is None:
            raise no_history()
        places, meant = alerts.meant_by(rule, KEYS_MAX)
        to_ns = self._site.now_ns()
        from_ns = to_ns - hours * HOUR_NS
        reading = _Reading(self._desk, rule, from_ns, to_ns, ROWS_MAX // max(1, len(places)))
        pasts = {place: await reading.past(place) for place in places}
        work = partial(preview, rule, pasts, self._instruments(places), from_ns, to_ns)
        found = await trio.to_thread.run_sync(work, limiter=self._limiter)
        return _told(found, pasts, meant, from_ns, to_ns)

    def _instruments(self, places: Iterable[Place]) -> list[Instrument]:
        boards = self._site.read_model.boards
        found = (
            boards[exchange].picture.instruments.get((market, symbol)) for exchange, market, symbol in places
        )
        return [each for each in found if each is not None]


class _Reading:
    """Reads what one rule needs of the past, the newest `rows_max` rows of each instrument."""

    def __init__(self, desk: Desk, rule: Rule, from_ns: int, to_ns: int, rows_max: int) -> None:
        self._desk, self._when = desk, rule.when
        self._from_ns, self._to_ns, self._rows_max = from_ns, to_ns, rows_max

    async def past(self, place: Place) -> Past:
        of = InstrumentKey(*place)
        if isinstance(self._when, Volume):
            return await self._bars(of, self._when)
        if isinstance(self._when, Liquidations):
            return await self._liquidations(of, self._when)
        if isinstance(self._when, Across) and self._when.measure == "funding_apr":
            wanted = {"funding_apr"}
        else:
            wanted = {getattr(self._when, "field", "price")}
        on_funding = bool(wanted & BY_FUNDING)
        return Past(
            ticks=await self._rows(lambda history, span: history.ticks(of, span)),
            funding=await self._rows(lambda history, span: history.funding(of, span)) if on_funding else (),
            gaps=await self._rows(lambda history, span: history.gaps(of, span)),
        )

    async def _bars(self, of: InstrumentKey, when: Volume) -> Past:
        """With those before the time in question: a volume is compared with what was usual then."""
        interval_s = INTERVALS_S[when.interval]
        kept_s = MADE_OF_S.get(interval_s, interval_s)
        from_ns = self._from_ns - when.bars * interval_s * NS

        async def kept(span: Span) -> list[Bar]:
            rows = await self._desk.rows(lambda history: history.bars(of, kept_s, span))
            return [bar_of_row(row) for row in rows]

        span = Span(from_ns, self._to_ns, min(self._rows_max, 10_000))
        if kept_s == interval_s:
            return Past(bars=sorted(await kept(span), key=lambda bar: bar.start_ns))
        bars = await folded(kept, holes_of_trades(self._desk, of), span, interval_s, self._to_ns)
        return Past(bars=sorted(bars, key=lambda bar: bar.start_ns))

    async def _liquidations(self, of: InstrumentKey, when: Liquidations) -> Past:
        slice_ns = max(NS, int(when.window_s * NS) // 60)
        asked = LiquidationsAsked(
            self._from_ns, self._to_ns, slice_ns, of.exchange, of.market, (of,), biggest_max=0
        )
        found = await self._desk.value(lambda history: history.liquidations(asked))
        return Past(
            liquidations=[
                Liquidation(of.symbol, SIDES[each.side], each.value, 1.0, each.ts, each.ts + slice_ns)
                for each in found.slices
            ]
        )

    async def _rows(self, ask: Callable[[History, Span], AsyncIterator[list[R]]]) -> list[R]:
        span = Span(self._from_ns, self._to_ns, self._rows_max)
        rows = await self._desk.rows(lambda history: ask(history, span))
        return rows[::-1]


def _told(
    found: list[Happening], pasts: dict[Place, Past], meant: int, from_ns: int, to_ns: int
) -> PreviewOut:
    fired = [each for each in found if each.kind == "fired"]
    times = [ts for past in pasts.values() if (ts := _first_ns(past)) is not None]
    return PreviewOut(
        fired=len(fired),
        firings=[
            WouldHave(subject=each.subject, value=each.value, text=each.text, ts=each.at_ns // 1_000_000)
            for each in fired[-FIRINGS_TOLD_MAX:]
        ],
        looked_at=[":".join(place) for place in pasts],
        meant=meant,
        from_ts=from_ns // 1_000_000,
        to_ts=to_ns // 1_000_000,
        since=max(from_ns, min(times)) // 1_000_000 if times else None,
        rows=sum(
            len(past.ticks) + len(past.funding) + len(past.bars) + len(past.liquidations)
            for past in pasts.values()
        ),
    )


def _first_ns(past: Past) -> int | None:
    firsts = [row.ts for rows in (past.ticks[:1], past.funding[:1]) for row in rows]
    firsts += [bar.start_ns for bar in past.bars[:1]] + [each.ts_event for each in past.liquidations[:1]]
    return min(firsts, default=None)
