"""The REST side of a connection: asks what is on its agenda, and passes the answers on in order."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import trio
from msgspec import structs

from actors.exchanges.base import (
    Acknowledged,
    Codec,
    Command,
    Fetch,
    Refused,
    Resync,
    Rollover,
    Send,
)
from actors.feed.agenda import Agenda
from actors.feed.transport import Rest
from actors.market.events import Event, Quote, ServerTime, TickerUpdate
from actors.market.feeds import FeedStatus
from actors.runtime.errors import DecodeError, FeedError, RateLimited

LOOK_EVERY_S = 0.05
PATIENCE_S = 30.0
FIELDS = frozenset({TickerUpdate, Quote})
COMMANDS = frozenset({Send, Fetch, Acknowledged, Refused, Rollover, Resync})

_logger = logging.getLogger("tickwell.feed")


def sort_out(items: Iterable[Event | Command]) -> tuple[list[Event], list[Command]]:
    """What a codec returned: what happened, and what is to be done."""
    events: list[Any] = []
    commands: list[Any] = []
    for item in items:
        (commands if type(item) in COMMANDS else events).append(item)
    return events, commands


@dataclass
class Fetcher:
    """Works off one agenda. `pass_on` takes what belongs among the events of the stream, such as a book's
    snapshot; `fill` takes fields, which prove nothing about the stream."""

    codec: Codec
    rest: Rest
    agenda: Agenda
    status: FeedStatus
    pass_on: Callable[[list[Event]], Awaitable[None]]
    fill: Callable[[list[Event]], Awaitable[None]]
    obey: Callable[[Command], Awaitable[None]]
    now_ns: Callable[[], int]

    async def run(self) -> None:
        """Ask whatever is due, for ever."""
        async with trio.open_nursery() as nursery:
            while True:
                while (fetch := self.agenda.next(self.now_ns())) is not None:
                    nursery.start_soon(self._ask, fetch)
                await trio.sleep(LOOK_EVERY_S)

    async def _ask(self, fetch: Fetch) -> None:
        """Ask once. What REST refuses must not end the stream: it stays on the agenda for later."""
        ts_sent = self.now_ns()
        try:
            body = await self.rest.fetch(fetch)
            events, commands = sort_out(self.codec.receive_fetched(fetch, body, self.now_ns()))
        except (FeedError, DecodeError) as error:
            self._failed(fetch, error)
            return
        self.agenda.answered(fetch, self.now_ns())
        # Nothing may come between the codec's answer and its delivery: no delta may overtake its snapshot.
        await self.pass_on([_timed(event, ts_sent) for event in events if type(event) not in FIELDS])
        await self.fill([event for event in events if type(event) in FIELDS])
        for command in commands:
            await self.obey(command)

    def _failed(self, fetch: Fetch, error: FeedError | DecodeError) -> None:
        retry_after_s = error.retry_after_s if isinstance(error, FeedError) else None
        if isinstance(error, RateLimited) and retry_after_s is None:
            retry_after_s = PATIENCE_S
        if isinstance(error, DecodeError):
            self.status.decode_errors += 1
        self.agenda.failed(fetch, retry_after_s, self.now_ns())
        _logger.warning("%s: %s %s failed: %s", self.status.name, fetch.tag, fetch.symbol, error)


def _timed(event: Event, ts_sent: int) -> Event:
    return structs.replace(event, ts_sent=ts_sent) if isinstance(event, ServerTime) else event
