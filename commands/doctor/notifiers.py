"""Whoever is told of alerts, step by step, as far as one comes without sending anything: name, connection,
TLS; a bot's token and its chat, a mail server's greeting and its login. A message is sent only on demand."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

import trio

from actors.alerting.configured import notifiers_of
from actors.alerting.letters import trial_of
from actors.notifiers._http import trusted
from actors.notifiers.base import Notifier
from actors.notifiers.email import Email
from actors.notifiers.telegram import Telegram
from actors.notifiers.webhook import Webhook
from actors.runtime.clock import steady_clock
from actors.runtime.settings import Settings
from commands.doctor.advice import NOTIFIER_ADVICE
from commands.doctor.findings import Subject
from commands.doctor.steps import addresses_of, attempt, connect


def notifier_checks(settings: Settings, *, notify: bool) -> list[NotifierCheck]:
    """What there is to examine."""
    now_ns, is_used = steady_clock(), settings.alerts.enabled
    return [
        NotifierCheck(each, Subject(f"notifier:{each.name}"), now_ns, notify=notify, is_used=is_used)
        for each in notifiers_of(settings, now_ns).values()
    ]


class NotifierCheck:
    """The examination of one notifier; with `notify`, a message is sent at the end. One that is not used,
    because there are no alerts, is not asked anything."""

    def __init__(
        self, notifier: Notifier, subject: Subject, now_ns: Callable[[], int], *, notify: bool, is_used: bool
    ) -> None:
        self.subject = subject
        self._notifier = notifier
        self._now_ns = now_ns
        self._notify = notify
        self._is_used = is_used

    async def examine(self) -> None:
        """Every step. Those behind one that failed are left out."""
        if not self._is_used:
            self.subject.warn("alerts", "alerts are off here: nobody is told", self._words("alerts"))
        elif await self._is_ready() and self._notify:
            await self._send()

    async def _is_ready(self) -> bool:
        match self._notifier:
            case Webhook(url=url):
                return await self._reach(urlsplit(url))
            case Telegram() as telegram:
                return await self._reach(urlsplit(telegram.url)) and await self._ask(telegram)
            case Email() as email:
                # Its server is met without TLS: whether that comes first or later is the next step's.
                place = SplitResult("smtp", f"{_bracketed(email.host)}:{email.port}", "", "", "")
                return await self._reach(place) and await self._greet(email)
        return True

    async def _reach(self, place: SplitResult) -> bool:
        """Whether one comes as far as the server. No more of its address is told: the rest may be secret."""
        found = await attempt(self.subject, "dns", addresses_of(place.hostname or ""), self._advice)
        if found is None:
            return False
        self.subject.ok("dns", found)
        stream = await attempt(self.subject, "tls", self._connected(place), self._advice)
        if stream is not None:
            await trio.aclose_forcefully(stream)
        return stream is not None

    async def _connected(self, place: SplitResult) -> trio.abc.Stream | None:
        trust = trusted() if place.scheme == "https" else None
        return await connect(self.subject, place, self._advice, trust)

    async def _ask(self, telegram: Telegram) -> bool:
        bot = await attempt(self.subject, "bot", telegram.bot(), self._advice)
        if bot is None:
            return False
        self.subject.ok("bot", f"the token is that of {bot or 'a bot without a name'}")
        chat = await attempt(self.subject, "chat", telegram.chat(), self._advice)
        if chat is None:
            return False
        self.subject.ok("chat", f"the bot sees {chat or 'a chat without a name'}")
        return True

    async def _greet(self, email: Email) -> bool:
        tls = await attempt(self.subject, "greeting", email.greet(log_in=False), self._advice)
        if tls is None:
            return False
        self.subject.ok(
            "greeting", f"{email.security}: {tls}" if tls else "without TLS, as security = none says"
        )
        if not email.user:
            return True
        taken = await attempt(self.subject, "login", email.greet(log_in=True), self._advice)
        if taken is not None:
            self.subject.ok("login", f"{email.user} is let in")
        return taken is not None

    async def _send(self) -> None:
        sending = self._sent()
        if await attempt(self.subject, "message", sending, self._advice):
            self.subject.ok("message", "the trial message was taken")

    async def _sent(self) -> bool:
        await self._notifier.send(trial_of(self._notifier.name, self._now_ns()))
        return True

    def _advice(self, check: str, error: Exception) -> str:
        return self._words(check)

    def _words(self, check: str) -> str:
        return NOTIFIER_ADVICE[check].format(f"[{self.subject.name}]")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
