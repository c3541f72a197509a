"""Finding the rows that a sink will never take: only those, in few tries, and nothing overtakes meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from actors.market.rows import Row
from actors.runtime.errors import SinkRefused
from actors.sinks.sifting import deliver
from tests.sinks.fakes import ScriptedSink, funding, trades

ROWS = trades(0, 200)


class HalfTakingSink(ScriptedSink):
    """Takes what it can of rows that it refuses."""

    def _write(self, rows: Sequence[Row]) -> None:
        self.batches.append(list(rows))
        for row in rows:
            if not self.refuses(row):
                self.kept.setdefault((row,), row)
        if any(self.refuses(row) for row in rows):
            raise SinkRefused("a key is of another type")


async def sifted(sink: ScriptedSink, rows: list[Row]) -> list[Row]:
    """What is refused."""
    return [row for refusal in await deliver(sink, rows, 5.0) for row in refusal.rows]


@given(culprits=st.sets(st.integers(0, len(ROWS) - 1), max_size=12), takes_half=st.booleans())
async def test_all_but_the_culprits_are_taken_in_their_order(culprits: set[int], takes_half: bool) -> None:
    refused = [row for number, row in enumerate(ROWS) if number in culprits]
    kind = HalfTakingSink if takes_half else ScriptedSink
    sink = kind(refuses=refused.__contains__)
    assert await sifted(sink, list(ROWS)) == refused
    assert sink.rows == [row for row in ROWS if row not in refused]


async def test_a_table_that_is_refused_costs_few_tries() -> None:
    rows: list[Row] = trades(0, 5000)
    sink = HalfTakingSink(refuses=rows.__contains__)
    assert await sifted(sink, [*rows, funding(1)]) == rows
    assert sink.rows == [funding(1)]
    assert len(sink.batches) < 200


async def test_a_table_that_is_refused_from_some_moment_on_keeps_what_was_before() -> None:
    rows: list[Row] = trades(0, 1000)
    sink = HalfTakingSink(refuses=rows[300:].__contains__)
    assert await sifted(sink, list(rows)) == rows[300:]
    assert sink.rows == rows[:300]
    assert len(sink.batches) < 200
