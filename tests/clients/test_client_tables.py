"""Records as tables, and what waits in a mailbox."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickwell_client import Backoff, Batch, Gap, Trade
from tickwell_client.mailbox import Every, Newest
from tickwell_client.pandas import to_frame
from tickwell_client.past import PastBar


def trades(*numbers: int) -> list[Trade]:
    return [Trade(key="a", trade_id=str(each), price=each, size=1, ts_event=each * 1000) for each in numbers]


def test_a_frame_has_a_row_for_each_record_and_times_as_times() -> None:
    frame = to_frame(trades(1, 2))
    assert list(frame["price"]) == [1, 2]
    assert frame.index.name == "ts_event"
    assert frame.index[1].isoformat() == "1970-01-01T00:00:02+00:00"
    bars = to_frame(
        [PastBar(start=0, interval="1m", open=1, high=2, low=1, close=2, volume=3)], index="close"
    )
    assert (bars.index.name, str(bars["start"].dt.tz)) == ("close", "UTC")


def test_no_records_are_an_empty_frame() -> None:
    assert len(to_frame([])) == 0


def test_without_pandas_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"tickwell-client\[pandas\]"):
        to_frame(trades(1))


STEPS = st.lists(st.one_of(st.integers(0, 5), st.just("gap"), st.just("next"), st.just("event")), max_size=60)


@given(STEPS)
def test_every_record_and_gap_leaves_once_and_in_order(steps: list[int | str]) -> None:
    mailbox, put, taken, number = Every[int](8), list[int | str](), list[int | str](), 0
    for step in steps:
        if step == "gap":
            mailbox.put(Gap(reason="x"))
            put.append("gap")
        elif step == "next":
            found = mailbox.next()
            taken += [] if found is None else ["gap" if isinstance(found, Gap) else found]
        elif step == "event":
            event = mailbox.event()
            taken += event.records if isinstance(event, Batch) else [] if event is None else ["gap"]
        elif isinstance(step, int):
            records = list(range(number, number + step))
            number += step
            mailbox.put(Batch("update", records))
            put += records
        waiting = [each for each in put[len(taken) :] if each != "gap"]
        assert mailbox.is_full or len(waiting) < 8
    while (rest := mailbox.next()) is not None:
        taken.append("gap" if isinstance(rest, Gap) else rest)
    assert taken == put
    assert not mailbox.is_full


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=40))
def test_the_newest_of_each_key_is_never_lost(changes: list[tuple[str, int]]) -> None:
    mailbox = Newest[tuple[str, int]](lambda each: each[0])
    for each in changes:
        mailbox.put(Batch("update", [each]))
    event = mailbox.event()
    assert dict(event.records if isinstance(event, Batch) else []) == dict(changes)
    assert mailbox.conflated == len(changes) - len(dict(changes))
    assert mailbox.event() is None


def test_what_nobody_takes_is_bounded_and_counted() -> None:
    mailbox = Newest[int](str, keys_max=3)
    mailbox.put(Batch("update", list(range(10))))
    assert [mailbox.next() for _ in range(4)] == [7, 8, 9, None]
    assert mailbox.conflated == 7


@given(st.floats(0, 1), st.integers(1, 40))
def test_pauses_stay_within_their_bounds(drawn: float, attempts: int) -> None:
    backoff = Backoff(draw=lambda: drawn)
    assert all(0.5 <= backoff.pause_s() <= 20 for _ in range(attempts))
