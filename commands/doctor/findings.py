"""What the doctor finds, and how it is told: one line for each check, for people or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct, field

from actors.runtime.logs import printable
from actors.runtime.version import __version__

State = Literal["ok", "warning", "failed"]
STATES: tuple[State, ...] = ("failed", "warning", "ok")
_INDENT = 41


class Finding(Struct, frozen=True):
    """One check of one `subject` (`bybit:linear`, `disk`): what was found, and what to do about it."""

    subject: str
    check: str
    state: State
    said: str
    advice: str = ""


class Report(Struct, frozen=True):
    """All findings. `verdict` is the worst of their states."""

    checks: list[Finding]
    verdict: State
    version: str = field(default=__version__)

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Report:
        """The report of these findings."""
        found = {each.state for each in findings}
        return cls(list(findings), next((state for state in STATES if state in found), "ok"))

    @property
    def exit_code(self) -> int:
        """0 unless something failed."""
        return int(self.verdict == "failed")

    def as_json(self) -> str:
        """One line of JSON."""
        return msgspec.json.encode(self).decode()

    def as_text(self) -> str:
        """A line for each finding, advice below those that it is for, and the sum at the end."""
        lines: list[str] = []
        for finding, after in zip(self.checks, [*self.checks[1:], None], strict=True):
            is_said_below = after is not None and after.advice == finding.advice
            lines += _lines(finding, with_advice=bool(finding.advice) and not is_said_below)
        return "\n".join([*lines, "", self._sum()])

    def _sum(self) -> str:
        counts = {state: sum(each.state == state for each in self.checks) for state in STATES}
        warnings = f"{counts['warning']} warning{'' if counts['warning'] == 1 else 's'}"
        return f"{counts['failed']} failed, {warnings}, {counts['ok']} ok"


def _lines(finding: Finding, *, with_advice: bool) -> Iterable[str]:
    yield f"{finding.state:<8} {finding.subject:<18} {finding.check:<13} {printable(finding.said)}".rstrip()
    if with_advice:
        yield f"{'':{_INDENT}} → {printable(finding.advice)}"


class Subject:
    """What findings are about. They are kept in the order in which they come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []

    def ok(self, check: str, said: str) -> None:
        """All is well."""
        self.findings.append(Finding(self.name, check, "ok", said))

    def warn(self, check: str, said: str, advice: str) -> None:
        """The hub works, and not as it could."""
        self.findings.append(Finding(self.name, check, "warning", said, advice))

    def fail(self, check: str, said: str, advice: str) -> None:
        """The hub cannot do that."""
        self.findings.append(Finding(self.name, check, "failed", said, advice))
