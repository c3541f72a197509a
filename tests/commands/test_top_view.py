"""Keys move the view of `top`; the cursor keeps its instrument while everything around it moves."""

from __future__ import annotations

import pytest

from commands.console.keys import read_keys
from commands.console.picture import Picture
from commands.console.view import View
from tests.commands.screens import NOW_S, picture, record

EXCHANGES = ("bybit", "hyperliquid")


def many() -> Picture:
    """Twenty instruments, A the greatest."""
    letters = "ABCDEFGHIJKLMNOPQRST"
    return picture(
        *(
            record(f"bybit:linear:{each}", float(at), turnover_24h=1000.0 - at)
            for at, each in enumerate(letters)
        )
    )


def press(view: View, text: str) -> None:
    for key in read_keys(text):
        view.press(key, EXCHANGES)


def shown(view: View, made: Picture, page: int = 5) -> str:
    """The symbols in the window."""
    rows = view.select(made.rows.values())
    return "".join(row.symbol for row in view.window(rows, page))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("q", ["q"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOA\x1b[5~\x1b[6~", ["up", "page-up", "page-down"]),
        ("\x1b[H\x1b[F\x1b[1~\x1b[4~", ["home", "end", "home", "end"]),
        ("\x1b", ["escape"]),
        ("\x1bq", ["escape", "q"]),
        ("\x1b[1;5C\x1b[15~", []),
        ("/bt\x7f\r", ["/", "b", "t", "backspace", "enter"]),
        ("\x04\t\x15\x00", ["end-of-file", "tab", "clear"]),
        ("é長", ["é", "長"]),
    ],
)
def test_what_a_terminal_sends(text: str, keys: list[str]) -> None:
    assert read_keys(text) == keys


def test_arrows_and_pages_move_the_cursor_and_the_window_follows() -> None:
    view, made = View(), many()
    assert (shown(view, made), view.cursor) == ("ABCDE", "bybit:linear:A")
    press(view, "jjj\x1b[B")
    assert (shown(view, made), view.cursor) == ("ABCDE", "bybit:linear:E")
    press(view, "j")
    assert (shown(view, made), view.cursor) == ("BCDEF", "bybit:linear:F")
    press(view, "\x1b[6~")
    assert (shown(view, made), view.cursor) == ("GHIJK", "bybit:linear:K")
    press(view, "Gj")
    assert (shown(view, made), view.cursor) == ("PQRST", "bybit:linear:T")
    press(view, "\x1b[5~")
    assert view.cursor == "bybit:linear:O"
    press(view, "gk")
    assert (shown(view, made), view.cursor) == ("ABCDE", "bybit:linear:A")


def test_the_cursor_stays_on_its_instrument() -> None:
    view, made = View(), many()
    shown(view, made)
    press(view, "j")
    made.take("update", [{"key": "bybit:linear:B", "turnover_24h": 1.0}], [], NOW_S)
    assert shown(view, made) == "QRSTB"
    made.take("update", [], ["bybit:linear:B"], NOW_S)
    assert shown(view, made) == "PQRST"
    assert view.cursor == "bybit:linear:T"


def test_sorting_goes_through_the_columns_and_turns_round() -> None:
    view, made = View(), many()
    assert shown(view, made) == "ABCDE"
    press(view, "Gr")
    assert (shown(view, made), view.cursor) == ("TSRQP", "bybit:linear:T")
    press(view, "ss")
    assert (view.sort, view.is_descending) == ("symbol", False)
    assert shown(view, made) == "ABCDE"
    press(view, "s")
    assert (view.sort, shown(view, made)) == ("price", "TSRQP")
    press(view, "ssss")
    assert view.sort == "turnover_24h"


def test_what_is_unknown_comes_last_either_way() -> None:
    made = picture(record("b:l:A", None), record("b:l:B", 1.0), record("b:l:C", 2.0))
    for descending, order in ((True, "CBA"), (False, "BCA")):
        assert shown(View(sort="price", is_descending=descending), made) == order


def test_search_is_typed_kept_and_cleared() -> None:
    made = picture(
        record("bybit:linear:BTCUSDT", 1.0, name="BTC-USDT"),
        record("bybit:spot:ETHUSDT", 1.0, name="ETH-USDT"),
        record("hyperliquid:linear:@107", 1.0, name="HYPE-USDC"),
    )
    view = View()
    press(view, "/btq")
    assert (view.is_typing, view.search, view.has_ended) == (True, "btq", False)
    press(view, "\x7f")
    assert shown(view, made) == "BTCUSDT"
    press(view, "\r")
    assert (view.is_typing, view.search) == (False, "bt")
    press(view, "\x1b")
    assert (view.search, len(shown(view, made))) == ("", len("BTCUSDTETHUSDT@107"))
    press(view, "/hype, ETH")
    assert len(view.select(made.rows.values())) == 2
    press(view, "\x15bybit:spot")
    assert shown(view, made) == "ETHUSDT"
    press(view, "\x1b")
    assert (view.is_typing, view.search) == (False, "")


def test_exchange_and_market_are_chosen_in_turn() -> None:
    made = picture(
        record("bybit:linear:A", 1.0), record("bybit:spot:B", 1.0), record("hyperliquid:linear:C", 1.0)
    )
    view = View()
    seen = []
    for keys in ("e", "e", "e", "m", "m", "m"):
        press(view, keys)
        seen.append(shown(view, made))
    assert seen == ["AB", "C", "ABC", "AC", "B", "ABC"]


def test_the_end() -> None:
    for text in ("q", "\x04"):
        view = View()
        press(view, text)
        assert view.has_ended


def test_keys_on_an_empty_table_do_nothing() -> None:
    view = View()
    shown(view, Picture())
    press(view, "jkgG\x1b[5~\x1b[6~")
    assert (view.cursor, view.top) == ("", 0)
