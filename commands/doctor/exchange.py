"""One market of an exchange, step by step on the way that its feeds take: name, connection, TLS, upgrade;
listing and clock over REST; a subscription, its answer, and the first data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

import trio
from msgspec.structs import replace

from actors.exchanges.base import Codec, Fetch, Topic
from actors.feed import websocket
from actors.feed.rest import open_rest
from actors.feed.transport import Connection, Rest
from actors.feed.wishes import base_channels
from actors.listing import ask_listing
from actors.market.events import ServerTime
from actors.market.latency import Clock
from actors.market.selection import needs_listing, select
from actors.runtime.errors import ConnectionLost, DecodeError
from actors.runtime.settings import ExchangeSettings
from commands.doctor.advice import ADVICE, advice_on
from commands.doctor.findings import Subject
from commands.doctor.listening import Answers, converse
from commands.doctor.steps import addresses_of, attempt, connect

CLOCK_OFF_MAX_S = 1.0
AGE_MAX_S = 5.0
_Result = TypeVar("_Result")


@dataclass
class Market:
    """What is asked of one market. `new_codec` makes a codec for each connection."""

    name: str
    new_codec: Callable[[], Codec]
    settings: ExchangeSettings
    now_ns: Callable[[], int]
    subject: Subject

    def __post_init__(self) -> None:
        self.codec = self.new_codec()
        self.stream_url = self.settings.stream_url(self.codec.market) or self.codec.stream_url
        self.rest_url = self.settings.rest_url(self.codec.market) or self.codec.rest_url

    async def examine(self) -> None:
        """Every step. A step that cannot be taken without one that failed is left out."""
        if not await self._examine_names():
            return
        symbol = await self._examine_rest()
        if symbol is None:
            return
        trades, liquidations = self.settings.trades, self.settings.liquidations
        channels = base_channels(self.codec.offers, trades=trades, liquidations=liquidations)
        routes: dict[str, list[Topic]] = {}
        for topic in self.codec.topics(symbol, channels):
            routes.setdefault(topic.route, []).append(topic)
        for route, topics in routes.items():
            await self._examine_stream(route, topics)

    async def _examine_names(self) -> bool:
        """Whether every name leads to an address."""
        hosts = dict.fromkeys(urlsplit(url).hostname or "" for url in (self.stream_url, self.rest_url))
        found = [await self._try("dns", addresses_of(host)) for host in hosts]
        if all(found):
            self.subject.ok("dns", "; ".join(each for each in found if each))
        return all(found)

    async def _try(self, check: str, step: Awaitable[_Result]) -> _Result | None:
        return await attempt(self.subject, check, step, advice_on)

    # REST

    async def _examine_rest(self) -> str | None:
        """The symbol that is asked for: the first that the settings mean."""
        wanted = self.settings.symbols(self.codec.market)
        named = None if needs_listing(wanted[:1]) else wanted[0]
        async with open_rest(self.rest_url) as rest:
            chosen = await self._try("listing", self._examine_listing(rest, wanted))
            symbol = str(chosen) if chosen else named
            if symbol is not None:
                await self._examine_clock(rest, symbol)
        return symbol

    async def _examine_listing(self, rest: Rest, wanted: Sequence[str]) -> str | None:
        instruments, turnover_24h = await ask_listing(self.codec, rest, wanted)
        selection = select(wanted, instruments, turnover_24h)
        words = f"{len(instruments)} instruments, {len(selection.symbols)} of them wanted"
        if selection.refused:
            strange = "; ".join(f"{symbol}: {why}" for symbol, why in list(selection.refused.items())[:3])
            more = len(selection.refused) - 3
            strange += f"; and {more} more" if more > 0 else ""
            advice = f"correct [exchange:{self.name}] {self.codec.market}"
            self.subject.warn("listing", f"{words}; {strange}", advice)
        else:
            self.subject.ok("listing", words)
        return selection.symbols[0] if selection.symbols else None

    async def _examine_clock(self, rest: Rest, symbol: str) -> None:
        """How far apart the exchange's clock and ours are, where it can be asked."""
        routes = dict.fromkeys(topic.route for topic in self.codec.topics(symbol, self.codec.offers))
        fetches = [fetch for route in routes for fetch in self.codec.fetches([symbol], route)]
        for fetch in fetches:
            if not fetch.symbol and fetch.every_s is not None and fetch.weight <= 1:
                offset = await self._try("clock", self._offset(rest, fetch))
                if isinstance(offset, tuple):
                    self.tell_clock(offset[0] / 1e9, offset[1] / 1e9)
                    return

    async def _offset(self, rest: Rest, fetch: Fetch) -> tuple[int, int] | None:
        """How far the exchange's clock is ahead of ours, and within what, in ns: the best of three answers.

        `None` where the answer tells no time.
        """
        clock = Clock()
        for _ in range(3):
            ts_sent = self.now_ns()
            body = await rest.fetch(fetch)
            try:
                events = self.codec.receive_fetched(fetch, body, self.now_ns())
            except DecodeError as error:
                raise ConnectionLost(f"the time cannot be read: {error}") from error
            told = [event for event in events if isinstance(event, ServerTime)]
            if not told:
                return None
            clock.take(replace(told[0], ts_sent=ts_sent))
        if clock.offset_ns is None or clock.error_ns is None:
            return None
        return clock.offset_ns, clock.error_ns

    def tell_clock(self, offset_s: float, error_s: float) -> None:
        """An exchange corrects nobody's clock: one that differs from several is ours."""
        words = f"the exchange's is {offset_s:+.3f} s from this machine's (± {error_s:.3f} s)"
        if abs(offset_s) - error_s > CLOCK_OFF_MAX_S:
            self.subject.warn("clock", words, f"if other exchanges say the same, {ADVICE['clock']}")
        else:
            self.subject.ok("clock", words)

    def tell_age(self, age_s: float) -> None:
        """Where nobody can be asked for the time: what comes cannot be from tomorrow, or be old."""
        if "clock" in {finding.check for finding in self.subject.findings}:
            return
        words = f"the newest data is {age_s:.3f} s old by this machine's clock"
        if -CLOCK_OFF_MAX_S <= age_s <= AGE_MAX_S:
            self.subject.ok("clock", words)
        else:
            self.subject.warn("clock", words, f"if other exchanges say the same, {ADVICE['clock']}")

    # Streams

    async def _examine_stream(self, route: str, topics: Sequence[Topic]) -> None:
        codec = self.new_codec()
        parts = urlsplit(self.stream_url.rstrip("/") + codec.stream_path(route))
        await self._try("websocket", self._converse(codec, parts, topics))

    async def _converse(self, codec: Codec, parts: SplitResult, topics: Sequence[Topic]) -> None:
        async with self._connected(parts) as connection:
            if connection is None:
                return
            self.subject.ok("websocket", parts.geturl())
            answers = await converse(codec, connection, topics, self.now_ns)
            tell_answers(self.subject, answers, topics)
            if answers.age_ns is not None:
                self.tell_age(answers.age_ns / 1e9)

    @asynccontextmanager
    async def _connected(self, parts: SplitResult) -> AsyncIterator[Connection | None]:
        """An open connection, each step told as what it is; `None` where there is none."""
        stream = await connect(self.subject, parts, advice_on)
        if stream is None:
            yield None
            return
        try:
            resource = parts.path + (f"?{parts.query}" if parts.query else "")
            async with websocket.upgraded(stream, parts.netloc, resource) as connection:
                yield connection
        finally:
            await trio.aclose_forcefully(stream)


