"""What an alert rule says: a condition on the live picture, how long it must hold, when, and who is told.

A struct here is the only place that tells a rule's fields, their bounds and defaults. What no type can say is
checked when a struct is made: a `ValueError` begins with the field in backticks.
"""

from __future__ import annotations

from difflib import get_close_matches
from math import isfinite
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from actors.market.alerts.keys import read_pattern
from actors.market.alerts.schedule import Schedule
from actors.market.events import State
from actors.market.screen_fields import NUMBERS

Direction: TypeAlias = Literal["up", "down", "any"]
Measured: TypeAlias = Literal["spread_bps", "basis_bps", "funding_apr"]
Interval: TypeAlias = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
Told: TypeAlias = Literal["fired", "resolved", "stale"]
Channel: TypeAlias = Literal["ticker", "quote", "trades", "book", "liquidations", "candles"]
Severity: TypeAlias = Literal["info", "warning", "critical"]

INTERVALS_S: dict[str, int] = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
FIELDS = tuple(name for name in NUMBERS if not name.startswith("ts_") and name != "next_funding_ts")
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=86_400)]
Window: TypeAlias = Annotated[float, Meta(ge=1, le=86_400, description="Seconds.")]
Name: TypeAlias = Annotated[str, Meta(pattern=NAME)]


def wrong(field: str, value: object, expected: str) -> ValueError:
    """The error about one field of a struct."""
    return ValueError(f"`{field}` = {value!r}: expected {expected}")


def _check_field(field: str) -> None:
    if field not in FIELDS:
        near = get_close_matches(field, FIELDS, n=3, cutoff=0.5) or FIELDS
        raise wrong("field", field[:64], f"one of {', '.join(near)}")


def _check_finite(**values: float) -> None:
    for name, value in values.items():
        if not isfinite(value):
            raise wrong(name, value, "a finite number")


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """The parent of all conditions."""


class Above(Condition, frozen=True, kw_only=True, tag="above"):
    """A field of the ticker, or what follows from it, is greater than a value."""

    field: str = "price"
    value: float

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_finite(value=self.value)


class Below(Condition, frozen=True, kw_only=True, tag="below"):
    """A field of the ticker, or what follows from it, is less than a value."""

    field: str = "price"
    value: float

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_finite(value=self.value)


class Crosses(Condition, frozen=True, kw_only=True, tag="crosses"):
    """A field goes from one side of a value to the other, seen from what it was when the rule began."""

    field: str = "price"
    value: float
    direction: Direction = "any"

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_finite(value=self.value)


class Moves(Condition, frozen=True, kw_only=True, tag="moves"):
    """A field is at least so many percent away from what it was `window_s` ago."""

    field: str = "price"
    percent: Annotated[float, Meta(gt=0, le=1_000_000)]
    window_s: Window
    direction: Direction = "any"

    def __post_init__(self) -> None:
        _check_field(self.field)


class Across(Condition, frozen=True, kw_only=True, tag="across"):
    """An asset across the instruments that the rule's keys mean: `spread_bps` is the best bid above the best
    ask, `basis_bps` the greatest distance of a perpetual from spot, `funding_apr` the greatest difference of
    funding in percent per year. It is greater than a value."""

    measure: Measured = "spread_bps"
    value: float

    def __post_init__(self) -> None:
        _check_finite(value=self.value)


class Liquidations(Condition, frozen=True, kw_only=True, tag="liquidations"):
    """Positions worth at least `value`, in quote units, were liquidated within `window_s`."""

    value: Annotated[float, Meta(gt=0, le=1e15)]
    window_s: Window = 60.0
    side: Literal["long", "short", "any"] = "any"


class Volume(Condition, frozen=True, kw_only=True, tag="volume"):
    """The volume of the newest bar is at least `deviations` standard deviations above the mean of the `bars`
    before it."""

    deviations: Annotated[float, Meta(gt=0, le=1000)]
    interval: Interval = "1m"
    bars: Annotated[int, Meta(ge=10, le=1000)] = 60


class Quality(Condition, frozen=True, kw_only=True, tag="quality"):
    """A channel of an instrument is in one of these states. This one looks at stale data: it is about it."""

    channel: Channel = "ticker"
    states: Annotated[tuple[State, ...], Meta(min_length=1, max_length=7)] = ("stale", "gapped", "halted")


When: TypeAlias = Above | Below | Crosses | Moves | Across | Liquidations | Volume | Quality


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `keys` are instruments: keys whose parts may hold `*` and `?`, symbols or names.

    It fires when `when` has held for `for_s`, and again only after it was off by more than `hysteresis` (in
    the unit of its value), and no sooner than `cooldown_s` after it fired last, for each instrument. Outside
    its `schedule` it is silent. `notify` names notifiers; `notify_on` is what they are told.
    """

    name: Name
    keys: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(min_length=1, max_length=100)]
    when: When
    enabled: bool = True
    for_s: Seconds = 0.0
    hysteresis: Annotated[float, Meta(ge=0, le=1e15)] = 0.0
    cooldown_s: Seconds = 60.0
    schedule: Schedule | None = None
    severity: Severity = "warning"
    note: Annotated[str, Meta(max_length=500)] = ""
    notify: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    notify_on: Annotated[tuple[Told, ...], Meta(max_length=3)] = ("fired", "stale")

    def __post_init__(self) -> None:
        for text in self.keys:
            try:
                read_pattern(text)
            except ValueError as error:
                raise wrong("keys", text, str(error)) from None
        _check_finite(hysteresis=self.hysteresis)
        if not self.note.isprintable():
            raise wrong("note", self.note[:64], "one line of text")
        if self.hysteresis and isinstance(self.when, Quality):
            raise wrong("hysteresis", self.hysteresis, "0: a state has no distance from another")
