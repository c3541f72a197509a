"""What `top` draws: exactly these screens, and in every size exactly as much as there is room for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.console.cells import Line, width
from commands.console.drawing import COLUMNS_MIN, LINES_MIN, draw, plain
from commands.console.picture import Picture, Status
from commands.console.view import View
from tests.commands.screens import HUB_MS, NOW_S, WHERE, picture, record, trade, usual

SCREENS = Path(__file__).parent / "golden_screens"
NAMES = st.text(max_size=30)


def screen(
    picture: Picture, size: tuple[int, int], view: View | None = None, now_s: float = NOW_S
) -> list[str]:
    return [line.text.rstrip() for line in draw(picture, view or View(), size, now_s, WHERE)]


def style_of(lines: list[Line], words: str) -> str:
    """The style in which some words stand."""
    return next(span.style for line in lines for span in line.spans if words in span.text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_whole_screen(size: tuple[int, int]) -> None:
    expected = (SCREENS / f"{size[0]}x{size[1]}.txt").read_text(encoding="utf-8")
    assert "\n".join(screen(usual(), size)) + "\n" == expected


def test_green_rises_red_falls_and_grey_is_not_live() -> None:
    lines = draw(usual(), View(), (80, 24), NOW_S, WHERE)
    assert style_of(lines, "64,001.5 ↗") == "up"
    assert style_of(lines, "2,999.75 ↘") == "down"
    assert style_of(lines, "−5.13%") == "down"
    assert style_of(lines, "147.75 →") == "dim"
    assert style_of(lines, "stale 1 min") == "warn"
    assert style_of(lines, "hyperliquid stale") == "warn"
    assert {span.style for span in lines[5].spans[:6]} == {"dim"}


def test_an_arrow_lies_flat_again_after_ten_seconds() -> None:
    made = usual()
    made.hear(HUB_MS + 11_000, NOW_S + 11)
    assert "64,001.5 →" in screen(made, (80, 24), now_s=NOW_S + 11)[4]


@pytest.mark.parametrize("trouble", ["lost", "silent"])
def test_without_the_hub_nothing_is_shown_as_live(trouble: str) -> None:
    made, now_s = usual(), NOW_S + 1
    if trouble == "lost":
        made.down("the connection was dropped; connecting again", NOW_S)
    else:
        now_s = NOW_S + 8
    lines = draw(made, View(), (80, 24), now_s, WHERE)
    assert "[OFFLINE]" in lines[0].text
    assert "NOTHING IS CURRENT: the " in lines[2].text
    for line in lines[4:8]:
        assert {span.style for span in line.spans[:6]} == {"dim"}
        assert line.spans[6].style == "warn"
    assert not any(span.style in ("up", "down") for line in lines for span in line.spans)
    assert [line.text.split()[-1] for line in lines[4:6]] == ["offline", "offline"]


def test_how_the_exchanges_do_is_believed_for_seconds_only() -> None:
    made = usual()
    made.hear(HUB_MS + 9000, NOW_S + 9)
    line = draw(made, View(), (80, 24), NOW_S + 9, WHERE)[1].text
    assert line.split("  ")[0] == "⚪ bybit?"
    assert "🟢" not in line


def test_what_the_hub_does_not_say_is_unknown() -> None:
    made = picture({"key": "bybit:linear:BTCUSDT"})
    made.status = Status()
    lines = screen(made, (80, 24))
    assert "connections –" in lines[0]
    assert "not known yet" in lines[1]
    assert lines[3].split() == ["BTCUSDT", "bybit", "linear", "–", "–", "–", "unknown"]


def test_before_the_first_frame_it_says_what_it_waits_for() -> None:
    lines = screen(Picture(), (80, 24))
    assert "[OFFLINE]" in lines[0]
    assert "waiting for the hub" in lines[4]


def test_trades_of_another_instrument_come_too_late() -> None:
    made = usual()
    made.watch("bybit:spot:ETHUSDT")
    made.trade("update", [trade(4)])
    lines = screen(made, (80, 24))
    assert lines[17:19] == ["TRADES of bybit:spot:ETHUSDT", "none yet"]


def test_why_there_are_no_trades_and_what_was_refused_is_told() -> None:
    made = usual()
    made.watch("hyperliquid:linear:SOL")
    made.tape_trouble = "trades are switched off"
    made.notice = "NOPE: no instrument 'NOPE' is followed."
    lines = screen(made, (80, 24))
    assert lines[2] == made.notice
    assert lines[18] == "trades are switched off"


def test_a_search_without_a_hit_says_how_to_see_more() -> None:
    assert "Esc" in screen(usual(), (80, 24), View(search="nothing"))[3]


def test_a_name_cannot_obey_the_terminal() -> None:
    hostile = "\x1b[31m\u202e<b>\x07" + "长" * 100
    text = screen(picture(record(f"bybit:linear:{hostile}", 1.0)), (80, 24))[3]
    assert text.startswith("�[31m�<b>�")
    assert not any(each in text for each in "\x1b\x07\u202e")


def test_a_number_is_never_cut() -> None:
    line = screen(picture(record("bybit:linear:X", 1e18)), (80, 24))[3]
    assert "##############" in line


def test_too_small_is_said() -> None:
    assert screen(usual(), (30, 5))[0] == f"{COLUMNS_MIN}×{LINES_MIN} is the least"
    assert screen(usual(), (30, 0)) == []


@given(
    names=st.lists(NAMES, max_size=12),
    words=NAMES,
    columns=st.integers(1, 200),
    lines=st.integers(1, 60),
    is_typing=st.booleans(),
)
def test_every_line_is_exactly_as_wide_as_the_terminal(
    names: list[str], words: str, columns: int, lines: int, is_typing: bool
) -> None:
    made = picture(*(record(f"bybit:linear:{name}", 1.5, quality=words or None) for name in names))
    made.down(words, NOW_S) if words else None
    view = View(search=words[:5], is_typing=is_typing)
    drawn = draw(made, view, (columns, lines), NOW_S, WHERE)
    assert [width(line.text) for line in drawn] == [columns] * lines


def test_plain_has_everything_and_no_arrow_that_one_look_cannot_know() -> None:
    told = plain(usual(), View(), 0, NOW_S, WHERE)
    assert len(told) == 3 + 4
    assert "BID" in told[2]
    text = "\n".join(told)
    assert not any(each in text for each in "↗↘→\x1b")
    assert "stale 1 min" in text


def texts(**values: Any) -> str:
    return screen(picture(record("bybit:linear:X", **values)), (120, 40))[3]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"turnover_24h": 999_999_999.0}, "1.00B"),
        ({"turnover_24h": 0.01234}, "0.0123"),
        ({"change_24h": -0.0001}, " 0.00%"),
        ({"funding_rate_8h": -0.0001234}, "−0.0123%"),
        ({"price": 0.00001234}, "0.00001234"),
        ({"price": 1e-7, "bid": None, "ask": None}, "0.0000001"),
        ({"price": True}, "–"),
    ],
)
def test_numbers_are_written_as_on_the_page(values: dict[str, Any], words: str) -> None:
    assert words in texts(**values)