def tell_answers(subject: Subject, answers: Answers, topics: Sequence[Topic]) -> None:
    """What a subscription came to."""
    names = ", ".join(topic.name for topic in topics)
    if answers.refused:
        subject.fail("subscription", f"refused: {'; '.join(answers.refused)}", ADVICE["subscription"])
    elif answers.failure and not answers.heard:
        subject.fail("subscription", answers.failure, ADVICE["websocket"])
    elif not answers.acknowledged and not answers.heard:
        subject.fail("subscription", f"no answer within {answers.waited_s:.0f} s: {names}", ADVICE["data"])
    else:
        subject.ok("subscription", names)
    if answers.first_s is not None:
        quiet = [topic.name for topic in topics if topic.greets and topic.name not in answers.heard]
        words = f"first after {answers.first_s:.2f} s"
        if quiet:
            subject.warn("data", f"{words}; nothing of {', '.join(quiet)}", ADVICE["data"])
        else:
            subject.ok("data", words)
    elif answers.refused or answers.failure:
        return
    elif all(not topic.steady and not topic.greets for topic in topics):
        subject.ok("data", f"none within {answers.waited_s:.0f} s, and these may be silent")
    else:
        subject.fail("data", f"none within {answers.waited_s:.0f} s", ADVICE["data"])
