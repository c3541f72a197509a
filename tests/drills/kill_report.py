"""What kill -9 costs, at length: twenty kills of the recording half alone, and twenty of a whole hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import trio

from tests.loopback import kill_drill, kill_hub

KILLS = 20
ROWS_PER_S = 5000
MESSAGES_PER_S = 5000  # of the simulated exchanges: about as many rows
SYMBOLS = 40


def kill_report(folder: Path) -> Iterator[str]:
    """Two tables, and every promise that was broken."""
    (folder / "recorder").mkdir()
    alone = kill_drill.drill(folder / "recorder", KILLS, ROWS_PER_S, seed=9, life_s=(0.2, 4.0))
    yield from table(
        {
            "kills of the recorder": f"{alone.kills}",
            "rows offered": f"{alone.offered:,}",
            "rows/s": f"{alone.rows_per_s:,.0f}",
            "waited in the outbox at a start, at most": f"{alone.replayed:,}",
            "rows lost": f"{alone.lost:,}",
            "oldest of them": f"{alone.oldest_lost_s:.2f} s before its kill",
            "broken promises": f"{len(alone.complaints)}",
        }
    )
    yield ""
    (folder / "hub").mkdir()
    hub = trio.run(kill_hub.drill, folder / "hub", KILLS, MESSAGES_PER_S, SYMBOLS, 9, (1.0, 4.0))
    yield from table(
        {
            "kills of a hub": f"{hub.kills}",
            "rows accepted": f"{hub.accepted:,}",
            "rows/s": f"{hub.rows_per_s:,.0f}",
            "waited in the outbox at a kill, at most": f"{hub.waiting:,}",
            "true trades looked for": f"{hub.trades:,}",
            "of these missing": f"{hub.missing:,}",
            "oldest of them, by the exchange's clock": f"{hub.oldest_missing_s:.2f} s before its kill",
            "broken promises": f"{len(hub.complaints)}",
        }
    )
    yield from (f"- {words}" for words in [*alone.complaints, *hub.complaints][:20])


def table(cells: dict[str, str]) -> Iterator[str]:
    """One row below its headings."""
    yield f"| {' | '.join(cells)} |"
    yield "|---" * len(cells) + "|"
    yield f"| {' | '.join(cells.values())} |"
