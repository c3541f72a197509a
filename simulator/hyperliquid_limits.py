"""Hyperliquid's REST limit: 1200 weight per minute and address, counted per kind of question. Pure."""

from collections.abc import Mapping, Sized
from typing import Any, Final

WEIGHT_PER_MINUTE: Final = 1_200
LIGHT_WEIGHT: Final = 2
HEAVY_WEIGHT: Final = 20
LIGHT_KINDS: Final = frozenset({"l2Book", "allMids", "clearinghouseState"})
# Long answers cost more: one unit for so many rows.
ROWS_PER_UNIT: Final[Mapping[str, int]] = {"candleSnapshot": 60, "fundingHistory": 20}


def request_weight(kind: str) -> int:
    """What asking costs, before the answer is known."""
    return LIGHT_WEIGHT if kind in LIGHT_KINDS else HEAVY_WEIGHT


def answer_weight(kind: str, result: Any) -> int:
    """What the length of an answer adds."""
    per_unit = ROWS_PER_UNIT.get(kind)
    return len(result) // per_unit if per_unit and isinstance(result, Sized) else 0
