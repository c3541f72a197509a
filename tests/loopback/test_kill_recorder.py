"""kill -9 under 5,000 rows/s: what was acknowledged is there, exactly once, and the rest is told."""

from __future__ import annotations

from pathlib import Path

from tests.loopback.kill_books import Kept, Life, disorder
from tests.loopback.kill_drill import FLUSH_INTERVAL_S, drill

KILLS = 6
SLACK_S = 0.5  # what a busy disk may add


def test_kill_9_costs_what_was_not_acknowledged_and_a_clean_stop_nothing(tmp_path: Path) -> None:
    found = drill(tmp_path, KILLS, 5000, seed=5, life_s=(0.2, 2.2))
    assert found.complaints == []
    assert found.kills == KILLS and found.offered > 10_000
    assert found.lost > 0 and found.oldest_lost_lived_s <= FLUSH_INTERVAL_S + SLACK_S
    assert found.replayed > 0
    assert 0 < found.gaps <= KILLS


def test_the_books_notice_what_is_missing_twice_or_out_of_order() -> None:
    life = Life.told("offered 0 9 100\nsink 0 4\ndisk 5 9\nsink 5 9\nsink 5 9\noffered 10 1", 200)
    assert (life.rows, life.next_number, life.promised()) == (10, 10, set(range(10)))
    assert disorder(life) == ""
    assert disorder(Life.told("sink 5 9\nsink 0 4\n", 0)) == "0 came after 9"
    kept = Kept([1], [], [(50, 150, "crash"), (300, 400, "refused")], [])
    assert [kept.is_told(ts) for ts in (49, 50, 150, 151, 350)] == [False, True, True, False, False]
