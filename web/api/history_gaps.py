"""What is missing of the past: the holes that an answer has, and those for which a bar is not whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from msgspec import Struct, field

from actors.market.losses import CHANNEL as WHOLE_HISTORY
from actors.market.rows import GapRow
from actors.sinks.base import InstrumentKey, Span
from web.api.history_desk import Desk
from web.problems import Problem
from web.wire import unix_ms

ASKED_MAX = 1000
TOLD_MAX = 100
# Of which channels rows are made. What is missing of all history is missing of each.
OF_TICKS = frozenset({"ticker", "quote", WHOLE_HISTORY})
OF_TRADES = frozenset({"trades", WHOLE_HISTORY})
OF_BARS = frozenset({"trades", "candles", WHOLE_HISTORY})

Holes: TypeAlias = Callable[[int, int], Awaitable[Sequence[GapRow]]]


class GapOut(Struct, frozen=True, kw_only=True):
    """Something that is missing, from when to when (Unix ms; `to` is `null` while it lasts): of a `channel`
    of the instrument, or of all history (`outbox`). `missed` counts it where that is known, `recovered` what
    was fetched back; of what is `healed` nothing is missing any more."""

    channel: str
    from_: int = field(name="from")
    to: int | None
    cause: str
    reason: str
    missed: int | None
    recovered: int
    healed: bool


def gap_out(row: GapRow) -> GapOut:
    """A gap as its readers see it."""
    return GapOut(
        channel=row.channel,
        from_=row.ts // 1_000_000,
        to=unix_ms(row.to_ts),
        cause=row.cause,
        reason=row.reason,
        missed=row.missed,
        recovered=row.recovered,
        healed=row.healed,
    )


async def holes(
    desk: Desk, of: InstrumentKey, channels: frozenset[str], from_ns: int | None, to_ns: int | None
) -> list[GapRow]:
    """What is still missing of these channels in [from_ns, to_ns), the newest first, as of a second ago at
    most. Of very many, the newest."""

    async def ask() -> list[GapRow]:
        return await desk.rows(lambda history: history.gaps(of, Span(from_ns, to_ns, ASKED_MAX)))

    rows = await desk.hot.get(("gaps", of, from_ns, to_ns), ask)
    return [row for row in rows if row.channel in channels and not row.healed]


async def told_gaps(
    desk: Desk, of: InstrumentKey, channels: frozenset[str], from_ns: int | None, to_ns: int | None
) -> list[GapOut] | None:
    """The same for an answer's `meta`; `None` when it cannot be had: the rest is true without it."""
    try:
        found = await holes(desk, of, channels, from_ns, to_ns)
    except Problem:
        return None
    return [gap_out(row) for row in found[:TOLD_MAX]]


def holes_of_trades(desk: Desk, of: InstrumentKey) -> Holes:
    """Asks for what is missing of that of which bars are made."""
    return partial(holes, desk, of, OF_BARS)
