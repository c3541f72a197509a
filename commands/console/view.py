"""What the reader chose to see: search, order, the row under the cursor. Keys change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from commands.console.columns import BY_NAME as COLUMN
from commands.console.columns import SORTABLE, ordered
from commands.console.picture import Row

SEARCH_CHARACTERS_MAX = 64


@dataclass
class View:
    """`cursor` is the key of a row, `at` its number; `page` is how many rows the last drawing had room for,
    `shown` the keys of all that were wanted, in order."""

    sort: str = SORTABLE[0]
    is_descending: bool = True
    search: str = ""
    is_typing: bool = False
    exchange: str = ""
    market: str = ""
    cursor: str = ""
    at: int = 0
    top: int = 0
    page: int = 1
    has_tape: bool = True
    has_ended: bool = False
    shown: list[str] = field(default_factory=list)

    def select(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that are wanted, in order; the cursor stays on its instrument, wherever that went."""
        wanted = [row for row in rows if self._accepts(row)]
        found = ordered(wanted, self.sort, descending=self.is_descending)
        self.shown = [row.key for row in found]
        if self.cursor not in self.shown:
            self.cursor = self.shown[min(self.at, len(self.shown) - 1)] if self.shown else ""
        self.at = self.shown.index(self.cursor) if self.shown else 0
        return found

    def window(self, rows: list[Row], page: int) -> list[Row]:
        """The part of the rows that has room, with the cursor in it."""
        self.page = max(1, page)
        self.top = min(max(self.top, self.at - self.page + 1), self.at)
        self.top = max(0, min(self.top, len(rows) - self.page))
        return rows[self.top : self.top + self.page]

    def press(self, key: str, exchanges: Iterable[str] = ()) -> None:
        """A key was pressed."""
        if self.is_typing:
            self._type(key)
        elif key in ("up", "k", "down", "j", "page-up", "page-down", "home", "g", "end", "G"):
            self._move(key)
        elif key in ("e", "tab"):
            self.exchange = after(self.exchange, ["", *exchanges])
        elif key in ACTIONS:
            ACTIONS[key](self)

    def quit(self) -> None:
        """Enough seen."""
        self.has_ended = True

    def begin_search(self) -> None:
        """What is typed from now on is searched."""
        self.is_typing = True

    def clear_search(self) -> None:
        """Show everything again."""
        self.search, self.is_typing = "", False

    def next_sort(self) -> None:
        """Sort by the next column: numbers from the greatest, texts from A."""
        self.sort = after(self.sort, SORTABLE)
        self.is_descending = not COLUMN[self.sort].is_text
        self._return()

    def reverse(self) -> None:
        """The other way round."""
        self.is_descending = not self.is_descending
        self._return()

    def next_market(self) -> None:
        """Both markets, then one, then the other."""
        self.market = after(self.market, ["", "linear", "spot"])

    def toggle_tape(self) -> None:
        """Show the trades of the row under the cursor, or more rows."""
        self.has_tape = not self.has_tape

    def _return(self) -> None:
        """To the first row, whichever that is now."""
        self.cursor, self.at, self.top = "", 0, 0

    def _accepts(self, row: Row) -> bool:
        """Whether it is wanted; several words in the search mean any of them, as on the page."""
        if self.exchange not in ("", row.exchange) or self.market not in ("", row.market):
            return False
        words = self.search.casefold().replace(",", " ").split()
        names = f"{row.key} {row.values.get('name') or ''}".casefold()
        return not words or any(word in names for word in words)

    def _type(self, key: str) -> None:
        if key == "escape":
            self.clear_search()
        elif key == "enter":
            self.is_typing = False
        elif key == "backspace":
            self.search = self.search[:-1]
        elif key == "clear":
            self.search = ""
        elif key in ("up", "down", "page-up", "page-down"):
            self._move(key)
        elif len(key) == 1 and len(self.search) < SEARCH_CHARACTERS_MAX:
            self.search += key

    def _move(self, key: str) -> None:
        if not self.shown:
            return
        last = len(self.shown) - 1
        at = self.at
        to = {
            "up": at - 1, "k": at - 1, "down": at + 1, "j": at + 1, "page-up": at - self.page,
            "page-down": at + self.page, "home": 0, "g": 0, "end": last, "G": last,
        }[key]  # fmt: skip
        self.at = max(0, min(last, to))
        self.cursor = self.shown[self.at]


ACTIONS = {
    "q": View.quit, "end-of-file": View.quit, "/": View.begin_search, "escape": View.clear_search,
    "s": View.next_sort, "S": View.reverse, "r": View.reverse, "m": View.next_market, "t": View.toggle_tape,
}  # fmt: skip


def after(current: str, choices: Iterable[str]) -> str:
    """The choice behind the current one, and the first behind the last."""
    known = list(dict.fromkeys(choices))
    return known[(known.index(current) + 1) % len(known)] if current in known else known[0]
