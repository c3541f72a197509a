"""The client without `async`, for notebooks and scripts: a thread of its own runs the loop.

```python
from tickwell_client.sync import connect

with connect("ws://127.0.0.1:8765") as hub:
    for trade in hub.trades("bybit:linear:BTCUSDT"):
        print(trade.price)
```

Everything has the names, parameters and exceptions of the asynchronous client. Not tied to one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from tickwell_client import hub as asynchronous
from tickwell_client import rest as asynchronous_rest
from tickwell_client.book import OrderBook
from tickwell_client.rest import Pages
from tickwell_client.subscription import Subscription as AsyncSubscription
from tickwell_client.wire import Rejection, Welcome

P = ParamSpec("P")
R = TypeVar("R")
Inner = TypeVar("Inner")


class _Bridge(Generic[Inner]):
    """An asynchronous object, and the portal to the thread in which it lives."""

    def __init__(self, portal: BlockingPortal, inner: Inner) -> None:
        self._portal = portal
        self._inner = inner


def _call(portal: BlockingPortal, function: Callable[[], Awaitable[R]]) -> R:
    """Wait for `function`; whoever is interrupted meanwhile (Ctrl-C) cancels it."""
    future = portal.start_task_soon(function)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _blocking(
    method: Callable[Concatenate[Any, P], Awaitable[R]],
) -> Callable[Concatenate[_Bridge[Any], P], R]:
    """A coroutine method as one that blocks."""

    @wraps(method)
    def call(self: _Bridge[Any], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return _call(self._portal, lambda: method(self._inner, *args, **kwargs))

    return call


def _subscribing(
    method: Callable[Concatenate[Any, P], AsyncSubscription[R]],
) -> Callable[Concatenate[_Bridge[Any], P], Subscription[R]]:
    """A method that returns a subscription as one that returns a blocking one."""

    @wraps(method)
    def call(self: _Bridge[Any], /, *args: P.args, **kwargs: P.kwargs) -> Subscription[R]:
        return Subscription(self._portal, method(self._inner, *args, **kwargs))

    return call


def _paging(
    method: Callable[Concatenate[Any, P], Pages[R]],
) -> Callable[Concatenate[_Bridge[Any], P], Iterator[R]]:
    """A method that returns pages as one that iterates over their rows."""

    @wraps(method)
    def call(self: _Bridge[Any], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        pages = method(self._inner, *args, **kwargs)
        while rows := _call(self._portal, pages.take):
            yield from rows

    return call


class Subscription(_Bridge[AsyncSubscription[R]], Generic[R]):
    """Records as they come, in a `for` loop. Order books are copies, which nothing changes any more."""

    def __init__(self, portal: BlockingPortal, inner: AsyncSubscription[R]) -> None:
        super().__init__(portal, inner)
        self._taken: deque[R] = deque()

    def __iter__(self) -> Subscription[R]:
        return self

    def __next__(self) -> R:
        if not self._taken:
            self._taken.extend(_call(self._portal, self._take))
        return self._taken.popleft()

    def __enter__(self) -> Subscription[R]:
        _call(self._portal, self._inner.ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def take(self) -> list[R]:
        """All records that are there, at least one."""
        taken, self._taken = list(self._taken), deque()
        return taken or _call(self._portal, self._take)

    def close(self) -> None:
        """End it."""
        _call(self._portal, self._inner.aclose)

    @property
    def keys(self) -> list[str]:
        """What the selectors mean now."""
        return self._portal.call(lambda: self._inner.keys)

    @property
    def rejected(self) -> list[Rejection]:
        """The selectors that the hub refused."""
        return self._portal.call(lambda: self._inner.rejected)

    @property
    def missed(self) -> int:
        """How many events are missing, as far as the hub could count them."""
        return self._portal.call(lambda: self._inner.missed)

    async def _take(self) -> list[R]:
        records: list[Any] = await self._inner.take()
        return [_still(each) for each in records]


def _still(record: Any) -> Any:
    """A record that no other thread changes any more."""
    return record.copy() if isinstance(record, OrderBook) else record


class Hub(_Bridge[asynchronous.Hub]):
    """An open hub. `connect` makes one."""

    tickers = _subscribing(asynchronous.Hub.tickers)
    quotes = _subscribing(asynchronous.Hub.quotes)
    trades = _subscribing(asynchronous.Hub.trades)
    liquidations = _subscribing(asynchronous.Hub.liquidations)
    book = _subscribing(asynchronous.Hub.book)
    bars = _subscribing(asynchronous.Hub.bars)
    funding = _subscribing(asynchronous.Hub.funding)
    quality = _subscribing(asynchronous.Hub.quality)
    derived = _subscribing(asynchronous.Hub.derived)
    alerts = _subscribing(asynchronous.Hub.alerts)
    spreads = _subscribing(asynchronous.Hub.spreads)
    screener = _subscribing(asynchronous.Hub.screener)
    system = _subscribing(asynchronous.Hub.system)
    subscribe = _subscribing(asynchronous.Hub.subscribe)
    ping = _blocking(asynchronous.Hub.ping)
    latest = _blocking(asynchronous.Hub.latest)
    history = _blocking(asynchronous.Hub.history)
    subscriptions = _blocking(asynchronous.Hub.subscriptions)
    request = _blocking(asynchronous.Hub.request)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now."""
        return self._inner.is_connected

    @property
    def welcome(self) -> Welcome:
        """What the hub said of itself."""
        return self._inner.welcome


class Rest(_Bridge[asynchronous_rest.Rest]):
    """The HTTP interface. `rest` makes one."""

    instruments = _blocking(asynchronous_rest.Rest.instruments)
    tickers = _blocking(asynchronous_rest.Rest.tickers)
    ticker = _blocking(asynchronous_rest.Rest.ticker)
    book = _blocking(asynchronous_rest.Rest.book)
    trades = _blocking(asynchronous_rest.Rest.trades)
    bars = _blocking(asynchronous_rest.Rest.bars)
    funding = _blocking(asynchronous_rest.Rest.funding)
    liquidations = _blocking(asynchronous_rest.Rest.liquidations)
    spreads = _blocking(asynchronous_rest.Rest.spreads)
    screener = _blocking(asynchronous_rest.Rest.screener)
    quality = _blocking(asynchronous_rest.Rest.quality)
    derived = _blocking(asynchronous_rest.Rest.derived)
    latest = _blocking(asynchronous_rest.Rest.latest)
    stats = _blocking(asynchronous_rest.Rest.stats)
    tick_history = _paging(asynchronous_rest.Rest.tick_history)
    trade_history = _paging(asynchronous_rest.Rest.trade_history)
    bar_history = _paging(asynchronous_rest.Rest.bar_history)


@contextmanager
def _bridged(
    make: Callable[[], AbstractAsyncContextManager[Inner]],
) -> Iterator[tuple[BlockingPortal, Inner]]:
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal("asyncio"))
        manager = portal.call(make)
        yield portal, stack.enter_context(portal.wrap_async_context_manager(manager))


@contextmanager
def connect(url: str, **options: Any) -> Iterator[Hub]:
    """An open `Hub` while the block runs; everything as in `tickwell_client.connect`."""
    with _bridged(lambda: asynchronous.connect(url, **options)) as (portal, hub):
        yield Hub(portal, hub)


@contextmanager
def rest(url: str, **options: Any) -> Iterator[Rest]:
    """The HTTP interface while the block runs; everything as in `tickwell_client.Rest`."""
    with _bridged(lambda: asynchronous_rest.Rest(url, **options)) as (portal, inner):
        yield Rest(portal, inner)
