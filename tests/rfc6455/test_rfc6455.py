"""RFC 6455 and RFC 7692, case by case, as the Autobahn test suite numbers them: of the hub and both ways in
which feeds are read. `make conformance` puts more of them, and writes the table of docs/conformance.md."""

from __future__ import annotations

import pytest

from tests.rfc6455.case import Case, Seen, Verdict, judged
from tests.rfc6455.frames import PING, TEXT, Frame, Reader, encoded
from tests.rfc6455.suite import COMPRESSIONS, QUICK, SIDES, results, side_of

pytestmark = pytest.mark.loopback

# Where a fault follows in the same read, what came before it may be lost with the connection.
AFTER_A_FAULT = {"3", "4", "5"}


@pytest.mark.parametrize("name", SIDES)
async def test_every_case_is_answered_as_the_rfc_says(name: str) -> None:
    sections = {**QUICK, **COMPRESSIONS} if name == "hub" else QUICK
    count = 0
    async with side_of(name) as side:
        for section in sections.values():
            async for one in results(side, section):
                count += 1
                where = f"{one.case.number}, {one.case.words}: {one.why}"
                assert one.verdict != "failed", where
                may_be_lax = name == "plain" or one.case.section in AFTER_A_FAULT
                assert one.verdict == "passed" or may_be_lax, where
    assert count > 240


GOOD = Case(number="1", words="", frames=[Frame(TEXT, b"a")], messages=[b"a"])
PINGED = Case(number="2", words="", frames=[Frame(PING, b"a")], pongs=[b"a"])
WRONG = Case(number="3", words="", frames=[Frame(3)], messages=[b"a"], close=(1002,))


@pytest.mark.parametrize(
    ("case", "seen", "verdict"),
    [
        (GOOD, Seen([b"a"], close=1000, ended=True), "passed"),
        (GOOD, Seen([b"b"], close=1000, ended=True), "failed"),
        (GOOD, Seen([b"a", b"a"], close=1000, ended=True), "failed"),
        (GOOD, Seen([b"a"], close=1002, ended=True), "failed"),
        (GOOD, Seen([b"a"], close=1000, ended=False), "failed"),
        (GOOD, Seen([b"a"], close=1000, ended=True, late=1), "failed"),
        (GOOD, Seen([b"a"], ended=True), "not strict"),
        (PINGED, Seen([], [b"a"], close=1000, ended=True), "passed"),
        (PINGED, Seen([], [], close=1000, ended=True), "failed"),
        (WRONG, Seen([b"a"], close=1002, ended=True), "passed"),
        (WRONG, Seen([], close=1002, ended=True), "not strict"),
        (WRONG, Seen([b"a"], close=1000, ended=True), "failed"),
        (WRONG, Seen([b"b"], close=1002, ended=True), "failed"),
    ],
)
def test_a_side_that_errs_is_found(case: Case, seen: Seen, verdict: Verdict) -> None:
    assert judged(case, seen)[0] == verdict


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("masked", [True, False])
def test_frames_are_read_as_they_are_written(size: int, masked: bool) -> None:
    frames = [Frame(TEXT, b"*" * size, final=False, reserved=4), Frame(PING)]
    data = b"".join(encoded(frame, masked=masked) for frame in frames)
    reader = Reader()
    found = [frame for start in range(0, len(data), 997) for frame in reader.feed(data[start : start + 997])]
    assert found == frames
