"""The shapes of alerts over HTTP: rules with their state, notifiers with theirs, what would have happened."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from actors.market.alerts.happenings import Alert, RuleState, SubjectState
from actors.market.alerts.rules import Rule
from actors.market.alerts.views import NotifierView, Origin, RuleView
from web.api.queries import Query
from web.wire import unix_ms


class SubjectOut(Struct, frozen=True, kw_only=True):
    """How a rule stands with one instrument, by its key, or one asset, such as `BTC-USD`.

    `value` is the newest that could be trusted, in the unit of the rule; `since` is when it came to hold,
    `fired` when it fired last. Times are Unix ms.
    """

    subject: str
    state: RuleState
    value: float | None
    since: int | None
    fired: int | None


class RuleOut(Struct, frozen=True, kw_only=True):
    """A rule, and how it stands.

    `origin` is `api`, or `settings`, where alone it can be changed. `state` is `firing`, `pending` (it holds,
    and waits for its `for_s`, its cooldown or its schedule), `stale` (nothing that it looks at can be
    trusted, so it cannot fire), `idle`, `unknown` (it means nothing that is followed), or `disabled`.
    `counts` counts its subjects by their state; `subjects` are some of them, those that matter most first, in
    the answer about one rule only.
    """

    rule: Rule
    origin: Origin
    state: RuleState
    counts: dict[str, int]
    muted_until: int | None
    subjects: list[SubjectOut] | UnsetType = UNSET


class NotifierOut(Struct, frozen=True, kw_only=True):
    """A notifier: what was sent since the hub started, what waits, what was dropped and why, what went wrong
    last."""

    name: str
    kind: str
    waiting: int
    sent: int
    failures: int
    dropped: dict[str, int]
    last_error: str | None
    last_error_ts: int | None


class AlertsMeta(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`as_of` is the hub's clock in Unix ms. `next_before` is where the next page of history begins."""

    as_of: int
    count: int | UnsetType = UNSET
    next_before: int | UnsetType = UNSET


class RuleAnswer(Struct, frozen=True):
    """One rule."""

    data: RuleOut
    meta: AlertsMeta


class RulesAnswer(Struct, frozen=True):
    """All rules, by name."""

    data: list[RuleOut]
    meta: AlertsMeta


class NotifiersAnswer(Struct, frozen=True):
    """All notifiers."""

    data: list[NotifierOut]
    meta: AlertsMeta


class AlertHistory(Struct, frozen=True):
    """What happened, the newest first."""

    data: list[Alert]
    meta: AlertsMeta


class WouldHave(Struct, frozen=True, kw_only=True):
    """One firing that would have been."""

    subject: str | None
    value: float | None
    text: str
    ts: int


class PreviewOut(Struct, frozen=True, kw_only=True):
    """What a rule would have done between two times (Unix ms): how often it would have fired, and the last of
    these times. `looked_at` are the instruments whose past was read, of `meant` in all; `since` is how far
    back that reaches, `null` where nothing was kept."""

    fired: int
    firings: list[WouldHave]
    looked_at: list[str]
    meant: int
    from_ts: int = msgspec.field(name="from")
    to_ts: int = msgspec.field(name="to")
    since: int | None
    rows: int


class PreviewAnswer(Struct, frozen=True):
    """What a rule would have done."""

    data: PreviewOut
    meta: AlertsMeta


class Mute(Struct, frozen=True, forbid_unknown_fields=True):
    """Mute for so many seconds from now on; 0 ends it."""

    for_s: Annotated[float, msgspec.Meta(ge=0, le=31_536_000)] = 3600.0


class Trial(Struct, frozen=True, forbid_unknown_fields=True):
    """Which notifier is to be tried."""

    notifier: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class TrialOut(Struct, frozen=True):
    """Whether the other side took the message; if not, why."""

    delivered: bool
    error: str | None


class TrialAnswer(Struct, frozen=True):
    """How the trial went."""

    data: TrialOut
    meta: AlertsMeta


OneName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class HistoryQuery(Query, frozen=True, kw_only=True):
    """What of the history."""

    rule: Annotated[OneName | None, msgspec.Meta(description="Of this rule only.")] = None
    before: Annotated[
        Number | None,
        msgspec.Meta(description="Before this `number`: `meta.next_before` of the page before."),
    ] = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000, description="At most so many.")] = 100


class PreviewQuery(Query, frozen=True, kw_only=True):
    """Of which time."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=168, description="So many hours back.")] = 24


def rule_out(view: RuleView, *, detailed: bool = False) -> RuleOut:
    """A rule as its readers see it."""
    standing = view.standing
    return RuleOut(
        rule=view.rule,
        origin=view.origin,
        state=standing.state,
        counts={str(state): count for state, count in standing.counts.items()},
        muted_until=unix_ms(view.muted_until_ns),
        subjects=[_subject_out(each) for each in standing.subjects] if detailed else UNSET,
    )


def notifier_out(view: NotifierView) -> NotifierOut:
    """A notifier as its readers see it."""
    return NotifierOut(
        name=view.name,
        kind=view.kind,
        waiting=view.waiting,
        sent=view.sent,
        failures=view.failures,
        dropped=view.dropped,
        last_error=view.last_error,
        last_error_ts=unix_ms(view.last_error_ns),
    )


def _subject_out(state: SubjectState) -> SubjectOut:
    return SubjectOut(
        subject=state.subject,
        state=state.state,
        value=state.value,
        since=unix_ms(state.since_ns),
        fired=unix_ms(state.fired_ns),
    )
