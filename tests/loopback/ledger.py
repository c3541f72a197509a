"""Every state that a simulated book was ever in, written down as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from simulator import Simulator
from simulator.instruments import Instrument
from simulator.world import MoveKind
from tests.loopback.keys import LEVELS, exchange_of, key_of

Levels = list[list[float]]


class Ledger:
    """Every true state of the watched books, numbered: a state that comes again has its newest number."""

    def __init__(self, simulator: Simulator, keys: Iterable[str]) -> None:
        wanted = set(keys)
        self._world = simulator.world
        self._watched = {
            id(each): key_of(each) for each in simulator.world.instruments if key_of(each) in wanted
        }
        self._states: dict[str, dict[int, int]] = {key: {} for key in self._watched.values()}
        self._newest: dict[str, int] = {}
        self._over_s: dict[str, dict[int, float]] = {key: {} for key in self._states}
        self._count = 0
        for each in simulator.world.instruments:
            self._note(each)

    def watching(self, advance: Callable[[int, int], Iterator[tuple[Instrument, MoveKind]]]) -> Any:
        """`World.advance`, with every state that it leads to written down."""

        def noting(now_ms: int, moves: int) -> Iterator[tuple[Instrument, MoveKind]]:
            for instrument, kind in advance(now_ms, moves):
                self._note(instrument)
                yield instrument, kind

        return noting

    def _note(self, instrument: Instrument) -> None:
        key = self._watched.get(id(instrument))
        if key is not None:
            bids, asks = self._world.depth(instrument).levels(LEVELS[exchange_of(key)])
            digits = instrument.tick_decimals, instrument.size_decimals
            self._count += 1
            mark = _mark(_rounded(bids, *digits), _rounded(asks, *digits))
            if key in self._newest:
                self._over_s[key][self._newest[key]] = time.monotonic()
            self._newest[key] = mark
            self._states[key][mark] = self._count

    def find(self, key: str, bids: Levels, asks: Levels) -> int | None:
        """The number of this state of a book; `None` where it was never true."""
        return self._states[key].get(_mark(bids, asks))

    def over_s(self, key: str, bids: Levels, asks: Levels) -> float:
        """When this state of a book ceased to be true, as `time.monotonic` has it: now if it has not."""
        mark, now_s = _mark(bids, asks), time.monotonic()
        return now_s if mark == self._newest[key] else self._over_s[key].get(mark, now_s)


def _mark(bids: Iterable[Iterable[float]], asks: Iterable[Iterable[float]]) -> int:
    return hash((tuple(map(tuple, bids)), tuple(map(tuple, asks))))


def _rounded(levels: list[tuple[float, float]], price_digits: int, size_digits: int) -> Levels:
    return [[round(price, price_digits), round(size, size_digits)] for price, size in levels]
