"""Damaged frames: a codec may refuse them (`DecodeError`), and never passes on what cannot be.

They are golden frames cut short, with bytes changed or with values replaced, and the same
every time, so that a red run is red again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchanges.cases import TS_RECV, Case, events, every_market, fresh, golden, receive, replay
from tests.exchanges.checks import Books, check

NASTY: list[Any] = [
    "",
    "0",
    "-1",
    "NaN",
    "Infinity",
    "-inf",
    "1e400",
    "-0",
    "x" * 5000,
    "1_0",
    None,
    True,
    -1,
    0,
    1.5,
]
NASTY += [10**30, -(10**30), 1e308, [], {}, [[]], [None], {"a": 1}]
searching = settings(
    max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@every_market
def test_truncated_frames_yield_no_events(exchange: str, market: str) -> None:
    for case in golden(exchange, market):
        codec = fresh(exchange, market)
        replay(codec, case)
        for text in case.frames:
            frame = text.strip().encode()
            for length in range(0, len(frame), max(1, len(frame) // 40)):
                assert events(receive(codec, frame[:length], TS_RECV)) == []


@every_market
def test_random_bytes_raise_only_decode_errors(exchange: str, market: str) -> None:
    codec = fresh(exchange, market)

    @searching
    @given(st.binary(max_size=300))
    def run(frame: bytes) -> None:
        check(receive(codec, frame, TS_RECV), TS_RECV)

    run()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from leaves(inner, (*path, key))


def replaced(frame: str, which: int, value: Any) -> bytes:
    """The frame with one of its values replaced (or, for `...`, removed)."""
    try:
        message = json.loads(frame)
    except ValueError:
        return frame.encode()
    found = list(leaves(message))
    if not found:
        return json.dumps(value if value is not ... else []).encode()
    *outer, last = found[which % len(found)]
    place = message
    for key in outer:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(message).encode()


def damaged(frame: str, dice: random.Random) -> bytes:
    """The frame with a few bytes changed, cut out or repeated."""
    data = bytearray(frame.encode() or b" ")
    for _ in range(dice.randint(1, 3)):
        here, there = sorted(dice.randrange(len(data) + 1) for _ in range(2))
        there = min(there, here + 12)
        data[here:there] = dice.choice(
            [b"", data[here:there] * 2, dice.randbytes(there - here), b'"', b"-", b"9"]
        )
        data = data or bytearray(b" ")
    return bytes(data)


@every_market
def test_a_value_replaced_in_a_golden_frame_raises_only_decode_errors(exchange: str, market: str) -> None:
    cases = golden(exchange, market)

    @searching
    @given(st.sampled_from(cases), st.integers(0, 10_000), st.sampled_from([..., *NASTY]))
    def run(case: Case, which: int, value: Any) -> None:
        codec = fresh(exchange, market)
        replay(codec, case)
        for frame in case.frames:
            check(receive(codec, replaced(frame, which, value), TS_RECV), TS_RECV)

    run()


@every_market
def test_every_value_of_every_golden_frame_may_be_nasty(exchange: str, market: str) -> None:
    """Exhaustive where the golden frames are small: each place, each nasty value."""
    for case in golden(exchange, market):
        codec = fresh(exchange, market)
        for frame in case.frames:
            receive(codec, frame.encode(), TS_RECV)
            try:
                places = len(list(leaves(json.loads(frame))))
            except ValueError:
                continue
            for which in range(min(places, 60)):
                for value in NASTY:
                    check(receive(codec, replaced(frame, which, value), TS_RECV), TS_RECV)


@every_market
def test_damaged_golden_frames_raise_only_decode_errors(exchange: str, market: str) -> None:
    cases = golden(exchange, market)

    @searching
    @given(st.sampled_from(cases), st.integers(0, 2**32))
    def run(case: Case, seed: int) -> None:
        dice = random.Random(seed)
        codec, books = fresh(exchange, market), Books()
        whole = [frame.encode() for frame in case.frames]
        for frame in [*whole, *(damaged(frame, dice) for frame in case.frames)]:
            results = receive(codec, frame, TS_RECV)
            check(results, TS_RECV)
            books.read(results)

    run()
