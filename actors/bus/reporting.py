"""PURE: how a market does, put together from what each node says of its share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import structs

from actors.market.feeds import WORST_FIRST, FeedState, MarketReport

UNHEARD = "a node that follows it is not heard of"

_Thing = TypeVar("_Thing")


def merged(reports: Iterable[MarketReport], gone: Iterable[MarketReport] = ()) -> list[MarketReport]:
    """One report per market, in the order in which they were first told. What only nodes that are `gone`
    carried, as they said at last, is stale until somebody has taken it over."""
    heard, lost = _by_place(reports), _by_place(gone)
    whole = {place: _merged(each) for place, each in heard.items()}
    for place, each in lost.items():
        whole[place] = _with_lost(whole[place], each) if place in whole else _lost(_merged(each))
    return list(whole.values())


def _by_place(reports: Iterable[MarketReport]) -> dict[tuple[str, str], list[MarketReport]]:
    by_place: dict[tuple[str, str], list[MarketReport]] = {}
    for report in reports:
        by_place.setdefault((report.exchange, report.market), []).append(report)
    return by_place


def _lost(report: MarketReport) -> MarketReport:
    """What is left of a market when nobody is heard: what there was to follow, and none of it."""
    return MarketReport(
        exchange=report.exchange,
        market=report.market,
        state="disconnected",
        symbols=report.symbols,
        refused=report.refused,
        stale=_followed(report),
        last_data_ts=report.last_data_ts,
        last_error=UNHEARD,
        offers=report.offers,
    )


def _with_lost(report: MarketReport, gone: Iterable[MarketReport]) -> MarketReport:
    lost = _union(_followed(each) for each in gone)
    left = tuple(symbol for symbol in lost if symbol not in report.symbols)
    if not left:
        return report
    return structs.replace(
        report,
        state="stale" if report.state == "live" else report.state,
        symbols=(*report.symbols, *left),
        stale=tuple(sorted({*report.stale, *left})),
        last_error=UNHEARD,
    )


def _followed(report: MarketReport) -> tuple[str, ...]:
    return tuple(symbol for symbol in report.symbols if symbol not in report.refused)


def _merged(reports: Sequence[MarketReport]) -> MarketReport:
    """A node whose share of a market is empty says nothing about how it does."""
    busy = [each for each in reports if each.connections or each.state == "stopped"] or reports
    failing = [each for each in busy if each.last_error is not None]
    attempts = [each.next_attempt_ts for each in busy if each.next_attempt_ts is not None]
    return MarketReport(
        exchange=reports[0].exchange,
        market=reports[0].market,
        state=_state(busy),
        symbols=_union(each.symbols for each in reports),
        producing=sum(each.producing for each in reports),
        stale=tuple(sorted(_union(each.stale for each in reports))),
        refused={symbol: words for each in reports for symbol, words in each.refused.items()},
        mute=_union(each.mute for each in reports),
        messages_per_s=round(sum(each.messages_per_s for each in reports), 1),
        last_data_ts=max((each.last_data_ts for each in reports if each.last_data_ts), default=None),
        reconnects=sum(each.reconnects for each in reports),
        last_error=failing[-1].last_error if failing else None,
        next_attempt_ts=min(attempts, default=None),
        offers=_union(each.offers for each in reports),
        books=tuple(sorted(_union(each.books for each in reports))),
        decode_errors=sum(each.decode_errors for each in reports),
        resyncs=sum(each.resyncs for each in reports),
        reconnects_by_cause=dict(_sum(each.reconnects_by_cause for each in reports)),
        messages=sum(each.messages for each in reports),
        received_bytes=sum(each.received_bytes for each in reports),
        connections=dict(_sum(each.connections for each in reports)),
    )


def _state(reports: Sequence[MarketReport]) -> FeedState:
    states = {each.state for each in reports}
    return next(state for state in WORST_FIRST if state in states)


def _union(parts: Iterable[Iterable[_Thing]]) -> tuple[_Thing, ...]:
    return tuple(dict.fromkeys(each for part in parts for each in part))


def _sum(counts: Iterable[dict[_Thing, int]]) -> Counter[_Thing]:
    total: Counter[_Thing] = Counter()
    for each in counts:
        total.update(each)
    return total
