"""The only source of chance here: named, seeded streams of numbers, so that every run can be repeated."""

from random import Random as Dice

__all__ = ["Dice", "dice"]


def dice(seed: int, *names: object) -> Dice:
    """An own stream of numbers for one purpose; the same seed and names give the same numbers."""
    return Dice("/".join(map(str, (seed, *names))))
