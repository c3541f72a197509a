"""What you iterate over."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar
from weakref import finalize

from tickwell_client.errors import MissedEvents
from tickwell_client.events import Event, Gap
from tickwell_client.feed import Feed
from tickwell_client.wire import Rejection

if TYPE_CHECKING:
    from tickwell_client.hub import Hub

R = TypeVar("R")
OnGap: TypeAlias = Literal["log", "raise"]
log = logging.getLogger("tickwell_client")


class Subscription(Generic[R]):
    """Records of one channel, as they come, over all reconnections.

    ```python
    async for trade in hub.trades("bybit:linear:BTCUSDT"): ...

    async with hub.tickers("bybit:*:BTC*") as tickers:  # asked now, ended with the block
        print(tickers.keys, tickers.rejected)
        async for ticker in tickers: ...
    ```

    It is asked of the hub when you begin to iterate or enter it, and ended when you close or leave it, or let
    go of it. Iterating raises `RequestError` if the hub says no, and `Refused` if it will not have us any
    more; a lost connection raises nothing. One iterates one way: over records (`async for`, `take`), or over
    `events`.
    """

    def __init__(self, hub: Hub, feed: Feed[R], on_gap: OnGap = "log") -> None:
        if on_gap not in ("log", "raise"):
            raise ValueError(f"on_gap={on_gap!r}: log or raise would be right")
        self._hub = hub
        self._feed = feed
        self._on_gap = on_gap
        self._is_begun = False
        self._held: Gap | None = None
        self._let_go = finalize(self, _abandon, feed)
        self._let_go.atexit = False

    @property
    def keys(self) -> list[str]:
        """What the selectors mean now; empty until the hub has answered."""
        return self._feed.keys

    @property
    def rejected(self) -> list[Rejection]:
        """The selectors that the hub refused, each with a reason and what was perhaps meant."""
        return list(self._feed.accepted.rejected) if self._feed.accepted else []

    @property
    def warnings(self) -> list[Any]:
        """What else the hub had to say about the request."""
        return list(self._feed.accepted.warnings) if self._feed.accepted else []

    @property
    def position(self) -> tuple[str, int] | None:
        """Epoch and offset of the last frame that came."""
        return self._feed.position

    @property
    def latest(self) -> dict[str, R]:
        """The newest record of each key, whether you have taken it or not, by that key; of quality by key and
        channel, of derived values by key, plugin and name (`"bybit:linear:BTCUSDT volatility har"`). Empty
        for channels whose every record counts."""
        return dict(self._feed.latest)

    @property
    def missed(self) -> int:
        """How many events are missing, as far as the hub could count them."""
        return self._feed.missed

    @property
    def conflated(self) -> int:
        """How many records were replaced by newer ones while they waited for you here."""
        return getattr(self._feed.mailbox, "conflated", 0)

    @property
    def resyncs(self) -> int:
        """How often it began anew because a frame was missing."""
        return self._feed.resyncs

    async def ready(self) -> None:
        """Wait until the hub has agreed. Raises `RequestError`, `Refused`."""
        self._begin()
        while self._feed.accepted is None:
            self._check()
            await self._feed.mailbox.wait()

    async def take(self) -> list[R]:
        """All records that are there, at least one."""
        records = [await self.__anext__()]
        while (found := self._feed.mailbox.next()) is not None:
            if isinstance(found, Gap):
                self._held = found
                break
            records.append(found)
        return records

    def events(self) -> Events[R]:
        """Everything in order: each `Batch` of records, and `Gap`, `Down`, `Up` where they happen."""
        return Events(self)

    async def next_event(self) -> Event[R]:
        """The next of `events`."""
        self._begin()
        while (event := self._feed.mailbox.event()) is None:
            self._check()
            await self._feed.mailbox.wait()
        return event

    async def set(self, **params: Any) -> None:
        """Change `max_rate_hz`, `fields` or `changes_only` from now on. Raises `RequestError`."""
        await self.ready()
        await self._hub.change(self._feed, params)

    async def aclose(self) -> None:
        """End it. What was not taken is forgotten."""
        self._let_go.detach()
        self._hub.remove(self._feed)

    def __aiter__(self) -> Subscription[R]:
        return self

    async def __anext__(self) -> R:
        self._begin()
        if self._held is not None:
            held, self._held = self._held, None
            self._tell(held)
        while True:
            found = self._feed.mailbox.next()
            if isinstance(found, Gap):
                self._tell(found)
            elif found is not None:
                return found
            else:
                self._check()
                await self._feed.mailbox.wait()

    async def __aenter__(self) -> Subscription[R]:
        await self.ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _begin(self) -> None:
        if not self._is_begun and self._feed.failure is None:
            self._hub.add(self._feed)
            self._is_begun = True

    def _check(self) -> None:
        if self._feed.failure is not None:
            raise self._feed.failure

    def _tell(self, gap: Gap) -> None:
        if self._on_gap == "raise":
            raise MissedEvents(gap)
        log.warning("%s", MissedEvents(gap))


class Events(Generic[R]):
    """A subscription, event by event."""

    def __init__(self, subscription: Subscription[R]) -> None:
        self._subscription = subscription

    def __aiter__(self) -> Events[R]:
        return self

    async def __anext__(self) -> Event[R]:
        return await self._subscription.next_event()


def _abandon(feed: Feed[Any]) -> None:
    """The last reference is gone, perhaps in another thread: the connection sees to it with its next
    frame."""
    feed.is_abandoned = True
