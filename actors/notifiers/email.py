"""E-mail: the alert as a plain message, handed to a mail server in a thread of its own."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Literal, TypeAlias

import trio

from actors.notifiers.base import Notification, NotifierError

CONNECT_WITHIN_S = 10.0
SEND_WITHIN_S = 30.0
Security: TypeAlias = Literal["starttls", "tls", "none"]


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
        with trio.move_on_after(SEND_WITHIN_S) as limit:
            await trio.to_thread.run_sync(
                self._send, self._message(notification), abandon_on_cancel=True, limiter=self._limiter
            )
        if limit.cancelled_caught:
            raise NotifierError(f"{self.host} did not take the message within {SEND_WITHIN_S:g} s")

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
        try:
            with self._connected() as server:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except smtplib.SMTPResponseException as error:
            # What the server says may repeat what it was told: its code is enough.
            raise NotifierError(f"{self.host} answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            raise NotifierError(f"{self.host} refused the recipients: {codes}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotifierError(f"{self.host} cannot be used: {type(error).__name__}") from None

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
