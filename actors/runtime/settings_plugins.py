"""What `[plugin:NAME]` holds. Keys beside these are the plugin's own, and handed to it as texts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class PluginSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[plugin:NAME]`: a class, `module:Class`, that derives numbers from bars and tickers.

    `symbols` are keys, patterns, symbols or names of the instruments that it is told of, `interval` is the
    length of its bars. One call should take no longer than `budget_ms`. `options` are all other keys.
    """

    enabled: bool = True
    class_: str = msgspec.field(name="class", default="")
    symbols: tuple[str, ...] = ("*",)
    interval: Literal["1s", "1m", "5m", "15m", "1h", "4h", "1d"] = "1m"
    budget_ms: Annotated[float, Meta(gt=0, le=1000)] = 20.0
    options: dict[str, str] = {}


INTERVALS_S = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
