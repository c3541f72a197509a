"""Giving rows to a sink, and finding those that it will never take."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from actors.market.rows import Row
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks.base import Sink
from actors.sinks.parcels import Refusal


async def deliver(sink: Sink, rows: Sequence[Row], timeout_s: float) -> list[Refusal]:
    """Write all rows that the sink takes, durably, and return the others.

    A table that is refused does not hold up the rest. Rows may be written more than once on the way. Raises
    `SinkUnavailable`, also when one attempt takes longer than `timeout_s`.
    """
    if await _refusal_of(sink, rows, timeout_s) is None:
        return []
    return [
        refusal
        for table in rows_by_table(rows).values()
        for refusal in joined(await _sift(sink, table, timeout_s))
    ]


async def _sift(sink: Sink, rows: Sequence[Row], timeout_s: float) -> list[Refusal]:
    """Halve what is refused until the culprits are alone."""
    reason = await _refusal_of(sink, rows, timeout_s)
    if reason is None:
        return []
    if len(rows) == 1 or await _is_hopeless(sink, rows, timeout_s):
        return [Refusal(list(rows), reason)]
    half = len(rows) // 2
    return [*await _sift(sink, rows[:half], timeout_s), *await _sift(sink, rows[half:], timeout_s)]


async def _is_hopeless(sink: Sink, rows: Sequence[Row], timeout_s: float) -> bool:
    """Whether the table itself is refused, so that looking for single culprits would try every row."""
    if len(rows) < 4:
        return False
    first = await _refusal_of(sink, rows[:1], timeout_s)
    return first is not None and await _refusal_of(sink, rows[-1:], timeout_s) is not None


async def _refusal_of(sink: Sink, rows: Sequence[Row], timeout_s: float) -> str | None:
    """Why the sink refuses these rows; `None` when it has taken them."""
    try:
        with trio.fail_after(timeout_s):
            await sink.write(rows)
            await sink.flush()
    except SinkRefused as error:
        return str(error)
    except trio.TooSlowError:
        raise SinkUnavailable(f"{sink.name} did not take {len(rows)} rows within {timeout_s:g} s") from None
    return None


def rows_by_table(rows: Sequence[Row]) -> dict[type, list[Row]]:
    """Rows grouped by their kind, each in its order."""
    grouped: dict[type, list[Row]] = {}
    for row in rows:
        grouped.setdefault(type(row), []).append(row)
    return grouped


def joined(refusals: Sequence[Refusal]) -> list[Refusal]:
    """Refusals for one reason as one."""
    rows: dict[str, list[Row]] = {}
    for refusal in refusals:
        rows.setdefault(refusal.reason, []).extend(refusal.rows)
    return [Refusal(those, reason) for reason, those in rows.items()]
