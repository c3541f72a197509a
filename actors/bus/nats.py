"""The bus on a NATS with JetStream: the log is one stream, whose sequence numbers are the positions.

    PREFIX.bus.log       a message of the log
    PREFIX.bus.node.N    the newest note of node N, and in front of it for how long it holds
    PREFIX.bus.clock     nothing; whoever asks for the nodes says it, and hears by the server's clock when

The last two are a stream of their own that keeps the newest of each subject. A log's epoch is the moment in
which its stream was made. Nothing is asked twice here: after a failure, whoever uses it connects anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import ParamSpec, TypeVar

from nats.js.api import DiscardPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError

from actors.bus._nats_notes import Notes
from actors.bus._nats_reader import Reader
from actors.bus.base import BODY_BYTES_MAX, Bus, Connect, Extent, Message
from actors.nats.address import Address
from actors.nats.link import Link, linked
from actors.nats.subjects import token_of
from actors.runtime.errors import BusUnavailable, FeedError

TIMEOUT_S = 3.0
NOTES_KEPT_S = 3600.0
_NAME_TAKEN = 10058

_P = ParamSpec("_P")
_Result = TypeVar("_Result")


def nats_bus(url: str, prefix: str, messages_kept: int) -> Connect:
    """Connects to the bus under `prefix`; of its log `messages_kept` are kept. Raises `SettingsError` for a
    URL that cannot be."""
    address = Address.parse(url)

    @asynccontextmanager
    async def connect() -> AsyncIterator[Bus]:
        async with AsyncExitStack() as stack:
            try:
                link = await stack.enter_async_context(linked(address, TIMEOUT_S))
                bus = NatsBus(address, link, prefix, messages_kept)
                await bus.begin()
            except FeedError as error:
                raise BusUnavailable(str(error)) from None
            yield bus

    return connect


class NatsBus:
    """One connection; see `Bus`."""

    def __init__(self, address: Address, link: Link, prefix: str, messages_kept: int) -> None:
        self._address, self._link = address, link
        self._js = link.client.jetstream(timeout=TIMEOUT_S)
        name = re.sub(r"[^A-Za-z0-9_-]", "_", prefix)
        subject = f"{token_of(prefix)}.bus"
        self._log = StreamConfig(
            name=f"{name}_log",
            subjects=[f"{subject}.log"],
            max_msgs=messages_kept,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
        )
        self._notes_stream = StreamConfig(
            name=f"{name}_nodes",
            subjects=[f"{subject}.node.*", f"{subject}.clock"],
            max_msgs_per_subject=1,
            max_age=NOTES_KEPT_S,
            storage=StorageType.FILE,
        )
        self._subject, self._stream = f"{subject}.log", f"{name}_log"
        self._notes = Notes(link.client, self._js, f"{name}_nodes", subject, TIMEOUT_S)
        self._epoch = ""
        self._reader: Reader | None = None

    async def begin(self) -> None:
        """Find the streams, or make them."""
        if self._link.payload_bytes_max < BODY_BYTES_MAX:
            words = f"takes messages of {self._link.payload_bytes_max} bytes at most; the bus needs"
            raise BusUnavailable(f"{self._address} {words} {BODY_BYTES_MAX}: raise its max_payload")
        self._epoch = epoch_of(await self._ask(self._made, self._log))
        await self._ask(self._made, self._notes_stream)

    async def extent(self) -> Extent:
        """What the log holds now."""
        info = await self._ask(self._js.stream_info, self._stream)
        return Extent(epoch_of(info), max(0, info.state.first_seq - 1), info.state.last_seq)

    async def publish(self, bodies: Sequence[bytes]) -> None:
        """Append messages, all in one journey."""
        await self._ask(self._publish, bodies)

    async def read(self, after: int, wait_s: float) -> list[Message]:
        """The next messages."""
        if self._reader is None or self._reader.after != after:
            self._reader = await self._ask(self._stand, after)
            await self._check_epoch()
        found = await self._reader.next(self._ask, wait_s)
        if not found:
            await self._check_epoch()
        return found

    async def beat(self, node: str, body: bytes, ttl_s: float) -> None:
        """Leave a note."""
        await self._ask(self._notes.leave, node, body, ttl_s)

    async def leave(self, node: str) -> None:
        """Take it away."""
        await self._ask(self._notes.leave, node, b"", 0.0)

    async def nodes(self) -> dict[str, bytes]:
        """The notes of all nodes that live."""
        return await self._ask(self._notes.all)

    async def _ask(
        self, work: Callable[_P, Awaitable[_Result]], *arguments: _P.args, **options: _P.kwargs
    ) -> _Result:
        try:
            return await self._link.across(work, *arguments, **options)
        except FeedError as error:
            raise BusUnavailable(str(error)) from None

    async def _check_epoch(self) -> None:
        if (await self.extent()).epoch != self._epoch:
            raise BusUnavailable(f"{self._address} has lost the log of the bus; a new one begins")

    # On the island

    async def _made(self, wanted: StreamConfig) -> StreamInfo:
        """The stream; of one that is there, only how much it keeps is changed."""
        try:
            return await self._js.add_stream(wanted)
        except APIError as error:
            if error.err_code != _NAME_TAKEN:
                raise
        info = await self._js.stream_info(wanted.name or "")
        return await self._js.update_stream(info.config.evolve(max_msgs=wanted.max_msgs))

    async def _publish(self, bodies: Sequence[bytes]) -> None:
        asked = [await self._js.publish_async(self._subject, body) for body in bodies]
        async with asyncio.timeout(TIMEOUT_S):
            for answer in asked:
                await answer

    async def _stand(self, after: int) -> Reader:
        if self._reader is not None:
            await self._reader.close()
        reader = Reader(after, self._link.client, self._stream)
        await reader.open(self._js)
        return reader


def epoch_of(info: StreamInfo) -> str:
    """The name of a log."""
    return info.created.isoformat() if info.created is not None else ""
