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
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class _Named(Struct):
    """A bot or a chat, as far as it says what it is called."""

    username: str = ""
    first_name: str = ""
    title: str = ""


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
        await self._ask("sendMessage", {"chat_id": self.chat_id, "text": text})

    async def bot(self) -> str:
        """The name of the bot, whose token is known then; nothing is sent. Raises `NotifierError`."""
        who = _named(await self._ask("getMe", {}))
        return f"@{who.username}" if who.username else who.first_name

    async def chat(self) -> str:
        """The name of the chat, which the bot can see then; nothing is sent. Raises `NotifierError`."""
        where = _named(await self._ask("getChat", {"chat_id": self.chat_id}))
        return where.title or where.first_name or where.username

    async def _ask(self, method: str, parameters: dict[str, str]) -> msgspec.Raw:
        address = f"{self.url.rstrip('/')}/bot{self.token}/{method}"
        answer = await post(address, msgspec.json.encode(parameters), {"content-type": "application/json"})
        told = _read(answer.body)
        if answer.status != 200 or not told.ok:
            words = self._safe(told.description) or "without a word"
            patience = told.parameters.retry_after or answer.retry_after_s
            raise NotifierError(f"Telegram answered {answer.status}: {words}", retry_after_s=patience)
        return told.result

    def _safe(self, words: str) -> str:
        for secret in (self.token, self.token.partition(":")[2]):
            words = words.replace(secret, "…") if secret else words
        return words[:200]


def _named(result: msgspec.Raw) -> _Named:
    try:
        return msgspec.json.decode(result, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Named()


def _read(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Answer(description="no JSON")
