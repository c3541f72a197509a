"""How much was traded in a window. Bars of whole minutes know best, because they mend what trades miss;
trades tell what lies before the first and after the last of them."""

from __future__ import annotations

from dataclasses import dataclass

from actors.sinks import _questdb_questions as questions
from actors.sinks._questdb_http import Conversation
from actors.sinks._questdb_pages import asked
from actors.sinks.base import InstrumentKey


@dataclass(frozen=True)
class Traded:
    """`valued` is the part of `volume` whose `turnover` is known."""

    count: int = 0
    volume: float = 0.0
    turnover: float = 0.0
    valued: float = 0.0

    @property
    def known_volume(self) -> float | None:
        """`None` where nothing tells it."""
        return self.volume if self.count else None

    @property
    def vwap(self) -> float | None:
        """The volume-weighted average price."""
        return self.turnover / self.valued if self.valued else None

    def and_also(self, other: Traded) -> Traded:
        """Both together."""
        return Traded(
            self.count + other.count,
            self.volume + other.volume,
            self.turnover + other.turnover,
            self.valued + other.valued,
        )


async def traded_in(server: Conversation, of: InstrumentKey, from_ns: int, to_ns: int) -> Traded:
    """What was traded from `from_ns` (inclusive) to `to_ns` (exclusive). Raises `HistoryTimeout`."""
    found = await asked(server, questions.bars_traded(of, from_ns, to_ns))
    if not found or not found[0][2]:
        return await _by_trades(server, of, from_ns, to_ns)
    first_ns, last_ns, *sums = found[0]
    before = await _by_trades(server, of, from_ns, first_ns)
    after = await _by_trades(server, of, last_ns + questions.MINUTE_NS, to_ns)
    return _told(*sums).and_also(before).and_also(after)


async def _by_trades(server: Conversation, of: InstrumentKey, from_ns: int, to_ns: int) -> Traded:
    if from_ns >= to_ns:
        return Traded()
    found = await asked(server, questions.trades_traded(of, from_ns, to_ns))
    if not found:
        return Traded()
    count, volume, turnover = found[0]
    return _told(count, volume, turnover, volume)


def _told(count: int, volume: float | None, turnover: float | None, valued: float | None) -> Traded:
    return Traded(count, volume or 0.0, turnover or 0.0, valued or 0.0)
