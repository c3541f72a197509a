"""Progress: a bar for a terminal, lines for a log, nothing for whoever wants silence."""

from __future__ import annotations

import io

import pytest

from commands.progress import CLEAR, Bar, drawn, size

S = 1_000_000_000


class Screen(io.StringIO):
    """What was printed, on a terminal or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def shown(screen: Screen, *, seconds: float, quiet: bool = False) -> str:
    """A bar that is told of progress every 10 ms for so long."""
    now_ns = 0
    bar = Bar(screen, lambda: now_ns, quiet=quiet)
    for step in range(int(seconds * 100)):
        now_ns = step * S // 100
        bar.show(step / (seconds * 100), lambda: f"step {step}")  # noqa: B023
    bar.clear()
    return screen.getvalue()


def test_a_terminal_sees_one_line_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    told = shown(Screen(is_terminal=True), seconds=4)
    drawings = told.split(CLEAR)
    assert len(drawings) == 1 + 39 + 1
    assert drawings[0] == drawings[-1] == ""
    assert "\n" not in told
    assert max(map(len, drawings)) < 60
    assert drawings[20].startswith(f"{drawn(0.5)}  50% step 200")
    assert drawings[30].endswith(" · 0:00:01 left")


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    assert shown(Screen(is_terminal=False), seconds=40) == "25% step 1000\n50% step 2000\n75% step 3000\n"


def test_what_is_done_at_once_is_not_worth_a_line() -> None:
    assert shown(Screen(is_terminal=False), seconds=9) == ""
    assert shown(Screen(is_terminal=True), seconds=0.09) == ""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_quiet_is_quiet(is_terminal: bool) -> None:
    assert shown(Screen(is_terminal=is_terminal), seconds=40, quiet=True) == ""


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (12_345_678, "12.3 MB"),
        (3.2e9, "3.2 GB"),
        (5e15, "5e+03 TB"),
    ],
)
def test_sizes_as_people_read_them(number: float, told: str) -> None:
    assert size(number) == told


def test_a_bar_is_never_longer_than_it_is() -> None:
    assert {len(drawn(share)) for share in (-1, 0, 0.3, 1, 7)} == {24}
