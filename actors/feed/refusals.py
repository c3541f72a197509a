"""PURE: what a feed remembers about refused topics from one connection to the next."""

from __future__ import annotations

from msgspec import Struct

from actors.market.rhythm import NS_PER_S

REFUSED_RETRY_S = 600
REFUSED_RETRY_MAX_S = 6 * 3600


class Refusal(Struct):
    """Why a topic is not asked for now, in the exchange's own words where it gave any."""

    words: str
    retry_at_ns: int
    times: int = 1


class Refusals:
    """What a feed remembers about topics from one connection to the next.

    Some exchanges answer an unknown topic by dropping the connection, and with it the memory of who did it.
    A topic that was asked and not acknowledged when that happened is a suspect: next time it is
    asked for last and alone, so that a second drop convicts it. So is one that was refused before:
    trying it again must not cost more than one drop.
    """

    def __init__(self) -> None:
        self.refused: dict[str, Refusal] = {}
        self.suspects: set[str] = set()

    def is_doubtful(self, name: str) -> bool:
        """Whether the topic must stand alone when it is asked for."""
        return name in self.suspects or name in self.refused

    def words(self, name: str) -> str:
        """Why the topic was refused; empty for one that was not."""
        return self.refused[name].words if name in self.refused else ""

    def refuse(self, name: str, words: str, now_ns: int) -> None:
        """Ask for the topic no more for a while, and each time for longer."""
        self.suspects.discard(name)
        times = self.refused[name].times + 1 if name in self.refused else 1
        pause_s = min(REFUSED_RETRY_S * 2 ** min(times - 1, 16), REFUSED_RETRY_MAX_S)
        self.refused[name] = Refusal(words, now_ns + pause_s * NS_PER_S, times)

    def is_refused(self, name: str, now_ns: int) -> bool:
        """Whether the topic is not to be asked for now."""
        refusal = self.refused.get(name)
        return refusal is not None and now_ns < refusal.retry_at_ns

    def clear(self, name: str) -> None:
        """The topic is good after all."""
        self.suspects.discard(name)
        self.refused.pop(name, None)
