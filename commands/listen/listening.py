"""One run of `listen`: connected until somebody has had enough, again and again if need be."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from actors.nats.address import Address
from actors.nats.inbox import Inbox
from actors.nats.link import Link, linked
from actors.nats.patterns import Pattern
from actors.nats.quotes import Message
from actors.runtime.backoff import Backoff
from actors.runtime.errors import FeedError, Rejected, StartError, TickwellError, main_error
from commands.listen.lines import json_line, plain_line
from commands.racing import ended, first_of, until_signalled
from commands.subscribing.output import Output

TELL_MISSED_EVERY_S = 10.0


class Lost(TickwellError):
    """There is no connection any more, and none is wanted."""


def say(words: str) -> None:
    """A line for people."""
    print(f"tickwell: listen: {words}", file=sys.stderr, flush=True)


async def listen(
    address: Address, patterns: Sequence[Pattern], options: argparse.Namespace, descriptor: int
) -> int:
    """Until enough came, nobody reads any more, or a signal. Returns the exit code.

    Raises `StartError` without a server, `Lost` when one was there and there is to be no other attempt.
    """
    output = Output(descriptor)
    listener = Listener(
        address,
        patterns,
        line_of=json_line if options.json else plain_line,
        write=output.write,
        left=options.limit,
        once=options.once,
    )
    return await first_of(partial(ended, listener.run), partial(ended, output.until_gone), until_signalled)


@dataclass
class Listener:
    """Writes every message that fits one of the patterns, as often as it was published. `left` is how many
    may still come, `None` for no end; `tell` says what people should know."""

    address: Address
    patterns: Sequence[Pattern]
    line_of: Callable[[Message], bytes]
    write: Callable[[bytes], Awaitable[None]]
    left: int | None = None
    once: bool = False
    tell: Callable[[str], None] = say
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=1.0, ceiling_s=10.0, floor_s=0.2))

    def __post_init__(self) -> None:
        self._since_s: float | None = None  # when the connection was lost
        self._was_here = False
        self._missed_told = 0
        self._missed_told_s = float("-inf")

    async def run(self) -> None:
        """Until enough came. Raises `StartError` or `Lost`."""
        attempt = 0
        while True:
            try:
                await self._connection()
                return
            except (FeedError, ExceptionGroup) as error:
                cause = main_error(error)
                if not isinstance(cause, FeedError):
                    raise cause from None
                attempt = 1 if self._since_s is None else attempt + 1
                self._lost(cause)
            await trio.sleep(self.backoff.delay_s(attempt))

    async def _connection(self) -> None:
        async with linked(self.address) as link:
            inbox = Inbox()
            for index, subject in enumerate(subjects := subjects_of(self.patterns)):
                await link.subscribe(subject, partial(self._take, inbox, subjects[:index]))
            self._found()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.until_lost)
                await self._write(link, inbox)
                nursery.cancel_scope.cancel()

    def _take(self, inbox: Inbox, others: Sequence[str], message: Message) -> None:
        """What fits is told once, though it comes once for each subject that it fits."""
        subject = message.subject
        came_before = any(Pattern(tuple(other.split("."))).fits(subject) for other in others)
        if not came_before and any(pattern.fits(subject) for pattern in self.patterns):
            inbox.put(message)

    async def _write(self, link: Link, inbox: Inbox) -> None:
        while self.left != 0:
            messages = (await inbox.take())[: self.left]
            await self.write(b"".join(map(self.line_of, messages)))
            if self.left is not None:
                self.left -= len(messages)
            self._tell_missed(inbox.missed + link.missed)

    def _tell_missed(self, missed: int) -> None:
        if missed > self._missed_told and trio.current_time() >= self._missed_told_s + TELL_MISSED_EVERY_S:
            self.tell(f"missed {missed - self._missed_told}: they are not read fast enough here")
            self._missed_told, self._missed_told_s = missed, trio.current_time()

    def _found(self) -> None:
        if self._since_s is not None:
            gone_s = trio.current_time() - self._since_s
            self.tell(f"connected again after {gone_s:.1f} s; what was published meanwhile is missing")
        self._since_s, self._was_here, self._missed_told = None, True, 0

    def _lost(self, cause: FeedError) -> None:
        if not self._was_here:
            hint = "" if isinstance(cause, Rejected) else ". Start one: `nats-server`; or name another: --url"
            raise StartError(f"listen: {cause}{hint}") from None
        if self.once:
            raise Lost(str(cause)) from None
        if self._since_s is None:
            self._since_s = trio.current_time()
            self.tell(f"{cause}; connecting again")


def subjects_of(patterns: Sequence[Pattern]) -> list[str]:
    """What the server is asked for, each once."""
    return list(dict.fromkeys(pattern.subject for pattern in patterns))
