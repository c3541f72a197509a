"""Giving rows to a sink, and finding those that it will never take."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from actors.market.rows import Row
from actors.runtime.errors import SinkRefused, SinkUnavailable
from actors.sinks.base import Sink
from actors.sinks.parcels import Refusal

ALIKE = 64  # rows that are refused one after another are no accident


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
        for refusal in joined(await _Sifting(sink, timeout_s).sift(table))
    ]


class _Sifting:
    """Halves what is refused until the culprits are alone. No row is tried before those that are older."""

    def __init__(self, sink: Sink, timeout_s: float) -> None:
        self._sink, self._timeout_s = sink, timeout_s
        self._in_a_row = 0  # how many were refused up to here

    async def sift(self, rows: Sequence[Row]) -> list[Refusal]:
        """Those that are refused, in their order."""
        reason = await _refusal_of(self._sink, rows, self._timeout_s)
        if reason is None:
            self._in_a_row = 0
            return []
        if len(rows) == 1 or await self._is_hopeless(rows):
            self._in_a_row += len(rows)
            return [Refusal(list(rows), reason)]
        half = len(rows) // 2
        return [*await self.sift(rows[:half]), *await self.sift(rows[half:])]

    async def _is_hopeless(self, rows: Sequence[Row]) -> bool:
        """Whether the table is refused, so that looking for single culprits would try every row."""
        if self._in_a_row < max(ALIKE, len(rows)):
            return False
        return await _refusal_of(self._sink, rows[:1], self._timeout_s) is not None


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
