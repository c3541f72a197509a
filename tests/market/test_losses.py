"""What history has lost is told once per cause, and grows until it is told."""

from __future__ import annotations

from actors.market.losses import CAUSES, Loss, Losses, gap_rows


def test_losses_of_one_cause_become_one() -> None:
    losses = Losses([Loss("too_old", 50, 60, 3), Loss("disk_full", 1, 2, 1)])
    losses.add(Loss("too_old", 40, 55, 4))
    assert sorted(losses.all()) == [Loss("disk_full", 1, 2, 1), Loss("too_old", 40, 60, 7)]


def test_what_has_grown_since_it_was_told_is_told_again_under_the_same_key() -> None:
    losses = Losses([Loss("too_old", 50, 60, 3)])
    told = losses.all()
    losses.add(Loss("too_old", 61, 70, 3))
    losses.told(told)
    assert losses.all() == [Loss("too_old", 50, 70, 6)]
    assert gap_rows(told)[0].ts == gap_rows(losses.all())[0].ts
    losses.told(losses.all())
    assert not losses


def test_causes_that_begin_in_the_same_instant_have_keys_of_their_own() -> None:
    rows = gap_rows([Loss(cause, 7, 9, 1) for cause in CAUSES])
    assert len({(row.exchange, row.market, row.symbol, row.channel, row.ts) for row in rows}) == len(CAUSES)


def test_an_unknown_number_of_rows_is_not_told_as_none() -> None:
    assert gap_rows([Loss("corrupt", 7, 9, 0)])[0].missed is None
