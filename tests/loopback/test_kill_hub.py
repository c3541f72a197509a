"""kill -9 of a whole hub under load: what it had kept stays, once and whole, and what is missing is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loopback.kill_hub import drill

pytestmark = pytest.mark.loopback
KILLS = 2


async def test_kill_9_of_a_hub_under_load(tmp_path: Path) -> None:
    """The second life dies while a stranger holds the database, so that rows wait in its outbox."""
    found = await drill(tmp_path, KILLS, 2000, symbols=15, seed=3, life_s=(1.5, 2.5))
    assert found.complaints == []
    assert found.kills == KILLS and found.trades > 1000
    assert found.waiting > 0
