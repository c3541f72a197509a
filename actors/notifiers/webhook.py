"""A webhook: the alert as JSON, posted to a URL and signed, so that its receiver knows who sent it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from actors.notifiers._http import post
from actors.notifiers.base import Notification, NotifierError
from actors.notifiers.signing import headers_of

GONE = 410


@dataclass
class Webhook:
    """Posts to `url`. A status of 2xx is success, 410 says never to come again. Without a `key` nothing is
    signed."""

    name: str
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    now_ns: Callable[[], int] = field(repr=False)
    kind: str = "webhook"

    async def send(self, notification: Notification) -> None:
        """Post it, signed anew: the time is that of the attempt."""
        headers = {"content-type": "application/json", "user-agent": "tickwell"}
        if self.key:
            timestamp_s = self.now_ns() // 1_000_000_000
            headers |= headers_of(self.key, notification.id, timestamp_s, notification.body)
        answer = await post(self.url, notification.body, headers)
        if not 200 <= answer.status < 300:
            host = urlsplit(self.url).hostname
            words = f"{host} answered {answer.status}"
            raise NotifierError(words, retry_after_s=answer.retry_after_s, final=answer.status == GONE)
