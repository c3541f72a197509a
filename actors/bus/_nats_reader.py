"""What comes of a JetStream from a position on. It is asked for so many messages at a time, so that no more
than twice as many can wait here, and each is here as soon as it is in the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
import trio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from actors.bus.base import READ_MAX, Message

PULL_EXPIRES_S = 30
CONSUMER_KEPT_S = 60.0

Ask: TypeAlias = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
"""Calls what belongs to the island from Trio."""


class Reader:
    """Stands at `after`; `next` goes on from there."""

    def __init__(self, after: int, client: Client, stream: str) -> None:
        self.after = after
        self._client, self._stream, self._inbox = client, stream, client.new_inbox()
        self._subject = ""
        self._subscription: Subscription | None = None
        self._waiting: deque[Message] = deque()
        self._due = 0  # how many of what was asked for have not come
        self._asked_s = 0.0
        self._news = trio.Event()

    async def open(self, js: JetStreamContext) -> None:
        """Make the consumer. On the island."""
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self.after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=CONSUMER_KEPT_S,
            mem_storage=True,
        )
        consumer = await js.add_consumer(self._stream, config)
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{consumer.name}"
        self._subscription = await self._client.subscribe(self._inbox, cb=self._take)

    async def close(self) -> None:
        """Hear no more of it; the server lets go of the consumer by itself. On the island."""
        if self._subscription is not None:
            await self._subscription.unsubscribe()

    async def next(self, ask: Ask, wait_s: float) -> list[Message]:
        """The messages that come next, at once if there are any; none if none came in time."""
        deadline_s = trio.current_time() + wait_s
        while not self._waiting and trio.current_time() < deadline_s:
            await self._ask_for_more(ask)
            if not self._waiting and self._due:
                self._news = trio.Event()
                with trio.move_on_at(min(deadline_s, self._asked_s + 2 * PULL_EXPIRES_S)):
                    await self._news.wait()
        found = [self._waiting.popleft() for _ in range(min(READ_MAX, len(self._waiting)))]
        if found:
            self.after = found[-1].position
            await self._ask_for_more(ask)
        await trio.lowlevel.checkpoint()
        return found

    async def _ask_for_more(self, ask: Ask) -> None:
        is_overdue = trio.current_time() - self._asked_s > 2 * PULL_EXPIRES_S  # an answer was lost somewhere
        if (is_overdue or not self._due) and len(self._waiting) < READ_MAX:
            self._due, self._asked_s = READ_MAX, trio.current_time()
            await ask(self._pull)

    async def _pull(self) -> None:
        request = {"batch": READ_MAX, "expires": PULL_EXPIRES_S * 1_000_000_000}
        await self._client.publish(self._subject, msgspec.json.encode(request), reply=self._inbox)

    async def _take(self, message: Msg) -> None:
        """A message, or the word that no more will come of what was asked for."""
        if message.reply:
            self._due = max(0, self._due - 1)
            self._waiting.append(Message(message.metadata.sequence.stream, message.data))
        else:
            self._due = 0
        self._news.set()
