"""Telegram: the alert as a message of a bot, through the Bot API."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from actors.notifiers._http import post
from actors.notifiers.base import Notification, NotifierError

URL = "https://api.telegram.org"
CHARACTERS_MAX = 4096  # of one message


class _Parameters(Struct):
    retry_after: float | None = None


class _Answer(Struct):
    ok: bool = False
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


@dataclass
class Telegram:
    """Writes to one chat. The bot's `token` is a part of the address, which is therefore never told."""

    name: str
    chat_id: str
    token: str = field(repr=False)
    url: str = field(default=URL, repr=False)
    kind: str = "telegram"

    async def send(self, notification: Notification) -> None:
        """Send it as plain text: nothing in it is markup."""
        text = f"{notification.title}\n{notification.text}"[:CHARACTERS_MAX]
        body = msgspec.json.encode({"chat_id": self.chat_id, "text": text})
        address = f"{self.url.rstrip('/')}/bot{self.token}/sendMessage"
        answer = await post(address, body, {"content-type": "application/json"})
        told = _read(answer.body)
        if answer.status != 200 or not told.ok:
            words = self._safe(told.description) or "without a word"
            patience = told.parameters.retry_after or answer.retry_after_s
            raise NotifierError(f"Telegram answered {answer.status}: {words}", retry_after_s=patience)

    def _safe(self, words: str) -> str:
        return words.replace(self.token, "…")[:200]


def _read(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Answer(description="no JSON")
