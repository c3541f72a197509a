"""PURE: what a feed remembers about refused topics from one connection to the next."""

from __future__ import annotations

from msgspec import Struct


class Refusal(Struct):
    """Why a topic is not asked for now. `words` are the exchange's own; a suspect has none yet."""

    words: str
    retry_at_ns: int


class Refusals:
    """What a feed remembers about topics from one connection to the next.

    Some exchanges answer an unknown topic by dropping the connection, and with it the memory of who did it.
    A topic that was asked and not acknowledged when that happened is a suspect: next time it is
    asked for last and alone, so that a second drop convicts it.
    """

    def __init__(self) -> None:
        self.refused: dict[str, Refusal] = {}
        self.suspects: set[str] = set()
