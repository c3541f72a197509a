"""What the snapshot actor hands to the web: records that changed, each encoded once."""

from __future__ import annotations

from msgspec import Struct


class Record(Struct, frozen=True):
    """One instrument's record as its readers receive it; `body` is its JSON, shared by all of them."""

    market: str
    symbol: str
    stale: bool
    body: bytes
    name: str | None = None


class Tick(Struct, frozen=True):
    """What changed at one exchange since its last tick. `removed` holds (market, symbol) pairs.

    `lag_ms` is how much later it comes than it should: the whole program was busy for so long. A `whole` tick
    holds every record: what it lacks is gone.
    """

    exchange: str
    ts: int
    changed: list[Record]
    removed: list[tuple[str, str]] = []
    lag_ms: float = 0.0
    whole: bool = False
