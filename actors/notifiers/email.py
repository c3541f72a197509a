"""E-mail: the alert as a plain message, handed to a mail server in a thread of its own."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from functools import partial
from typing import Literal, TypeAlias, TypeVar

import trio

from actors.notifiers.base import Notification, NotifierError

CONNECT_WITHIN_S = 10.0
SEND_WITHIN_S = 30.0
Security: TypeAlias = Literal["starttls", "tls", "none"]
T = TypeVar("T")


@dataclass
class Email:
    """Hands messages to the server at `host`. With `starttls` and `tls` its certificate is checked; a
    password is never sent without either, but to this machine."""

    name: str
    host: str
    port: int
    security: Security
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    kind: str = "email"
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1), repr=False)

    async def send(self, notification: Notification) -> None:
        """Hand it over. Its Message-ID is the same each time, so that mailboxes can tell."""
        message = self._message(notification)
        await self._within(SEND_WITHIN_S, "take the message", partial(self._send, message))

    async def greet(self, *, log_in: bool) -> str:
        """Do what is done before a message is sent, with or without the login; nothing is sent. Returns which
        TLS is spoken, or nothing. Raises `NotifierError`."""
        return await self._within(SEND_WITHIN_S, "answer", partial(self._greet, log_in=log_in))

    async def _within(self, limit_s: float, what: str, work: Callable[[], T]) -> T:
        with trio.move_on_after(limit_s):
            return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        raise NotifierError(f"{self.host} did not {what} within {limit_s:g} s")

    def _message(self, notification: Notification) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = notification.title
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{notification.id}@tickwell>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{notification.text}\n\n{notification.id}\n")
        return message

    def _send(self, message: EmailMessage) -> None:
        with self._failing_in_words(), self._connected() as server:
            self._log_in(server)
            server.send_message(message)

    def _greet(self, *, log_in: bool) -> str:
        with self._failing_in_words(), self._connected() as server:
            if log_in:
                self._log_in(server)
            server.ehlo_or_helo_if_needed()
            return (server.sock.version() or "") if isinstance(server.sock, ssl.SSLSocket) else ""

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.user:
            server.login(self.user, self.password)

    @contextmanager
    def _failing_in_words(self) -> Iterator[None]:
        try:
            yield
        except smtplib.SMTPResponseException as error:
            # What the server says may repeat what it was told: its code is enough.
            raise NotifierError(f"{self.host} answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            raise NotifierError(f"{self.host} refused the recipients: {codes}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotifierError(f"{self.host} cannot be used: {_why(error)}") from None

    def _connected(self) -> smtplib.SMTP:
        trust = self.trust or ssl.create_default_context()
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=CONNECT_WITHIN_S, context=trust)
        server = smtplib.SMTP(self.host, self.port, timeout=CONNECT_WITHIN_S)
        if self.security == "starttls":
            try:
                server.starttls(context=trust)
            except BaseException:
                server.close()
                raise
        return server


def _why(error: Exception) -> str:
    """The kind of the error, with its words where they are none of the server's."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"it said nothing for {CONNECT_WITHIN_S:g} s"
    words = ""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = error.verify_message
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        words = str(error)
    return f"{type(error).__name__}{words and f': {words}'}"
