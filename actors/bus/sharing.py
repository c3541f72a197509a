"""PURE: which node carries which instrument, by rendezvous hashing.

Everybody who knows the same nodes comes to the same answer without asking anybody, and when a node goes, only
what it carried moves: each of its instruments to the node that ranks next for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

Place = tuple[str, str, str]  # (exchange, market, symbol)


@lru_cache(maxsize=200_000)
def weight(node: str, place: Place) -> int:
    """How strongly a node is drawn to an instrument: the strongest carries it. The same on every machine."""
    name = "\0".join((node, *place)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest())


def ranked(nodes: Iterable[str], place: Place) -> list[str]:
    """The nodes, best first, for one instrument."""
    return sorted(nodes, key=lambda node: (-weight(node, place), node))


def carriers(nodes: Iterable[str], place: Place, copies: int) -> list[str]:
    """The nodes that should carry an instrument: the first speaks for it, the others stand by."""
    return ranked(nodes, place)[:copies]
