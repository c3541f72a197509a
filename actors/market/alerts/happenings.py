"""What the engine tells: that a rule fired, that it is over, that its data cannot be judged, in words too."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from actors.market.alerts.rules import (
    Above,
    Across,
    Below,
    Crosses,
    Liquidations,
    Moves,
    Quality,
    Rule,
    Severity,
    Volume,
    When,
)
from actors.market.alerts.triggers import Trigger, bound_of

HappeningKind: TypeAlias = Literal["fired", "resolved", "stale", "fresh"]
# The beginnings of the names of those fields that are reckoned from what exchanges tell.
RECKONED = ("change_", "spread_bps", "premium_bps", "funding_", "open_interest_value")
RuleState: TypeAlias = Literal["firing", "pending", "stale", "idle", "unknown", "disabled"]


class Happening(Struct, frozen=True, kw_only=True):
    """One thing to be told, at one moment.

    `subject` is the instrument's key, or an asset such as `BTC-USD`; `None` where it is about the whole rule:
    all of its data has been `stale` for a while, or is `fresh` again. `value` and `bound` are in the unit of
    the rule. `since_ns` is when the condition came to hold. `way` tells the triggers of one rule apart. What
    is `lasting` will be resolved; a crossing is over at once.
    """

    kind: HappeningKind
    rule: str
    severity: Severity
    subject: str | None
    value: float | None
    bound: float | None
    text: str
    at_ns: int
    since_ns: int
    way: int = 0
    lasting: bool = False


class Alert(Struct, frozen=True, kw_only=True):
    """A happening as it is kept and told: `id` is its own for ever, `number` its place in the history.

    `muted`: nobody was notified, as the rule was muted. `note` is the rule's. Times are Unix ms.
    """

    id: str
    number: int
    kind: HappeningKind
    rule: str
    severity: Severity
    subject: str | None
    value: float | None
    bound: float | None
    text: str
    note: str
    muted: bool
    ts: int
    since: int


class SubjectState(Struct, frozen=True, kw_only=True):
    """How a rule stands with one instrument or asset. `value` is the newest that could be trusted."""

    subject: str
    state: RuleState
    value: float | None
    since_ns: int | None
    fired_ns: int | None


class Standing(Struct, frozen=True, kw_only=True):
    """How a rule stands: its state is that of the subject that matters most. `subjects` are those that are
    not idle, some of them; `counts` counts all by their state."""

    state: RuleState
    counts: dict[RuleState, int]
    subjects: list[SubjectState]


def told(trigger: Trigger, subject: str, value: float) -> str:
    """What happened, in a sentence."""
    when = trigger.rule.when
    shown, bound = measured(when, value), number(bound_of(when))
    if isinstance(when, Above):
        return f"{subject}: {when.field} is {shown}, above {bound}"
    if isinstance(when, Below):
        return f"{subject}: {when.field} is {shown}, below {bound}"
    if isinstance(when, Crosses):
        way = "upwards" if trigger.sign > 0 else "downwards"
        return f"{subject}: {when.field} has crossed {bound} {way}, and is {shown}"
    return f"{subject}: {_elsewhere(when, shown, bound)}"


def _elsewhere(when: Moves | Across | Liquidations | Volume | Quality, shown: str, bound: str) -> str:
    if isinstance(when, Moves):
        return f"{when.field} has moved {shown} % within {when.window_s:g} s; {bound} % was the bound"
    if isinstance(when, Across):
        return f"{when.measure} across exchanges is {shown}, above {bound}"
    if isinstance(when, Liquidations):
        whose = "positions" if when.side == "any" else f"{when.side} positions"
        return f"{whose} worth {shown} were liquidated within {when.window_s:g} s; {bound} was the bound"
    if isinstance(when, Volume):
        return (
            f"the volume of {when.interval} stands {shown} deviations above the last {when.bars};"
            f" {bound} was the bound"
        )
    return f"{when.channel} is {' or '.join(when.states)}"


def over(rule: Rule, subject: str, value: float | None) -> str:
    """That it is over, in a sentence."""
    if value is None:
        return f"{subject}: {rule.name} is over, as the instrument is gone"
    return f"{subject}: {rule.name} is over, at {measured(rule.when, value)}"


def number(value: float) -> str:
    """A number for people: all digits that matter, and no more."""
    return f"{value:.10g}"


def measured(when: When, value: float) -> str:
    """What a condition measured, for people: as the exchange told it; of what was reckoned from that, nobody
    reads the last digits."""
    if isinstance(when, Above | Below | Crosses) and not when.field.startswith(RECKONED):
        return number(value)
    return f"{value:.2f}" if abs(value) >= 1 or not value else f"{value:.3g}"
