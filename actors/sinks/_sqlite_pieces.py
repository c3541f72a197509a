"""What a stretch of ticks comes to, and how neighbouring stretches come to one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Piece(NamedTuple):
    """The prices of one stretch of time. `first` is its oldest price, `last` its newest."""

    rows: int
    minimum: float
    maximum: float
    total: float
    first: float
    first_ts: int
    last: float
    last_ts: int


def piece_of(ticks: list[tuple[int, float]]) -> Piece | None:
    """What (ts, price) come to, oldest first; `None` for none."""
    if not ticks:
        return None
    prices = [price for _, price in ticks]
    (first_ts, first), (last_ts, last) = ticks[0], ticks[-1]
    return Piece(len(prices), min(prices), max(prices), sum(prices), first, first_ts, last, last_ts)


def joined(pieces: Iterable[Piece | None]) -> Piece | None:
    """What stretches come to together, oldest first."""
    known = [piece for piece in pieces if piece is not None]
    if not known:
        return None
    return Piece(
        rows=sum(piece.rows for piece in known),
        minimum=min(piece.minimum for piece in known),
        maximum=max(piece.maximum for piece in known),
        total=sum(piece.total for piece in known),
        first=known[0].first,
        first_ts=known[0].first_ts,
        last=known[-1].last,
        last_ts=known[-1].last_ts,
    )
