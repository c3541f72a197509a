"""The notes of the nodes in JetStream, each for as long as it holds by the server's clock."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from secrets import token_hex
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from actors.nats.subjects import text_of, token_of

TTL_BYTES = 8


class _Note(NamedTuple):
    body: bytes
    until: datetime


class Notes:
    """`leave` notes, and read `all`. It runs on the island.

    One consumer brings every note, those of before too, and every word of the clock: who says one and hears
    it again has heard all notes that were left before, and the server's time.
    """

    def __init__(
        self, client: Client, js: JetStreamContext, stream: str, subject: str, timeout_s: float
    ) -> None:
        self._client, self._js, self._stream, self._timeout_s = client, js, stream, timeout_s
        self._all = f"{subject}.>"
        self._node, self._clock = f"{subject}.node.", f"{subject}.clock"
        self._notes: dict[str, _Note] = {}
        self._heard: dict[bytes, asyncio.Future[datetime]] = {}
        self._follows = False

    async def leave(self, node: str, body: bytes, ttl_s: float) -> None:
        """A note for so long; 0 takes it away."""
        ttl = int(ttl_s * 1000).to_bytes(TTL_BYTES, "big")
        await self._js.publish(self._node + token_of(node), ttl + body, timeout=self._timeout_s)

    async def all(self) -> dict[str, bytes]:
        """The notes that hold now."""
        if not self._follows:
            self._follows = True
            await self._follow()
        now = await self._now()
        self._notes = {node: note for node, note in self._notes.items() if note.until > now}
        return {node: note.body for node, note in sorted(self._notes.items())}

    async def _now(self) -> datetime:
        word = token_hex(8).encode()
        heard = self._heard[word] = asyncio.get_running_loop().create_future()
        try:
            await self._client.publish(self._clock, word)
            return await asyncio.wait_for(heard, self._timeout_s)
        finally:
            del self._heard[word]

    async def _follow(self) -> None:
        inbox = self._client.new_inbox()
        await self._client.subscribe(inbox, cb=self._take)
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            filter_subject=self._all,
            deliver_subject=inbox,
            ack_policy=AckPolicy.NONE,
            mem_storage=True,
        )
        await self._js.add_consumer(self._stream, config)

    async def _take(self, message: Msg) -> None:
        at = message.metadata.timestamp
        if message.subject.startswith(self._node):
            ttl_ms = int.from_bytes(message.data[:TTL_BYTES], "big")
            node = text_of(message.subject.removeprefix(self._node))
            self._notes[node] = _Note(message.data[TTL_BYTES:], at + timedelta(milliseconds=ttl_ms))
        elif (heard := self._heard.get(message.data)) is not None and not heard.done():
            heard.set_result(at)
