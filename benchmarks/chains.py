"""Order books that are never wrong: a chain of deltas that leads away from a book, and the same way back.

Whoever is sent a chain round and round is never sent a book that contradicts itself, and what the book holds
after any number of deltas is known. Deltas are of the kind that the depth of 50 brings: most levels only
change their size, a few come and go, and the best prices move.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from benchmarks import wire

DEPTH = 50
STEPS = 60
SPAN_TICKS = 100  # a side's levels lie on half of these
RESIZED, REPLACED = 26, 2  # levels per side and delta
TICKS_PER_UNIT, SIZES_PER_UNIT = 10, 1000
MIDDLE_TICK = 847_925

Side: TypeAlias = dict[int, int]  # tick → size in thousandths
Change: TypeAlias = dict[int, tuple[int, int]]  # tick → size before and after; 0: no such level


@dataclass(frozen=True)
class State:
    """A whole book, in the texts of the wire, the best levels first."""

    bids: wire.Levels
    asks: wire.Levels


@dataclass(frozen=True)
class Delta:
    """The levels that changed, likewise; a size of 0 deletes."""

    bids: wire.Levels
    asks: wire.Levels


class Chain:
    """`deltas`, the last of which leads back to where the first began, and the book after any of them."""

    def __init__(self, draw: random.Random, steps: int = STEPS) -> None:
        walk = Walk(draw)
        self._states, forth, back = [walk.state()], [], []
        for _ in range(steps):
            changes = walk.step()
            self._states.append(walk.state())
            forth.append(Delta(*(_texts(change, 1) for change in changes)))
            back.append(Delta(*(_texts(change, 0) for change in changes)))
        self.deltas = forth + back[::-1]

    def state(self, count: int) -> State:
        """The book after `count` deltas, however often round that is."""
        place = count % len(self.deltas)
        return self._states[min(place, len(self.deltas) - place)]


class Walk:
    """A book that changes at random; its best prices never meet."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.middle = MIDDLE_TICK
        self.sides: tuple[Side, Side] = {}, {}
        for side, sign in zip(self.sides, (-1, 1), strict=True):
            self._fill(side, sign)

    def state(self) -> State:
        """The book as it is."""
        bids, asks = ([(tick, side[tick]) for tick in sorted(side)] for side in self.sides)
        return State(*([level(*each) for each in levels] for levels in (bids[::-1], asks)))

    def step(self) -> tuple[Change, Change]:
        """Change both sides. Returns what changed."""
        before = [dict(side) for side in self.sides]
        self.middle += self.draw.choice((-1, 0, 0, 1))
        for side, sign in zip(self.sides, (-1, 1), strict=True):
            self._change(side, sign)
        bids, asks = (
            {
                tick: (old.get(tick, 0), new.get(tick, 0))
                for tick in sorted(old.keys() | new.keys(), reverse=new is self.sides[0])
                if old.get(tick, 0) != new.get(tick, 0)
            }
            for old, new in zip(before, self.sides, strict=True)
        )
        return bids, asks

    def _change(self, side: Side, sign: int) -> None:
        reach = self._reach(sign)
        gone = [tick for tick in side if tick not in reach]
        for tick in gone + self.draw.sample(sorted(side.keys() - set(gone)), REPLACED):
            del side[tick]
        for tick in self.draw.sample(sorted(side), RESIZED):
            side[tick] = self._size()
        self._fill(side, sign)

    def _fill(self, side: Side, sign: int) -> None:
        free = sorted(set(self._reach(sign)) - side.keys())
        for tick in self.draw.sample(free, DEPTH - len(side)):
            side[tick] = self._size()

    def _reach(self, sign: int) -> range:
        nearest, furthest = self.middle + sign, self.middle + sign * SPAN_TICKS
        return range(min(nearest, furthest), max(nearest, furthest) + 1)

    def _size(self) -> int:
        return self.draw.randrange(10_000, 100_000)


def level(tick: int, size: int) -> tuple[str, str]:
    """A level as it is written."""
    return f"{tick / TICKS_PER_UNIT:.2f}", f"{size / SIZES_PER_UNIT:.3f}" if size else "0"


def _texts(change: Change, moment: int) -> wire.Levels:
    return [level(tick, sizes[moment]) for tick, sizes in change.items()]


@cache
def chain(name: str) -> Chain:
    """The chain of one instrument: the same in every process."""
    return Chain(random.Random(zlib.crc32(name.encode())))
