"""Whose turn it is to be sent: channels by their shares, and within a channel one topic after the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from benchmarks.streams import Stream

Reader = TypeVar("Reader")


class Turns(Generic[Reader]):
    """An endless walk over what was subscribed. `count` is how many topics take part."""

    def __init__(self, streams: Mapping[Reader, Sequence[Stream]], shares: Mapping[str, int]) -> None:
        rings = {channel: ring_of(streams, channel) for channel in shares}
        present = {channel: share for channel, share in shares.items() if rings[channel]}
        self.count = sum(map(len, rings.values()))
        self._rings = {channel: itertools.cycle(ring) for channel, ring in rings.items()}
        self._pattern = itertools.cycle(pattern_of(present))

    def __iter__(self) -> Iterator[tuple[Reader, Stream]]:
        return self

    def __next__(self) -> tuple[Reader, Stream]:
        return next(self._rings[next(self._pattern)])


def ring_of(streams: Mapping[Reader, Sequence[Stream]], channel: str) -> list[tuple[Reader, Stream]]:
    """The topics of one channel, so that neighbours travel on different connections."""
    by_reader = [
        [(reader, stream) for stream in each if stream.channel == channel] for reader, each in streams.items()
    ]
    turns = itertools.zip_longest(*by_reader)
    return [each for turn in turns for each in turn if each is not None]


def pattern_of(shares: Mapping[str, int]) -> list[str]:
    """Each channel as often as its share says, evenly spread."""
    places = [((place + 0.5) / share, name) for name, share in shares.items() for place in range(share)]
    return [name for _, name in sorted(places)]


def read_shares(text: str) -> dict[str, int]:
    """`tickers=2,trades=5` as a table."""
    return {name: int(share) for name, share in (part.split("=") for part in text.split(","))}
