"""The records of one shape, as cells by key: every group of that shape reads the same ones.

A shelf is told which keys changed and looks only when it is asked, so that what nobody reads costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from actors.market.reports import Bar
from web.site import Site
from web.stream.cells import BookCell, Cell, TickerCell, has_news
from web.stream.ladder import ladder_of, update_record
from web.stream.options import Options
from web.stream.records import bar_record, is_news, newest, unfollowed_record, whole
from web.stream.selectors import split_key
from web.stream.shapes import identity
from web.stream.told import Told

BARS_REMEMBERED = 16
BARS_AGAIN_MAX = 500
BARS_TOLD = 2  # the one that forms, and the last that closed


class Shelf(Protocol):
    """What a group needs of its records."""

    def cells(self, key: str) -> Collection[Cell]:
        """The newest records of a key."""

    def after(self, key: str, offset: int) -> list[Cell]:
        """Those of them that came after `offset`, and of bars every one."""

    def close(self, key: str) -> None:
        """Nobody reads this key any more."""


class Latest:
    """Records of which only the newest counts: tickers, quotes, funding, qualities, books.

    `told` is when something of a key was told last, whoever reads it.
    """

    def __init__(self, site: Site, shape: Options, told: Told) -> None:
        self._site = site
        self._shape = shape
        self._told = told
        self._seen: dict[str, int] = {}
        self._cells: dict[str, dict[Hashable, Cell]] = {}

    def cells(self, key: str) -> Collection[Cell]:
        """The newest records of a key."""
        told = self._told.of(key)
        if self._seen.get(key, -1) != told:
            self._seen[key] = told
            self._cells[key] = self._look(key, self._cells.get(key, {}), told)
        return self._cells[key].values()

    def after(self, key: str, offset: int) -> list[Cell]:
        """The records of a key that came after `offset`."""
        if self._told.of(key) <= offset:
            return []
        return [cell for cell in self.cells(key) if cell.offset > offset]

    def close(self, key: str) -> None:
        """Forget what is known of a key."""
        self._seen.pop(key, None)
        self._cells.pop(key, None)

    def _look(self, key: str, before: Mapping[Hashable, Cell], told: int) -> dict[Hashable, Cell]:
        found: dict[Hashable, Cell] = {}
        for record in newest(self._site, self._shape, key):
            part = part_of(record)
            known = before.get(part)
            is_new = known is None or is_news(self._shape.channel, known.record, record)
            found[part] = Cell(key, part, record, told) if known is None or is_new else known
        return found


def part_of(record: Struct) -> Hashable:
    """What tells a record from the others of its key, where there are several: all of its identity."""
    names = identity(type(record))[1:]
    return tuple(getattr(record, name) for name in names) if names else None


class Qualities(Latest):
    """The states of channels. Of one that is not followed any more, that is told."""

    def _look(self, key: str, before: Mapping[Hashable, Cell], told: int) -> dict[Hashable, Cell]:
        found = super()._look(key, before, told)
        for part in before.keys() - found.keys():
            left = unfollowed_record(before[part].record)
            found[part] = before[part] if left == before[part].record else Cell(key, part, left, told)
        return found


class Tickers(Latest):
    """Tickers, of which every field counts."""

    def _look(self, key: str, before: Mapping[Hashable, Cell], told: int) -> dict[Hashable, Cell]:
        exchange, pair = split_key(key)
        entry = self._site.read_model.boards[exchange].entries.get(pair)
        if entry is None:
            return {}
        known = before.get(None)
        if isinstance(known, TickerCell) and known.tells(entry.record):
            return {None: known}
        return {None: TickerCell(key, entry.record, told)}


class Books(Latest):
    """Order books of one depth and one grouping. What does not change those levels is no change."""

    def _look(self, key: str, before: Mapping[Hashable, Cell], told: int) -> dict[Hashable, Cell]:
        exchange, pair = split_key(key)
        book = self._site.read_model.boards[exchange].picture.books.get(pair)
        if book is None:
            return {}
        depth, known = self._shape.depth, before.get(None)
        ladder = ladder_of(book, depth, self._shape.grouping)
        if known is not None and not update_record(key, known.record, ladder, depth, told, known.offset):
            return {None: known}
        return {None: BookCell(key, ladder, depth, told)}


class Some:
    """The records of another shelf, of which only some fields count."""

    def __init__(self, shelf: Latest, fields: tuple[str, ...]) -> None:
        self._shelf = shelf
        self._fields = fields
        self._cells: dict[str, dict[Hashable, tuple[Cell, Cell]]] = {}

    def cells(self, key: str) -> Collection[Cell]:
        """The newest records of a key."""
        before = self._cells.get(key, {})
        found = {
            cell.part: (cell, self._kept(before.get(cell.part), cell)) for cell in self._shelf.cells(key)
        }
        self._cells[key] = found
        return [kept for _, kept in found.values()]

    def after(self, key: str, offset: int) -> list[Cell]:
        """The records of a key whose fields changed after `offset`."""
        if not self._shelf.after(key, offset):
            return []
        return [cell for cell in self.cells(key) if cell.offset > offset]

    def close(self, key: str) -> None:
        """Forget what is known of a key."""
        self._cells.pop(key, None)
        self._shelf.close(key)

    def _kept(self, before: tuple[Cell, Cell] | None, cell: Cell) -> Cell:
        if before is None or has_news(before[1].record, cell.record, self._fields):
            return cell
        return before[1]


class Bars:
    """The bars of one interval that changed lately, of all instruments, so that none that closed is missed.

    Whoever was away for longer than these reach back is told all bars of the key that are kept. `since` is
    how far back they reach of keys that have few.
    """

    def __init__(self, site: Site, shape: Options) -> None:
        self._site = site
        self._shape = shape
        self.restart(0)

    def restart(self, offset: int) -> None:
        """Know nothing of what changed up to `offset`."""
        self.since = offset
        self._cells: dict[str, dict[int, BarCell]] = {}
        self._floors: dict[str, int] = {}

    def take(self, key: str, bars: Iterable[Bar], offset: int) -> None:
        """Note what a tick brought."""
        cells = self._cells.setdefault(key, {})
        for bar in bars:
            cells.pop(bar.start_ns, None)  # so that the one that changed longest ago stands first
            cells[bar.start_ns] = BarCell(self._site, key, bar, offset)
        while len(cells) > BARS_REMEMBERED:
            self._floors[key] = cells.pop(next(iter(cells))).offset

    def cells(self, key: str) -> Collection[Cell]:
        """The newest bars of a key."""
        return self._kept(key, BARS_TOLD)

    def after(self, key: str, offset: int) -> list[Cell]:
        """The bars of a key that came after `offset`, oldest first."""
        if not self.reaches(key, offset):
            return self._kept(key, BARS_AGAIN_MAX)
        cells = self._cells.get(key, {})
        return [cells[start].ready() for start in sorted(cells) if cells[start].offset > offset]

    def reaches(self, key: str, offset: int) -> bool:
        """Whether every bar of a key that came after `offset` is still here."""
        return offset >= self._floors.get(key, self.since)

    def close(self, key: str) -> None:
        """They are kept for whoever comes again."""

    def _kept(self, key: str, count: int) -> list[Cell]:
        """The newest bars that the read model has, changed lately or not."""
        lately = {cell.part: cell for cell in self._cells.get(key, {}).values()}
        found: list[Cell] = []
        for record in newest(self._site, self._shape, key, count):
            start = getattr(record, "start")  # noqa: B009 - every bar has one
            known = lately.get(start)
            found.append(known.ready() if known is not None else Cell(key, start, record, 0))
        return found

    def forget(self, keys: Iterable[str]) -> None:
        """These instruments are gone."""
        for key in keys:
            self._cells.pop(key, None)
            self._floors.pop(key, None)


class BarCell(Cell):
    """A bar, whose record is made when it is first told: most bars are told to nobody."""

    __slots__ = ("_site",)

    def __init__(self, site: Site, key: str, bar: Bar, offset: int) -> None:
        super().__init__(key, bar.start_ns // 1_000_000, bar, offset)
        self._site = site

    def ready(self) -> Cell:
        """The same, with its record."""
        if isinstance(self.record, Bar):
            self.record = bar_record(self._site, self.key, self.record)
        return self


class Spreads:
    """All assets across the exchanges. Reckoned when `reckon` is called, not when it is read."""

    def __init__(self, site: Site, shape: Options) -> None:
        self._site = site
        self._shape = shape
        self._cells: dict[str, Cell] = {}

    def reckon(self, offset: int) -> Collection[str]:
        """Look at all markets beside each other. Returns the keys that there are now."""
        found: dict[str, Cell] = {}
        for record in whole(self._site, self._shape):
            key: str = getattr(record, "key")  # noqa: B009 - every record has one
            known = self._cells.get(key)
            same = known is not None and known.record == record
            found[key] = known if known is not None and same else Cell(key, None, record, offset)
        self._cells = found
        return found.keys()

    def cells(self, key: str) -> Collection[Cell]:
        """The asset of this key."""
        return [self._cells[key]] if key in self._cells else []

    def after(self, key: str, offset: int) -> list[Cell]:
        """The asset of this key, if it changed after `offset`."""
        return [cell for cell in self.cells(key) if cell.offset > offset]

    def close(self, key: str) -> None:
        """They are reckoned together."""
