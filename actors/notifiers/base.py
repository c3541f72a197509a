"""The contract of a notifier, and what it is given."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from actors.runtime.errors import TickwellError


class Notification(Struct, frozen=True, kw_only=True):
    """One message. `id` stays the same however often it is sent: a receiver may get it twice, and can tell.

    `title` and `text` are for people, `body` is JSON for programs. `at_ns` is when it happened.
    """

    id: str
    kind: str
    title: str
    text: str
    body: bytes
    at_ns: int


class NotifierError(TickwellError):
    """A notification could not be sent. The words hold no secret. `retry_after_s` is what the other side asks
    for; `final`: it says that trying again is of no use."""

    def __init__(self, words: str, *, retry_after_s: float | None = None, final: bool = False) -> None:
        super().__init__(words)
        self.retry_after_s = retry_after_s
        self.final = final


class Notifier(Protocol):
    """Sends notifications, one at a time, each within a time limit of its own."""

    name: str
    kind: str

    async def send(self, notification: Notification) -> None:
        """Return when the other side has it. Raises `NotifierError`, and nothing else."""
