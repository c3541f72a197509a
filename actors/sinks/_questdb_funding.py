"""Funding rates as they were, thinned out by QuestDB. Nothing but whole numbers and quoted names
enter the statement."""

from __future__ import annotations

from actors.sinks._questdb_questions import instant, quoted
from actors.sinks._questdb_schema import FUNDING
from actors.sinks.base import InstrumentKey, Span

# ruff: noqa: S608 - every value in these statements is an int or went through `quoted`
_TIME = 'cast("timestamp" as long)'


def thinned_funding(of: InstrumentKey, span: Span, every_ns: int) -> str:
    """Of each slice of time, counted from the epoch, the last of an instrument's rates in a span."""
    every = int(every_ns)
    direction = "DESC" if span.order == "newest" else "ASC"
    return (
        "SELECT ts, exchange, market, symbol, funding_rate, funding_interval_h, next_funding_ts, mark_price, "
        "index_price, open_interest FROM ("
        f"SELECT {_TIME} / {every} AS slice, exchange, market, symbol, max({_TIME}) AS ts, "
        "last(funding_rate) AS funding_rate, last(funding_interval_h) AS funding_interval_h, "
        "last(cast(next_funding_ts as long)) AS next_funding_ts, last(mark_price) AS mark_price, "
        "last(index_price) AS index_price, last(open_interest) AS open_interest "
        f'FROM "{FUNDING.name}" WHERE {_conditions(of, span, every)} '
        "GROUP BY slice, exchange, market, symbol) "
        f"ORDER BY ts {direction} LIMIT {int(span.limit)}"
    )


def _conditions(of: InstrumentKey, span: Span, every_ns: int) -> str:
    names = {"exchange": of.exchange, "market": of.market, "symbol": of.symbol}
    from_ns, to_ns = _without_told(span, every_ns)
    conditions = [f"{column} = {quoted(name)}" for column, name in names.items()]
    conditions += [f'"timestamp" >= {instant(from_ns)}'] if from_ns is not None else []
    conditions += [f'"timestamp" < {instant(to_ns)}'] if to_ns is not None else []
    return " AND ".join(conditions)


def _without_told(span: Span, every_ns: int) -> tuple[int | None, int | None]:
    """The bounds without the slice where the last page ended."""
    if span.after is None:
        return span.from_ns, span.to_ns
    start_ns = span.after[0] // every_ns * every_ns
    if span.order == "newest":
        return span.from_ns, start_ns if span.to_ns is None else min(span.to_ns, start_ns)
    return max(span.from_ns or 0, start_ns + every_ns), span.to_ns
