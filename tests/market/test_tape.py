"""The tape: every trade once, in order, and nothing taken that cannot be proven new."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.events import Trade
from actors.market.tape import Tape
from tests.market.tapes import at, trade


def times(tape: Tape) -> list[int]:
    return [each.ts_event for each in tape.newest()]


def test_a_trade_is_taken_once() -> None:
    tape = Tape()
    assert tape.take(trade(1, trade_id="a"))
    assert not tape.take(trade(1, trade_id="a"))
    assert not tape.take(trade(2, trade_id="a"))
    assert (len(tape), tape.duplicates) == (1, 2)


def test_trades_are_read_in_the_order_of_their_time() -> None:
    tape = Tape()
    for seconds in (1, 4, 2, 3, 5):
        assert tape.take(trade(seconds))
    assert times(tape) == [at(1), at(2), at(3), at(4), at(5)]
    assert tape.out_of_order == 2
    assert [each.ts_event for each in tape.newest(2)] == [at(4), at(5)]
    assert tape.newest(0) == []
    assert tape.newest_ns == at(5)


def test_the_exchange_s_number_decides_within_a_moment_and_else_the_arrival() -> None:
    tape = Tape()
    for trade_id, order in (("b", 2), ("a", 1), ("d", 3), ("e", 3), ("c", 2)):
        tape.take(trade(1, trade_id=trade_id, order=order))
    assert [each.trade_id for each in tape.newest()] == ["a", "b", "c", "d", "e"]


def test_what_is_fetched_back_is_in_nobody_s_way() -> None:
    tape = Tape()
    tape.take(trade(5))
    assert tape.take(trade(1, backfill=True))
    assert tape.out_of_order == 0
    assert times(tape) == [at(1), at(5)]


def test_no_more_than_the_newest_are_kept() -> None:
    tape = Tape(kept=10, span_s=0)
    for seconds in range(100):
        tape.take(trade(seconds))
        assert len(tape) == min(seconds + 1, 10)
        assert times(tape) == [at(each) for each in range(max(0, seconds - 9), seconds + 1)]


def test_what_is_older_than_a_full_tape_cannot_be_proven_new() -> None:
    tape = Tape(kept=10, span_s=0)
    assert tape.take(trade(50))
    assert tape.take(trade(1))  # nothing was forgotten yet
    for seconds in range(100, 200):
        tape.take(trade(seconds))
    assert not tape.take(trade(1))
    assert not tape.take(trade(60))
    assert (tape.too_old, tape.duplicates) == (2, 0)
    assert tape.take(trade(199.5))


def test_a_late_trade_finds_its_place_however_busy_the_instrument_is() -> None:
    tape = Tape(kept=100, span_s=2)
    for number in range(600):
        tape.take(trade(number / 200))
    assert tape.take(trade(1.0025))
    assert not tape.take(trade(1.005))
    assert (tape.duplicates, tape.too_old) == (1, 0)


def test_a_burst_within_one_moment_is_known_as_a_whole() -> None:
    """As many trades of one millisecond as the tape does not show: none of them comes twice."""
    tape = Tape(kept=10, span_s=0)
    burst = [trade(1, trade_id=str(number)) for number in range(60)]
    assert all(tape.take(each) for each in burst)
    assert not any(tape.take(each) for each in burst)
    assert len(tape) == 10


def test_a_held_tape_tells_missed_trades_from_known_ones() -> None:
    tape = Tape(kept=10, span_s=0)
    for seconds in range(10):
        tape.take(trade(seconds))
    tape.is_held = True
    for seconds in range(20, 60):
        tape.take(trade(seconds))
    fetched = [tape.take(trade(seconds, backfill=True)) for seconds in range(5, 25)]
    assert fetched == [False] * 5 + [True] * 10 + [False] * 5
    tape.is_held = False
    for seconds in range(60, 80):
        tape.take(trade(seconds))
    assert not tape.take(trade(9))
    assert tape.too_old == 1


def test_even_a_held_tape_is_bounded() -> None:
    tape = Tape(kept=10, span_s=1000)
    tape.is_held = True
    taken = [tape.take(trade(seconds)) for seconds in range(1000)]
    assert all(taken)
    assert at(1000 - 10 * Tape.BOUND - 10) <= tape.since_ns <= at(1000 - 10 * Tape.BOUND + 10)
    assert not tape.take(trade(900.5))


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans()), max_size=200),
    st.integers(1, 12),
    st.integers(0, 5),
)
def test_no_trade_is_ever_taken_twice(said: list[tuple[int, int, bool]], kept: int, span_s: int) -> None:
    """Whatever comes again, in whatever order, while no moment is busier than the tape's bound."""
    tape, taken = Tape(kept, span_s), set[str]()
    newest: list[Trade] = []
    for seconds, number, backfill in said:
        one = trade(seconds, trade_id=f"{seconds}/{number}", order=number, backfill=backfill)
        if tape.take(one):
            assert one.trade_id not in taken
            taken.add(one.trade_id)
            newest.append(one)
    newest.sort(key=lambda each: (each.ts_event, each.order))
    assert tape.newest() == newest[-kept:]
    assert len(said) == len(taken) + tape.duplicates + tape.too_old
